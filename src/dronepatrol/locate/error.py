"""How wrong a ground point may be: first-order propagation of the pose's sigmas through the ray to flat ground.

A camera ``h`` above the ground sees along the direction ``r`` (north, east, down) the point ``g = h (r_e, r_n) / r_d``.
Each cause moves ``g`` by a column of the Jacobian; independent causes add as ``J diag(sigma²) Jᵀ`` (propagation of
covariance, e.g. Förstner and Wrobel 2016, "Photogrammetric Computer Vision", 2.7). What is new in every photo is kept
apart from what one flight shares, because the mean of many photos only averages the former.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOX_SIGMA_PX = 1.5
"""1 sigma per axis of a box's centre in pixels: an assumption about detectors in general, measured on none."""
OBJECT_HEIGHT_SIGMA_SHARE = 0.3
"""1 sigma of an object's height over its typical height: an assumption."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where n rays come from and where they go.

    ``rays_ned`` is (n, 3) north, east, down; ``rotation`` (n, 3, 3) camera to NED; ``rays_camera`` (n, 3) with third
    component 1; ``height_m`` (n,) of the camera above the plane that is hit; ``heading_rad`` (n,) clockwise from north;
    ``focal_px`` (n, 2) along column and row.
    """

    rays_ned: Floats
    rotation: Floats
    rays_camera: Floats
    height_m: Floats
    heading_rad: Floats
    focal_px: Floats


@dataclass(frozen=True, slots=True)
class Sigmas:
    """1-sigma values of n rays, each (n,): metres, radians, pixels; ``focal`` is a share of the focal length."""

    position_m: Floats
    position_bias_m: Floats
    height_m: Floats
    height_bias_m: Floats
    yaw_rad: Floats
    pitch_rad: Floats
    roll_rad: Floats
    focal: Floats
    box_px: Floats
    object_height_m: Floats


def _moved(sight: Sight, ray_change: Floats) -> Floats:
    """Return (n, 2) by how much the ground point moves east and north per unit of a change (n, 3) of the ray."""
    north, east, down = np.moveaxis(sight.rays_ned, -1, 0)
    d_north, d_east, d_down = np.moveaxis(ray_change, -1, 0)
    scale = sight.height_m / down**2
    return np.stack([(d_east * down - east * d_down) * scale, (d_north * down - north * d_down) * scale], axis=-1)


def _turned(sight: Sight, axis_ned: Floats) -> Floats:
    """Return (n, 2) metres east and north per radian of turning the rays about (n, 3) unit axes."""
    return _moved(sight, np.cross(axis_ned, sight.rays_ned))


def jacobian(sight: Sight) -> dict[str, Floats]:
    """Return for each cause (n, 2) metres east and north per unit of it.

    The causes are ``height`` (per metre), ``roll``, ``pitch``, ``yaw`` (per radian, about the axes of
    :func:`dronepatrol.geo.rotation.tilted`), ``focal`` (per share), ``column`` and ``row`` (per pixel). The lens
    distortion's own change with the pixel is neglected.
    """
    north, east, down = np.moveaxis(sight.rays_ned, -1, 0)
    cos, sin, zero, one = np.cos(sight.heading_rad), np.sin(sight.heading_rad), np.zeros_like(down), np.ones_like(down)
    x, y, _ = np.moveaxis(sight.rays_camera, -1, 0)
    spread = np.einsum("nij,nj->ni", sight.rotation, np.stack([-x, -y, zero], axis=-1))
    return {
        "height": np.stack([east / down, north / down], axis=-1),
        "roll": _turned(sight, np.stack([cos, sin, zero], axis=-1)),
        "pitch": _turned(sight, np.stack([-sin, cos, zero], axis=-1)),
        "yaw": _turned(sight, np.stack([zero, zero, one], axis=-1)),
        "focal": _moved(sight, spread),
        "column": _moved(sight, sight.rotation[:, :, 0] / sight.focal_px[:, :1]),
        "row": _moved(sight, sight.rotation[:, :, 1] / sight.focal_px[:, 1:]),
    }


def covariances(sight: Sight, sigmas: Sigmas) -> tuple[Floats, Floats]:
    """Return two (n, 3) covariances east-east, east-north, north-north in m²: of the photo, and of its flight."""
    per_unit = jacobian(sight)
    photo = _round(sigmas.position_m) + sum(
        _stretched(per_unit[cause], sigma)
        for cause, sigma in (
            ("height", np.hypot(sigmas.height_m, sigmas.object_height_m)),
            ("roll", sigmas.roll_rad),
            ("pitch", sigmas.pitch_rad),
            ("yaw", sigmas.yaw_rad),
            ("focal", sigmas.focal),
            ("column", sigmas.box_px),
            ("row", sigmas.box_px),
        )
    )
    return photo, _round(sigmas.position_bias_m) + _stretched(per_unit["height"], sigmas.height_bias_m)


def _round(sigma: Floats) -> Floats:
    """Return (n, 3) covariances of the same sigma (n,) on both axes."""
    return np.stack([sigma**2, np.zeros_like(sigma), sigma**2], axis=-1)


def _stretched(direction: Floats, sigma: Floats) -> Floats:
    """Return (n, 3) covariances of one cause with sigma (n,) that moves the point along (n, 2)."""
    east, north = np.moveaxis(direction * sigma[:, None], -1, 0)
    return np.stack([east * east, east * north, north * north], axis=-1)
