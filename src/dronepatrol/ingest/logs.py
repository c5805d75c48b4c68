"""Camera events of an autopilot's log to shots: dataflash ``CAM`` rows, telemetry ``CAMERA_FEEDBACK`` [pymavlink].

Such a shot has no image; its attitude is the vehicle's, because neither message knows what the mount did.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas

from dronepatrol.errors import InputError
from dronepatrol.ingest import accuracy, dataflash
from dronepatrol.ingest.photos import printable
from dronepatrol.ingest.poses import Attitude, Position
from dronepatrol.ingest.shots import ShotRow, shots_table
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.camera import Camera

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LEAP_SECONDS = timedelta(seconds=18)
"""GPS time minus UTC since 2017-01-01; no further leap second is announced (IERS Bulletin C)."""

_ANGLES = (("Y", "Yaw"), ("P", "Pitch"), ("R", "Roll"))  # newer logs, older logs
_MAVLINK_STARTS = b"\xfe\xfd"
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # older clocks were never set
_VEHICLE_TILT_DEG = 1.0  # of the autopilot's own attitude, in flight
_NO_IMAGE = Camera((0, 0), math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class _Event:
    """One camera event as the log tells it; degrees, metres."""

    number: float  # the camera's own count
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
    rows = [_row(f"{printable(path.stem)}/{n:05d}", source, event) for n, event in enumerate(events, start=1)]
    return shots_table(rows).assign(flight_id=printable(path.stem))  # one log, one flight, whatever the gaps


def _events(path: Path) -> tuple[str, list[_Event]]:
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error
    if head[:3] == dataflash.START:
        return "dataflash log", _distinct(_dataflash(path))
    if len(head) == 9 and head[8] in _MAVLINK_STARTS:
        return "telemetry log", _distinct(_telemetry(path))
    what = "is empty" if not head else "is neither an ArduPilot dataflash log (.BIN) nor a telemetry log (.tlog)"
    msg = f"{path.name}: {what}"
    raise InputError(msg, hint="download the log from the vehicle again")


def _distinct(events: Iterable[_Event]) -> list[_Event]:
    """Return the located events in the log's order, those heard twice (same number and time) once."""
    return list({(event.number, event.time_utc): event for event in events if _is_located(event)}.values())


def _is_located(event: _Event) -> bool:
    """Whether the event's position is on the globe and not the (0, 0) of a receiver without a fix."""
    on_globe = abs(event.lon_deg) <= 180.0 and abs(event.lat_deg) <= 90.0
    return on_globe and bool(event.lon_deg or event.lat_deg)


def _dataflash(path: Path) -> Iterator[_Event]:
    """Yield the events of ``CAM`` rows; Alt is above mean sea level, RelAlt above home."""
    for row in dataflash.rows(path.read_bytes(), "CAM"):
        yaw, pitch, roll = (row.get(short, row.get(long, math.nan)) for short, long in _ANGLES)
        yield _Event(
            number=row.get("Img", math.nan),
            time_utc=_of_gps_time(row.get("GPSWeek", math.nan), row.get("GPSTime", math.nan)),
            lon_deg=row.get("Lng", math.nan),
            lat_deg=row.get("Lat", math.nan),
            amsl_m=row.get("Alt", math.nan),
            height_m=row.get("RelAlt", math.nan),
            yaw_deg=yaw % 360.0,
            pitch_deg=pitch,
            roll_deg=roll,
        )


def _of_gps_time(week: float, milliseconds: float) -> datetime | None:
    if not (0 < week < 10_000 and 0 <= milliseconds < 7 * 86_400_000):
        return None
    return GPS_EPOCH + timedelta(weeks=week, milliseconds=milliseconds) - LEAP_SECONDS


def _telemetry(path: Path) -> Iterator[_Event]:
    """Yield the events of ``CAMERA_FEEDBACK``: time in microseconds since 1970, else that at which it was heard."""
    from pymavlink.mavutil import mavlink, mavlogfile  # noqa: PLC0415 heavy

    with closing(mavlogfile(str(path), robust_parsing=True)) as log:
        while (message := _next(log, mavlink.MAVError)) is not None:
            yield _Event(
                number=message.img_idx,
                time_utc=_since_1970(message.time_usec * 1e-6) or _since_1970(float(message._timestamp)),  # noqa: SLF001
                lon_deg=message.lng * 1e-7,
                lat_deg=message.lat * 1e-7,
                amsl_m=message.alt_msl,
                height_m=message.alt_rel,
                yaw_deg=message.yaw % 360.0,
                pitch_deg=message.pitch,
                roll_deg=message.roll,
            )


def _next(log: Any, mavlink_error: type[Exception]) -> Any:
    """Return the next event's message, None at the end of the log or where it breaks off."""
    try:
        with redirect_stdout(StringIO()):  # pymavlink prints what it stumbles over
            return log.recv_match(type=["CAMERA_FEEDBACK"])
    except (mavlink_error, struct.error, ValueError, TypeError, LookupError, OSError):
        return None


def _since_1970(seconds: float) -> datetime | None:
    if not _EARLIEST.timestamp() < seconds < 4.0e9:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _row(shot_id: str, source: str, event: _Event) -> ShotRow:
    position = Position(
        lon_deg=event.lon_deg,
        lat_deg=event.lat_deg,
        altitude_m=_finite(event.amsl_m),
        altitude_reference=AltitudeReference.AMSL,
        height_m=_finite(event.height_m),
        sigma=accuracy.single_gnss(),
        source=f"{source}, camera event",
    )
    attitude = Attitude(
        _finite(event.yaw_deg),
        _finite(event.pitch_deg),
        _finite(event.roll_deg),
        accuracy.YAW_DEG,
        _VEHICLE_TILT_DEG,
        _VEHICLE_TILT_DEG,
        "vehicle's attitude",
    )
    return ShotRow(
        shot_id=shot_id,
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
