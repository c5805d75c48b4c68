"""The rest of a sortie that came home early: a sortie of its own in the patrol's plan."""

from dataclasses import replace

from dronepatrol.files import write_text
from dronepatrol.formats.plan import write_plan
from dronepatrol.formats.wpl import write_wpl
from dronepatrol.model.mission import Sortie
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.fleet.resume import resume as rest_of
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission, write_mission
from dronepatrol.store.spec import read_spec


def resume(folder: PatrolFolder, sortie_id: str, photo_number: int) -> Sortie:
    """Add the rest of a sortie, from a photo on, to the mission and write its files.

    Raises
    ------
    InputError
        When the plan has no such sortie or photo.
    StorageError
        When the folder holds no plan.
    """
    mission = read_mission(folder.mission)
    sortie = rest_of(mission, read_request(read_spec(folder.spec)), sortie_id, photo_number)
    others = tuple(other for other in mission.sorties if other.id != sortie.id)
    mission = replace(mission, sorties=(*others, sortie))
    items = sortie_items(sortie, mission.autopilot)
    write_text(folder.plan / f"{sortie.id}.plan", write_plan(mission, sortie, items + fence_items(mission)))
    write_text(folder.plan / f"{sortie.id}.waypoints", write_wpl(items))
    write_mission(folder.mission, mission)
    return sortie
