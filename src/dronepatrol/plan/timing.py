"""How long a leg takes: straight flight from standstill to standstill, with ramps of constant acceleration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Pace:
    """The aircraft's speed and acceleration over the ground; it stops at every change of direction."""

    speed_m_s: float
    acceleration_m_s2: float

    def leg_s(self, length_m: ArrayLike) -> NDArray[np.float64]:
        """Return (…) seconds for straight legs of (…) metres, standstill to standstill.

        A trapezoidal velocity profile, or a triangular one where the leg is too short to reach the speed.
        """
        length = np.asarray(length_m, dtype=float)
        speed, acceleration = self.speed_m_s, self.acceleration_m_s2
        long = length / speed + speed / acceleration
        short = 2.0 * np.sqrt(length / acceleration)
        return np.where(length > speed * speed / acceleration, long, short)

    def path_s(self, points: NDArray[np.float64]) -> float:
        """Return the seconds along (n, 2) points in metres; collinear points do not stop the aircraft."""
        corners = straightened(points)
        return float(self.leg_s(np.hypot(*np.diff(corners, axis=0).T)).sum()) if len(corners) > 1 else 0.0


def straightened(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (m, 2) points without repeated ones and without those on the straight line between their neighbours."""
    kept: list[NDArray[np.float64]] = []
    for point in np.asarray(points, dtype=float):
        if kept and np.hypot(*(point - kept[-1])) < 1e-6:
            continue
        while len(kept) >= 2 and _goes_on(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return np.array(kept).reshape(-1, 2)


def _goes_on(before: NDArray[np.float64], corner: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    (ax, ay), (bx, by) = corner - before, after - corner
    scale = np.hypot(ax, ay) * np.hypot(bx, by)
    return bool(abs(ax * by - ay * bx) < 1e-6 * scale and ax * bx + ay * by > 0)
