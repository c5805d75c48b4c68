"""When sorties fly, and which zones are in force then."""

from datetime import datetime, timedelta

from dronepatrol.model.mission import Sortie
from dronepatrol.model.patrol import PatrolSpec, Zone


def window(sortie: Sortie, spec: PatrolSpec) -> tuple[datetime, datetime]:
    """Return when a sortie takes off and lands."""
    start = spec.start + timedelta(seconds=sortie.start_s)
    return start, start + timedelta(seconds=sortie.planned_time_s)


def in_force(zone: Zone, start: datetime, end: datetime) -> bool:
    """Return whether a zone's time and the time from start to end have a moment in common."""
    return (zone.valid_from is None or zone.valid_from <= end) and (zone.valid_to is None or zone.valid_to >= start)
