"""``dronepatrol plan``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, language, note, progress
from dronepatrol.cli.options import AsJson, Lang, Out


def plan(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What to patrol, and with what.")],
    out: Out,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Plan a patrol: lanes over its area, split into sorties that the battery allows.

    Writes plan/mission.json, plan/report.html, the filing dossier, and for every sortie a QGroundControl .plan, a QGC
    WPL 110 .waypoints file and a flight card to print.

    Example: dronepatrol plan missions/pinghu-xindai-demo.toml --out xindai
    """
    from dronepatrol.patrol.plan import plan as plan_patrol
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec

    with progress() as report:
        mission = plan_patrol(read_spec(spec), PatrolFolder(out), report, language(lang))
    telling = [finding for finding in mission.findings if finding.severity != "info"]
    for finding in telling:
        note(finding_line(finding))
    if len(telling) < len(mission.findings):
        note(f"and {len(mission.findings) - len(telling)} more to know: dronepatrol check {out}")
    sorties: list[dict[str, Any]] = [
        {
            "sortie": sortie.id,
            "photos": sortie.planned_photos,
            "length_m": round(sortie.planned_length_m, 1),
            "time_s": round(sortie.planned_time_s, 1),
            "energy_wh": round(sortie.planned_energy_wh, 2),
        }
        for sortie in mission.sorties
    ]
    lines = [f"{s['sortie']}  {s['photos']:4d} photos  {s['length_m']:7.0f} m  {s['time_s']:5.0f} s" for s in sorties]
    result = {"schema": "dronepatrol/plan/1", "patrol_id": mission.patrol_id, "height_m": mission.height_m}
    finish(result | {"sorties": sorties}, "\n".join(lines), [], as_json=as_json)
