"""How far to believe a thing: how many photos show it of those that should, and how sure the detector was.

A heuristic, not a probability: ``confidence = mean score · min(1, 2 · hits / chances) · register probability``. A thing
that half of the photos show has its detector's word; one that a single photo of eight shows has a quarter of it.
"""

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.quality import is_set_aside

MIN_SUPPORT = 0.3
"""Things that a smaller share of the photos show than this are left out: reflections and passing traffic."""
EDGE_M = 3.0
"""A photo counts as one that should show a place only if the place is this far inside its footprint: poses err."""


def chances(place_m: NDArray[np.float64], shots: pd.DataFrame, frame: LocalFrame) -> NDArray[np.intp]:
    """Return for each of n places how many photos should show it.

    Parameters
    ----------
    place_m
        (n, 2) metres east and north in ``frame``.
    shots
        ``tables.SHOTS``; rows without an image or a footprint see nothing, and those set aside were not looked at.
    frame
        The metric frame.
    """
    table = geopandas.GeoDataFrame(shots)
    looked_at = (table["photo"] != "").to_numpy(dtype=bool) & ~is_set_aside(table["quality"])
    footprints = table.geometry.to_numpy()[looked_at]
    known = [frame.geometry_to_metres(shape) for shape in footprints if shape is not None and not shape.is_empty]
    shrunk = shapely.buffer(np.array(known, dtype=object), -EDGE_M)
    found, _ = shapely.STRtree(shrunk).query(shapely.points(place_m), predicate="intersects")
    return np.bincount(found, minlength=len(place_m)).astype(np.intp)


def support(hits: NDArray[np.intp], possible: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (n,) the share of photos that show a thing among those that should, or that do."""
    return np.asarray(hits / np.maximum(hits, possible), dtype=float)


def confidence(score: float, share: float, register_probability: float) -> float:
    """Return the confidence in [0, 1] of a thing; see the module for the formula."""
    return min(max(score * min(1.0, 2.0 * share) * register_probability, 0.0), 1.0)
