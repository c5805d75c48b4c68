"""The rest of a sortie that came home early: a sortie of its own in the patrol's plan."""

from dataclasses import replace

from dronepatrol.files import write_text
from dronepatrol.formats.plan import write_plan
from dronepatrol.formats.wpl import write_wpl
from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.checks import check
from dronepatrol.plan.fleet.resume import resume as rest_of
from dronepatrol.plan.heights import with_heights
from dronepatrol.plan.home.ways import with_ways_home
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission, write_mission
from dronepatrol.store.spec import read_spec


def resume(folder: PatrolFolder, sortie_id: str, photo_number: int) -> Sortie:
    """Add the rest of a sortie, from a photo on, to the mission and write its files.

    Raises
    ------
    InputError
        When the plan has no such sortie or photo.
    StorageError
        When the folder holds no plan.
    """
    mission = read_mission(folder.mission)
    request = read_request(read_spec(folder.spec))
    rest = replace(mission, sorties=(rest_of(mission, request, sortie_id, photo_number),))
    rest = with_ways_home(with_heights(rest, request), request)
    findings = _of_the_rest(check(rest, request, photo_plan(request.spec, request.camera, request.aircraft)))
    sortie = rest.sorties[0]
    others = tuple(other for other in mission.sorties if other.id != sortie.id)
    mission = replace(mission, sorties=(*others, sortie), findings=(*mission.findings, *findings))
    items = sortie_items(sortie, mission.autopilot)
    whole = items + fence_items(mission) + rally_items(sortie)
    write_text(folder.plan / f"{sortie.id}.plan", write_plan(mission, sortie, whole))
    write_text(folder.plan / f"{sortie.id}.waypoints", write_wpl(items))
    write_mission(folder.mission, mission)
    return sortie


def _of_the_rest(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return what is new with the rest; that it does not show the whole area is what a rest is."""
    return [finding for finding in findings if finding.severity != "info" and finding.rule != "seen"]
