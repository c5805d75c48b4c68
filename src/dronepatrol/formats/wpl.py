"""QGC WPL 110: the tab-separated mission text of Mission Planner, QGroundControl and MAVProxy, and MAVProxy's lists.

https://mavlink.io/en/file_formats/ - row 0 is home for ArduPilot, PX4 has no such row; the text does not say whose it
is. Latitude and longitude have eight decimals (1 mm), parameters eight, heights six; pymavlink's own writer has six
(0.1 m).
"""

import math
from collections.abc import Sequence

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import (
    MAX_ITEMS,
    NAV_FENCE_RETURN_POINT,
    Flight,
    home_item,
    home_of,
    parted,
    unsaid,
    vertices,
)
from dronepatrol.formats.source import lines_of
from dronepatrol.model.mission import Command, Frame, MissionItem

HEADER = "QGC WPL 110"
_NAME = "QGC WPL "
_OLD, _NO_HOME = "100", "120"
_VERSIONS = (_OLD, "110", _NO_HOME)
_OLD_COMMANDS = {2: 22, 3: 20, 4: 21, 24: 22, 25: 16, 26: 21, 27: 17}  # pymavlink's table of version 100
_COLUMNS = 12
_HINT = "save the mission as .waypoints again"


def write_wpl(items: Sequence[MissionItem]) -> str:
    """Return the items as QGC WPL 110; the first one is marked as current."""
    rows = [_row(index, item) for index, item in enumerate(items)]
    return "\n".join([HEADER, *rows]) + "\n"


def read_wpl(text: str) -> tuple[MissionItem, ...]:
    """Return the items of a mission text, home included.

    Raises
    ------
    InputError
        When it is none; the message names the line.
    """
    return _read(text)[1]


def write_flight(flight: Flight) -> tuple[str, list[str]]:
    """Return a flight as QGC WPL 110, with home in row 0 for ArduPilot, and what the text cannot say.

    Raises
    ------
    InputError
        When the text would be read as another flight, or has an infinite number.
    """
    items = flight.items
    px4 = flight.autopilot == "px4"
    if not px4:
        items = (home_item(flight.home), *items)
    elif items and _begins_with_home(items):
        msg = "item 1 is a waypoint above sea level or before the take-off, which a mission text would make home"
        raise InputError(msg, hint="write a .plan")
    if any(
        math.isinf(value) for item in items for value in (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)
    ):
        msg = "the flight has an infinite number, which a mission text cannot hold"
        raise InputError(msg, hint="check the flight")
    return write_wpl(items), unsaid(flight, () if px4 else ("home",))


def read_flight(text: str) -> tuple[Flight, str, list[str]]:
    """Return the flight of a mission text, the version of the text, and warnings.

    Of version 110 a first waypoint above sea level, or before the take-off, is home; 120 has no home in row 0.

    Raises
    ------
    InputError
        When it is no mission text; the message names the line.
    """
    version, items, warnings = _read(text)
    if not items:
        return Flight(), version, ["the mission text has no rows"]
    home = _begins_with_home(items) and version != _NO_HOME
    flown, fence, rally = parted(items[1:] if home else items)
    if home and items[0].frame != Frame.GLOBAL and home_of(items[0]) is not None:
        warnings.append("row 0 is a waypoint before the take-off: it is taken as home, its height as above sea level")
    autopilot = "ardupilot" if home else "px4" if flown else ""
    return Flight(flown, home_of(items[0]) if home else None, fence, rally, autopilot=autopilot), version, warnings


