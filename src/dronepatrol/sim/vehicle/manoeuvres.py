"""What the vehicle does from one moment to the next: take off, hold, fly legs, return, land.

Each manoeuvre is stepped once per step of vehicle time, fills the demand on the body, and says when it is done. Places
are (north, east, up) in the vehicle's estimate.
"""

from math import atan2, hypot, inf
from typing import Protocol

from dronepatrol.sim.vehicle.controller import Controller
from dronepatrol.sim.vehicle.dynamics import STEP_S, Demand
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.numbers import Landed
from dronepatrol.sim.vehicle.state import Rally, State
from dronepatrol.sim.vehicle.track import Leg, Limits, Track, Vector

_SPOOL_S = 2.6
_ARRIVED_M = 0.05
_ON_GROUND_S = 2.0
_STILL: Vector = (0.0, 0.0, 0.0)
_LOWEST_RETURN_M = 2.0


class Cockpit:
    """What every manoeuvre works with."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.controller = Controller(state.parameters)
        self.demand = Demand()
        self.cruise_m_s = state.parameters["WPNAV_SPEED"] / 100
        self.fixed_yaw: float | None = None
        self.lifting = False

    def parameters_changed(self) -> None:
        """Take gains, limits and, on the ground, the speed from the parameters."""
        self.controller.tune(self.state.parameters)
        if not self.state.flying:
            self.cruise_m_s = self.value("WPNAV_SPEED")

    def value(self, name: str) -> float:
        """Return a parameter given in hundredths (cm, cm/s, cm/s²) in SI units."""
        return self.state.parameters[name] / 100

    def here(self) -> Vector:
        """Return the estimated place."""
        state = self.state
        return state.north_m, state.east_m, state.up_m

    def stopping_point(self) -> Vector:
        """Return where the vehicle comes to rest if it brakes now."""
        n, e, u = self.here()
        body = self.state.body
        seconds = body.ground_speed / (2 * self.value("WPNAV_ACCEL"))
        return n + body.vn * seconds, e + body.ve * seconds, u + 0.5 * body.vup * abs(body.vup)

    def limits(self, level_m_s: float) -> Limits:
        """Return what a leg may use at a level speed."""
        return Limits(
            level_m_s=max(level_m_s, 0.2),
            up_m_s=self.value("WPNAV_SPEED_UP"),
            down_m_s=self.value("WPNAV_SPEED_DN"),
            level_m_s2=self.value("WPNAV_ACCEL"),
            vertical_m_s2=self.value("WPNAV_ACCEL_Z"),
            jerk_m_s3=self.state.parameters["WPNAV_JERK"],
        )

    def track(self) -> Track:
        """Return a path with this vehicle's corners."""
        acceleration = self.value("WPNAV_ACCEL")
        return Track(self.value("WPNAV_RADIUS"), self.value("WPNAV_ACCEL_C") or 2 * acceleration)

    def stay(self, place: Vector) -> None:
        """Ask to be level with a place and still; without a position, to be level only."""
        state = self.state
        if not state.has_position:
            self.demand.north_m_s2 = self.demand.east_m_s2 = 0.0
            return
        error = place[0] - state.north_m, place[1] - state.east_m
        self.controller.level(state.body, error, _STILL, _STILL, self.demand)


class Manoeuvre(Protocol):
    """One thing to do; ``target`` is where it leads to."""

    @property
    def target(self) -> Vector | None:
        """Where it leads to."""
        ...

    def step(self) -> bool:
        """Fill the demand for one step; return whether it is done."""
        ...


