"""Parts of a region that are better swept in directions of their own.

Candidates are chords from corners: on along the edges of reflex corners (as in trapezoidal decompositions) and along
bisectors, where the lanes of two parts meet in a corner and so become nested lanes. A chord between two places of one
ring cuts the region; chords between the same two rings cut it in pairs. The best cut is taken by an estimate of the
flying time, then the parts are looked at in turn; every partition on the way is a candidate to be laid out in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from dronepatrol.plan.coverage.rows import Sweep, edges, mean_cost_s, turned

MAX_CORNERS = 32
"""Regions with more reflex corners are swept in one direction: cutting them up seldom pays and takes long."""
MOST_CUTS = 200
"""Of the ways to cut a part, the shortest are looked at, so many at most: with holes there are thousands."""
MAX_PARTS = 6
OWN_ANGLES = 4
_BRANCHES = 2
_STRAIGHT_RAD = np.radians(25.0)
_SHARP_RAD = np.radians(140.0)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A part of the region and how it is swept: by the estimate, how many seconds that takes.

    ``angle_rad`` is the lanes' direction from x; None for nested lanes along the contours.
    """

    polygon: Polygon | MultiPolygon
    angle_rad: float | None
    cost_s: float


@dataclass(frozen=True)
class _Chord:
    line: LineString
    rings: tuple[int, int]


def partitions(region: Polygon | MultiPolygon, sweep: Sweep) -> list[tuple[Part, ...]]:
    """Return promising partitions of the region, each of two parts or more."""
    if not isinstance(region, Polygon):
        return []
    found: list[tuple[Part, ...]] = []
    fronts: list[tuple[Part, ...]] = [(best_angle(region, sweep),)]
    while fronts:
        grown = [finer for front in fronts if len(front) < MAX_PARTS for finer in _finer(front, sweep)]
        grown = sorted(grown, key=_total)[:_BRANCHES]
        found += grown
        fronts = grown
    return found


def best_angle(polygon: Polygon | MultiPolygon, sweep: Sweep) -> Part:
    """Return the polygon with the best of its longest edges' directions, by the estimate."""
    edges_m = edges(polygon)
    angles = own_angles(edges_m, OWN_ANGLES)
    costs = [mean_cost_s(turned(edges_m, angle), sweep.turned(angle)) for angle in angles]
    best = int(np.argmin(costs))
    return Part(polygon, angles[best], costs[best])


def own_angles(edges_m: Array, most: int) -> list[float]:
    """Return the directions along which a region has most edge, in radians within [0, pi)."""
    spans = edges_m[:, 2:] - edges_m[:, :2]
    angles, lengths = np.round(np.arctan2(spans[:, 1], spans[:, 0]) % np.pi, 4) % round(np.pi, 4), np.hypot(*spans.T)
    kinds, which = np.unique(angles, return_inverse=True)
    most_edge = np.argsort(-np.bincount(which, lengths), kind="stable")[:most]
    exact = np.arctan2(spans[:, 1], spans[:, 0]) % np.pi
    return [float(exact[np.argmax(np.where(which == kind, lengths, 0.0))]) for kind in most_edge if kind < len(kinds)]


def _total(parts: tuple[Part, ...]) -> float:
    return sum(part.cost_s for part in parts)


def _finer(front: tuple[Part, ...], sweep: Sweep) -> Iterator[tuple[Part, ...]]:
    """Yield partitions with one of the parts cut further, where the estimate falls by more than a change of part."""
    change_s = float(sweep.pace.leg_s(2 * sweep.width_m))
    for place, part in enumerate(front):
        if not isinstance(part.polygon, Polygon):
            continue
        for parts in _cut_parts(part.polygon, sweep):
            if _total(parts) + change_s * (len(parts) - 1) < part.cost_s:
                yield (*front[:place], *parts, *front[place + 1 :])


@lru_cache(maxsize=2048)
def _cut_parts(polygon: Polygon, sweep: Sweep) -> tuple[tuple[Part, ...], ...]:
    """Return every way to cut a polygon, each piece with its best direction; fronts share most of their parts."""
    return tuple(tuple(best_angle(piece, sweep) for piece in pieces) for pieces in _cuts(polygon, sweep))


def _cuts(polygon: Polygon, sweep: Sweep) -> Iterator[list[Polygon]]:
    chords = _chords(polygon)
    alone = [(chord,) for chord in chords if chord.rings[0] == chord.rings[1]]
    linked = [chord for chord in chords if chord.rings[0] != chord.rings[1]]
    pairs = [(one, other) for one, other in combinations(linked, 2) if one.rings == other.rings]
    shortest = sorted([*alone, *pairs], key=lambda cut: sum(chord.line.length for chord in cut))
    for cut in shortest[:MOST_CUTS]:
        lines = shapely.union_all([polygon.boundary, *(chord.line for chord in cut)])
        polygons = shapely.get_parts(shapely.polygonize([lines]))
        faces = [face for face in polygons if polygon.contains(face.representative_point())]
        if len(faces) > 1 and min(face.area for face in faces) > sweep.width_m**2:
            yield faces


def _chords(polygon: Polygon) -> list[_Chord]:
    oriented = shapely.orient_polygons(polygon)
    assert isinstance(oriented, Polygon)
    rings = [np.asarray(ring.coords)[:-1, :2] for ring in (oriented.exterior, *oriented.interiors)]
    rays = [(at, ray, number) for number, ring in enumerate(rings) for at, ray in _rays(ring)]
    reflex = len({(at[0], at[1]) for at, _, _ in rays})
    if reflex == 0 or reflex > MAX_CORNERS:
        return []
    lines = [LineString(ring) for ring in (oriented.exterior, *oriented.interiors)]
    size = float(np.hypot(*np.ptp(rings[0], axis=0)))
    shapely.prepare(polygon)
    chords = []
    for at, ray, number in rays:
        inside = polygon.intersection(LineString([at + ray * 1e-6 * size, at + ray * 2 * size]))
        first = min(shapely.get_parts(inside), key=lambda part: part.distance(shapely.Point(at)), default=None)
        if first is None or first.is_empty or first.geom_type != "LineString":
            continue
        end = np.asarray(first.coords)[-1] if np.dot(np.asarray(first.coords)[-1] - at, ray) > 0 else at
        hit = int(np.argmin([line.distance(shapely.Point(end)) for line in lines]))
        beyond = end + ray * 1e-6 * size
        chords.append(_Chord(LineString([at, beyond]), (min(number, hit), max(number, hit))))
    return chords


def _rays(ring: Array) -> Iterator[tuple[Array, Array]]:
    """Yield (corner, inward direction) of a ring, solid on its left; only reflex corners have edges to extend."""
    arriving = ring - np.roll(ring, 1, axis=0)
    arriving /= np.hypot(*arriving.T)[:, None]
    leaving = np.roll(arriving, -1, axis=0)
    turn = np.arctan2(arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0], (arriving * leaving).sum(axis=1))
    for at, before, after, angle in zip(ring, arriving, leaving, turn, strict=True):
        if angle < -_STRAIGHT_RAD:  # the solid's corner is reflex
            bisector = (before - after) / max(float(np.hypot(*(before - after))), 1e-9)
            yield from ((at, before), (at, -after), (at, bisector))
        elif np.pi - angle < _SHARP_RAD:
            bisector = (after - before) / max(float(np.hypot(*(after - before))), 1e-9)
            yield at, bisector
