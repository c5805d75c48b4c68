"""Camera events of a flight log: dataflash, telemetry ``CAMERA_FEEDBACK`` [pymavlink], PX4's, DJI's; and as shots.

Such a shot has no image; its attitude is the vehicle's, because no log knows what the mount did.
"""

import math
import struct
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas

from dronepatrol.errors import InputError
from dronepatrol.ingest import accuracy, dataflash, mrk, ulog
from dronepatrol.ingest.events import CameraEvent, distinct, of_gps_time, since_1970
from dronepatrol.ingest.photos import printable
from dronepatrol.ingest.poses import Attitude, Position
from dronepatrol.ingest.shots import ShotRow, shots_table
from dronepatrol.model.camera import Camera

_ANGLES = (("Y", "Yaw"), ("P", "Pitch"), ("R", "Roll"))  # newer logs, older logs
_MAVLINK_STARTS = b"\xfe\xfd"
_VEHICLE_TILT_DEG = 1.0  # of the autopilot's own attitude, in flight
_NO_IMAGE = Camera((0, 0), math.nan, math.nan, math.nan, math.nan)


def shots_from_log(path: Path) -> geopandas.GeoDataFrame:
    """Return one shot per camera event of a log; one that breaks off gives the events up to there.

    Raises
    ------
    InputError
        When the file cannot be read, is no log, or holds no camera event.
    """
    source, found = events_of(path)
    rows = [event_row(f"{printable(path.stem)}/{n:05d}", source, event) for n, event in enumerate(found, start=1)]
    return shots_table(rows).assign(flight_id=printable(path.stem))  # one log, one flight, whatever the gaps


def events_of(path: Path) -> tuple[str, list[CameraEvent]]:
    """Return what kind of log a file is, and its camera events in their order.

    ArduPilot's dataflash (.BIN: ``CAM``, else ``TRIG``) and telemetry (.tlog), PX4's (.ulg), DJI's exposures (.MRK).

    Raises
    ------
    InputError
        When the file cannot be read, is no log, or holds no camera event.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
        source, found = _read(path, head)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error
    if not found:
        msg = f"{path.name}: {source} without camera events; expected CAM, TRIG, CAMERA_FEEDBACK or camera_capture"
        raise InputError(msg, hint="check that the camera trigger was set up (CAM1_TYPE) and the mission triggers it")
    return source, found


def _read(path: Path, head: bytes) -> tuple[str, list[CameraEvent]]:
    if head[:3] == dataflash.START:
        return "dataflash log", distinct(_dataflash(path))
    if head.startswith(ulog.MAGIC):
        return "PX4 log", distinct(ulog.events(path))
    if mrk.looks_like(head):
        return "DJI exposure list", distinct(mrk.events(path.read_text("ascii", "replace")))
    if len(head) >= 9 and head[8] in _MAVLINK_STARTS:
        return "telemetry log", distinct(_telemetry(path))
    kinds = "neither an ArduPilot log (.BIN, .tlog), a PX4 log (.ulg) nor a DJI .MRK"
    msg = f"{path.name}: {'is empty' if not head else f'is {kinds}'}"
    raise InputError(msg, hint="download the log from the vehicle again")


def _dataflash(path: Path) -> Iterator[CameraEvent]:
    """Yield the events of ``CAM`` rows (shutter sent or heard), of ``TRIG`` (asked for) where there are none.

    Alt is above mean sea level, RelAlt above home.
    """
    content = path.read_bytes()
    rows = list(dataflash.rows(content, "CAM")) or dataflash.rows(content, "TRIG")
    for row in rows:
        yaw, pitch, roll = (row.get(short, row.get(long, math.nan)) for short, long in _ANGLES)
        yield CameraEvent(
            number=row.get("Img", math.nan),
            time_utc=of_gps_time(row.get("GPSWeek", math.nan), row.get("GPSTime", math.nan) / 1000.0),
            lon_deg=row.get("Lng", math.nan),
            lat_deg=row.get("Lat", math.nan),
            altitude_m=row.get("Alt", math.nan),
            height_m=row.get("RelAlt", math.nan),
            yaw_deg=yaw % 360.0,
            pitch_deg=pitch,
            roll_deg=roll,
        )


def _telemetry(path: Path) -> Iterator[CameraEvent]:
    """Yield the events of ``CAMERA_FEEDBACK``: time in microseconds since 1970, else that at which it was heard."""
    from pymavlink.mavutil import mavlink, mavlogfile  # noqa: PLC0415 heavy

    with closing(mavlogfile(str(path), robust_parsing=True)) as log:
        while (message := _next(log, mavlink.MAVError)) is not None:
            yield CameraEvent(
                number=message.img_idx,
                time_utc=since_1970(message.time_usec * 1e-6) or since_1970(float(message._timestamp)),  # noqa: SLF001
                lon_deg=message.lng * 1e-7,
                lat_deg=message.lat * 1e-7,
                altitude_m=message.alt_msl,
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


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def event_row(shot_id: str, source: str, event: CameraEvent) -> ShotRow:
    """Return a camera event as a shot without an image."""
    attitude = attitude_at(event)
    return ShotRow(
        shot_id=shot_id,
        photo="",
        sha256="",
        body="",
        time_utc=event.time_utc,
        position=position_at(source, event),
        attitude=attitude,
        attitude_of="vehicle" if attitude.is_known else "",
        camera=_NO_IMAGE,
        camera_model="",
        focal_source="",
        focal_sigma_share=math.nan,
        quality=("no image",),
    )


def position_at(source: str, event: CameraEvent) -> Position:
    """Return where the camera was at an event."""
    return Position(
        lon_deg=event.lon_deg,
        lat_deg=event.lat_deg,
        altitude_m=_finite(event.altitude_m),
        altitude_reference=event.altitude_reference,
        height_m=_finite(event.height_m),
        sigma=event.sigma,
        source=f"{source}, {event.fix or 'camera event'}",
    )


def attitude_at(event: CameraEvent) -> Attitude:
    """Return how the vehicle stood at an event."""
    angles = [_finite(angle) for angle in (event.yaw_deg, event.pitch_deg, event.roll_deg)]
    if any(map(math.isnan, angles)):
        return Attitude(*(math.nan,) * 6, "")
    tilt_deg = _VEHICLE_TILT_DEG
    return Attitude(angles[0], angles[1], angles[2], accuracy.YAW_DEG, tilt_deg, tilt_deg, "vehicle's attitude")
