"""What each photo covers on flat ground at the take-off height."""

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.ground import footprint
from dronepatrol.geo.local import WGS84
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera

_CAMERA = ["image_width_px", "image_height_px", "fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"]
_NEEDED = ["lon_deg", "lat_deg", "height_m", "yaw_deg", "pitch_deg", "roll_deg", *_CAMERA]


def footprints(shots: pd.DataFrame) -> NDArray[np.object_]:
    """Return (n,) polygons (lon, lat), None where pose or camera are not known or a corner looks at the horizon.

    Parameters
    ----------
    shots
        (n) rows with the pose and camera columns of ``tables.SHOTS``; poses of a vehicle are not those of a camera.
    """
    polygons = np.full(len(shots), None, dtype=object)
    values = shots[_NEEDED].to_numpy(dtype=float)
    usable = np.isfinite(values).all(axis=1) & (values[:, 2] > 0) & (shots["attitude_of"] == "camera").to_numpy()
    corners = np.full((len(shots), 4, 2), np.nan)
    for index in np.flatnonzero(usable):
        corners[index] = _corners_m(values[index])
    seen = np.isfinite(corners).all(axis=(1, 2))
    if seen.any():
        polygons[seen] = _polygons(values[seen, :2], corners[seen])
    return polygons


def _corners_m(row: NDArray[np.float64]) -> NDArray[np.float64]:
    height_m, yaw_deg, pitch_deg, roll_deg = row[2:6]
    width, height, fx, fy, cx, cy, *distortion = row[6:]
    camera = Camera((int(width), int(height)), fx, fy, cx, cy, tuple(distortion))
    return footprint(camera, camera_to_ned(yaw_deg, pitch_deg, roll_deg), float(height_m))


def _polygons(lonlat: NDArray[np.float64], corners_m: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return (n,) polygons for (n, 2) positions and (n, 4, 2) metres east and north of them."""
    lon, lat = (np.repeat(lonlat[:, axis], 4) for axis in (0, 1))
    east, north = corners_m.reshape(-1, 2).T
    azimuth_deg = np.degrees(np.arctan2(east, north))
    to_lon, to_lat, _ = WGS84.fwd(lon, lat, azimuth_deg, np.hypot(east, north))
    rings = np.stack([to_lon, to_lat], axis=-1).reshape(-1, 4, 2)
    polygons = shapely.orient_polygons(shapely.polygons(rings))
    return np.array(polygons, dtype=object)
