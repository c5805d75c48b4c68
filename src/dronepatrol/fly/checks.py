"""Pre-flight checks: what must not be open when a vehicle is armed. All pure."""

from dataclasses import dataclass

from dronepatrol.fly.state import FlightState
from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import LonLat

_ALERT = 4  # texts of this severity (warning) or worse explain a refusal


@dataclass(frozen=True, slots=True)
class Blocker:
    """A reason not to arm; ``passes`` where waiting may help."""

    text: str
    passes: bool = False


def open_blockers(state: FlightState) -> tuple[Blocker, ...]:
    """Return every reason not to arm this vehicle now."""
    found = [Blocker(f"plan: {text}") for text in state.plan.blockers]
    if not state.plan.items:
        found.append(Blocker("plan: there is nothing to fly"))
    if state.armed and not state.we_armed:
        found.append(Blocker("the vehicle is armed already; expected it disarmed"))
    return (*found, *_sensors(state), *_place(state), *_battery(state))


def distance_m(a: LonLat, b: LonLat) -> float:
    """Return the geodesic distance of two (lon, lat) positions."""
    return float(WGS84.inv(*a, *b)[2])


def alerts(state: FlightState) -> str:
    """Return the vehicle's latest complaints as one text."""
    texts = [text.text for text in state.texts if text.severity <= _ALERT]
    return "; ".join(dict.fromkeys(texts))


def _sensors(state: FlightState) -> list[Blocker]:
    found = []
    if state.boot_s is None:
        found.append(Blocker("the vehicle's clock is not heard", passes=True))
    if not state.fix_3d:
        found.append(Blocker("no 3D satellite fix", passes=True))
    if state.ready is False:
        found.append(Blocker(f"the vehicle's own checks fail: {alerts(state) or 'it does not say why'}", passes=True))
    return found


def _place(state: FlightState) -> list[Blocker]:
    dock, limit_m = state.plan.home_lonlat, state.plan.home_within_m
    if state.position is None:
        return [Blocker("the vehicle's position is not known", passes=True)]
    places = {"the vehicle stands": state.position, "the vehicle's home is": state.home}
    found = []
    for what, place in places.items():
        if place is not None and (away_m := distance_m((place.lon_deg, place.lat_deg), dock)) > limit_m:
            text = f"{what} {away_m:.0f} m from the planned dock; expected at most {limit_m:.0f} m"
            found.append(Blocker(text, passes=True))
    return found


def _battery(state: FlightState) -> list[Blocker]:
    needed = state.plan.battery_needed_share
    if state.battery_share is None:
        return [Blocker("the battery's charge is not known", passes=True)]
    if state.battery_share < needed:
        return [Blocker(f"battery at {state.battery_share:.0%}; the sortie needs {needed:.0%}")]
    return []