class TakeOff:
    """Spin up, then climb straight up."""

    def __init__(self, cockpit: Cockpit, up_m: float) -> None:
        self._cockpit = cockpit
        self.target: Vector = (*cockpit.here()[:2], up_m)
        self._spool_s = _SPOOL_S if cockpit.state.body.on_ground else 0.0
        if cockpit.state.body.on_ground:
            cockpit.controller.reset()
        cockpit.state.phase = Phase.TAKEOFF
        cockpit.demand.yaw_rad = cockpit.state.body.yaw

    def step(self) -> bool:
        """Climb; done at the height asked for."""
        cockpit = self._cockpit
        if self._spool_s > 0.0:
            self._spool_s -= STEP_S
            return False
        cockpit.lifting = True
        remaining = self.target[2] - cockpit.state.up_m
        cockpit.stay(self.target)
        speed = cockpit.controller.approach_m_s(remaining, cockpit.value("WPNAV_SPEED_UP"))
        cockpit.controller.climb(cockpit.state.body, speed, cockpit.demand)
        return remaining < _ARRIVED_M


class Hold:
    """Brake and stay; done after a time."""

    def __init__(self, cockpit: Cockpit, place: Vector, seconds: float = inf) -> None:
        self._cockpit, self.target, self._left_s = cockpit, place, seconds
        cockpit.state.phase = Phase.MISSION

    def step(self) -> bool:
        """Stay."""
        cockpit = self._cockpit
        cockpit.stay(self.target)
        cockpit.controller.height(cockpit.state.body, self.target[2] - cockpit.state.up_m, 0.0, cockpit.demand)
        self._left_s -= STEP_S
        return self._left_s <= 0.0


class Follow:
    """Fly along a track; done at the end of each of its legs.

    ``looks_ahead``: the nose turns with the path, unless a heading is fixed.
    """

    def __init__(self, cockpit: Cockpit, track: Track, speed_m_s: float, *, looks_ahead: bool) -> None:
        self._cockpit, self.track = cockpit, track
        self._speed_m_s, self._looks_ahead = speed_m_s, looks_ahead
        self._scale = 1.0
        self._settle_s = cockpit.value("WPNAV_ACCEL") / cockpit.state.parameters["WPNAV_JERK"]
        cockpit.controller.pace = 1.0
        cockpit.state.phase = Phase.MISSION

    @property
    def target(self) -> Vector | None:
        """The end of the leg being flown."""
        return self.track.end

    def step(self) -> bool:
        """Move the target on and steer to it."""
        cockpit, track, state = self._cockpit, self.track, self._cockpit.state
        body, controller = state.body, cockpit.controller
        error = track.position[0] - state.north_m, track.position[1] - state.east_m
        pace = controller.keep_pace(error, body, track.velocity, self._settle_s)
        scale = self._change_speed()
        done = track.advance(STEP_S * pace * scale)
        velocity, acceleration = track.velocity, track.acceleration
        if scale != 1.0:
            velocity = (velocity[0] * scale, velocity[1] * scale, velocity[2] * scale)
            acceleration = tuple(part * scale * scale for part in acceleration)  # type: ignore[assignment]
        error = track.position[0] - state.north_m, track.position[1] - state.east_m
        controller.level(body, error, velocity, acceleration, cockpit.demand)
        controller.height(body, track.position[2] - state.up_m, velocity[2], cockpit.demand)
        self._look(velocity)
        if track.has_next or not done:
            return done
        place = track.position
        return hypot(place[0] - state.north_m, place[1] - state.east_m) < cockpit.value("WPNAV_RADIUS")

    def _change_speed(self) -> float:
        """Go to a speed changed in flight with the allowed acceleration."""
        wanted = self._cockpit.cruise_m_s / self._speed_m_s if self._looks_ahead else 1.0
        if self._scale != wanted:
            most = self._cockpit.value("WPNAV_ACCEL") / self._speed_m_s * STEP_S
            self._scale += min(max(wanted - self._scale, -most), most)
        return self._scale

    def _look(self, velocity: Vector) -> None:
        cockpit = self._cockpit
        if cockpit.fixed_yaw is not None:
            cockpit.demand.yaw_rad = cockpit.fixed_yaw
        elif self._looks_ahead and hypot(velocity[0], velocity[1]) > 0.05 * self._speed_m_s:
            cockpit.demand.yaw_rad = atan2(velocity[1], velocity[0])


