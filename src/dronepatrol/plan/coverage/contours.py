"""Nested lanes: rings along the outline and around holes, a lane width apart, from the border inwards.

Rings need one stop at a corner where parallel lanes need two at a change of lane, so they fly faster over shapes with
few, long edges: triangles, arms of one width, frames. At sharp corners the rings' ends leave slivers along the
bisector: spines, lanes along it, cover those of all rings. What else is left is for lanes of its own.
"""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LinearRing, MultiPolygon, Polygon

from dronepatrol.plan.coverage.rows import Sweep

ROUGH = 0.06
"""Rings are simplified by this share of a width: every corner that is left is a stop."""
MOST_LANES = 400
SHARP_RAD = np.radians(80.0)
BESIDE = 0.4
"""Slivers up to this share of a width beside the bisector belong to it."""
GAP = 1.5
"""A spine ends where slivers lie further apart than this many times the rings' corners do."""

Array = NDArray[np.float64]


def contours(region: Polygon | MultiPolygon, free: Polygon | MultiPolygon, sweep: Sweep) -> Array:
    """Return (n, 2, 2) lanes along the edges of rings nested in the region, ring by ring from the border inwards.

    Where a ring leaves the free airspace it is cut. Empty where there would be very many lanes: over outlines that
    are large or round other lanes are faster.
    """
    lanes: list[Array] = []
    inward, count = sweep.width_m / 2, 0
    while True:
        inside = region.buffer(-inward, join_style="mitre")
        if inside.is_empty:
            break
        rings = [ring for part in shapely.get_parts(inside) for ring in (part.exterior, *part.interiors)]
        lanes += [_edges(ring, sweep.width_m) for ring in rings]
        count += sum(len(edges) for edges in lanes[-len(rings) :])
        if count > MOST_LANES:
            return np.empty((0, 2, 2))
        inward += sweep.width_m
    return _flyable(np.vstack(lanes), free) if lanes else np.empty((0, 2, 2))


def spines(region: Polygon | MultiPolygon, slivers: list[Polygon], sweep: Sweep) -> Iterator[Array]:
    """Yield (2, 2) lanes along bisectors of the region's sharp corners, over slivers that lie along them."""
    shapely.prepare(slivers)
    for at, inward, angle_rad in _sharp(region):
        side = np.array([-inward[1], inward[0]])
        spans = []
        for sliver in slivers:
            away = shapely.get_coordinates(sliver) - at
            along, aside = away @ inward, away @ side
            if along.min() > -sweep.width_m and abs(aside.min() + aside.max()) / 2 < BESIDE * sweep.width_m:
                spans.append((float(along.min()), float(along.max())))
        if not spans:
            continue
        low, high = min(spans)
        for start, end in sorted(spans):
            if start > high + GAP * sweep.width_m / np.sin(angle_rad / 2):
                break
            high = max(high, end)
        low, high = low + sweep.reach_m, high - sweep.reach_m
        if high - low < 1e-3 * sweep.width_m:
            low, high = (low + high) / 2 - 5e-4 * sweep.width_m, (low + high) / 2 + 5e-4 * sweep.width_m
        yield np.stack([at + low * inward, at + high * inward])


def _sharp(region: Polygon | MultiPolygon) -> Iterator[tuple[Array, Array, float]]:
    """Yield sharp corners, the directions of their bisectors into the region, and their angles, the sharpest first."""
    found = []
    for part in shapely.get_parts(shapely.orient_polygons(region)):
        for ring in (part.exterior, *part.interiors):
            corners = np.asarray(ring.coords)[:-1, :2]
            back, on = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
            back, on = back / np.hypot(*back.T)[:, None], on / np.hypot(*on.T)[:, None]
            angles = np.arctan2(on[:, 0] * back[:, 1] - on[:, 1] * back[:, 0], (back * on).sum(axis=1))
            for which in np.flatnonzero((angles > 0) & (angles < SHARP_RAD)):
                way = back[which] + on[which]
                found.append((corners[which], way / np.hypot(*way), float(angles[which])))
    yield from sorted(found, key=lambda one: one[2])


def _flyable(lanes: Array, free: Polygon | MultiPolygon) -> Array:
    shapely.prepare(free)
    lines = shapely.linestrings(lanes)
    blocked = ~shapely.covers(free, lines)
    if not blocked.any():
        return lanes
    cut = [
        np.asarray(part.coords)[None, [0, -1]]
        for part in shapely.get_parts(shapely.intersection(free, np.asarray(lines)[blocked]))
        if part.length > 0
    ]
    return np.vstack([lanes[~blocked], *cut])


def contours_s(lanes: Array, sweep: Sweep) -> float:
    """Return an estimate of the seconds that nested lanes take: every lane, and a change of lane for every ring."""
    starts = np.any(lanes[1:, 0] != lanes[:-1, 1], axis=1).sum() + 1
    return float(sweep.pace.way_s(lanes[:, 1] - lanes[:, 0]).sum() + starts * sweep.change_s)


def _edges(ring: LinearRing, width_m: float) -> Array:
    """Return (n, 2, 2) the edges of a ring without its smallest bends."""
    simpler = np.asarray(ring.simplify(ROUGH * width_m).coords)[:, :2]
    first = int(np.argmax(np.hypot(*np.diff(simpler, axis=0).T)))  # the gap of an open ring lies behind a long edge
    corners = np.roll(simpler[:-1], -first - 1, axis=0)
    return np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
