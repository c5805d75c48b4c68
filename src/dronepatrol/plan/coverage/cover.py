"""Lanes that cover a region, in the order that flies fastest, with the ways between them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.candidates import candidates
from dronepatrol.plan.coverage.cells import Part, own_angles
from dronepatrol.plan.coverage.contours import contours, spines
from dronepatrol.plan.coverage.lanes import lay_lanes
from dronepatrol.plan.coverage.meetings import meetings
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.coverage.rows import Sweep, choose_rows, edges
from dronepatrol.plan.coverage.trim import GRID, footprints, trim, uncovered_m2
from dronepatrol.plan.timing import Pace

BUILT = 12
"""So many of the best directions and partitions are laid out and ordered in full, less where lanes are many."""
MANY_LANES, FEW_LANES, MORE_BUILT = 70, 30, 3.0
"""With many lanes fewer candidates are laid out: large regions gain little from them. With few lanes up to so many
times more: they take no time, and every lane counts."""
POLISHED = (3, 1)
"""So many of the best are ordered again, longer, and drawn in further, round by round."""
ALL_DRAWN_IN = 0.3
"""With less of the full search only the best is drawn in, and ordered again once."""
MANY_CORNERS = 400
"""Above this the airspace is simplified."""
CORNERS_PER_LANE = 10
"""So many corners to fly around cost as much search as one lane."""
PATCHES = 20
"""So many places that lanes of one sweep cannot cover are looked at."""
PATCH_ANGLES = 6
TOGETHER = 1.0
"""Places within twice so many widths of each other are covered together."""
THIN = 0.03
"""Gaps thinner than twice this share of a width, as between rows laid wider apart, get no lanes of their own."""
SIMPLER = 0.1
"""By how much of a width a simplified airspace is smaller."""
KICKS, POLISH_KICKS = 60, 700
UNREACHABLE_S = 1e6
MISSED = 1000.0
"""A coverage that misses a thousandth of the area more than it may is ranked as if it took a pass longer."""

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
    lanes = _expected_lanes(task)
    share = task.effort * min(1.0, MANY_LANES / (lanes + len(airspace.corners) / CORNERS_PER_LANE)) ** 1.5
    most = max(1, int(BUILT * share * min(max(1.0, FEW_LANES / lanes), MORE_BUILT)))
    drawn_in = share >= ALL_DRAWN_IN
    built = [
        _built(task, airspace, parts, drawn_in=drawn_in)
        for parts in candidates(task.region, task.free, task.sweep, most)
    ]
    ranked = _ranked(task, [one for one in built if one.lanes])
    if not ranked:
        msg = "no lane over the area can be flown: all of it lies in no-fly zones"
        raise PlanError(msg, hint="draw the area outside the no-fly zones")
    for number, most in enumerate(POLISHED if drawn_in else POLISHED[:1]):
        chosen = ranked[: max(1, round(most * share))]
        again = [_ordered(task, airspace, np.stack(one.lanes), POLISH_KICKS, number) for one in chosen]
        ranked = _ranked(task, [*ranked, *again])
    best = ranked[0]
    if best.time_s >= UNREACHABLE_S:
        msg = "no-fly zones cut the area into parts that cannot be reached from each other"
        raise PlanError(msg, hint="plan each part as a patrol of its own")
    return _quicker_way_round(best, airspace)


def _quicker_way_round(coverage: Coverage, airspace: Airspace) -> Coverage:
    """Return the coverage, or the same one flown backwards where the wind makes that quicker, timed as one line.

    Lanes in one line need no stop between.
    """
    line = flight_line(coverage, airspace)
    there_s, back_s = airspace.pace.path_s(line), airspace.pace.path_s(line[::-1])
    if back_s < there_s:
        return replace(coverage, lanes=tuple(lane[::-1] for lane in coverage.lanes[::-1]), time_s=back_s)
    return replace(coverage, time_s=there_s)


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


def _ranked(task: Task, found: list[Coverage]) -> list[Coverage]:
    """Return coverages, the best first: those that cover what was asked, or as much as any, by their time."""
    once_s = task.region.area / task.width_m / task.pace.speed_m_s
    least = max(task.uncovered_share, min((one.uncovered_m2 for one in found), default=0.0) / task.region.area)
    missed = [max(one.uncovered_m2 / task.region.area - 1.02 * least, 0.0) for one in found]
    costs = [one.time_s + MISSED * once_s * share for one, share in zip(found, missed, strict=True)]
    return [found[place] for place in np.argsort(costs, kind="stable")]


def _expected_lanes(task: Task) -> float:
    """Return about how many lanes there will be: borders are met at all angles, each lane meets two."""
    return float(task.region.length / (np.pi * task.width_m))


def _built(task: Task, airspace: Airspace, parts: tuple[Part, ...], *, drawn_in: bool = True) -> Coverage:
    """Lay out the lanes of all parts and order them."""
    lanes = np.vstack([_part_lanes(task, airspace, part) for part in parts])
    lanes = _patches(task, airspace, lanes)
    if not len(lanes):
        return Coverage((), 0.0, np.inf)
    return _ordered(task, airspace, lanes, round(KICKS * task.effort), 0, drawn_in=drawn_in)


def _patches(task: Task, airspace: Airspace, lanes: Array) -> Array:
    """Return the lanes and others in directions of their own over what they leave uncovered."""
    allowed = task.uncovered_share * task.region.area
    if not len(lanes) or uncovered_m2(task.region, lanes, task.sweep) <= allowed:
        return lanes
    ridges = list(spines(task.region, _uncovered(task, lanes), task.sweep))
    for ridge in ridges:
        if airspace.is_free(ridge[None, 0], ridge[None, 1])[0]:
            lanes = np.vstack([lanes, ridge[None]])
            if uncovered_m2(task.region, lanes, task.sweep) <= allowed:
                return lanes
    return np.vstack([lanes, *_small_sweeps(task, airspace, _uncovered(task, lanes))])


def _uncovered(task: Task, lanes: Array) -> list[Polygon]:
    """Return what the lanes leave uncovered, without gaps that are too thin for lanes of their own."""
    left = task.region.difference(shapely.union_all(footprints(lanes, task.sweep), grid_size=GRID * task.width_m))
    thick = shapely.get_parts(left.buffer(-THIN * task.width_m).buffer(2 * THIN * task.width_m).intersection(left))
    return [part for part in thick if isinstance(part, Polygon) and not part.is_empty]


def _small_sweeps(task: Task, airspace: Airspace, left: list[Polygon]) -> Iterator[Array]:
    """Yield lanes over each of the largest places left uncovered, in the direction that needs fewest."""
    allowed, total = task.uncovered_share * task.region.area, sum(part.area for part in left)
    for part in sorted(_grouped(left, task.width_m), key=lambda part: -part.area)[:PATCHES]:
        if total <= allowed / 2:
            break
        box = shapely.minimum_rotated_rectangle(part)
        own = own_angles(edges(box), 1) if isinstance(box, Polygon) else []
        turns = [*own, *np.linspace(0.0, np.pi, PATCH_ANGLES, endpoint=False).tolist()]
        tried = [_bridged(_part_lanes(task, airspace, Part(part, angle, 0.0)), airspace) for angle in turns]
        tried = [one for one in tried if len(one)]
        missed = [uncovered_m2(part, one, task.sweep) for one in tried]
        lengths = [float(np.hypot(*(one[:, 1] - one[:, 0]).T).sum()) for one in tried]
        if tried and min(missed) < part.area / 2:
            best = min(range(len(tried)), key=lambda i: (round(missed[i] / part.area, 1), len(tried[i]), lengths[i]))
            total -= part.area - missed[best]
            yield tried[best]


def _grouped(parts: list[Polygon], width_m: float) -> list[Polygon | MultiPolygon]:
    """Return the parts, those near each other together: one lane may cover several."""
    grown = shapely.get_parts(shapely.union_all(shapely.buffer(parts, TOGETHER * width_m)))
    groups = [[part for part in parts if one.intersects(part)] for one in grown]
    return [group[0] if len(group) == 1 else MultiPolygon(group) for group in groups if group]


def _bridged(lanes: Array, airspace: Airspace) -> Array:
    """Return lanes with those that follow each other on one straight line made one, where the way between is free."""
    done: list[Array] = []
    for lane in lanes:
        if done:
            reach, onward = lane[1] - done[-1][0], done[-1][1] - done[-1][0]
            aside = abs(onward[0] * reach[1] - onward[1] * reach[0])
            if aside < 1e-9 * (reach @ reach) and airspace.is_free(done[-1][None, 1], lane[None, 0])[0]:
                done[-1] = np.stack([done[-1][0], lane[1]])
                continue
        done.append(lane)
    return np.array(done).reshape(-1, 2, 2)


def _part_lanes(task: Task, airspace: Airspace, part: Part) -> Array:
    if part.angle_rad is None:
        return contours(part.polygon, airspace.free, task.sweep)
    cos, sin = np.cos(part.angle_rad), np.sin(part.angle_rad)
    back = np.array([[cos, sin], [-sin, cos]])  # for row vectors: turned @ back
    region = shapely.transform(part.polygon, lambda points: points @ back.T)
    free = shapely.transform(airspace.free, lambda points: points @ back.T)
    rows, _ = choose_rows(edges(region), task.sweep.turned(part.angle_rad))
    return np.asarray(lay_lanes(region, free, rows, task.sweep) @ back)


def _ordered(
    task: Task, airspace: Airspace, lanes: Array, kicks: int, start: int, *, drawn_in: bool = True
) -> Coverage:
    """Return (n, 2, 2) lanes in a quick order, drawn in by as much as may stay uncovered."""
    ends = lanes.reshape(-1, 2)
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # lane 0 is nowhere: the route is open
    straight_s = np.minimum(airspace.times_s(ends), UNREACHABLE_S)
    corner_s, corners = meetings(airspace, ends, task.width_m)
    times[2:, 2:] = np.minimum(straight_s, corner_s)
    entries = np.array(order(times, kicks, task.seed + start)[0][1:]) - 2
    flown = np.stack([ends[entries], ends[entries ^ 1]], axis=1)
    for place, (one, other) in enumerate(pairwise(entries)):
        if corner_s[one ^ 1, other] < straight_s[one ^ 1, other]:
            flown[place, 1] = flown[place + 1, 0] = corners[one ^ 1, other]
    if not drawn_in:
        return Coverage(tuple(flown), _time_s(airspace, flown), uncovered_m2(task.region, flown, task.sweep))
    trimmed = trim(task.region, flown, task.sweep, task.uncovered_share * task.region.area)
    return Coverage(tuple(trimmed.lanes), _time_s(airspace, trimmed.lanes), trimmed.uncovered_m2)


def _time_s(airspace: Airspace, lanes: Array) -> float:
    """Return the seconds of the whole flight line; ways that are blocked go around."""
    pace = airspace.pace
    start, end = lanes[:-1, 1], lanes[1:, 0]
    hops_s = pace.way_s(end - start)
    for place in np.flatnonzero(~airspace.is_free(start, end)):
        way = airspace.way(start[place], end[place])
        hops_s[place] = pace.way_s(np.diff(way, axis=0)).sum() if len(way) else UNREACHABLE_S
    return float(hops_s.sum() + pace.way_s(lanes[:, 1] - lanes[:, 0]).sum())
