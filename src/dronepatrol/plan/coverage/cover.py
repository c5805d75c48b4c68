"""Lanes that cover a region, in the order that flies fastest, with the ways between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.candidates import candidates
from dronepatrol.plan.coverage.cells import Part
from dronepatrol.plan.coverage.lanes import lay_lanes
from dronepatrol.plan.coverage.meetings import meetings
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.coverage.rows import Sweep, choose_rows, edges
from dronepatrol.plan.coverage.trim import GRID, footprints, trim, uncovered_m2
from dronepatrol.plan.timing import Pace

BUILT = 14
"""So many of the best directions and partitions are laid out and ordered in full, less where lanes are many."""
MANY_LANES = 90
"""With more lanes than these fewer candidates are laid out, by the square: large regions gain little from them."""
POLISHED = 3
MANY_CORNERS = 400
"""Above this the airspace is simplified."""
PATCHES = 20
"""So many places that lanes of one sweep cannot cover are looked at."""
PATCH_ANGLES = 6
THIN = 0.03
"""Gaps thinner than twice this share of a width, as between rows laid wider apart, get no lanes of their own."""
SIMPLER = 0.1
"""By how much of a width a simplified airspace is smaller."""
KICKS, POLISH_KICKS, STARTS = 60, 700, 3
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
    effort: float = 1.0
    """Share of the full search for a quick order; many areas of one patrol share it out."""

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
    share = task.effort * min(1.0, MANY_LANES / _expected_lanes(task)) ** 2
    built = [_built(task, airspace, parts) for parts in candidates(task.region, task.sweep, max(1, int(BUILT * share)))]
    ranked = sorted((one for one in built if one.lanes), key=_merit(task))
    ranked = ranked[: max(1, round(POLISHED * share))]
    if not ranked:
        msg = "no lane over the area can be flown: all of it lies in no-fly zones"
        raise PlanError(msg, hint="draw the area outside the no-fly zones")
    kicks, starts = round(POLISH_KICKS * task.effort), max(1, int(STARTS * share))
    polished = [_ordered(task, airspace, np.stack(one.lanes), kicks, starts) for one in ranked]
    best = min([*ranked, *polished], key=_merit(task))
    if best.time_s >= UNREACHABLE_S:
        msg = "no-fly zones cut the area into parts that cannot be reached from each other"
        raise PlanError(msg, hint="plan each part as a patrol of its own")
    return replace(best, time_s=task.pace.path_s(flight_line(best, airspace)))  # lanes in one line need no stop between


def _with_fewer_corners(task: Task) -> Task:
    """Return the task with a simpler free airspace, inside the one given, where that has very many corners."""
    if shapely.get_num_coordinates(task.free) <= MANY_CORNERS:
        return task
    inward = SIMPLER * task.width_m
    simpler = task.free.buffer(-inward, join_style="mitre").simplify(0.95 * inward)
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


def _expected_lanes(task: Task) -> float:
    """Return about how many lanes there will be: borders are met at all angles, each lane meets two."""
    return float(task.region.length / (np.pi * task.width_m))


def _built(task: Task, airspace: Airspace, parts: tuple[Part, ...]) -> Coverage:
    """Lay out the lanes of all parts and order them."""
    lanes = np.vstack([_part_lanes(task, airspace, part) for part in parts])
    lanes = np.vstack([lanes, *_patches(task, airspace, lanes)])
    return _ordered(task, airspace, lanes, round(KICKS * task.effort)) if len(lanes) else Coverage((), 0.0, np.inf)


def _patches(task: Task, airspace: Airspace, lanes: Array) -> Iterator[Array]:
    """Yield lanes in directions of their own over what others leave uncovered, the airspace being what it is."""
    allowed = task.uncovered_share * task.region.area
    if not len(lanes) or uncovered_m2(task.region, lanes, task.sweep) <= allowed:
        return
    left = task.region.difference(shapely.union_all(footprints(lanes, task.sweep), grid_size=GRID * task.width_m))
    thick = shapely.get_parts(left.buffer(-THIN * task.width_m).buffer(2 * THIN * task.width_m).intersection(left))
    polygons = [part for part in thick if isinstance(part, Polygon) and not part.is_empty]
    parts = sorted(polygons, key=lambda part: -part.area)
    total = float(left.area)
    for part in parts[:PATCHES]:
        if total <= allowed / 2:
            break
        turns = np.linspace(0.0, np.pi, PATCH_ANGLES, endpoint=False).tolist()
        tried = [_part_lanes(task, airspace, Part(part, angle, 0.0)) for angle in turns]
        tried = [one for one in tried if len(one)]
        missed = [uncovered_m2(part, one, task.sweep) for one in tried]
        lengths = [float(np.hypot(*(one[:, 1] - one[:, 0]).T).sum()) for one in tried]
        if tried and min(missed) < part.area / 2:
            best = min(range(len(tried)), key=lambda i: (round(missed[i] / part.area, 1), len(tried[i]), lengths[i]))
            total -= part.area - missed[best]
            yield tried[best]


def _part_lanes(task: Task, airspace: Airspace, part: Part) -> Array:
    cos, sin = np.cos(part.angle_rad), np.sin(part.angle_rad)
    back = np.array([[cos, sin], [-sin, cos]])  # for row vectors: turned @ back
    region = shapely.transform(part.polygon, lambda points: points @ back.T)
    free = shapely.transform(airspace.free, lambda points: points @ back.T)
    rows, _ = choose_rows(edges(region), task.sweep)
    return np.asarray(lay_lanes(region, free, rows, task.sweep) @ back)


def _ordered(task: Task, airspace: Airspace, lanes: Array, kicks: int, starts: int = 1) -> Coverage:
    """Return (n, 2, 2) lanes in a quick order, drawn in by as much as may stay uncovered."""
    ends = lanes.reshape(-1, 2)
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # lane 0 is nowhere: the route is open
    straight_s = np.minimum(airspace.times_s(ends), UNREACHABLE_S)
    corner_s, corners = meetings(airspace, ends, task.width_m)
    times[2:, 2:] = np.minimum(straight_s, corner_s)
    orders = [order(times, kicks, task.seed + start) for start in range(starts)]
    entries = np.array(min(orders, key=lambda one: one[1])[0][1:]) - 2
    flown = np.stack([ends[entries], ends[entries ^ 1]], axis=1)
    for place, (one, other) in enumerate(pairwise(entries)):
        if corner_s[one ^ 1, other] < straight_s[one ^ 1, other]:
            flown[place, 1] = flown[place + 1, 0] = corners[one ^ 1, other]
    trimmed = trim(task.region, flown, task.sweep, task.uncovered_share * task.region.area)
    return Coverage(tuple(trimmed.lanes), _time_s(airspace, trimmed.lanes), trimmed.uncovered_m2)


def _time_s(airspace: Airspace, lanes: Array) -> float:
    """Return the seconds of the whole flight line; ways that are blocked go around."""
    pace = airspace.pace
    start, end = lanes[:-1, 1], lanes[1:, 0]
    hops_s = pace.leg_s(np.hypot(*(end - start).T))
    for place in np.flatnonzero(~airspace.is_free(start, end)):
        way = airspace.way(start[place], end[place])
        hops_s[place] = pace.leg_s(np.hypot(*np.diff(way, axis=0).T)).sum() if len(way) else UNREACHABLE_S
    return float(hops_s.sum() + pace.leg_s(np.hypot(*(lanes[:, 1] - lanes[:, 0]).T)).sum())
