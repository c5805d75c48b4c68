"""Photos that our own reader cannot read, by exiftool [exiftool, Debian package libimage-exiftool-perl].

Exiftool is a program of its own; it is asked for many files at once, and never for one that a plain reason rules out.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dronepatrol.ingest.exif import TiffTags, Value
from dronepatrol.ingest.headers import MAX_SIDE_PX, Header
from dronepatrol.ingest.metadata import PhotoMetadata, of_header

PACKAGE = "exiftool (Debian package libimage-exiftool-perl)"
_TIMEOUT_S = 120.0
_PER_FILE_S = 2.0
_PREFIXES = {
    "XMP-drone-dji": "drone-dji", "XMP-drone": "drone", "XMP-drone-parrot": "drone-parrot",
    "XMP-drone-skydio": "drone-skydio", "XMP-Camera": "Camera", "XMP-pix4d": "Camera", "XMP-exif": "exif",
}  # fmt: skip
_IMAGE = {0x010F: "Make", 0x0110: "Model", 0x0112: "Orientation", 0x0131: "Software", 0x0132: "ModifyDate"}
_EXIF = {
    0x9003: "DateTimeOriginal", 0x9011: "OffsetTimeOriginal", 0x9291: "SubSecTimeOriginal", 0x920A: "FocalLength",
    0xA405: "FocalLengthIn35mmFormat", 0xA002: "ExifImageWidth", 0xA003: "ExifImageHeight", 0xA431: "SerialNumber",
    0xA404: "DigitalZoomRatio",
}  # fmt: skip
_GPS = {1: "GPSLatitudeRef", 3: "GPSLongitudeRef", 6: "GPSAltitude", 29: "GPSDateStamp", 31: "GPSHPositioningError"}
_NUMBERS = frozenset({0x0112, 0x920A, 0xA405, 0xA002, 0xA003, 0xA404, 6, 31})


def is_there() -> bool:
    """Whether the program is installed."""
    return shutil.which("exiftool") is not None


def read_all(paths: Sequence[Path]) -> dict[Path, PhotoMetadata]:
    """Return what exiftool says of photos; one that it cannot read, or finds no picture's size in, is missing."""
    program = shutil.which("exiftool")
    if program is None or not paths:
        return {}
    command = [program, "-n", "-json", "-G1", "-q", "-fast", "-charset", "filename=UTF8", "--", *map(str, paths)]
    try:
        said = subprocess.run(
            command, capture_output=True, timeout=_TIMEOUT_S + _PER_FILE_S * len(paths), check=False
        ).stdout
        found = json.loads(said or b"[]")
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return {}
    by_name = {entry["SourceFile"]: entry for entry in found if isinstance(entry, dict) and "SourceFile" in entry}
    headers = ((path, _header(by_name.get(str(path), {}))) for path in paths)
    return {path: of_header(header) for path, header in headers if header is not None}


def _header(tags: Mapping[str, Any]) -> Header | None:
    """Return exiftool's words as the header that our own reader would have found."""
    wh = [int(tags.get(f"File:Image{side}", 0) or 0) for side in ("Width", "Height")]
    if not all(1 <= side <= MAX_SIDE_PX for side in wh):
        wh = [int(part) for part in str(tags.get("Composite:ImageSize", "")).split()[:2] if part.isdigit()]
    if len(wh) != 2 or not all(1 <= side <= MAX_SIDE_PX for side in wh):
        return None
    gps = _tags(tags, "GPS", _GPS)
    for code, name in ((2, "GPSLatitude"), (4, "GPSLongitude")):
        if (degrees := _number(tags.get(f"GPS:{name}"))) is not None:
            gps[code] = (abs(degrees), 0.0, 0.0)
    if (reference := _number(tags.get("GPS:GPSAltitudeRef"))) is not None and 0 <= reference <= 3:
        gps[5] = bytes([int(reference)])
    clock = [_number(part) for part in str(tags.get("GPS:GPSTimeStamp", "")).split(":")]
    if len(clock) == 3 and None not in clock:
        gps[7] = tuple(float(part or 0.0) for part in clock)
    found = TiffTags(_tags(tags, "IFD0", _IMAGE), _tags(tags, "ExifIFD", _EXIF), gps)
    return Header(str(tags.get("File:FileType", "")), (wh[0], wh[1]), found, _packet(tags), has_exif=bool(found.image))


def _tags(tags: Mapping[str, Any], group: str, names: Mapping[int, str]) -> dict[int, Value]:
    found: dict[int, Value] = {}
    for code, name in names.items():
        said = tags.get(f"{group}:{name}")
        if code in _NUMBERS:
            if (value := _number(said)) is not None:
                found[code] = (value,)
        elif said is not None:
            found[code] = str(said).encode()
    return found


def _number(said: Any) -> float | None:
    try:
        return float(said)
    except (TypeError, ValueError):
        return None


def _packet(tags: Mapping[str, Any]) -> bytes:
    """Return the drone's XMP properties as a packet in attribute form; exiftool flattens structures as we do."""
    parts = [
        f'{prefix}:{name.replace("GPSL", "GpsL") if prefix != "exif" else name}="{str(value).replace(chr(34), "")}"'
        for key, value in tags.items()
        for group, _, name in [key.partition(":")]
        if (prefix := _PREFIXES.get(group)) is not None
    ]
    return " ".join(parts).encode()
