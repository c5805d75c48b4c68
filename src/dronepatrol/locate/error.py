"""How wrong a ground point may be: first-order propagation of everything that places it.

A camera at ``C`` sees the ground point ``C + R`` (north, east, down) on ground whose tangent plane has the normal
``g = (slope_n, slope_e, 1)``. A cause that moves the ray's end by ``d`` moves the ground point by
``d - R (g·d) / (g·R)``: back along the ray until it meets the ground again. Independent causes add as
``J diag(sigma²) Jᵀ`` (e.g. Förstner and Wrobel 2016, "Photogrammetric Computer Vision", 2.7).

Two parts are kept apart, because the mean of many photos averages only the first: what is new in every photo (position,
height, attitude, time, box), and what its neighbours share (the flight's bias, the camera's focal length, the terrain
model's own error, the object's height).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Motion = tuple[Floats, Floats]
"""(n,) metres east and (n,) metres north per unit of a cause."""

BOX_SIGMA_PX = 1.5
"""1 sigma per axis of a box's middle in pixels: an assumption about detectors in general, measured on none."""
OBJECT_HEIGHT_SIGMA_SHARE = 0.3
"""1 sigma of an object's height over its typical height: an assumption."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where n rays come from and where they meet the ground.

    ``reach_ned`` (n, 3) metres from the camera to the ground point, ``scale_m`` (n,) over the length of the camera's
    ray; ``slope_en`` (n, 2) rise of the ground per metre east and north; ``rotation`` (n, 3, 3) camera to NED;
    ``per_focal`` (n, 3) the change of the camera's ray per share of focal length; ``heading_rad`` (n,) clockwise from
    north; ``focal_px`` (n, 2) column, row; ``velocity_m_s`` (n, 2) of the camera, east and north.
    """

    reach_ned: Floats
    scale_m: Floats
    slope_en: Floats
    rotation: Floats
    per_focal: Floats
    heading_rad: Floats
    focal_px: Floats
    velocity_m_s: Floats


@dataclass(frozen=True, slots=True)
class Sigmas:
    """1-sigma values of n rays, each (n,): metres, radians, seconds, pixels; ``focal`` is a share of its length.

    ``pose_m2`` (n, 6, 6), where given, stands for position, height and the angles of the photo: the covariance of east,
    north, up (m), roll, pitch, yaw (rad, about the axes of ``geo.rotation.tilted``), as an adjustment leaves it.
    """

    position_m: Floats
    position_bias_m: Floats
    height_m: Floats
    height_bias_m: Floats
    yaw_rad: Floats
    pitch_rad: Floats
    roll_rad: Floats
    time_s: Floats
    focal: Floats
    box_px: Floats
    object_height_m: Floats
    terrain_m: Floats
    pose_m2: Floats | None = None


def jacobian(sight: Sight) -> dict[str, Motion]:
    """Return for each cause by how many metres east and north the ground point moves per unit of it.

    The causes are ``east``, ``north``, ``height`` (per metre of the camera; minus one metre of the ground is the same),
    ``roll``, ``pitch``, ``yaw`` (per radian, about the axes of :func:`dronepatrol.geo.rotation.tilted`), ``away`` (per
    share of the level way from below the camera), ``time`` (per second), ``focal`` (per share), ``column`` and ``row``
    (per pixel). The lens distortion's own change with the pixel is neglected.
    """
    north, east, down = np.ascontiguousarray(sight.reach_ned.T)
    rise_e, rise_n = np.ascontiguousarray(sight.slope_en.T)
    steep = 1.0 / (rise_n * north + rise_e * east + down)
    lean_e, lean_n = east * steep, north * steep

    def met(d_north: Floats, d_east: Floats, d_down: Floats) -> Motion:
        over = rise_n * d_north + rise_e * d_east + d_down
        return d_east - lean_e * over, d_north - lean_n * over

    cos, sin = np.cos(sight.heading_rad), np.sin(sight.heading_rad)
    zero = np.zeros_like(down)
    by_east, by_north = (1.0 - lean_e * rise_e, -lean_n * rise_e), (-lean_e * rise_n, 1.0 - lean_n * rise_n)
    v_east, v_north = np.moveaxis(sight.velocity_m_s, -1, 0)
    scale = sight.scale_m
    spread = np.einsum("nij,nj->in", sight.rotation, sight.per_focal) * scale
    column, row = (sight.rotation[:, :, i].T * (scale / sight.focal_px[:, i]) for i in (0, 1))
    return {
        "east": by_east,
        "north": by_north,
        "height": (lean_e, lean_n),
        "roll": met(sin * down, -cos * down, cos * east - sin * north),
        "pitch": met(cos * down, sin * down, -sin * east - cos * north),
        "yaw": met(-east, north, zero),
        "away": met(north, east, zero),
        "time": (by_east[0] * v_east + by_north[0] * v_north, by_east[1] * v_east + by_north[1] * v_north),
        "focal": met(*spread),
        "column": met(*column),
        "row": met(*row),
    }


