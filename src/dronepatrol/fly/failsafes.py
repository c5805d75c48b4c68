"""The failsafes that must be set on a vehicle before it is armed: without a link it is safe only by its own.

Data by firmware: ArduCopter's parameter pages of 4.3 to 4.7 (FS_*, BATT_*, FENCE_*, RTL_ALT in centimetres, RTL_ALT_M
in metres where it is newer) and PX4's parameter reference 1.14 to 1.16. Names stand newest first; the first that the
vehicle has counts. Nothing here is ever written but the return height.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dronepatrol.fly.link import Firmware

RALLY_LIMIT_KM = 0.3
"""ArduCopter's default, which plans count on: of rally points further away none is chosen."""
_CONTINUE_IN_AUTO_WITHOUT_GCS = 2  # FS_OPTIONS, bit 1
_POLYGONS = 4  # FENCE_TYPE, bit 2


@dataclass(frozen=True, slots=True)
class Failsafe:
    """One setting: the names it has, what holds for a safe value, and the same in words.

    ``for_rc`` counts only where a radio control exists, ``for_fence`` and ``for_rally`` only where the sortie has a
    fence or rally points. With ``any_of`` one safe value among the names is enough: they are not versions of one
    setting, but ways to the same. A vehicle ``may_lack`` some.
    """

    names: tuple[str, ...]
    safe: Callable[[float], bool]
    expected: str
    for_rc: bool = False
    for_fence: bool = False
    for_rally: bool = False
    any_of: bool = False
    may_lack: bool = False


def _one_of(*values: int) -> Callable[[float], bool]:
    return lambda value: value in values


def _positive(value: float) -> bool:
    return value > 0


_BATTERY_ACTIONS = (_one_of(1, 2, 3, 4, 6, 7), "an action that lands or returns: 1, 2, 3, 4, 6 or 7")
_ARDUPILOT = (
    Failsafe(
        ("FS_GCS_ENABLE",), _one_of(1, 3, 4, 5, 6, 7), "return or land without a ground station: 1, 3, 4, 5, 6 or 7"
    ),
    Failsafe(
        ("FS_OPTIONS",),
        lambda value: not int(value) & _CONTINUE_IN_AUTO_WITHOUT_GCS,
        "bit 1 (go on in AUTO without a ground station) not set",
    ),
    Failsafe(
        ("FS_THR_ENABLE",),
        _one_of(1, 3, 4, 5, 6, 7),
        "return or land without radio control: 1, 3, 4, 5, 6 or 7 (or say that there is none: --no-rc)",
        for_rc=True,
    ),
    Failsafe(("BATT_FS_LOW_ACT",), *_BATTERY_ACTIONS),
    Failsafe(("BATT_LOW_MAH", "BATT_LOW_VOLT"), _positive, "a charge or a voltage that counts as low", any_of=True),
    Failsafe(("BATT_FS_CRT_ACT",), *_BATTERY_ACTIONS),
    Failsafe(
        ("BATT_CRT_MAH", "BATT_CRT_VOLT"), _positive, "a charge or a voltage that counts as critical", any_of=True
    ),
    Failsafe(("FS_EKF_ACTION",), _one_of(1, 3), "landing when the position is lost: 1 or 3"),
    Failsafe(("FENCE_ENABLE",), _one_of(1), "1", for_fence=True),
    Failsafe(("FENCE_ACTION",), _one_of(1, 2, 3, 4, 5), "return, land or brake: 1 to 5", for_fence=True),
    Failsafe(("FENCE_TYPE",), lambda value: bool(int(value) & _POLYGONS), "bit 2 (polygons) set", for_fence=True),
    Failsafe(("RTL_ALT_FINAL_M", "RTL_ALT_FINAL"), _one_of(0), "0 (a return ends with a landing)", may_lack=True),
    Failsafe(
        ("RALLY_INCL_HOME",), _one_of(1), "1 (home is one of the places to return to, as planned)", for_rally=True
    ),
    Failsafe(
        ("RALLY_LIMIT_KM",),
        lambda value: abs(value - RALLY_LIMIT_KM) < 0.01,
        f"{RALLY_LIMIT_KM:g} (how far a rally point may be, as planned)",
        for_rally=True,
    ),
)
_PX4 = (
    Failsafe(("NAV_DLL_ACT",), _one_of(2, 3), "return (2) or land (3) without a ground station"),
    Failsafe(
        ("NAV_RCL_ACT",),
        _one_of(2, 3),
        "return (2) or land (3) without radio control (or say that there is none: --no-rc)",
        for_rc=True,
    ),
    Failsafe(("GF_ACTION",), _one_of(2, 3, 5), "hold (2), return (3) or land (5) at the fence", for_fence=True),
    Failsafe(("COM_LOW_BAT_ACT",), _one_of(1, 2, 3), "return or land on a low battery: 1, 2 or 3"),
    Failsafe(("RTL_TYPE",), _one_of(0), "0 (to the nearest of home and rally points)", for_rally=True),
)
_FAILSAFES: Mapping[Firmware, tuple[Failsafe, ...]] = {Firmware.ARDUPILOT: _ARDUPILOT, Firmware.PX4: _PX4}
_RETURN_HEIGHT: Mapping[Firmware, tuple[tuple[str, float], ...]] = {  # names with the parameter's units per metre
    Firmware.ARDUPILOT: (("RTL_ALT_M", 1.0), ("RTL_ALT", 100.0)),
    Firmware.PX4: (("RTL_RETURN_ALT", 1.0),),
}


