"""Shots as rows, and as the table that later stages read."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import PurePath
from typing import Any

import geopandas
import pandas as pd

from dronepatrol.ingest.accuracy import HEIGHT_BIAS_M, HEIGHT_M
from dronepatrol.ingest.footprint import footprints
from dronepatrol.ingest.poses import Attitude, Position
from dronepatrol.model.camera import FISHEYE, Camera
from dronepatrol.model.tables import SHOTS

FLIGHT_GAP = timedelta(seconds=60)
"""Photos of one flight follow each other faster than this."""


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One shot before it is known to which flight it belongs; ``body`` names the camera, its serial number included."""

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


def shots_table(rows: Iterable[ShotRow]) -> geopandas.GeoDataFrame:
    """Return the shots as ``tables.SHOTS``, in the order given, with their flights and footprints."""
    shots = list(rows)
    flights = flight_ids(shots)
    columns = [_columns(row) for row in shots]
    plain = [name for name in SHOTS.columns if name not in {"geometry", "flight_id"}]
    table = pd.DataFrame({name: [row[name] for row in columns] for name in plain})
    table["time_utc"] = pd.to_datetime(table["time_utc"], utc=True).astype("datetime64[ms, UTC]")
    for name, kind in SHOTS.columns.items():
        if name in table and kind in {"float", "int", "str"}:
            table[name] = table[name].astype({"float": "float64", "int": "int64", "str": "str"}[kind])
    table["flight_id"] = pd.Series(flights, dtype="str")
    geometry = geopandas.GeoSeries(footprints(table), index=table.index, crs="EPSG:4326")
    return geopandas.GeoDataFrame(table, geometry=geometry)[list(SHOTS.columns)]


def flight_ids(shots: list[ShotRow]) -> list[str]:
    """Return the flight of each shot: "<folder>#<n>", a new n for each camera and after each gap of more than a minute.

    Shots without a time stay in the first flight of their folder and camera.
    """
    flights = [""] * len(shots)
    numbers: dict[str, int] = {}
    order = sorted(range(len(shots)), key=lambda i: (_folder(shots[i]), shots[i].body, _seconds(shots[i]), i))
    for folder, in_folder in groupby(order, key=lambda i: _folder(shots[i])):
        before: tuple[str, float] | None = None
        for i in in_folder:
            name = folder or PurePath(shots[i].photo).parent.name or "flight"
            now = (shots[i].body, _seconds(shots[i]))
            if before is None or now[0] != before[0] or now[1] - before[1] > FLIGHT_GAP.total_seconds():
                numbers[name] = numbers.get(name, 0) + 1
            flights[i] = f"{name}#{numbers[name]}"
            before = now
    return flights


def _folder(row: ShotRow) -> str:
    return row.shot_id.rpartition("/")[0]


def _seconds(row: ShotRow) -> float:
    return row.time_utc.timestamp() if row.time_utc is not None else -math.inf


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
        "time_sigma_s": 0.0,
        "focal_source": row.focal_source,
        "focal_sigma_share": row.focal_sigma_share,
        "pose_source": "; ".join(part for part in (position.source, attitude.source) if part),
        "quality": ";".join(flag.replace(";", ",") for flag in row.quality),
    }
