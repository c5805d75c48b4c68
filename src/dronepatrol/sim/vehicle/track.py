"""The path that AUTO flies: straight legs, each planned from rest to rest with limited jerk, joined at the corners.

A corner is flown by starting the next leg before the last one has ended and adding the two: so early that the middle of
the turn stays within the waypoint's radius, the speed within both legs' and the acceleration within the corner's limit.
That is how ArduCopter flies since 4.1, and what the recorded flight shows.
"""

from dataclasses import dataclass
from math import hypot, sqrt

Vector = tuple[float, float, float]
"""North, east, up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a leg may use: level, climbing and sinking speed, level and vertical acceleration, jerk; SI units."""

    level_m_s: float
    up_m_s: float
    down_m_s: float
    level_m_s2: float
    vertical_m_s2: float
    jerk_m_s3: float


class Leg:
    """One straight leg from rest to rest: seven phases of constant jerk, the second half the first's mirror."""

    def __init__(self, start: Vector, end: Vector, limits: Limits) -> None:
        self.start, self.end = start, end
        dn, de, du = end[0] - start[0], end[1] - start[1], end[2] - start[2]
        level = hypot(dn, de)
        self.length: float = hypot(level, du)
        self.unit: Vector
        if self.length < 1e-6:
            self.length, self.unit = 0.0, (0.0, 0.0, 0.0)
            self.top_m_s, self.duration = 0.0, 0.0
            self._jerk = self._ramp = self._hold = self._half = self._cruise = 0.0
            return
        self.unit = (dn / self.length, de / self.length, du / self.length)
        share_level, share_up = level / self.length, abs(du) / self.length
        vertical = limits.up_m_s if du > 0 else limits.down_m_s
        speed = _along(share_level, limits.level_m_s, share_up, vertical)
        acceleration = _along(share_level, limits.level_m_s2, share_up, limits.vertical_m_s2)
        self._plan(speed, acceleration, limits.jerk_m_s3)

    def _plan(self, speed: float, acceleration: float, jerk: float) -> None:
        ramp, hold = acceleration / jerk, 0.0
        if speed < acceleration * ramp:
            ramp = sqrt(speed / jerk)
        else:
            hold = speed / acceleration - ramp
        if jerk * ramp * (ramp + hold) * (2 * ramp + hold) > self.length:  # too short for the speed
            ramp = min(ramp, (self.length / (2 * jerk)) ** (1 / 3))
            a = jerk * ramp
            hold = max(0.0, (-3 * ramp + sqrt(ramp * ramp + 4 * self.length / a)) / 2)
        self._jerk, self._ramp, self._hold = jerk, ramp, hold
        self._half = 2 * ramp + hold
        self.top_m_s = jerk * ramp * (ramp + hold)
        self._cruise = max(0.0, (self.length - self.top_m_s * self._half) / self.top_m_s)
        self.duration = 2 * self._half + self._cruise

    def _rise(self, t: float) -> tuple[float, float, float]:
        """Return way, speed and acceleration ``t`` seconds after the start, within the speeding up."""
        j, r, h = self._jerk, self._ramp, self._hold
        if t <= r:
            return j * t * t * t / 6, j * t * t / 2, j * t
        a = j * r
        s, v = j * r * r * r / 6, j * r * r / 2
        if t <= r + h:
            t -= r
            return s + v * t + a * t * t / 2, v + a * t, a
        s, v = s + v * h + a * h * h / 2, v + a * h
        t -= r + h
        return s + v * t + a * t * t / 2 - j * t * t * t / 6, v + a * t - j * t * t / 2, a - j * t

    def along(self, t: float) -> tuple[float, float, float]:
        """Return way (m), speed (m/s) and acceleration (m/s²) along the leg at ``t`` seconds."""
        if t <= 0.0:
            return 0.0, 0.0, 0.0
        if t >= self.duration:
            return self.length, 0.0, 0.0
        if t < self._half:
            return self._rise(t)
        left = self.duration - t
        if left < self._half:
            s, v, a = self._rise(left)
            return self.length - s, v, -a
        s, v, _ = self._rise(self._half)
        return s + v * (t - self._half), v, 0.0


def _along(share_level: float, level: float, share_up: float, vertical: float) -> float:
    """Return the limit along a sloping leg from the level and the vertical one."""
    bounds = [level / share_level] if share_level > 1e-9 else []
    if share_up > 1e-9:
        bounds.append(vertical / share_up)
    return min(bounds)


