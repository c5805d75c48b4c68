"""Mission items inside files for maps: a list of numbers a feature, so that KML and GeoJSON give back what was written.

A row is ``[command, frame, p1, p2, p3, p4, lat, lon, height, autocontinue]``; null is "not given". Numbers are exact.
"""

import math
from collections.abc import Sequence
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight, Home
from dronepatrol.formats.source import number_of, truth_of, whole_of
from dronepatrol.model.mission import MissionItem

_AUTOPILOTS = {name: name for name in ("", "ardupilot", "px4")}


def row_of(item: MissionItem) -> list[Any]:
    """Return an item as a row.

    Raises
    ------
    InputError
        When a number is infinite, which JSON cannot hold.
    """
    values = (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)
    if any(math.isinf(value) for value in values):
        msg = f"command {item.command} has an infinite number, which the file cannot hold"
        raise InputError(msg, hint="check the flight")
    numbers = [None if math.isnan(value) else value for value in values]
    return [int(item.command), int(item.frame), *numbers, item.autocontinue]


def item_of(row: Any, what: str) -> MissionItem:
    """Return a row's item.

    Raises
    ------
    InputError
        When it is no such row.
    """
    try:
        command, frame, *values, autocontinue = row
        p1, p2, p3, p4, lat, lon, height = (math.nan if value is None else number_of(value) for value in values)
        numbers = whole_of(command), whole_of(frame)
        return MissionItem(*numbers, (p1, p2, p3, p4), lat, lon, height, truth_of(autocontinue))
    except (TypeError, ValueError, OverflowError, KeyError) as error:
        msg = f"{what}: a mission item is damaged: {' '.join(str(error).split())[:100]}"
        raise InputError(msg, hint="write the file again with dronepatrol") from error


def facts_of(flight: Flight) -> dict[str, Any]:
    """Return what there is to a flight besides its items."""
    home = flight.home
    return {
        "name": flight.name,
        "autopilot": flight.autopilot,
        "home": [home.lon_deg, home.lat_deg, home.amsl_m] if home else None,
        "speed_m_s": flight.speed_m_s,
        "return_height_m": flight.return_height_m,
        "vehicle": flight.vehicle,
        "aircraft": flight.aircraft,
    }


def flight_of_facts(facts: Any, parts: Sequence[Sequence[MissionItem]], what: str) -> Flight:
    """Return a flight from its facts and its items, fence and rally points.

    Raises
    ------
    InputError
        When the facts are damaged.
    """
    items, fence, rally = (tuple(part) for part in parts)
    try:
        home = facts["home"]
        place = None if home is None else Home(*(number_of(value) for value in home))
        optional = [None if facts[key] is None else number_of(facts[key]) for key in ("speed_m_s", "return_height_m")]
        return Flight(
            items,
            place,
            fence,
            rally,
            name=str(facts["name"])[:200],
            autopilot=_AUTOPILOTS[facts["autopilot"]],
            speed_m_s=optional[0],
            return_height_m=optional[1],
            vehicle=whole_of(facts["vehicle"]),
            aircraft=str(facts["aircraft"])[:20],
        )
    except (TypeError, ValueError, OverflowError, KeyError) as error:
        msg = f"{what}: the flight's description is damaged: {' '.join(str(error).split())[:100]}"
        raise InputError(msg, hint="write the file again with dronepatrol") from error
