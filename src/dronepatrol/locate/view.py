"""The shots of a batch as arrays: where cameras are in a metric frame, how they look, and how well that is known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import body_to_ned, camera_to_ned, heading_deg
from dronepatrol.locate.error import Floats
from dronepatrol.locate.motion import readout_s, velocities_m_s
from dronepatrol.model.camera import FISHEYE, Camera

Ints = NDArray[np.intp]

CAMERA_COLUMNS = ["image_width_px", "image_height_px", "fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"]


@dataclass(frozen=True, slots=True)
class Views:
    """n shots. ``enu_m`` (n, 3) where the camera is in the frame; ``rotation`` (n, 3, 3) camera to the frame's NED.

    The frame's north is not everywhere true north: rotations and ``heading_rad`` (n,) are turned by the convergence of
    the meridians at their place. ``camera_of`` (n,) numbers ``cameras``. All sigmas (n,): metres, radians, seconds;
    ``pose_m2`` (n, 6, 6) NaN where no adjustment was made.
    """

    frame: LocalFrame
    enu_m: Floats
    rotation: Floats
    heading_rad: Floats
    cameras: tuple[Camera, ...]
    camera_of: Ints
    velocity_m_s: Floats
    readout_s: Floats
    position_m: Floats
    position_bias_m: Floats
    height_m: Floats
    height_bias_m: Floats
    yaw_rad: Floats
    pitch_rad: Floats
    roll_rad: Floats
    time_s: Floats
    focal: Floats
    pose_m2: Floats

    @property
    def tilt_deg(self) -> Floats:
        """(n,) angle of the optical axis from straight down."""
        return np.degrees(np.arccos(np.clip(self.rotation[:, 2, 2], -1.0, 1.0)))


def convergence_rad(frame: LocalFrame, lon_deg: Floats, lat_deg: Floats) -> Floats:
    """Return the true azimuth of the frame's grid north, radians: first term of the series, right to 1e-6 in 20 km."""
    return np.asarray(np.radians(lon_deg - frame.lon_deg) * np.sin(np.radians(lat_deg)))


def camera_of(row: Mapping[str, float | str]) -> Camera:
    """Return the camera of a row of ``tables.SHOTS``; a table without a lens column holds Brown's lenses."""
    width, height, fx, fy, cx, cy, k1, k2, p1, p2, k3 = (float(row[name]) for name in CAMERA_COLUMNS)
    if row.get("lens", "") == FISHEYE:
        return Camera((int(width), int(height)), fx, fy, cx, cy, (k1, k2, k3, float(row.get("k4", 0.0))), FISHEYE)
    return Camera((int(width), int(height)), fx, fy, cx, cy, (k1, k2, p1, p2, k3))


def cameras_of(shots: pd.DataFrame) -> tuple[tuple[Camera, ...], Ints]:
    """Return the different cameras of the shots, and which of them each shot has."""
    names = CAMERA_COLUMNS + [name for name in ("lens", "k4") if name in shots]
    numbers = shots.groupby(names, sort=True, dropna=False).ngroup().to_numpy(dtype=np.intp)
    first = np.unique(numbers, return_index=True)[1]
    rows = shots[names].iloc[first].to_dict("records")
    return tuple(camera_of(row) for row in rows), numbers


def views_of(shots: pd.DataFrame, frame: LocalFrame, up_m: Floats, level_sigma_m: tuple[Floats, Floats]) -> Views:
    """Return shots as arrays.

    Parameters
    ----------
    shots
        (n) rows of ``tables.SHOTS``; a column ``pose_m2`` of (6, 6) covariances is taken from an adjustment.
    frame
        The metric frame.
    up_m
        (n,) heights of the cameras, counted as the ground's are.
    level_sigma_m
        (n,) and (n,) 1 sigma of these heights: new in every photo, and shared by a flight.
    """
    lon, lat = (shots[name].to_numpy(dtype=float) for name in ("lon_deg", "lat_deg"))
    angles = [shots[name].to_numpy(dtype=float) for name in ("yaw_deg", "pitch_deg", "roll_deg")]
    off = convergence_rad(frame, lon, lat)
    cameras, number = cameras_of(shots)
    east_north = frame.to_metres(np.stack([lon, lat], axis=-1))

    def column(name: str) -> Floats:
        return shots[name].to_numpy(dtype=float) if name in shots else np.zeros(len(shots))

    return Views(
        frame=frame,
        enu_m=np.column_stack([east_north, up_m]),
        rotation=body_to_ned(-np.degrees(off), 0.0, 0.0) @ camera_to_ned(*angles),
        heading_rad=np.radians(heading_deg(*angles)) - off,
        cameras=cameras,
        camera_of=number,
        velocity_m_s=velocities_m_s(shots, east_north),
        readout_s=readout_s(shots),
        position_m=column("position_sigma_m"),
        position_bias_m=column("position_bias_sigma_m"),
        height_m=level_sigma_m[0],
        height_bias_m=level_sigma_m[1],
        yaw_rad=np.radians(column("yaw_sigma_deg")),
        pitch_rad=np.radians(column("pitch_sigma_deg")),
        roll_rad=np.radians(column("roll_sigma_deg")),
        time_s=column("time_sigma_s"),
        focal=column("focal_sigma_share"),
        pose_m2=_poses(shots),
    )


def _poses(shots: pd.DataFrame) -> Floats:
    whole = np.full((len(shots), 6, 6), np.nan)
    if "covariance" not in shots:
        return whole
    upper = np.triu_indices(6)
    for number, text in enumerate(shots["covariance"]):
        if isinstance(text, str) and text:
            whole[number][upper] = json.loads(text)
            whole[number].T[upper] = whole[number][upper]
    return whole
