"""Litchi's mission CSV, for DJI aircraft that are flown by Litchi.

https://litchiutilities.com/docs/litchiCsv.php - one waypoint a row, up to 15 actions each, heights above the take-off
point. Take-off, return and home are the app's; :func:`write_flight` names them. Coordinates have eight decimals.
"""

import csv
import io
import math

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight, unsaid
from dronepatrol.formats.route import Act, Kind, Route, State, Stop, off
from dronepatrol.formats.route_read import route_of

MAX_STOPS = 99
MAX_ACTIONS = 15
_MAX_SPEED_M_S = 15.0
_HEIGHTS_M = (-200.0, 500.0)
_PITCHES_DEG = (-90.0, 30.0)
STAY, PHOTO, ROTATE, TILT = 0, 1, 4, 5
NONE = -1
INTERPOLATE = 2
_ACTIONS = [name for n in range(1, MAX_ACTIONS + 1) for name in (f"actiontype{n}", f"actionparam{n}")]
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
    losses += unsaid(flight, ("home", "speed", "return height", "kind of vehicle", "DJI aircraft", "name"))
    return out.getvalue(), [*losses, *sorted(rows.losses)]


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
        row: dict[str, object] = {name: NONE if name.startswith("actiontype") else 0 for name in _ACTIONS}
        for number, (kind, value) in enumerate(self._actions(stop), start=1):
            row |= {f"actiontype{number}": kind, f"actionparam{number}": value}
        self._switch(stop)
        step = self.state.step
        return row | {
            "latitude": f"{stop.lat_deg:.8f}",
            "longitude": f"{stop.lon_deg:.8f}",
            "altitude(m)": _number(stop.height_m),
            "heading(deg)": _number(self._heading(stop, onward)),
            "gimbalmode": 0 if arrived is None else INTERPOLATE,
            "gimbalpitchangle": self._whole(arrived or 0.0),
            "speed(m/s)": _number(self.state.speed_m_s or 0.0),
            "photo_timeinterval": _number(step.value) if step.value and step.by_time else NONE,
            "photo_distinterval": _number(step.value) if step.value and not step.by_time else NONE,
        }

    def _actions(self, stop: Stop) -> list[tuple[int, int]]:
        numbers = {Kind.PHOTO: PHOTO, Kind.YAW: ROTATE, Kind.PITCH: TILT}
        actions = [(STAY, round(stop.hold_s * 1000))] if stop.hold_s else []
        actions += [(numbers[act.kind], self._whole(act.value)) for act in stop.acts if act.kind in numbers]
        if len(actions) > MAX_ACTIONS:
            msg = f"a waypoint has {len(actions)} actions; Litchi takes {MAX_ACTIONS}"
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


def _last(acts: tuple[Act, ...], kind: Kind, before: float | None) -> float | None:
    return next((act.value for act in reversed(acts) if act.kind is kind), before)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _bearing_deg(stop: Stop, onward: Stop) -> float:
    """Return the course to the next waypoint, on a plane that is small around it."""
    east = (onward.lon_deg - stop.lon_deg) * math.cos(math.radians(stop.lat_deg))
    return math.degrees(math.atan2(east, onward.lat_deg - stop.lat_deg)) % 360.0
