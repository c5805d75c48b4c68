"""One straight leg of a path, its speed planned with limited acceleration, jerk and snap.

The rules are ArduCopter's since 4.1, as its documentation and the recorded flights show them: limits along a slope come
from the level and the vertical ones; a change of speed on the way is begun where the leg is flown at constant speed.
"""

from dataclasses import dataclass
from math import hypot

from dronepatrol.sim.vehicle.profile import Bounds, Profile, change, fastest_m_s

Vector = tuple[float, float, float]
"""North, east, up."""
NOWHERE: Vector = (0.0, 0.0, 0.0)
_SHORTEST_M = 1e-6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a leg may use: level, climbing and sinking speed, level and vertical acceleration, jerk, snap; SI units."""

    level_m_s: float
    up_m_s: float
    down_m_s: float
    level_m_s2: float
    vertical_m_s2: float
    jerk_m_s3: float
    snap_m_s4: float


class Leg:
    """A straight leg; ``start_m_s`` and ``end_m_s`` are its speeds at both ends, lowered to what can be flown."""

    def __init__(
        self, start: Vector, end: Vector, limits: Limits, *, start_m_s: float = 0.0, end_m_s: float = 0.0
    ) -> None:
        self.start, self.end, self.limits = start, end, limits
        dn, de, du = end[0] - start[0], end[1] - start[1], end[2] - start[2]
        level = hypot(dn, de)
        self.length: float = hypot(level, du)
        self._start_m_s, self._end_m_s = start_m_s, end_m_s
        if self.length < _SHORTEST_M:
            self.length, self.unit, self.top_m_s, self.duration = 0.0, NOWHERE, 0.0, 0.0
            self._profile, self.accelerated_s, self.braking_from_s = Profile(0.0), 0.0, 0.0
            return
        self.unit = (dn / self.length, de / self.length, du / self.length)
        self._shares, self._climbs = (level / self.length, abs(du) / self.length), du > 0
        self._bounds = Bounds(
            _along(self._shares, limits.level_m_s2, limits.vertical_m_s2), limits.jerk_m_s3, limits.snap_m_s4
        )
        self._plan(Profile(min(start_m_s, self._wish_m_s())))

    def _wish_m_s(self) -> float:
        limits = self.limits
        return _along(self._shares, limits.level_m_s, limits.up_m_s if self._climbs else limits.down_m_s)

    def _plan(self, begun: Profile) -> None:
        """Go on from what is already planned: to the wanted speed, at constant speed, and down to the end's speed."""
        way, speed, _ = begun.end
        left, wish = self.length - way, self._wish_m_s()
        end = min(self._end_m_s, wish)
        top = fastest_m_s(speed, wish, end, left, self._bounds) if wish > speed else wish
        up, down = change(speed, top, self._bounds), change(top, end, self._bounds)
        if up.way_m + down.way_m > left + 1e-6:  # no room to slow down and then to brake: braking is all there is
            top, up, down = speed, change(speed, speed, self._bounds), change(speed, end, self._bounds)
        if begun.seconds == 0.0:
            self._first = up
        begun.add_change(up)
        self.accelerated_s = begun.seconds
        begun.add_way(left - up.way_m - down.way_m)
        self.braking_from_s = begun.seconds
        begun.add_change(down)
        self.top_m_s = max(speed, top)
        self._profile, self.duration = begun, begun.seconds

    @property
    def exit_m_s(self) -> float:
        """How fast it is left."""
        return self._profile.end[1]

    def end_at(self, speed_m_s: float) -> None:
        """End at a speed instead of at rest; only before it is flown."""
        self._end_m_s = speed_m_s
        if self.length > 0.0:
            self._plan(Profile(min(self._start_m_s, self._wish_m_s())))

    def change_speed(self, limits: Limits, now_s: float) -> None:
        """Fly on at other speeds from ``now_s`` after the start on, or where the speed has settled; not in braking."""
        if self.length == 0.0 or now_s >= self.braking_from_s:
            return None
        self.limits = limits
        if now_s <= 0.0:
            return self._plan(Profile(min(self._start_m_s, self._wish_m_s())))
        if now_s < self._first.seconds and self._wish_m_s() < self._first.end_m_s:
            begun = Profile(self._first.start_m_s)
            self._first = self._first.shortened(now_s, self._wish_m_s())
            begun.add_change(self._first)
            return self._plan(begun)
        return self._plan(self._profile.copy_until(max(now_s, self.accelerated_s)))

    def along(self, t: float) -> tuple[float, float, float]:
        """Return way (m), speed (m/s) and acceleration (m/s²) along the leg at ``t`` seconds."""
        return self._profile.at(t)

    def at(self, t: float) -> tuple[Vector, Vector, Vector]:
        """Return the way from the start, velocity and acceleration at ``t`` seconds."""
        (un, ue, uu), (s, v, a) = self.unit, self._profile.at(t)
        return (un * s, ue * s, uu * s), (un * v, ue * v, uu * v), (un * a, ue * a, uu * a)


def _along(shares: tuple[float, float], level: float, vertical: float) -> float:
    """Return the limit along a sloping leg from the level and the vertical one."""
    bounds = [bound / share for bound, share in zip((level, vertical), shares, strict=True) if share > 1e-9]
    return min(bounds)
