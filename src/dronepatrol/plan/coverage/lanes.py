"""Rows to lanes: each row's strip of the region falls into pieces, each covered by the shortest lane.

A lane covers a rectangle: half a width to both sides, ``reach_m`` beyond both ends. Its ends are drawn in as far as the
piece of strip stays covered. Strips are a full width high where rows lie closer: what is left for the last row is then
thin, and soonest given up.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from dronepatrol.plan.coverage.rows import Sweep

_SLIVER = 1e-9
_SHIFTS = 9

Array = NDArray[np.float64]


@dataclass(slots=True)
class Piece:
    """A piece of a strip, turned so that the lane runs along x at height ``y``."""

    polygon: Polygon
    y: float
    left: float
    right: float


def lay_lanes(region: Polygon | MultiPolygon, free: Polygon | MultiPolygon, rows: Array, sweep: Sweep) -> Array:
    """Return (n, 2, 2) lanes, all in the turned frame.

    Parameters
    ----------
    region
        What is to be covered, turned so that lanes run along x.
    free
        Where may be flown, turned likewise.
    rows
        (m,) heights of the rows, rising.
    sweep
        Width, reach and pace of the lanes.
    """
    pieces = _pieces(region, free, rows, sweep)
    lanes = [lane for piece in pieces for lane in _flyable(piece, free, sweep)]
    return np.array(lanes).reshape(-1, 2, 2)


def _strips(region: Polygon | MultiPolygon, rows: Array, width: float) -> Array:
    """Return the polygons' array of each row's share of the region: what lies within width / 2 and in no lower row."""
    west, _, east, _ = region.bounds
    high = rows + width / 2
    low = np.maximum(np.concatenate([[-np.inf], high[:-1]]), rows - width / 2)
    boxes = shapely.box(np.full_like(low, west - 1.0), low, np.full_like(low, east + 1.0), high)
    shapely.prepare(region)
    return np.asarray(shapely.intersection(region, boxes))


def _pieces(region: Polygon | MultiPolygon, free: Polygon | MultiPolygon, rows: Array, sweep: Sweep) -> list[Piece]:
    shapely.prepare(free)
    pieces = []
    for row, strip in zip(rows, _strips(region, rows, sweep.width_m), strict=True):
        for part in shapely.get_parts(strip):
            if part.geom_type != "Polygon" or part.area <= _SLIVER * sweep.width_m**2:
                continue
            left, _, right, _ = part.bounds
            y = _free_height(part, float(row), free, sweep)
            pieces.append(Piece(part, y, left, right))
    return pieces


def _free_height(part: Polygon, row: float, free: Polygon | MultiPolygon, sweep: Sweep) -> float:
    """Return the height nearest to the row from which a lane covers the piece and stays in the free airspace."""
    left, low, right, high = part.bounds
    half = sweep.width_m / 2
    left, right = min(left + sweep.reach_m, (left + right) / 2), max(right - sweep.reach_m, (left + right) / 2)

    def blocked_m(y: float) -> float:
        lane = LineString([(left, y), (right + 1e-9, y)])
        return lane.length - float(shapely.intersection(free, lane).length)

    at_row = blocked_m(row)
    if at_row < 1e-6:
        return row
    tried = np.linspace(high - half, low + half, _SHIFTS) if high - low < 2 * half - 1e-9 else np.array([row])
    tried = tried[np.argsort(np.abs(tried - row))]
    blocked = [blocked_m(float(y)) for y in tried]
    best = int(np.argmin(np.round(blocked, 6)))
    return float(tried[best]) if blocked[best] < at_row - 1e-6 else row


def _flyable(piece: Piece, free: Polygon | MultiPolygon, sweep: Sweep) -> list[list[tuple[float, float]]]:
    left, right = piece.left + sweep.reach_m, piece.right - sweep.reach_m
    if right - left < 1e-3 * sweep.width_m:  # the footprint is longer than the piece: hover over its middle
        middle = (left + right) / 2
        left, right = middle - 5e-4 * sweep.width_m, middle + 5e-4 * sweep.width_m
    lane = LineString([(left, piece.y), (right, piece.y)])
    if shapely.covers(free, lane):
        return [[(left, piece.y), (right, piece.y)]]
    parts = [part for part in shapely.get_parts(shapely.intersection(free, lane)) if part.length > _SLIVER]
    return [[part.coords[0], part.coords[-1]] for part in parts]
