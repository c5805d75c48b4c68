"""Flights told apart by folder, camera and gaps in time. Pure."""

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLIGHT_GAP_S = 60.0
"""Photos of one flight follow each other faster than this."""


def folder_of(shot_id: str, photo: str) -> str:
    """Return the folder that a flight is named after."""
    return shot_id.rpartition("/")[0] or PurePath(photo).parent.name or "flight"


def flights_of(times_s: ArrayLike, folders: Sequence[str], bodies: Sequence[str]) -> NDArray[np.object_]:
    """Return (n) the flight of each photo: "<folder>#<n>", a new n for each camera and after each gap over a minute.

    Photos without a time stay in the first flight of their folder and camera. The order of the photos plays no part.

    Parameters
    ----------
    times_s
        (n) seconds, NaN where unknown.
    folders, bodies
        (n) each.
    """
    times = np.nan_to_num(np.asarray(times_s, dtype=float), nan=-np.inf)
    if not len(times):
        return np.empty(0, dtype=object)
    folder_names, folder = np.unique(np.asarray(folders, dtype=object).astype(str), return_inverse=True)
    _, body = np.unique(np.asarray(bodies, dtype=object).astype(str), return_inverse=True)
    order = np.lexsort((times, body, folder))
    in_order = times[order]
    with np.errstate(invalid="ignore"):  # two unknown times
        gap = np.diff(in_order) > FLIGHT_GAP_S
    gap &= np.isfinite(in_order[:-1])
    other_folder = np.diff(folder[order]) != 0
    begins = np.concatenate([[True], gap | other_folder | (np.diff(body[order]) != 0)])
    counted = np.cumsum(begins)
    first_of_folder = np.concatenate([[True], other_folder])
    before = np.maximum.accumulate(np.where(first_of_folder, counted - 1, 0))
    numbers = counted - before
    flights = np.empty(len(times), dtype=object)
    flights[order] = [f"{folder_names[f]}#{n}" for f, n in zip(folder[order], numbers, strict=True)]
    return flights