def overlap_s(this: Leg, following: Leg, radius_m: float, corner_m_s2: float) -> float:
    """Return how long before the end of a leg the next one starts, in seconds; 0 for a stop between them."""
    longest = min(this.duration, following.duration) / 2
    fastest = min(this.top_m_s, following.top_m_s)
    steps = int(longest / 0.01)
    for step in range(steps, 0, -1):
        half = step * 0.005
        s1, v1, a1 = this.along(this.duration - half)
        s2, v2, a2 = following.along(half)
        rest = this.length - s1
        at = [following.unit[i] * s2 - this.unit[i] * rest for i in range(3)]
        speed = [this.unit[i] * v1 + following.unit[i] * v2 for i in range(2)]
        turn = [this.unit[i] * a1 + following.unit[i] * a2 for i in range(2)]
        if hypot(*at) <= radius_m and hypot(*speed) <= fastest * 1.000001 and hypot(*turn) <= corner_m_s2:
            return 2 * half
    return 0.0


class Track:
    """The legs being flown, and the moving target on them."""

    def __init__(self, radius_m: float, corner_m_s2: float) -> None:
        self._radius_m, self._corner_m_s2 = radius_m, corner_m_s2
        self._last: Leg | None = None
        self._this: Leg | None = None
        self._next: Leg | None = None
        self._t_last = self._t_this = self._t_next = 0.0
        self._overlap = 0.0
        self.position: Vector = (0.0, 0.0, 0.0)
        self.velocity: Vector = (0.0, 0.0, 0.0)
        self.acceleration: Vector = (0.0, 0.0, 0.0)

    def begin(self, this: Leg, following: Leg | None) -> None:
        """Start from rest on a leg; ``following`` is given where the corner at its end is flown without a stop."""
        self._last, self._this, self._t_this = None, this, 0.0
        self._look_ahead(following)
        self._place()

    def go_on(self, following: Leg | None) -> None:
        """Turn to the next leg; the last one's end is still being flown."""
        self._last, self._t_last = self._this, self._t_this
        self._this, self._t_this = self._next, self._t_next
        self._look_ahead(following)

    def _look_ahead(self, following: Leg | None) -> None:
        self._next, self._t_next = following, 0.0
        self._overlap = 0.0
        if self._this is not None and following is not None:
            self._overlap = overlap_s(self._this, following, self._radius_m, self._corner_m_s2)

    @property
    def end(self) -> Vector | None:
        """Where the leg being flown ends."""
        return None if self._this is None else self._this.end

    def cross_track_m(self, north_m: float, east_m: float) -> float:
        """Return how far a place is off the way of the moving target, positive to its right."""
        vn, ve, _ = self.velocity
        speed = hypot(vn, ve)
        if speed < 1e-3:
            return 0.0
        return ((east_m - self.position[1]) * vn - (north_m - self.position[0]) * ve) / speed

    @property
    def has_next(self) -> bool:
        """Whether the leg after this one is known and joined to it."""
        return self._next is not None

    def advance(self, seconds: float) -> bool:
        """Move the target on; return whether this leg is done: mid-turn at a joined corner, else at its end."""
        this = self._this
        if this is None:
            return True
        self._t_last += seconds
        self._t_this += seconds
        left = this.duration - self._t_this
        if self._next is not None and (self._t_next > 0.0 or left <= self._overlap):
            self._t_next += seconds
        self._place()
        if self._next is not None and self._overlap > 0.0:
            return self._t_next >= left
        return left <= 0.0

    def _place(self) -> None:
        this = self._this
        if this is None:
            return
        way, speed, pull = this.along(self._t_this)
        (n, e, u), (un, ue, uu) = this.start, this.unit
        at = [n + un * way, e + ue * way, u + uu * way]
        moving = [un * speed, ue * speed, uu * speed]
        pulling = [un * pull, ue * pull, uu * pull]
        others: list[tuple[Leg, float, float, float]] = []
        if self._last is not None and self._t_last < self._last.duration:
            way, speed, pull = self._last.along(self._t_last)
            others.append((self._last, way - self._last.length, speed, pull))
        if self._next is not None and self._t_next > 0.0:
            others.append((self._next, *self._next.along(self._t_next)))
        for leg, way, speed, pull in others:
            for axis, part in enumerate(leg.unit):
                at[axis] += part * way
                moving[axis] += part * speed
                pulling[axis] += part * pull
        self.position = (at[0], at[1], at[2])
        self.velocity = (moving[0], moving[1], moving[2])
        self.acceleration = (pulling[0], pulling[1], pulling[2])
