"""QGC WPL 110: the tab-separated mission text of Mission Planner, QGroundControl and MAVProxy, and MAVProxy's lists.

https://mavlink.io/en/file_formats/ - row 0 is home for ArduPilot, PX4 has no such row; the text does not say whose it
is. Latitude and longitude have eight decimals (1 mm), parameters eight, heights six; pymavlink's own writer has six
(0.1 m).
"""

import math
from collections.abc import Sequence

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import MAX_ITEMS, NAV_FENCE_RETURN_POINT, Flight, home_item, home_of, parted, vertices
from dronepatrol.formats.source import lines_of
from dronepatrol.model.mission import Command, Frame, MissionItem

HEADER = "QGC WPL 110"
_COLUMNS = 12
_HINT = "save the mission as .waypoints again"


def write_wpl(items: Sequence[MissionItem]) -> str:
    """Return the items as QGC WPL 110; the first one is marked as current."""
    rows = [_row(index, item) for index, item in enumerate(items)]
    return "\n".join([HEADER, *rows]) + "\n"


def read_wpl(text: str) -> tuple[MissionItem, ...]:
    """Return the items of a QGC WPL 110 text, home included.

    Raises
    ------
    InputError
        When it is none; the message names the line.
    """
    lines = lines_of(text.removeprefix("\ufeff"), "the mission text")
    if not lines or lines[0].strip() != HEADER:
        found = f"begins with {lines[0].strip()[:40]!r}" if lines else "is empty"
        msg = f"the mission text {found}; expected {HEADER!r}"
        raise InputError(msg, hint=_HINT)
    rows = [(n, line) for n, line in enumerate(lines[1:], start=2) if line.strip() and not line.startswith("#")]
    if len(rows) > MAX_ITEMS:
        msg = f"the mission text has {len(rows):,} rows; MAVLink allows {MAX_ITEMS:,}"
        raise InputError(msg, hint="split the mission")
    return tuple(_item(number, line) for number, line in rows)


def write_flight(flight: Flight) -> tuple[str, list[str]]:
    """Return a flight as QGC WPL 110, with home in row 0 for ArduPilot, and what the text cannot say."""
    items = flight.items
    losses = []
    if flight.autopilot != "px4":
        items = (home_item(flight.home), *items)
    else:
        losses += ["home"] if flight.home else []
        if items and _is_home(items[0]):
            msg = "item 1 is a waypoint above sea level, which a mission text would make home"
            raise InputError(msg, hint="write a .plan")
    losses += ["fence"] if flight.fence else []
    losses += ["rally points"] if flight.rally else []
    losses += ["name"] if flight.name else []
    losses += ["return height"] if flight.return_height_m is not None else []
    losses += ["DJI aircraft"] if flight.aircraft else []
    return write_wpl(items), losses


def read_flight(text: str) -> tuple[Flight, list[str]]:
    """Return the flight of a mission text; a first waypoint above sea level is taken as ArduPilot's home.

    Raises
    ------
    InputError
        When it is no mission text; the message names the line.
    """
    items = read_wpl(text)
    flown, fence, rally = parted(items)
    if not items:
        return Flight(), ["the mission text has no rows"]
    if not flown or not _is_home(flown[0]):
        return Flight(flown, None, fence, rally, autopilot="px4" if flown else ""), []
    return Flight(flown[1:], home_of(flown[0]), fence, rally, autopilot="ardupilot"), []


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


def _is_home(item: MissionItem) -> bool:
    return item.command == Command.NAV_WAYPOINT and item.frame == Frame.GLOBAL


def _row(index: int, item: MissionItem) -> str:
    params = "\t".join(_number(value, 8) for value in item.params)
    place = f"{_number(item.lat_deg, 8)}\t{_number(item.lon_deg, 8)}\t{_number(item.altitude_m, 6)}"
    return f"{index}\t{int(index == 0)}\t{item.frame:d}\t{item.command:d}\t{params}\t{place}\t{int(item.autocontinue)}"


def _number(value: float, decimals: int) -> str:
    return "nan" if math.isnan(value) else f"{value:.{decimals}f}"


def _item(number: int, line: str) -> MissionItem:
    fields = line.split()
    if len(fields) != _COLUMNS:
        msg = f"mission text, line {number}: {len(fields)} columns; expected {_COLUMNS}"
        raise InputError(msg, hint=_HINT)
    try:
        frame, command, autocontinue = int(fields[2]), int(fields[3]), int(fields[11])
        p1, p2, p3, p4, lat, lon, altitude = (float(field) for field in fields[4:11])
    except ValueError as error:
        msg = f"mission text, line {number}: {error}"
        raise InputError(msg, hint=_HINT) from error
    return MissionItem(command, frame, (p1, p2, p3, p4), lat, lon, altitude, autocontinue != 0)


def _numbers(text: str, what: str, columns: int) -> list[list[float]]:
    rows = []
    for number, line in enumerate(lines_of(text, what), start=1):
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        try:
            row = [float(field) for field in fields]
        except ValueError as error:
            msg = f"{what}, line {number}: {error}"
            raise InputError(msg, hint=f"save the {what} again") from error
        if len(row) != columns or not all(map(math.isfinite, row)):
            msg = f"{what}, line {number}: {len(row)} columns; expected {columns} numbers"
            raise InputError(msg, hint=f"save the {what} again")
        rows.append(row)
    return rows
