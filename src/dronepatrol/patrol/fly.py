"""A mission to flights: every drone's sorties over MAVLink on one timetable; logs and tracks in ``flight/``."""

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dronepatrol.errors import DronePatrolError, InputError, LinkError, StoppedError
from dronepatrol.files import clear
from dronepatrol.fly.events import FlyEvent
from dronepatrol.fly.fleet import Desk, Flown, Job, Timetable, fly_fleet
from dronepatrol.fly.interrupts import Interrupts
from dronepatrol.fly.link import Firmware
from dronepatrol.fly.mavlink import MavlinkLink
from dronepatrol.fly.session import Supervision, fly_sortie
from dronepatrol.fly.sitl import OPEN_TIMEOUT_S, Craft, Sitl, start_sitl
from dronepatrol.fly.sortie import Limits, SortieFlight
from dronepatrol.model.batch import Skipped
from dronepatrol.model.flight import FlightLog, Outcome
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import TRACK
from dronepatrol.patrol.fly_now import as_of
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.process import start as start_vehicle
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.profiles import aircraft
from dronepatrol.store.tables import write_table

TIME_MARGIN = 1.5
"""A flight that takes this many times as long as planned is called back."""
WIND_WARNING_SHARE = 0.8
"""Of the wind that the aircraft bears; at all of it the flight is called back."""
FASTEST_PER_CPU = 100.0
"""So many times faster than real one processor can fly a simulated vehicle."""


@dataclass(frozen=True, slots=True)
class RealVehicle:
    """A vehicle that we did not start: where it is reached, and the system id that the operator confirmed."""

    url: str
    confirmed_system_id: int


@dataclass(frozen=True, slots=True)
class _Reached:
    """How one sortie's vehicle is reached; ``confirmed`` is None for a simulator of ours, ``forbidden`` blocks now."""

    url: str
    system_id: int
    confirmed: int | None = None
    forbidden: tuple[str, ...] = ()
    open_timeout_s: float = 10.0
    heartbeat_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Who watches a patrol and gives it orders; ``on_event`` is never called twice at once."""

    on_event: Callable[[FlyEvent], None] = lambda _: None
    desk: Desk = field(default_factory=Desk)


@dataclass(frozen=True, slots=True)
class Flights:
    """What a patrol's flights have in common: what is flown, where it is written, who is told."""

    mission: Mission
    folder: PatrolFolder
    report: Report
    crew: Crew = field(default_factory=Crew)
    has_rc: bool = True
    onboard_logs: bool = False


def fly_simulated(
    spec: PatrolSpec, mission: Mission, folder: PatrolFolder, factor: float, report: Report, crew: Crew | None = None
) -> list[FlightLog]:
    """Fly every sortie on an embedded vehicle, ``factor`` times faster than real, the drones side by side.

    Each sortie has a vehicle process of its own, with fresh batteries, the wind of the spec and its time in the
    timetable; times at which every drone stands are left out. As many fly at once as the processors bear at this
    factor. Sorties whose rest is a sortie of its own are not flown again, and keep what was flown of them.
    """
    clear(folder.photos)
    kept = {folder.simulated_truth(sortie.id) for sortie in mission.sorties if sortie not in mission.to_fly}
    for truth in set(folder.flight.glob("*.truth.parquet")) - kept:
        truth.unlink()
    room = threading.BoundedSemaphore(max(1, int((os.cpu_count() or 1) * FASTEST_PER_CPU / factor)))

    def embedded(sortie: Sortie, fly: _FlySortie) -> FlightLog:
        log: FlightLog | None = None
        with room:
            try:
                with start_vehicle(_vehicle(spec, sortie, folder, factor)) as vehicle:
                    log = fly(_Reached(vehicle.url, system_id_of(sortie.drone)))
            except LinkError:
                if log is None:
                    raise
        return log  # of a vehicle that died in flight, too

    flights = Flights(mission, folder, report, crew or Crew())
    return _fly_all(flights, mission.to_fly, embedded, factor=factor, skips_idle=True)


def fly_sitl(spec: PatrolSpec, flights: Flights, sitl: Sitl) -> list[FlightLog]:
    """Fly every sortie, one after another, on a simulator of the user's: a process of its own for each.

    It is told the aircraft's speeds, a battery that lasts as long as the plan's, and the wind of the spec.

    Raises
    ------
    InputError
        When there is no such simulator.
    LinkError
        When it ends, or does not answer.
    """

    def simulated(sortie: Sortie, fly: _FlySortie) -> FlightLog:
        home = (sortie.dock.lon_deg, sortie.dock.lat_deg, sortie.dock.ground_amsl_m)
        with start_sitl(sitl, home, _craft(spec, flights.mission, sortie)) as url:
            how = _Reached(url, sitl.system_id, open_timeout_s=OPEN_TIMEOUT_S, heartbeat_s=sitl.heartbeat_s)
            return fly(how)

    return _fly_all(flights, flights.mission.to_fly, simulated, factor=sitl.speedup, skips_idle=True, at_once=1)


