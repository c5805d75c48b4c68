"""What has been put where, and whether another thing still fits without hiding or shading it."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.sim.scene.layout import Layout
from dronepatrol.sim.scene.shapes import Place, Points, Sketch
from dronepatrol.sim.scene.thing import Rng, Thing

_LEAN = 0.7
"""Metres that one metre of height hides at most: by its shadow, or by leaning outwards in a wide photo."""
_GAP_M = 1.0


@dataclass(frozen=True, slots=True)
class Plant:
    """One thing of the truth: a planted problem (``problem`` set) or a look-alike of one."""

    kind: str
    problem: str
    look_alike_of: str
    place: Place
    thing: Thing


@dataclass(slots=True)
class Garden:
    """The ground with all that stands on it; ``allowed`` is where problems may be, metres."""

    layout: Layout
    allowed: BaseGeometry
    plants: list[Plant] = field(default_factory=list)
    others: list[Thing] = field(default_factory=list)
    _held: NDArray[np.float64] = field(default_factory=lambda: np.empty((1024, 4)))
    _count: int = 0

    def put(self, plant: Plant) -> None:
        """Add a planted thing or a look-alike."""
        self.plants.append(plant)
        self.hold(plant.place, half_diagonal_m(plant.thing), plant.thing.height_m)

    def hold(self, place: Place, radius_m: float, height_m: float = 0.0) -> None:
        """Keep a round piece of ground clear."""
        if self._count == len(self._held):
            self._held = np.concatenate([self._held, np.empty_like(self._held)])
        self._held[self._count] = place.east_m, place.north_m, radius_m, height_m
        self._count += 1

    def fits(self, place: Place, radius_m: float, height_m: float = 0.0, spacing_m: float = 0.0) -> bool:
        """Return whether a round thing stays clear of all others, and its middle ``spacing_m`` from theirs."""
        east, north, radius, height = self._held[: self._count].T
        away = np.hypot(east - place.east_m, north - place.north_m)
        need = radius + radius_m + _LEAN * np.maximum(height, height_m) + _GAP_M
        return bool((away >= np.maximum(need, spacing_m)).all())

    def fits_outline(self, outline: Polygon, height_m: float) -> bool:
        """Return whether a prism stays clear of all others."""
        east, north, radius, _ = self._held[: self._count].T
        near = np.hypot(east - outline.centroid.x, north - outline.centroid.y) < 60.0
        away = shapely.distance(outline, shapely.points(east[near], north[near]))
        return bool((away >= radius[near] + _LEAN * height_m + _GAP_M).all())

    def drawn(self) -> tuple[Sketch, Sketch, list[tuple[Points, float]]]:
        """Return what lies flat, what stands up (low things first) and what throws shadows."""
        flat, raised = Sketch(), Sketch()
        things = [*self.others, *(plant.thing for plant in self.plants)]
        flat.extend(thing.flat for thing in things)
        raised.extend(thing.raised for thing in sorted(things, key=lambda thing: thing.height_m))
        return flat, raised, [cast for thing in things for cast in thing.casts]


def half_diagonal_m(thing: Thing) -> float:
    """Return the radius of the circle around a thing."""
    return float(np.hypot(thing.length_m, thing.width_m)) / 2


def random_points(rng: Rng, ground: BaseGeometry, count: int) -> Points:
    """Return those of ``count`` even random points in the bounding box that lie on the ground."""
    if ground.is_empty:
        return np.empty((0, 2))
    west, south, east, north = ground.bounds
    points = rng.uniform((west, south), (east, north), (count, 2))
    return np.asarray(points[shapely.contains_xy(ground, points[:, 0], points[:, 1])])
