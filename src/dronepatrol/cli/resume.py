"""``dronepatrol resume``."""

from typing import Annotated

import typer

from dronepatrol.cli.console import finish
from dronepatrol.cli.options import AsJson, Folder
from dronepatrol.errors import InputError


def resume(
    folder: Folder,
    place: Annotated[
        str, typer.Argument(metavar="SORTIE:PHOTO", help="The sortie, and its first photo that is missing, from 1.")
    ],
    as_json: AsJson = False,
) -> None:
    """Plan the rest of a sortie that came home early: from a photo on, with the two before it taken again.

    Adds the rest to the plan as a sortie of its own, with its .plan and .waypoints file; fly it with --sortie.

    Example: dronepatrol resume xindai sortie-03:57
    """
    from dronepatrol.patrol.resume import resume as plan_rest
    from dronepatrol.store.folder import PatrolFolder

    sortie_id, _, photo = place.rpartition(":")
    if not sortie_id or not photo.isdecimal() or len(photo) > 6:
        msg = f"{place!r} names no sortie and photo; expected one such as sortie-03:57"
        raise InputError(msg, hint="the photo is the first one that is missing, counted from 1")
    sortie = plan_rest(PatrolFolder(folder), sortie_id, int(photo))
    result = {
        "schema": "dronepatrol/resume/1",
        "sortie": sortie.id,
        "photos": sortie.planned_photos,
        "length_m": sortie.planned_length_m,
        "time_s": sortie.planned_time_s,
        "energy_wh": sortie.planned_energy_wh,
    }
    text = (
        f"{sortie.id}  {sortie.planned_photos} photos  {sortie.planned_length_m:.0f} m  {sortie.planned_time_s:.0f} s"
    )
    finish(result, text, [], as_json=as_json)
