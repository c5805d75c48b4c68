"""A plan that is flown at another time than it was made for: what forbids it now, and what nobody can tell."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dronepatrol.errors import DronePatrolError
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.checks import check
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

NEAR = timedelta(minutes=15)
"""A plan flown within this of its own time is flown at its time: a default of ours."""


@dataclass(frozen=True, slots=True)
class Now:
    """What flying now means: ``forbidden`` blocks, ``warning`` (or nothing) is said."""

    forbidden: tuple[str, ...] = ()
    warning: str = ""


def as_of(now: datetime, mission: Mission, sorties: tuple[Sortie, ...], folder: PatrolFolder) -> Now:
    """Check the sorties as if the patrol had been planned to start now: temporary zones, and daylight.

    The patrol's spec and the files it names are read again; where one is missing, this cannot be decided and is said.
    """
    try:
        spec = read_spec(folder.spec)
        begins = timedelta(seconds=min(sortie.start_s for sortie in sorties))
        away = abs(now - (spec.start + begins))
        if away <= NEAR:
            return Now()
        request = replace(read_request(spec), spec=replace(spec, start=now - begins))
        found = check(replace(mission, sorties=sorties), request, photo_plan(spec, request.camera, request.aircraft))
    except DronePatrolError as error:
        return Now(warning=f"whether temporary zones and daylight allow the flight now is not known: {error.message}")
    known = {finding.rule for finding in mission.findings if finding.severity == "blocker"}
    forbidden = tuple(
        f"now: {finding.message}" for finding in found if finding.severity == "blocker" and finding.rule not in known
    )
    return Now(
        forbidden, f"the plan was made for {spec.start + begins:%Y-%m-%d %H:%M %z}, and is checked for now again"
    )
