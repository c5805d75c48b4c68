"""Corrections as a table, and the table's corrections applied to shots."""

import json
from collections.abc import Hashable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from dronepatrol.geo.rotation import angles_of, body_to_ned
from dronepatrol.locate.bundle import Block, Solved
from dronepatrol.locate.gain import by_tilt
from dronepatrol.locate.odm import OdmPose
from dronepatrol.locate.turned import with_turned
from dronepatrol.locate.view import Ints, Views, convergence_rad
from dronepatrol.model.batch import Skipped
from dronepatrol.model.tables import ADJUSTMENT

POSE_SIGMA_M, POSE_SIGMA_DEG, POSE_FOCAL_SHARE = 0.05, 0.05, 0.002
"""1 sigma of poses of another program's bundle adjustment, beside what the flight's GNSS leaves: assumptions."""
_EARTH_M = 6_371_000.0
YAW_KNOWN_DEG = 5.0
"""1 sigma of a heading that was unknown by half a turn, once tie points have said which."""


def correction_table(
    shots: pd.DataFrame, solved: Solved, views: Views, block: Block, held: Ints, turned: Ints
) -> pd.DataFrame:
    """Return ``tables.ADJUSTMENT`` for all shots; those with ``held`` 0 are no more than turned."""
    lonlat = views.frame.to_lonlat(solved.enu_m[:, :2])
    off = np.degrees(convergence_rad(views.frame, lonlat[:, 0], lonlat[:, 1]))
    angles = angles_of(body_to_ned(off, 0.0, 0.0) @ solved.rotation)
    longer = 1.0 + solved.flights[block.flight, 3]
    upper = np.triu_indices(6)
    moved = solved.change[:, :2] + by_tilt(views, solved)
    columns = {
        "shot_id": shots["shot_id"],
        "flight_id": shots["flight_id"],
        "lon_deg": lonlat[:, 0],
        "lat_deg": lonlat[:, 1],
        "raised_m": solved.change[:, 2],
        "yaw_deg": angles[:, 0],
        "pitch_deg": angles[:, 1],
        "roll_deg": angles[:, 2],
        "fx_px": shots["fx_px"] * longer,
        "fy_px": shots["fy_px"] * longer,
        "position_bias_sigma_m": np.sqrt((solved.flight_sigma[block.flight, :2] ** 2).mean(axis=1)),
        "height_bias_sigma_m": solved.flight_sigma[block.flight, 2],
        "focal_sigma_share": solved.flight_sigma[block.flight, 3],
        "ties": held,
        "moved_m": np.hypot(moved[:, 0], moved[:, 1]),
        "turned_deg": np.degrees(solved.change[:, 5]),
        "turned_over": turned,
        "covariance": [
            json.dumps([float(f"{value:.6g}") for value in one[upper]]) if count else ""
            for one, count in zip(solved.covariance, held, strict=True)
        ],
    }
    return pd.DataFrame(columns)[list(ADJUSTMENT.columns)]


def of_poses(shots: pd.DataFrame, poses: Sequence[OdmPose]) -> tuple[pd.DataFrame, list[Skipped]]:
    """Return ``tables.ADJUSTMENT`` for the shots whose photo has a pose of its name, and the others with the reason.

    What remains unknown of the flight is what its GNSS left; each photo's own pose is as exact as a bundle adjustment
    with many ties usually makes it (:data:`POSE_SIGMA_M`, :data:`POSE_SIGMA_DEG`).
    """
    by_name = {pose.photo: pose for pose in poses}
    twice = shots["photo"].map(_file_name).duplicated(keep=False).to_numpy()
    diagonal = np.diag([POSE_SIGMA_M**2] * 3 + [np.radians(POSE_SIGMA_DEG) ** 2] * 3)
    covariance = json.dumps([float(f"{value:.6g}") for value in diagonal[np.triu_indices(6)]])
    rows, skipped = [], []
    for number, shot in enumerate(shots.to_dict("records")):
        pose = by_name.get(_file_name(shot["photo"]))
        why = "several photos have its file's name" if twice[number] else ""
        why = why or ("" if np.isfinite(shot["altitude_m"]) else "it has no altitude to count the pose's height from")
        if pose is None or why:
            skipped.append(Skipped(shot["shot_id"], f"stays as it was: {why or 'the poses have none of its name'}"))
            continue
        rows.append(_posed(shot, pose) | {"covariance": covariance})
    table = pd.DataFrame(rows)[list(ADJUSTMENT.columns)] if rows else no_corrections()
    return table, skipped


