"""Telemetry of DJI's video subtitles (.SRT), in all the dialects that its drones have written since 2015.

A block per frame or second; positions bracketed or in ``GPS(...)``, heights as ``rel_alt``, ``H``, ``BAROMETER`` or
``Hb`` (above take-off) or only as ``altitude`` (from who knows where), angles in few models. ``GPS(...)`` is longitude
first in most firmwares and latitude first in some: the numbers of the whole file decide, and where they cannot,
longitude first is assumed and said.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.errors import InputError

MAX_BYTES = 200_000_000
MAX_GAP_S = 2.5
"""Nothing is interpolated over a longer silence."""

_N = r"[+-]?\d{1,7}(?:\.\d{1,16})?"
_CUE = re.compile(r"(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})\s*-->", re.ASCII)
_CLOCK = re.compile(r"(\d{4})[.\-](\d{1,2})[.\-](\d{1,2})\s(\d\d):(\d\d):(\d\d)(?:[,.](\d{1,3}))?", re.ASCII)
_PAIR = re.compile(rf"(?<!\w)GPS\s?\(\s*({_N})\s*,\s*({_N})", re.ASCII)
_BARE = re.compile(rf"^\s*({_N})\s*,\s*({_N})\s*,\s*{_N}\s*$", re.ASCII | re.MULTILINE)
_NAMED = {
    name: re.compile(rf"(?<![\w.]){pattern}\s{{0,4}}:?\s{{0,4}}({_N})", re.ASCII)
    for name, pattern in {
        "lat": "latitude", "lon": "longt?itude", "height": "rel_alt", "amsl": "abs_alt", "altitude": "altitude",
        "h": "H(?= )", "barometer": "BAROMETER", "hb": "Hb", "yaw": "gb_yaw", "pitch": "gb_pitch", "roll": "gb_roll",
        "focal": "focal_len", "zoom": "dzoom_ratio",
    }.items()
}  # fmt: skip
_PRY = {name: re.compile(rf"{name}\.PRY\s?\(({_N})°?,\s*({_N})°?,\s*({_N})°?\)", re.ASCII) for name in ("G", "F")}

Floats = NDArray[np.float64]
_FIELDS = ("lon", "lat", "height", "altitude", "yaw", "pitch", "roll", "flight_yaw", "focal_35mm", "zoom")


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What (n) subtitles say, in order of ``time_s`` from the video's start; NaN where they do not.

    Degrees and metres. ``height`` is above the take-off point; ``altitude`` is above sea level as far as DJI knows it.
    ``step_deg`` is the last digit of the positions, ``clock_local`` the first subtitle's wall clock.
    """

    time_s: Floats
    lon_deg: Floats
    lat_deg: Floats
    height_m: Floats
    altitude_m: Floats
    yaw_deg: Floats
    pitch_deg: Floats
    roll_deg: Floats
    flight_yaw_deg: Floats
    focal_35mm_mm: Floats
    zoom: Floats
    step_deg: float
    clock_local: datetime | None
    notes: tuple[str, ...]

    @property
    def has_gimbal(self) -> bool:
        """Whether the subtitles say how the camera looked."""
        return bool(np.isfinite(self.pitch_deg).any())

    @property
    def renewal_s(self) -> float:
        """Seconds in which the position is usually renewed: subtitles of every frame repeat it until the next is known.

        Where it never changes, it is the time between subtitles; 0 where there is only one.
        """
        located = np.isfinite(self.lon_deg) & np.isfinite(self.lat_deg)
        times_s, lonlat = self.time_s[located], np.column_stack([self.lon_deg, self.lat_deg])[located]
        moved = np.concatenate([[True], (np.diff(lonlat, axis=0) != 0).any(axis=1)])
        apart_s = np.diff(times_s[moved])
        apart_s = apart_s[apart_s <= MAX_GAP_S]  # longer ones are a drone that hovers
        either = apart_s if len(apart_s) else np.diff(times_s)
        return float(np.median(either)) if len(either) else 0.0


def read_subtitles(path: Path) -> Telemetry:
    """Return the telemetry of a subtitle file; one that breaks off gives what is there.

    Raises
    ------
    InputError
        When it cannot be read, is empty, holds no subtitle, or none with a position.
    """
    try:
        size = path.stat().st_size
        text = path.read_bytes().decode("utf-8-sig", "replace") if size <= MAX_BYTES else ""
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from error
    if size > MAX_BYTES:
        raise _unusable(path, f"has {size / 1e6:.0f} MB; subtitles have at most {MAX_BYTES / 1e6:.0f}")
    if not text.strip():
        raise _unusable(path, "is empty")
    blocks = [block for block in re.split(r"\r?\n\s*\r?\n", text) if block.strip()]
    times, clock = _times(blocks)
    if not np.isfinite(times).any():
        raise _unusable(path, "holds no subtitle with a time")
    return _telemetry(path, blocks, times, clock)


def _unusable(path: Path, what: str) -> InputError:
    hint = "switch video captions on in the drone's app, and copy the .SRT beside the video again"
    return InputError(f"{path.name}: {what}", hint=hint)


def _times(blocks: list[str]) -> tuple[Floats, datetime | None]:
    """Return (n) seconds from the video's start, NaN for blocks without any, and the first wall clock.

    Where there are no cues, the wall clock's differences serve.
    """
    cues, clocks = np.full(len(blocks), np.nan), np.full(len(blocks), np.nan)
    first: datetime | None = None
    for n, block in enumerate(blocks):
        if match := _CUE.search(block):
            hours, minutes, seconds, fraction = match.groups()
            cues[n] = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
        if moment := _moment(block):
            first = first or moment
            clocks[n] = (moment - first).total_seconds()
    times = cues if np.isfinite(cues).any() else clocks
    begin = times[np.isfinite(times)][:1]
    offset = begin[0] if len(begin) and begin[0] > 60 else 0.0  # a recording cut into files counts on
    return times - offset, first


