"""Items of missions, fences and rally points as MISSION_ITEM_INT carries them."""

from typing import Any

from dronepatrol.model.mission import Frame, MissionItem

_FIRST_WITHOUT_PLACE, _FIRST_STORED_PLACE = 112, 5000
_PLACED = frozenset({179, 189, 192, 195, 201})  # home, start of landing, reposition, region of interest (two)


def has_place(item: MissionItem) -> bool:
    """Say whether latitude and longitude are a position, not parameters 5 and 6.

    Commands below 112 navigate, from 5000 on they are fences and rally points; in between only a few have a place. An
    item in ``Frame.MISSION`` has none.
    """
    navigates = item.command < _FIRST_WITHOUT_PLACE or item.command >= _FIRST_STORED_PLACE
    return item.frame != Frame.MISSION and (navigates or item.command in _PLACED)


def to_fields(item: MissionItem) -> dict[str, Any]:
    """Return the fields of MISSION_ITEM_INT: positions in units of 1e-7 degrees, parameters 5 and 6 as they are."""
    units = 1e7 if has_place(item) else 1.0
    p1, p2, p3, p4 = item.params
    return {
        "frame": int(item.frame),
        "command": int(item.command),
        "current": 0,
        "autocontinue": int(item.autocontinue),
        "param1": p1,
        "param2": p2,
        "param3": p3,
        "param4": p4,
        "x": round(item.lat_deg * units),
        "y": round(item.lon_deg * units),
        "z": item.altitude_m,
    }


def from_message(m: Any) -> MissionItem:
    """Return the item of a MISSION_ITEM_INT, or of a MISSION_ITEM, whose positions are single-precision degrees."""
    params = (m.param1, m.param2, m.param3, m.param4)
    item = MissionItem(m.command, m.frame, params, m.x, m.y, m.z, bool(m.autocontinue))
    if isinstance(m.x, float) or not has_place(item):
        return item
    return MissionItem(m.command, m.frame, params, m.x / 1e7, m.y / 1e7, m.z, bool(m.autocontinue))
