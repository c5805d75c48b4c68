"""Pixels and rays of one camera, whatever its lens (``geo.lens``)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.geo.lens import lens_of
from dronepatrol.model.camera import Camera


def pixel_to_ray(camera: Camera, pixels: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 3) rays in the camera's frame (x right, y down) for (…, 2) pixels (column, row).

    Rays have third component 1, those of a fisheye, which may look sideways, unit length; NaN where the lens's
    distortion is beyond what its polynomial can tell.
    """
    pixel = np.asarray(pixels, dtype=float)
    seen = (pixel - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px)
    return lens_of(camera).rays_of(seen)


def ray_to_pixel(camera: Camera, rays: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 2) pixels for (…, 3) directions in the camera's frame; NaN where the lens shows none.

    A pinhole and Brown's lens show nothing behind the camera; the pixel may lie outside the image.
    """
    seen = lens_of(camera).image_of(np.asarray(rays, dtype=float))
    return np.asarray(seen * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px))


def in_image(camera: Camera, pixels: ArrayLike, margin_px: float = 0.0) -> NDArray[np.bool_]:
    """Return (…) whether (…, 2) pixels lie in the image, at least ``margin_px`` inside its edge."""
    column, row = np.moveaxis(np.asarray(pixels, dtype=float), -1, 0)
    width, height = camera.image_wh
    least, right, bottom = margin_px - 0.5, width - 0.5 - margin_px, height - 0.5 - margin_px
    with np.errstate(invalid="ignore"):
        return np.asarray((column >= least) & (column <= right) & (row >= least) & (row <= bottom))
