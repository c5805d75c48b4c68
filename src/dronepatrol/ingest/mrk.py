"""DJI's .MRK: where the camera's sensor was at each exposure, by the drone's RTK receiver.

A row is the photo's number, GPS seconds and week, the lever arm from the antenna (already in the position), latitude,
longitude, ellipsoidal height, their 1-sigma (north, east, up) and the fix (0 none, 16 single, 34 float, 50 fixed).
"""

import math
import re
from collections.abc import Iterator

from dronepatrol.ingest import accuracy
from dronepatrol.ingest.events import CameraEvent, of_gps_time
from dronepatrol.ingest.poses import RTK_FIXED, RTK_FLOAT
from dronepatrol.model.altitude import AltitudeReference

_N = r"\s{0,8}([+-]?\d{1,12}(?:\.\d{1,16})?)\s{0,8}"
_ROW = re.compile(
    rf"{_N}\s{_N}\s\s{{0,8}}\[{_N}\]\s{_N},N\s{_N},E\s{_N},V\s{_N},Lat\s{_N},Lon\s{_N},Ellh\s{_N},{_N},{_N}(?:\s{_N},Q)?",
    re.ASCII,
)
_FIXES = {RTK_FIXED: "RTK fixed", RTK_FLOAT: "RTK float"}


def looks_like(head: bytes) -> bool:
    """Whether a file begins as a .MRK does."""
    first = head.split(b"\n", 1)[0].decode("ascii", "replace").strip()
    return bool(_ROW.fullmatch(first)) or (b",N" in head and b",Ellh" in head)


def events(text: str) -> Iterator[CameraEvent]:
    """Yield the exposures of a .MRK; rows that are cut off or garbled are stepped over."""
    for line in text.splitlines():
        if (match := _ROW.fullmatch(line.strip())) is None:
            continue
        number, seconds, week, _, _, _, lat, lon, height, north, east, _, fix = (
            float(part) if part is not None else math.nan for part in match.groups()
        )
        is_fixed = fix == RTK_FIXED
        with_corrections = fix in _FIXES
        stated_m = max(north, east)
        sigma = accuracy.single_gnss()
        if with_corrections:
            sigma = accuracy.rtk(stated_m if stated_m > 0 else None, fixed=is_fixed)
        yield CameraEvent(
            number=number,
            time_utc=of_gps_time(week, seconds),
            lon_deg=lon,
            lat_deg=lat,
            altitude_m=height,
            altitude_reference=AltitudeReference.ELLIPSOID,
            sigma=sigma,
            fix=_FIXES[int(fix)] if with_corrections else "GNSS",
            time_sigma_s=0.0,
        )
