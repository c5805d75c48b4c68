"""How a lens bends light: directions in the camera's frame to image coordinates and back.

Image coordinates are pixels from the principal point over the focal length; a lens knows neither. One small abstract
type, three lenses: pinhole, Brown's polynomial (OpenCV's order; DJI's DewarpData is one), and OpenCV's fisheye.
"""

from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.camera import FISHEYE, Camera

Floats = NDArray[np.float64]

_MOST_STEPS = 20
_STEP = 1e-12
_NEXT_IS_EXACT = 1e-11  # Newton's method squares the error: after a step this small, squared, it is below 1e-10
_FLAT = 1e-12


class Lens(ABC):
    """One lens; arrays are (…, 2) image coordinates and (…, 3) directions (x right, y down, z along the axis)."""

    @abstractmethod
    def image_of(self, rays: Floats) -> Floats:
        """Return image coordinates of directions; NaN where the lens shows none."""

    @abstractmethod
    def rays_of(self, seen: Floats) -> Floats:
        """Return directions for image coordinates; NaN where no direction is seen there."""

    @abstractmethod
    def per_focal(self, rays: Floats) -> Floats:
        """Return how a direction of :meth:`rays_of` changes per share by which the focal length is longer."""


class Pinhole(Lens):
    """No distortion; directions have third component 1."""

    def image_of(self, rays: Floats) -> Floats:
        """Return (…, 2) for (…, 3), see :class:`Lens`."""
        depth = np.where(rays[..., 2:] > 0, rays[..., 2:], np.nan)
        return np.asarray(rays[..., :2] / depth)

    def rays_of(self, seen: Floats) -> Floats:
        """Return (…, 3) for (…, 2), see :class:`Lens`."""
        rays = np.empty((*seen.shape[:-1], 3))
        rays[..., :2] = seen
        rays[..., 2] = 1.0
        return rays

    def per_focal(self, rays: Floats) -> Floats:
        """Return (…, 3) for (…, 3), see :class:`Lens`."""
        return rays * (-1.0, -1.0, 0.0)


class Brown(Pinhole):
    """Brown's radial and tangential distortion (Brown 1966), coefficients (k1, k2, p1, p2, k3) as OpenCV's.

    Beyond the radius at which the radial polynomial turns back, two directions would meet in one pixel: there the lens
    shows nothing.
    """

    def __init__(self, k1: float, k2: float, p1: float, p2: float, k3: float) -> None:
        self._k = k1, k2, p1, p2, k3
        self._farthest2 = _turning_point([1.0, 3 * k1, 5 * k2, 7 * k3])

    def image_of(self, rays: Floats) -> Floats:
        """Return (…, 2) for (…, 3), see :class:`Lens`."""
        ideal = super().image_of(rays)
        x, y = ideal[..., 0], ideal[..., 1]
        r2 = x * x + y * y
        u, v = self._bent(x, y, r2)
        beyond = r2 > self._farthest2
        return np.stack([np.where(beyond, np.nan, u), np.where(beyond, np.nan, v)], axis=-1)

    def _bent(self, x: Floats, y: Floats, r2: Floats) -> tuple[Floats, Floats]:
        k1, k2, p1, p2, k3 = self._k
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        cross = 2 * (p1 * y + p2 * x)
        return x * (radial + cross) + p2 * r2, y * (radial + cross) + p1 * r2

    def rays_of(self, seen: Floats) -> Floats:
        """Return (…, 3) for (…, 2), see :class:`Lens`."""
        k1, k2, p1, p2, k3 = self._k
        u, v = np.array(seen[..., 0]), np.array(seen[..., 1])
        x, y = u.copy(), v.copy()
        with np.errstate(all="ignore"):
            for _ in range(_MOST_STEPS):
                r2 = x * x + y * y
                du, dv = self._bent(x, y, r2)
                du -= u
                dv -= v
                radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
                twice = 2 * (k1 + r2 * (2 * k2 + r2 * 3 * k3))
                xx = radial + x * x * twice + 2 * p1 * y + 6 * p2 * x
                yy = radial + y * y * twice + 6 * p1 * y + 2 * p2 * x
                xy = x * y * twice + 2 * (p1 * x + p2 * y)
                scale = 1 / (xx * yy - xy * xy)
                dx = (yy * du - xy * dv) * scale
                dy = (xx * dv - xy * du) * scale
                x -= dx
                y -= dy
                moved = dx * dx + dy * dy
                if np.nanmax(moved, initial=0.0) < _NEXT_IS_EXACT:
                    break
            stray = ~((moved < _NEXT_IS_EXACT) & (x * x + y * y <= self._farthest2))
        x[stray], y[stray] = np.nan, np.nan
        return super().rays_of(np.stack([x, y], axis=-1))


