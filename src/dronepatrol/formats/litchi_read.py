"""Litchi's mission CSV, read: with the columns' names and units that Litchi and other programs write."""

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.litchi import INTERPOLATE, MAX_ACTIONS, MAX_STOPS, NONE, PHOTO, ROTATE, STAY, TILT
from dronepatrol.formats.route import Act, Kind, Route, Stop, items_of, off
from dronepatrol.formats.source import lines_of
from dronepatrol.model.mission import Command, MissionItem

_MAX_ROWS = 10_000  # other programs write more than Litchi flies
_FOOT_M = 0.3048
_SPEEDS_M_S = {"km/h)": 1 / 3.6, "kph)": 1 / 3.6, "mph)": 0.44704, "kts)": 1852 / 3600, "kn)": 1852 / 3600}
_TERRAIN = 10  # MAV_FRAME_GLOBAL_TERRAIN_ALT
_HINT = "export the mission from Litchi again"
_NAMES = {
    "altitude": "altitude(m)",
    "heading": "heading(deg)",
    "curvesize": "curvesize(m)",
    "speed": "speed(m/s)",
    "gimbalpitchmode": "gimbalmode",
    "actiontype": "actiontype1",
    "actionparam": "actionparam1",
    "poi_altitude": "poi_altitude(m)",
}


def read_flight(text: str, autopilot: str) -> tuple[Flight, list[str]]:
    """Return the flight of a Litchi CSV, in an autopilot's terms, and what has no equivalent.

    Raises
    ------
    InputError
        When it is none; the message names the row.
    """
    rows = _rows(text)
    found = _Reader()
    for number, row in enumerate(rows, start=1):
        found.take(_Row(number, row))
    route = found.route()
    items = items_of(route, autopilot, None)
    speed = next((act.value for act in route.start if act.kind is Kind.SPEED), None)
    warnings = [f"{what} ({count})" for what, count in found.losses.items()]
    warnings.append("no home, take-off and end of the flight: they are set in the app")
    return Flight(_above_ground(items, found.grounds), autopilot=autopilot, speed_m_s=speed), warnings


def _rows(text: str) -> list[dict[str, object]]:
    """Return the rows by our columns; commas or semicolons part them, feet become metres."""
    lines = lines_of(text, "the Litchi mission")
    if len(lines) > _MAX_ROWS:
        msg = f"the Litchi mission has {len(lines):,} lines; Litchi flies {MAX_STOPS} waypoints"
        raise InputError(msg, hint=_HINT)
    head = next((line for line in lines if line.strip()), "")
    semicolons = head.count(";") > head.count(",")
    try:
        reader = csv.reader((line for line in lines if line.strip()), delimiter=";" if semicolons else ",", strict=True)
        names = [_column(name) for name in next(reader, [])]
        missing = [name for name in ("latitude", "longitude", "altitude(m)") if name not in {one for one, _ in names}]
        if missing:
            msg = f"the Litchi mission lacks the columns {', '.join(missing)}"
            raise InputError(msg, hint=_HINT)
        if len({one for one, _ in names if one}) != sum(bool(one) for one, _ in names):
            msg = "the Litchi mission has a column twice"
            raise InputError(msg, hint=_HINT)
        rows: list[dict[str, object]] = []
        for cells in reader:
            if any(cell.strip() for cell in cells[len(names) :]):
                msg = f"the Litchi mission, row {len(rows) + 1}: {len(cells)} columns; expected {len(names)}"
                raise InputError(msg, hint=_HINT)
            decimal = (cell.replace(",", ".") if semicolons else cell for cell in cells)
            rows.append({name: _metric(cell, unit) for (name, unit), cell in zip(names, decimal, strict=False)})
    except csv.Error as error:
        msg = f"the Litchi mission is damaged: {error}"
        raise InputError(msg, hint=_HINT) from error
    return rows


def _column(name: str) -> tuple[str, float]:
    """Return our name of a column, and what its numbers are multiplied by; other writers leave units out."""
    plain = "".join(name.lower().split())
    stem, _, unit = plain.partition("(")
    ours = _NAMES.get(stem, plain)
    if unit == "ft)":
        return ours, _FOOT_M
    if unit in {"km/h)", "kph)", "mph)", "kts)", "kn)"}:
        return ours, _SPEEDS_M_S[unit]
    return ours, 1.0


