"""``dronepatrol resume``."""

from typing import Annotated

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, language, note, progress
from dronepatrol.cli.options import AsJson, Folder, Lang
from dronepatrol.errors import InputError


def resume(
    folder: Folder,
    place: Annotated[
        str, typer.Argument(metavar="SORTIE:PHOTO", help="The sortie, and its first photo that is missing, from 1.")
    ],
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Plan the rest of a sortie that came home early: from a photo on, with the two before it taken again.

    Adds the rest to the plan as a sortie of its own: in the timetable behind the others, charged before, with its
    files, flight card and checks. The sortie that it is the rest of counts as partly flown; fly does not fly it again.

    Example: dronepatrol resume xindai sortie-03:57
    """
    from dronepatrol.patrol.resume import resume as plan_rest
    from dronepatrol.store.folder import PatrolFolder

    sortie_id, _, photo = place.rpartition(":")
    if not sortie_id or not (photo.isascii() and photo.isdecimal()) or len(photo) > 6:
        msg = f"{place[:60]!r} names no sortie and photo; expected one such as sortie-03:57"
        raise InputError(msg, hint="the photo is the first one that is missing, counted from 1")
    with progress() as report:
        sortie, findings = plan_rest(PatrolFolder(folder), sortie_id, int(photo), report, language(lang))
    for finding in findings:
        note(finding_line(finding))
    result = {
        "schema": "dronepatrol/resume/1",
        "sortie": sortie.id,
        "drone": sortie.drone,
        "start_s": sortie.start_s,
        "photos": sortie.planned_photos,
        "length_m": sortie.planned_length_m,
        "time_s": sortie.planned_time_s,
        "energy_wh": sortie.planned_energy_wh,
    }
    text = (
        f"{sortie.id}  {sortie.planned_photos} photos  {sortie.planned_length_m:.0f} m  {sortie.planned_time_s:.0f} s"
        f"  {sortie.drone}, {sortie.start_s / 60:.0f} min after the patrol's start"
    )
    finish(result, text, [], as_json=as_json)
