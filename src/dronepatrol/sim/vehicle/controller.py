"""From a moving target to what the body is asked for: a cascade of position, velocity and acceleration.

The rules are ArduCopter's (its position controller's documentation): an error in position asks for a speed from which
the vehicle can still stop, an error in speed for an acceleration. The lean is limited, and across the track it comes
first.
"""

from math import hypot, sqrt

from dronepatrol.sim.vehicle.dynamics import STEP_S, Body, Demand, tilt_limit_m_s2
from dronepatrol.sim.vehicle.leg import Vector
from dronepatrol.sim.vehicle.parameters import Parameters

_CLIMB_GAIN = 5.0  # PSC_VELZ_P
_CLIMB_M_S2 = 2.5
_SLOWEST_PACE = 0.05
_SHAPED_SHARE = 0.5  # of the acceleration, in which a shaped target is stopped


def stoppable_m_s(remaining_m: float, gain: float, braking_m_s2: float) -> float:
    """Return the speed from which one can stop in ``remaining_m``: linear close by, then by the root; signed."""
    size, near = abs(remaining_m), braking_m_s2 / (gain * gain)
    speed = gain * size if size < near else sqrt(2 * braking_m_s2 * (size - near / 2))
    return speed if remaining_m > 0 else -speed


def stopping_m(speed_m_s: float, gain: float, braking_m_s2: float) -> float:
    """Return the way in which a speed can be stopped: the inverse of :func:`stoppable_m_s`."""
    linear = braking_m_s2 / gain
    if speed_m_s < linear:
        return speed_m_s / gain
    return linear / gain / 2 + speed_m_s * speed_m_s / (2 * braking_m_s2)


class Controller:
    """Holds the integrator and the limits; all positions are the vehicle's own estimate."""

    def __init__(self, parameters: Parameters) -> None:
        self.tune(parameters)
        self._in = self._ie = 0.0
        self._climb = self._pull = 0.0
        self.pace = 1.0

    def tune(self, parameters: Parameters) -> None:
        """Take gains and limits."""
        self._position_gain = parameters["PSC_POSXY_P"]
        self._velocity_gain = parameters["PSC_VELXY_P"]
        self._velocity_integral = parameters["PSC_VELXY_I"]
        self._height_gain = parameters["PSC_POSZ_P"]
        self._vertical_jerk = parameters["PSC_JERK_Z"]
        self._most = tilt_limit_m_s2(parameters["ANGLE_MAX"] / 100)
        self._level_m_s2 = parameters["WPNAV_ACCEL"] / 100
        self._climb_m_s2 = parameters["WPNAV_ACCEL_Z"] / 100

    def reset(self) -> None:
        """Forget the wind and the pace: the vehicle stands."""
        self._in = self._ie = self._climb = self._pull = 0.0
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
        away = hypot(error[0], error[1])
        share = self._position_gain
        if share * share * away > self._level_m_s2:
            share = stoppable_m_s(away, share, self._level_m_s2) / away
        off_n, off_e = velocity[0] + share * error[0] - body.vn, velocity[1] + share * error[1] - body.ve
        an = acceleration[0] + self._velocity_gain * off_n + self._in
        ae = acceleration[1] + self._velocity_gain * off_e + self._ie
        growth_n, growth_e = self._velocity_integral * off_n * STEP_S, self._velocity_integral * off_e * STEP_S
        before = hypot(self._in, self._ie)
        self._in += growth_n
        self._ie += growth_e
        if hypot(an, ae) > self._most:
            after = hypot(self._in, self._ie)
            if an * growth_n + ae * growth_e > 0.0 and after > before:  # leaning as far as it may: turn, do not grow
                self._in, self._ie = self._in * before / after, self._ie * before / after
            an, ae = self._lean(an, ae, velocity)
        out.north_m_s2, out.east_m_s2 = an, ae

    def _lean(self, north: float, east: float, velocity: Vector) -> tuple[float, float]:
        """Limit a level acceleration; what is across the target's velocity comes first."""
        speed = hypot(velocity[0], velocity[1])
        if speed < 1e-6:
            share = self._most / hypot(north, east)
            return north * share, east * share
        un, ue = velocity[0] / speed, velocity[1] / speed
        along, across = north * un + east * ue, east * un - north * ue
        across = min(max(across, -self._most), self._most)
        left = sqrt(max(self._most * self._most - across * across, 0.0))
        along = min(max(along, -left), left)
        return along * un - across * ue, along * ue + across * un

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
        self._climb, self._pull = body.vup, 0.0
        self._rise(body, climb + self._height_gain * error, 0.0, out)

    def climb(self, body: Body, speed_m_s: float, out: Demand, error: float = 0.0) -> float:
        """Ask for a vertical speed, gone to with limited acceleration and jerk; return the one asked for now.

        ``error`` is how many metres the vehicle is below a target that moves so.
        """
        wanted = stoppable_m_s(speed_m_s - self._climb, self._vertical_jerk / self._climb_m_s2, self._vertical_jerk)
        wanted = min(max(wanted, -self._climb_m_s2), self._climb_m_s2)
        most = self._vertical_jerk * STEP_S
        self._pull += min(max(wanted - self._pull, -most), most)
        self._climb += self._pull * STEP_S
        self._rise(body, self._climb + self._height_gain * error, self._pull, out)
        return self._climb

    @staticmethod
    def _rise(body: Body, climb_m_s: float, pull_m_s2: float, out: Demand) -> None:
        out.up_m_s2 = min(max(pull_m_s2 + _CLIMB_GAIN * (climb_m_s - body.vup), -_CLIMB_M_S2), _CLIMB_M_S2)

    def rise_m_s(self, remaining_m: float, fastest_m_s: float) -> float:
        """Return the speed of a climb to a height, so that it ends there: shaped by the acceleration and the jerk."""
        braking = self._climb_m_s2 * _SHAPED_SHARE
        return min(stoppable_m_s(remaining_m, self._vertical_jerk / self._climb_m_s2 / 2, braking), fastest_m_s)

    def sink_m_s(self, remaining_m: float) -> float:
        """Return the speed from which the vehicle can stop sinking in ``remaining_m``."""
        return stoppable_m_s(remaining_m, self._height_gain, self._climb_m_s2)
