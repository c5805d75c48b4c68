"""The inner geometry of a photo, from the best that its header gives."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dronepatrol.geo.calibration import Calibration, camera_for, from_dewarp, scale_of
from dronepatrol.ingest.accuracy import (
    CALIBRATED_SHARE,
    DEWARP_SHARE,
    EQUIVALENT_35MM_SHARE,
    FIELD_OF_VIEW_SHARE,
    SENSOR_SHARE,
    UNCORRECTED_SHARE,
)
from dronepatrol.ingest.metadata import PhotoMetadata
from dronepatrol.model.camera import Camera

DIAGONAL_35MM_MM = 43.266615
"""Diagonal of the 36 by 24 mm frame, to which the 35 mm equivalent refers (CIPA DCG-001)."""
_FOCAL_PER_DIAGONAL = (0.1, 100.0)  # from fisheye to the longest telephoto lens
_MAX_DISTORTION = 10.0


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera, where its focal length comes from, and 1 sigma of the focal length over the focal length."""

    camera: Camera
    source: str
    focal_sigma_share: float


@cache
def _sensor_widths_mm() -> dict[str, dict[str, float]]:
    text = resources.files("dronepatrol.data").joinpath("sensors.toml").read_text("utf-8")
    return tomllib.loads(text)


def camera_of(meta: PhotoMetadata) -> KnownCamera | None:
    """Return the photo's camera, or None.

    By DewarpData, calibration, sensor width, field of view or 35 mm equivalent, in this order. A photo that is smaller
    than the one its calibration is for, with the same sides' ratio, counts as scaled down. Calibrations are not for
    pictures that were zoomed digitally.
    """
    by_lens = (_by_sensor(meta), _by_field_of_view(meta), _by_equivalent(meta))
    found = by_lens if zoom_of(meta) > 1.0 else (_dewarped(meta), _calibrated(meta), *by_lens)
    return next((known for known in found if known is not None and _is_plausible(known.camera)), None)


def zoom_of(meta: PhotoMetadata) -> float:
    """Return by how much the picture was enlarged digitally, 1 for not at all."""
    return meta.digital_zoom if meta.digital_zoom is not None and 1.0 < meta.digital_zoom < 1000.0 else 1.0


def is_cut(meta: PhotoMetadata) -> bool:
    """Whether the picture has other sides' ratio than the one that its header speaks of: cut out, or turned."""
    return _scale(meta) is None


def is_uncorrected(meta: PhotoMetadata) -> bool:
    """Whether the file says that the lens's distortion is still in the picture, and not what it is."""
    return meta.calibration.dewarp_flag == 0 and _dewarp(meta) is None


def _is_plausible(camera: Camera) -> bool:
    least, most = (bound * math.hypot(*camera.image_wh) for bound in _FOCAL_PER_DIAGONAL)
    focal = all(least < focal_px < most for focal_px in (camera.fx_px, camera.fy_px))
    centre = all(0 < c < side for c, side in zip((camera.cx_px, camera.cy_px), camera.image_wh, strict=True))
    return focal and centre and all(abs(k) < _MAX_DISTORTION for k in camera.distortion)


def _full_wh(meta: PhotoMetadata) -> tuple[float, float]:
    """Return the size of the picture that the calibration is for: EXIF's, else twice the optical centre."""
    centre = meta.calibration.centre_x_px, meta.calibration.centre_y_px
    width, height = meta.image_wh
    if meta.exif_wh is not None and meta.exif_wh[0] > width:
        return meta.exif_wh
    if centre[0] and centre[1] and centre[0] > 0.75 * width and centre[1] > 0.75 * height:
        return 2 * centre[0], 2 * centre[1]
    return width, height


def _scale(meta: PhotoMetadata) -> float | None:
    """Return pixels of the photo per pixel of the full picture; None where the photo is cut, not scaled."""
    return scale_of(_full_wh(meta), meta.image_wh)


def _centre_px(meta: PhotoMetadata) -> tuple[float, float]:
    x_px, y_px = meta.calibration.centre_x_px, meta.calibration.centre_y_px
    width, height = _full_wh(meta)
    if (
        x_px is None
        or y_px is None
        or not (0.25 * width < x_px < 0.75 * width and 0.25 * height < y_px < 0.75 * height)
    ):
        return width / 2, height / 2
    return x_px, y_px


def _dewarp(meta: PhotoMetadata) -> Calibration | None:
    found = meta.calibration
    return from_dewarp(found.dewarp_data, _full_wh(meta), _centre_px(meta), corrected=found.dewarp_flag == 1)


def _dewarped(meta: PhotoMetadata) -> KnownCamera | None:
    calibration = _dewarp(meta)
    camera = camera_for(calibration, meta.image_wh) if calibration is not None else None
    return KnownCamera(camera, "DewarpData", DEWARP_SHARE) if camera is not None else None


def _calibrated(meta: PhotoMetadata) -> KnownCamera | None:
    focal_px = meta.calibration.focal_px
    if focal_px is None:
        return None
    camera = camera_for(Calibration(_full_wh(meta), (focal_px, focal_px), _centre_px(meta)), meta.image_wh)
    if camera is None:
        return None
    return KnownCamera(camera, "CalibratedFocalLength", UNCORRECTED_SHARE if is_uncorrected(meta) else CALIBRATED_SHARE)


def _by_sensor(meta: PhotoMetadata) -> KnownCamera | None:
    width_mm = _sensor_widths_mm().get(meta.make.lower(), {}).get(meta.model.lower())
    if width_mm is None or meta.focal_mm is None or _scale(meta) is None:
        return None
    focal_px = meta.focal_mm / width_mm * max(meta.image_wh) * zoom_of(meta)
    return KnownCamera(Camera.pinhole(meta.image_wh, focal_px), "FocalLength and sensor width", SENSOR_SHARE)


def _by_field_of_view(meta: PhotoMetadata) -> KnownCamera | None:
    if meta.hfov_deg is None:
        return None
    focal_px = meta.image_wh[0] / 2 / math.tan(math.radians(meta.hfov_deg / 2))
    return KnownCamera(Camera.pinhole(meta.image_wh, focal_px), "field of view", FIELD_OF_VIEW_SHARE)


def _by_equivalent(meta: PhotoMetadata) -> KnownCamera | None:
    if meta.focal_35mm_mm is None or _scale(meta) is None:
        return None
    focal_px = meta.focal_35mm_mm / DIAGONAL_35MM_MM * math.hypot(*meta.image_wh)
    return KnownCamera(Camera.pinhole(meta.image_wh, focal_px), "35 mm equivalent", EQUIVALENT_35MM_SHARE)
