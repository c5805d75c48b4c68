"""What only shows when all photos are read: copies, positions far from the flight's, cameras mixed. Pure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.ingest.flights import flights_of, folder_of
from dronepatrol.model.quality import OUT_OF_PLACE, SAME_MOMENT, SAME_PICTURE, WRONG_HEMISPHERE

INDEX = ["shot_id", "photo", "sha256", "body", "time_utc", "lon_deg", "lat_deg", "fingerprint", "unplaced"]
"""The columns of ``shots.PARTS`` that are looked at, of all photos at once."""
FAR_M = 2000.0
"""A photo further from its flight's middle than this, and than :data:`FAR_TIMES` the usual, is out of place."""
FAR_TIMES = 8.0
ALIKE_BITS = 4
"""Pictures of one moment and place whose fingerprints differ by no more bits show the same."""
_DEGREE_M = 111_320.0

Texts = NDArray[np.object_]


def flights_in(index: pd.DataFrame) -> Texts:
    """Return (n) the flight of each photo."""
    folders = [folder_of(*row) for row in zip(index["shot_id"], index["photo"], strict=True)]
    return flights_of(seconds_of(index), folders, index["body"].tolist())


def seconds_of(index: pd.DataFrame) -> NDArray[np.float64]:
    """Return (n) seconds since 1970, NaN where there is no time."""
    times = index["time_utc"].dt.tz_localize(None).to_numpy(dtype="datetime64[ms]")
    return np.where(np.isnat(times), np.nan, times.astype("int64") / 1e3)


def doubts(index: pd.DataFrame, flights: Texts) -> list[list[str]]:
    """Return (n) flags of each photo that its neighbours raise.

    Parameters
    ----------
    index
        (n) rows of :data:`INDEX`.
    flights
        (n) their flights.
    """
    found: list[list[str]] = [[] for _ in range(len(index))]
    _copies(index, found)
    _of_one_moment(index, found)
    _out_of_place(index, flights, found)
    _mixed(index, flights, found)
    return found


def _copies(index: pd.DataFrame, found: list[list[str]]) -> None:
    names = index["shot_id"].to_numpy()
    first = index.groupby("sha256", sort=False)["shot_id"].transform("first").to_numpy()
    for row in np.flatnonzero(first != names):
        found[row].append(f"{SAME_PICTURE} {first[row]}")


def _of_one_moment(index: pd.DataFrame, found: list[list[str]]) -> None:
    """Flag pictures that were written twice: same time, place and camera, alike to look at."""
    known = index[(index["fingerprint"] != 0) & index["time_utc"].notna() & index["lon_deg"].notna()]
    again = known.duplicated(["body", "time_utc", "lon_deg", "lat_deg"], keep=False)
    for _, group in known[again].groupby(["body", "time_utc", "lon_deg", "lat_deg"], sort=False):
        first = group.iloc[0]
        for row, other in zip(group.index[1:], group.iloc[1:].itertuples(), strict=True):
            bits = (int(first.fingerprint) ^ int(other.fingerprint)) & (2**64 - 1)
            if other.sha256 != first.sha256 and bits.bit_count() <= ALIKE_BITS:
                found[index.index.get_loc(row)].append(f"{SAME_MOMENT} {first.shot_id}")


def _out_of_place(index: pd.DataFrame, flights: Texts, found: list[list[str]]) -> None:
    lonlat = index[["lon_deg", "lat_deg"]].to_numpy(dtype=float)
    for rows in _groups(flights):
        placed = rows[np.isfinite(lonlat[rows]).all(axis=1)]
        if len(placed) < 5:
            continue
        first = lonlat[placed[0]]
        middle = first + np.median(_apart(lonlat[placed], first), axis=0)
        off = _apart(lonlat[placed], middle) * (_DEGREE_M * np.cos(np.radians(middle[1])), _DEGREE_M)
        away_m = np.hypot(off[:, 0], off[:, 1])
        for n in np.flatnonzero(away_m > max(FAR_M, FAR_TIMES * float(np.median(away_m)))):
            lon, lat = lonlat[placed[n]]
            mirrored = min(
                np.hypot(*_apart(np.array([sx * lon, sy * lat]), middle)) for sx, sy in ((-1, 1), (1, -1), (-1, -1))
            )
            what = WRONG_HEMISPHERE if mirrored < 0.5 else OUT_OF_PLACE
            found[placed[n]].append(f"{what}: {away_m[n] / 1000:.0f} km from its flight")


def _apart(lonlat: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return degrees from one position to others, the short way around the earth."""
    apart = lonlat - other
    apart[..., 0] = (apart[..., 0] + 180.0) % 360.0 - 180.0
    return apart


def _mixed(index: pd.DataFrame, flights: Texts, found: list[list[str]]) -> None:
    """Flag the photos of a folder's lesser camera where it and another one took pictures at the same time."""
    seconds = seconds_of(index)
    bodies = index["body"].to_numpy(dtype=object)
    folders = np.array([flight.rpartition("#")[0] for flight in flights], dtype=object)
    for rows in _groups(folders):
        if len(np.unique(bodies[rows].astype(str))) < 2:
            continue
        spans = [(group, *_span(seconds[group])) for group in (rows[part] for part in _groups(flights[rows]))]
        for group, begin, end in spans:
            others = [one for one, b, e in spans if bodies[one[0]] != bodies[group[0]] and b <= end and begin <= e]
            if any(len(one) >= len(group) for one in others):
                for row in group:
                    found[row].append("mixed cameras")


def _span(seconds: NDArray[np.float64]) -> tuple[float, float]:
    known = seconds[np.isfinite(seconds)]
    return (float(known.min()), float(known.max())) if len(known) else (np.inf, -np.inf)


def _groups(names: Texts | Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the rows of each name."""
    _, member = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(member.ravel(), kind="stable")
    return np.split(order, np.cumsum(np.bincount(member.ravel()))[:-1]) if len(order) else []
