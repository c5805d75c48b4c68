"""When sorties fly, which zones are in force then, and planning a patrol for the time that it really takes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import PatrolSpec, Zone
from dronepatrol.plan.request import Request

HORIZON = timedelta(hours=12)
"""A patrol of which nobody knows how long it takes is taken to be over this long after its start."""
LATE_SHARE = 0.25
LATE = timedelta(minutes=15)
"""Planned again, a patrol may take so much longer than planned first, and start so late: defaults of ours."""


def window(sortie: Sortie, spec: PatrolSpec) -> tuple[datetime, datetime]:
    """Return when a sortie takes off and lands."""
    start = spec.start + timedelta(seconds=sortie.start_s)
    return start, start + timedelta(seconds=sortie.planned_time_s)


def in_force(zone: Zone, start: datetime, end: datetime) -> bool:
    """Return whether a zone's time and the time from start to end have a moment in common."""
    return (zone.valid_from is None or zone.valid_from <= end) and (zone.valid_to is None or zone.valid_to >= start)


def over_by(request: Request) -> datetime:
    """Return when a patrol is taken to be over."""
    return request.over_by or request.spec.start + HORIZON


def in_its_time(request: Request, plan: Callable[[Request], Mission]) -> Mission:
    """Return the patrol planned around the zones that are in force while it is flown.

    It is planned around those in force when it starts; where others come into force before it is over, once more,
    around these too. What then still meets a zone in force, the checks find sortie by sortie.

    Parameters
    ----------
    request
        What is asked for.
    plan
        Plans a request around the zones in force until its ``over_by``.
    """
    start = request.spec.start
    later = [zone for zone in request.zones if zone.valid_from is not None and zone.valid_from > start]
    first = plan(replace(request, over_by=start))
    seconds = max(sortie.start_s + sortie.planned_time_s for sortie in first.sorties)
    end = start + timedelta(seconds=seconds) * (1 + LATE_SHARE) + LATE
    if not any(in_force(zone, start, end) for zone in later):
        return first
    return plan(replace(request, over_by=end))
