"""From a moving target to what the body is asked for: a cascade of position, velocity and acceleration."""

from math import hypot, sqrt

from dronepatrol.sim.vehicle.dynamics import STEP_S, Body, Demand, tilt_limit_m_s2
from dronepatrol.sim.vehicle.parameters import Parameters
from dronepatrol.sim.vehicle.track import Vector

_HEIGHT_GAIN = 1.0
_CLIMB_GAIN = 5.0
_CLIMB_M_S2 = 2.5
_BRAKING_SHARE = 0.55  # of WPNAV_ACCEL_Z, in which a climb is stopped: as in the recorded take-off
_SLOWEST_PACE = 0.05


class Controller:
    """Holds the integrator and the limits; all positions are the vehicle's own estimate."""

    def __init__(self, parameters: Parameters) -> None:
        self.tune(parameters)
        self._in = self._ie = 0.0
        self._climb = 0.0
        self.pace = 1.0

    def tune(self, parameters: Parameters) -> None:
        """Take gains and limits."""
        self._position_gain = parameters["PSC_POSXY_P"]
        self._velocity_gain = parameters["PSC_VELXY_P"]
        self._velocity_integral = parameters["PSC_VELXY_I"]
        self._most = tilt_limit_m_s2(parameters["ANGLE_MAX"] / 100)
        self._climb_m_s2 = parameters["WPNAV_ACCEL_Z"] / 100

    def reset(self) -> None:
        """Forget the wind and the pace: the vehicle stands."""
        self._in = self._ie = self._climb = 0.0
        self.pace = 1.0

    def level(
        self, body: Body, error: tuple[float, float], velocity: Vector, acceleration: Vector, out: Demand
    ) -> None:
        """Ask for level thrust.

        Parameters
        ----------
        body
            What is flown.
        error
            Target minus estimate, metres north and east.
        velocity, acceleration
            Of the target.
        out
            Where the demand goes.
        """
        kp = self._position_gain
        off_n, off_e = velocity[0] + kp * error[0] - body.vn, velocity[1] + kp * error[1] - body.ve
        an = acceleration[0] + self._velocity_gain * off_n + self._in
        ae = acceleration[1] + self._velocity_gain * off_e + self._ie
        size = hypot(an, ae)
        growth_n, growth_e = self._velocity_integral * off_n * STEP_S, self._velocity_integral * off_e * STEP_S
        if size > self._most:
            an, ae = an * self._most / size, ae * self._most / size
            if self._in * growth_n + self._ie * growth_e > 0.0:  # leaning as far as it may: wind up no further
                growth_n = growth_e = 0.0
        self._in += growth_n
        self._ie += growth_e
        out.north_m_s2, out.east_m_s2 = an, ae

    def keep_pace(self, error: tuple[float, float], body: Body, velocity: Vector, settle_s: float) -> float:
        """Return how fast the target's clock may run, so that it never runs away from a vehicle that lags.

        The pace follows what the vehicle achieves along the track, with the time constant ``settle_s``.
        """
        speed = hypot(velocity[0], velocity[1], velocity[2])
        wanted = 1.0
        if speed > 1e-6:
            un, ue, uu = velocity[0] / speed, velocity[1] / speed, velocity[2] / speed
            lag = error[0] * un + error[1] * ue
            achieved = body.vn * un + body.ve * ue + body.vup * uu
            wanted = min(max(_SLOWEST_PACE + (achieved - self._position_gain * lag) / speed, 0.0), 1.0)
        self.pace += (wanted - self.pace) * STEP_S / settle_s
        return self.pace

    def height(self, body: Body, error: float, climb: float, out: Demand) -> None:
        """Ask for vertical acceleration, to be ``error`` metres higher while the target climbs at ``climb`` m/s."""
        wanted = climb + _HEIGHT_GAIN * error
        self._climb = body.vup
        out.up_m_s2 = min(max(_CLIMB_GAIN * (wanted - body.vup), -_CLIMB_M_S2), _CLIMB_M_S2)

    def climb(self, body: Body, speed_m_s: float, out: Demand) -> None:
        """Ask for a vertical speed, gone to with limited acceleration."""
        most = self._climb_m_s2 * STEP_S
        self._climb += min(max(speed_m_s - self._climb, -most), most)
        out.up_m_s2 = min(max(_CLIMB_GAIN * (self._climb - body.vup), -_CLIMB_M_S2), _CLIMB_M_S2)

    def approach_m_s(self, remaining_m: float, fastest_m_s: float) -> float:
        """Return the vertical speed at which the vehicle can still stop in ``remaining_m``: linear close by."""
        braking = self._climb_m_s2 * _BRAKING_SHARE
        size = abs(remaining_m)
        near = braking / (_HEIGHT_GAIN * _HEIGHT_GAIN)
        speed = _HEIGHT_GAIN * size if size < near else sqrt(2 * braking * (size - near / 2))
        speed = min(speed, fastest_m_s)
        return speed if remaining_m > 0 else -speed
