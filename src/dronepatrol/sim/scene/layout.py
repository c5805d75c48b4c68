"""How the ground is divided: roads, canals and blocks with a use, around what the registers name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.scene.shapes import band

MARGIN_M = 130.0
"""The scene goes on this far beyond the area: photos at its edge look over it."""
_BLOCK_M = 165.0
_ROAD_M = 8.0
_CANAL_M = 14.0
_PAVEMENT_M = 6.0

Sites = Mapping[RegisterKind, Sequence[Polygon]]


class Use(StrEnum):
    """What a block is used for."""

    HOMES = "homes"
    WORKS = "works"
    PARK = "park"
    FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class Block:
    """Ground between roads; ``inner`` is what the pavement or verge along its edge leaves."""

    use: Use
    outline: BaseGeometry
    inner: Polygon


@dataclass(frozen=True, slots=True)
class Layout:
    """The divided ground in metres; ``angle_rad`` is the direction of the streets."""

    extent: Polygon
    angle_rad: float
    roads: BaseGeometry
    centre_lines: list[NDArray[np.float64]]
    canals: list[Polygon]
    blocks: list[Block]
    hole: BaseGeometry
    sites: Sites = field(repr=False)


def divide(rng: np.random.Generator, area: BaseGeometry, hole: BaseGeometry, sites: Sites) -> Layout:
    """Return the ground around an area divided into roads, canals and blocks.

    Parameters
    ----------
    rng
        Decides the uses and the canals.
    area, hole
        What is patrolled and what must not be flown over, metres.
    sites
        The registers' polygons, metres; strict-parking roads become asphalt and are continued beyond their ends.
    """
    extent = shapely.box(*area.bounds).buffer(MARGIN_M, join_style="mitre")
    strict = sites.get(RegisterKind.STRICT_PARKING, ())
    axes = [_axis(polygon) for polygon in strict]
    angle = max(axes, key=lambda axis: axis.length_m).angle_rad % (np.pi / 2) if axes else 0.0
    angle = angle - np.pi / 2 if angle > np.pi / 4 else angle
    others = [outline for kind, group in sites.items() if kind is not RegisterKind.STRICT_PARKING for outline in group]
    kept = shapely.union_all([hole, *others])
    keep = kept.buffer(4.0)
    lines = [*_continued(axes, extent), *_fillers(axes, angle, extent, keep)]
    bands = [Polygon(band(line[0], line[1], width)) for line, width in lines]
    roads = shapely.intersection(shapely.union_all([*strict, *bands]), extent).difference(kept)
    canals = _canals(rng, angle, extent, shapely.union_all([keep, *strict]), bands)
    ground = extent.difference(shapely.union_all([roads, *(canal.buffer(2.0) for canal in canals), hole]))
    blocks = _blocks(rng, extent, ground, keep)
    return Layout(extent, angle, roads, [line for line, _ in lines], canals, blocks, hole, sites)


@dataclass(frozen=True, slots=True)
class _Axis:
    """The long axis of a road's polygon: its two ends, direction, length and width."""

    ends: NDArray[np.float64]
    angle_rad: float
    length_m: float
    width_m: float


def _axis(polygon: Polygon) -> _Axis:
    corners = shapely.get_coordinates(polygon.minimum_rotated_rectangle)[:4]
    sides = np.diff(corners[:3], axis=0)
    along = sides[np.argmax(np.hypot(*sides.T))]
    length = float(np.hypot(*along))
    along = along / length
    points = shapely.get_coordinates(polygon)
    reach = points @ along
    ends = np.array([points[reach < reach.min() + 12].mean(axis=0), points[reach > reach.max() - 12].mean(axis=0)])
    return _Axis(ends, float(np.arctan2(along[1], along[0])), length, min(float(polygon.area) / length, 16.0))


def _continued(axes: Sequence[_Axis], extent: Polygon) -> list[tuple[NDArray[np.float64], float]]:
    """Return the lines that carry each register road on beyond its ends to the edge of the scene."""
    far = float(np.hypot(*np.ptp(np.reshape(extent.bounds, (2, 2)), axis=0)))
    found = []
    for axis in axes:
        ahead = (axis.ends[1] - axis.ends[0]) / np.linalg.norm(axis.ends[1] - axis.ends[0])
        for end, way in zip(axis.ends, (-ahead, ahead), strict=True):
            found.append((np.array([end - way, end + way * far]), axis.width_m))
    return found


