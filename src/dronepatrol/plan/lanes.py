"""Rows to lanes: each row's strip of the region falls into pieces, each covered by the shortest lane.

A lane covers a rectangle: half a width to both sides, ``reach_m`` beyond both ends. Its ends are drawn in as far as the
piece of strip stays covered. A small share of the region may be given up where it costs most time: slim corners first
(water-filling: every end is drawn in until what it uncovers per metre passes one common level).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from dronepatrol.plan.rows import Sweep, cuts_m, edges

SAMPLES = 48
"""Positions per lane end at which drawing in is tried."""
_SLIVER = 1e-9
_SHIFTS = 9

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Square metres that may stay uncovered: whole slivers of strips, and what lane ends drawn in leave."""

    slivers_m2: float
    ends_m2: float

    def share(self, share: float) -> "GiveUp":
        """Return the share of it that falls to a part of the region."""
        return GiveUp(self.slivers_m2 * share, self.ends_m2 * share)


@dataclass(slots=True)
class Piece:
    """A piece of a strip, turned so that the lane runs along x at height ``y``."""

    polygon: Polygon
    y: float
    left: float
    right: float


def lay_lanes(
    region: Polygon | MultiPolygon, free: Polygon | MultiPolygon, rows: Array, sweep: Sweep, give_up: GiveUp
) -> Array:
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
    give_up
        How much of the region may stay uncovered.
    """
    pieces = _pieces(region, free, rows, sweep)
    pieces = _without_slivers(pieces, sweep, give_up.slivers_m2)
    _draw_in(pieces, sweep, give_up.ends_m2)
    lanes = [lane for piece in pieces for lane in _flyable(piece, free, sweep)]
    return np.array(lanes).reshape(-1, 2, 2)


def _strips(region: Polygon | MultiPolygon, rows: Array, width: float) -> Array:
    """Return the polygons' array of each row's share of the region: to half way to the next row, at most width / 2."""
    west, _, east, _ = region.bounds
    between = (rows[1:] + rows[:-1]) / 2
    low = np.maximum(np.concatenate([[-np.inf], between]), rows - width / 2)
    high = np.minimum(np.concatenate([between, [np.inf]]), rows + width / 2)
    boxes = shapely.box(west - 1.0, low, east + 1.0, high)
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


def _without_slivers(pieces: list[Piece], sweep: Sweep, budget_m2: float) -> list[Piece]:
    """Return the pieces without those that are small for the time they take."""
    change_s = float(sweep.pace.leg_s(sweep.width_m))
    level = sweep.width_m * sweep.pace.speed_m_s / 2  # m2 per second saved; a full lane covers twice this
    areas = [piece.polygon.area for piece in pieces]
    times = [
        change_s + float(sweep.pace.leg_s(max(piece.right - piece.left - 2 * sweep.reach_m, 0.0))) for piece in pieces
    ]
    dropped: set[int] = set()
    given = 0.0
    for which in sorted(range(len(pieces)), key=lambda i: areas[i] / times[i]):
        if areas[which] / times[which] > level or given + areas[which] > budget_m2:
            break
        dropped.add(which)
        given += areas[which]
    return [piece for i, piece in enumerate(pieces) if i not in dropped]


def _draw_in(pieces: list[Piece], sweep: Sweep, budget_m2: float) -> None:
    """Draw the pieces' ends in, spending the budget where it uncovers least per metre."""
    if not pieces:
        return
    curves = [_uncovering(piece, side, sweep) for piece in pieces for side in (1, -1)]
    inward, area = (np.stack(columns) for columns in zip(*curves, strict=True))
    rows = np.arange(len(inward))

    def at(level: float) -> NDArray[np.intp]:
        """Return up to which sample it pays to draw each end in when a metre is worth ``level`` square metres."""
        gain = (level * inward - area)[:, ::-1]
        return np.asarray(SAMPLES - 1 - np.argmax(gain, axis=1))

    low, high = 0.0, sweep.width_m * (1 - 1e-6)
    for _ in range(30):
        level = (low + high) / 2
        low, high = (level, high) if area[rows, at(level)].sum() <= budget_m2 else (low, level)
    chosen = at(low)
    on = np.minimum(chosen, SAMPLES - 2)
    slopes = (area[rows, on + 1] - area[rows, on]) / np.maximum(inward[rows, on + 1] - inward[rows, on], 1e-12)
    further = max(budget_m2 - float(area[rows, chosen].sum()), 0.0) / max(float(slopes.sum()), 1e-9)
    drawn = (inward[rows, chosen] + min(further, sweep.width_m / 4)).reshape(-1, 2)
    for piece, (left, right) in zip(pieces, drawn, strict=True):
        piece.left, piece.right = piece.left + float(left), piece.right - float(right)


def _uncovering(piece: Piece, side: int, sweep: Sweep) -> tuple[Array, Array]:
    """Return (SAMPLES,) metres that an end of a piece may be drawn in, and the area that each uncovers."""
    inward: Array = np.linspace(0.0, min(4 * sweep.width_m, (piece.right - piece.left) / 2), SAMPLES)
    start = piece.left if side == 1 else piece.right
    middles = start + side * (inward[1:] + inward[:-1]) / 2
    upright = edges(piece.polygon)[:, [1, 0, 3, 2]]  # x and y exchanged: verticals
    area = np.cumsum(cuts_m(upright, middles).sum(axis=1) * np.diff(inward))
    return inward, np.concatenate([[0.0], area])


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
