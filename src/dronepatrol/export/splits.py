"""Photos to train, val and test: no place in two of them or, by day, test of days that train never saw."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

BLOCK_DEG = 0.00225
"""Places are divided into blocks of about 250 m; a block is of one split, for good."""
TRAIN_SHARE, VAL_SHARE = 0.7, 0.15
_FIRST = ("val", "test", "train")
"""Of photos that overlap across splits, those of the earlier stay: they are fewer."""
GAP = timedelta(hours=1)
"""Photos of this long before the first test day are left out: a flight past midnight shows one scene on both sides."""


def splits_of(footprints: NDArray[np.object_]) -> list[str]:
    """Return the split of each of (n,) photos by the place it shows, "" for one that is left out.

    A photo has the split of the block that its footprint's (lon, lat) middle lies in, whenever it was taken. What
    overlaps a photo of another split is left out of train, or of test where the other is of val; so is what has no
    footprint, because nobody knows which place it shows.
    """
    known = np.array([shape is not None and not shape.is_empty for shape in footprints], dtype=bool)
    split = np.full(len(footprints), "", dtype=object)
    placed = np.flatnonzero(known)
    split[placed] = [_split_of_block(shapely.centroid(footprints[row])) for row in placed.tolist()]
    one, other = shapely.STRtree(footprints[placed]).query(footprints[placed], predicate="intersects")
    one, other = placed[one], placed[other]
    for number, stronger in enumerate(_FIRST):
        weaker = np.isin(split[other].astype(str), _FIRST[number + 1 :])
        split[other[(split[one] == stronger) & weaker]] = ""
    return [str(name) for name in split]


def splits_by_day(footprints: NDArray[np.object_], times_utc: pd.DatetimeIndex, test_from: datetime) -> list[str]:
    """Return the split of each of (n,) photos by time first, then by place; "" for one that is left out.

    What was taken from ``test_from`` (aware) on is test wherever it lies, with or without a footprint. What was taken
    at least :data:`GAP` before keeps the split that :func:`splits_of` gives to its place, among the earlier photos
    alone: later photos of the same places, which a weekly patrol always has, take nothing from train. What has no time
    is left out.
    """
    split = np.full(len(footprints), "", dtype=object)
    split[np.asarray(times_utc >= test_from)] = "test"
    earlier = np.flatnonzero(times_utc < test_from - GAP)
    split[earlier] = splits_of(footprints[earlier])
    return [str(name) for name in split]


def revisits(footprints: NDArray[np.object_], splits: list[str]) -> int:
    """Return how many test photos show a place that a train photo shows too."""
    test, train = (footprints[[name == wanted for name in splits]] for wanted in ("test", "train"))
    seen, _ = shapely.STRtree(train).query(test, predicate="intersects")
    return len(np.unique(seen))


def _split_of_block(middle: shapely.Point) -> str:
    north = np.floor(middle.y / BLOCK_DEG)
    east = np.floor(middle.x * np.cos(np.radians(north * BLOCK_DEG)) / BLOCK_DEG)
    digest = hashlib.sha256(f"{int(east)} {int(north)}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < TRAIN_SHARE:
        return "train"
    return "val" if share < TRAIN_SHARE + VAL_SHARE else "test"
