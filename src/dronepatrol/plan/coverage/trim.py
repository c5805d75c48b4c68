"""Drawing ordered lanes in: what may stay uncovered is given up where that saves most time.

What only one lane covers is its own. Lanes whose own area is small for the time they take are left out; then every
lane end is drawn in until what it uncovers per second saved passes one level common to all ends (water-filling).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.plan.coverage.rows import Sweep

SAMPLES = 64
"""Positions per lane end at which drawing in is tried, denser near the end."""
ROUNDS = 3
"""What neighbours both cover is nobody's own: own areas are looked at again after every round."""
BISECTIONS = 40
CLOSE = 0.98
"""Trimming stops when so much of what is allowed is used."""
DROPS = 4
STUB = 0.02
"""A lane drawn in keeps this share of its length at least; it is dropped where that saves more."""
GRAZE = 1e-4
"""Footprints side by side, as of rows a width apart, overlap by less than this share of a width: as good as not."""
GRID = 1e-6
"""Grid, as a share of a width, on which footprints are united again where much seems uncovered: GEOS sometimes loses
one of many that nearly touch."""

Array = NDArray[np.float64]
Region = Polygon | MultiPolygon


@dataclass(frozen=True)
class Trimmed:
    """Lanes (n, 2, 2) in flying order and the square metres that they leave uncovered."""

    lanes: Array
    uncovered_m2: float


def trim(region: Region, lanes: Array, sweep: Sweep, allowed_m2: float) -> Trimmed:
    """Draw lanes in, and leave some out, until they leave as much uncovered as is allowed.

    Parameters
    ----------
    region
        What is to be covered.
    lanes
        (n, 2, 2) entries and exits in flying order; ends where one lane goes over into the next stay as they are.
    sweep
        Width, reach and pace of the lanes.
    allowed_m2
        How much may stay uncovered.
    """
    lanes = _dropped(region, lanes, sweep, allowed_m2)
    done = Trimmed(lanes, uncovered_m2(region, lanes, sweep))
    for _ in range(ROUNDS):
        left = allowed_m2 - done.uncovered_m2
        if left <= (1 - CLOSE) * allowed_m2:
            break
        done = _drawn_in(region, done, sweep, allowed_m2)
    return done


def footprints(lanes: Array, sweep: Sweep) -> NDArray[np.object_]:
    """Return the (n,) rectangles that (n, 2, 2) lanes cover: with square ends, as ``LineString.buffer`` draws them."""
    along = _along(lanes)[:, None] * (sweep.reach_m - sweep.width_m / 2) * np.array([-1.0, 1.0])[None, :, None]
    lines = shapely.linestrings(lanes + along)
    return np.asarray(shapely.buffer(lines, sweep.width_m / 2, cap_style="square"))


def uncovered_m2(region: Region, lanes: Array, sweep: Sweep) -> float:
    """Return how much of the region the lanes leave uncovered."""
    feet = footprints(lanes, sweep)
    uncovered = float(region.difference(shapely.union_all(feet)).area)
    if uncovered < 0.01 * region.area:
        return uncovered
    return float(region.difference(shapely.union_all(feet, grid_size=GRID * sweep.width_m)).area)


def _along(lanes: Array) -> Array:
    """Return the (n, 2) unit vectors of the lanes."""
    way = lanes[:, 1] - lanes[:, 0]
    return np.asarray(way / np.maximum(np.hypot(*way.T), 1e-12)[:, None])


def _own(region: Region, lanes: Array, sweep: Sweep) -> NDArray[np.object_]:
    """Return what of the region only each of the lanes covers."""
    feet = footprints(lanes, sweep)
    one, other = _meeting(feet, sweep)
    return _without(region, feet, one, other)


def _charged(region: Region, lanes: Array, sweep: Sweep) -> NDArray[np.object_]:
    """Return what of the region is charged to each of the lanes: all that is covered, to one lane each.

    What several cover is charged to the one that has most of its own: the others can be drawn in for nothing there.
    """
    feet = footprints(lanes, sweep)
    one, other = _meeting(feet, sweep)
    own = shapely.area(_without(region, feet, one, other))
    share = np.round(own / shapely.area(feet), 6)
    rank = np.empty(len(lanes), dtype=np.intp)
    rank[np.argsort(-share, kind="stable")] = np.arange(len(lanes))
    first = rank[other] < rank[one]
    return _without(region, feet, one[first], other[first])


