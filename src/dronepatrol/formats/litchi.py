"""Litchi's mission CSV, for DJI aircraft that are flown by Litchi.

https://litchiutilities.com/docs/litchiCsv.php - one waypoint a row, up to 15 actions each, heights above the take-off
point. Take-off, return and home are the app's; :func:`write_flight` names them. Coordinates have eight decimals.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.route import Act, Kind, Route, State, Stop, items_of, off, route_of
from dronepatrol.formats.source import lines_of
from dronepatrol.model.mission import Command, MissionItem

MAX_STOPS = 99
_MAX_ROWS = 10_000  # other programs write more than Litchi flies
_MAX_ACTIONS = 15
_MAX_SPEED_M_S = 15.0
_HEIGHTS_M = (-200.0, 500.0)
_PITCHES_DEG = (-90.0, 30.0)
_STAY, _PHOTO, _ROTATE, _TILT = 0, 1, 4, 5
_NONE = -1
_INTERPOLATE = 2
_HINT = "export the mission from Litchi again"
_FOOT_M = 0.3048
_SPEEDS_M_S = {"km/h)": 1 / 3.6, "kph)": 1 / 3.6, "mph)": 0.44704, "kts)": 1852 / 3600, "kn)": 1852 / 3600}
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
_TERRAIN = 10  # MAV_FRAME_GLOBAL_TERRAIN_ALT
_ACTIONS = [name for n in range(1, _MAX_ACTIONS + 1) for name in (f"actiontype{n}", f"actionparam{n}")]
HEADER = [
    *("latitude", "longitude", "altitude(m)", "heading(deg)", "curvesize(m)", "rotationdir", "gimbalmode"),
    *("gimbalpitchangle", *_ACTIONS, "altitudemode", "speed(m/s)", "poi_latitude", "poi_longitude"),
    *("poi_altitude(m)", "poi_altitudemode", "photo_timeinterval", "photo_distinterval"),
]


def write_flight(flight: Flight) -> tuple[str, list[str]]:
    """Return a flight as Litchi's CSV, and what it cannot say.

    Raises
    ------
    InputError
        When Litchi cannot fly it: more than 99 waypoints, too fast, too high, no speed.
    """
    route, losses = route_of(flight)
    _check(route)
    rows = _Writer(route, flight.speed_m_s)
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval=0, lineterminator="\n")
    writer.writeheader()
    for stop, onward in zip(route.stops, (*route.stops[1:], None), strict=True):
        writer.writerow(rows.row(stop, onward))
    mode = "Custom" if rows.headings else "Auto (next waypoint)"
    losses.append(f"take-off, end of the flight, home, return height, heading mode ({mode}): set them in the app")
    losses += ["fence"] if flight.fence else []
    losses += ["rally points"] if flight.rally else []
    return out.getvalue(), [*losses, *sorted(rows.losses)]


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


def _check(route: Route) -> None:
    if not 0 < len(route.stops) <= MAX_STOPS:
        msg = f"the flight has {len(route.stops):,} waypoints; Litchi flies 1 to {MAX_STOPS}"
        raise InputError(msg, hint="split the sortie, or write another format")
    for number, stop in enumerate(route.stops, start=1):
        if not _HEIGHTS_M[0] <= stop.height_m <= _HEIGHTS_M[1]:
            msg = (
                f"waypoint {number} is {stop.height_m:g} m high; Litchi takes {_HEIGHTS_M[0]:g} to {_HEIGHTS_M[1]:g} m"
            )
            raise InputError(msg, hint="plan lower")
    for act in (act for acts in (route.start, *(stop.acts for stop in route.stops)) for act in acts):
        if act.kind is Kind.SPEED and act.value > _MAX_SPEED_M_S:
            msg = f"a speed of {act.value:g} m/s; Litchi flies at most {_MAX_SPEED_M_S:g}"
            raise InputError(msg, hint="plan with a lower speed")
        if act.kind is Kind.PITCH and not _PITCHES_DEG[0] <= act.value <= _PITCHES_DEG[1]:
            msg = f"a camera pitch of {act.value:g} degrees; Litchi takes {_PITCHES_DEG[0]:g} to {_PITCHES_DEG[1]:g}"
            raise InputError(msg, hint="plan with another camera pitch")


class _Writer:
    """What holds from row to row: speed, camera pitch, photo distance."""

    def __init__(self, route: Route, speed_m_s: float | None) -> None:
        self.state = State(speed_m_s=speed_m_s).after(route.start)
        self.pitch = _last(route.start, Kind.PITCH, None)
        self.headings = any(stop.yaw_deg is not None for stop in route.stops)
        self.losses = set() if all(act.kind in {Kind.SPEED, Kind.PITCH} for act in route.start) else {"first actions"}
        onward = self.state.after(route.stops[0].acts)
        if self.state.speed_m_s not in {None, onward.speed_m_s}:
            self.losses.add("another speed on the way to the first waypoint")
        if self.state.speed_m_s is None:
            msg = "the flight has no speed, which Litchi needs"
            raise InputError(msg, hint="name a speed")

    def row(self, stop: Stop, onward: Stop | None) -> dict[str, object]:
        """Return the next row."""
        arrived = self.pitch
        row: dict[str, object] = {name: _NONE if name.startswith("actiontype") else 0 for name in _ACTIONS}
        for number, (kind, value) in enumerate(self._actions(stop), start=1):
            row |= {f"actiontype{number}": kind, f"actionparam{number}": value}
        self._switch(stop)
        step = self.state.step
        return row | {
            "latitude": f"{stop.lat_deg:.8f}",
            "longitude": f"{stop.lon_deg:.8f}",
            "altitude(m)": _number(stop.height_m),
            "heading(deg)": _number(self._heading(stop, onward)),
            "gimbalmode": 0 if arrived is None else _INTERPOLATE,
            "gimbalpitchangle": self._whole(arrived or 0.0),
            "speed(m/s)": _number(self.state.speed_m_s or 0.0),
            "photo_timeinterval": _number(step.value) if step.value and step.by_time else _NONE,
            "photo_distinterval": _number(step.value) if step.value and not step.by_time else _NONE,
        }

    def _actions(self, stop: Stop) -> list[tuple[int, int]]:
        numbers = {Kind.PHOTO: _PHOTO, Kind.YAW: _ROTATE, Kind.PITCH: _TILT}
        actions = [(_STAY, round(stop.hold_s * 1000))] if stop.hold_s else []
        actions += [(numbers[act.kind], self._whole(act.value)) for act in stop.acts if act.kind in numbers]
        if len(actions) > _MAX_ACTIONS:
            msg = f"a waypoint has {len(actions)} actions; Litchi takes {_MAX_ACTIONS}"
            raise InputError(msg, hint="write another format")
        return actions

    def _switch(self, stop: Stop) -> None:
        self.pitch = _last(stop.acts, Kind.PITCH, self.pitch)
        self.state = self.state.after(stop.acts)
        switches = [act for act in stop.acts if act.kind in {Kind.STEP, Kind.SPEED}]
        steps = [act for act in switches if act.kind is Kind.STEP]
        other_way = len(steps) == 2 and steps[0] == off(steps[0]) and steps[0].by_time != steps[1].by_time
        if stop.acts[: len(switches)] != tuple(switches) or (len(steps) > 1 and not other_way):
            self.losses.add("order of switching repeated photos among other actions at a waypoint")

    def _heading(self, stop: Stop, onward: Stop | None) -> float:
        """Return the heading, north as 360 because all zero means along the flight."""
        if not self.headings:
            return 0.0
        if stop.yaw_deg is None:
            self.losses.add("headings along the flight are written as numbers")
            return _bearing_deg(stop, onward) if onward else 360.0
        return stop.yaw_deg or 360.0

    def _whole(self, angle_deg: float) -> int:
        if angle_deg != round(angle_deg):
            self.losses.add("fractions of a degree of camera pitch and turns")
        return round(angle_deg)


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
            "photos by distance and by time at once": value("photo_timeinterval", _NONE) > 0.0
            and value("photo_distinterval", _NONE) > 0.0,
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
        metres, seconds = (row.value(f"photo_{what}interval", _NONE) for what in ("dist", "time"))
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
        if not self.stops and row.value("gimbalmode") == _INTERPOLATE:
            self.start.append(Act(Kind.PITCH, row.value("gimbalpitchangle")))
        return acts

    def _actions(self, row: _Row) -> tuple[float, list[Act]]:
        hold_s = 0.0
        acts = []
        for number in range(1, _MAX_ACTIONS + 1):
            kind, parameter = row.value(f"actiontype{number}", _NONE), row.value(f"actionparam{number}")
            if kind == _STAY:
                hold_s += parameter / 1000.0
            elif kind == _PHOTO:
                acts.append(Act(Kind.PHOTO))
            elif kind == _ROTATE:
                acts.append(Act(Kind.YAW, parameter % 360.0))
            elif kind == _TILT:
                acts.append(Act(Kind.PITCH, parameter))
            elif kind != _NONE:
                self.losses[f"action {kind:g}"] += 1
        return hold_s, acts


def _last(acts: tuple[Act, ...], kind: Kind, before: float | None) -> float | None:
    return next((act.value for act in reversed(acts) if act.kind is kind), before)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _bearing_deg(stop: Stop, onward: Stop) -> float:
    """Return the course to the next waypoint, on a plane that is small around it."""
    east = (onward.lon_deg - stop.lon_deg) * math.cos(math.radians(stop.lat_deg))
    return math.degrees(math.atan2(east, onward.lat_deg - stop.lat_deg)) % 360.0