def _metric(cell: str, unit: float) -> object:
    if unit == 1.0:
        return cell
    try:
        return float(cell) * unit if cell.strip() else ""
    except ValueError:
        return cell


def _above_ground(items: Sequence[MissionItem], grounds: Sequence[bool]) -> tuple[MissionItem, ...]:
    """Return items whose waypoints are above ground where Litchi says so."""
    ground = iter(grounds)
    return tuple(
        replace(item, frame=_TERRAIN) if item.command == Command.NAV_WAYPOINT and next(ground) else item
        for item in items
    )


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    texts: Mapping[str, object]

    def value(self, name: str, default: float = 0.0) -> float:
        """Return a column's number, the default where it is empty or missing."""
        text = str(self.texts.get(name) or "").strip()
        try:
            found = float(text) if text else default
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            msg = f"the Litchi mission, row {self.number}: {name} is {text[:40]!r}; expected a number"
            raise InputError(msg, hint=_HINT)
        return found


@dataclass
class _Reader:
    """Reads rows one by one; speed and photo distance hold until they change."""

    stops: list[Stop] = field(default_factory=list)
    headings: list[float] = field(default_factory=list)
    grounds: list[bool] = field(default_factory=list)
    start: list[Act] = field(default_factory=list)
    losses: Counter[str] = field(default_factory=Counter)
    speed: float = 0.0
    step: Act = field(default_factory=lambda: Act(Kind.STEP))

    def take(self, row: _Row) -> None:
        """Read one row."""
        value = row.value
        signs = {
            "heights above ground, by the ground that the vehicle knows": value("altitudemode") == 1,
            "curves at waypoints": value("curvesize(m)") > 0,
            "camera points at a place": value("gimbalmode") == 1,
            "photos by distance and by time at once": value("photo_timeinterval", NONE) > 0.0
            and value("photo_distinterval", NONE) > 0.0,
        }
        self.losses.update(what for what, there in signs.items() if there)
        self.grounds.append(value("altitudemode") == 1)
        switches = self._switches(row)
        hold_s, actions = self._actions(row)
        self.headings.append(value("heading(deg)"))
        yaw_deg = value("heading(deg)") % 360.0
        acts = (*switches, *actions)
        self.stops.append(Stop(value("longitude"), value("latitude"), value("altitude(m)"), hold_s, yaw_deg, acts))

    def route(self) -> Route:
        """Return all rows; headings that are all zero mean along the flight."""
        stops = self.stops if any(self.headings) else [replace(stop, yaw_deg=None) for stop in self.stops]
        if self.step.value and stops:
            stops[-1] = replace(stops[-1], acts=(*stops[-1].acts, off(self.step)))
        return Route(None, tuple(self.start), tuple(stops), "stay")

    def _switches(self, row: _Row) -> list[Act]:
        metres, seconds = (row.value(f"photo_{what}interval", NONE) for what in ("dist", "time"))
        step = Act(Kind.STEP, seconds, by_time=True) if seconds > 0.0 >= metres else Act(Kind.STEP, max(0.0, metres))
        acts: list[Act] = []
        if step != self.step:
            other_way = self.step.value and (not step.value or step.by_time != self.step.by_time)
            acts = ([off(self.step)] if other_way else []) + ([step] if step.value else [])
        speed = row.value("speed(m/s)")
        if speed > 0.0 and speed != self.speed:
            if not self.stops:
                self.start.append(Act(Kind.SPEED, speed))
            else:
                acts.insert(sum(not act.value for act in acts), Act(Kind.SPEED, speed))
            self.speed = speed
        self.step = step
        if not self.stops and row.value("gimbalmode") == INTERPOLATE:
            self.start.append(Act(Kind.PITCH, row.value("gimbalpitchangle")))
        return acts

    def _actions(self, row: _Row) -> tuple[float, list[Act]]:
        hold_s = 0.0
        acts = []
        for number in range(1, MAX_ACTIONS + 1):
            kind, parameter = row.value(f"actiontype{number}", NONE), row.value(f"actionparam{number}")
            if kind == STAY:
                hold_s += parameter / 1000.0
            elif kind == PHOTO:
                acts.append(Act(Kind.PHOTO))
            elif kind == ROTATE:
                acts.append(Act(Kind.YAW, parameter % 360.0))
            elif kind == TILT:
                acts.append(Act(Kind.PITCH, parameter))
            elif kind != NONE:
                self.losses[f"action {kind:g}"] += 1
        return hold_s, acts