class Land:
    """Sink at a place, slowly close to the ground; done when it has stood for a while."""

    def __init__(self, cockpit: Cockpit, place: Vector) -> None:
        self._cockpit, self._place = cockpit, place
        self.target = place
        self._stood_s = 0.0
        cockpit.lifting = False
        cockpit.state.phase = Phase.LANDING
        cockpit.controller.climb(cockpit.state.body, 0.0, cockpit.demand)

    def step(self) -> bool:
        """Sink, or stand."""
        cockpit = self._cockpit
        state, controller = cockpit.state, cockpit.controller
        if state.body.on_ground:
            self._stood_s += STEP_S
            return self._stood_s >= _ON_GROUND_S
        state.landed = Landed.LANDING
        cockpit.stay(self._place)
        high = cockpit.value("LAND_SPEED_HIGH") or cockpit.value("WPNAV_SPEED_DN")
        low = cockpit.value("LAND_SPEED")
        above = state.height_m - cockpit.value("LAND_ALT_LOW")
        fall = low if above <= 0.0 else max(low, -controller.approach_m_s(-above, high))
        controller.climb(state.body, -fall, cockpit.demand)
        return False


class LandAt:
    """Fly level to a place, then land there."""

    def __init__(self, cockpit: Cockpit, place: Vector) -> None:
        self._cockpit, self._place = cockpit, place
        self.target = place
        self._way = _straight(cockpit, cockpit.stopping_point(), place, cockpit.cruise_m_s)
        self._land: Land | None = None

    def step(self) -> bool:
        """Go on; done on the ground."""
        if self._land is None:
            if not self._way.step():
                return False
            self._land = Land(self._cockpit, self._place)
        return self._land.step()


class Return:
    """Climb to the return height where lower, fly straight home or to a rally point that is nearer, wait, land.

    With RTL_ALT_FINAL the vehicle sinks to that height and stays. ``highest_m`` above home is not exceeded by a climb.
    """

    def __init__(self, cockpit: Cockpit, highest_m: float = inf) -> None:
        self._cockpit = cockpit
        state = cockpit.state
        n, e, u = cockpit.stopping_point()
        target = _nearest_refuge(state, n, e)
        ground = state.home.amsl_m - state.origin.amsl_m
        height = max(cockpit.value("RTL_ALT"), target.height_m, u - ground + cockpit.value("RTL_CLIMB_MIN"))
        slope = state.parameters["RTL_CONE_SLOPE"]
        away = hypot(n - target.north_m, e - target.east_m)
        if slope > 0.0:  # close to the target a lower climb is enough
            height = min(height, max(slope * away, _LOWEST_RETURN_M))
        top = max(u, ground + min(height, highest_m))
        speed = cockpit.value("RTL_SPEED") or cockpit.value("WPNAV_SPEED")
        over_home = target.north_m, target.east_m, top
        self._stages: list[Manoeuvre] = []
        if top > u + 0.5:
            self._stages.append(_straight(cockpit, (n, e, u), (n, e, top), speed))
        self._stages.append(_straight(cockpit, (n, e, top), over_home, speed))
        self._stages.append(Hold(cockpit, over_home, state.parameters["RTL_LOIT_TIME"] / 1000))
        final = ground + cockpit.value("RTL_ALT_FINAL")
        if final > ground:
            end = target.north_m, target.east_m, final
            self._stages += [_straight(cockpit, over_home, end, speed), Hold(cockpit, end)]
        self._over_home = self.target = over_home
        state.phase = Phase.RETURN

    def step(self) -> bool:
        """Go on with the stage; done on the ground."""
        if self._stages and self._stages[0].step():
            self._stages.pop(0)
            if not self._stages:
                self._landing = Land(self._cockpit, self._over_home)
        return not self._stages and self._landing.step()


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


def _straight(cockpit: Cockpit, start: Vector, end: Vector, speed_m_s: float) -> Follow:
    track = cockpit.track()
    track.begin(Leg(start, end, cockpit.limits(speed_m_s)), None)
    return Follow(cockpit, track, speed_m_s, looks_ahead=False)
