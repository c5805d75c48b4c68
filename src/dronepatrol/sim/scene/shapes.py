"""Outlines on flat ground, as (n, 2) arrays of metres east and north, and the columns they are stored in."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Colour = tuple[int, int, int]  # blue, green, red


@dataclass(frozen=True, slots=True)
class Place:
    """A point in metres and a direction: ``angle_rad`` counter-clockwise from east."""

    east_m: float
    north_m: float
    angle_rad: float = 0.0

    @property
    def xy(self) -> Points:
        """East and north in metres."""
        return np.array([self.east_m, self.north_m])

    def at(self, along_m: float, across_m: float, turn_rad: float = 0.0) -> "Place":
        """Return the place ``along_m`` ahead and ``across_m`` to the left, turned."""
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return Place(
            float(self.east_m + along_m * cos - across_m * sin),
            float(self.north_m + along_m * sin + across_m * cos),
            self.angle_rad + turn_rad,
        )

    def points(self, along_across_m: ArrayLike) -> Points:
        """Return (n, 2) metres east and north of points given in metres (along, across)."""
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.asarray(np.asarray(along_across_m, dtype=float) @ np.array([[cos, sin], [-sin, cos]]) + self.xy)


def box(place: Place, length_m: float, width_m: float) -> Points:
    """Return the corners of a rectangle centred at the place, ``length_m`` along its direction."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length_m / 2, width_m / 2)
    return place.points(half)


def disc(place: Place, radius_m: float, corners: int = 12) -> Points:
    """Return a regular polygon."""
    turn = np.arange(corners) * (2 * np.pi / corners)
    return place.points(radius_m * np.column_stack([np.cos(turn), np.sin(turn)]))


def blob(rng: np.random.Generator, place: Place, length_m: float, width_m: float, corners: int = 18) -> Points:
    """Return an uneven oval whose bounding box in its own directions is exactly ``length_m`` by ``width_m``."""
    turn = np.arange(corners) * (2 * np.pi / corners)
    waves = np.array([[2], [3], [5]]) * turn + rng.uniform(0, 2 * np.pi, (3, 1))
    radius = 1 + rng.uniform(0.02, 0.09, 3) @ np.cos(waves)
    oval = np.column_stack([np.cos(turn), np.sin(turn)]) * radius[:, None]
    low, high = oval.min(axis=0), oval.max(axis=0)
    return place.points((oval - (low + high) / 2) / (high - low) * (length_m, width_m))


def band(a: ArrayLike, b: ArrayLike, width_m: float) -> Points:
    """Return the rectangle around the segment from ``a`` to ``b``."""
    start, end = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    side = np.array([start[1] - end[1], end[0] - start[0]])
    side *= width_m / 2 / max(float(np.hypot(*side)), 1e-9)
    return np.array([start + side, end + side, end - side, start - side])


@dataclass(frozen=True, slots=True)
class Faces:
    """Coloured polygons as columns, in the order in which they are painted.

    ``xyz`` is (m, 3) metres east, north, up of all corners; face i owns rows ``start[i]`` to ``start[i + 1]``;
    ``paint`` is (n, 4) uint8: blue, green, red and how strongly the ground's texture shows.
    """

    xyz: Points
    start: NDArray[np.int64]
    paint: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.paint)


@dataclass(slots=True)
class Sketch:
    """A growing list of faces."""

    rings: list[Points] = field(default_factory=list)
    paints: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, ring: Points, colour: Colour, texture: int = 60, up_m: ArrayLike = 0.0) -> None:
        """Paint one polygon; ``up_m`` is one height, or one for each corner."""
        xyz = np.empty((len(ring), 3))
        xyz[:, :2], xyz[:, 2] = ring, up_m
        self.rings.append(xyz)
        self.paints.append((*colour, texture))

    def extend(self, others: Iterable["Sketch"]) -> None:
        """Paint other sketches on top."""
        for other in others:
            self.rings += other.rings
            self.paints += other.paints

    def faces(self) -> Faces:
        """Return the faces as columns."""
        counts = np.array([len(ring) for ring in self.rings], dtype=np.int64)
        xyz = np.concatenate(self.rings) if self.rings else np.empty((0, 3))
        paint = np.array(self.paints, dtype=np.uint8).reshape(-1, 4)
        return Faces(xyz, np.concatenate([[0], np.cumsum(counts)]), paint)


def shaded(colour: Colour, factor: float) -> Colour:
    """Return the colour made lighter or darker."""
    blue, green, red = (max(0, min(255, round(c * factor))) for c in colour)
    return blue, green, red
