"""The autopilot's parameter that holds the return height: no mission file carries it to the vehicle."""

_PARAMETERS = {"ardupilot": ("RTL_ALT", 100.0, 0, "cm"), "px4": ("RTL_RETURN_ALT", 1.0, 1, "m")}
"""Its name, in what of a metre it counts, with how many decimals, and its unit."""


def return_parameter(autopilot: str, height_m: float) -> str:
    """Return the parameter with its value for a return height in metres; empty for an autopilot that is not known."""
    if autopilot not in _PARAMETERS:
        return ""
    name, per_metre, decimals, unit = _PARAMETERS[autopilot]
    return f"{name} = {height_m * per_metre:.{decimals}f} ({unit})"
