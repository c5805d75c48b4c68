"""``dronepatrol respond``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, language, note
from dronepatrol.cli.options import AsJson, Lang, Out
from dronepatrol.errors import InputError


def respond(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="Whose docks, zones, aircraft and camera to use.")],
    at: Annotated[str, typer.Option("--at", metavar="LON,LAT", help="The reported position, degrees WGS-84.")],
    out: Out,
    start: Annotated[
        str, typer.Option("--start", metavar="TIME", help="Take-off, ISO 8601 with its offset; now by default.")
    ] = "",
    busy: Annotated[
        list[str] | None, typer.Option("--busy", metavar="DOCK", help="A dock without a free drone; may be repeated.")
    ] = None,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Plan a flight to a reported position, from the nearest free dock, checked and ready to fly.

    Five nadir photos around the position at the spec's height. Exits with 0 also where a check has a blocker, which
    is then named: fly refuses it.

    Example: dronepatrol respond missions/pinghu-urban.toml --at 121.0215,30.7040 --out report-17
    """
    from dronepatrol.patrol.respond import respond as respond_to
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec

    place, when = _position(at), _time(start)
    answer = respond_to(read_spec(spec), place, when, PatrolFolder(out), busy=busy or (), lang=language(lang))
    for finding in answer.mission.findings:
        if finding.severity != "info":
            note(finding_line(finding))
    sortie = answer.mission.sorties[0]
    result = {
        "schema": "dronepatrol/respond/1",
        "patrol_id": answer.mission.patrol_id,
        "dock": answer.dock.id,
        "photos": sortie.planned_photos,
        "length_m": sortie.planned_length_m,
        "time_s": sortie.planned_time_s,
        "energy_wh": sortie.planned_energy_wh,
        "blocked": answer.blocked,
        "plan_s": round(answer.plan_s, 3),
    }
    text = f"from {answer.dock.id}: {sortie.planned_photos} photos, {sortie.planned_length_m:.0f} m there and back"
    finish(result, f"{text}, planned in {answer.plan_s:.2f} s", [], as_json=as_json)


def _position(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        msg = f"--at {text[:60]}: expected longitude and latitude with a comma between"
        raise InputError(msg, hint="for example --at 121.0215,30.7040") from error
    return lon, lat


def _time(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--start {text[:60]}: expected a time such as 2026-05-18T09:30:00+08:00"
        raise InputError(msg) from error
    if when.tzinfo is None:
        msg = f"--start {text[:60]} has no offset from UTC; expected a time such as 2026-05-18T09:30:00+08:00"
        raise InputError(msg)
    return when
