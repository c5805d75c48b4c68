"""Several vehicles at once on one timetable: one thread and one link each; Ctrl-C brings all of them home."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from dronepatrol.errors import DronePatrolError
from dronepatrol.fly.interrupts import Interrupts
from dronepatrol.fly.state import Order
from dronepatrol.model.flight import FlightLog, Outcome

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """One sortie of one drone, ``start_s`` after the patrol's start on the timetable; ``fly`` flies it to its end."""

    sortie_id: str
    drone: str
    start_s: float
    fly: Callable[[], FlightLog]


@dataclass(slots=True)
class Flown:
    """What became of the jobs: the logs in the order of the landings, and by sortie why one was not begun."""

    flights: list[FlightLog] = field(default_factory=list)
    refused: dict[str, DronePatrolError] = field(default_factory=dict)


class Desk:
    """Where the operator leaves orders, and every flight asks for its own; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: defaultdict[str, deque[Order]] = defaultdict(deque)

    def give(self, drone: str, order: Order) -> None:
        """Leave an order for a drone."""
        with self._lock:
            self._left[drone].append(order)

    def take(self, drone: str) -> Sequence[Order]:
        """Return the orders for a drone that were not taken yet, oldest first."""
        with self._lock:
            orders = tuple(self._left[drone])
            self._left[drone].clear()
        return orders


class Timetable:
    """The patrol's own clock, seconds since its start, ``factor`` times as fast as ours.

    With ``skips_idle`` it jumps ahead while every drone stands and waits: simulated batteries need no charging to be
    watched. It begins at the first job's start.
    """

    def __init__(self, jobs: Sequence[Job], factor: float = 1.0, *, skips_idle: bool = False) -> None:
        self._factor, self._skips_idle = factor, skips_idle
        self._changed = threading.Condition()
        self._drones = {job.drone for job in jobs}
        self._waiting: dict[str, float] = {}
        self._base_s, self._since_s = min(job.start_s for job in jobs), time.monotonic()

    def now_s(self) -> float:
        """Return the time on the patrol's clock."""
        return self._base_s + (time.monotonic() - self._since_s) * self._factor

    def wait(self, job: Job, stopped: Callable[[], bool]) -> bool:
        """Wait until a job's time has come; False when ``stopped`` before."""
        with self._changed:
            self._waiting[job.drone] = job.start_s
            self._changed.notify_all()
            while (left_s := job.start_s - self.now_s()) > 0 and not stopped():
                soonest_s = min(self._waiting.values())
                if self._skips_idle and self._waiting.keys() == self._drones and soonest_s > self.now_s():
                    self._base_s, self._since_s = soonest_s, time.monotonic()
                    self._changed.notify_all()
                else:
                    self._changed.wait(min(left_s / self._factor, _LOOK_S))
            del self._waiting[job.drone]
        return not stopped()

    def leave(self, drone: str) -> None:
        """Take a drone off the timetable: the others no longer wait for it."""
        with self._changed:
            self._drones.discard(drone)
            self._changed.notify_all()


def fly_fleet(jobs: Sequence[Job], timetable: Timetable, interrupts: Interrupts) -> Flown:
    """Fly every drone's jobs in the order of their starts, all drones at once.

    A drone whose sortie did not end as planned, or was refused, flies no further one (unless the operator skipped it);
    the others go on. An error of ours calls all of them back and is raised once they are down.
    """
    by_drone: defaultdict[str, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.start_s):
        by_drone[job.drone].append(job)
    flown = Flown()
    with interrupts, ThreadPoolExecutor(len(by_drone), thread_name_prefix="drone") as pool:
        running = {pool.submit(_fly_drone, own, timetable, interrupts, flown) for own in by_drone.values()}
        left = running
        while left:
            done, left = wait(left, timeout=_LOOK_S)
            if any(future.exception() for future in done):
                interrupts.bring_home("an error on the ground")
    for future in running:
        future.result()
    return flown


def _fly_drone(jobs: Sequence[Job], timetable: Timetable, interrupts: Interrupts, flown: Flown) -> None:
    try:
        for job in jobs:
            if not timetable.wait(job, lambda: interrupts.count > 0):
                return
            try:
                log = job.fly()
            except DronePatrolError as error:
                flown.refused[job.sortie_id] = error
                return
            flown.flights.append(log)
            if log.outcome is not Outcome.LANDED and not log.skipped:
                return
    finally:
        timetable.leave(jobs[0].drone)
