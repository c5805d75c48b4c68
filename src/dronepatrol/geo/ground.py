"""Rays to flat ground and back. The ground is a level plane ``height_m`` below the camera."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.geo.camera import pixel_to_ray, ray_to_pixel
from dronepatrol.model.camera import Camera

MAX_OFF_NADIR_DEG = 75.0
"""Rays further from straight down than this are not followed: a small tilt moves their ground point without bound."""


def rays_to_ground(rays_ned: NDArray[np.float64], height_m: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 2) metres east and north of the camera where rays meet the ground; NaN for rays near the horizon.

    Parameters
    ----------
    rays_ned
        (…, 3) directions: north, east, down.
    height_m
        (…) height of the camera above the ground.
    """
    north, east, down = rays_ned[..., 0], rays_ned[..., 1], rays_ned[..., 2]
    steep = down > np.hypot(north, east) / np.tan(np.radians(MAX_OFF_NADIR_DEG))
    scale = np.asarray(height_m, dtype=float) / np.where(steep, down, np.nan)
    return np.stack([east * scale, north * scale], axis=-1)


def pixels_to_ground(
    camera: Camera, rotation: NDArray[np.float64], height_m: ArrayLike, pixels: ArrayLike
) -> NDArray[np.float64]:
    """Return (…, 2) metres east and north of the camera for (…, 2) pixels.

    Parameters
    ----------
    camera
        Inner geometry.
    rotation
        (…, 3, 3) camera to NED.
    height_m
        (…) height of the camera above the ground.
    pixels
        (…, 2) column, row.
    """
    rays = np.einsum("...ij,...j->...i", rotation, pixel_to_ray(camera, pixels))
    return rays_to_ground(rays, height_m)


def ground_to_pixels(
    camera: Camera, rotation: NDArray[np.float64], height_m: ArrayLike, east_north_m: ArrayLike
) -> NDArray[np.float64]:
    """Return (…, 2) pixels of ground points given in metres east and north of the camera; NaN behind the camera."""
    place = np.asarray(east_north_m, dtype=float)
    down = np.broadcast_to(np.asarray(height_m, dtype=float), place.shape[:-1])
    ned = np.stack([place[..., 1], place[..., 0], down], axis=-1)
    return ray_to_pixel(camera, np.einsum("...ji,...j->...i", rotation, ned))


def footprint(camera: Camera, rotation: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
    """Return (4, 2) metres east and north of the camera of the image's corners, or NaN where one sees the horizon."""
    width, height = camera.image_wh
    left, top, right, bottom = -0.5, -0.5, width - 0.5, height - 0.5
    return pixels_to_ground(camera, rotation, height_m, [[left, top], [right, top], [right, bottom], [left, bottom]])
