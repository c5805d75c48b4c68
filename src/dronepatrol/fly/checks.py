"""Pre-flight checks: what must not be open when a vehicle is armed. All pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dronepatrol.fly.failsafes import is_known, open_failsafes, return_height
from dronepatrol.fly.link import Capability, Firmware
from dronepatrol.fly.route import MOVES_BELOW, distance_m
from dronepatrol.fly.sortie import SortieFlight
from dronepatrol.fly.state import FlightState
from dronepatrol.model.mission import Command, Frame

_ALERT = 4  # texts of this severity (warning) or worse explain a refusal


@dataclass(frozen=True, slots=True)
class Blocker:
    """A reason not to arm; ``passes`` where waiting may help, ``upload`` where it also forbids to store a mission."""

    text: str
    passes: bool = False
    upload: bool = True


def open_blockers(state: FlightState) -> tuple[Blocker, ...]:
    """Return every reason not to arm this vehicle now."""
    found = [Blocker(f"plan: {text}") for text in state.plan.blockers]
    if state.step > 0 and not state.simulated:
        found += [Blocker(f"plan: {text}") for text in state.plan.forbidden_now]
    found += [Blocker(f"plan: {text}") for text in _items(state.plan)]
    if state.armed and not state.we_armed:
        found.append(Blocker("the vehicle is armed already; expected it disarmed"))
    return (*found, *_kind(state), *_sensors(state), *_place(state), *_battery(state), *_failsafes(state))


def alerts(state: FlightState) -> str:
    """Return the vehicle's latest complaints as one text."""
    texts = [text.text for text in state.texts if text.severity <= _ALERT]
    return "; ".join(dict.fromkeys(texts))


def _items(plan: SortieFlight) -> Iterator[str]:
    """Yield what is wrong with the items themselves: a place that is none, a mission that does not begin to fly."""
    lists = {"item": plan.items, "fence item": plan.fence_items, "rally point": plan.rally_items or ()}
    for what, items in lists.items():
        for index, item in enumerate(items):
            known = abs(item.lat_deg) <= 90.0 and abs(item.lon_deg) <= 180.0 and math.isfinite(item.altitude_m)
            if item.frame != Frame.MISSION and not known:
                place = f"latitude {item.lat_deg:g}, longitude {item.lon_deg:g}, height {item.altitude_m:g} m"
                yield f"{what} {index}: {place} is no place"
    home_items = int(plan.items[:1] != () and plan.items[0].frame == Frame.GLOBAL)
    moves = [item.command for item in plan.items[home_items:] if item.command < MOVES_BELOW]
    if not moves:
        yield "there is nothing to fly"
    elif moves[0] != Command.NAV_TAKEOFF:
        yield f"the first thing to fly is command {moves[0]}; expected take-off ({int(Command.NAV_TAKEOFF)})"


def _kind(state: FlightState) -> list[Blocker]:
    """Say whether this is a vehicle that the mission is for, behind a link that can do what is needed."""
    identity, planned = state.identity, state.plan.autopilot
    if identity is None:
        return [Blocker("the vehicle does not say which autopilot it is", passes=True)]
    found = []
    if not is_known(identity.firmware):
        found.append(Blocker("the autopilot is neither ArduPilot nor PX4: its failsafes are not known to us"))
    elif planned is not None and identity.firmware is not planned:
        found.append(Blocker(f"the mission is planned for {planned}; the vehicle is {identity.firmware}"))
    if not identity.multirotor:
        found.append(Blocker("the mission is for a multirotor; the vehicle is none"))
    needs = {
        Capability.PARAMETERS: "read the vehicle's failsafes",
        Capability.FENCE: "store the fence" if state.plan.fence_items else "",
        Capability.RALLY: "store rally points" if state.plan.rally_items else "",
    }
    missing = [what for capability, what in needs.items() if what and capability not in state.capabilities]
    return found + [Blocker(f"this kind of link cannot {what}") for what in missing]


def _sensors(state: FlightState) -> list[Blocker]:
    found = []
    if state.boot_s is None:
        found.append(Blocker("the vehicle's clock is not heard", passes=True))
    if not state.fix_3d:
        found.append(Blocker("no 3D satellite fix", passes=True))
    if state.estimator is not None and not state.estimator.healthy:
        text = f"the estimator (EKF) is not sure of its position (worst test ratio {state.estimator.variance:.2f})"
        found.append(Blocker(text, passes=True))
    if state.estimator is None and state.ready is None:
        found.append(Blocker("neither the estimator (EKF) nor the vehicle's own checks are heard", passes=True))
    if state.ready is False:
        text = f"the vehicle's own checks fail: {alerts(state) or 'it does not say why'}"
        found.append(Blocker(text, passes=True, upload=False))  # an old fence from elsewhere may be the reason
    return found


def _place(state: FlightState) -> list[Blocker]:
    dock, limit_m = state.plan.home_lonlat, state.plan.home_within_m
    if state.position is None:
        return [Blocker("the vehicle's position is not known", passes=True)]
    places = {"the vehicle stands": state.position, "the vehicle's home is": state.home}
    found = [] if state.home is not None else [Blocker("the vehicle's home is not known", passes=True)]
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


def _failsafes(state: FlightState) -> list[Blocker]:
    """Say which failsafes are missing; before they are read, nothing: reading them is the first step."""
    if state.step == 0:
        return []
    firmware = state.identity.firmware if state.identity else Firmware.OTHER
    plan = state.plan
    found = open_failsafes(
        firmware,
        state.parameters,
        has_rc=plan.has_rc,
        has_fence=bool(plan.fence_items),
        has_rally=bool(plan.rally_items),
    )
    if plan.return_height_m is not None and not return_height(firmware, state.parameters, plan.return_height_m):
        found = (
            *found,
            "failsafe: the vehicle has no parameter for its return height (RTL_ALT, RTL_ALT_M, RTL_RETURN_ALT)",
        )
    return [Blocker(text) for text in found]