def covariances(sight: Sight, sigmas: Sigmas) -> tuple[Floats, Floats]:
    """Return two (n, 3) covariances east-east, east-north, north-north in m²: of the photo, and what others share."""
    per_unit = jacobian(sight)
    photo = _summed([(per_unit["time"], sigmas.time_s), (per_unit["column"], sigmas.box_px),
                     (per_unit["row"], sigmas.box_px)])  # fmt: skip
    turn, away = _turned(sigmas.yaw_rad)
    photo += _posed(per_unit, sigmas.pose_m2) if sigmas.pose_m2 is not None else _summed([
        (per_unit["east"], sigmas.position_m), (per_unit["north"], sigmas.position_m),
        (per_unit["height"], sigmas.height_m), (per_unit["roll"], sigmas.roll_rad),
        (per_unit["pitch"], sigmas.pitch_rad), (per_unit["yaw"], turn), (per_unit["away"], away),
    ])  # fmt: skip
    level = np.sqrt(sigmas.height_bias_m**2 + sigmas.terrain_m**2 + sigmas.object_height_m**2)
    shared = _summed([
        (per_unit["east"], sigmas.position_bias_m), (per_unit["north"], sigmas.position_bias_m),
        (per_unit["height"], level), (per_unit["focal"], sigmas.focal),
    ])  # fmt: skip
    return photo, shared


def _turned(yaw_rad: Floats) -> tuple[Floats, Floats]:
    """Return (n,) 1 sigma across and along the level way to a point, by a normal turn: of its sine, its cosine - 1.

    A small turn moves it across alone; one that may be any moves it to the other side as well, beyond any first order.
    """
    once, twice = np.exp(-(yaw_rad**2) / 2), np.exp(-2 * yaw_rad**2)
    along = (1 + twice) / 2 - 2 * once + 1
    return np.sqrt((1 - twice) / 2), np.sqrt(np.maximum(along, 0.0))


def _summed(causes: list[tuple[Motion, Floats]]) -> Floats:
    """Return (n, 3) covariances of independent causes with their sigmas (n,)."""
    total = np.zeros((3, len(causes[0][1])))
    for (east, north), sigma in causes:
        a, b = east * sigma, north * sigma
        total[0] += a * a
        total[1] += a * b
        total[2] += b * b
    return total.T


def _posed(per_unit: dict[str, Motion], pose_m2: Floats) -> Floats:
    """Return (n, 3) covariances that a whole pose's covariance (n, 6, 6) causes."""
    causes = [per_unit[name] for name in ("east", "north", "height", "roll", "pitch", "yaw")]
    j = np.stack([np.stack([one[axis] for one in causes], axis=-1) for axis in (0, 1)], axis=-2)
    whole = np.asarray(j @ pose_m2 @ np.swapaxes(j, -1, -2))
    return np.stack([whole[:, 0, 0], whole[:, 0, 1], whole[:, 1, 1]], axis=-1)
