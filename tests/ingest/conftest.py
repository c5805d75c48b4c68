"""Photos with headers made to order."""

import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
NADIR = {
    "AbsoluteAltitude": "+105.2",
    "RelativeAltitude": "+100.0",
    "GimbalYawDegree": "+30.0",
    "GimbalPitchDegree": "-90.0",
    "GimbalRollDegree": "+0.0",
    "FlightYawDegree": "+28.0",
}


def _rational(value: float) -> TiffImagePlugin.IFDRational:
    part = Fraction(value).limit_denominator(10_000_000)
    return TiffImagePlugin.IFDRational(part.numerator, part.denominator)


def _dms(degrees: float) -> tuple[TiffImagePlugin.IFDRational, ...]:
    minutes = abs(degrees) % 1 * 60
    return _rational(int(abs(degrees))), _rational(int(minutes)), _rational(minutes % 1 * 60)


def xmp_segment(properties: dict[str, str] | bytes, *, as_elements: bool = False) -> bytes:
    """Return the segment of drone-dji's properties, or of a whole packet."""
    if isinstance(properties, bytes):
        return b"\xff\xe1" + (len(XMP_PREFIX + properties) + 2).to_bytes(2, "big") + XMP_PREFIX + properties
    if as_elements:
        body = (
            ">" + "".join(f"<drone-dji:{n}>{v}</drone-dji:{n}>" for n, v in properties.items()) + "</rdf:Description>"
        )
    else:
        body = "".join(f'\n   drone-dji:{n}="{v}"' for n, v in properties.items()) + "/>"
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description{body}</rdf:RDF></x:xmpmeta>'.encode()
    return b"\xff\xe1" + (len(XMP_PREFIX + packet) + 2).to_bytes(2, "big") + XMP_PREFIX + packet


@cache
def _picture(size: tuple[int, int]) -> Image.Image:
    """Return a picture with enough to see to be neither blurred nor dark."""
    grain = np.random.default_rng(1).integers(60, 180, (size[1] // 2 + 1, size[0] // 2 + 1, 3), dtype=np.uint8)
    return Image.fromarray(grain.repeat(2, 0).repeat(2, 1)[: size[1], : size[0]])


def photo_bytes(
    *,
    lonlat: tuple[float, float] | None = (121.02, 30.70),
    xmp: dict[str, str] | bytes | None = None,
    image: dict[int, object] | None = None,
    exif: dict[int, object] | None = None,
    gps: dict[int, object] | None = None,
    size: tuple[int, int] = (400, 300),
    as_elements: bool = False,
    before: bytes = b"",
) -> bytes:
    """Return a JPEG; ``before`` goes between the start of the image and its metadata."""
    block = Image.Exif()
    block.update({0x010F: "DJI", 0x0110: "TEST1", 0x0131: "v01.02.0300", 0x0132: "2025:06:01 10:00:00"} | (image or {}))
    block.get_ifd(0x8769).update(
        {0x9003: "2025:06:01 10:00:00", 0x9011: "+08:00", 0x920A: _rational(8.0), 0xA405: 24} | (exif or {})
    )
    if lonlat is not None:
        lon, lat = lonlat
        place = {1: "S" if lat < 0 else "N", 2: _dms(lat), 3: "W" if lon < 0 else "E", 4: _dms(lon)}
        block.get_ifd(0x8825).update(place | (gps or {}))
    out = io.BytesIO()
    _picture(size).save(out, "JPEG", exif=block.tobytes())
    jpeg = out.getvalue()
    return jpeg[:2] + before + xmp_segment(NADIR if xmp is None else xmp, as_elements=as_elements) + jpeg[2:]


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a photo; arguments as ``photo_bytes``."""

    def write(name: str = "DJI_0001.JPG", **arguments: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo_bytes(**arguments))
        return path

    return write


@pytest.fixture(scope="session")
def some_photo() -> bytes:
    """Return the bytes of a good photo."""
    return photo_bytes()
