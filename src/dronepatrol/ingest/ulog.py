"""Camera events of a PX4 log (.ulg), topic ``camera_capture`` [pyulog]."""

import math
import struct
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from dronepatrol.errors import InputError
from dronepatrol.ingest.events import CameraEvent, since_1970

MAGIC = b"ULog\x01\x12\x35"
_BROKEN = (TypeError, ValueError, LookupError, AttributeError, struct.error, OSError, MemoryError, OverflowError)


def events(path: Path) -> Iterator[CameraEvent]:
    """Yield the pictures that the camera took; the attitude counts as the vehicle's, whatever mount it hangs in.

    Raises
    ------
    InputError
        When the log cannot be read.
    """
    from pyulog import ULog  # noqa: PLC0415 heavy
    from pyulog.exceptions import ULogIncompatibleFlagException  # noqa: PLC0415

    try:
        with path.open("rb") as file, redirect_stdout(StringIO()):  # pyulog prints what it stumbles over
            log = ULog(file, ["camera_capture", "home_position"], disable_str_exceptions=True)
        topics = {topic.name: topic.data for topic in log.data_list}
        taken = topics.get("camera_capture", {})
        home_m = _first(topics.get("home_position", {}), "alt")
        rows = [_event(taken, row, home_m) for row in range(len(taken.get("timestamp", ())))]
    except (*_BROKEN, ULogIncompatibleFlagException) as error:
        msg = f"{path.name}: is a PX4 log that cannot be read: {error}"
        raise InputError(msg, hint="download the log from the vehicle again") from error
    yield from (event for event in rows if event is not None)


def _first(topic: dict[str, Any], name: str) -> float:
    values = topic.get(name, ())
    return float(values[0]) if len(values) else math.nan


def _event(taken: dict[str, Any], row: int, home_m: float) -> CameraEvent | None:
    if float(taken["result"][row]) != 1:  # 0: the camera reported a failure
        return None
    yaw_deg, pitch_deg, roll_deg = _angles([float(taken[f"q[{part}]"][row]) for part in range(4)])
    altitude_m = float(taken["alt"][row])
    return CameraEvent(
        number=float(taken["seq"][row]),
        time_utc=since_1970(float(taken["timestamp_utc"][row]) * 1e-6),
        lon_deg=float(taken["lon"][row]),
        lat_deg=float(taken["lat"][row]),
        altitude_m=altitude_m,
        height_m=altitude_m - home_m,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
    )


def _angles(quaternion: list[float]) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees of a rotation body to NED (w, x, y, z); NaN where it is none."""
    norm = math.hypot(*quaternion)
    if not 0.9 < norm < 1.1:
        return math.nan, math.nan, math.nan
    w, x, y, z = np.asarray(quaternion) / norm
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
    yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return math.degrees(yaw) % 360.0, math.degrees(pitch), math.degrees(roll)
