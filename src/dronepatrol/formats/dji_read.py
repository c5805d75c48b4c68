"""DJI's WPML, read: what the aircraft flies (``waylines.wpml``) in an autopilot's terms.

The template adds where the take-off was planned, and how far the ellipsoid lies from sea level where heights are above
the ellipsoid.
"""

import math
import re
from collections import Counter
from dataclasses import replace
from xml.etree.ElementTree import Element

from dronepatrol.errors import InputError
from dronepatrol.formats.dji_lines import HINT, LinesReader, need, number_in, text_in
from dronepatrol.formats.dji_models import name_of
from dronepatrol.formats.flight import Flight, Home, ReadMission
from dronepatrol.formats.route import Kind, Route, items_of
from dronepatrol.formats.source import members_of, xml_of
from dronepatrol.model.mission import Frame, MissionItem

_FILES = re.compile(r"(?:[^/\\]{1,100}[/\\]){0,2}(?:template\.kml|waylines\.wpml)", re.IGNORECASE)
_NAMES = ("wpmz/template.kml", "wpmz/waylines.wpml")
_DRONE = (("droneEnumValue", -1.0), ("droneSubEnumValue", 0.0))
_ENDS = {"goHome": "home", "autoLand": "land", "noAction": "stay", "gotoFirstWaypoint": "stay"}


def read_flight(content: bytes, autopilot: str) -> ReadMission:
    """Return the flight of a DJI KMZ in an autopilot's terms.

    Raises
    ------
    InputError
        When it is none, or its heights cannot be said above home or sea level.
    """
    files = members_of(content, "the KMZ", _FILES)
    found = {re.split(r"[/\\]", name.lower())[-1]: text for name, text in reversed(files.items())}
    if "waylines.wpml" not in found:
        only = "has only the template, which people edit, and lacks" if found else "has no KML and lacks"
        msg = f"the KMZ {only} wpmz/waylines.wpml, which is what a DJI aircraft flies"
        raise InputError(msg, hint=HINT)
    template = xml_of(found["template.kml"], "template.kml") if "template.kml" in found else None
    read = read_waylines(found["waylines.wpml"], autopilot, template)
    odd = [name for name in files if name not in _NAMES]
    odd += [] if template is not None else ["no template.kml"]
    warning = f"DJI's programs want {' and '.join(_NAMES)}; found {', '.join(odd)[:200]}"
    return replace(read, warnings=(*read.warnings, *([warning] if odd else [])))


def read_waylines(text: bytes, autopilot: str, template: Element | None = None) -> ReadMission:
    """Return the flight of a ``waylines.wpml``, in an autopilot's terms.

    Raises
    ------
    InputError
        When it is none, or its heights cannot be said above home or sea level.
    """
    return _read(xml_of(text, "waylines.wpml"), template, text, autopilot)


def _read(lines: Element, template: Element | None, text: bytes, autopilot: str) -> ReadMission:
    config = need(lines, ".//missionConfig")
    folders = lines.findall(".//Folder")
    reader = LinesReader()
    for folder in folders:
        reader.folder(folder)
    if not reader.stops:
        msg = "the route has no waypoints"
        raise InputError(msg, hint=HINT)
    if len(folders) > 1:
        reader.losses[f"{len(folders)} lines are read as one flight"] += 1
    home = _home(template, reader.losses)
    route = Route(_takeoff_m(config, reader.losses), tuple(reader.start), reader.ended(), _end(config, reader.losses))
    return_height_m = number_in(config, "globalRTHHeight", math.nan)
    flight = Flight(
        _in_their_heights(items_of(route, autopilot, home), folders, template),
        home,
        autopilot=autopilot,
        speed_m_s=next((act.value for act in reader.start if act.kind is Kind.SPEED), None),
        return_height_m=None if math.isnan(return_height_m) else return_height_m,
        aircraft=_aircraft(config, reader.losses),
    )
    version = re.search(rb"/(?:wpmz|uav)/([0-9.]{1,12})", text[:2000].replace(b"\0", b""))
    warnings = [f"{what} ({count})" if count > 1 else what for what, count in reader.losses.items()]
    return ReadMission(flight, "DJI WPML", version[1].decode() if version else "", warnings=tuple(warnings))


def _takeoff_m(config: Element, losses: Counter[str]) -> float | None:
    height_m = number_in(config, "takeOffSecurityHeight", math.nan)
    if math.isnan(height_m):
        losses["there is no take-off height, as in files of DJI Fly: add a take-off before you fly it"] += 1
        return None
    return height_m


def _end(config: Element, losses: Counter[str]) -> str:
    finish = text_in(config, "finishAction")
    if finish == "gotoFirstWaypoint":
        losses["the flight back to the first waypoint at the end"] += 1
    return _ENDS.get(finish, "stay")


def _aircraft(config: Element, losses: Counter[str]) -> str:
    drone, sub = (int(number_in(config, f".//{name}", default)) for name, default in _DRONE)
    name = name_of(drone, sub)
    if not name:
        losses[f"the aircraft, drone {drone}/{sub} in DJI's numbers, is none that files are written for"] += 1
    return name


def _in_their_heights(
    items: tuple[MissionItem, ...], folders: list[Element], template: Element | None
) -> tuple[MissionItem, ...]:
    """Return items above sea level where the file's heights are above the ellipsoid."""
    if _modes(folders) != {"WGS84"}:
        return items
    undulation_m = _undulation_m(template)
    if undulation_m is None:
        msg = "the route's heights are above the WGS-84 ellipsoid, and nothing says how far sea level is from it"
        raise InputError(msg, hint="plan it with heights above the take-off point")
    return tuple(_above_sea_level(item, undulation_m) for item in items)


def _modes(folders: list[Element]) -> set[str]:
    modes = {text_in(folder, "executeHeightMode") for folder in folders}
    if modes not in ({"relativeToStartPoint"}, {"WGS84"}):
        msg = f"the route's heights are {', '.join(sorted(modes))[:80]}; expected relativeToStartPoint or WGS84"
        raise InputError(msg, hint="plan it with heights above the take-off point")
    return modes


def _undulation_m(template: Element | None) -> float | None:
    """Return the height of sea level above the ellipsoid: of the first template waypoint that has both heights."""
    if template is not None and template.findtext(".//heightMode") == "EGM96":
        for placemark in template.iter("Placemark"):
            ellipsoid, sea = (number_in(placemark, name, math.nan) for name in ("ellipsoidHeight", "height"))
            if math.isfinite(ellipsoid - sea):
                return ellipsoid - sea
    return None


def _above_sea_level(item: MissionItem, undulation_m: float) -> MissionItem:
    if item.command != 16:
        return item
    return replace(item, frame=Frame.GLOBAL, altitude_m=item.altitude_m - undulation_m)


def _home(template: Element | None, losses: Counter[str]) -> Home | None:
    text = "" if template is None else template.findtext(".//takeOffRefPoint") or ""
    if not text.strip():
        losses["there is no take-off reference point: home is not known"] += 1
        return None
    try:
        lat, lon, height = (float(number) for number in text.split(","))
    except ValueError as error:
        msg = f"the take-off reference point is {text[:60]!r}; expected lat,lon,height"
        raise InputError(msg, hint=HINT) from error
    undulation_m = _undulation_m(template)
    if undulation_m is None:
        losses["home's height is above the ellipsoid; it is read as above sea level"] += 1
    return Home(lon, lat, height - (undulation_m or 0.0))
