"""The rest of a sortie that came home early: a sortie of its own in the patrol's plan, its timetable and its pages."""

from dataclasses import replace

from dronepatrol.model.mission import Finding, Mission, Sortie
from dronepatrol.model.progress import Progress, Report
from dronepatrol.patrol.plan import read_request, write_planned
from dronepatrol.plan.checks import check
from dronepatrol.plan.fleet.resume import resumed
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission
from dronepatrol.store.spec import read_spec


def resume(
    folder: PatrolFolder, sortie_id: str, photo_number: int, report: Report, lang: str = "zh"
) -> tuple[Sortie, tuple[Finding, ...]]:
    """Add the rest of a sortie, from a photo on, to the mission, and write the plan's files and pages again.

    Returns the rest and what its checks found.

    Raises
    ------
    InputError
        When the plan has no such sortie or photo.
    PlanError
        When no way leads to where the sortie is to go on.
    StorageError
        When the folder holds no plan.
    """
    report(Progress("resume", 0, 0, f"the rest of {sortie_id}"))
    before = read_mission(folder.mission)
    request = read_request(read_spec(folder.spec))
    mission = resumed(before, request, sortie_id, photo_number)
    rest = mission.sorties[-1]
    findings = _of_the_rest(mission, request)
    gone = {one.id for one in before.sorties} - {one.id for one in mission.sorties} | {rest.id}
    kept = tuple(one for one in before.findings if not gone & set(one.message.replace(":", " ").split()))
    write_planned(replace(mission, findings=(*kept, *findings)), request, folder, lang, report)
    report(Progress("resume", 1, 1, rest.id))
    return rest, findings


def _of_the_rest(mission: Mission, request: Request) -> tuple[Finding, ...]:
    """Return what is new with the rest; that it does not show the whole area is what a rest is."""
    alone = replace(mission, sorties=mission.sorties[-1:])
    found = check(alone, request, photo_plan(request.spec, request.camera, request.aircraft))
    known = {one.message for one in mission.findings}
    return tuple(one for one in found if one.severity != "info" and one.rule != "seen" and one.message not in known)
