"""The tags of a TIFF structure, as EXIF and TIFF files hold them (TIFF 6.0; CIPA DC-008 "Exif").

Everything read here is hostile until parsed: offsets may point anywhere, counts may be huge, directories may loop. A tag
that cannot be read is left out; nothing raises but :class:`NotTiffError`.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_TAGS = 512
"""Tags read from one directory; cameras write fewer than a hundred."""
MAX_VALUES = 65_536
"""Values read from one tag; the longest lists are the tile offsets of a TIFF."""

IFD0_EXIF, IFD0_GPS = 0x8769, 0x8825
"""Tags of the first directory that point to the Exif and the GPS directory."""

_FORMATS = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"}
_SIZES = {kind: struct.calcsize("<" + code) for kind, code in _FORMATS.items()}

Value = bytes | tuple[float, ...]
"""Text and undefined bytes as they are; numbers, and rationals as quotients (NaN for x/0), as a tuple."""
Tags = Mapping[int, Value]


class NotTiffError(ValueError):
    """The bytes do not begin as a TIFF structure does."""


@dataclass(frozen=True, slots=True)
class TiffTags:
    """The tags of the three directories that matter here."""

    image: Tags
    exif: Tags = field(default_factory=dict)
    gps: Tags = field(default_factory=dict)


def read_tiff(data: bytes) -> TiffTags:
    """Return the tags of a TIFF structure; offsets count from the first byte of ``data``.

    Raises
    ------
    NotTiffError
        When ``data`` is no TIFF structure.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        msg = "no TIFF header"
        raise NotTiffError(msg)
    (first,) = struct.unpack_from(order + "I", data, 4)
    image = _directory(data, order, first)
    return TiffTags(
        image,
        _directory(data, order, _pointer(image, IFD0_EXIF)),
        _directory(data, order, _pointer(image, IFD0_GPS)),
    )


def _pointer(tags: Tags, tag: int) -> int:
    number = number_of(tags, tag)
    return int(number) if number is not None else 0


def _directory(data: bytes, order: str, offset: int) -> dict[int, Value]:
    """Return the tags of one directory; the chain to the next one is not followed, so that none can loop."""
    if not 8 <= offset <= len(data) - 2:
        return {}
    (count,) = struct.unpack_from(order + "H", data, offset)
    tags: dict[int, Value] = {}
    for place in range(offset + 2, offset + 2 + 12 * min(count, MAX_TAGS), 12):
        if place + 12 > len(data):
            break
        tag, kind, values = struct.unpack_from(order + "HHI", data, place)
        value = _value(data, order, place + 8, kind, values)
        if value is not None and tag not in tags:
            tags[tag] = value
    return tags


def _value(data: bytes, order: str, place: int, kind: int, count: int) -> Value | None:
    code = _FORMATS.get(kind)
    if code is None or not 0 < count <= MAX_VALUES:
        return None
    size = _SIZES[kind] * count
    if size > 4:
        (place,) = struct.unpack_from(order + "I", data, place)
    if place + size > len(data):
        return None
    if code == "s":
        return data[place : place + size]
    numbers = struct.unpack_from(order + code * count, data, place)
    if len(code) == 2:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(top / bottom if bottom else float("nan") for top, bottom in pairs)
    return numbers


def numbers_of(tags: Tags, tag: int) -> tuple[float, ...]:
    """Return the finite numbers of a tag; empty where the tag is missing, is no number or holds one that is not finite."""
    value = tags.get(tag, ())
    if isinstance(value, bytes) or any(not abs(number) < float("inf") for number in value):
        return ()
    return value


def number_of(tags: Tags, tag: int) -> float | None:
    """Return the first number of a tag, None where there is none."""
    numbers = numbers_of(tags, tag)
    return numbers[0] if numbers else None


def text_of(tags: Tags, tag: int) -> str:
    """Return the text of a tag up to its first NUL, without surrounding blanks; "" where there is none."""
    value = tags.get(tag, b"")
    if not isinstance(value, bytes):
        return ""
    return value.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