def _meeting(feet: NDArray[np.object_], sweep: Sweep) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of footprints that overlap by more than a trifle, in both orders, sorted by the first."""
    inner = shapely.buffer(feet, -GRAZE * sweep.width_m, join_style="mitre")
    one, other = shapely.STRtree(feet).query(inner, predicate="intersects")
    one, other = one[one != other], other[one != other]
    sort = np.lexsort((other, one))
    return one[sort], other[sort]


def _without(
    region: Region, feet: NDArray[np.object_], one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.object_]:
    """Return what of the region each footprint covers without the others paired with it."""
    shapely.prepare(region)
    by_lane = np.split(other, np.cumsum(np.bincount(one, minlength=len(feet)))[:-1])
    others = np.array([feet[which[0]] if len(which) == 1 else shapely.union_all(feet[which]) for which in by_lane])
    return np.asarray(shapely.difference(shapely.intersection(region, feet), others))


@dataclass(frozen=True)
class _Edges:
    """Edges of the lanes' own areas: of which lane, and its ends along (x) and across (y) that lane."""

    lane: NDArray[np.intp]
    x: Array
    y: Array

    def area_before(self, cuts: Array) -> Array:
        """Return (n, s) own areas before (n, s) cuts across the n lanes, by Green's theorem along the edges."""
        at = cuts[self.lane]
        before = [np.maximum(at - end, 0.0) for end in (self.x[:, :1], self.x[:, 1:])]
        run = self.x[:, 1:] - self.x[:, :1]
        level = np.abs(run) < 1e-9
        mean = np.where(level, before[0], (before[0] ** 2 - before[1] ** 2) / np.where(level, 1.0, 2 * run))
        area = np.zeros_like(cuts)
        np.add.at(area, self.lane, -mean * (self.y[:, 1:] - self.y[:, :1]))
        return area


