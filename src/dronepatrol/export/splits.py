"""Photos to train, val and test so that no place is in two of them."""

import hashlib
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CELL_DEG = 0.00225
"""About 250 m north to south: photos of one flight within such a cell stay together."""
TRAIN_SHARE, VAL_SHARE = 0.7, 0.15


def groups(footprints: NDArray[np.object_], flights: Sequence[str]) -> NDArray[np.int64]:
    """Return (n,) the group of each photo: the connected components of what must stay together.

    Two photos stay together when their footprints (lon, lat) touch, or when they are of one flight and lie in one
    cell. A photo without a footprint may lie anywhere: its whole flight stays together.
    """
    count = len(footprints)
    known = np.array([shape is not None and not shape.is_empty for shape in footprints], dtype=bool)
    placed = np.flatnonzero(known)
    first, second = shapely.STRtree(footprints[placed]).query(footprints[placed], predicate="intersects")
    pairs = [np.column_stack((placed[first], placed[second]))]
    open_flights = {flights[row] for row in np.flatnonzero(~known).tolist()}
    leaders: dict[tuple[object, ...], int] = {}
    for row, flight in enumerate(flights):
        key: tuple[object, ...] = (flight,)
        if flight not in open_flights:
            centre = shapely.centroid(footprints[row])
            north = np.floor(centre.y / CELL_DEG)
            east = np.floor(centre.x * np.cos(np.radians(north * CELL_DEG)) / CELL_DEG)
            key = (flight, int(east), int(north))
        pairs.append(np.array([[leaders.setdefault(key, row), row]]))
    edges = np.concatenate(pairs)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def split_of(key: str) -> str:
    """Return the split of the group whose oldest photo has this key: the same one whenever it is asked."""
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    if share < TRAIN_SHARE:
        return "train"
    return "val" if share < TRAIN_SHARE + VAL_SHARE else "test"