def _moment(block: str) -> datetime | None:
    match = _CLOCK.search(block)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    microsecond = int((match.group(7) or "0").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 the zone is not written
    except ValueError:
        return None


def _telemetry(path: Path, blocks: list[str], times: Floats, clock: datetime | None) -> Telemetry:
    rows = np.array([_row(block) for block in blocks])
    digits = max((_digits(block) for block in blocks[:50]), default=0)
    notes: list[str] = []
    rows[:, :2] = _lon_first(path, rows[:, :2], blocks, notes)
    impossible = (np.abs(rows[:, 0]) > 180) | (np.abs(rows[:, 1]) > 90) | ((rows[:, 0] == 0) & (rows[:, 1] == 0))
    rows[impossible, :2] = np.nan
    keep = np.isfinite(times) & (np.diff(times, prepend=-np.inf) > 0)
    located = keep & np.isfinite(rows[:, :2]).all(axis=1)
    if not located.any():
        raise _unusable(path, f"{int(np.isfinite(times).sum())} subtitles, none with a position")
    if not np.isfinite(rows[located, 2]).any():
        notes.append("no height above take-off: the altitude is counted from nobody knows where")
    columns = dict(zip(_FIELDS, rows[keep].T, strict=True))
    return Telemetry(
        time_s=times[keep],
        lon_deg=columns["lon"],
        lat_deg=columns["lat"],
        height_m=columns["height"],
        altitude_m=columns["altitude"],
        yaw_deg=columns["yaw"],
        pitch_deg=columns["pitch"],
        roll_deg=columns["roll"],
        flight_yaw_deg=columns["flight_yaw"],
        focal_35mm_mm=columns["focal_35mm"],
        zoom=columns["zoom"],
        step_deg=10.0**-digits,
        clock_local=clock,
        notes=tuple(notes),
    )


def _row(block: str) -> list[float]:
    """Return a block's values in the order of :data:`_FIELDS`, a pair as it is written."""
    said = {name: float(match.group(1)) for name, pattern in _NAMED.items() if (match := pattern.search(block))}
    lon, lat = said.get("lon", math.nan), said.get("lat", math.nan)
    if math.isnan(lon) and (match := _pair(block)):
        lon, lat = float(match.group(1)), float(match.group(2))
    height = next((said[name] for name in ("height", "h", "barometer", "hb") if name in said), math.nan)
    pitch, roll, yaw = (said.get(name, math.nan) for name in ("pitch", "roll", "yaw"))
    if match := _PRY["G"].search(block):
        pitch, roll, yaw = (float(part) for part in match.groups())
    flight_yaw = float(match.group(3)) if (match := _PRY["F"].search(block)) else math.nan
    focal = said.get("focal", math.nan)
    focal = focal / 10 if focal >= 100 else focal  # older firmwares write tenths of a millimetre
    altitude = said.get("amsl", said.get("altitude", math.nan))
    return [lon, lat, height, altitude, yaw, pitch, roll, flight_yaw, focal, said.get("zoom", math.nan)]


def _pair(block: str) -> re.Match[str] | None:
    return _PAIR.search(block) or (None if "[" in block else _BARE.search(block))


def _digits(block: str) -> int:
    """Return how many digits after the point a block's position has."""
    found = _NAMED["lat"].search(block) or _pair(block)
    return len(found.group(1).partition(".")[2]) if found else 0


def _lon_first(path: Path, pairs: Floats, blocks: list[str], notes: list[str]) -> Floats:
    """Return the positions longitude first, whichever way the file writes its pairs."""
    if any(_NAMED["lat"].search(block) for block in blocks[:50]):
        return pairs
    known = pairs[np.isfinite(pairs).all(axis=1)]
    first_is_lon, second_is_lon = (bool((np.abs(known[:, column]) > 90).any()) for column in (0, 1))
    if first_is_lon and second_is_lon:
        raise _unusable(path, "its positions are neither longitude nor latitude first")
    if not first_is_lon and not second_is_lon and len(known):
        notes.append("positions are assumed to be longitude first: the numbers alone do not tell")
    return pairs[:, ::-1] if second_is_lon else pairs


def interpolated(telemetry: Telemetry, name: str, times_s: ArrayLike) -> Floats:
    """Return a column of the telemetry at times, linear in between; NaN outside, and where a silence is too long."""
    wanted = np.asarray(times_s, dtype=float)
    values = np.asarray(getattr(telemetry, name), dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.full(wanted.shape, np.nan)
    times, values = telemetry.time_s[known], values[known]
    if name.endswith(("yaw_deg", "lon_deg")):
        values = np.unwrap(values, period=360.0)
    after = np.clip(np.searchsorted(times, wanted, side="right"), 1, max(len(times) - 1, 1)) if len(times) > 1 else 0
    silence = np.asarray(times[after] - times[np.maximum(np.asarray(after) - 1, 0)])
    found = np.interp(wanted, times, values, left=np.nan, right=np.nan)
    last = (wanted > times[-1]) & (wanted <= times[-1] + 1.5)  # the last subtitle holds until its end
    found = np.where(last, values[-1], found)
    return np.where((silence > MAX_GAP_S) & ~last & ~np.isin(wanted, times), np.nan, found)
