"""Ground-control points: surveyed places and the pixels that show them, in OpenDroneMap's ``gcp_list.txt``."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from dronepatrol.errors import InputError

_UTM = re.compile(r"WGS84\s+UTM\s+(\d{1,2})([NS])", re.IGNORECASE)
_HINT = "first line: a projection (EPSG:32651, WGS84 UTM 51N, +proj=…); then: easting northing height column row photo"
_MOST_BYTES = 4 << 20
SIGMA_M = 0.05
"""1 sigma per axis of a surveyed point, and of the pixel that shows it, on the ground: an assumption."""


@dataclass(frozen=True, slots=True)
class Control:
    """A surveyed place that a photo shows: WGS-84 degrees, metres, (column, row), the photo's file name."""

    name: str
    lon_deg: float
    lat_deg: float
    height_m: float
    pixel: tuple[float, float]
    photo: str
    sigma_m: float = SIGMA_M


def read_controls(path: Path) -> list[Control]:
    """Return the control points of a ``gcp_list.txt``.

    Heights are kept as they stand and are not used in the plane. Lines without a name are named by their place.

    Raises
    ------
    InputError
        When the file cannot be read, names no usable projection, or a line is no control point; the message names it.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path} has {path.stat().st_size} bytes; expected a list of control points"
            raise InputError(msg, hint=_HINT)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as a list of control points: {error}"
        raise InputError(msg, hint=_HINT) from error
    if not lines or not lines[0].strip():
        msg = f"{path} names no projection in its first line"
        raise InputError(msg, hint=_HINT)
    to_wgs84 = _transformer(lines[0].strip(), path)
    found = []
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if text and not text.startswith("#"):
            found.append(_control(text.split(), to_wgs84, f"{path}, line {number}"))
    if not found:
        msg = f"{path} holds no control point"
        raise InputError(msg, hint=_HINT)
    return found


def _transformer(text: str, path: Path) -> Transformer:
    utm = _UTM.fullmatch(text)
    name = f"EPSG:{(32600 if utm[2].upper() == 'N' else 32700) + int(utm[1])}" if utm else text
    try:
        return Transformer.from_crs(CRS.from_user_input(name), "EPSG:4326", always_xy=True)
    except (CRSError, ProjError) as error:
        msg = f"{path}: {text!r} is no projection that is known"
        raise InputError(msg, hint=_HINT) from error


def _control(parts: list[str], to_wgs84: Transformer, where: str) -> Control:
    try:
        easting, northing, height_m, column, row = (float(part) for part in parts[:5])
        photo = parts[5]
    except (ValueError, IndexError) as error:
        msg = f"{where}: {' '.join(parts)!r} is no control point"
        raise InputError(msg, hint=_HINT) from error
    try:
        lon, lat = to_wgs84.transform(easting, northing, errcheck=True)
    except ProjError as error:
        lon, lat = math.inf, math.inf
        del error
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 90 and all(map(math.isfinite, (column, row)))):
        msg = f"{where}: {parts[0]} {parts[1]} is no place in the list's projection"
        raise InputError(msg, hint=_HINT)
    name = parts[6] if len(parts) > 6 else f"{parts[0]} {parts[1]}"
    return Control(name, float(lon), float(lat), height_m, (column, row), photo)
