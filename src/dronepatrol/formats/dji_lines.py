"""DJI's waylines, read one by one as stops and what is done there."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import MAX_ITEMS
from dronepatrol.formats.route import Act, Kind, Stop, off

HINT = "export the route from DJI Pilot 2, FlightHub 2 or dronepatrol again"


@dataclass
class LinesReader:
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
        speed = number_in(folder, "autoFlightSpeed")
        if not self.stops:
            first.append(Act(Kind.SPEED, speed))
            self.speed = speed
        for group in folder.findall("startActionGroup"):
            first += [act for act in self._acts(group) if isinstance(act, Act)]
        if self.base:
            self._append(first)
        for number, placemark in enumerate(placemarks):
            if (index := number_in(placemark, "index")) != number:
                msg = f"waypoint {number} of a line has the index {index:g}; indices count from 0 without gaps"
                raise InputError(msg, hint=HINT)
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
        speed = number_in(placemark, "waypointSpeed", line_speed)
        if speed != self.speed:
            acts.append(Act(Kind.SPEED, speed))
            self.speed = speed
        for group in placemark.findall("actionGroup"):
            trigger = text_in(group, "actionTrigger/actionTriggerType")
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
        height = number_in(placemark, "executeHeight")
        self.stops.append(Stop(lon, lat, height, hold_s, self._yaw_deg(placemark), tuple(acts)))

    def _yaw_deg(self, placemark: Element) -> float | None:
        mode = text_in(placemark, "waypointHeadingParam/waypointHeadingMode")
        if mode in {"followWayline", ""}:
            return None
        if mode == "smoothTransition" or text_in(placemark, "waypointHeadingParam/waypointHeadingAngleEnable") == "1":
            return round(number_in(placemark, "waypointHeadingParam/waypointHeadingAngle") % 360.0, 9) % 360.0
        self.losses[f"heading mode {mode[:40]}"] += 1
        return None

    def _repeated(self, group: Element, by_time: bool, number: int, count: int) -> Iterator[Act]:
        """Yield what a group that repeats does at its first waypoint."""
        start, end = number_in(group, "actionGroupStartIndex"), number_in(group, "actionGroupEndIndex")
        step = number_in(group, "actionTrigger/actionTriggerParam")
        if start != number or not start <= end < count:
            msg = f"an action group at waypoint {number} goes from {start:g} to {end:g} of {count} waypoints"
            raise InputError(msg, hint=HINT)
        acts = [act for act in self._acts(group) if isinstance(act, Act)]
        yield from (act for act in acts if act.kind is not Kind.PHOTO)
        if step > 0.0 and any(act.kind is Kind.PHOTO for act in acts):
            self.ends[len(self.stops)] = self.base + int(end)
            yield Act(Kind.STEP, step, by_time)

    def _acts(self, group: Element) -> Iterator[Act | float]:
        """Yield what a group does; a number is seconds to stay."""
        for action in group.findall("action"):
            what = text_in(action, "actionActuatorFunc")
            given = action.find("actionActuatorFuncParam")
            parameters = Element("none") if given is None else given
            if what == "takePhoto":
                yield Act(Kind.PHOTO)
            elif what == "hover":
                yield number_in(parameters, "hoverTime")
            elif what == "rotateYaw":
                yield Act(Kind.YAW, round(number_in(parameters, "aircraftHeading") % 360.0, 9) % 360.0)
            elif what == "gimbalRotate":
                if text_in(parameters, "gimbalPitchRotateEnable") == "1":
                    yield Act(Kind.PITCH, number_in(parameters, "gimbalPitchRotateAngle"))
            elif what == "orientedShoot":
                self.losses["a photo of a chosen object is read as pitch, heading and photo, without zoom"] += 1
                yield Act(Kind.PITCH, number_in(parameters, "gimbalPitchRotateAngle"))
                yield Act(Kind.YAW, round(number_in(parameters, "aircraftHeading") % 360.0, 9) % 360.0)
                yield Act(Kind.PHOTO)
            else:
                self.losses[f"action {what[:40] or 'without a name'}"] += 1


def _place(placemark: Element) -> tuple[float, float]:
    text = (placemark.findtext("Point/coordinates") or "").strip()
    try:
        lon, lat = (float(number) for number in text.split(",")[:2])
    except ValueError as error:
        msg = f"a waypoint is at {text[:60]!r}; expected lon,lat"
        raise InputError(msg, hint=HINT) from error
    return lon, lat


def need(parent: Element, path: str) -> Element:
    """Return an element that must be there.

    Raises
    ------
    InputError
        When it is not.
    """
    found = parent.find(path)
    if found is None:
        msg = f"the route has no {path.strip('./')}"
        raise InputError(msg, hint=HINT)
    return found


def text_in(parent: Element, path: str) -> str:
    """Return an element's text without blanks around it, empty where there is none."""
    return (parent.findtext(path) or "").strip()


def number_in(parent: Element, path: str, default: float | None = None) -> float:
    """Return an element's number; an element that must be there has no default."""
    text = text_in(parent, path)
    if not text and default is not None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        msg = f"the route's {path.strip('./')} is {text[:40]!r}; expected a number"
        raise InputError(msg, hint=HINT)
    return number
