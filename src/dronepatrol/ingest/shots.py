"""Shots as rows, and as the table that later stages read."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas
import pandas as pd

from dronepatrol.ingest.accuracy import HEIGHT_BIAS_M, HEIGHT_M
from dronepatrol.ingest.flights import flights_of, folder_of
from dronepatrol.ingest.footprint import footprints
from dronepatrol.ingest.poses import Attitude, Position
from dronepatrol.model.camera import FISHEYE, Camera
from dronepatrol.model.tables import SHOTS, TableSchema

PARTS = TableSchema(
    "part of a catalogue",
    SHOTS.columns
    | {
        "body": "str",  # the camera, its serial number included
        "unplaced": "str",  # why there is no position, "" where there is one
        "fingerprint": "int",  # of the look, less 2^63; 0 where the picture was not looked at
    },
    within=SHOTS.within,
)
"""What is kept of photos while a catalogue grows."""


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One shot before it is known to which flight it belongs; ``body`` names the camera, its serial number included.

    ``unplaced`` says why there is no position, "" where there is one; ``reads_odd`` that the header holds EXIF that
    said next to nothing; ``fingerprint`` is the look's, None where there was none.
    """

    shot_id: str
    photo: str
    sha256: str
    body: str
    time_utc: datetime | None
    position: Position
    attitude: Attitude
    attitude_of: str
    camera: Camera
    camera_model: str
    focal_source: str
    focal_sigma_share: float
    quality: tuple[str, ...]
    time_sigma_s: float = 0.0
    unplaced: str = ""
    reads_odd: bool = False
    fingerprint: int | None = None


def shots_table(rows: Iterable[ShotRow]) -> geopandas.GeoDataFrame:
    """Return the shots as ``tables.SHOTS``, in the order given, with their flights and footprints."""
    shots = list(rows)
    return _table(shots, flight_ids(shots))[list(SHOTS.columns)]


def parts_table(rows: Iterable[ShotRow]) -> geopandas.GeoDataFrame:
    """Return some of a catalogue's photos as :data:`PARTS`, with footprints; without their flights."""
    shots = list(rows)
    table = _table(shots, [""] * len(shots))
    table["body"] = pd.Series([row.body for row in shots], dtype="str", index=table.index)
    table["unplaced"] = pd.Series([row.unplaced for row in shots], dtype="str", index=table.index)
    prints = [0 if row.fingerprint is None else row.fingerprint - 2**63 for row in shots]
    table["fingerprint"] = pd.Series(prints, dtype="int64", index=table.index)
    return table[list(PARTS.columns)]


def _table(shots: list[ShotRow], flights: list[str]) -> geopandas.GeoDataFrame:
    columns = [_columns(row) for row in shots]
    plain = [name for name in SHOTS.columns if name not in {"geometry", "flight_id"}]
    table = pd.DataFrame({name: [row[name] for row in columns] for name in plain})
    table["time_utc"] = pd.to_datetime(table["time_utc"], utc=True).astype("datetime64[ms, UTC]")
    for name, kind in SHOTS.columns.items():
        if name in table and kind in {"float", "int", "str"}:
            table[name] = table[name].astype({"float": "float64", "int": "int64", "str": "str"}[kind])
    table["flight_id"] = pd.Series(flights, dtype="str")
    geometry = geopandas.GeoSeries(footprints(table), index=table.index, crs="EPSG:4326")
    return geopandas.GeoDataFrame(table, geometry=geometry)


def flight_ids(shots: list[ShotRow]) -> list[str]:
    """Return the flight of each shot, see :func:`flights.flights_of`."""
    times_s = [row.time_utc.timestamp() if row.time_utc is not None else math.nan for row in shots]
    folders = [folder_of(row.shot_id, row.photo) for row in shots]
    return list(flights_of(times_s, folders, [row.body for row in shots]))


def _columns(row: ShotRow) -> dict[str, Any]:
    """Return the row's columns but its flight and footprint."""
    position, attitude, camera = row.position, row.attitude, row.camera
    fisheye = camera.lens == FISHEYE
    k1, k2, k3, k4 = camera.distortion[:4] if fisheye else (*camera.distortion[:2], camera.distortion[4], 0.0)
    p1, p2 = (0.0, 0.0) if fisheye else camera.distortion[2:4]
    has_height = math.isfinite(position.height_m)
    return {
        "shot_id": row.shot_id,
        "photo": row.photo,
        "sha256": row.sha256,
        "time_utc": row.time_utc,
        "lon_deg": position.lon_deg,
        "lat_deg": position.lat_deg,
        "altitude_m": position.altitude_m,
        "altitude_reference": str(position.altitude_reference),
        "height_m": position.height_m,
        "yaw_deg": attitude.yaw_deg,
        "pitch_deg": attitude.pitch_deg,
        "roll_deg": attitude.roll_deg,
        "attitude_of": row.attitude_of,
        "position_sigma_m": position.sigma.photo_m,
        "position_bias_sigma_m": position.sigma.flight_m,
        "height_sigma_m": HEIGHT_M if has_height else math.nan,
        "height_bias_sigma_m": HEIGHT_BIAS_M if has_height else math.nan,
        "yaw_sigma_deg": attitude.yaw_sigma_deg,
        "pitch_sigma_deg": attitude.pitch_sigma_deg,
        "roll_sigma_deg": attitude.roll_sigma_deg,
        "camera_model": row.camera_model,
        "image_width_px": camera.image_wh[0],
        "image_height_px": camera.image_wh[1],
        "fx_px": camera.fx_px,
        "fy_px": camera.fy_px,
        "cx_px": camera.cx_px,
        "cy_px": camera.cy_px,
        "k1": k1,
        "k2": k2,
        "p1": p1,
        "p2": p2,
        "k3": k3,
        "lens": camera.lens,
        "k4": k4,
        "time_sigma_s": row.time_sigma_s,
        "focal_source": row.focal_source,
        "focal_sigma_share": row.focal_sigma_share,
        "pose_source": "; ".join(part for part in (position.source, attitude.source) if part),
        "quality": ";".join(flag.replace(";", ",") for flag in row.quality),
    }
