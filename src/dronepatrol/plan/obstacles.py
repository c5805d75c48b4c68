"""What stands up into the air: buildings, and the ground itself; which flight lines come too close to it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.terrain import Terrain
from dronepatrol.plan.request import Request

CLEARANCE_M = 10.0
"""Legs are at least this high above buildings and ground: a default of ours. Heights are planned with more."""
BESIDE_M = 5.0
"""Buildings this far beside a leg count as under it: a default of ours for the lateral error."""
GROUND_GRID_M = 30.0
GROUND_CELLS = 40_000
"""The ground is looked at on a grid of this step, coarser where it would have more cells."""

Array = NDArray[np.float64]
Bounds = tuple[float, float, float, float]
"""West, south, east, north in metres."""


@dataclass(frozen=True)
class Obstacles:
    """Buildings and ground in metres of one frame; all heights are above mean sea level."""

    frame: LocalFrame
    shapes: NDArray[np.object_]
    """Buildings with the lateral error around them."""
    tops_m: Array
    """What a leg over each of them has to stay above: its top and the clearance."""
    terrain: Terrain | None
    flat_m: float
    """The ground's height where there is no terrain."""

    @classmethod
    def of(cls, request: Request, frame: LocalFrame, flat_m: float) -> "Obstacles":
        """Return what a request knows of; ``flat_m`` is the ground's height above mean sea level without terrain."""
        buildings = request.buildings
        shapes = np.array([frame.geometry_to_metres(one.geometry).buffer(BESIDE_M) for one in buildings], object)
        bare = cls(frame, shapes, np.empty(0), request.terrain, flat_m)
        if not buildings:
            return bare
        ground = bare.ground_m(np.array([[one.centroid.x, one.centroid.y] for one in shapes]))
        ground = np.where(np.isfinite(ground), ground, flat_m)
        tops = ground + np.array([one.height_m for one in buildings]) + CLEARANCE_M
        return cls(frame, shapes, tops, request.terrain, flat_m)

    def ground_m(self, points: Array) -> Array:
        """Return (n,) metres above mean sea level of the ground below (n, 2) points; NaN where unknown."""
        if self.terrain is None:
            return np.full(len(points), self.flat_m)
        return np.asarray(self.terrain.height_m(self.frame.to_lonlat(points)), dtype=float)

    def near(self, bounds: Bounds, above_m: float = -np.inf) -> "Skyline":
        """Return what stands within (west, south, east, north), as far as it reaches above a height (AMSL)."""
        within = shapely.box(*bounds)
        which = self._tree.query(within) if len(self.shapes) else np.empty(0, dtype=int)
        shapes, tops = [self.shapes[which]], [self.tops_m[which]]
        if self.terrain is not None:
            cells, ground = self._ground_cells(bounds)
            shapes.append(cells)
            tops.append(ground)
        shape, top = np.concatenate(shapes), np.concatenate(tops)
        return Skyline(shape[top > above_m], top[top > above_m])

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    def _ground_cells(self, bounds: Bounds) -> tuple[NDArray[np.object_], Array]:
        """Return square cells over the bounds and the ground's highest corner in each, with the clearance."""
        west, south, east, north = bounds
        step = max(GROUND_GRID_M, float(np.sqrt((east - west + 1) * (north - south + 1) / GROUND_CELLS)))
        x = np.arange(west - step, east + 2 * step, step)
        y = np.arange(south - step, north + 2 * step, step)
        corners = np.stack(np.meshgrid(x, y), axis=-1)
        ground = self.ground_m(corners.reshape(-1, 2)).reshape(len(y), len(x))
        ground = np.where(np.isfinite(ground), ground, -np.inf)
        tops = np.maximum.reduce([ground[:-1, :-1], ground[1:, :-1], ground[:-1, 1:], ground[1:, 1:]])
        x0, y0 = np.meshgrid(x[:-1], y[:-1])
        cells = shapely.box(x0.ravel(), y0.ravel(), x0.ravel() + step, y0.ravel() + step)
        return np.asarray(cells), tops.ravel() + CLEARANCE_M


class Skyline:
    """Shapes on the map, and how high each has to be flown over."""

    def __init__(self, shapes: NDArray[np.object_], tops_m: Array) -> None:
        self._tree = shapely.STRtree(shapes)
        self._tops_m = tops_m

    def floor_m(self, regions: NDArray[np.object_]) -> Array:
        """Return (n,) the least height above mean sea level at which each of (n,) regions may be flown over."""
        floors = np.full(len(regions), -np.inf)
        if len(self._tops_m) and len(regions):
            region, shape = self._tree.query(regions, predicate="intersects")
            np.maximum.at(floors, region, self._tops_m[shape])
        return floors
