"""The properties that drones write into a photo's XMP packet (ISO 16684-1), found by pattern, not by an XML parser.

A pattern reads what real cameras write, attribute and element form alike, also where the packet is no well-formed XML,
and cannot be made to expand entities.
"""

import re

_DJI = re.compile(
    rb"drone-dji:([A-Za-z0-9]{1,64})\s{0,16}(?:=\s{0,16}(?:\"([^\"<]{0,4096})\"|'([^'<]{0,4096})')|>([^<]{0,4096})<)"
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)

LATITUDE = ("GpsLatitude", "GPSLatitude", "Latitude")
"""How DJI's firmwares spell the latitude."""
LONGITUDE = ("GpsLongtitude", "GpsLongitude", "GPSLongtitude", "GPSLongitude", "Longitude")
"""How DJI's firmwares spell the longitude, a lasting slip of the pen included."""


def dji_properties(packet: bytes) -> dict[str, str]:
    """Return the drone-dji properties of a packet, name to text; the first of a name counts."""
    found: dict[str, str] = {}
    for name, double, single, element in _DJI.findall(packet):
        found.setdefault(name.decode("ascii"), (double or single or element).decode("utf-8", "replace").strip())
    return found


def number(properties: dict[str, str], *names: str) -> float | None:
    """Return the first of the named properties that is a finite number; "+40.10" is one, "nan" is none."""
    for name in names:
        text = properties.get(name, "")
        if _NUMBER.fullmatch(text) and abs(value := float(text)) < float("inf"):
            return value
    return None
