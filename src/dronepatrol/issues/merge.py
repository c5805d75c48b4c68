"""Views into things: which observations show one and the same, where it is, and how sure that is."""

from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import shapely

from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.flights import estimated, solved
from dronepatrol.issues.frames import Frames, frames_of
from dronepatrol.issues.moving import MOVING_KINDS, Once, courses
from dronepatrol.issues.sightings import Floats, Ints, Sightings, sightings
from dronepatrol.issues.views import group_views


@dataclass(frozen=True, slots=True)
class Cluster:
    """One thing on the ground: ``observation_ids`` that show it, where it is, and the covariance of that.

    ``covariance_en_m2`` is east-east, east-north, north-north: the mean of the photos' own errors, and what remains of
    the flights' biases. What is ``moving`` is where it was seen last.
    """

    observation_ids: tuple[str, ...]
    kind: str
    lon_deg: float
    lat_deg: float
    covariance_en_m2: tuple[float, float, float]
    moving: bool = False


def merge(observations: geopandas.GeoDataFrame, shots: pd.DataFrame | None = None) -> list[Cluster]:
    """Return the things that the observations show.

    Sightings are grouped at places that their photos' and flights' errors are taken out of, at most one per photo,
    kinds apart; then each thing's place follows from all its sightings, and the flights' biases from what several of
    them saw. The frames of a video that one track links count as one sighting, the best of them; a vehicle that drives
    on from photo to photo is one thing. The order of the rows does not matter.

    Parameters
    ----------
    observations
        Rows of ``tables.OBSERVATIONS``; only equal ``kind`` is ever merged.
    shots
        ``tables.SHOTS`` with the photos' footprints: what a photo should show and does not tells things apart.
    """
    if observations.empty:
        return []
    table, tracks = _tracked(observations.sort_values("observation_id", kind="stable"))
    frame = LocalFrame.around(shapely.MultiPoint(shapely.get_coordinates(table.geometry.to_numpy())))
    seen = sightings(table, frame)
    names = np.unique(table["shot_id"].to_numpy(dtype=str))
    frames = frames_of(names, shots, frame, seen.place_m, seen.photo)
    labels = group_views(seen, frames)
    where = solved(seen, labels, estimated(seen, labels))
    lonlat = frame.to_lonlat(where.mean_m)
    ids, kinds = table["observation_id"].to_numpy(dtype=str), table["kind"].to_numpy(dtype=str)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    driven = {course[-1]: course for course in _driving(table, seen, labels, frames)}
    left_out = {one for course in driven.values() for one in course[:-1]}
    names_of = [[name for row in rows for name in tracks.get(ids[row], (ids[row],))] for rows in members]
    return [
        Cluster(
            observation_ids=tuple(sorted(str(name) for one in driven.get(label, [label]) for name in names_of[one])),
            kind=str(kinds[rows[0]]),
            lon_deg=float(lonlat[label, 0]),
            lat_deg=float(lonlat[label, 1]),
            covariance_en_m2=_three(where.covariance_m2[label]),
            moving=label in driven,
        )
        for label, rows in enumerate(members)
        if label not in left_out
    ]


def _tracked(table: geopandas.GeoDataFrame) -> tuple[geopandas.GeoDataFrame, dict[str, tuple[str, ...]]]:
    """Return one row for each track, the best known place of it, and all observations of those by that row's name."""
    if "track_id" not in table or not (table["track_id"] != "").any():
        return table, {}
    tracked = table[table["track_id"] != ""]
    spread = tracked["photo_ee_m2"] + tracked["photo_nn_m2"]
    names, best = {}, []
    for _, rows in tracked.groupby(["flight_id", "track_id"], sort=True):
        first = spread.loc[rows.index].idxmin()
        best.append(first)
        names[str(table.at[first, "observation_id"])] = tuple(rows["observation_id"])
    keep = (table["track_id"] == "") | table.index.isin(best)
    return table[keep], names


def _driving(table: geopandas.GeoDataFrame, seen: Sightings, labels: Ints, frames: Frames) -> list[list[int]]:
    """Return which things, in the order of time, are one vehicle that drives."""
    rows = np.flatnonzero((np.bincount(labels) == 1)[labels] & table["kind"].isin(MOVING_KINDS).to_numpy())
    times = table["time_utc"].to_numpy(dtype="datetime64[ns]")[rows]
    once = Once(
        place_m=seen.place_m[rows],
        sigma_m=np.sqrt(np.trace(seen.photo_m2[rows], axis1=1, axis2=2) / 2),
        time_s=np.where(np.isnat(times), np.nan, times.astype(np.int64) * 1e-9),
        length_m=table["length_m"].to_numpy(dtype=float)[rows],
        photo=seen.photo[rows],
        flight=seen.flight[rows],
        kind=seen.kind[rows],
        frames=frames,
    )
    return [[int(labels[rows[one]]) for one in course] for course in courses(once)]


def _three(matrix: Floats) -> tuple[float, float, float]:
    return float(matrix[0, 0]), float(matrix[0, 1]), float(matrix[1, 1])
