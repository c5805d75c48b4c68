"""One camera event as a flight log tells it; what every log reader gives."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dronepatrol.ingest import accuracy
from dronepatrol.ingest.accuracy import PositionSigma
from dronepatrol.model.altitude import AltitudeReference

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LEAP_SECONDS = timedelta(seconds=18)
"""GPS time minus UTC since 2017-01-01; no further leap second is announced (IERS Bulletin C)."""
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # older clocks were never set
SHUTTER_SIGMA_S = 0.1
"""From the event to the exposure, where the log has the command and not the flash."""


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """Where and when a picture was triggered; degrees, metres; NaN where the log does not say."""

    number: float  # the camera's own count
    time_utc: datetime | None
    lon_deg: float
    lat_deg: float
    altitude_m: float
    height_m: float = math.nan
    yaw_deg: float = math.nan  # of the vehicle
    pitch_deg: float = math.nan
    roll_deg: float = math.nan
    altitude_reference: AltitudeReference = AltitudeReference.AMSL
    sigma: PositionSigma = field(default_factory=accuracy.single_gnss)
    fix: str = ""
    time_sigma_s: float = SHUTTER_SIGMA_S


def distinct(events: Iterable[CameraEvent]) -> list[CameraEvent]:
    """Return the located events in the log's order, those heard twice (same number and time) once."""
    return list({(event.number, event.time_utc): event for event in events if _is_located(event)}.values())


def _is_located(event: CameraEvent) -> bool:
    """Whether the event's position is on the globe and not the (0, 0) of a receiver without a fix."""
    on_globe = abs(event.lon_deg) <= 180.0 and abs(event.lat_deg) <= 90.0
    return on_globe and bool(event.lon_deg or event.lat_deg)


def of_gps_time(week: float, seconds: float) -> datetime | None:
    """Return UTC of a GPS week and the seconds in it; None where they are none."""
    if not (0 < week < 10_000 and 0 <= seconds < 7 * 86_400):
        return None
    return GPS_EPOCH + timedelta(weeks=week, seconds=seconds) - LEAP_SECONDS


def since_1970(seconds: float) -> datetime | None:
    """Return UTC of seconds since 1970; None for clocks that were never set."""
    if not _EARLIEST.timestamp() < seconds < 4.0e9:
        return None
    return datetime.fromtimestamp(seconds, UTC)
