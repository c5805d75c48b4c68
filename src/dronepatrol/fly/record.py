"""What the link heard of one flight: the track, the photos, and the figures of the flight log."""

import math
from collections.abc import Sequence
from datetime import datetime
from statistics import median

import numpy as np
import pandas as pd

from dronepatrol.fly.link import (
    AttitudeReport,
    BatteryReport,
    CameraEvent,
    ClockReport,
    Heartbeat,
    LandedReport,
    PositionReport,
    VehicleEvent,
)
from dronepatrol.fly.state import Ending
from dronepatrol.geo.local import WGS84
from dronepatrol.model.flight import FlightLog
from dronepatrol.model.tables import TRACK

_GROUND_HEIGHT_M = 0.5  # below it a vehicle that does not say whether it has landed counts as standing


class FlightRecorder:
    """Collects events while a vehicle flies; :meth:`log` makes the flight log of them.

    Positions get the last attitude heard before them. Times are the vehicle's: UTC where it said it (``ClockReport``),
    carried over to all positions by the median offset of its clock since boot. Length and time are from take-off to
    touch-down.
    """

    def __init__(self) -> None:
        self._positions: list[tuple[PositionReport, AttitudeReport | None, float, bool]] = []
        self._photos: dict[tuple[int, datetime | None], tuple[CameraEvent, float]] = {}
        self._offsets: list[float] = []
        self._attitude: AttitudeReport | None = None
        self._battery = math.nan
        self._battery_at_arming: float | None = None
        self._armed = False
        self._on_ground: bool | None = None
        self._boot_s = math.nan

    @property
    def photos(self) -> int:
        """How many camera events were heard, each counted once."""
        return len(self._photos)

    @property
    def missing_photos(self) -> tuple[int, ...]:
        """Indices of camera events that were never heard though later ones were."""
        heard = {index for index, _ in self._photos}
        return tuple(sorted(set(range(min(heard), max(heard))) - heard)) if heard else ()

    def add(self, event: VehicleEvent) -> None:
        """Take in one event."""
        match event:
            case PositionReport():
                self._boot_s = event.boot_s
                if not self._positions or event.boot_s > self._positions[-1][0].boot_s:  # no copies, no stragglers
                    self._positions.append((event, self._attitude, self._battery, self._flies(event)))
            case AttitudeReport():
                self._attitude = event
            case CameraEvent():
                self._photos.setdefault((event.index, event.time_utc), (event, self._boot_s))
            case ClockReport(boot_s, time_utc) if time_utc is not None:
                self._offsets.append(time_utc.timestamp() - boot_s)
            case LandedReport(on_ground, _):
                self._on_ground = on_ground
            case BatteryReport(share):
                self._battery = share
            case Heartbeat(_, armed):
                self._armed = armed
                if armed and self._battery_at_arming is None:
                    self._battery_at_arming = self._battery

    def arming(self) -> None:
        """Note that the vehicle was armed just now; heartbeats come seldom."""
        self._armed = True
        self._battery_at_arming = self._battery

    def _flies(self, at: PositionReport) -> bool:
        grounded = at.height_m < _GROUND_HEIGHT_M if self._on_ground is None else self._on_ground
        return self._armed and not grounded

    def log(self, sortie_id: str, ending: Ending) -> FlightLog:
        """Return the flight log."""
        flown = [position for position, _, _, flies in self._positions if flies]
        used = (self._battery_at_arming or math.nan) - self._battery
        return FlightLog(
            sortie_id=sortie_id,
            outcome=ending.outcome,
            reason=self._reason(ending),
            track=self._track(),
            photos=self.photos,
            length_m=_length_m(flown),
            time_s=flown[-1].boot_s - flown[0].boot_s if flown else 0.0,
            battery_used_share=max(0.0, used) if math.isfinite(used) else math.nan,
        )

    def _reason(self, ending: Ending) -> str:
        missing = self.missing_photos
        if not missing:
            return ending.reason
        named = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        return f"{ending.reason}; {len(missing)} camera events were not heard: {named}"

    def _track(self) -> pd.DataFrame:
        offset_s = median(self._offsets) if self._offsets else math.nan
        rows = [_position_row(*entry[:3], offset_s) for entry in self._positions]
        rows += [_photo_row(photo, boot_s, offset_s) for photo, boot_s in self._photos.values()]
        track = pd.DataFrame(rows, columns=list(TRACK.columns))
        track["time_utc"] = pd.to_datetime(track["time_utc"], unit="ms", utc=True).astype("datetime64[ms, UTC]")
        floats = [name for name, kind in TRACK.columns.items() if kind == "float"]
        track[floats] = track[floats].astype("float64")
        return track.sort_values("time_utc", kind="stable", ignore_index=True)


def _position_row(
    at: PositionReport, attitude: AttitudeReport | None, battery: float, offset_s: float
) -> tuple[object, ...]:
    angles = (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg) if attitude else (math.nan,) * 3
    place = (at.lon_deg, at.lat_deg, at.amsl_m, at.height_m)
    return (_ms(at.boot_s + offset_s), "position", *place, *angles, at.ground_speed_m_s, battery)


def _photo_row(photo: CameraEvent, boot_s: float, offset_s: float) -> tuple[object, ...]:
    time_s = photo.time_utc.timestamp() if photo.time_utc else boot_s + offset_s
    place = (photo.lon_deg, photo.lat_deg, photo.amsl_m, photo.height_m)
    return (_ms(time_s), "photo", *place, photo.yaw_deg, photo.pitch_deg, photo.roll_deg, math.nan, math.nan)


def _ms(time_s: float) -> float:
    return round(time_s * 1e3) if math.isfinite(time_s) else math.nan


def _length_m(flown: Sequence[PositionReport]) -> float:
    """Return the geodesic length of the way over ground, in metres."""
    if len(flown) < 2:
        return 0.0
    lon, lat = np.array([(position.lon_deg, position.lat_deg) for position in flown]).T
    return float(WGS84.line_length(lon, lat))
