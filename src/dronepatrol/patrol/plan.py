"""Areas and a patrol spec to a mission: ``plan/mission.json`` and the files that ground stations open."""

import json
from dataclasses import asdict
from pathlib import Path

from dronepatrol.areas import read_areas, read_zones
from dronepatrol.formats.geojson import write_route
from dronepatrol.formats.plan import write_plan
from dronepatrol.formats.wpl import write_wpl
from dronepatrol.model.mission import Mission
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.model.progress import Progress, Report
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.request import Request
from dronepatrol.store.atomic import write_text
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import write_mission
from dronepatrol.store.profiles import aircraft, camera, versions
from dronepatrol.store.spec import write_spec


def plan(spec: PatrolSpec, folder: PatrolFolder, report: Report) -> Mission:
    """Plan the patrol and write its plan.

    Raises
    ------
    InputError
        When an area, a zone or a profile cannot be used.
    PlanError
        When nothing can be planned.
    """
    report(Progress("plan", 0, 0, "reading the area"))
    request = read_request(spec)
    report(Progress("plan", 0, 0, f"lanes over {', '.join(area.name for area in request.areas)}"))
    mission = plan_mission(request)
    write_spec(folder.spec, spec, versions(spec.camera, spec.aircraft))
    _write_sorties(mission, folder.plan)
    write_text(folder.route, write_route(mission))
    findings = {"schema": "dronepatrol/checks/1", "findings": [asdict(finding) for finding in mission.findings]}
    write_text(folder.plan / "checks.json", json.dumps(findings, ensure_ascii=False, indent=2) + "\n")
    write_mission(folder.mission, mission)
    report(Progress("plan", 1, 1, f"{len(mission.sorties)} sorties, {_photos(mission)} photos"))
    return mission


def read_request(spec: PatrolSpec) -> Request:
    """Read everything that a spec names for its plan."""
    return Request(
        spec,
        areas=tuple(area for file in spec.area_files for area in read_areas(file)),
        zones=read_zones(spec.nofly_file) if spec.nofly_file else (),
        camera=camera(spec.camera),
        aircraft=aircraft(spec.aircraft),
    )


def _photos(mission: Mission) -> int:
    return sum(sortie.planned_photos for sortie in mission.sorties)


def _write_sorties(mission: Mission, folder: Path) -> None:
    for sortie in mission.sorties:
        items = sortie_items(sortie, mission.autopilot)
        write_text(folder / f"{sortie.id}.plan", write_plan(mission, sortie, items + fence_items(mission)))
        write_text(folder / f"{sortie.id}.waypoints", write_wpl(items))
