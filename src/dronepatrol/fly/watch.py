"""Supervision of a flight: what is not as planned, from a word of warning to calling the vehicle back. All pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dronepatrol.fly.link import Mode, PositionReport
from dronepatrol.fly.route import distance_m
from dronepatrol.fly.state import FlightState, Standing

_WAY_MARGIN = 1.3  # of the plan's energy per metre, for a way home against the wind
_GOT_ON_M = 3.0


@dataclass(frozen=True, slots=True)
class Concern:
    """Something beyond a limit; ``returns`` where the limit is one that calls the vehicle back."""

    kind: str
    text: str
    returns: bool = False


def watch(state: FlightState) -> FlightState:
    """Return the state with new warnings, and with the wish to have the vehicle back where a limit asks for it.

    A concern counts when it has stood for the limits' ``hold_s`` without a break.
    """
    now_s = state.boot_s or 0.0
    state = _gets_on(state, now_s)
    before = {standing.kind: standing for standing in state.standing}
    standing, notices, abort = [], list(state.notices), state.abort
    for concern in concerns(state):
        kind = f"{concern.kind} return" if concern.returns else concern.kind
        known = before.get(kind, Standing(kind, now_s))
        if not known.said and now_s - known.since_s >= state.plan.limits.hold_s:
            notices.append(concern.text)
            abort = abort or (concern.text if concern.returns else "")
            known = replace(known, said=True)
        standing.append(known)
    return replace(state, standing=tuple(standing), notices=tuple(notices), abort=abort)


def concerns(state: FlightState) -> Iterator[Concern]:
    """Yield what is beyond a limit now; nothing while the vehicle is not on its mission."""
    if not state.on_mission or state.position is None:
        return
    yield from _line(state)
    yield from _height(state, state.position)
    yield from _air(state)
    yield from _energy(state, state.position)
    yield from _progress(state)


def flown_share(state: FlightState) -> float:
    """Return how much of its way the vehicle has flown, 0 to 1; 0 before it flies."""
    if state.position is None or not state.has_flown:
        return 0.0
    return state.route.flown_share(state.current, (state.position.lon_deg, state.position.lat_deg))


def _line(state: FlightState) -> Iterator[Concern]:
    limits, off_m = state.plan.limits, abs(state.cross_track_m or 0.0)
    if state.mode != Mode.AUTO or not state.has_flown:
        return
    if off_m > limits.cross_track_warn_m:
        yield Concern("cross-track", f"{off_m:.0f} m off the planned line")
    if off_m > limits.cross_track_return_m:
        yield Concern(
            "cross-track", f"{off_m:.0f} m off the planned line; the limit is {limits.cross_track_return_m:.0f} m", True
        )


def _height(state: FlightState, at: PositionReport) -> Iterator[Concern]:
    limits, route = state.plan.limits, state.route
    above_m = at.height_m - route.highest_m
    if above_m > limits.height_warn_m:
        yield Concern("height", f"{above_m:.0f} m above the plan's highest waypoint")
    if above_m > limits.height_return_m:
        text = f"{above_m:.0f} m above the plan's highest waypoint; the limit is {limits.height_return_m:.0f} m"
        yield Concern("height", text, returns=True)
    below_m, past_take_off = route.lowest_m - at.height_m, route.photos[max(state.current - 1, 0)] > 0
    if past_take_off and below_m > limits.height_warn_m:
        yield Concern("height", f"{below_m:.0f} m below the plan's lowest waypoint")


def _air(state: FlightState) -> Iterator[Concern]:
    limits = state.plan.limits
    if state.wind is not None and state.wind.speed_m_s > limits.wind_warn_m_s:
        yield Concern("wind", f"the vehicle estimates {state.wind.speed_m_s:.0f} m/s of wind")
    if state.wind is not None and state.wind.speed_m_s > limits.wind_return_m_s:
        text = f"{state.wind.speed_m_s:.0f} m/s of wind by the vehicle's estimate"
        text += f"; the limit is {limits.wind_return_m_s:.0f} m/s"
        yield Concern("wind", text, returns=True)
    if state.fence is not None and state.fence.breached:
        yield Concern("fence", "outside the fence, and the vehicle's own failsafe does not bring it back", returns=True)
    if state.estimator is not None and not state.estimator.healthy:
        yield Concern("estimator", "the estimator (EKF) is not sure of its position")


def _energy(state: FlightState, at: PositionReport) -> Iterator[Concern]:
    plan, left, began_with = state.plan, state.battery_share, state.battery_at_arming
    if left is None or began_with is None or plan.battery_needed_share <= 0 or not state.has_flown:
        return
    beyond = began_with - left - plan.battery_needed_share * flown_share(state)
    if beyond > plan.limits.energy_warn_share:
        yield Concern("energy", f"{left:.0%} of the battery left: {beyond:.0%} more used than planned for so far")
    home_m = distance_m((at.lon_deg, at.lat_deg), plan.home_lonlat)
    home_share = _WAY_MARGIN * plan.battery_needed_share * home_m / max(state.route.total_m, 1.0)
    needed = home_share + plan.limits.landing_share
    if left < needed:
        yield Concern(
            "energy", f"{left:.0%} of the battery left; the way home and landing need {needed:.0%}", returns=True
        )


def _progress(state: FlightState) -> Iterator[Concern]:
    still_s = (state.boot_s or 0.0) - state.got_on_s
    if state.mode == Mode.AUTO and state.has_flown and still_s > state.plan.limits.still_warn_s:
        yield Concern("progress", f"no progress along the way for {still_s:.0f} s")


def _gets_on(state: FlightState, now_s: float) -> FlightState:
    if not state.on_mission or state.position is None:
        return state
    flown_m = state.route.flown_m(state.current, (state.position.lon_deg, state.position.lat_deg))
    if state.held or state.got_on_s == 0.0 or abs(flown_m - state.got_on_m) > _GOT_ON_M:
        return replace(state, got_on_m=flown_m, got_on_s=now_s)
    return state
