"""Coming down: landing where the vehicle is, landing at a place, and the return to home or a rally point."""

from math import floor, hypot, inf

from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.leg import Vector
from dronepatrol.sim.vehicle.manoeuvres import Follow, Hold, Manoeuvre
from dronepatrol.sim.vehicle.numbers import Landed
from dronepatrol.sim.vehicle.state import Rally, State

_ON_GROUND_S = 2.0
_LOWEST_RETURN_M = 2.0
_LOWEST_SLOW_M = 1.0


class Land:
    """Sink at a place, slowly close to the ground; done when it has stood for a while."""

    def __init__(self, cockpit: Cockpit, place: Vector) -> None:
        self._cockpit, self._place = cockpit, place
        self.target = place
        self._stood_s = 0.0
        cockpit.lifting = False
        cockpit.state.phase = Phase.LANDING

    def step(self) -> bool:
        """Sink, or stand."""
        cockpit = self._cockpit
        state, controller = cockpit.state, cockpit.controller
        if state.body.on_ground:
            self._stood_s += STEP_S
            return self._stood_s >= _ON_GROUND_S
        state.landed = Landed.LANDING
        cockpit.stay(self._place)
        slow = cockpit.value("LAND_SPEED")
        fast = max(cockpit.value("LAND_SPEED_HIGH") or cockpit.value("WPNAV_SPEED_DN"), slow)
        above = state.height_m - max(cockpit.value("LAND_ALT_LOW"), _LOWEST_SLOW_M)
        controller.climb(state.body, -min(max(controller.sink_m_s(above), slow), fast), cockpit.demand)
        return False


class LandAt:
    """Fly level to a place, then land there."""

    def __init__(self, cockpit: Cockpit, start: Vector, place: Vector) -> None:
        self._cockpit, self._place = cockpit, place
        self.target = place
        self._way = Follow(cockpit, cockpit.straight(start, place, cockpit.cruise_m_s), cockpit.cruise_m_s)
        self._land: Land | None = None

    def step(self) -> bool:
        """Go on; done on the ground."""
        if self._land is None:
            if not self._way.step():
                return False
            self._land = Land(self._cockpit, self._place)
        return self._land.step()


class Return:
    """Stop, climb to the return height where lower, fly straight home or to a nearer rally point, wait, land.

    With RTL_ALT_FINAL the vehicle sinks to that height and stays. ``highest_m`` above home is not exceeded by a climb.
    Heights of places are whole centimetres, as ArduPilot's: stopping at the return height is a leg of its own, however
    short, which takes a moment in the recorded flights too.
    """

    def __init__(self, cockpit: Cockpit, highest_m: float = inf) -> None:
        self._cockpit = cockpit
        state = cockpit.state
        stop = n, e, u = cockpit.stopping_point()
        target = _nearest_refuge(state, n, e)
        ground = state.home.amsl_m - state.origin.amsl_m
        height = max(cockpit.value("RTL_ALT"), target.height_m, u - ground + cockpit.value("RTL_CLIMB_MIN"))
        slope = state.parameters["RTL_CONE_SLOPE"]
        away = hypot(n - target.north_m, e - target.east_m)
        if slope > 0.0:  # close to the target a lower climb is enough
            height = min(height, max(slope * away, _LOWEST_RETURN_M))
        top = ground + floor(max(u - ground, min(height, highest_m)) * 100) / 100
        self._speed_m_s = cockpit.value("RTL_SPEED") or cockpit.value("WPNAV_SPEED")
        over_home = target.north_m, target.east_m, top
        self._ways: list[tuple[Vector, Vector]] = [(stop, (n, e, top)), ((n, e, top), over_home)]
        self._final = target.north_m, target.east_m, ground + cockpit.value("RTL_ALT_FINAL")
        self._over_home = self.target = over_home
        self._now: Manoeuvre = self._fly(*self._ways.pop(0))
        self._waited = False

    def _fly(self, start: Vector, end: Vector) -> Follow:
        way = Follow(self._cockpit, self._cockpit.straight(start, end, self._speed_m_s), self._speed_m_s, homeward=True)
        self._cockpit.state.phase = Phase.RETURN
        return way

    def step(self) -> bool:
        """Go on with the stage; done on the ground."""
        if not self._now.step():
            return False
        cockpit = self._cockpit
        if self._ways:
            self._now = self._fly(*self._ways.pop(0))
        elif not self._waited:
            self._waited = True
            self._now = Hold(cockpit, self._over_home, cockpit.state.parameters["RTL_LOIT_TIME"] / 1000)
            cockpit.state.phase = Phase.RETURN
        elif isinstance(self._now, Land):
            return True
        elif cockpit.value("RTL_ALT_FINAL") <= 0.0:
            self._now = Land(cockpit, self._over_home)
        elif isinstance(self._now, Hold):
            self._now = self._fly(self._over_home, self._final)
        else:
            self._now = Hold(cockpit, self._final)
        return False


def _nearest_refuge(state: State, north_m: float, east_m: float) -> Rally:
    """Return home, or the nearest rally point where it is within RALLY_LIMIT_KM and nearer than home.

    As ArduPilot chooses (AP_Rally); without RALLY_INCL_HOME home is left out.
    """
    home = Rally(state.home.north_m, state.home.east_m, 0.0)

    def away_m(place: Rally) -> float:
        return hypot(place.north_m - north_m, place.east_m - east_m)

    nearest = min(state.rally, key=away_m, default=home)
    limit_m = 1000 * state.parameters["RALLY_LIMIT_KM"]
    if limit_m > 0 and away_m(nearest) > limit_m:
        return home
    return nearest if not state.parameters["RALLY_INCL_HOME"] or away_m(nearest) < away_m(home) else home
