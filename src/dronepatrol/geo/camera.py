"""Pixels and rays of one camera. A ray is a direction in the camera's frame with third component 1."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.model.camera import Camera

_NEWTON_STEPS = 8


def _distort(camera: Camera, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Brown's distorted image coordinates (…, 2) for ideal ones (Brown 1966, in OpenCV's order)."""
    k1, k2, p1, p2, k3 = camera.distortion
    x, y = xy[..., 0], xy[..., 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=-1,
    )


def _undistort(camera: Camera, seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ideal image coordinates (…, 2) for distorted ones, by Newton's method."""
    k1, k2, p1, p2, k3 = camera.distortion
    ideal = seen
    for _ in range(_NEWTON_STEPS):
        x, y = ideal[..., 0], ideal[..., 1]
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        slope = k1 + r2 * (2 * k2 + r2 * 3 * k3)
        xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
        yy = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
        xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
        dx, dy = np.moveaxis(_distort(camera, ideal) - seen, -1, 0)
        step = np.stack([yy * dx - xy * dy, xx * dy - xy * dx], axis=-1) / (xx * yy - xy * xy)[..., None]
        ideal = ideal - step
    return ideal


def pixel_to_ray(camera: Camera, pixels: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 3) rays in the camera's frame (x right, y down, z = 1) for (…, 2) pixels (column, row)."""
    pixel = np.asarray(pixels, dtype=float)
    seen = (pixel - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px)
    ideal = _undistort(camera, seen) if any(camera.distortion) else seen
    return np.concatenate([ideal, np.ones((*ideal.shape[:-1], 1))], axis=-1)


def ray_to_pixel(camera: Camera, rays: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 2) pixels for (…, 3) directions in the camera's frame; NaN behind the camera."""
    ray = np.asarray(rays, dtype=float)
    depth = np.where(ray[..., 2:] > 0, ray[..., 2:], np.nan)
    ideal = ray[..., :2] / depth
    seen = _distort(camera, ideal) if any(camera.distortion) else ideal
    return np.asarray(seen * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px))
