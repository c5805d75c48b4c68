"""What every manoeuvre works with: the state, the controller, the demand on the body, and the speeds in use."""

from math import atan2, hypot, inf, pi, radians

from dronepatrol.sim.vehicle.controller import Controller, stopping_m
from dronepatrol.sim.vehicle.dynamics import STEP_S, Demand
from dronepatrol.sim.vehicle.leg import NOWHERE, Leg, Limits, Vector
from dronepatrol.sim.vehicle.state import State
from dronepatrol.sim.vehicle.track import Track

_SHORTEST_INPUT_S = 0.1
_SNAP_SHARE = 0.5
_SLOWEST_M_S = 0.2
_LOOK_AHEAD_M_S = 1.0
_YAW_SHARE = 0.05  # of the speed, from which on the nose turns with the path
_AHEAD, _NEXT, _NEXT_BUT_HOME = 3, 1, 2  # WP_YAW_BEHAVIOR


class Cockpit:
    """What every manoeuvre works with.

    ``cruise_m_s``, ``up_m_s`` and ``down_m_s`` are the speeds in use: the parameters', or those of DO_CHANGE_SPEED.
    ``looking_at`` is a place (north, east) that the nose is kept towards; before it ``fixed_yaw``, turned to at
    ``yaw_rate_rad_s`` at most.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.controller = Controller(state.parameters)
        self.demand = Demand()
        self.fixed_yaw: float | None = None
        self.yaw_rate_rad_s = inf
        self.looking_at: tuple[float, float] | None = None
        self.lifting = False
        self.reset_speeds()
        self.parameters_changed()

    def reset_speeds(self) -> None:
        """Take the speeds from the parameters."""
        self.cruise_m_s = self.value("WPNAV_SPEED")
        self.up_m_s, self.down_m_s = self.value("WPNAV_SPEED_UP"), self.value("WPNAV_SPEED_DN")

    @property
    def speeds(self) -> tuple[float, float, float]:
        """The speeds in use: level, up, down."""
        return self.cruise_m_s, self.up_m_s, self.down_m_s

    def parameters_changed(self) -> None:
        """Take gains, limits and, on the ground, the speeds from the parameters."""
        self.controller.tune(self.state.parameters)
        self.slew_rad_s, self.slew_rad_s2 = radians(self.value("ATC_SLEW_YAW")), radians(self.value("ATC_ACCEL_Y_MAX"))
        self._yaw_behaviour = int(self.state.parameters["WP_YAW_BEHAVIOR"])
        if not self.state.flying:
            self.reset_speeds()

    def value(self, name: str) -> float:
        """Return a parameter given in hundredths (cm, cm/s, cm/s²) in SI units."""
        return self.state.parameters[name] / 100

    def look_freely(self) -> None:
        """Forget a fixed heading."""
        self.fixed_yaw, self.yaw_rate_rad_s = None, inf

    def here(self) -> Vector:
        """Return the estimated place."""
        state = self.state
        return state.north_m, state.east_m, state.up_m

    def stopping_point(self) -> Vector:
        """Return where the vehicle comes to rest if it brakes now."""
        n, e, u = self.here()
        body, values = self.state.body, self.state.parameters
        speed = body.ground_speed
        level = stopping_m(speed, values["PSC_POSXY_P"], self.value("WPNAV_ACCEL")) / speed if speed > 0.0 else 0.0
        height = stopping_m(abs(body.vup), values["PSC_POSZ_P"], self.value("WPNAV_ACCEL_Z"))
        return n + body.vn * level, e + body.ve * level, u + (height if body.vup > 0.0 else -height)

    def limits(self, level_m_s: float) -> Limits:
        """Return what a leg may use at a level speed. The snap is that of ArduCopter: half of what the lean allows."""
        jerk = self.state.parameters["WPNAV_JERK"]
        rise_s = max(self.state.parameters["ATC_INPUT_TC"], _SHORTEST_INPUT_S)
        return Limits(
            level_m_s=max(level_m_s, _SLOWEST_M_S),
            up_m_s=self.up_m_s,
            down_m_s=self.down_m_s,
            level_m_s2=self.value("WPNAV_ACCEL"),
            vertical_m_s2=self.value("WPNAV_ACCEL_Z"),
            jerk_m_s3=jerk,
            snap_m_s4=_SNAP_SHARE * jerk * pi / (2 * rise_s),
        )

    def track(self) -> Track:
        """Return a path with this vehicle's corners."""
        acceleration = self.value("WPNAV_ACCEL")
        return Track(self.value("WPNAV_RADIUS"), self.value("WPNAV_ACCEL_C") or 2 * acceleration)

    def straight(self, start: Vector, end: Vector, speed_m_s: float) -> Track:
        """Return a path of one leg that ends at rest."""
        track = self.track()
        track.begin(Leg(start, end, self.limits(speed_m_s)), None)
        return track

    def stay(self, place: Vector) -> None:
        """Ask to be level with a place and still; without a position, to be level only."""
        state = self.state
        if not state.has_position:
            self.demand.north_m_s2 = self.demand.east_m_s2 = 0.0
            return
        error = place[0] - state.north_m, place[1] - state.east_m
        self.controller.level(state.body, error, NOWHERE, NOWHERE, self.demand)

    def look(self, velocity: Vector, top_m_s: float, *, homeward: bool) -> None:
        """Turn the nose: to a fixed heading, to a place, or as WP_YAW_BEHAVIOR says for a target that moves so."""
        state, behaviour = self.state, self._yaw_behaviour
        if self.looking_at is not None:
            self.turn_to(atan2(self.looking_at[1] - state.east_m, self.looking_at[0] - state.north_m))
        elif self.fixed_yaw is not None:
            self.turn_to(self.fixed_yaw)
        elif behaviour == _AHEAD:
            if state.body.ground_speed > _LOOK_AHEAD_M_S:
                self.turn_to(atan2(state.body.ve, state.body.vn))
        elif behaviour in ({_NEXT} if homeward else {_NEXT, _NEXT_BUT_HOME}) and (
            hypot(velocity[0], velocity[1]) > _YAW_SHARE * top_m_s
        ):
            self.turn_to(atan2(velocity[1], velocity[0]))

    def turn_to(self, yaw_rad: float) -> None:
        """Ask for a heading, gone to no faster than ``yaw_rate_rad_s``."""
        error = (yaw_rad - self.demand.yaw_rad + pi) % (2 * pi) - pi
        most = self.yaw_rate_rad_s * STEP_S
        self.demand.yaw_rad = yaw_rad if abs(error) <= most else self.demand.yaw_rad + (most if error > 0 else -most)
