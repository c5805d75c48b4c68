"""``dronepatrol check``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, language
from dronepatrol.cli.options import AsJson, folder_named
from dronepatrol.errors import SafetyError
from dronepatrol.model.mission import Finding

_SEVERITIES = ("blocker", "warning", "info")


def finding_line(finding: Finding) -> str:
    """Return a finding as one line."""
    return f"{finding.severity}: {finding.message}" + (f" ({finding.what_to_do})" if finding.what_to_do else "")


def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|FILE", parser=folder_named, help="The patrol folder, or a mission file.", show_default=False
        ),
    ],
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="Language of what was found.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Show what the checks of a plan found: rules for flying drones in China, and the flight's own.

    A table of severity, rule, place (longitude, latitude) and what was found, with what to do below it. Exits with 4
    while there is a blocker: then the plan must not be flown. A blocker that a written approval lifts says so.

    Of a mission file - .plan, .waypoints, .txt, .kmz, .kml, .csv, .geojson - it shows what it holds and what looks
    wrong in it. Exits with 2 where it is damaged, or for another kind of vehicle.

    Examples: dronepatrol check xindai · dronepatrol check survey.plan
    """
    if folder.is_file():
        from dronepatrol.cli.convert import show_file

        show_file(folder, as_json=as_json)
        return
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.mission import read_mission

    chosen = language(lang)
    findings = sorted(
        read_mission(PatrolFolder(folder).mission).findings, key=lambda one: _SEVERITIES.index(one.severity)
    )
    text = _table(findings, chosen) if findings else "nothing found"
    finish({"schema": "dronepatrol/checks/1", "findings": [asdict(f) for f in findings]}, text, [], as_json=as_json)
    blockers = [finding.said(chosen)[0] for finding in findings if finding.severity == "blocker"]
    if blockers:
        msg = f"{folder}: the plan has {len(blockers)} blockers: {'; '.join(blockers)}"
        raise SafetyError(msg, hint="do what they say and plan again")


def _table(findings: Sequence[Finding], lang: str) -> str:
    """Return one line per finding, and its what-to-do on the line below, in columns."""
    rows = [(one.severity, one.rule, _place(one), one.said(lang)[0]) for one in findings]
    head = ("severity", "rule", "place", "found, and what to do")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
    lines = [_row(head, widths)]
    for row, finding in zip(rows, findings, strict=True):
        lines.append(_row(row, widths))
        if what_to_do := finding.said(lang)[1]:
            lines.append(_row(("", "", "", f"→ {what_to_do}"), widths))
    counts = (f"{sum(one.severity == name for one in findings)} {name}" for name in _SEVERITIES)
    return "\n".join([*lines, ", ".join(counts)])


def _row(cells: tuple[str, str, str, str], widths: list[int]) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[3]]).rstrip()


def _place(finding: Finding) -> str:
    return "{:.5f} {:.5f}".format(*finding.lonlat) if finding.lonlat else ""
