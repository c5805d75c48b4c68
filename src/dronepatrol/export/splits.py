"""Photos to train, val and test so that no place is in two of them, now or in a later export."""

import hashlib

import numpy as np
import shapely
from numpy.typing import NDArray

BLOCK_DEG = 0.00225
"""Places are divided into blocks of about 250 m; a block is of one split, for good."""
TRAIN_SHARE, VAL_SHARE = 0.7, 0.15
_FIRST = ("val", "test", "train")
"""Of photos that overlap across splits, those of the earlier stay: they are fewer."""


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


def _split_of_block(middle: shapely.Point) -> str:
    north = np.floor(middle.y / BLOCK_DEG)
    east = np.floor(middle.x * np.cos(np.radians(north * BLOCK_DEG)) / BLOCK_DEG)
    digest = hashlib.sha256(f"{int(east)} {int(north)}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < TRAIN_SHARE:
        return "train"
    return "val" if share < TRAIN_SHARE + VAL_SHARE else "test"
