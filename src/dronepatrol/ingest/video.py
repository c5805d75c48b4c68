"""Frames of a video, chosen by distance flown or time, as shots [opencv].

What the subtitles lack is an explicit assumption: a gimbal at a stated pitch looks along the vehicle's heading, or
along its course where that is not known either, and the shot's sigmas say how little that is worth.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import InputError
from dronepatrol.files import write_bytes
from dronepatrol.geo.local import WGS84
from dronepatrol.ingest import accuracy
from dronepatrol.ingest.accuracy import PositionSigma
from dronepatrol.ingest.poses import ASSUMED_ZONE, Attitude, Position
from dronepatrol.ingest.shots import ShotRow
from dronepatrol.ingest.subtitles import Telemetry, interpolated
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.camera import Camera

GIMBAL_ASSUMED_DEG, COURSE_AS_HEADING_DEG = 3.0, 15.0
"""1 sigma of an assumed pitch and level roll; of a course that stands for a heading (wind turns one from the other)."""
FRAME_TIME_SIGMA_S = 0.1
"""Between a frame and its subtitle; how old the position in it is comes on top."""
_DEGREE_M = 111_320.0
_JPEG_QUALITY = 92
_COURSE_OVER_S = 1.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames: one for every so many metres flown, or seconds; exactly one of them is given."""

    every_m: float | None = None
    every_s: float | None = None


def moments(telemetry: Telemetry, sampling: Sampling) -> Floats:
    """Return the times in seconds at which frames are taken, the first where the position is first known."""
    located = np.isfinite(telemetry.lon_deg) & np.isfinite(telemetry.lat_deg)
    times = telemetry.time_s[located]
    if sampling.every_s is not None:
        return np.arange(times[0], times[-1] + 1e-9, sampling.every_s)
    lonlat = np.column_stack([telemetry.lon_deg, telemetry.lat_deg])[located]
    chosen, last = [times[0]], lonlat[0]
    for time_s, place in zip(times[1:], lonlat[1:], strict=True):
        if WGS84.inv(*last, *place)[2] >= (sampling.every_m or 0.0):
            chosen.append(time_s)
            last = place
    return np.array(chosen)


def frames(video: Path, times_s: Floats) -> Iterator[tuple[float, Any]]:
    """Yield (seconds, (h, w, 3) BGR) of the frames shown at ascending times; the film is read once, front to back.

    Raises
    ------
    InputError
        When the video cannot be opened.
    """
    import cv2  # noqa: PLC0415 heavy

    film = cv2.VideoCapture(str(video))
    try:
        rate = float(film.get(cv2.CAP_PROP_FPS)) if film.isOpened() else 0.0
        if not 0.1 <= rate <= 1000.0:
            msg = f"{video.name}: cannot be opened as a video"
            raise InputError(msg, hint="copy it again from the card")
        place = 0
        for time_s in times_s:
            wanted = round(time_s * rate)
            while place < wanted and film.grab():
                place += 1
            has, frame = film.read() if place == wanted else (False, None)
            if not has:
                return
            place += 1
            yield float(time_s), frame
    finally:
        film.release()


def shots_from_video(
    video: Path, telemetry: Telemetry, sampling: Sampling, *, root: Path, gimbal_pitch_deg: float | None
) -> Iterator[ShotRow]:
    """Yield a shot for each frame taken, its picture written below ``root``; frames beyond the film's end are left out.

    Parameters
    ----------
    video, telemetry
        The film and its subtitles.
    sampling
        Which frames.
    root
        The patrol folder.
    gimbal_pitch_deg
        Where the gimbal is assumed to look when the subtitles do not say, -90 for straight down; None assumes nothing.
    """
    import cv2  # noqa: PLC0415 heavy

    times = moments(telemetry, sampling)
    time_sigma_s = math.hypot(FRAME_TIME_SIGMA_S, telemetry.renewal_s / math.sqrt(12.0))
    for n, (time_s, frame) in enumerate(frames(video, times), start=1):
        position = _position(telemetry, time_s)
        if not math.isfinite(position.lon_deg):
            continue
        content = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
        name = f"frames/{video.stem}/{n:06d}.jpg"
        write_bytes(root / name, content)
        attitude = _attitude(telemetry, time_s, gimbal_pitch_deg)
        camera, source = _camera(telemetry, time_s, (frame.shape[1], frame.shape[0]))
        yield ShotRow(
            shot_id=f"{video.stem}/{n:06d}",
            photo=name,
            sha256=hashlib.sha256(content).hexdigest(),
            body=video.stem,
            time_utc=_utc(telemetry, time_s),
            position=position,
            attitude=attitude,
            attitude_of="camera" if attitude.is_known else "",
            camera=camera,
            camera_model="",
            focal_source=source,
            focal_sigma_share=accuracy.EQUIVALENT_35MM_SHARE if source else math.nan,
            quality=tuple(_flags(telemetry, position, attitude, camera)),
            time_sigma_s=time_sigma_s,
        )