def fly_real(flights: Flights, sortie_ids: Sequence[str], vehicles: Mapping[str, RealVehicle]) -> list[FlightLog]:
    """Fly the named sorties on vehicles that we did not start, by drone; the name "" stands for every drone.

    Raises
    ------
    SafetyError
        When a vehicle was not confirmed, or a check forbids the flight; nothing was armed.
    LinkError
        When a vehicle does not answer.
    InputError
        When the mission has no such sortie, or a sortie's drone no vehicle.
    """
    sorties = _named(flights, sortie_ids)
    missing = [sortie for sortie in sorties if not vehicles.keys() & {sortie.drone, ""}]
    if missing:
        msg = f"{missing[0].id} is {missing[0].drone}'s, which has no address; there are {', '.join(vehicles)}"
        raise InputError(msg, hint=f"add --connect {missing[0].drone}=URL, or fly only some sorties: --sortie ID")
    now = as_of(datetime.now(UTC), flights.mission, tuple(sorties), flights.folder)
    if now.warning:
        flights.report(Progress("fly", 0, 0, now.warning))

    def real(sortie: Sortie, fly: _FlySortie) -> FlightLog:
        vehicle = vehicles.get(sortie.drone) or vehicles[""]
        system_id = vehicle.confirmed_system_id
        return fly(_Reached(vehicle.url, system_id, system_id, now.forbidden))

    return _fly_all(flights, sorties, real, at_once=1 if "" in vehicles else 0)


def system_id_of(drone: str) -> int:
    """Return the MAVLink system id that a drone's name stands for: the number at its end, else 1."""
    number = re.search(r"(\d+)$", drone)
    return int(number[1]) if number and 1 <= int(number[1]) <= 250 else 1


def not_flown(mission: Mission, flights: Sequence[FlightLog], wanted: Sequence[str] | None = None) -> list[Skipped]:
    """Return the sorties that were not flown to their end, with the reason: of those wanted, or of all."""
    logs = {flight.sortie_id: flight for flight in flights}
    return [
        Skipped(sortie.id, f"{log.outcome.value}: {log.reason}" if log else "not flown")
        for sortie in mission.to_fly
        if not wanted or sortie.id in wanted
        if (log := logs.get(sortie.id)) is None or log.outcome is not Outcome.LANDED
    ]


_FlySortie = Callable[[_Reached], FlightLog]


def _named(flights: Flights, sortie_ids: Sequence[str]) -> list[Sortie]:
    known = {sortie.id: sortie for sortie in flights.mission.sorties}
    for sortie_id in sortie_ids:
        if sortie_id not in known:
            msg = f"no sortie {sortie_id} in {flights.folder.mission}; it has {', '.join(known)}"
            raise InputError(msg)
        if (rest := known[sortie_id].rest_from_photo) > 0:
            msg = f"{sortie_id} was flown in part; its rest, from photo {rest}, is a sortie of its own"
            raise InputError(msg, hint=f"fly {', '.join(one.id for one in flights.mission.to_fly)}")
    return [known[sortie_id] for sortie_id in sortie_ids]


def _fly_all(
    flights: Flights,
    sorties: Sequence[Sortie],
    launch: Callable[[Sortie, _FlySortie], FlightLog],
    *,
    factor: float = 1.0,
    skips_idle: bool = False,
    at_once: int = 0,
) -> list[FlightLog]:
    """Fly sorties on their drones at once, or with ``at_once`` 1 one after another, as if one drone flew them all."""
    told = _Told(flights, sorties)
    interrupts = Interrupts(tears=False)

    def job(sortie: Sortie) -> Job:
        def fly(vehicle: _Reached) -> FlightLog:
            how = Supervision(
                simulated=vehicle.confirmed is None,
                confirmed=vehicle.confirmed,
                on_event=told.draw,
                orders=lambda: flights.crew.desk.take(sortie.drone),
                interrupts=interrupts,
                onboard_log=flights.folder.tlog(sortie.id).with_suffix(".BIN") if flights.onboard_logs else None,
            )
            link = MavlinkLink(
                vehicle.url,
                system_id=vehicle.system_id,
                tlog=flights.folder.tlog(sortie.id),
                open_timeout_s=vehicle.open_timeout_s,
                heartbeat_s=vehicle.heartbeat_s,
            )
            log = fly_sortie(link, _flight(flights, sortie, vehicle.forbidden), how)
            write_table(flights.folder.track(sortie.id), log.track, TRACK)
            return log

        drone = "" if at_once == 1 else sortie.drone
        return Job(sortie.id, drone, sortie.start_s, lambda: launch(sortie, fly))

    jobs = [job(sortie) for sortie in sorties]
    return _judged(fly_fleet(jobs, Timetable(jobs, factor, skips_idle=skips_idle), interrupts), told)