class Fisheye(Lens):
    """OpenCV's fisheye (Kannala and Brandt 2006): angle off axis to radius, odd polynomial; directions are unit."""

    def __init__(self, k1: float, k2: float, k3: float, k4: float) -> None:
        self._k = k1, k2, k3, k4
        self._widest = min(np.sqrt(_turning_point([1.0, 3 * k1, 5 * k2, 7 * k3, 9 * k4])), np.pi)

    def image_of(self, rays: Floats) -> Floats:
        """Return (…, 2) for (…, 3), see :class:`Lens`."""
        x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
        off = np.hypot(x, y)
        angle = np.arctan2(off, z)
        radius = np.where(angle <= self._widest, self._radius(angle), np.nan)
        scale = np.divide(radius, off, out=np.ones_like(off), where=off > 0)
        return np.stack([x * scale, y * scale], axis=-1)

    def _radius(self, angle: Floats) -> Floats:
        k1, k2, k3, k4 = self._k
        a2 = angle * angle
        return np.asarray(angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4)))))

    def rays_of(self, seen: Floats) -> Floats:
        """Return (…, 3) for (…, 2), see :class:`Lens`."""
        k1, k2, k3, k4 = self._k
        radius = np.hypot(seen[..., 0], seen[..., 1])
        angle = np.minimum(radius, self._widest)
        with np.errstate(all="ignore"):
            for _ in range(_MOST_STEPS):
                a2 = angle * angle
                slope = 1 + a2 * (3 * k1 + a2 * (5 * k2 + a2 * (7 * k3 + a2 * 9 * k4)))
                step = (self._radius(angle) - radius) / slope
                angle = np.clip(angle - step, 0.0, self._widest)
                if np.nanmax(np.abs(step), initial=0.0) < _STEP:
                    break
            angle = np.where(np.abs(self._radius(angle) - radius) < 1e-6, angle, np.nan)
        scale = np.divide(np.sin(angle), radius, out=np.ones_like(radius), where=radius > 0)
        return np.stack([seen[..., 0] * scale, seen[..., 1] * scale, np.cos(angle)], axis=-1)

    def per_focal(self, rays: Floats) -> Floats:
        """Return (…, 3) for (…, 3), see :class:`Lens`."""
        x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
        off = np.hypot(x, y)
        angle = np.arctan2(off, z)
        away = np.divide(angle, off, out=np.zeros_like(off), where=off > 0)
        return np.stack([-x * z * away, -y * z * away, off * angle], axis=-1)


def _turning_point(slope: list[float]) -> float:
    """Return the square of the smallest positive radius at which a slope, by powers of its square, vanishes, or inf."""
    powers = np.where(np.abs(slope) < _FLAT, 0.0, slope)[::-1]
    roots = np.roots(np.trim_zeros(powers, "f"))
    real = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
    return float(real.min()) if len(real) else np.inf


@lru_cache(maxsize=512)
def lens_of(camera: Camera) -> Lens:
    """Return the lens of a camera."""
    if camera.lens == FISHEYE:
        return Fisheye(*camera.distortion[:4])
    return Brown(*camera.distortion) if any(camera.distortion) else Pinhole()
