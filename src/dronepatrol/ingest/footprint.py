"""What each photo covers on the ground: level at the take-off height, or as a terrain model has it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.ground import rays_to_ground
from dronepatrol.geo.local import WGS84
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import FISHEYE, Camera
from dronepatrol.model.terrain import Terrain

_CAMERA = ["image_width_px", "image_height_px", "fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3", "k4"]
_POSE = ["lon_deg", "lat_deg", "height_m", "yaw_deg", "pitch_deg", "roll_deg"]
_STEPS = 12  # towards the ground; relief of half the height settles within these

Floats = NDArray[np.float64]


def footprints(shots: pd.DataFrame, terrain: Terrain | None = None, up_m: Floats | None = None) -> NDArray[np.object_]:
    """Return (n,) polygons (lon, lat), None where pose or camera are not known or a corner looks at the horizon.

    Parameters
    ----------
    shots
        (n) rows with the pose and camera columns of ``tables.SHOTS``; poses of a vehicle are not those of a camera.
    terrain, up_m
        A terrain model and the (n) cameras' heights in its count; without, the ground is level at take-off height.
    """
    polygons = np.full(len(shots), None, dtype=object)
    pose = shots[_POSE].to_numpy(dtype=float)
    camera = shots[_CAMERA].to_numpy(dtype=float)
    usable = np.isfinite(np.hstack([pose, camera])).all(axis=1) & (shots["attitude_of"] == "camera").to_numpy()
    usable &= pose[:, 2] > 0
    rays = np.full((len(shots), 4, 3), np.nan)
    for rows, rays_camera in _corner_rays(camera, (shots["lens"] == FISHEYE).to_numpy(), usable):
        rays[rows] = np.einsum("nij,cj->nci", camera_to_ned(*pose[rows, 3:].T), rays_camera)
    corners = rays_to_ground(rays, pose[:, 2, None])
    if terrain is not None and up_m is not None:
        corners = _on_terrain(rays, pose[:, :2], terrain, up_m)
    seen = usable & np.isfinite(corners).all(axis=(1, 2))
    if seen.any():
        polygons[seen] = _polygons(pose[seen, :2], corners[seen])
    return polygons


def _corner_rays(
    camera: Floats, fisheye: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Yield (rows, (4, 3) rays of the image's corners) camera by camera: a flight has one, and few photos others."""
    which = np.flatnonzero(usable)
    if not len(which):
        return
    kinds, member = np.unique(np.column_stack([camera[which], fisheye[which]]), axis=0, return_inverse=True)
    for kind, (width, height, fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, is_fisheye) in enumerate(kinds):
        lens = ((k1, k2, k3, k4), FISHEYE) if is_fisheye else ((k1, k2, p1, p2, k3),)
        own = Camera((int(width), int(height)), fx, fy, cx, cy, *lens)
        left, top, right, bottom = -0.5, -0.5, width - 0.5, height - 0.5
        corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
        yield which[member.ravel() == kind], pixel_to_ray(own, corners)


def _on_terrain(rays_ned: Floats, lonlat: Floats, terrain: Terrain, up_m: Floats) -> Floats:
    """Return (n, 4, 2) metres where rays meet a terrain: level ground at the height found, again and again."""
    ground_m = np.repeat(terrain.height_m(lonlat)[:, None], 4, axis=1)
    corners = np.full((len(lonlat), 4, 2), np.nan)
    for _ in range(_STEPS):
        corners = rays_to_ground(rays_ned, np.where(up_m[:, None] > ground_m, up_m[:, None] - ground_m, np.nan))
        found = terrain.height_m(_lonlat(lonlat, corners))
        ground_m = (ground_m + found) / 2
    return corners


def _lonlat(lonlat: Floats, corners_m: Floats) -> Floats:
    """Return (n, 4, 2) degrees of (n, 4, 2) metres east and north of (n, 2) places; NaN stays NaN."""
    lon, lat = (np.repeat(lonlat[:, axis], 4) for axis in (0, 1))
    east, north = corners_m.reshape(-1, 2).T
    known = np.isfinite(east) & np.isfinite(north) & np.isfinite(lon)
    found = np.full((len(lon), 2), np.nan)
    azimuth_deg = np.degrees(np.arctan2(east[known], north[known]))
    to_lon, to_lat, _ = WGS84.fwd(lon[known], lat[known], azimuth_deg, np.hypot(east[known], north[known]))
    found[known] = np.stack([to_lon, to_lat], axis=-1)
    return found.reshape(-1, 4, 2)


def _polygons(lonlat: Floats, corners_m: Floats) -> NDArray[np.object_]:
    """Return (n,) polygons for (n, 2) positions and (n, 4, 2) metres east and north of them."""
    rings = _lonlat(lonlat, corners_m)
    return np.array(shapely.orient_polygons(shapely.polygons(rings)), dtype=object)
