"""The properties that drones write into a photo's XMP packet (ISO 16684-1), found by pattern, not by an XML parser.

A pattern reads what real cameras write, attribute and element form alike, also where the packet is no well-formed XML,
and cannot be made to expand entities.
"""

import re

DJI, AUTEL, PARROT, SKYDIO, PIX4D, EXIF = "drone-dji", "drone", "drone-parrot", "drone-skydio", "Camera", "exif"
"""Prefixes as makers write them: Autel took DJI's words over, ``Camera`` is Pix4D's, ``exif`` Adobe's (Teal)."""
_PREFIXES = (DJI, AUTEL, PARROT, SKYDIO, PIX4D, EXIF)
_VALUE = rb"\s{0,16}(?:=\s{0,16}(?:\"([^\"<]{0,4096})\"|'([^'<]{0,4096})')|>([^<]{0,4096})<)"
_STRUCTURES = ("CameraOrientationNED", "CalibratedFocalLength", "CalibratedOpticalCenter")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_RATIONAL = re.compile(r"([+-]?\d{1,15})/(\d{1,15})", re.ASCII)
_ANGLE = re.compile(r"(\d{1,3})(?:,(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?)?([NSEW])", re.ASCII)

LATITUDE = ("GpsLatitude", "GPSLatitude", "Latitude")
"""How firmwares spell the latitude."""
LONGITUDE = ("GpsLongtitude", "GpsLongitude", "GPSLongtitude", "GPSLongitude", "Longitude")
"""How firmwares spell the longitude, a lasting slip of the pen included."""

Properties = dict[str, str]
"""Name to text."""


def _pattern(prefix: str) -> re.Pattern[bytes]:
    return re.compile(prefix.encode() + rb":([A-Za-z0-9]{1,64})" + _VALUE)


_MARKS = {prefix: prefix.encode() + b":" for prefix in _PREFIXES}
_PATTERNS = {prefix: _pattern(prefix) for prefix in _PREFIXES}
_BLOCKS = {
    name: re.compile(f"{SKYDIO}:{name}\\b(.{{0,1000}}?)(?:/>|</{SKYDIO}:{name}>)".encode(), re.DOTALL)
    for name in _STRUCTURES
}


def properties(packet: bytes) -> dict[str, Properties]:
    """Return what each maker's prefix says in a packet; the first of a name counts, prefixes that say nothing are out.

    Skydio's structures are flat here: ``CameraOrientationNED`` with a ``Yaw`` is "CameraOrientationNEDYaw".
    """
    found: dict[str, Properties] = {}
    for prefix, mark in _MARKS.items():
        if mark in packet and (said := _named(_PATTERNS[prefix], packet)):
            found[prefix] = said
    if SKYDIO in found:
        found[SKYDIO] = _structures(packet) | found[SKYDIO]
    return found


def _named(pattern: re.Pattern[bytes], packet: bytes) -> Properties:
    said: Properties = {}
    for name, double, single, element in pattern.findall(packet):
        said.setdefault(name.decode("ascii"), (double or single or element).decode("utf-8", "replace").strip())
    return said


def _structures(packet: bytes) -> Properties:
    flat: Properties = {}
    for name, block in _BLOCKS.items():
        if match := block.search(packet):
            flat |= {name + part: text for part, text in _named(_PATTERNS[SKYDIO], match.group(1)).items()}
    return flat


def number(said: Properties, *names: str) -> float | None:
    """Return the first of the named properties that is a finite number: "+40.10" and "401/10" are, "nan" is none."""
    for name in names:
        text = said.get(name, "")
        if _NUMBER.fullmatch(text) and abs(value := float(text)) < float("inf"):
            return value
        if (match := _RATIONAL.fullmatch(text)) and int(match.group(2)):
            return int(match.group(1)) / int(match.group(2))
    return None


def angle(said: Properties, name: str, letters: str) -> float | None:
    """Return signed degrees of a position as XMP for Exif writes it: "30,42.03N" or "30,42,1.8N"; None for others."""
    match = _ANGLE.fullmatch(said.get(name, ""))
    if match is None or match.group(4) not in letters:
        return None
    degrees, minutes, seconds = (float(part or 0.0) for part in match.groups()[:3])
    value = degrees + minutes / 60 + seconds / 3600
    return -value if match.group(4) in "SW" else value
