"""A mission to flights: every sortie over MAVLink; telemetry logs and tracks in ``flight/``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dronepatrol.errors import InputError, StoppedError
from dronepatrol.files import clear
from dronepatrol.fly.mavlink import MavlinkLink
from dronepatrol.fly.session import FlyEvent, SortieFlight, fly_sortie
from dronepatrol.model.batch import Skipped
from dronepatrol.model.flight import FlightLog, Outcome
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import TRACK
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.process import start as start_vehicle
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.profiles import aircraft
from dronepatrol.store.tables import write_table

SYSTEM_ID = 1
TIME_MARGIN = 1.5
"""A flight that takes this many times as long as planned is called back."""


@dataclass(frozen=True, slots=True)
class RealVehicle:
    """A vehicle that we did not start: where it is reached, and the system id that the operator confirmed."""

    url: str
    confirmed_system_id: int | None


def fly_simulated(
    spec: PatrolSpec, mission: Mission, folder: PatrolFolder, factor: float, report: Report
) -> list[FlightLog]:
    """Fly every sortie on an embedded vehicle, ``factor`` times faster than real.

    Each sortie has a vehicle process of its own, with fresh batteries, the wind of the spec and its time in the
    timetable.
    """
    flights: list[FlightLog] = []
    clear(folder.photos)
    for truth in folder.flight.glob("*.truth.parquet"):
        truth.unlink()
    for sortie in mission.sorties:
        with start_vehicle(_vehicle(spec, sortie, folder, factor)) as vehicle:
            link = MavlinkLink(vehicle.url, system_id=SYSTEM_ID, tlog=folder.tlog(sortie.id))
            flights.append(_fly(link, mission, sortie, folder, _Drawing(mission, flights, report), confirmed=None))
        _go_on(flights[-1])
        if flights[-1].outcome is not Outcome.LANDED:
            break
    return flights


def fly_real(
    mission: Mission, sortie_ids: Sequence[str], folder: PatrolFolder, vehicle: RealVehicle, report: Report
) -> list[FlightLog]:
    """Fly the named sorties on a vehicle that we did not start.

    Raises
    ------
    SafetyError
        When the vehicle was not confirmed, or a check forbids the flight; nothing was armed.
    LinkError
        When the vehicle does not answer.
    InputError
        When the mission has no such sortie.
    """
    known = {sortie.id: sortie for sortie in mission.sorties}
    flights: list[FlightLog] = []
    for sortie_id in sortie_ids:
        if sortie_id not in known:
            msg = f"no sortie {sortie_id} in {folder.mission}; it has {', '.join(known)}"
            raise InputError(msg)
        link = MavlinkLink(vehicle.url, system_id=vehicle.confirmed_system_id or SYSTEM_ID, tlog=folder.tlog(sortie_id))
        drawing = _Drawing(mission, flights, report)
        flights.append(
            _fly(link, mission, known[sortie_id], folder, drawing, confirmed=vehicle.confirmed_system_id, real=True)
        )
        _go_on(flights[-1])
        if flights[-1].outcome is not Outcome.LANDED:
            break
    return flights


def _go_on(flight: FlightLog) -> None:
    if flight.stopped:
        msg = f"{flight.sortie_id}: stopped by the operator: {flight.outcome.value}: {flight.reason}"
        raise StoppedError(msg, hint="logs and tracks of what was flown are kept")


def not_flown(mission: Mission, flights: Sequence[FlightLog]) -> list[Skipped]:
    """Return the sorties that were not flown to their end, with the reason."""
    logs = {flight.sortie_id: flight for flight in flights}
    return [
        Skipped(sortie.id, f"{log.outcome.value}: {log.reason}" if log else "not flown")
        for sortie in mission.sorties
        if (log := logs.get(sortie.id)) is None or log.outcome is not Outcome.LANDED
    ]


def _fly(
    link: MavlinkLink,
    mission: Mission,
    sortie: Sortie,
    folder: PatrolFolder,
    drawing: "_Drawing",
    *,
    confirmed: int | None,
    real: bool = False,
) -> FlightLog:
    profile = aircraft(mission.aircraft_id)
    flight = SortieFlight(
        sortie_id=sortie.id,
        items=sortie_items(sortie, mission.autopilot),
        fence_items=fence_items(mission),
        rally_items=rally_items(sortie),
        home_lonlat=(sortie.dock.lon_deg, sortie.dock.lat_deg),
        planned_photos=sortie.planned_photos,
        time_limit_s=TIME_MARGIN * sortie.planned_time_s,
        battery_needed_share=sortie.planned_energy_wh / profile.battery_wh,
        blockers=tuple(finding.message for finding in mission.findings if finding.severity == "blocker"),
    )
    log = fly_sortie(link, flight, simulated=not real, confirm_system_id=confirmed, on_event=drawing.draw)
    write_table(folder.track(sortie.id), log.track, TRACK)
    return log


def _vehicle(spec: PatrolSpec, sortie: Sortie, folder: PatrolFolder, factor: float) -> VehicleConfig:
    profile = aircraft(spec.aircraft)
    return VehicleConfig(
        home=(sortie.dock.lon_deg, sortie.dock.lat_deg, sortie.dock.ground_amsl_m),
        flight_id=sortie.id,
        system_id=SYSTEM_ID,
        factor=factor,
        seed=spec.seed,
        clock=spec.start + timedelta(seconds=sortie.start_s),
        truth=folder.simulated_truth(sortie.id),
        wind_m_s=spec.wind_m_s,
        wind_from_deg=spec.wind_from_deg,
        battery_wh=profile.battery_wh,
        mass_kg=profile.mass_kg,
        top_airspeed_m_s=profile.cruise_m_s + profile.max_wind_m_s,
        parameters=(("RTL_ALT", 100.0 * sortie.return_height_m),),
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Turns what a session says into progress of the whole mission, counted in photos."""

    mission: Mission
    flights: Sequence[FlightLog]
    report: Report

    def draw(self, event: FlyEvent) -> None:
        """Report how far all sorties together are."""
        total = sum(sortie.planned_photos for sortie in self.mission.sorties)
        done = sum(flight.photos for flight in self.flights) + event.photos
        self.report(Progress("fly", min(done, total), total, f"{event.sortie_id} {event.text or event.phase.value}"))
