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
MOST_CUTS = 120
"""Of the ways to cut a part, the shortest are looked at, so many at most: with holes there are thousands."""
ALL_CUTS = 400
"""After so many cuts, of all parts together, partitions are cut no further."""
MAX_PARTS = 6
OWN_ANGLES = 4
_BRANCHES = 2
_STRAIGHT_RAD = np.radians(25.0)
_SHARP_RAD = np.radians(140.0)
_MIRRORED = 0.1
"""Sine of the angle up to which lanes count as mirrored at a cut, or as along it."""
_BESIDE_M = 1e-3

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
class _Front:
    """Parts of a region, and the seconds saved by lanes of two parts that meet at a cut and are flown as one."""

    parts: tuple[Part, ...]
    saved_s: float = 0.0

    @property
    def cost_s(self) -> float:
        return sum(part.cost_s for part in self.parts) - self.saved_s


@dataclass(frozen=True)
class _Chord:
    line: LineString
    rings: tuple[int, int]
    bisects: bool
    """Whether it halves a reflex corner."""


def partitions(region: Polygon | MultiPolygon, sweep: Sweep) -> list[tuple[Part, ...]]:
    """Return promising partitions of the region, each of two parts or more, the best by the estimate first."""
    if not isinstance(region, Polygon):
        return []
    found: list[_Front] = []
    fronts = [_Front((best_angle(region, sweep),))]
    known: dict[bytes, int] = {}
    while fronts and sum(known.values()) < ALL_CUTS:
        grown = [finer for front in fronts if len(front.parts) < MAX_PARTS for finer in _finer(front, sweep, known)]
        fronts = sorted(grown, key=lambda front: front.cost_s)[:_BRANCHES]
        found += fronts
    return [front.parts for front in sorted(found, key=lambda front: front.cost_s)]


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


def _finer(front: _Front, sweep: Sweep, known: dict[bytes, int]) -> Iterator[_Front]:
    """Yield partitions with one of the parts cut further, where the estimate falls by more than a change of part.

    ``known`` keeps how many cuts of each polygon were looked at.
    """
    change_s = float(sweep.pace.leg_s(2 * sweep.width_m))
    for place, part in enumerate(front.parts):
        if not isinstance(part.polygon, Polygon):
            continue
        cuts = _cut_parts(part.polygon, sweep)
        known[part.polygon.wkb] = len(cuts)
        for cut in cuts:
            if cut.cost_s + change_s * (len(cut.parts) - 1) < part.cost_s:
                parts = (*front.parts[:place], *cut.parts, *front.parts[place + 1 :])
                yield _Front(parts, front.saved_s + cut.saved_s)


@lru_cache(maxsize=2048)
def _cut_parts(polygon: Polygon, sweep: Sweep) -> tuple[_Front, ...]:
    """Return every way to cut a polygon, each piece with its best direction; fronts share most of their parts."""
    cuts = []
    for pieces, chords in _cuts(polygon, sweep):
        parts = tuple(best_angle(piece, sweep) for piece in pieces)
        cuts.append(_Front(parts, sum(_joined_s(parts, chord.line, sweep) for chord in chords)))
    return tuple(cuts)


def _joined_s(parts: tuple[Part, ...], chord: LineString, sweep: Sweep) -> float:
    """Return the seconds saved where the lanes of the two parts along a chord mirror each other: a change for each."""
    beside = [part for part in parts if part.polygon.distance(chord.interpolate(0.5, normalized=True)) < _BESIDE_M]
    if len(beside) != 2:
        return 0.0
    (x1, y1), (x2, y2) = chord.coords[0], chord.coords[-1]
    along = np.arctan2(y2 - y1, x2 - x1)
    one, other = (part.angle_rad - along for part in beside if part.angle_rad is not None)
    if abs(np.sin(one + other)) > _MIRRORED or abs(np.sin(one)) < _MIRRORED or abs(np.sin(one - other)) < _MIRRORED:
        return 0.0
    return float(chord.length * abs(np.sin(one)) / sweep.width_m * sweep.change_s)


