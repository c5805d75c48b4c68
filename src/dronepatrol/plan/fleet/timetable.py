"""Which drone flies which sortie, and when: charged in between, and never two near each other in the air.

Each dock's drones take its sorties longest first (LPT; Graham 1969). A start is put off until its whole flight is
apart from every flight planned before it: wherever two flight lines come near each other, the drones pass there at
different times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import Fleet
from dronepatrol.plan.timing import Pace

APART_M = 40.0
"""Flight lines nearer than this to each other are not flown …"""
APART_S = 30.0
"""… within this time of each other; it also takes up how far a flight is late or early."""
SAMPLE_S = 2.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One bar of the timetable, seconds after the patrol's start; the drone is charged from ``end_s`` on."""

    drone: str
    sortie_id: str
    dock_id: str
    start_s: float
    end_s: float
    charged_s: float


@dataclass(frozen=True)
class Track:
    """Where a sortie is when: (n,) seconds after its start, and (n, 2) metres."""

    time_s: Array
    at: Array

    @property
    def line(self) -> shapely.LineString:
        """The flight line."""
        return shapely.LineString(self.at if len(self.at) > 1 else np.repeat(self.at, 2, axis=0))


def with_timetable(mission: Mission, fleet: Fleet, aircraft: AircraftProfile) -> Mission:
    """Return the mission with a drone and a start for every sortie."""
    docks = shapely.MultiPoint([(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in mission.sorties])
    frame = LocalFrame.around(docks)
    tracks = [track(sortie, frame, aircraft) for sortie in mission.sorties]
    queues = _queues(mission.sorties, fleet)
    starts = _starts(mission.sorties, queues, tracks, fleet.charge_s)
    drones = {number: drone for drone, queue in queues.items() for number in queue}
    return replace(
        mission,
        sorties=tuple(
            replace(sortie, drone=drones[number], start_s=starts[number])
            for number, sortie in enumerate(mission.sorties)
        ),
    )


def rows(mission: Mission, charge_s: float) -> list[Row]:
    """Return the timetable's bars, by dock, drone and start."""
    found = [
        Row(s.drone, s.id, s.dock.id, s.start_s, s.start_s + s.planned_time_s, s.start_s + s.planned_time_s + charge_s)
        for s in mission.sorties
    ]
    return sorted(found, key=lambda row: (row.dock_id, row.drone, row.start_s))


def makespan_s(mission: Mission) -> float:
    """Return when the last sortie lands, in seconds after the patrol's start."""
    return max(sortie.start_s + sortie.planned_time_s for sortie in mission.sorties)


def least_makespan_s(sorties: Sequence[Sortie], fleet: Fleet) -> float:
    """Return a bound that no timetable of these sorties on their docks' drones is below."""
    least = max(sortie.planned_time_s for sortie in sorties)
    for dock in {sortie.dock.id for sortie in sorties}:
        flown = [sortie.planned_time_s for sortie in sorties if sortie.dock.id == dock]
        charged = max(len(flown) - fleet.drones_per_dock, 0) * fleet.charge_s
        least = max(least, (sum(flown) + charged) / fleet.drones_per_dock)
    return least


def track(sortie: Sortie, frame: LocalFrame, aircraft: AircraftProfile) -> Track:
    """Return where a sortie is when, at an even pace along each leg, stretched to the planned time."""
    dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    line = frame.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), dock])
    pace = Pace(sortie.speed_m_s, aircraft.acceleration_m_s2)
    legs_s = pace.leg_s(np.hypot(*np.diff(line, axis=0).T))
    up_s = sortie.waypoints[0].height_m / aircraft.climb_m_s if sortie.waypoints else 0.0
    flown = np.concatenate([[0.0], up_s + np.concatenate([[0.0], np.cumsum(legs_s)])])
    at = np.vstack([line[:1], line])
    if flown[-1] > sortie.planned_time_s:
        flown *= sortie.planned_time_s / flown[-1]
    else:
        flown, at = np.append(flown, sortie.planned_time_s), np.vstack([at, line[-1:]])
    return Track(flown, at)


def _queues(sorties: Sequence[Sortie], fleet: Fleet) -> dict[str, list[int]]:
    """Return the sorties' numbers of every drone, in flying order: longest first, to whoever is free first."""
    queues: dict[str, list[int]] = {}
    busy: dict[str, float] = {}
    docks = {sortie.dock.id: sortie.dock for sortie in sorties}
    for dock in docks:
        drones = [f"{dock}-{number}" for number in range(1, fleet.drones_per_dock + 1)]
        busy |= dict.fromkeys(drones, 0.0)
        mine = [number for number, sortie in enumerate(sorties) if sortie.dock.id == dock]
        for number in sorted(mine, key=lambda number: (-sorties[number].planned_time_s, number)):
            drone = min(drones, key=lambda drone: (busy[drone], drone))
            busy[drone] += sorties[number].planned_time_s + fleet.charge_s
            queues.setdefault(drone, []).append(number)
    return {drone: sorted(queue) for drone, queue in queues.items()}


def _starts(
    sorties: Sequence[Sortie], queues: dict[str, list[int]], tracks: list[Track], charge_s: float
) -> dict[int, float]:
    """Return every sortie's start: as soon as its drone is charged and the way is clear."""
    sampled = [_sampled(one) for one in tracks]
    lines = np.array([one.line for one in tracks], dtype=object)
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=APART_M)
    near: dict[int, list[int]] = {number: [] for number in range(len(sorties))}
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        near[a] += [b] if a != b else []
    ready = dict.fromkeys(queues, 0.0)
    left = {drone: list(queue) for drone, queue in queues.items()}
    starts: dict[int, float] = {}
    while any(left.values()):
        drone = min((drone for drone in left if left[drone]), key=lambda drone: (ready[drone], drone))
        number = left[drone].pop(0)
        closed = [
            starts[before] + offset
            for before in near[number]
            if before in starts and starts[before] + sorties[before].planned_time_s + APART_S >= ready[drone]
            for offset in _meetings(sampled[before], sampled[number])
        ]
        starts[number] = _first_open(ready[drone], sorted(closed))
        ready[drone] = starts[number] + sorties[number].planned_time_s + charge_s
    return starts


def _first_open(ready_s: float, closed: list[float]) -> float:
    """Return the first whole second, from ``ready_s`` on, that is away from all closed starts."""
    start = float(np.ceil(ready_s))
    for middle in closed:
        if middle - APART_S - SAMPLE_S < start < middle + APART_S + SAMPLE_S:
            start = float(np.ceil(middle + APART_S + SAMPLE_S))
    return start


def _sampled(one: Track) -> Track:
    times = np.append(np.arange(0.0, one.time_s[-1], SAMPLE_S), one.time_s[-1])
    return Track(times, np.column_stack([np.interp(times, one.time_s, one.at[:, axis]) for axis in (0, 1)]))


def _meetings(before: Track, after: Track) -> list[float]:
    """Return how much later than the first the second would start to meet it where their lines are near."""
    fastest = max(float(np.hypot(*np.diff(one.at, axis=0).T).max(initial=0.0)) for one in (before, after))
    pairs = cKDTree(before.at).query_ball_tree(cKDTree(after.at), APART_M + fastest)
    count = [len(found) for found in pairs]
    if not sum(count):
        return []
    first = np.repeat(before.time_s, count)
    second = after.time_s[np.concatenate([np.array(found, dtype=np.intp) for found in pairs])]
    offsets: list[float] = np.unique(np.round(first - second)).tolist()
    return offsets
