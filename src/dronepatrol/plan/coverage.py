"""Lanes that cover a region, in the order that flies fastest, with the ways between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.cells import Part, own_angles, partitions
from dronepatrol.plan.lanes import lay_lanes
from dronepatrol.plan.route import order
from dronepatrol.plan.rows import Sweep, choose_rows, edges, turned
from dronepatrol.plan.timing import Pace

ANGLES = 36
"""Sweep directions looked at, besides those of the region's own edges."""
EDGE_ANGLES = 12
REFINE_RAD = np.radians(1.0)
BUILT = 8
"""So many of the best directions are laid out and ordered in full."""
POLISHED = 2
KICKS, POLISH_KICKS = 100, 1500
TRIALS = 4
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
    airspace = Airspace(task.free, task.pace)
    built = [_built(task, airspace, parts) for parts in _partitions(task)]
    candidates = sorted((one for one in built if one.lanes), key=_merit(task))[:POLISHED]
    if not candidates:
        msg = "no lane over the area can be flown: all of it lies in no-fly zones"
        raise PlanError(msg, hint="draw the area outside the no-fly zones")
    best = min((_ordered(task, airspace, one, POLISH_KICKS) for one in candidates), key=_merit(task))
    if best.time_s >= UNREACHABLE_S:
        msg = "no-fly zones cut the area into parts that cannot be reached from each other"
        raise PlanError(msg, hint="plan each part as a patrol of its own")
    return best


def flight_line(coverage: Coverage, airspace: Airspace) -> Array:
    """Return (k, 2) the whole flight line in metres: lanes and the ways between them."""
    points = [coverage.lanes[0]]
    for one, other in pairwise(coverage.lanes):
        points += [airspace.way(one[-1], other[0])[1:-1], other]
    return np.vstack(points)


def _merit(task: Task) -> Callable[[Coverage], float]:
    """Return what candidates are ranked by: seconds, and a full pass for every asked share of area missed too much."""
    once_s = task.region.area / task.width_m / task.pace.speed_m_s
    return lambda one: one.time_s + once_s * max(one.uncovered_m2 / task.region.area - 1.02 * task.uncovered_share, 0) * 10


def _uncovered_m2(task: Task, lanes: Sequence[Array]) -> float:
    return float(task.region.difference(shapely.union_all(list(_footprints(task, lanes)))).area)


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
        return choose_rows(turned(edges_m, angle), task.sweep)[1]

    angles = [*own_angles(edges_m, EDGE_ANGLES), *np.linspace(0.0, np.pi, ANGLES, endpoint=False).tolist()]
    costs = {round(angle, 5): cost(angle) for angle in angles}
    for _ in range(2):
        for angle in sorted(costs, key=costs.__getitem__)[:3]:
            for other in (angle - REFINE_RAD, angle + REFINE_RAD):
                costs.setdefault(round(other % np.pi, 5), cost(other))
    for angle in sorted(costs, key=costs.__getitem__)[:BUILT]:
        yield (Part(task.region, angle, costs[angle]),)
    yield from partitions(task.region, task.sweep)


def _built(task: Task, airspace: Airspace, parts: tuple[Part, ...]) -> Coverage:
    """Lay out the lanes of all parts, giving up as much of the region as is allowed, and order them."""
    allowed = task.uncovered_share * task.region.area
    give_up, best = allowed, Coverage((), 0.0, np.inf)
    for _ in range(TRIALS):
        lanes = [lane for part in parts for lane in _part_lanes(task, airspace, part, give_up)]
        uncovered = _uncovered_m2(task, lanes)
        missed, was = max(uncovered - allowed, 0.0), max(best.uncovered_m2 - allowed, 0.0)
        if missed < was or (missed == was == 0.0 and uncovered > best.uncovered_m2):
            best = Coverage(tuple(lanes), 0.0, uncovered)
        if 0.97 * allowed <= uncovered <= allowed or give_up <= 0.0:
            break
        give_up = max(give_up + 0.98 * allowed - uncovered, 0.0)
    return _ordered(task, airspace, best, KICKS) if best.lanes else best


def _part_lanes(task: Task, airspace: Airspace, part: Part, give_up_m2: float) -> Array:
    cos, sin = np.cos(part.angle_rad), np.sin(part.angle_rad)
    back = np.array([[cos, sin], [-sin, cos]])  # for row vectors: turned @ back
    region = shapely.transform(part.polygon, lambda points: points @ back.T)
    free = shapely.transform(airspace.free, lambda points: points @ back.T)
    rows, _ = choose_rows(edges(region), task.sweep)
    share = region.area / task.region.area
    return np.asarray(lay_lanes(region, free, rows, task.sweep, give_up_m2 * share) @ back)


def _ordered(task: Task, airspace: Airspace, coverage: Coverage, kicks: int) -> Coverage:
    lanes = coverage.lanes
    ends = np.vstack([lane[[0, -1]] for lane in lanes])
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # lane 0 is nowhere: the route is open
    straight_s = np.minimum(airspace.times_s(ends), UNREACHABLE_S)
    corner_s, corners = _corners(task, airspace, ends)
    times[2:, 2:] = np.minimum(straight_s, corner_s)
    entries, between_s = order(times, kicks, task.seed)
    flown = [lanes[e // 2 - 1] if e % 2 == 0 else lanes[e // 2 - 1][::-1] for e in entries[1:]]
    for place, (one, other) in enumerate(pairwise([e - 2 for e in entries[1:]])):
        if corner_s[one ^ 1, other] < straight_s[one ^ 1, other]:
            corner = corners[one ^ 1, other]
            flown[place] = np.stack([flown[place][0], corner])
            flown[place + 1] = np.stack([corner, flown[place + 1][-1]])
    return Coverage(tuple(flown), between_s + sum(task.pace.path_s(lane) for lane in lanes), coverage.uncovered_m2)


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
        seconds[one, other] = np.where(open_way, (on + back)[one, other] / task.pace.speed_m_s, np.inf)
    return np.minimum(seconds, seconds.T), places
