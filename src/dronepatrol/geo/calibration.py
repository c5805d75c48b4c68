"""Calibrations and the photos they are for: a calibration of the full picture serves every scaled copy of it."""

import math
from dataclasses import dataclass

from dronepatrol.model.camera import BROWN, Camera

_SAME_ASPECT = 0.01


@dataclass(frozen=True, slots=True)
class Calibration:
    """The inner geometry of the full picture.

    ``centre_px`` is counted from the **corner** of the top-left pixel, as makers and reconstructions write it (half of
    the size is the middle). ``lens`` and ``distortion`` as in ``model.camera.Camera``.
    """

    full_wh: tuple[float, float]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    lens: str = BROWN


def scale_of(full_wh: tuple[float, float], image_wh: tuple[int, int]) -> float | None:
    """Return pixels of a photo per pixel of the full picture; None where the photo is cut or turned, not scaled."""
    across, along = (have / full for have, full in zip(image_wh, full_wh, strict=True))
    return across if abs(across / along - 1) < _SAME_ASPECT else None


def camera_for(calibration: Calibration, image_wh: tuple[int, int]) -> Camera | None:
    """Return the camera of a photo of this size, None where the photo is cut out of the full picture, or turned."""
    scale = scale_of(calibration.full_wh, image_wh)
    if scale is None:
        return None
    (fx_px, fy_px), (cx_px, cy_px) = calibration.focal_px, calibration.centre_px
    return Camera(
        image_wh,
        fx_px * scale,
        fy_px * scale,
        cx_px * scale - 0.5,
        cy_px * scale - 0.5,
        calibration.distortion,
        calibration.lens,
    )


def from_dewarp(
    text: str, full_wh: tuple[float, float], centre_px: tuple[float, float], *, corrected: bool
) -> Calibration | None:
    """Return the calibration that DJI's DewarpData states, None where it is no such text.

    Parameters
    ----------
    text
        "date;fx,fy,cx,cy,k1,k2,p1,p2,k3" in pixels of the full picture, cx and cy relative to the optical centre.
    full_wh
        Size of the full picture.
    centre_px
        The optical centre that cx and cy are relative to, counted from the corner of the top-left pixel.
    corrected
        Whether the picture is already free of the distortion (DewarpFlag 1).
    """
    try:
        numbers = [float(part) for part in text.split(";", 1)[1].split(",")]
    except (IndexError, ValueError):
        return None
    if len(numbers) != 9 or not all(map(math.isfinite, numbers)) or numbers[0] <= 0 or numbers[1] <= 0:
        return None
    fx_px, fy_px, dx_px, dy_px, *distortion = numbers
    centre = centre_px[0] + dx_px, centre_px[1] + dy_px
    return Calibration(full_wh, (fx_px, fy_px), centre, (0.0,) * 5 if corrected else tuple(distortion))