def _cuts(polygon: Polygon, sweep: Sweep) -> Iterator[tuple[list[Polygon], tuple[_Chord, ...]]]:
    chords = _chords(polygon)
    alone = [(chord,) for chord in chords if chord.rings[0] == chord.rings[1]]
    linked = [chord for chord in chords if chord.rings[0] != chord.rings[1]]
    pairs = [(one, other) for one, other in combinations(linked, 2) if one.rings == other.rings]
    cuts: list[tuple[_Chord, ...]] = [*alone, *pairs]
    shortest = sorted(cuts, key=lambda cut: sum(chord.line.length for chord in cut))[:MOST_CUTS]
    nested = _nesting([chord for (chord,) in alone])
    for cut in [nested, *shortest] if len(nested) > 1 else shortest:
        lines = shapely.union_all([polygon.boundary, *(chord.line for chord in cut)])
        polygons = shapely.get_parts(shapely.polygonize([lines]))
        faces = [face for face in polygons if polygon.contains(face.representative_point())]
        if len(faces) > 1 and min(face.area for face in faces) > sweep.width_m**2:
            yield faces, cut


def _nesting(chords: list[_Chord]) -> tuple[_Chord, ...]:
    """Return bisectors of reflex corners that do not cross, short ones first: along all of them lanes may nest.

    One after the other they may not pay: a part between two bends is swept well only when it is cut at both.
    """
    chosen: list[_Chord] = []
    for chord in sorted((one for one in chords if one.bisects), key=lambda one: one.line.length):
        if not any(chord.line.intersects(other.line) for other in chosen):
            chosen.append(chord)
    return tuple(chosen)


def _chords(polygon: Polygon) -> list[_Chord]:
    oriented = shapely.orient_polygons(polygon)
    assert isinstance(oriented, Polygon)
    rings = [np.asarray(ring.coords)[:-1, :2] for ring in (oriented.exterior, *oriented.interiors)]
    rays = [(*ray, number) for number, ring in enumerate(rings) for ray in _rays(ring)]
    reflex = len({(at[0], at[1]) for at, *_ in rays})
    if reflex == 0 or reflex > MAX_CORNERS:
        return []
    lines = [LineString(ring) for ring in (oriented.exterior, *oriented.interiors)]
    size = float(np.hypot(*np.ptp(rings[0], axis=0)))
    shapely.prepare(polygon)
    chords = []
    for at, ray, bisects, number in rays:
        inside = polygon.intersection(LineString([at + ray * 1e-6 * size, at + ray * 2 * size]))
        first = min(shapely.get_parts(inside), key=lambda part: part.distance(shapely.Point(at)), default=None)
        if first is None or first.is_empty or first.geom_type != "LineString":
            continue
        end = np.asarray(first.coords)[-1] if np.dot(np.asarray(first.coords)[-1] - at, ray) > 0 else at
        hit = int(np.argmin([line.distance(shapely.Point(end)) for line in lines]))
        beyond = end + ray * 1e-6 * size
        chords.append(_Chord(LineString([at, beyond]), (min(number, hit), max(number, hit)), bisects))
    return chords


def _rays(ring: Array) -> Iterator[tuple[Array, Array, bool]]:
    """Yield corners of a ring, solid on its left, inward directions, and whether they halve a reflex corner.

    Only reflex corners have edges to extend.
    """
    arriving = ring - np.roll(ring, 1, axis=0)
    arriving /= np.hypot(*arriving.T)[:, None]
    leaving = np.roll(arriving, -1, axis=0)
    turn = np.arctan2(arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0], (arriving * leaving).sum(axis=1))
    for at, before, after, angle in zip(ring, arriving, leaving, turn, strict=True):
        if angle < -_STRAIGHT_RAD:  # the solid's corner is reflex
            bisector = (before - after) / max(float(np.hypot(*(before - after))), 1e-9)
            yield from ((at, before, False), (at, -after, False), (at, bisector, True))
        elif np.pi - angle < _SHARP_RAD:
            bisector = (after - before) / max(float(np.hypot(*(after - before))), 1e-9)
            yield at, bisector, False
