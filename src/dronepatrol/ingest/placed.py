"""Photos without a position that take theirs from the camera events of a log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.errors import InputError
from dronepatrol.ingest.accuracy import HEIGHT_BIAS_M, HEIGHT_M
from dronepatrol.ingest.doubts import seconds_of
from dronepatrol.ingest.events import CameraEvent
from dronepatrol.ingest.footprint import footprints
from dronepatrol.ingest.logs import attitude_at, position_at
from dronepatrol.ingest.match import match


@dataclass(frozen=True, slots=True)
class Placing:
    """Which event places which row of the index, and what was found on the way."""

    events: Mapping[int, CameraEvent]
    source: str
    clock_offset_s: float
    note: str


def placing_of(index: pd.DataFrame, source: str, events: Sequence[CameraEvent]) -> Placing:
    """Return which of a catalogue's photos lie at which camera event; only those without a position are placed.

    All photos take part in the match, because the counts decide as well.

    Raises
    ------
    InputError
        When photos of several cameras are mixed, or the match is not clear.
    """
    bodies = index["body"].unique()
    if len(bodies) > 1:
        names = ", ".join(sorted(body or "an unnamed camera" for body in bodies))
        msg = f"the photos without positions lie among photos of {len(bodies)} cameras: {names}"
        raise InputError(msg, hint="give the photos of one camera and its log at a time")
    times_s = [event.time_utc.timestamp() if event.time_utc is not None else np.nan for event in events]
    photo_times_s = np.where(index.duplicated("sha256"), np.nan, seconds_of(index))  # a copy is no second exposure
    found = match(photo_times_s, times_s)
    without = np.flatnonzero((index["unplaced"] != "").to_numpy())
    placed = {int(row): events[event] for row in without if (event := int(found.event_of[row])) >= 0}
    note = (
        f"{found.matched} of {len(index)} photos meet one of {len(events)} camera events ({source}); the camera's "
        f"clock is {-found.offset_s:+.1f} s off, at most {found.residual_s:.2f} s remain; "
        f"{len(placed)} photos take their position from it"
    )
    return Placing(placed, source, found.offset_s, note)


def placed(rows: geopandas.GeoDataFrame, events: Mapping[int, CameraEvent], source: str) -> geopandas.GeoDataFrame:
    """Return the rows with the poses of their events, by row number; a known attitude of the camera's own is kept."""
    rows = rows.reset_index(drop=True)
    if not events:
        return rows
    columns: dict[str, list[object]] = {}
    for row, event in events.items():
        for name, value in _pose(rows.iloc[row], source, event).items():
            columns.setdefault(name, []).append(value)
    where = list(events)
    for name, values in columns.items():
        rows.loc[where, name] = pd.Series(values, index=where).astype(rows[name].dtype)
    prints: NDArray[np.object_] = footprints(rows.iloc[where])
    geometry = rows.geometry.to_numpy(dtype=object)
    geometry[where] = prints
    return rows.set_geometry(geopandas.GeoSeries(geometry, index=rows.index, crs=rows.crs))


def _pose(row: pd.Series, source: str, event: CameraEvent) -> dict[str, object]:
    position = position_at(source, event)
    has_height = np.isfinite(position.height_m)
    pose: dict[str, object] = {
        "lon_deg": position.lon_deg,
        "lat_deg": position.lat_deg,
        "altitude_m": position.altitude_m,
        "altitude_reference": str(position.altitude_reference),
        "position_sigma_m": position.sigma.photo_m,
        "position_bias_sigma_m": position.sigma.flight_m,
        "time_utc": pd.Timestamp(event.time_utc) if event.time_utc is not None else row["time_utc"],
        "time_sigma_s": event.time_sigma_s,
        "pose_source": position.source,
        "unplaced": "",
        "quality": _without(str(row["quality"]), has_height=has_height),
        "height_m": position.height_m if has_height else row["height_m"],
        "height_sigma_m": HEIGHT_M if has_height else row["height_sigma_m"],
        "height_bias_sigma_m": HEIGHT_BIAS_M if has_height else row["height_bias_sigma_m"],
    }
    attitude = attitude_at(event)
    if row["attitude_of"] == "" and attitude.is_known:
        angles = ("yaw", "pitch", "roll")
        pose |= {f"{angle}_deg": getattr(attitude, f"{angle}_deg") for angle in angles}
        pose |= {f"{angle}_sigma_deg": getattr(attitude, f"{angle}_sigma_deg") for angle in angles}
        pose["attitude_of"] = "vehicle"
    return pose


def _without(quality: str, *, has_height: bool) -> str:
    """Return the flags without those that the log answers."""
    gone = {"no height above take-off"} if has_height else set()
    return ";".join(flag for flag in quality.split(";") if flag not in gone)