def _read(text: str) -> tuple[str, tuple[MissionItem, ...], list[str]]:
    """Return version, items with home, and warnings."""
    rows = [
        (number, line)
        for number, line in enumerate(lines_of(text, "the mission text"), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    head = " ".join(rows[0][1].split()) if rows else ""
    version = head.removeprefix(_NAME)
    if not head.startswith(_NAME) or version not in _VERSIONS:
        found = f"begins with {head[:40]!r}" if rows else "is empty"
        msg = f"the mission text {found}; expected {HEADER!r}"
        raise InputError(msg, hint=_HINT)
    if len(rows) - 1 > MAX_ITEMS:
        msg = f"the mission text has {len(rows) - 1:,} rows; MAVLink allows {MAX_ITEMS:,}"
        raise InputError(msg, hint="split the mission")
    read = [(_old_item if version == _OLD else _item)(number, line) for number, line in rows[1:]]
    orderly = [number for number, _item_read in read] == list(range(len(read)))
    warnings = [] if orderly else ["the rows are not numbered from 0 on: rows may be missing"]
    return version, tuple(item for _number_read, item in read), warnings


def read_mavproxy_fence(text: str) -> Flight:
    """Return an old MAVProxy fence, ``lat lon`` a line: the return point, then the corners of a closed ring.

    Raises
    ------
    InputError
        When it is none; the message names the line.
    """
    rows = _numbers(text, "fence", 2)
    points = [(lon, lat) for lat, lon in rows]
    if len(points) < 5 or points[1] != points[-1]:
        msg = f"the fence has {len(points)} points; expected a return point and a closed ring of three corners or more"
        raise InputError(msg, hint="save the fence again")
    lon, lat = points[0]
    back = MissionItem(NAV_FENCE_RETURN_POINT, Frame.GLOBAL, lat_deg=lat, lon_deg=lon)
    ring = vertices(Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, points[1:-1])
    return Flight(fence=(back, *ring), autopilot="ardupilot")


def read_mavproxy_rally(text: str) -> tuple[Flight, list[str]]:
    """Return old MAVProxy rally points, ``RALLY lat lon height break-height direction flags`` a line.

    Raises
    ------
    InputError
        When it is none; the message names the line.
    """
    rows = _numbers(text.replace("RALLY", ""), "rally points", 6)
    points = tuple(
        MissionItem(
            Command.NAV_RALLY_POINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=row[0], lon_deg=row[1], altitude_m=row[2]
        )
        for row in rows
    )
    lost = "break height, landing direction and flags of rally points, which only planes use, are left out"
    return Flight(rally=points, autopilot="ardupilot"), [lost]


def _begins_with_home(items: Sequence[MissionItem]) -> bool:
    """Return whether the first item is home: a waypoint above sea level, nowhere, or before the take-off."""
    first = items[0]
    before_takeoff = len(items) > 1 and items[1].command == Command.NAV_TAKEOFF
    meant = first.frame == Frame.GLOBAL or home_of(first) is None or before_takeoff
    return first.command == Command.NAV_WAYPOINT and meant


def _row(index: int, item: MissionItem) -> str:
    params = "\t".join(_number(value, 8) for value in item.params)
    place = f"{_number(item.lat_deg, 8)}\t{_number(item.lon_deg, 8)}\t{_number(item.altitude_m, 6)}"
    return f"{index}\t{int(index == 0)}\t{item.frame:d}\t{item.command:d}\t{params}\t{place}\t{int(item.autocontinue)}"


def _number(value: float, decimals: int) -> str:
    return "nan" if math.isnan(value) else f"{value:.{decimals}f}"


def _item(number: int, line: str) -> tuple[int, MissionItem]:
    """Return a row's number and its item."""
    index, _current, frame, command, p1, p2, p3, p4, lat, lon, altitude, on = _fields(number, line, _COLUMNS)
    whole = _whole(number, index, frame, command)
    return whole[0], MissionItem(whole[2], whole[1], (p1, p2, p3, p4), lat, lon, altitude, on != 0)


def _old_item(number: int, line: str) -> tuple[int, MissionItem]:
    """Return a row of version 100: other commands, longitude first, parameters 3 and 4 before 1 and 2."""
    fields = _fields(number, line, _COLUMNS + 1)
    index, frame, action, p3, p4, p1, p2, _current, lon, lat, altitude, _unused, on = fields
    whole = _whole(number, index, frame, action)
    if whole[2] not in _OLD_COMMANDS:
        msg = f"mission text, line {number}: action {whole[2]} of version 100 is none that a multicopter flies"
        raise InputError(msg, hint=_HINT)
    return whole[0], MissionItem(_OLD_COMMANDS[whole[2]], whole[1], (p1, p2, p3, p4), lat, lon, altitude, on != 0)


def _fields(number: int, line: str, columns: int) -> list[float]:
    fields = line.split()
    if len(fields) != columns:
        msg = f"mission text, line {number}: {len(fields)} columns; expected {columns}"
        raise InputError(msg, hint=_HINT)
    try:
        return [float(field) for field in fields]
    except ValueError as error:
        msg = f"mission text, line {number}: {_short(error)}"
        raise InputError(msg, hint=_HINT) from error


def _whole(number: int, *values: float) -> list[int]:
    wrong = [value for value in values if not math.isfinite(value) or value != int(value)]
    if wrong:
        msg = f"mission text, line {number}: {wrong[0]} where a whole number is expected"
        raise InputError(msg, hint=_HINT)
    return [int(value) for value in values]


def _short(error: Exception) -> str:
    return str(error)[:100]


def _numbers(text: str, what: str, columns: int) -> list[list[float]]:
    rows = []
    for number, line in enumerate(lines_of(text, what), start=1):
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        try:
            row = [float(field) for field in fields]
        except ValueError as error:
            msg = f"{what}, line {number}: {_short(error)}"
            raise InputError(msg, hint=f"save the {what} again") from error
        if len(row) != columns or not all(map(math.isfinite, row)):
            msg = f"{what}, line {number}: {len(row)} columns; expected {columns} numbers"
            raise InputError(msg, hint=f"save the {what} again")
        rows.append(row)
    return rows
