"""``dronepatrol plan``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import AsJson, Out


def plan(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What to patrol, and with what.")],
    out: Out,
    as_json: AsJson = False,
) -> None:
    """Plan a patrol: lanes over its area, split into sorties that the battery allows.

    Writes plan/mission.json, and for every sortie a QGroundControl .plan and a QGC WPL 110 .waypoints file.

    Example: dronepatrol plan missions/pinghu-xindai-demo.toml --out xindai
    """
    from dronepatrol.patrol.plan import plan as plan_patrol
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec

    with progress() as report:
        mission = plan_patrol(read_spec(spec), PatrolFolder(out), report)
    for finding in mission.findings:
        note(finding_line(finding))
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
