"""How long a leg takes: straight flight from standstill to standstill, with ramps of constant acceleration.

A multicopter holds the speed over the ground that it is asked for, until the air speed which that takes is more than
it has: from there on the wind slows it, straight against it most, across it less.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_M_S = 0.5
"""Legs against a wind that the aircraft cannot beat are timed with this speed: they are to be the last choice."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pace:
    """The aircraft's speed and acceleration over the ground; it stops at every change of direction.

    ``wind_m_s`` is where the air moves to, along the axes of the frame that legs are given in; ``air_speed_m_s`` is
    the most that the aircraft flies through the air.
    """

    speed_m_s: float
    acceleration_m_s2: float
    wind_m_s: tuple[float, float] = (0.0, 0.0)
    air_speed_m_s: float = float("inf")

    def turned(self, angle_rad: float) -> "Pace":
        """Return the pace in a frame whose x axis lies at an angle, in radians counter-clockwise, in this one."""
        (x, y), cos, sin = self.wind_m_s, np.cos(angle_rad), np.sin(angle_rad)
        return replace(self, wind_m_s=(float(x * cos + y * sin), float(y * cos - x * sin)))

    @property
    def is_slowed(self) -> bool:
        """Whether the wind slows any leg at all: one straight against it."""
        return self.speed_m_s + float(np.hypot(*self.wind_m_s)) > self.air_speed_m_s

    def leg_s(self, length_m: ArrayLike, speed_m_s: ArrayLike | None = None) -> Array:
        """Return (…) seconds for straight legs of (…) metres, standstill to standstill, in calm air.

        A trapezoidal velocity profile, or a triangular one where the leg is too short to reach the speed. Legs that
        the wind slows are given with their (…) speeds.
        """
        length, acceleration = np.asarray(length_m, dtype=float), self.acceleration_m_s2
        speed = np.asarray(self.speed_m_s if speed_m_s is None else speed_m_s, dtype=float)
        long = length / speed + speed / acceleration
        short = 2.0 * np.sqrt(length / acceleration)
        return np.where(length > speed * speed / acceleration, long, short)

    def ground_m_s(self, ways: Array) -> Array:
        """Return (…) speeds over the ground along (…, 2) ways: with the wind across made up for, what is left along."""
        if not self.is_slowed:
            return np.full(ways.shape[:-1], self.speed_m_s)
        lengths = np.maximum(np.hypot(ways[..., 0], ways[..., 1]), 1e-12)
        along = (ways[..., 0] * self.wind_m_s[0] + ways[..., 1] * self.wind_m_s[1]) / lengths
        across = (ways[..., 0] * self.wind_m_s[1] - ways[..., 1] * self.wind_m_s[0]) / lengths
        most = along + np.sqrt(np.maximum(self.air_speed_m_s**2 - across**2, 0.0))
        return np.clip(most, min(LEAST_M_S, self.speed_m_s), self.speed_m_s)

    def way_s(self, ways: Array) -> Array:
        """Return (…) seconds for straight legs along (…, 2) ways in metres, in the wind."""
        return self.leg_s(np.hypot(ways[..., 0], ways[..., 1]), self.ground_m_s(ways))

    def either_way_s(self, ways: Array) -> Array:
        """Return (…) seconds along (…, 2) ways, the mean of there and back: of legs whose sense is not yet chosen."""
        if not self.is_slowed:
            return self.leg_s(np.hypot(ways[..., 0], ways[..., 1]))
        return (self.way_s(ways) + self.way_s(-ways)) / 2

    def path_s(self, points: Array) -> float:
        """Return the seconds along (n, 2) points in metres; collinear points do not stop the aircraft."""
        corners = straightened(points)
        return float(self.way_s(np.diff(corners, axis=0)).sum()) if len(corners) > 1 else 0.0


def straightened(points: Array) -> Array:
    """Return (m, 2) points without repeated ones and without those on the straight line between their neighbours."""
    kept: list[Array] = []
    for point in np.asarray(points, dtype=float):
        if kept and np.hypot(*(point - kept[-1])) < 1e-6:
            continue
        while len(kept) >= 2 and _goes_on(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return np.array(kept).reshape(-1, 2)


def _goes_on(before: Array, corner: Array, after: Array) -> bool:
    (ax, ay), (bx, by) = corner - before, after - corner
    scale = np.hypot(ax, ay) * np.hypot(bx, by)
    return bool(abs(ax * by - ay * bx) < 1e-6 * scale and ax * bx + ay * by > 0)
