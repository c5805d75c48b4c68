"""QGC WPL 110: the tab-separated mission text of Mission Planner, QGroundControl and MAVProxy.

https://mavlink.io/en/file_formats/ - row 0 is home for ArduPilot. Latitude and longitude have eight decimals (1 mm);
pymavlink's own writer has six (0.1 m).
"""

import math
from collections.abc import Sequence

from dronepatrol.errors import InputError
from dronepatrol.model.mission import MissionItem

HEADER = "QGC WPL 110"
_COLUMNS = 12
_MAX_ROWS = 65_535


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
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != HEADER:
        msg = (
            f"the mission text begins with {lines[0].strip()[:40]!r}; expected {HEADER!r}"
            if lines
            else "no mission text"
        )
        raise InputError(msg, hint="save the mission as .waypoints again")
    rows = [(n, line) for n, line in enumerate(lines[1:], start=2) if line.strip() and not line.startswith("#")]
    if len(rows) > _MAX_ROWS:
        msg = f"the mission text has {len(rows):,} rows; MAVLink allows {_MAX_ROWS:,}"
        raise InputError(msg, hint="split the mission")
    return tuple(_item(number, line) for number, line in rows)


def _row(index: int, item: MissionItem) -> str:
    params = "\t".join("nan" if math.isnan(value) else f"{value:.8f}" for value in item.params)
    place = f"{item.lat_deg:.8f}\t{item.lon_deg:.8f}\t{item.altitude_m:.6f}"
    return f"{index}\t{int(index == 0)}\t{item.frame:d}\t{item.command:d}\t{params}\t{place}\t{int(item.autocontinue)}"


def _item(number: int, line: str) -> MissionItem:
    fields = line.split()
    hint = "save the mission as .waypoints again"
    if len(fields) != _COLUMNS:
        msg = f"mission text, line {number}: {len(fields)} columns; expected {_COLUMNS}"
        raise InputError(msg, hint=hint)
    try:
        frame, command, autocontinue = int(fields[2]), int(fields[3]), int(fields[11])
        p1, p2, p3, p4, lat, lon, altitude = (float(field) for field in fields[4:11])
    except ValueError as error:
        msg = f"mission text, line {number}: {error}"
        raise InputError(msg, hint=hint) from error
    return MissionItem(command, frame, (p1, p2, p3, p4), lat, lon, altitude, autocontinue != 0)