def _at(telemetry: Telemetry, name: str, time_s: float) -> float:
    return float(interpolated(telemetry, name, [time_s])[0])


def _utc(telemetry: Telemetry, time_s: float) -> Any:
    if telemetry.clock_local is None:
        return None
    start = telemetry.clock_local.replace(tzinfo=ASSUMED_ZONE).astimezone(UTC)
    return start + timedelta(seconds=time_s - float(telemetry.time_s[0]))


def _position(telemetry: Telemetry, time_s: float) -> Position:
    """Return where the camera was; few digits of the position make it less sure."""
    gnss = accuracy.single_gnss()
    digits_m = telemetry.step_deg * _DEGREE_M / math.sqrt(12.0)
    height_m, altitude_m = _at(telemetry, "height_m", time_s), _at(telemetry, "altitude_m", time_s)
    has_altitude = math.isfinite(altitude_m)
    return Position(
        lon_deg=_at(telemetry, "lon_deg", time_s),
        lat_deg=_at(telemetry, "lat_deg", time_s),
        altitude_m=altitude_m if has_altitude else height_m,
        altitude_reference=AltitudeReference.AMSL if has_altitude else AltitudeReference.HOME,
        height_m=height_m,
        sigma=PositionSigma(math.hypot(gnss.photo_m, digits_m), gnss.flight_m),
        source="subtitles",
    )


def _attitude(telemetry: Telemetry, time_s: float, assumed_pitch_deg: float | None) -> Attitude:
    yaw, pitch, roll = (_at(telemetry, f"{axis}_deg", time_s) for axis in ("yaw", "pitch", "roll"))
    if all(map(math.isfinite, (yaw, pitch, roll))):
        return Attitude(yaw, pitch, roll, accuracy.YAW_DEG, accuracy.TILT_DEG, accuracy.TILT_DEG, "gimbal")
    if assumed_pitch_deg is None:
        return Attitude(*(math.nan,) * 6, "")
    heading, source, sigma_deg = _at(telemetry, "flight_yaw_deg", time_s), "vehicle's yaw", accuracy.YAW_OF_VEHICLE_DEG
    if not math.isfinite(heading):
        heading, source, sigma_deg = _course_deg(telemetry, time_s), "course over ground", COURSE_AS_HEADING_DEG
    said = f"gimbal assumed at {assumed_pitch_deg:g} degrees, {source}"
    return Attitude(heading, assumed_pitch_deg, 0.0, sigma_deg, GIMBAL_ASSUMED_DEG, GIMBAL_ASSUMED_DEG, said)


def _course_deg(telemetry: Telemetry, time_s: float) -> float:
    """Return the direction of flight, NaN where the drone hovered."""
    ends = [time_s - _COURSE_OVER_S, time_s + _COURSE_OVER_S]
    inside = np.clip(ends, telemetry.time_s[0], telemetry.time_s[-1])
    lon, lat = (interpolated(telemetry, name, inside) for name in ("lon_deg", "lat_deg"))
    if not np.isfinite([lon, lat]).all():
        return math.nan
    azimuth, _, distance_m = WGS84.inv(lon[0], lat[0], lon[1], lat[1])
    return float(azimuth) if distance_m > max(1.0, 3 * telemetry.step_deg * _DEGREE_M) else math.nan


def _camera(telemetry: Telemetry, time_s: float, image_wh: tuple[int, int]) -> tuple[Camera, str]:
    """Return the camera by its 35 mm equivalent, taken over the frame's width: video uses the sensor's full width."""
    focal_mm, zoom = _at(telemetry, "focal_35mm_mm", time_s), _at(telemetry, "zoom", time_s)
    if not 5.0 <= focal_mm <= 1000.0:
        return Camera(image_wh, math.nan, math.nan, math.nan, math.nan), ""
    focal_px = focal_mm / 36.0 * image_wh[0] * (zoom if 1.0 <= zoom < 100.0 else 1.0)
    return Camera.pinhole(image_wh, focal_px), "35 mm equivalent"


def _flags(telemetry: Telemetry, position: Position, attitude: Attitude, camera: Camera) -> list[str]:
    found = []
    if not attitude.is_known:
        found.append("no attitude")
    elif attitude.source != "gimbal":
        found.append(attitude.source)
    if math.isnan(position.height_m):
        found.append("no height above take-off")
    if math.isnan(camera.fx_px):
        found.append("no focal length")
    if telemetry.clock_local is not None:
        found.append("time zone assumed UTC+08:00")
    return found
