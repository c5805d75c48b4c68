"""Areas and a patrol spec to a mission: ``plan/mission.json``, files for ground stations, pages for people."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from dronepatrol.areas import findings, read_areas, read_buildings, read_lines, read_places, read_zones
from dronepatrol.export.dossier import dossier
from dronepatrol.export.plan_card import plan_card
from dronepatrol.export.plan_figures import plan_figures
from dronepatrol.export.plan_report import plan_report
from dronepatrol.export.plan_text import PlanFacts
from dronepatrol.files import write_text
from dronepatrol.formats.geojson import write_route
from dronepatrol.formats.plan import write_plan
from dronepatrol.formats.registry import SUFFIXES
from dronepatrol.formats.wpl import write_wpl
from dronepatrol.model.mission import Mission
from dronepatrol.model.patrol import PatrolSpec, Pattern
from dronepatrol.model.progress import Progress, Report, silent
from dronepatrol.model.terrain import Terrain
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.proof import prove
from dronepatrol.plan.request import Request
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import write_mission
from dronepatrol.store.profiles import aircraft, camera, versions
from dronepatrol.store.spec import write_spec


def plan(spec: PatrolSpec, folder: PatrolFolder, report: Report, lang: str = "zh") -> Mission:
    """Plan the patrol and write its plan.

    Parameters
    ----------
    spec
        What is asked.
    folder
        Where the plan goes.
    report
        Takes the progress.
    lang
        Language of the report and the flight cards, "zh" or "en".

    Raises
    ------
    InputError
        When an area, a zone, a terrain model or a profile cannot be used.
    PlanError
        When nothing can be planned.
    """
    report(Progress("plan", 0, 0, "reading the area"))
    request = read_request(spec)
    mission = plan_mission(request, report)
    mission = replace(mission, findings=(*findings(request.areas), *mission.findings))
    write_planned(mission, request, folder, lang, report)
    report(Progress("plan", 1, 1, f"{len(mission.sorties)} sorties, {_photos(mission)} photos"))
    return mission


def write_planned(mission: Mission, request: Request, folder: PatrolFolder, lang: str, report: Report = silent) -> None:
    """Write everything that a plan leaves in a patrol's folder, the mission last."""
    spec = request.spec
    write_spec(folder.spec, spec, versions(spec.camera, spec.aircraft))
    _write_sorties(mission, folder.plan)
    write_text(folder.route, write_route(mission))
    checks = {"schema": "dronepatrol/checks/1", "findings": [asdict(finding) for finding in mission.findings]}
    write_text(folder.plan / "checks.json", json.dumps(checks, ensure_ascii=False, indent=2) + "\n")
    report(Progress("plan", 0, 0, "proof of coverage, report and flight cards"))
    _write_pages(mission, request, folder, lang, report)
    write_mission(folder.mission, mission)


def read_request(spec: PatrolSpec) -> Request:
    """Read everything that a spec names for its plan."""
    along_lines = spec.pattern is Pattern.CORRIDOR
    return Request(
        spec,
        areas=tuple(area for file in spec.area_files for area in read_areas(file, spec.datum)),
        zones=read_zones(spec.nofly_file, spec.datum) if spec.nofly_file else (),
        camera=camera(spec.camera),
        aircraft=aircraft(spec.aircraft),
        lines=read_lines(spec.places_file, spec.datum) if spec.places_file and along_lines else (),
        places=read_places(spec.places_file, spec.datum) if spec.places_file and not along_lines else (),
        buildings=read_buildings(spec.buildings_file, spec.datum) if spec.buildings_file else (),
        terrain=_terrain(spec.dem_file) if spec.dem_file else None,
    )


def _terrain(path: Path) -> Terrain:
    from dronepatrol.terrain.raster import RasterTerrain  # noqa: PLC0415 heavy

    return RasterTerrain(path)


def _photos(mission: Mission) -> int:
    return sum(sortie.planned_photos for sortie in mission.sorties)


def _write_sorties(mission: Mission, folder: Path) -> None:
    """Write the sorties' files, and remove those of a plan before, which nobody should fly by mistake."""
    fence = fence_items(mission)
    for sortie in mission.sorties:
        items = sortie_items(sortie, mission.autopilot)
        write_text(folder / f"{sortie.id}.plan", write_plan(mission, sortie, items + fence + rally_items(sortie)))
        write_text(folder / f"{sortie.id}.waypoints", write_wpl(items))
    known = {sortie.id for sortie in mission.sorties}
    for stale in folder.glob("sortie-*.*"):
        if stale.name.split(".")[0] not in known or stale.suffix in SUFFIXES - {".plan", ".waypoints"}:
            stale.unlink(missing_ok=True)


def _write_pages(mission: Mission, request: Request, folder: PatrolFolder, lang: str, report: Report) -> None:
    """Write the plan's figures and what people read: the report, a card per sortie, the filing dossier."""
    facts = PlanFacts(
        spec=request.spec,
        mission=mission,
        proof=prove(mission, request),
        areas=request.areas,
        zones=request.zones,
        camera=request.camera,
        aircraft=request.aircraft,
        terrain=request.terrain,
    )
    write_text(folder.plan / "report.html", plan_report(facts, lang))
    write_text(folder.plan / "figures.json", json.dumps(plan_figures(facts), ensure_ascii=False, indent=2) + "\n")
    for number, sortie in enumerate(mission.sorties, start=1):
        report(Progress("plan", 0, 0, f"flight card {number} of {len(mission.sorties)}"))
        write_text(folder.plan / f"{sortie.id}.card.html", plan_card(facts, sortie, lang))
    write_text(folder.plan / "dossier.html", dossier(mission, request.spec, request.aircraft))
