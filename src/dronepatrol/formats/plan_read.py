"""QGroundControl's .plan: how it is read, surveys and corridors as the items that QGroundControl expanded them to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import (
    NAV_FENCE_CIRCLE_EXCLUSION,
    NAV_FENCE_CIRCLE_INCLUSION,
    NAV_FENCE_RETURN_POINT,
    QUADROTOR,
    Flight,
    Home,
    vertices,
)
from dronepatrol.formats.plan import FIRMWARE
from dronepatrol.formats.source import json_of, number_of, truth_of, whole_of
from dronepatrol.model.mission import Command, Frame, LonLat, MissionItem

_AUTOPILOTS = {number: name for name, number in FIRMWARE.items()}
_SURVEYS = {"survey": (2, 3, 4, 5), "CorridorScan": (2, 3)}
_OTHER_VEHICLES = {"fwLandingPattern": "a fixed wing's landing", "vtolLandingPattern": "a VTOL's landing"}
_MISSION_VERSION = 2
_NOT_SAID = 0  # MAV_TYPE_GENERIC
_HINT = "save the plan with QGroundControl or dronepatrol again"


def read_flight(text: str) -> tuple[Flight, str, list[str]]:
    """Return the flight of a plan, the version of the plan and its mission, and warnings.

    Raises
    ------
    InputError
        When it is no such plan; the message says what was found.
    """
    return read_document(json_of(text, "the plan"))


def read_document(document: Any) -> tuple[Flight, str, list[str]]:
    """Return what :func:`read_flight` does, of parsed JSON.

    Raises
    ------
    InputError
        When it is no such plan; the message says what was found.
    """
    if is_old(document):
        document = _plan_of_old(document)
    reader = _Reader()
    try:
        return reader.flight(document), "1, mission 2", reader.warnings
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is damaged: {' '.join(str(error).split())[:200]}"
        msg = f"the plan {what}"
        raise InputError(msg, hint=_HINT) from error


def is_old(document: Any) -> bool:
    """Return whether parsed JSON is a .mission of QGroundControl before .plan, which held nothing but the mission."""
    known = isinstance(document, dict) and "fileType" not in document and isinstance(document.get("items"), list)
    return known and ("MAV_AUTOPILOT" in document or "plannedHomePosition" in document)


def _plan_of_old(mission: dict[str, Any]) -> dict[str, Any]:
    if mission.get("version") != _MISSION_VERSION:
        msg = (
            f"the file is a .mission of an old QGroundControl, version {str(mission.get('version'))[:20]!r}; expected 2"
        )
        raise InputError(msg, hint="open it in QGroundControl and save it as a .plan")
    empty = {"geoFence": {"version": 2}, "rallyPoints": {"version": 2, "points": []}}
    return {"fileType": "Plan", "version": 1, "mission": mission | {"vehicleType": _NOT_SAID}} | empty


@dataclass
class _Reader:
    warnings: list[str] = field(default_factory=list)

    def flight(self, plan: dict[str, Any]) -> Flight:
        mission = plan["mission"]
        versions = plan["fileType"], plan["version"], mission["version"]
        if versions != ("Plan", 1, 2):
            msg = f"the plan is {versions[0]!r} version {versions[1]!r}, mission {versions[2]!r}; expected Plan, 1, 2"
            raise InputError(msg, hint=_HINT)
        firmware = whole_of(mission["firmwareType"])
        if firmware not in _AUTOPILOTS:
            self.warnings.append(f"firmware type {firmware} is neither ArduPilot nor PX4")
        speed = mission.get("hoverSpeed")
        return Flight(
            items=tuple(item for entry in mission["items"] for item in self._items(entry)),
            home=self._home(mission.get("plannedHomePosition")),
            fence=tuple(self._fence(plan["geoFence"])),
            rally=tuple(self._rally(plan["rallyPoints"])),
            autopilot=_AUTOPILOTS.get(firmware, ""),
            speed_m_s=None if speed is None else number_of(speed),
            vehicle=whole_of(mission.get("vehicleType", QUADROTOR)),
        )

    def _home(self, place: list[float] | None) -> Home | None:
        if place is None or (place[0], place[1]) == (0, 0):
            self.warnings.append("the plan has no home")
            return None
        lat, lon, amsl = (number_of(value) for value in place)
        return Home(lon, lat, amsl)

    def _items(self, entry: dict[str, Any]) -> Iterator[MissionItem]:
        if entry["type"] == "SimpleItem":
            yield _simple_item(entry)
            return
        if entry["type"] != "ComplexItem":
            msg = f"an item of type {str(entry['type'])[:40]!r}; only simple items, surveys and corridors are read"
            raise ValueError(msg)
        kind = str(entry["complexItemType"])[:40]
        if kind in _OTHER_VEHICLES:
            msg = f"the plan has {_OTHER_VEHICLES[kind]}; expected a multicopter's mission"
            raise InputError(msg, hint="only missions of multicopters are taken")
        if kind not in _SURVEYS:
            msg = f"the plan has a {kind}; only simple items, surveys and corridors are read"
            raise InputError(msg, hint="make a survey of it, or plan the structure with dronepatrol")
        if entry["version"] not in _SURVEYS[kind]:
            msg = f"the plan's {kind} is version {entry['version']!r}; expected one of {_SURVEYS[kind]}"
            raise InputError(msg, hint=_HINT)
        expanded = entry.get("TransectStyleComplexItem", {}).get("Items")
        if not expanded:
            msg = f"the plan's {kind} lacks its expanded items (Items), which are what is flown"
            raise InputError(msg, hint=_HINT)
        self.warnings.append(f"the {kind} is read as its {len(expanded)} expanded items; its own settings are left out")
        for each in expanded:
            yield _simple_item(each)

    def _fence(self, fence: dict[str, Any]) -> Iterator[MissionItem]:
        if fence["version"] != 2:
            self._old("fence", fence["version"], fence.get("polygon"))
            return
        for one in fence.get("polygons", []):
            command = (
                Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION
                if truth_of(one["inclusion"])
                else Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION
            )
            yield from vertices(command, [_lonlat(corner) for corner in one["polygon"]])
        for one in fence.get("circles", []):
            lon, lat = _lonlat(one["circle"]["center"])
            number = NAV_FENCE_CIRCLE_INCLUSION if truth_of(one["inclusion"]) else NAV_FENCE_CIRCLE_EXCLUSION
            size = (number_of(one["circle"]["radius"]), 0.0, 0.0, 0.0)
            yield MissionItem(number, Frame.GLOBAL, size, lat_deg=lat, lon_deg=lon)
        if fence.get("breachReturn"):
            lat, lon, height = (number_of(value) for value in fence["breachReturn"])
            yield MissionItem(
                NAV_FENCE_RETURN_POINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=lat, lon_deg=lon, altitude_m=height
            )

    def _rally(self, rally: dict[str, Any]) -> Iterator[MissionItem]:
        if rally["version"] != 2:
            self._old("rally points", rally["version"], rally.get("points"))
            return
        for lat, lon, height in rally["points"]:
            yield MissionItem(
                Command.NAV_RALLY_POINT,
                Frame.GLOBAL_RELATIVE_ALT,
                lat_deg=number_of(lat),
                lon_deg=number_of(lon),
                altitude_m=number_of(height),
            )

    def _old(self, what: str, version: object, content: object) -> None:
        """Refuse a part of an unknown version unless it is empty."""
        if content:
            msg = f"the plan's {what} are version {version!r}; expected 2"
            raise InputError(msg, hint=_HINT)
        self.warnings.append(f"the plan's empty {what} are version {version!r}, which MAVSDK refuses; expected 2")


def _simple_item(entry: dict[str, Any]) -> MissionItem:
    """Return an item; QGroundControl before 3.3 wrote the place apart from the parameters."""
    values = entry["params"] if "params" in entry else [entry[f"param{number}"] for number in range(1, 5)]
    if len(values) == 4:
        values = [*values, *entry["coordinate"]]
    p1, p2, p3, p4, lat, lon, altitude = (math.nan if value is None else number_of(value) for value in values)
    return MissionItem(
        whole_of(entry["command"]),
        whole_of(entry["frame"]),
        (p1, p2, p3, p4),
        lat,
        lon,
        altitude,
        truth_of(entry["autoContinue"]),
    )


def _lonlat(corner: list[float]) -> LonLat:
    lat, lon = corner
    return number_of(lon), number_of(lat)