_SIMULATED: Mapping[Firmware, tuple[str, ...]] = {Firmware.ARDUPILOT: ("SIM_SPEEDUP",)}


def is_known(firmware: Firmware) -> bool:
    """Return whether we know this autopilot's failsafes."""
    return firmware in _FAILSAFES


def names(firmware: Firmware) -> tuple[str, ...]:
    """Return every parameter to read before arming."""
    wanted = [name for failsafe in _FAILSAFES.get(firmware, ()) for name in failsafe.names]
    return (*wanted, *(name for name, _ in _RETURN_HEIGHT.get(firmware, ())), *_SIMULATED.get(firmware, ()))


def is_simulator(firmware: Firmware, values: Mapping[str, float | None]) -> bool:
    """Return whether a vehicle has a parameter that only simulators have: it flies in no real sky."""
    return any(values.get(name) is not None for name in _SIMULATED.get(firmware, ()))


def open_failsafes(
    firmware: Firmware,
    values: Mapping[str, float | None],
    *,
    has_rc: bool = True,
    has_fence: bool = True,
    has_rally: bool = True,
) -> tuple[str, ...]:
    """Return what is missing or switched off, each with the parameter, what was found and what is expected."""
    found = []
    for failsafe in _FAILSAFES.get(firmware, ()):
        beside = (failsafe.for_rc and not has_rc) or (failsafe.for_fence and not has_fence)
        if beside or (failsafe.for_rally and not has_rally):
            continue
        known = {name: value for name in failsafe.names if (value := values.get(name)) is not None}
        if not known and failsafe.may_lack:
            continue
        counted = list(known.values()) if failsafe.any_of else list(known.values())[:1]
        if not any(failsafe.safe(value) for value in counted):
            had = ", ".join(f"{name} is {value:g}" for name, value in known.items())
            found.append(f"failsafe: {had or f'{failsafe.names[0]} is missing'}; expected {failsafe.expected}")
    return tuple(found)


def return_height(firmware: Firmware, values: Mapping[str, float | None], height_m: float) -> tuple[str, float] | None:
    """Return the parameter that holds the return height, and its value for a height in metres; None if it has none."""
    for name, per_metre in _RETURN_HEIGHT.get(firmware, ()):
        if values.get(name) is not None:
            return name, round(height_m * per_metre, 2)
    return None