def _fillers(
    axes: Sequence[_Axis], angle: float, extent: Polygon, keep: BaseGeometry
) -> list[tuple[NDArray[np.float64], float]]:
    """Return further streets, parallel to the register roads, so that no block is longer than about ``_BLOCK_M``."""
    found = []
    for turn in (angle, angle + np.pi / 2):
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        corners = shapely.get_coordinates(extent)
        low, high = (corners @ across).min(), (corners @ across).max()
        same = [axis for axis in axes if abs(np.sin(axis.angle_rad - turn)) < 0.3]
        taken = sorted([low, high, *(float(axis.ends.mean(axis=0) @ across) for axis in same)])
        reach = float(np.abs(corners @ along).max()) + 10
        for a, b in pairwise(taken):
            pieces = round((b - a) / _BLOCK_M)
            for i in range(1, pieces):
                middle = across * _clear_offset(a + (b - a) * i / pieces, along * reach, across, keep)
                found.append((np.array([middle - along * reach, middle + along * reach]), _ROAD_M))
    return found


def _clear_offset(offset: float, reach: NDArray[np.float64], across: NDArray[np.float64], keep: BaseGeometry) -> float:
    """Return the offset nearest to the wished one at which a street meets none of what is to be kept."""
    for shift in sorted(range(-40, 41, 8), key=abs):
        middle = across * (offset + shift)
        if not shapely.LineString([middle - reach, middle + reach]).buffer(_ROAD_M).intersects(keep):
            return offset + shift
    return offset


def _canals(
    rng: np.random.Generator, angle: float, extent: Polygon, keep: BaseGeometry, bands: Sequence[Polygon]
) -> list[Polygon]:
    """Return one or two straight canals that keep clear of sites and do not run along a road."""
    reach = float(np.abs(shapely.get_coordinates(extent)).max()) * 1.5
    found: list[Polygon] = []
    for _ in range(200):
        turn = angle + (np.pi / 2 if rng.random() < 0.5 else 0.0)
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        middle = across * rng.uniform(-0.45, 0.45) * reach
        canal = Polygon(band(middle - along * reach, middle + along * reach, _CANAL_M))
        beside = canal.buffer(14.0)
        crossed = shapely.intersection(beside, [*bands, *found])
        if all(part.area < 2200.0 for part in crossed) and shapely.intersection(beside, keep).area < 1500.0:
            found.append(canal)
        if len(found) == 2:
            break
    return [part for canal in found for part in _polygons(canal.intersection(extent))]


def _blocks(rng: np.random.Generator, extent: Polygon, ground: BaseGeometry, sites: BaseGeometry) -> list[Block]:
    """Return the blocks of the ground, with homes in the middle, fields at the rim, and no site in a field."""
    size = float(np.sqrt(extent.area))
    found = []
    for outline in _polygons(ground):
        if outline.area < 60.0:
            continue
        out = float(np.linalg.norm(np.array(outline.centroid.coords[0]) - np.array(extent.centroid.coords[0]))) / size
        shares = np.array([0.55, 0.2, 0.15, 0.1]) if out < 0.33 else np.array([0.25, 0.15, 0.1, 0.5])
        use = list(Use)[int(rng.choice(4, p=shares))]
        use = Use.WORKS if use is Use.FIELDS and outline.intersects(sites) else use
        inner = outline.buffer(-(2.0 if use is Use.FIELDS else _PAVEMENT_M), join_style="mitre")
        parts = [part for part in _polygons(inner) if part.area > 30.0]  # sites may cut a block into several
        found += [Block(use, outline.intersection(part.buffer(_PAVEMENT_M + 3.0)), part) for part in parts]
    return found


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a geometry, in a fixed order."""
    if isinstance(geometry, Polygon):
        return [] if geometry.is_empty else [geometry]
    if isinstance(geometry, MultiPolygon) or hasattr(geometry, "geoms"):
        parts = [part for part in geometry.geoms if isinstance(part, Polygon) and not part.is_empty]
        return sorted(parts, key=lambda part: part.bounds)
    return []
