"""QGroundControl's .plan: JSON with mission, fence and rally points; here is how it is written.

https://docs.qgroundcontrol.com/master/en/qgc-dev-guide/file_formats/plan.html - the survey is written as the simple
items that are flown, so that QGroundControl, MAVSDK and others fly exactly what was planned. Numbers are exact.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import (
    NAV_FENCE_CIRCLE_EXCLUSION,
    NAV_FENCE_CIRCLE_INCLUSION,
    NAV_FENCE_RETURN_POINT,
    Flight,
    flight_of,
    polygons,
    unsaid,
)
from dronepatrol.model.mission import Command, Frame, Mission, MissionItem, Sortie

FIRMWARE = {"ardupilot": 3, "px4": 12, "": 0}
"""MAV_AUTOPILOT by our names; generic where it is not known."""
_RELATIVE = 1  # QGroundControl's altitude mode
_CIRCLES = (NAV_FENCE_CIRCLE_INCLUSION, NAV_FENCE_CIRCLE_EXCLUSION)
_SAID = ("home", "speed", "fence", "rally points", "kind of vehicle")
_DEFAULT_SPEED_M_S = 5.0  # what QGroundControl writes for a multicopter


def write_plan(mission: Mission, sortie: Sortie, items: Sequence[MissionItem]) -> str:
    """Return the plan of one sortie; ``items`` as for :func:`dronepatrol.formats.flight.flight_of`."""
    return write_flight(flight_of(mission, sortie, items))[0]


def write_flight(flight: Flight) -> tuple[str, list[str]]:
    """Return a flight as a plan, and what a plan cannot say.

    Raises
    ------
    InputError
        When a number is infinite, which JSON cannot hold.
    """
    home = flight.home
    speed = _DEFAULT_SPEED_M_S if flight.speed_m_s is None else flight.speed_m_s
    plan = {
        "fileType": "Plan",
        "version": 1,
        "groundStation": "dronepatrol",
        "mission": {
            "version": 2,
            "firmwareType": FIRMWARE[flight.autopilot],
            "vehicleType": flight.vehicle,
            "cruiseSpeed": speed,
            "hoverSpeed": speed,
            "globalPlanAltitudeMode": _RELATIVE,
            "plannedHomePosition": [home.lat_deg, home.lon_deg, home.amsl_m] if home else [0.0, 0.0, 0.0],
            "items": [_simple_item(number, item) for number, item in enumerate(flight.items, start=1)],
        },
        "geoFence": _fence(flight.fence),
        "rallyPoints": {"version": 2, "points": [[i.lat_deg, i.lon_deg, i.altitude_m] for i in flight.rally]},
    }
    losses = unsaid(flight, _SAID)
    losses += [f"no speed: {speed:g} m/s is written, QGroundControl's own"] if flight.speed_m_s is None else []
    losses += ["what fence items and rally points say beyond place, size and kind"] if _more(flight) else []
    try:
        return json.dumps(plan, indent=1, allow_nan=False) + "\n", losses
    except ValueError as error:
        msg = "the flight has an infinite number, or a fence or rally point without a place; a plan cannot hold it"
        raise InputError(msg, hint="check the flight") from error


def _simple_item(number: int, item: MissionItem) -> dict[str, Any]:
    values = (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)
    simple: dict[str, Any] = {
        "type": "SimpleItem",
        "autoContinue": item.autocontinue,
        "command": int(item.command),
        "doJumpId": number,
        "frame": int(item.frame),
        "params": [None if math.isnan(value) else value for value in values],
    }
    if item.frame == Frame.GLOBAL_RELATIVE_ALT and math.isfinite(item.altitude_m):
        simple |= {"AMSLAltAboveTerrain": None, "Altitude": item.altitude_m, "AltitudeMode": _RELATIVE}
    return simple


def _fence(items: Sequence[MissionItem]) -> dict[str, Any]:
    fence: dict[str, Any] = {"version": 2, "circles": [], "polygons": []}
    for corners in polygons(items):
        inclusion = corners[0].command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION
        ring = [[corner.lat_deg, corner.lon_deg] for corner in corners]
        fence["polygons"].append({"version": 1, "inclusion": inclusion, "polygon": ring})
    for item in items:
        if item.command in _CIRCLES:
            circle = {"center": [item.lat_deg, item.lon_deg], "radius": item.params[0]}
            inclusion = item.command == NAV_FENCE_CIRCLE_INCLUSION
            fence["circles"].append({"version": 1, "inclusion": inclusion, "circle": circle})
        elif item.command == NAV_FENCE_RETURN_POINT:
            fence["breachReturn"] = [item.lat_deg, item.lon_deg, item.altitude_m]
    return fence


def _more(flight: Flight) -> bool:
    """Return whether fence or rally items say more than the plan's own words for them."""
    absolute = any(item.command == NAV_FENCE_RETURN_POINT and item.frame == Frame.GLOBAL for item in flight.fence)
    more = any(any(item.params[1:]) for item in flight.fence) or any(any(item.params) for item in flight.rally)
    return more or absolute
