"""What stands on the ground: how high buildings reach near places and legs."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import Building
from dronepatrol.model.terrain import Terrain

Array = NDArray[np.float64]


class Skyline:
    """Buildings, found by place.

    Parameters
    ----------
    buildings
        WGS-84 polygons with their heights above the ground around them.
    terrain
        The ground under them; where it is unknown, or None, the ground counts as ``level_amsl_m``.
    frame
        Metric frame of all places asked for.
    level_amsl_m
        Height of the ground where the terrain does not know it.
    """

    def __init__(
        self, buildings: Sequence[Building], terrain: Terrain | None, frame: LocalFrame, level_amsl_m: float
    ) -> None:
        self._shapes = [frame.geometry_to_metres(building.geometry) for building in buildings]
        self._tree = STRtree(self._shapes)
        heights = np.array([building.height_m for building in buildings], dtype=float)
        grounds = _grounds([building.geometry for building in buildings], terrain, level_amsl_m)
        self.heights_m: Array = heights
        """(n,) above the ground around."""
        self.tops_amsl_m: Array = grounds + heights
        """(n,) above mean sea level, from the highest ground at each building's corners."""

    def highest_near_legs(self, starts: Array, ends: Array, beside_m: float) -> Array:
        """Return (n,) the highest top above mean sea level within ``beside_m`` of n legs; -inf where there is none.

        Parameters
        ----------
        starts, ends
            (n, 2) metres.
        beside_m
            How far beside a leg a building counts.
        """
        legs = shapely.linestrings(np.stack([starts, ends], axis=1))
        return self._highest(np.asarray(legs), self.tops_amsl_m, beside_m)

    def height_m(self, places: ArrayLike) -> Array:
        """Return (n,) heights above ground of the buildings at (n, 2) metres; 0 where there is none."""
        points = shapely.points(np.asarray(places, dtype=float))
        return np.maximum(self._highest(np.asarray(points), self.heights_m, 0.0), 0.0)

    def _highest(self, shapes: NDArray[np.object_], values: Array, beside_m: float) -> Array:
        which, building = self._tree.query(shapes, predicate="dwithin", distance=beside_m)
        highest = np.full(len(shapes), -np.inf)
        np.maximum.at(highest, which, values[building])
        return highest


def _grounds(shapes: Sequence[BaseGeometry], terrain: Terrain | None, level_amsl_m: float) -> Array:
    """Return (n,) the highest known ground at the corners of each shape."""
    grounds = np.full(len(shapes), -np.inf)
    if terrain is not None and len(shapes):
        corners, shape = shapely.get_coordinates(np.array(shapes, dtype=object), return_index=True)
        heights = terrain.height_m(corners)
        known = np.isfinite(heights)
        np.maximum.at(grounds, shape[known], heights[known])
    return np.where(np.isfinite(grounds), grounds, level_amsl_m)
