"""``dronepatrol plan``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, language, note, progress
from dronepatrol.cli.options import AsJson, Lang, Out

_MOST_ROWS = 40
_UNITS = {"km2": "km2", "km": "km of lines", "places": "places"}


def plan(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What to patrol, and with what.")],
    out: Out,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Plan a patrol: lanes over its areas, split into sorties that the battery allows, and checked.

    Writes plan/mission.json, plan/report.html, the filing dossier, and for every sortie a QGroundControl .plan, a QGC
    WPL 110 .waypoints file and a flight card to print. Prints a row per sortie, and what the plan comes to.

    The spec is a TOML file: areas and zones, docks, camera, aircraft, pattern, overlaps. missions/ has one of every
    kind to copy. Exits with 0 also where a check has a blocker, which is then named: fly refuses it.

    For example:

    dronepatrol plan missions/pinghu-xindai-demo.toml --out xindai

    dronepatrol plan missions/pinghu-urban.toml --out urban --lang en

    dronepatrol plan missions/pinghu-corridor-demo.toml --out roads --json
    """
    from dronepatrol.patrol.plan import plan as plan_patrol
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec

    folder = PatrolFolder(out)
    with progress() as report:
        mission = plan_patrol(read_spec(spec), folder, report, language(lang))
    telling = [finding for finding in mission.findings if finding.severity != "info"]
    for finding in telling:
        note(finding_line(finding))
    if len(telling) < len(mission.findings):
        note(f"and {len(mission.findings) - len(telling)} more to know: dronepatrol check {out}")
    sorties: list[dict[str, Any]] = [
        {
            "sortie": sortie.id,
            "drone": sortie.drone,
            "start_s": sortie.start_s,
            "photos": sortie.planned_photos,
            "length_m": round(sortie.planned_length_m, 1),
            "time_s": round(sortie.planned_time_s, 1),
            "energy_wh": round(sortie.planned_energy_wh, 2),
        }
        for sortie in mission.sorties
    ]
    figures = json.loads((folder.plan / "figures.json").read_text(encoding="utf-8"))
    result = {"schema": "dronepatrol/plan/1", "patrol_id": mission.patrol_id, "height_m": mission.height_m}
    text = "\n".join([*_rows(sorties), "", *_figures(figures), "", f"report: {folder.plan / 'report.html'}"])
    finish(result | {"sorties": sorties, "figures": figures}, text, [], as_json=as_json)


def _rows(sorties: list[dict[str, Any]]) -> list[str]:
    """Return one line per sortie, with the names of the columns above."""
    wide = max(len(one["drone"]) for one in sorties)
    lines = [f"{'sortie':<10}  {'drone':<{wide}}  start min  photos   length m  time s     Wh"]
    for one in sorties[:_MOST_ROWS]:
        drone, start = f"{one['drone']:<{wide}}", f"{one['start_s'] / 60:9.0f}"
        lines.append(
            f"{one['sortie']:<10}  {drone}  {start}  {one['photos']:6d}  {one['length_m']:9.0f}  {one['time_s']:6.0f}"
            f"  {one['energy_wh']:5.1f}"
        )
    if len(sorties) > _MOST_ROWS:
        lines.append(f"and {len(sorties) - _MOST_ROWS} more, in the report")
    return lines


def _figures(figures: dict[str, Any]) -> list[str]:
    """Return the table of what the plan comes to."""
    found = figures["findings"]
    rows = (
        ("target", f"{figures['target']:g} {_UNITS[figures['target_unit']]}"),
        ("covered", f"{100 * figures['covered_share']:.2f} %, {figures['photos']:,} photos, {figures['gsd_cm']:g} cm"),
        ("sorties", f"{figures['sorties']} by {figures['drones']} drones, {figures['length_km']:.1f} km"),
        ("makespan", f"{_hours(figures['makespan_s'])}, {_hours(figures['air_time_s'])} in the air"),
        ("checks", f"{found['blocker']} blockers, {found['warning']} warnings, {found['info']} to know"),
    )
    return [f"{name:<9} {value}" for name, value in rows]


def _hours(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"
