"""What the vehicle believes about its position: the truth, the flight's bias, and what a bad GPS does to it.

A simplified EKF3. A GPS that jumps is not followed: its innovation is told as the position variance, and only after ten
seconds the estimate goes to where the GPS says. Without a GPS the estimate drifts, and after ten seconds the position
is given up. The drift and the waits are heuristics with the magnitude of ArduPilot's.
"""

from math import hypot

from dronepatrol.sim.vehicle.dynamics import STEP_S

_GATE_M = 10.0
_RETRY_S = 10.0
_DRIFT_M_S2 = 0.05
_QUIET_VARIANCE = 0.01


class Estimator:
    """The offset of the estimate from the truth, level, and how sure the filter is."""

    def __init__(self, bias_n: float, bias_e: float) -> None:
        self._bias = bias_n, bias_e
        self.n, self.e = bias_n, bias_e
        self.glitch_n = self.glitch_e = 0.0
        self.gps_there = True
        self.lost = False
        self._bad_s = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, so that there is nothing to step."""
        return self.gps_there and not self.lost and not self._bad_s and self.glitched_m < 1e-9

    @property
    def glitched_m(self) -> float:
        """How far the GPS is from the estimate."""
        return hypot(self._bias[0] + self.glitch_n - self.n, self._bias[1] + self.glitch_e - self.e)

    @property
    def glitching(self) -> bool:
        """Whether the GPS is there and not believed."""
        return self.gps_there and self.glitched_m > _GATE_M

    @property
    def gps_offset(self) -> tuple[float, float]:
        """What the GPS itself is off by, north and east."""
        return self._bias[0] + self.glitch_n, self._bias[1] + self.glitch_e

    @property
    def position_variance(self) -> float:
        """The position's test ratio as EKF_STATUS_REPORT tells it: from 1 on the GPS is not believed."""
        if not self.gps_there:
            return min(_QUIET_VARIANCE + self._bad_s / _RETRY_S, 1.0)
        return min(_QUIET_VARIANCE + self.glitched_m / _GATE_M, 10.0)

    def step(self) -> None:
        """Let one step pass; to be called only where not :attr:`sound`."""
        if self.gps_there and not self.glitching:
            share = STEP_S / 2.0
            self.n += (self._bias[0] + self.glitch_n - self.n) * share
            self.e += (self._bias[1] + self.glitch_e - self.e) * share
            self.lost, self._bad_s = False, 0.0
            if self.glitched_m < 0.01:
                self.n, self.e = self.gps_offset
            return
        self._bad_s += STEP_S
        if not self.gps_there:
            self.n += _DRIFT_M_S2 * self._bad_s * STEP_S
            self.lost = self._bad_s >= _RETRY_S
        elif self._bad_s >= _RETRY_S:
            self.n, self.e = self.gps_offset
            self._bad_s, self.lost = 0.0, False
