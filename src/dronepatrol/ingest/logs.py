"""Camera events of an autopilot's log to shots: dataflash ``CAM`` rows and telemetry ``CAMERA_FEEDBACK`` [pymavlink].

Such a shot has no image; its attitude is the vehicle's, because neither message knows what the mount did.
"""

import math
import struct
from collections.abc import Callable, Iterable
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas

from dronepatrol.errors import InputError
from dronepatrol.ingest import accuracy
from dronepatrol.ingest.poses import Attitude, Position
from dronepatrol.ingest.shots import ShotRow, shots_table
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.camera import Camera

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LEAP_SECONDS = timedelta(seconds=18)
"""GPS time minus UTC since 2017-01-01; no further leap second is announced (IERS Bulletin C)."""

_DATAFLASH_HEAD = b"\xa3\x95\x80"  # a log begins with the format of its formats
_MAVLINK_STARTS = b"\xfe\xfd"
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # older clocks were never set
_VEHICLE_TILT_DEG = 1.0  # of the autopilot's own attitude, in flight
_NO_IMAGE = Camera((0, 0), math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class _Event:
    """One camera event as the log tells it; degrees, metres."""

    number: int
    time_utc: datetime | None
    lon_deg: float
    lat_deg: float
    amsl_m: float
    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def shots_from_log(path: Path) -> geopandas.GeoDataFrame:
    """Return one shot per camera event of an ArduPilot dataflash log (.BIN) or a telemetry log (.tlog).

    A log that breaks off gives the events up to there.

    Raises
    ------
    InputError
        When the file cannot be read, is no such log, or holds no camera event.
    """
    source, events = _events(path)
    if not events:
        msg = f"{path.name}: {source} without camera events; expected CAM rows or CAMERA_FEEDBACK messages"
        raise InputError(msg, hint="check that the camera trigger was set up (CAM1_TYPE) and the mission triggers it")
    rows = [_row(path.stem, source, event) for event in events]
    return shots_table(rows).assign(flight_id=path.stem)  # one log, one flight, whatever the gaps


def _events(path: Path) -> tuple[str, list[_Event]]:
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error
    if head[:3] == _DATAFLASH_HEAD:
        return "dataflash log", _distinct(_dataflash(path))
    if len(head) == 9 and head[8] in _MAVLINK_STARTS:
        return "telemetry log", _distinct(_telemetry(path))
    what = "is empty" if not head else "is neither an ArduPilot dataflash log (.BIN) nor a telemetry log (.tlog)"
    msg = f"{path.name}: {what}"
    raise InputError(msg, hint="download the log from the vehicle again")


def _distinct(events: Iterable[_Event]) -> list[_Event]:
    """Return the events in the log's order, those heard twice (same number and time) once."""
    return list({(event.number, event.time_utc): event for event in events}.values())


def _dataflash(path: Path) -> list[_Event]:
    from pymavlink.DFReader import DFReader_binary  # noqa: PLC0415 heavy

    return _read_all(partial(DFReader_binary, str(path)), "CAM", _event_of_cam)


def _telemetry(path: Path) -> list[_Event]:
    from pymavlink.mavutil import mavlogfile  # noqa: PLC0415 heavy

    return _read_all(partial(mavlogfile, str(path), robust_parsing=True), "CAMERA_FEEDBACK", _event_of_feedback)


def _read_all(open_log: Callable[[], Any], message_type: str, event_of: Callable[[Any], _Event | None]) -> list[_Event]:
    """Return the events up to the end of the log, or to where it breaks off in the middle of something."""
    events: list[_Event] = []
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # pymavlink prints what it stumbles over
        try:
            with closing(open_log()) as log:
                while (message := log.recv_match(type=[message_type])) is not None:
                    event = event_of(message)
                    if event is not None:
                        events.append(event)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error, OSError):
            return events
    return events


def _event_of_cam(row: Any) -> _Event | None:
    """Return a ``CAM`` row; Alt is above mean sea level, RelAlt above home."""
    yaw, pitch, roll = (_field(row, long, short) for long, short in (("Yaw", "Y"), ("Pitch", "P"), ("Roll", "R")))
    week, milliseconds = int(_field(row, "GPSWeek")), int(_field(row, "GPSTime"))
    time_utc = GPS_EPOCH + timedelta(weeks=week, milliseconds=milliseconds) - LEAP_SECONDS if week > 0 else None
    number = int(_field(row, "Img"))
    return _checked(
        _Event(number, time_utc, row.Lng, row.Lat, row.Alt, _field(row, "RelAlt"), yaw % 360.0, pitch, roll)
    )


def _field(row: Any, *names: str) -> float:
    for name in names:
        value = getattr(row, name, None)
        if isinstance(value, int | float):
            return float(value)
    return 0.0 if names[0] in {"GPSWeek", "GPSTime", "Img"} else math.nan


def _event_of_feedback(message: Any) -> _Event | None:
    """Return a ``CAMERA_FEEDBACK``: time in microseconds since 1970, else the time at which it was heard."""
    time_utc = _since_1970(message.time_usec * 1e-6) or _since_1970(float(getattr(message, "_timestamp", 0.0)))
    return _checked(
        _Event(
            number=message.img_idx,
            time_utc=time_utc,
            lon_deg=message.lng * 1e-7,
            lat_deg=message.lat * 1e-7,
            amsl_m=message.alt_msl,
            height_m=message.alt_rel,
            yaw_deg=message.yaw % 360.0,
            pitch_deg=message.pitch,
            roll_deg=message.roll,
        )
    )


def _since_1970(seconds: float) -> datetime | None:
    if not _EARLIEST.timestamp() < seconds < 4.0e9:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _checked(event: _Event) -> _Event | None:
    """Return the event, or None where its position is none: not on the globe, or (0, 0) before a fix."""
    on_globe = abs(event.lon_deg) <= 180.0 and abs(event.lat_deg) <= 90.0
    return event if on_globe and (event.lon_deg or event.lat_deg) else None


def _row(log: str, source: str, event: _Event) -> ShotRow:
    position = Position(
        lon_deg=event.lon_deg,
        lat_deg=event.lat_deg,
        altitude_m=event.amsl_m,
        altitude_reference=AltitudeReference.AMSL,
        height_m=event.height_m,
        sigma=accuracy.single_gnss(),
        source=f"{source}, camera event",
    )
    attitude = Attitude(
        event.yaw_deg,
        event.pitch_deg,
        event.roll_deg,
        accuracy.YAW_DEG,
        _VEHICLE_TILT_DEG,
        _VEHICLE_TILT_DEG,
        "vehicle's attitude",
    )
    return ShotRow(
        shot_id=f"{log}/{event.number:05d}",
        photo="",
        sha256="",
        body="",
        time_utc=event.time_utc,
        position=position,
        attitude=attitude,
        attitude_of="vehicle" if attitude.is_known else "",
        camera=_NO_IMAGE,
        camera_model="",
        focal_source="",
        focal_sigma_share=math.nan,
        quality=("no image",),
    )
