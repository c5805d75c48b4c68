"""Speed over time along a way: changes of speed with limited acceleration, jerk and snap, and constant speed between.

A change of speed is symmetric about its middle. Its acceleration rises with a pulse of jerk, stays, and falls with the
pulse mirrored; a pulse rises and falls as a raised cosine in ``ramp_s`` each. From that symmetry, with the greatest
acceleration A and the pulse lasting p, the hold h: the speed gained is A (p + h), and the way is the mean speed times
2 p + h.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from math import cos, pi, sin, sqrt

_BISECTIONS = 40
_NONE_M_S = 1e-9


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a change of speed may use along the way: m/s², m/s³, m/s⁴."""

    acceleration: float
    jerk: float
    snap: float


@dataclass(frozen=True, slots=True)
class Change:
    """One change of speed: signed peak jerk, and how long its ramps, its constant jerk and its hold last."""

    start_m_s: float
    end_m_s: float
    jerk_m_s3: float
    ramp_s: float
    constant_s: float
    hold_s: float

    @property
    def pulse_s(self) -> float:
        """How long the acceleration rises."""
        return 2 * self.ramp_s + self.constant_s

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return 2 * self.pulse_s + self.hold_s

    @property
    def way_m(self) -> float:
        """How far it leads."""
        return (self.start_m_s + self.end_m_s) / 2 * self.seconds

    def shortened(self, from_s: float, wish_m_s: float) -> "Change":
        """Return what is left of an acceleration when from a time on only ``wish_m_s`` is wanted: less hold."""
        left = self.pulse_s + self.hold_s - max(from_s, self.pulse_s)
        peak = self.jerk_m_s3 * (self.ramp_s + self.constant_s)
        cut = min(max(left, 0.0), (self.end_m_s - wish_m_s) / peak)
        return replace(self, end_m_s=self.end_m_s - peak * cut, hold_s=self.hold_s - cut)


def change(start_m_s: float, end_m_s: float, bounds: Bounds) -> Change:
    """Return the quickest change from one speed to another."""
    gain = abs(end_m_s - start_m_s)
    if gain < _NONE_M_S:
        return Change(start_m_s, start_m_s, 0.0, 0.0, 0.0, 0.0)
    jerk, ramp = bounds.jerk, pi * bounds.jerk / (2 * bounds.snap)
    peak = min(bounds.acceleration, jerk * (sqrt(ramp * ramp + 4 * gain / jerk) - ramp) / 2)
    if peak < jerk * ramp:  # too little to reach the full jerk: the snap alone limits it
        ramp = min((pi * gain / (4 * bounds.snap)) ** (1 / 3), sqrt(pi * bounds.acceleration / (2 * bounds.snap)))
        jerk = 2 * bounds.snap * ramp / pi
        peak = jerk * ramp
    constant = max(peak / jerk - ramp, 0.0)
    hold = max(gain / peak - 2 * ramp - constant, 0.0)
    return Change(start_m_s, end_m_s, jerk if end_m_s > start_m_s else -jerk, ramp, constant, hold)


def fastest_m_s(start_m_s: float, wish_m_s: float, end_m_s: float, length_m: float, bounds: Bounds) -> float:
    """Return the greatest speed up to ``wish_m_s`` that can be gone to and left again within a length."""

    def needs_m(speed: float) -> float:
        return change(start_m_s, speed, bounds).way_m + change(speed, end_m_s, bounds).way_m

    if needs_m(wish_m_s) <= length_m:
        return wish_m_s
    low, high = max(start_m_s, end_m_s), wish_m_s
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if needs_m(middle) <= length_m else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part with one form of jerk; way, speed and acceleration are those at its start."""

    form: int  # 0 constant, 1 rising, -1 falling
    jerk: float
    seconds: float
    way: float
    speed: float
    pull: float

    def at(self, t: float) -> tuple[float, float, float]:
        s, v, a, j = self.way, self.speed, self.pull, self.jerk
        if self.form == 0:
            return s + t * (v + t * (a / 2 + j * t / 6)), v + t * (a + j * t / 2), a + j * t
        w, half, sign = pi / self.seconds, j / 2, float(self.form)  # jerk: half (1 - sign cos w t)
        wobble = sign * half / w
        return (
            s + t * (v + t * (a / 2 + half * t / 6)) - wobble / w * (t - sin(w * t) / w),
            v + t * (a + half * t / 2) - wobble / w * (1 - cos(w * t)),
            a + half * t - wobble * sin(w * t),
        )


class Profile:
    """Changes and stretches of constant speed, one after the other."""

    def __init__(self, start_m_s: float) -> None:
        self._pieces: list[_Piece] = []
        self._ends: list[float] = []
        self.end = (0.0, start_m_s, 0.0)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self._ends[-1] if self._ends else 0.0

    def copy_until(self, seconds: float) -> "Profile":
        """Return its beginning, up to a time at which nothing changes the speed."""
        first = Profile(self.at(0.0)[1])
        for piece, end in zip(self._pieces, self._ends, strict=True):
            if end - piece.seconds >= seconds - 1e-9:
                break
            first.add(piece.form, piece.jerk, min(piece.seconds, seconds - (end - piece.seconds)))
        return first

    def add(self, form: int, jerk: float, seconds: float) -> None:
        """Add a part with constant (0), rising (1) or falling (-1) jerk."""
        if seconds <= 0.0:
            return
        piece = _Piece(form, jerk, seconds, *self.end)
        self._pieces.append(piece)
        self._ends.append(self.seconds + seconds)
        self.end = piece.at(seconds)

    def add_change(self, step: Change) -> None:
        """Add a change of speed."""
        for jerk in (step.jerk_m_s3, -step.jerk_m_s3):
            self.add(1, jerk, step.ramp_s)
            self.add(0, jerk, step.constant_s)
            self.add(-1, jerk, step.ramp_s)
            if jerk == step.jerk_m_s3:
                self.add(0, 0.0, step.hold_s)
        self.end = (self.end[0], step.end_m_s, 0.0)  # without what rounding left

    def add_way(self, metres: float) -> None:
        """Add a stretch of constant speed."""
        if metres > 0.0 and self.end[1] > 0.0:
            self.add(0, 0.0, metres / self.end[1])

    def at(self, t: float) -> tuple[float, float, float]:
        """Return way (m), speed (m/s) and acceleration (m/s²) at ``t`` seconds."""
        if not self._pieces or t >= self._ends[-1]:
            return self.end
        if t <= 0.0:
            first = self._pieces[0]
            return first.way, first.speed, first.pull
        index = bisect_left(self._ends, t)
        piece = self._pieces[index]
        return piece.at(t - (self._ends[index] - piece.seconds))
