"""DJI's WPML, read: what the aircraft flies (``waylines.wpml``) in an autopilot's terms.

The template adds where the take-off was planned, and how far the ellipsoid lies from sea level where heights are above
the ellipsoid.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from dronepatrol.errors import InputError
from dronepatrol.formats.dji_models import name_of
from dronepatrol.formats.flight import MAX_ITEMS, Flight, Home, ReadMission
from dronepatrol.formats.route import Act, Kind, Route, Stop, items_of, off
from dronepatrol.formats.source import members_of, xml_of
from dronepatrol.model.mission import Frame, MissionItem

_FILES = re.compile(r"(?:[^/\\]{1,100}[/\\]){0,2}(?:template\.kml|waylines\.wpml)", re.IGNORECASE)
_NAMES = ("wpmz/template.kml", "wpmz/waylines.wpml")
_DRONE = (("droneEnumValue", -1.0), ("droneSubEnumValue", 0.0))
_HINT = "export the route from DJI Pilot 2, FlightHub 2 or dronepatrol again"
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
        raise InputError(msg, hint=_HINT)
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
    config = _need(lines, ".//missionConfig")
    folders = lines.findall(".//Folder")
    reader = _Reader()
    home = _home(template)
    if home is None:
        reader.losses["there is no take-off reference point: home is not known"] += 1
    for folder in folders:
        reader.folder(folder)
    if not reader.stops:
        msg = "the route has no waypoints"
        raise InputError(msg, hint=_HINT)
    if len(folders) > 1:
        reader.losses[f"{len(folders)} lines are read as one flight"] += 1
    finish = _text(config, "finishAction")
    if finish == "gotoFirstWaypoint":
        reader.losses["the flight back to the first waypoint at the end"] += 1
    speed = next((act.value for act in reader.start if act.kind is Kind.SPEED), None)
    takeoff = _number(config, "takeOffSecurityHeight", math.nan)
    if math.isnan(takeoff):
        reader.losses["there is no take-off height, as in files of DJI Fly: add a take-off before you fly it"] += 1
    route = Route(
        None if math.isnan(takeoff) else takeoff, tuple(reader.start), reader.ended(), _ENDS.get(finish, "stay")
    )
    items = items_of(route, autopilot, home)
    if _modes(folders) == {"WGS84"}:
        items = tuple(_above_sea_level(item, _undulation_m(template)) for item in items)
    drone, sub = (_number(config, f".//{name}", default) for name, default in _DRONE)
    if not name_of(int(drone), int(sub)):
        reader.losses[
            f"the aircraft, drone {drone:g}/{sub:g} in DJI's numbers, is none that files are written for"
        ] += 1
    flight = Flight(
        items,
        home,
        autopilot=autopilot,
        speed_m_s=speed,
        return_height_m=_number(config, "globalRTHHeight", math.nan),
        aircraft=name_of(int(drone), int(sub)),
    )
    if flight.return_height_m is not None and math.isnan(flight.return_height_m):
        flight = replace(flight, return_height_m=None)
    version = re.search(rb"/(?:wpmz|uav)/([0-9.]{1,12})", text[:2000].replace(b"\0", b""))
    warnings = [f"{what} ({count})" if count > 1 else what for what, count in reader.losses.items()]
    return ReadMission(flight, "DJI WPML", version[1].decode() if version else "", warnings=tuple(warnings))


@dataclass
class _Reader:
    """Reads lines one behind the other; indices of a line count from ``base``."""

    stops: list[Stop] = field(default_factory=list)
    start: list[Act] = field(default_factory=list)
    losses: Counter[str] = field(default_factory=Counter)
    speed: float | None = None
    ends: dict[int, int] = field(default_factory=dict)
    base: int = 0

    def folder(self, folder: Element) -> None:
        """Read one line."""
        self.base = len(self.stops)
        placemarks = folder.findall("Placemark")
        first = [] if self.stops else self.start
        speed = _number(folder, "autoFlightSpeed")
        if not self.stops:
            first.append(Act(Kind.SPEED, speed))
            self.speed = speed
        for group in folder.findall("startActionGroup"):
            first += [act for act in self._acts(group) if isinstance(act, Act)]
        if self.base:
            self._append(first)
        for number, placemark in enumerate(placemarks):
            if (index := _number(placemark, "index")) != number:
                msg = f"waypoint {number} of a line has the index {index:g}; indices count from 0 without gaps"
                raise InputError(msg, hint=_HINT)
            self._placemark(placemark, number, len(placemarks), speed)
            if len(self.stops) > MAX_ITEMS:
                msg = f"the route has more than {MAX_ITEMS:,} waypoints"
                raise InputError(msg, hint="split it")

    def ended(self) -> tuple[Stop, ...]:
        """Return the stops, with repeated photos switched off where their groups end."""
        stops = list(self.stops)
        for begin, end in self.ends.items():
            acts = stops[end].acts
            kinds = [act.kind for act in acts]
            place = len(kinds) - kinds[::-1].index(Kind.STEP) if end == begin else 0
            onward = [kind for kind in kinds[place:] if kind is not Kind.SPEED]
            begun = next(act for act in reversed(self.stops[begin].acts) if act.kind is Kind.STEP)
            follows = next((act for act in acts[place:] if act.kind is Kind.STEP), None)
            if onward[:1] != [Kind.STEP] or follows is None or follows.by_time != begun.by_time:
                stops[end] = replace(stops[end], acts=(*acts[:place], off(begun), *acts[place:]))
        return tuple(stops)

    def _append(self, acts: list[Act]) -> None:
        self.stops[-1] = replace(self.stops[-1], acts=(*self.stops[-1].acts, *acts))

    def _placemark(self, placemark: Element, number: int, count: int, line_speed: float) -> None:
        lon, lat = _place(placemark)
        hold_s = 0.0
        acts: list[Act] = []
        speed = _number(placemark, "waypointSpeed", line_speed)
        if speed != self.speed:
            acts.append(Act(Kind.SPEED, speed))
            self.speed = speed
        for group in placemark.findall("actionGroup"):
            trigger = _text(group, "actionTrigger/actionTriggerType")
            if trigger == "reachPoint":
                for act in self._acts(group):
                    if isinstance(act, Act):
                        acts.append(act)
                    else:
                        hold_s += act
            elif trigger in {"multipleDistance", "multipleTiming"}:
                acts += self._repeated(group, trigger == "multipleTiming", number, count)
            else:
                self.losses[f"actions at a trigger {trigger[:40]}"] += 1
        height = _number(placemark, "executeHeight")
        self.stops.append(Stop(lon, lat, height, hold_s, self._yaw_deg(placemark), tuple(acts)))

    def _yaw_deg(self, placemark: Element) -> float | None:
        mode = _text(placemark, "waypointHeadingParam/waypointHeadingMode")
        if mode in {"followWayline", ""}:
            return None
        if mode == "smoothTransition" or _text(placemark, "waypointHeadingParam/waypointHeadingAngleEnable") == "1":
            return round(_number(placemark, "waypointHeadingParam/waypointHeadingAngle") % 360.0, 9) % 360.0
        self.losses[f"heading mode {mode[:40]}"] += 1
        return None

    def _repeated(self, group: Element, by_time: bool, number: int, count: int) -> Iterator[Act]:
        """Yield what a group that repeats does at its first waypoint."""
        start, end = _number(group, "actionGroupStartIndex"), _number(group, "actionGroupEndIndex")
        step = _number(group, "actionTrigger/actionTriggerParam")
        if start != number or not start <= end < count:
            msg = f"an action group at waypoint {number} goes from {start:g} to {end:g} of {count} waypoints"
            raise InputError(msg, hint=_HINT)
        acts = [act for act in self._acts(group) if isinstance(act, Act)]
        yield from (act for act in acts if act.kind is not Kind.PHOTO)
        if step > 0.0 and any(act.kind is Kind.PHOTO for act in acts):
            self.ends[len(self.stops)] = self.base + int(end)
            yield Act(Kind.STEP, step, by_time)

    def _acts(self, group: Element) -> Iterator[Act | float]:
        """Yield what a group does; a number is seconds to stay."""
        for action in group.findall("action"):
            what = _text(action, "actionActuatorFunc")
            given = action.find("actionActuatorFuncParam")
            parameters = Element("none") if given is None else given
            if what == "takePhoto":
                yield Act(Kind.PHOTO)
            elif what == "hover":
                yield _number(parameters, "hoverTime")
            elif what == "rotateYaw":
                yield Act(Kind.YAW, round(_number(parameters, "aircraftHeading") % 360.0, 9) % 360.0)
            elif what == "gimbalRotate":
                if _text(parameters, "gimbalPitchRotateEnable") == "1":
                    yield Act(Kind.PITCH, _number(parameters, "gimbalPitchRotateAngle"))
            elif what == "orientedShoot":
                self.losses["a photo of a chosen object is read as pitch, heading and photo, without zoom"] += 1
                yield Act(Kind.PITCH, _number(parameters, "gimbalPitchRotateAngle"))
                yield Act(Kind.YAW, round(_number(parameters, "aircraftHeading") % 360.0, 9) % 360.0)
                yield Act(Kind.PHOTO)
            else:
                self.losses[f"action {what[:40] or 'without a name'}"] += 1


def _modes(folders: list[Element]) -> set[str]:
    modes = {_text(folder, "executeHeightMode") for folder in folders}
    if modes not in ({"relativeToStartPoint"}, {"WGS84"}):
        msg = f"the route's heights are {', '.join(sorted(modes))[:80]}; expected relativeToStartPoint or WGS84"
        raise InputError(msg, hint="plan it with heights above the take-off point")
    return modes


def _undulation_m(template: Element | None) -> float:
    """Return the height of sea level above the ellipsoid: of the first template waypoint that has both heights."""
    if template is not None and template.findtext(".//heightMode") == "EGM96":
        for placemark in template.iter("Placemark"):
            ellipsoid, sea = (_number(placemark, name, math.nan) for name in ("ellipsoidHeight", "height"))
            if math.isfinite(ellipsoid - sea):
                return ellipsoid - sea
    msg = "the route's heights are above the WGS-84 ellipsoid, and nothing says how far sea level is from it"
    raise InputError(msg, hint="plan it with heights above the take-off point")


def _above_sea_level(item: MissionItem, undulation_m: float) -> MissionItem:
    if item.command != 16:
        return item
    return replace(item, frame=Frame.GLOBAL, altitude_m=item.altitude_m - undulation_m)


def _home(template: Element | None) -> Home | None:
    text = "" if template is None else template.findtext(".//takeOffRefPoint") or ""
    if not text.strip():
        return None
    try:
        lat, lon, height = (float(number) for number in text.split(","))
    except ValueError as error:
        msg = f"the take-off reference point is {text[:60]!r}; expected lat,lon,height"
        raise InputError(msg, hint=_HINT) from error
    return Home(lon, lat, height)


def _place(placemark: Element) -> tuple[float, float]:
    text = (placemark.findtext("Point/coordinates") or "").strip()
    try:
        lon, lat = (float(number) for number in text.split(",")[:2])
    except ValueError as error:
        msg = f"a waypoint is at {text[:60]!r}; expected lon,lat"
        raise InputError(msg, hint=_HINT) from error
    return lon, lat


def _need(parent: Element, path: str) -> Element:
    found = parent.find(path)
    if found is None:
        msg = f"the route has no {path.strip('./')}"
        raise InputError(msg, hint=_HINT)
    return found


def _text(parent: Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _number(parent: Element, path: str, default: float | None = None) -> float:
    """Return an element's number; an element that must be there has no default."""
    text = _text(parent, path)
    if not text and default is not None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        msg = f"the route's {path.strip('./')} is {text[:40]!r}; expected a number"
        raise InputError(msg, hint=_HINT)
    return number