def _edges(own: NDArray[np.object_], lanes: Array) -> _Edges:
    parts, of_lane = shapely.get_parts(own, return_index=True)
    kept = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_part = shapely.get_rings(shapely.orient_polygons(parts[kept]), return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    lane = of_lane[kept][of_part][of_ring]
    along, from_entry = _along(lanes)[lane], points - lanes[lane, 0]
    x = (from_entry * along).sum(axis=1)
    y = along[:, 0] * from_entry[:, 1] - along[:, 1] * from_entry[:, 0]
    inside = of_ring[1:] == of_ring[:-1]
    pair = [np.stack([values[:-1][inside], values[1:][inside]], axis=1) for values in (x, y)]
    return _Edges(lane[:-1][inside], pair[0], pair[1])


def _hops(lanes: Array) -> tuple[Array, Array]:
    """Return (n - 1, 2) the ways from lane to lane and their lengths."""
    hops = lanes[1:, 0] - lanes[:-1, 1]
    return hops, np.hypot(*hops.T)


def _dropped(region: Region, lanes: Array, sweep: Sweep, allowed_m2: float) -> Array:
    """Leave out lanes that are worth little, while drawing ends in would give up more for the same time."""
    for _ in range(DROPS):
        left = allowed_m2 - uncovered_m2(region, lanes, sweep)
        if left <= 0 or len(lanes) < 3:
            break
        own = shapely.area(_own(region, lanes, sweep))
        worth = own / np.maximum(_saved_without(lanes, sweep), 1e-9)
        level = sweep.width_m * sweep.pace.speed_m_s * 0.9
        taken: list[int] = []
        for which in np.argsort(worth, kind="stable").tolist():
            if worth[which] > level or own[which] > left:
                break
            if not {which - 1, which + 1} & set(taken):
                taken.append(which)
                left -= own[which]
        if not taken:
            break
        fewer = np.delete(lanes, taken, axis=0)
        if uncovered_m2(region, fewer, sweep) > allowed_m2:
            fewer = np.delete(lanes, taken[:1], axis=0)
            if uncovered_m2(region, fewer, sweep) > allowed_m2:
                break
        lanes = fewer
    return lanes


def _saved_without(lanes: Array, sweep: Sweep) -> Array:
    """Return (n,) the seconds that leaving out each lane saves, ways taken as straight."""
    way_s = sweep.pace.way_s
    hop_s = np.concatenate([[0.0], way_s(_hops(lanes)[0]), [0.0]])
    across_s = np.zeros(len(lanes))
    across_s[1:-1] = way_s(lanes[2:, 0] - lanes[:-2, 1])
    return np.asarray(way_s(lanes[:, 1] - lanes[:, 0]) + hop_s[:-1] + hop_s[1:] - across_s)


def _drawn_in(region: Region, before: Trimmed, sweep: Sweep, allowed_m2: float) -> Trimmed:
    lanes = before.lanes
    length = np.hypot(*(lanes[:, 1] - lanes[:, 0]).T)
    inward = np.linspace(0.0, 1.0, SAMPLES) ** 2 * (1 - STUB) * length[:, None]
    charged = _charged(region, lanes, sweep)
    edges = _edges(charged, lanes)
    first = edges.area_before(inward - sweep.reach_m)
    last = shapely.area(charged)[:, None] - edges.area_before(length[:, None] + sweep.reach_m - inward)
    area = np.maximum.accumulate(np.concatenate([first, last]), axis=1)
    saved = np.concatenate(_saved_s(lanes, inward, sweep))
    shift = _inward(np.concatenate([inward, inward]), saved, area, allowed_m2 - before.uncovered_m2).reshape(2, -1)
    shift *= np.minimum(1.0, (1 - STUB) * length / np.maximum(shift.sum(axis=0), 1e-9))
    along = _along(lanes)
    moved = np.stack([along * shift[0][:, None], -along * shift[1][:, None]], axis=1)
    share, least, most = 1.0, 0.0, 1.0
    best = before
    for _ in range(6):
        now = lanes + share * moved
        uncovered = uncovered_m2(region, now, sweep)
        if uncovered <= allowed_m2:
            best, least = Trimmed(now, uncovered), share
            if share == 1.0:
                break
        else:
            most = share
        share = (least + most) / 2
    return best


def _inward(inward: Array, saved: Array, area: Array, budget_m2: float) -> Array:
    """Return (m,) metres by which every end is drawn in at the level that uses the budget up.

    Where ends jump at that level (flat ones uncover a width a metre from first to last) all go the same share of it.
    """
    each = np.arange(len(area))
    low, high = 1e-9, 1e9
    under, over = np.zeros(len(area), dtype=np.intp), np.argmax(high * saved - area, axis=1)
    for _ in range(BISECTIONS):
        level = float(np.sqrt(low * high))
        at = np.argmax(level * saved - area, axis=1)
        if area[each, at].sum() <= budget_m2:
            low, under = level, at
        else:
            high, over = level, at
    least, most = area[each, under], area[each, over]
    share = float(np.clip((budget_m2 - least.sum()) / max(float((most - least).sum()), 1e-12), 0.0, 1.0))
    given = least + share * (most - least)
    at = np.maximum(np.minimum((area <= given[:, None] + 1e-9).sum(axis=1) - 1, over), under)
    beyond = np.minimum(at + 1, area.shape[1] - 1)
    part = np.clip((given - area[each, at]) / np.maximum(area[each, beyond] - area[each, at], 1e-12), 0.0, 1.0)
    part = np.where(at < over, part, 0.0)
    return np.asarray(inward[each, at] * (1 - part) + inward[each, beyond] * part)


def _saved_s(lanes: Array, inward: Array, sweep: Sweep) -> tuple[Array, Array]:
    """Return the seconds saved by drawing in entries and exits, with the first-order change of the ways to them."""
    pace = sweep.pace
    length = np.hypot(*(lanes[:, 1] - lanes[:, 0]).T)
    speed = pace.ground_m_s(lanes[:, 1] - lanes[:, 0])[:, None]
    lane_s = pace.leg_s(length[:, None], speed) - pace.leg_s(np.maximum(length[:, None] - inward, 0.0), speed)
    hops, far = _hops(lanes)
    along = _along(lanes)
    tied = far < 1e-6
    entry, leave = lane_s.copy(), lane_s.copy()
    entry[1:] += _hop_saved_s(hops, along[1:], inward[1:], sweep)
    leave[:-1] += _hop_saved_s(hops, along[:-1], inward[:-1], sweep)
    entry[1:][tied] = 0.0
    leave[:-1][tied] = 0.0
    return entry, leave


def _hop_saved_s(hops: Array, inward_way: Array, inward: Array, sweep: Sweep) -> Array:
    """Return (n, s) the seconds by which (n, 2) ways shorten when one end is drawn in; up to a width both ends are."""
    far = np.hypot(*hops.T)[:, None]
    speed = sweep.pace.ground_m_s(hops)[:, None]
    slope = 1.0 / np.minimum(speed, np.sqrt(sweep.pace.acceleration_m_s2 * np.maximum(far, 1e-6)))
    on = (hops * inward_way).sum(axis=1)[:, None]
    near = np.minimum(inward, sweep.width_m)
    beyond = inward - near
    longer_m = np.sqrt(np.maximum(far**2 + 2 * beyond * on + beyond**2, 0.0))
    longer = sweep.pace.leg_s(longer_m, speed) - sweep.pace.leg_s(far, speed)
    most = 0.9 / speed
    return np.asarray(-np.clip(slope * on / np.maximum(far, 1e-9), -most, most) * near - longer)
