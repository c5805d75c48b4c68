"""Pixels to ground points with their covariances, and ground points to pixels; vectorised, in blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dronepatrol.geo.camera import pixel_to_ray, ray_to_pixel
from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.geo.lens import lens_of
from dronepatrol.locate.error import Floats, Sight, Sigmas, covariances
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.view import Ints, Views

_BLOCK = 8192
_STEEPEST_LEAN = float(np.tan(np.radians(MAX_OFF_NADIR_DEG)))


@dataclass(frozen=True, slots=True)
class Placed:
    """n pixels on the ground, NaN where a ray meets none or is too near the horizon.

    ``en_m`` (n, 2) in the frame; ``depth_m`` (n,) below the camera; ``off_nadir_deg`` (n,); ``photo_m2`` and
    ``shared_m2`` (n, 3) covariances as in ``locate.error``; ``filled`` (n,) whether the ground's model had a hole.
    """

    en_m: Floats
    depth_m: Floats
    off_nadir_deg: Floats
    photo_m2: Floats
    shared_m2: Floats
    filled: NDArray[np.bool_]


def rays_camera(views: Views, which: Ints, pixels: Floats) -> tuple[Floats, Floats]:
    """Return (n, 3) rays in their cameras' frames and their change per share of focal length."""
    rays, spread = np.empty((len(which), 3)), np.empty((len(which), 3))
    number = views.camera_of[which]
    for camera in np.unique(number):
        rows = slice(None) if len(views.cameras) == 1 else np.flatnonzero(number == camera)
        rays[rows] = pixel_to_ray(views.cameras[camera], pixels[rows])
        spread[rows] = lens_of(views.cameras[camera]).per_focal(rays[rows])
    return rays, spread


def lean_of(rays_ned: Floats) -> Floats:
    """Return (n, 2) metres east and north per metre down; NaN for rays near the horizon."""
    down = rays_ned[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        lean = rays_ned[:, 1::-1] / down[:, None]
        steep = (down > 0) & (lean[:, 0] ** 2 + lean[:, 1] ** 2 < _STEEPEST_LEAN**2)
    return np.where(steep[:, None], lean, np.nan)


def place(
    views: Views, which: Ints, pixels: Floats, ground: Ground, *, box_px: float, above_m: Floats, above_sigma_m: Floats
) -> Placed:
    """Follow pixels to the ground.

    Parameters
    ----------
    views
        The shots.
    which
        (n,) the shot of each pixel.
    pixels
        (n, 2) column, row.
    ground
        What rays end on.
    box_px
        1 sigma of a pixel per axis.
    above_m, above_sigma_m
        (n,) how high above the ground what is seen is, and 1 sigma of that.
    """
    parts = [
        _place(views, which[i], pixels[i], ground, (box_px, above_m[i], above_sigma_m[i]))
        for i in (slice(start, start + _BLOCK) for start in range(0, max(len(which), 1), _BLOCK))
    ]
    names = ("en_m", "depth_m", "off_nadir_deg", "photo_m2", "shared_m2", "filled")
    return Placed(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _place(views: Views, which: Ints, pixels: Floats, ground: Ground, box: tuple[float, Floats, Floats]) -> Placed:
    box_px, above_m, above_sigma_m = box
    rays, spread = rays_camera(views, which, pixels)
    rotation, start = views.rotation[which], views.enu_m[which]
    rays_ned = np.einsum("nij,nj->ni", rotation, rays)
    lean = lean_of(rays_ned)
    lowered = start.copy()
    lowered[:, 2] -= above_m
    seen = np.isfinite(lean[:, 0] + lowered[:, 0] + lowered[:, 1] + lowered[:, 2])
    ends = ground.first_hits(lowered, np.where(seen[:, None], lean, 0.0))
    depth = np.where(seen, ends.depth_m, np.nan)
    reach = np.stack([lean[:, 1] * depth, lean[:, 0] * depth, depth], axis=-1)
    sight = Sight(
        reach_ned=reach,
        scale_m=depth / rays_ned[:, 2],
        slope_en=ends.slope_en,
        rotation=rotation,
        per_focal=spread,
        heading_rad=views.heading_rad[which],
        focal_px=_focal(views)[views.camera_of[which]],
        velocity_m_s=views.velocity_m_s[which],
    )
    photo, shared = covariances(sight, _sigmas(views, which, pixels, box_px, (above_sigma_m, ends.sigma_m)))
    off_nadir = np.degrees(np.arctan(np.hypot(lean[:, 0], lean[:, 1])))
    return Placed(start[:, :2] + reach[:, 1::-1], depth, off_nadir, photo, shared, ends.filled)


def _focal(views: Views) -> Floats:
    return np.array([(camera.fx_px, camera.fy_px) for camera in views.cameras])


def _sigmas(views: Views, which: Ints, pixels: Floats, box_px: float, levels: tuple[Floats, Floats]) -> Sigmas:
    rows = np.array([camera.image_wh[1] for camera in views.cameras], dtype=float)[views.camera_of[which]]
    rolling = views.readout_s[which] * (pixels[:, 1] / rows - 0.5)
    pose = views.pose_m2[which] if np.isfinite(views.pose_m2).any() else None
    if pose is not None:
        plain = _plain_poses(views, which)
        pose = np.where(np.isfinite(pose), pose, plain)
    return Sigmas(
        position_m=views.position_m[which],
        position_bias_m=views.position_bias_m[which],
        height_m=views.height_m[which],
        height_bias_m=views.height_bias_m[which],
        yaw_rad=views.yaw_rad[which],
        pitch_rad=views.pitch_rad[which],
        roll_rad=views.roll_rad[which],
        time_s=np.hypot(views.time_s[which], rolling),
        focal=views.focal[which],
        box_px=np.full(len(which), box_px),
        object_height_m=levels[0],
        terrain_m=levels[1],
        pose_m2=pose,
    )


def _plain_poses(views: Views, which: Ints) -> Floats:
    sigmas = np.stack([views.position_m, views.position_m, views.height_m, views.roll_rad, views.pitch_rad,
                       views.yaw_rad], axis=-1)[which]  # fmt: skip
    return np.asarray(sigmas[:, :, None] ** 2 * np.eye(6))


def pixels_of(views: Views, which: Ints, enu_m: Floats) -> Floats:
    """Return (n, 2) pixels in which shots would show (n, 3) points of the frame; NaN where a lens shows none."""
    away = enu_m - views.enu_m[which]
    ned = np.stack([away[:, 1], away[:, 0], -away[:, 2]], axis=-1)
    rays = np.einsum("nji,nj->ni", views.rotation[which], ned)
    found, number = np.empty((len(which), 2)), views.camera_of[which]
    for camera in np.unique(number):
        rows = number == camera
        found[rows] = ray_to_pixel(views.cameras[camera], rays[rows])
    return found


def ground_of(views: Views, ground: Ground, which: Ints, pixels: Floats) -> Floats:
    """Return (n, 3) where pixels' rays meet the ground, metres east, north, up; NaN where they do not."""
    rays, _ = rays_camera(views, which, pixels)
    lean = lean_of(np.einsum("nij,nj->ni", views.rotation[which], rays))
    seen = np.asarray(np.isfinite(lean).all(axis=1))
    start = views.enu_m[which]
    depth = np.where(seen, ground.first_hits(start, np.where(seen[:, None], lean, 0.0)).depth_m, np.nan)
    return np.asarray(start + np.column_stack([lean * depth[:, None], -depth]))
