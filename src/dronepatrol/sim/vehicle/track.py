"""The path that AUTO flies: legs, each planned from speed to speed, joined at the corners.

A corner between straight legs is flown by starting the next leg before this one has ended and adding the two: as soon
as this one brakes and the middle of the turn would lie within the waypoint's radius, be slower than both legs and turn
with no more than the corner's acceleration. That is how ArduCopter flies since 4.1, and what the recorded flight shows.
"""

from math import hypot
from typing import cast

from dronepatrol.sim.vehicle.leg import NOWHERE, Leg, Limits, Vector
from dronepatrol.sim.vehicle.spline import Curve

Way = Leg | Curve


class Track:
    """The legs being flown, and the moving target on them."""

    def __init__(self, radius_m: float, corner_m_s2: float) -> None:
        self._radius_m, self._corner_m_s2 = radius_m, corner_m_s2
        self._last: Leg | None = None
        self._this: Way | None = None
        self._next: Way | None = None
        self._t_last = self._t_this = self._t_next = 0.0
        self.position = self.velocity = self.acceleration = NOWHERE

    def begin(self, this: Way, following: Way | None) -> None:
        """Start on a leg; ``following`` is given where the corner at its end is flown without a stop."""
        self._last, self._this, self._t_this = None, this, 0.0
        self._next, self._t_next = following, 0.0
        self._place()

    def go_on(self, following: Way | None) -> None:
        """Turn to the next leg; a straight one's end is still being flown."""
        this, upcoming = self._this, self._next
        blended = isinstance(this, Leg) and isinstance(upcoming, Leg)
        self._last, self._t_last = (this if blended and isinstance(this, Leg) else None), self._t_this
        self._this, self._t_this = upcoming, self._t_next
        self._next, self._t_next = following, 0.0

    def change_speed(self, limits: Limits) -> None:
        """Fly on at other speeds, on this leg and the next."""
        if self._this is not None:
            self._this.change_speed(limits, self._t_this)
        if self._next is not None:
            self._next.change_speed(limits, self._t_next)

    @property
    def end(self) -> Vector | None:
        """Where the leg being flown ends."""
        return None if self._this is None else self._this.end

    @property
    def upcoming(self) -> Way:
        """The leg joined to this one; to be asked for only where there is one."""
        return cast("Way", self._next)

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
        this, upcoming = self._this, self._next
        if this is None:
            return True
        self._t_last += seconds
        self._t_this += seconds
        left = this.duration - self._t_this
        if isinstance(this, Leg) and isinstance(upcoming, Leg):
            if self._t_next > 0.0 or self._turns(this, upcoming, left):
                self._t_next += seconds
            self._place()
            return left <= 0.0 or (self._t_next > 0.0 and self._t_next >= left)
        if upcoming is not None and left < 0.0:
            self._t_next = -left
        self._place()
        return left <= 0.0

    def _turns(self, this: Leg, following: Leg, left_s: float) -> bool:
        """Return whether the turn may begin now."""
        if self._t_this < this.braking_from_s or left_s > following.accelerated_s:
            return False
        s1, v1, a1 = this.along(self._t_this + left_s / 2)
        s2, v2, a2 = following.along(left_s / 2)
        u1, u2, rest = this.unit, following.unit, this.length - s1
        away = [u2[i] * s2 - u1[i] * rest for i in range(3)]
        speed = [u1[i] * v1 + u2[i] * v2 for i in range(3)]
        turn = [u1[i] * a1 + u2[i] * a2 for i in range(3)]
        vertical = min(this.limits.vertical_m_s2, following.limits.vertical_m_s2)
        return (
            hypot(*away) < self._radius_m
            and hypot(*speed) < min(this.top_m_s, following.top_m_s)
            and hypot(turn[0], turn[1]) < self._corner_m_s2
            and abs(turn[2]) < vertical
        )

    def _place(self) -> None:
        this = self._this
        if this is None:
            return
        n, e, u = this.start
        (on, oe, ou), (vn, ve, vu), (an, ae, au) = this.at(self._t_this)
        parts: list[tuple[Vector, Vector, Vector]] = []
        last, following = self._last, self._next
        if last is not None and self._t_last < last.duration:
            way, v, a = last.at(self._t_last)
            back = tuple(w - (end - start) for w, end, start in zip(way, last.end, last.start, strict=True))
            parts.append(((back[0], back[1], back[2]), v, a))
        if isinstance(following, Leg) and self._t_next > 0.0:
            parts.append(following.at(self._t_next))
        for way, v, a in parts:
            on, oe, ou = on + way[0], oe + way[1], ou + way[2]
            vn, ve, vu = vn + v[0], ve + v[1], vu + v[2]
            an, ae, au = an + a[0], ae + a[1], au + a[2]
        self.position = (n + on, e + oe, u + ou)
        self.velocity, self.acceleration = (vn, ve, vu), (an, ae, au)
