"""QGroundControl's .plan: JSON with mission, fence and rally points.

https://docs.qgroundcontrol.com/master/en/qgc-dev-guide/file_formats/plan.html - the survey is written as the simple
items that are flown, so that QGroundControl, MAVSDK and others fly exactly what was planned.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.model.mission import Command, Frame, Mission, MissionItem, Sortie

_FIRMWARE = {"ardupilot": 3, "px4": 12}  # MAV_AUTOPILOT
_MULTICOPTER = 2  # MAV_TYPE_QUADROTOR
_RELATIVE = 1  # QGroundControl's altitude mode
_FENCE = (Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION)
_MAX_ITEMS = 65_535


def write_plan(mission: Mission, sortie: Sortie, items: Sequence[MissionItem]) -> str:
    """Return the plan of one sortie.

    Parameters
    ----------
    mission
        What the sortie is part of.
    sortie
        One flight.
    items
        Its mission items (for ArduPilot with home as item 0) and, in any place, fence vertices and rally points: each
        kind goes where the format wants it.
    """
    flown = [item for item in items if item.command not in (*_FENCE, Command.NAV_RALLY_POINT)]
    if mission.autopilot == "ardupilot":
        flown = flown[1:]
    dock = sortie.dock
    plan = {
        "fileType": "Plan",
        "version": 1,
        "groundStation": "dronepatrol",
        "mission": {
            "version": 2,
            "firmwareType": _FIRMWARE[mission.autopilot],
            "vehicleType": _MULTICOPTER,
            "cruiseSpeed": sortie.speed_m_s,
            "hoverSpeed": sortie.speed_m_s,
            "globalPlanAltitudeMode": _RELATIVE,
            "plannedHomePosition": [dock.lat_deg, dock.lon_deg, dock.ground_amsl_m],
            "items": [_simple_item(number, item) for number, item in enumerate(flown, start=1)],
        },
        "geoFence": {"version": 2, "circles": [], "polygons": _fence_polygons(items)},
        "rallyPoints": {
            "version": 2,
            "points": [[i.lat_deg, i.lon_deg, i.altitude_m] for i in items if i.command == Command.NAV_RALLY_POINT],
        },
    }
    return json.dumps(plan, indent=1, allow_nan=False) + "\n"


def read_plan(text: str) -> tuple[MissionItem, ...]:
    """Return the items of a plan that is made of simple items: home first for ArduPilot, fence vertices last.

    Raises
    ------
    InputError
        When it is no such plan; the message says what was found.
    """
    hint = "save the plan with QGroundControl or dronepatrol again"
    try:
        plan = json.loads(text)
        mission = plan["mission"]
        versions = plan["fileType"], plan["version"], mission["version"]
        if versions != ("Plan", 1, 2):
            msg = f"the plan is {versions[0]!r} version {versions[1]!r}, mission {versions[2]!r}; expected Plan, 1, 2"
            raise InputError(msg, hint=hint)
        items = [_read_item(entry) for entry in mission["items"]]
        if mission["firmwareType"] == _FIRMWARE["ardupilot"]:
            lat, lon, amsl = mission["plannedHomePosition"]
            items.insert(0, MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, (0.0,) * 4, lat, lon, amsl))
        fence = [vertex for entry in plan["geoFence"]["polygons"] for vertex in _read_fence(entry)]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is damaged: {' '.join(str(error).split())[:200]}"
        msg = f"the plan {what}"
        raise InputError(msg, hint=hint) from error
    if len(items) > _MAX_ITEMS:
        msg = f"the plan has {len(items):,} items; MAVLink allows {_MAX_ITEMS:,}"
        raise InputError(msg, hint="split the mission")
    return tuple(items + fence)


def _simple_item(number: int, item: MissionItem) -> dict[str, Any]:
    place = [item.lat_deg, item.lon_deg, item.altitude_m]
    simple: dict[str, Any] = {
        "type": "SimpleItem",
        "autoContinue": item.autocontinue,
        "command": int(item.command),
        "doJumpId": number,
        "frame": int(item.frame),
        "params": [None if math.isnan(value) else value for value in (*item.params, *place)],
    }
    if item.frame == Frame.GLOBAL_RELATIVE_ALT:
        simple |= {"AMSLAltAboveTerrain": None, "Altitude": item.altitude_m, "AltitudeMode": _RELATIVE}
    return simple


def _fence_polygons(items: Sequence[MissionItem]) -> list[dict[str, Any]]:
    vertices = [item for item in items if item.command in _FENCE]
    polygons = []
    while vertices:
        count = int(vertices[0].params[0])
        inclusion = vertices[0].command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION
        ring = [[vertex.lat_deg, vertex.lon_deg] for vertex in vertices[:count]]
        polygons.append({"version": 1, "inclusion": inclusion, "polygon": ring})
        vertices = vertices[max(count, 1) :]
    return polygons


def _read_item(entry: dict[str, Any]) -> MissionItem:
    if entry["type"] != "SimpleItem":
        msg = f"a {str(entry['type'])[:40]}; only simple items are read"
        raise ValueError(msg)
    p1, p2, p3, p4, lat, lon, altitude = (math.nan if value is None else float(value) for value in entry["params"])
    return MissionItem(
        int(entry["command"]), int(entry["frame"]), (p1, p2, p3, p4), lat, lon, altitude, bool(entry["autoContinue"])
    )


def _read_fence(entry: dict[str, Any]) -> list[MissionItem]:
    command = _FENCE[0] if entry["inclusion"] else _FENCE[1]
    ring = [(float(lat), float(lon)) for lat, lon in entry["polygon"]]
    return [MissionItem(command, Frame.GLOBAL, (float(len(ring)), 0.0, 0.0, 0.0), lat, lon) for lat, lon in ring]