def _judged(flown: Flown, told: "_Told") -> list[FlightLog]:
    """Return the logs, or raise where the operator stopped the patrol, or where nothing at all was flown."""
    stopped = [log for log in flown.flights if log.stopped]
    if stopped:
        said = [f"{log.sortie_id}: stopped by the operator: {log.outcome.value}: {log.reason}" for log in stopped]
        raise StoppedError("; ".join(said), hint="logs and tracks of what was flown are kept")
    if flown.refused and not flown.flights:
        raise next(iter(flown.refused.values()))
    for error in flown.refused.values():
        told.say(error)
    return flown.flights


def _flight(flights: Flights, sortie: Sortie, forbidden: tuple[str, ...]) -> SortieFlight:
    mission = flights.mission
    profile = aircraft(mission.aircraft_id)
    return SortieFlight(
        sortie_id=sortie.id,
        items=sortie_items(sortie, mission.autopilot),
        fence_items=fence_items(mission),
        rally_items=rally_items(sortie),
        home_lonlat=(sortie.dock.lon_deg, sortie.dock.lat_deg),
        planned_photos=sortie.planned_photos,
        time_limit_s=TIME_MARGIN * sortie.planned_time_s,
        battery_needed_share=sortie.planned_energy_wh / profile.battery_wh,
        blockers=tuple(finding.message for finding in mission.findings if finding.severity == "blocker"),
        drone=sortie.drone,
        planned_time_s=sortie.planned_time_s,
        return_height_m=sortie.return_height_m,
        autopilot=Firmware(mission.autopilot),
        has_rc=flights.has_rc,
        forbidden_now=forbidden,
        limits=Limits(
            wind_warn_m_s=WIND_WARNING_SHARE * profile.max_wind_m_s,
            wind_return_m_s=profile.max_wind_m_s,
        ),
    )


def _craft(spec: PatrolSpec, mission: Mission, sortie: Sortie) -> Craft:
    profile = aircraft(mission.aircraft_id)
    return Craft(
        cruise_m_s=sortie.speed_m_s,
        climb_m_s=profile.climb_m_s,
        descent_m_s=profile.descent_m_s,
        acceleration_m_s2=profile.acceleration_m_s2,
        endurance_s=sortie.planned_time_s * profile.battery_wh / sortie.planned_energy_wh,
        wind_m_s=spec.wind_m_s,
        wind_from_deg=spec.wind_from_deg,
    )


def _vehicle(spec: PatrolSpec, sortie: Sortie, folder: PatrolFolder, factor: float) -> VehicleConfig:
    profile = aircraft(spec.aircraft)
    return VehicleConfig(
        home=(sortie.dock.lon_deg, sortie.dock.lat_deg, sortie.dock.ground_amsl_m),
        flight_id=sortie.id,
        system_id=system_id_of(sortie.drone),
        factor=factor,
        seed=spec.seed,
        clock=spec.start + timedelta(seconds=sortie.start_s),
        truth=folder.simulated_truth(sortie.id),
        wind_m_s=spec.wind_m_s,
        wind_from_deg=spec.wind_from_deg,
        battery_wh=profile.battery_wh,
        mass_kg=profile.mass_kg,
        top_airspeed_m_s=profile.cruise_m_s + profile.max_wind_m_s,
        parameters=(("FENCE_ENABLE", 1.0),),
    )


class _Told:
    """Turns what sessions say, from their own threads, into progress of the whole mission, counted in photos."""

    def __init__(self, flights: Flights, sorties: Sequence[Sortie]) -> None:
        self._flights = flights
        self._total = sum(sortie.planned_photos for sortie in sorties)
        self._photos: dict[str, int] = {}
        self._lock = threading.Lock()

    def draw(self, event: FlyEvent) -> None:
        """Report how far all sorties together are, and pass the event on."""
        with self._lock:
            self._photos[event.sortie_id] = event.photos
            done = min(sum(self._photos.values()), self._total)
            note = f"{event.sortie_id} {event.text or event.phase.value}"
            self._flights.report(Progress("fly", done, self._total, note))
            self._flights.crew.on_event(event)

    def say(self, error: DronePatrolError) -> None:
        """Report what went wrong with one sortie while others flew."""
        self._flights.report(Progress("fly", 0, self._total, str(error)))
