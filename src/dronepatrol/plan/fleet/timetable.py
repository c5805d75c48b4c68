"""Which drone flies which sortie, when, and how high its ways are: charged in between, and no two near each other.

Each dock's drones take its sorties longest first (LPT; Graham 1969). Where two flights would come near each other, the
later one starts when the other has passed, or its ways are flown on a higher level: whichever lands first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import Fleet
from dronepatrol.plan.fleet.apart import APART_M, APART_S, Sampled, Track, first_open_s, meetings_s, track

Choices = Callable[[Sortie], list[Sortie]]
"""Takes a sortie, returns it and others that do the same: on higher levels."""


@dataclass(frozen=True)
class Row:
    """One bar of the timetable, seconds after the patrol's start; the drone is charged from ``end_s`` on."""

    drone: str
    sortie_id: str
    dock_id: str
    start_s: float
    end_s: float
    charged_s: float


def with_timetable(
    mission: Mission, fleet: Fleet, aircraft: AircraftProfile, choices: Choices | None = None
) -> Mission:
    """Return the mission with a drone, a start and a level for every sortie.

    Parameters
    ----------
    mission
        Its sorties are on their lowest level.
    fleet, aircraft
        Drones per dock, charging time; rates of climb and descent.
    choices
        The levels of a sortie, the lowest first; without them only starts are chosen.
    """
    sky = _Sky.around(mission.sorties, aircraft)
    queues = _queues(mission.sorties, fleet)
    ready = dict.fromkeys(queues, 0.0)
    left = {drone: list(queue) for drone, queue in queues.items()}
    chosen: dict[int, Sortie] = {}
    while any(left.values()):
        drone = min((drone for drone in left if left[drone]), key=lambda drone: (ready[drone], drone))
        number = left[drone].pop(0)
        flown = sky.soonest(replace(mission.sorties[number], drone=drone), ready[drone], choices)
        chosen[number] = flown
        ready[drone] = flown.start_s + flown.planned_time_s + fleet.charge_s
    return replace(mission, sorties=tuple(chosen[number] for number in range(len(mission.sorties))))


def placed(sortie: Sortie, others: Sequence[Sortie], fleet: Fleet, aircraft: AircraftProfile, after_s: float) -> Sortie:
    """Return a sortie with the drone of its dock that can start it first, behind the sorties planned before.

    Parameters
    ----------
    sortie
        One more sortie.
    others
        Those of the timetable, which stay as they are.
    fleet, aircraft
        Drones per dock, charging time; rates of climb and descent.
    after_s
        It does not start before this time.
    """
    drones = [f"{sortie.dock.id}-{number}" for number in range(1, fleet.drones_per_dock + 1)]
    ready = dict.fromkeys(drones, after_s)
    for one in others:
        if one.drone in ready:
            ready[one.drone] = max(ready[one.drone], one.start_s + one.planned_time_s + fleet.charge_s)
    drone = min(drones, key=lambda drone: (ready[drone], drone))
    sky = _Sky.around([*others, sortie], aircraft)
    for one in others:
        sky.add(one)
    return sky.soonest(replace(sortie, drone=drone), ready[drone])


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


@dataclass
class _Sky:
    """The flights that have their times."""

    frame: LocalFrame
    aircraft: AircraftProfile
    flown: list[tuple[Sortie, Track, Sampled]] = field(default_factory=list)

    @classmethod
    def around(cls, sorties: Sequence[Sortie], aircraft: AircraftProfile) -> "_Sky":
        """Return an empty sky over the docks of sorties."""
        docks = shapely.MultiPoint([(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in sorties])
        return cls(LocalFrame.around(docks), aircraft)

    def add(self, sortie: Sortie) -> None:
        """Take a flight at its time."""
        one = track(sortie, self.frame, self.aircraft)
        self.flown.append((sortie, one, Sampled.of(one)))

    def soonest(self, sortie: Sortie, ready_s: float, choices: Choices | None = None) -> Sortie:
        """Add a sortie at its first open start from ``ready_s`` on, on the level on which it lands first."""
        best = self._started(sortie, ready_s)
        if choices is not None and best.start_s > np.ceil(ready_s):
            others = [self._started(level, ready_s) for level in choices(sortie)[1:]]
            best = min((best, *others), key=lambda one: one.start_s + one.planned_time_s)
        self.add(best)
        return best

    def _started(self, sortie: Sortie, ready_s: float) -> Sortie:
        mine = track(sortie, self.frame, self.aircraft)
        sampled = Sampled.of(mine)
        tree = shapely.STRtree([one.line for _, one, _ in self.flown])
        near = tree.query(mine.line, predicate="dwithin", distance=APART_M).tolist()
        closed = [
            self.flown[number][0].start_s + offset
            for number in near
            if self.flown[number][0].start_s + self.flown[number][0].planned_time_s + APART_S >= ready_s
            for offset in meetings_s(self.flown[number][2], sampled)
        ]
        return replace(sortie, start_s=first_open_s(ready_s, sorted(closed)))


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
