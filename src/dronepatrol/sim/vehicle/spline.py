"""A curved leg (MAV_CMD_NAV_SPLINE_WAYPOINT): a cubic Hermite curve, flown as fast as its bends allow.

As ArduCopter lays it: the tangents are the vectors along which the curve is entered and left, shortened together where
they are more than four times as long as the way. The speed is this vehicle's own: along each short piece no faster than
the limits and than the acceleration allows in the bend, and from piece to piece no more change than the acceleration.
"""

from bisect import bisect_right
from itertools import pairwise
from math import hypot, sqrt

from dronepatrol.sim.vehicle.leg import Limits, Vector

_PIECES = 120
_LONGEST_TANGENT = 4.0


class Curve:
    """A curved leg; ``leaving`` and ``arriving`` are its tangents, nothing for a stop."""

    def __init__(
        self, start: Vector, end: Vector, leaving: Vector, arriving: Vector, limits: Limits, *, start_m_s: float = 0.0
    ) -> None:
        self.start, self.end, self.limits = start, end, limits
        self._way = (end[0] - start[0], end[1] - start[1], end[2] - start[2])
        self._lay(leaving, arriving)
        self.arriving, self._stops = arriving, hypot(*arriving) == 0.0
        self._start_m_s = start_m_s if hypot(*leaving) > 0.0 else 0.0
        self._plan()

    def _lay(self, leaving: Vector, arriving: Vector) -> None:
        length, tangents = hypot(*self._way), hypot(*leaving) + hypot(*arriving)
        share = min(1.0, _LONGEST_TANGENT * length / tangents) if tangents > 0.0 else 1.0
        self._m0 = tuple(part * share for part in leaving)
        self._m1 = tuple(part * share for part in arriving)

    def _point(self, u: float) -> Vector:
        """Return the way from the start at a share of the curve's own variable."""
        h1, h2, h3 = u * (1 - u) ** 2, u * u * (3 - 2 * u), u * u * (u - 1)
        n, e, up = (h1 * a + h2 * d + h3 * b for a, d, b in zip(self._m0, self._way, self._m1, strict=True))
        return n, e, up

    def _plan(self) -> None:
        points = [self._point(i / _PIECES) for i in range(_PIECES + 1)]
        steps = [hypot(*(q - p for p, q in zip(a, b, strict=True))) for a, b in pairwise(points)]
        limits, most = self.limits, self.limits.level_m_s2
        speeds = [limits.level_m_s] * (_PIECES + 1)
        for i in range(1, _PIECES):
            speeds[i] = min(limits.level_m_s, sqrt(most / max(_bend(*points[i - 1 : i + 2]), 1e-9)))
            rise = abs(points[i + 1][2] - points[i - 1][2]) / max(steps[i - 1] + steps[i], 1e-9)
            vertical = limits.up_m_s if points[i + 1][2] > points[i - 1][2] else limits.down_m_s
            speeds[i] = min(speeds[i], vertical / rise if rise > 1e-9 else limits.level_m_s)
        speeds[0] = min(self._start_m_s, speeds[1])
        speeds[-1] = 0.0 if self._stops else speeds[-2]
        for i in range(_PIECES):
            speeds[i + 1] = min(speeds[i + 1], sqrt(speeds[i] ** 2 + 2 * most * steps[i]))
        for i in range(_PIECES, 0, -1):
            speeds[i - 1] = min(speeds[i - 1], sqrt(speeds[i] ** 2 + 2 * most * steps[i - 1]))
        self._times, self.length = [0.0], sum(steps)
        for i, step in enumerate(steps):
            mean = (speeds[i] + speeds[i + 1]) / 2
            self._times.append(self._times[-1] + (step / mean if mean > 1e-9 else 0.0))
        self._points, self._speeds = points, speeds
        self.duration, self.top_m_s = self._times[-1], max(speeds)

    @property
    def entry_m_s(self) -> float:
        """How fast its first bend may be entered."""
        return min(self.limits.level_m_s, self._speeds[1])

    @property
    def exit_m_s(self) -> float:
        """How fast it is left."""
        return self._speeds[-1]

    def enter_at(self, speed_m_s: float) -> None:
        """Begin at a speed; only before it is flown."""
        self._start_m_s = speed_m_s
        self._plan()

    def change_speed(self, limits: Limits, now_s: float) -> None:
        """Fly at other speeds where it has not begun; a curve under way keeps its speed."""
        if now_s <= 0.0:
            self.limits = limits
            self._plan()

    def at(self, t: float) -> tuple[Vector, Vector, Vector]:
        """Return the way from the start, velocity and acceleration at ``t`` seconds."""
        at = min(max(bisect_right(self._times, t) - 1, 0), _PIECES - 1)
        began, ends = self._times[at], self._times[at + 1]
        if t >= self.duration:
            at, began, ends = _PIECES - 1, self._times[-2], self._times[-1]
        lasts = max(ends - began, 1e-9)
        v0, v1 = self._speeds[at], self._speeds[at + 1]
        inside = min(max(t - began, 0.0), lasts)
        pull = (v1 - v0) / lasts
        speed, length = v0 + pull * inside, (v0 + v1) / 2 * lasts
        share = (v0 * inside + pull * inside * inside / 2) / length if length > 1e-9 else 1.0
        if t >= self.duration:
            share, speed, pull = 1.0, v1, 0.0
        here = self._point((at + share) / _PIECES)
        a, b = self._points[at], self._points[at + 1]
        size = max(hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]), 1e-9)
        unit = (b[0] - a[0]) / size, (b[1] - a[1]) / size, (b[2] - a[2]) / size
        velocity = unit[0] * speed, unit[1] * speed, unit[2] * speed
        return here, velocity, (unit[0] * pull, unit[1] * pull, unit[2] * pull)


def _bend(a: Vector, b: Vector, c: Vector) -> float:
    """Return the curvature (1/m) through three places: Menger's."""
    ab, bc = [q - p for p, q in zip(a, b, strict=True)], [q - p for p, q in zip(b, c, strict=True)]
    cross = (ab[1] * bc[2] - ab[2] * bc[1], ab[2] * bc[0] - ab[0] * bc[2], ab[0] * bc[1] - ab[1] * bc[0])
    sides = hypot(*ab) * hypot(*bc) * hypot(*(q - p for p, q in zip(a, c, strict=True)))
    return 2 * hypot(*cross) / sides if sides > 1e-9 else 0.0