def _posed(shot: dict[Hashable, Any], pose: OdmPose) -> dict[str, Any]:
    """Return the row of a shot with another program's pose, but for its covariance."""
    yaw, pitch, roll = angles_of(pose.rotation).tolist()
    north, east = np.radians([pose.lat_deg - shot["lat_deg"], pose.lon_deg - shot["lon_deg"]]) * _EARTH_M
    known = np.isfinite(pose.focal_share)
    focal_px = pose.focal_share * max(shot["image_width_px"], shot["image_height_px"])
    return {
        "shot_id": shot["shot_id"],
        "flight_id": shot["flight_id"],
        "lon_deg": pose.lon_deg,
        "lat_deg": pose.lat_deg,
        "raised_m": pose.height_m - shot["altitude_m"],
        "yaw_deg": yaw,
        "pitch_deg": pitch,
        "roll_deg": roll,
        "fx_px": focal_px if known else shot["fx_px"],
        "fy_px": focal_px if known else shot["fy_px"],
        "position_bias_sigma_m": shot["position_bias_sigma_m"],
        "height_bias_sigma_m": shot["height_bias_sigma_m"],
        "focal_sigma_share": POSE_FOCAL_SHARE if known else shot["focal_sigma_share"],
        "ties": 0,
        "moved_m": float(np.hypot(north, east * np.cos(np.radians(pose.lat_deg)))),
        "turned_deg": (yaw - shot["yaw_deg"] + 180.0) % 360.0 - 180.0,
        "turned_over": 0,
    }


def _file_name(photo: str) -> str:
    return PurePosixPath(photo.replace("\\", "/")).name


def no_corrections() -> pd.DataFrame:
    """Return ``tables.ADJUSTMENT`` without rows."""
    kinds = {"float": "float64", "str": "str", "int": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds[kind]) for name, kind in ADJUSTMENT.columns.items()})


def adjusted_shots(shots: pd.DataFrame, adjustment: pd.DataFrame) -> pd.DataFrame:
    """Return the shots with the poses, focal lengths and sigmas of an adjustment, and its column ``covariance``.

    Shots that it does not hold stay as they are, but for pictures that were turned over.
    """
    everything = adjustment.set_index("shot_id")
    found = everything[everything["covariance"] != ""]
    over = everything["turned_over"].to_dict()
    turned = np.array([over.get(name, 0) for name in shots["shot_id"]], dtype=np.intp)
    table = with_turned(shots, turned)
    held = table["shot_id"].isin(found.index).to_numpy()
    rows = found.loc[table["shot_id"][held]]
    by = np.zeros(len(table))
    by[held] = rows["raised_m"].to_numpy(dtype=float)
    table["height_m"], table["altitude_m"] = table["height_m"] + by, table["altitude_m"] + by
    for name in ("lon_deg", "lat_deg", "yaw_deg", "pitch_deg", "roll_deg", "fx_px", "fy_px",
                 "position_bias_sigma_m", "height_bias_sigma_m", "focal_sigma_share"):  # fmt: skip
        table.loc[held, name] = rows[name].to_numpy(dtype=float)
    table["yaw_sigma_deg"] = np.where(held, np.minimum(table["yaw_sigma_deg"], YAW_KNOWN_DEG), table["yaw_sigma_deg"])
    texts = found["covariance"].to_dict()
    table["covariance"] = [texts.get(name, "") for name in table["shot_id"]]
    return table
