"""Views into things: which observations show one and the same, where it is, and how sure that is."""

from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import shapely

from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.flights import estimated, solved
from dronepatrol.issues.frames import frames_of
from dronepatrol.issues.sightings import Floats, sightings
from dronepatrol.issues.views import group_views


@dataclass(frozen=True, slots=True)
class Cluster:
    """One thing on the ground: ``observation_ids`` that show it, where it is, and the covariance of that.

    ``covariance_en_m2`` is east-east, east-north, north-north: the mean of the photos' own errors, and what remains of
    the flights' biases.
    """

    observation_ids: tuple[str, ...]
    kind: str
    lon_deg: float
    lat_deg: float
    covariance_en_m2: tuple[float, float, float]


def merge(observations: geopandas.GeoDataFrame, shots: pd.DataFrame | None = None) -> list[Cluster]:
    """Return the things that the observations show.

    Sightings are grouped at places that their photos' and flights' errors are taken out of, at most one per photo,
    kinds apart; then each thing's place follows from all its sightings, and the flights' biases from what several of
    them saw. The order of the rows does not matter.

    Parameters
    ----------
    observations
        Rows of ``tables.OBSERVATIONS``; only equal ``kind`` is ever merged.
    shots
        ``tables.SHOTS`` with the photos' footprints: what a photo should show and does not tells things apart.
    """
    if observations.empty:
        return []
    table = observations.sort_values("observation_id", kind="stable")
    frame = LocalFrame.around(shapely.MultiPoint(shapely.get_coordinates(table.geometry.to_numpy())))
    seen = sightings(table, frame)
    names = np.unique(table["shot_id"].to_numpy(dtype=str))
    frames = frames_of(names, shots, frame, seen.place_m, seen.photo)
    labels = group_views(seen, frames)
    where = solved(seen, labels, estimated(seen, labels))
    lonlat = frame.to_lonlat(where.mean_m)
    ids, kinds = table["observation_id"].to_numpy(dtype=str), table["kind"].to_numpy(dtype=str)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    return [
        Cluster(
            observation_ids=tuple(str(name) for name in ids[rows]),
            kind=str(kinds[rows[0]]),
            lon_deg=float(lonlat[label, 0]),
            lat_deg=float(lonlat[label, 1]),
            covariance_en_m2=_three(where.covariance_m2[label]),
        )
        for label, rows in enumerate(members)
    ]


def _three(matrix: Floats) -> tuple[float, float, float]:
    return float(matrix[0, 0]), float(matrix[0, 1]), float(matrix[1, 1])
