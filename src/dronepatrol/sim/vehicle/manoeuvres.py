"""What the vehicle does from one moment to the next: take off, hold, fly legs, circle.

Each manoeuvre is stepped once per step of vehicle time, fills the demand on the body, and says when it is done. Places
are (north, east, up) in the vehicle's estimate.
"""

from math import atan2, cos, hypot, inf, pi, sin, sqrt
from typing import Protocol

from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.leg import NOWHERE, Vector
from dronepatrol.sim.vehicle.track import Track

_IDLE_AFTER_ARMING_S = 1.0
_SPOOL_S = 2.3  # from idle to lifting off: motors' spool time and the throttle's ramp, as recorded
_TAKEN_OFF_SHARE = 0.9
_SLOW_SHARE = 0.1
_SLOWEST_CIRCLE_RAD_S2 = pi / 90


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
    """Spin up, then climb straight up. Done nearly there, when the climb has nearly ended, as ArduCopter's."""

    def __init__(self, cockpit: Cockpit, up_m: float) -> None:
        self._cockpit = cockpit
        state = cockpit.state
        self.target: Vector = (*cockpit.here()[:2], up_m)
        self._spool_s, self._from_m = 0.0, state.up_m
        if state.body.on_ground:
            armed_s = state.time_s - state.armed_at_s
            self._spool_s = _SPOOL_S + max(_IDLE_AFTER_ARMING_S - armed_s, 0.0)
            cockpit.controller.reset()
        self._goal_m = self._from_m
        state.phase = Phase.TAKEOFF
        cockpit.demand.yaw_rad = state.body.yaw

    def step(self) -> bool:
        """Climb; done at the height asked for."""
        cockpit = self._cockpit
        if self._spool_s > 0.0:
            self._spool_s -= STEP_S
            return False
        cockpit.lifting = True
        up = cockpit.state.up_m
        cockpit.stay(self.target)
        wanted = cockpit.controller.rise_m_s(self.target[2] - self._goal_m, cockpit.up_m_s)
        climb = cockpit.controller.climb(cockpit.state.body, wanted, cockpit.demand, self._goal_m - up)
        self._goal_m += climb * STEP_S
        risen = self._goal_m - self._from_m >= _TAKEN_OFF_SHARE * (self.target[2] - self._from_m)
        return risen and climb < _SLOW_SHARE * cockpit.up_m_s


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
        cockpit.look(NOWHERE, cockpit.cruise_m_s, homeward=False)
        self._left_s -= STEP_S
        return self._left_s <= 0.0


class Follow:
    """Fly along a track; done at the end of each of its legs.

    ``homeward``: a return, which keeps its speed and its own rule for the heading. The pace of the target settles as
    fast as the acceleration may change.
    """

    def __init__(self, cockpit: Cockpit, track: Track, speed_m_s: float, *, homeward: bool = False) -> None:
        self._cockpit, self.track = cockpit, track
        self._speed_m_s, self._homeward, self._speeds = speed_m_s, homeward, cockpit.speeds
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
        if not self._homeward and cockpit.speeds != self._speeds:
            self._speeds, self._speed_m_s = cockpit.speeds, cockpit.cruise_m_s
            track.change_speed(cockpit.limits(self._speed_m_s))
        error = track.position[0] - state.north_m, track.position[1] - state.east_m
        pace = controller.keep_pace(error, body, track.velocity, self._settle_s)
        done = track.advance(STEP_S * pace)
        velocity = track.velocity
        error = track.position[0] - state.north_m, track.position[1] - state.east_m
        controller.level(body, error, velocity, track.acceleration, cockpit.demand)
        controller.height(body, track.position[2] - state.up_m, velocity[2], cockpit.demand)
        cockpit.look(velocity, self._speed_m_s, homeward=self._homeward)
        if track.has_next or not done:
            return done
        n, e, u = track.position
        return hypot(n - state.north_m, e - state.east_m, u - state.up_m) < cockpit.value("WPNAV_RADIUS")


class Circle:
    """Circle around a place, from where the vehicle is, nose to the middle; done after so many turns."""

    def __init__(self, cockpit: Cockpit, centre: Vector, radius_m: float, turns: float, *, clockwise: bool) -> None:
        self._cockpit, self.target, self._radius_m = cockpit, centre, radius_m
        n, e, _ = cockpit.here()
        self._angle = atan2(e - centre[1], n - centre[0])
        acceleration = cockpit.value("WPNAV_ACCEL")
        fastest = min(cockpit.cruise_m_s, sqrt(acceleration * radius_m)) / max(radius_m, 1e-6)
        rate = abs(cockpit.state.parameters["CIRCLE_RATE"]) * pi / 180
        self._rate, self._sign = min(rate, fastest), 1.0 if clockwise else -1.0
        self._growth = max(fastest, _SLOWEST_CIRCLE_RAD_S2)
        self._speed, self._left = 0.0, turns * 2 * pi
        cockpit.state.phase = Phase.MISSION

    def step(self) -> bool:
        """Go on round."""
        cockpit, state = self._cockpit, self._cockpit.state
        self._speed = min(self._speed + self._growth * STEP_S, self._rate)
        turned = self._speed * STEP_S
        self._angle += self._sign * turned
        self._left -= turned
        c, s, r = cos(self._angle), sin(self._angle), self._radius_m
        along, towards = self._sign * self._speed * r, self._speed * self._speed * r
        error = self.target[0] + r * c - state.north_m, self.target[1] + r * s - state.east_m
        velocity, pull = (-s * along, c * along, 0.0), (-c * towards, -s * towards, 0.0)
        cockpit.controller.level(state.body, error, velocity, pull, cockpit.demand)
        cockpit.controller.height(state.body, self.target[2] - state.up_m, 0.0, cockpit.demand)
        if cockpit.looking_at is None:
            cockpit.turn_to(self._angle + pi)
        else:
            cockpit.look(velocity, self._rate * r, homeward=False)
        return self._left <= 0.0
