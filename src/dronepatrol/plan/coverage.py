"""Lanes that cover a region, in the order that flies fastest, with the ways between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.cells import Part, own_angles, partitions
from dronepatrol.plan.lanes import GiveUp, lay_lanes
from dronepatrol.plan.route import order
from dronepatrol.plan.rows import Sweep, choose_rows, edges, mean_cost_s, turned
from dronepatrol.plan.timing import Pace

ANGLES = 36
"""Sweep directions looked at, besides those of the region's own edges."""
EDGE_ANGLES = 12
REFINE_RAD = np.radians(1.0)
BUILT = 8
FLIPPED = 4
"""So many of the best directions are laid out and ordered in full."""
POLISHED = 3
MANY_EDGES = 400
"""Above this only the one best direction is laid out, in a simplified airspace: the rest would take minutes."""
SIMPLER = 0.1
"""By how much of a width a simplified airspace is smaller."""
KICKS, POLISH_KICKS, STARTS = 100, 700, 3
TRIALS = 5
GRID = 1e-6
"""Grid, as a share of a width, on which footprints are united again where much seems uncovered: GEOS sometimes loses
one of many that nearly touch."""
MEETING_SINE = 0.3
"""Lanes are flown on until they meet only where they turn by more than this sine of an angle."""
UNREACHABLE_S = 1e6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A region to cover, in metres of one local frame.

    ``free`` is where may be flown. A lane covers ``width_m`` across and ``reach_m`` beyond its ends; up to
    ``uncovered_share`` of the region may be left out where it saves most time.
    """

    region: Polygon | MultiPolygon
    free: Polygon | MultiPolygon
    width_m: float
    reach_m: float
    pace: Pace
    uncovered_share: float
    seed: int

    @property
    def sweep(self) -> Sweep:
        """Width, reach and pace of the lanes."""
        return Sweep(self.width_m, self.reach_m, self.pace, 0.7 * self.uncovered_share)


@dataclass(frozen=True)
class Coverage:
    """Lanes in flying order, each (2, 2) from entry to exit in metres, and the seconds of the whole flight line."""

    lanes: tuple[Array, ...]
    time_s: float
    uncovered_m2: float


def cover(task: Task) -> Coverage:
    """Return the quickest coverage found.

    Raises
    ------
    PlanError
        When no lane can be flown, or a lane cannot be reached from the others.
    """
    task = _with_fewer_corners(task)
    airspace = Airspace(task.free, task.pace)
    built = [_built(task, airspace, parts) for parts in _partitions(task)]
    candidates = sorted((one for one in built if one.lanes), key=_merit(task))[:POLISHED]
    if not candidates:
        msg = "no lane over the area can be flown: all of it lies in no-fly zones"
        raise PlanError(msg, hint="draw the area outside the no-fly zones")
    polished = [_ordered(task, airspace, one, POLISH_KICKS, STARTS) for one in candidates]
    best = min([*candidates, *polished], key=_merit(task))
    best = _drawn_in(task, best)
    if best.time_s >= UNREACHABLE_S:
        msg = "no-fly zones cut the area into parts that cannot be reached from each other"
        raise PlanError(msg, hint="plan each part as a patrol of its own")
    return best


def _with_fewer_corners(task: Task) -> Task:
    """Return the task with a simpler free airspace, inside the one given, where that has very many corners."""
    if shapely.get_num_coordinates(task.free) <= MANY_EDGES:
        return task
    inward = SIMPLER * task.width_m
    simpler = task.free.buffer(-inward, join_style="mitre").simplify(inward / 2)
    return replace(task, free=simpler) if isinstance(simpler, Polygon | MultiPolygon) and simpler.is_valid else task


def flight_line(coverage: Coverage, airspace: Airspace) -> Array:
    """Return (k, 2) the whole flight line in metres: lanes and the ways between them."""
    points = [coverage.lanes[0]]
    for one, other in pairwise(coverage.lanes):
        points += [airspace.way(one[-1], other[0])[1:-1], other]
    return np.vstack(points)


def _merit(task: Task) -> Callable[[Coverage], float]:
    """Return what candidates are ranked by: seconds, and a full pass for every asked share of area missed too much."""
    once_s = task.region.area / task.width_m / task.pace.speed_m_s
    return lambda one: (
        one.time_s + once_s * max(one.uncovered_m2 / task.region.area - 1.02 * task.uncovered_share, 0) * 10
    )


def _uncovered_m2(task: Task, lanes: Sequence[Array]) -> float:
    footprints = list(_footprints(task, lanes))
    uncovered = float(task.region.difference(shapely.union_all(footprints)).area)
    if uncovered < 2 * task.uncovered_share * task.region.area:
        return uncovered
    covered = shapely.union_all(footprints, grid_size=GRID * task.width_m)
    return float(task.region.difference(covered).area)


def _footprints(task: Task, lanes: Sequence[Array]) -> Iterator[Polygon]:
    for lane in lanes:
        along = (lane[-1] - lane[0]) / max(float(np.hypot(*(lane[-1] - lane[0]))), 1e-12)
        start, end = lane[0] - along * task.reach_m, lane[-1] + along * task.reach_m
        aside = np.array([-along[1], along[0]]) * task.width_m / 2
        yield Polygon([start + aside, end + aside, end - aside, start - aside])


def _partitions(task: Task) -> Iterator[tuple[Part, ...]]:
    """Yield the whole region in its most promising directions, then promising partitions of it."""
    edges_m = edges(task.region)

    def cost(angle: float) -> float:
        if len(edges_m) > MANY_EDGES:
            return mean_cost_s(turned(edges_m, angle), task.sweep)
        return choose_rows(turned(edges_m, angle), task.sweep)[1]

    angles = {round(angle, 5): angle for angle in np.linspace(0.0, np.pi, ANGLES, endpoint=False).tolist()}
    angles |= {round(angle, 5): angle for angle in own_angles(edges_m, EDGE_ANGLES)}
    costs = {angle: cost(angle) for angle in angles.values()}
    for _ in range(2):
        for angle in sorted(costs, key=costs.__getitem__)[:3]:
            for other in (angle - REFINE_RAD, angle + REFINE_RAD):
                costs.setdefault(other % np.pi, cost(other))
    best = sorted(costs, key=costs.__getitem__)[:BUILT]
    if len(edges_m) > MANY_EDGES:
        yield (Part(task.region, best[0], costs[best[0]]),)
        return
    for angle in best:
        yield (Part(task.region, angle, costs[angle]),)
    for angle in best[:FLIPPED]:
        yield (Part(task.region, angle + np.pi, costs[angle]),)  # rows laid from the other side
    yield from partitions(task.region, task.sweep)


def _built(task: Task, airspace: Airspace, parts: tuple[Part, ...]) -> Coverage:
    """Lay out the lanes of all parts, giving up as much of the region as is allowed, and order them."""
    allowed = task.uncovered_share * task.region.area
    best = Coverage((), 0.0, np.inf)
    for slivers in (allowed / 2, 0.0):
        ends, least, most = allowed - slivers, 0.0, np.inf
        for _ in range(TRIALS):
            give_up = GiveUp(slivers, ends)
            lanes = [lane for part in parts for lane in _part_lanes(task, airspace, part, give_up)]
            uncovered = _uncovered_m2(task, lanes)
            if _closer(uncovered, best.uncovered_m2, allowed):
                best = Coverage(tuple(lanes), 0.0, uncovered)
            if 0.97 * allowed <= uncovered <= allowed or ends <= 0.0:
                break
            least, most = (ends, most) if uncovered < allowed else (least, ends)
            ends = max(ends + 0.985 * allowed - uncovered, 0.0)
            if not least < ends < most:
                ends = (least + most) / 2 if most < np.inf else 2 * least
        if best.uncovered_m2 <= allowed:
            break
    return _ordered(task, airspace, best, KICKS) if best.lanes else best


def _closer(uncovered: float, best: float, allowed: float) -> bool:
    """Whether this leaves less too much uncovered, or, where neither does, uses more of what is allowed."""
    missed, was = max(uncovered - allowed, 0.0), max(best - allowed, 0.0)
    return missed < was or (missed == was == 0.0 and uncovered > best)


def _part_lanes(task: Task, airspace: Airspace, part: Part, give_up: GiveUp) -> Array:
    cos, sin = np.cos(part.angle_rad), np.sin(part.angle_rad)
    back = np.array([[cos, sin], [-sin, cos]])  # for row vectors: turned @ back
    region = shapely.transform(part.polygon, lambda points: points @ back.T)
    free = shapely.transform(airspace.free, lambda points: points @ back.T)
    rows, _ = choose_rows(edges(region), task.sweep)
    share = region.area / task.region.area
    return np.asarray(lay_lanes(region, free, rows, task.sweep, give_up.share(share)) @ back)


def _ordered(task: Task, airspace: Airspace, coverage: Coverage, kicks: int, starts: int = 1) -> Coverage:
    lanes = coverage.lanes
    ends = np.vstack([lane[[0, -1]] for lane in lanes])
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # lane 0 is nowhere: the route is open
    straight_s = np.minimum(airspace.times_s(ends), UNREACHABLE_S)
    corner_s, corners = _corners(task, airspace, ends)
    times[2:, 2:] = np.minimum(straight_s, corner_s)
    orders = [order(times, kicks, task.seed + start) for start in range(starts)]
    entries, between_s = min(orders, key=lambda one: one[1])
    flown = [lanes[e // 2 - 1] if e % 2 == 0 else lanes[e // 2 - 1][::-1] for e in entries[1:]]
    for place, (one, other) in enumerate(pairwise([e - 2 for e in entries[1:]])):
        if corner_s[one ^ 1, other] < straight_s[one ^ 1, other]:
            corner = corners[one ^ 1, other]
            flown[place] = np.stack([flown[place][0], corner])
            flown[place + 1] = np.stack([corner, flown[place + 1][-1]])
    return Coverage(tuple(flown), between_s + sum(task.pace.path_s(lane) for lane in lanes), coverage.uncovered_m2)


def _drawn_in(task: Task, coverage: Coverage) -> Coverage:
    """Draw in all ends that meet no other lane, by what may still be given up; flat ends uncover a width a metre."""
    lanes = [lane.copy() for lane in coverage.lanes]
    left_over = task.uncovered_share * task.region.area - _uncovered_m2(task, lanes)
    ends = [lane[which] for lane in lanes for which in (0, -1)]
    single = [True, *(bool(np.hypot(*(a - b)) > 1e-6) for a, b in zip(ends[1::2], ends[2::2], strict=False)), True]
    alone = [(single[place], single[place + 1]) for place in range(len(lanes))]
    inward = left_over / (task.width_m * max(sum(map(sum, alone)), 1))
    if inward <= 0:
        return coverage
    for lane, (entry, leave) in zip(lanes, alone, strict=True):
        length = float(np.hypot(*(lane[-1] - lane[0])))
        if length > 4 * inward + task.width_m:
            along = (lane[-1] - lane[0]) / length * inward
            lane[0], lane[-1] = lane[0] + along * entry, lane[-1] - along * leave
    saved = inward * sum(map(sum, alone)) / task.pace.speed_m_s
    return Coverage(tuple(lanes), coverage.time_s - saved, _uncovered_m2(task, lanes))


def _corners(task: Task, airspace: Airspace, ends: Array) -> tuple[Array, Array]:
    """Return (n, n) seconds from end to end where two lanes are flown on until they meet, and (n, n, 2) where.

    One stop instead of two: this is what makes nested lanes of two parts that meet at a bisector. Infinite where the
    lanes do not meet nearby.
    """
    other_end = ends.reshape(-1, 2, 2)[:, ::-1].reshape(-1, 2)
    way = (ends - other_end) / np.maximum(np.hypot(*(ends - other_end).T), 1e-12)[:, None]
    apart = ends[None] - ends[:, None]
    cross = way[:, None, 0] * way[None, :, 1] - way[:, None, 1] * way[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        on = (apart[..., 0] * way[None, :, 1] - apart[..., 1] * way[None, :, 0]) / cross
        back = (apart[..., 0] * way[:, None, 1] - apart[..., 1] * way[:, None, 0]) / cross
        near = (np.abs(cross) > MEETING_SINE) & (on >= 0) & (back >= 0) & (on + back <= 3 * task.width_m)
    places = ends[:, None] + way[:, None] * np.where(near, on, 0.0)[..., None]
    one, other = np.nonzero(near)
    seconds = np.full(near.shape, np.inf)
    if len(one):
        open_way = airspace.is_free(ends[one], places[one, other]) & airspace.is_free(places[one, other], ends[other])
        further_m = on[one, other] + back[one, other]
        seconds[one, other] = np.where(open_way, further_m / task.pace.speed_m_s, np.inf)
    return np.minimum(seconds, seconds.T), places
