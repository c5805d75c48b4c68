"""The tags of a TIFF structure, as EXIF and TIFF files hold them (TIFF 6.0; CIPA DC-008 "Exif").

Everything read here is hostile until parsed: offsets may point anywhere, counts may be huge, directories may loop. A
tag that cannot be read is left out; nothing raises but :class:`NotTiffError`.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_TAGS = 512
"""Tags looked at in one directory; cameras write fewer than a hundred."""
MAX_VALUES = 65_536
"""Values read from one tag; the longest lists are the tile offsets of a TIFF."""

EXIF_DIRECTORY, GPS_DIRECTORY, FURTHER_DIRECTORIES = 0x8769, 0x8825, 0x014A
"""Tags of the first directory that point to others; the last one to further pictures (TIFF/EP, DNG)."""
MAX_FURTHER = 8
"""Further pictures looked at."""

_THUMBNAIL_AT, _THUMBNAIL_BYTES = 0x0201, 0x0202

_BYTES = frozenset({1, 2, 7})  # BYTE, ASCII, UNDEFINED
_CODES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"}
_SIZES = {kind: struct.calcsize("<" + code) for kind, code in _CODES.items()}
_ENTRIES = {order: struct.Struct(order + "HHI4s") for order in "<>"}
_LARGEST = 1e18

Read = Callable[[int, int], bytes]
"""Bytes from an offset on, so many or fewer at the end."""
Value = bytes | tuple[float, ...]
"""Bytes and text as they are; numbers, and rationals as quotients (NaN for x/0), as a tuple."""
Tags = Mapping[int, Value]


class NotTiffError(ValueError):
    """The bytes do not begin as a TIFF structure does."""


@dataclass(frozen=True, slots=True)
class TiffTags:
    """The tags of the three directories that matter here, and of those of further pictures."""

    image: Tags
    exif: Tags = field(default_factory=dict)
    gps: Tags = field(default_factory=dict)
    further: tuple[Tags, ...] = ()


def read_tiff(read: Read, wanted: frozenset[int]) -> TiffTags:
    """Return the wanted tags of a TIFF structure.

    Parameters
    ----------
    read
        Gives the bytes; offsets count from the structure's first byte.
    wanted
        Tags to read, of all directories together; others are not touched.

    Raises
    ------
    NotTiffError
        When there is no TIFF structure.
    """
    order, first = _start(read)
    image = _directory(read, order, first, wanted | {EXIF_DIRECTORY, GPS_DIRECTORY, FURTHER_DIRECTORIES})
    exif, gps = (int(number_of(image, tag) or 0) for tag in (EXIF_DIRECTORY, GPS_DIRECTORY))
    places = numbers_of(image, FURTHER_DIRECTORIES)[:MAX_FURTHER]
    further = tuple(_directory(read, order, int(place), wanted) for place in places)
    return TiffTags(image, _directory(read, order, exif, wanted), _directory(read, order, gps, wanted), further)


def read_thumbnail(read: Read) -> bytes:
    """Return the JPEG that the second directory of a photo's EXIF points to, b"" where there is none.

    Raises
    ------
    NotTiffError
        When there is no TIFF structure.
    """
    order, first = _start(read)
    count = read(first, 2) if first >= 8 else b""
    if len(count) < 2:
        return b""
    pointer = read(first + 2 + 12 * struct.unpack(order + "H", count)[0], 4)
    if len(pointer) < 4:
        return b""
    tags = _directory(read, order, struct.unpack(order + "I", pointer)[0], frozenset({_THUMBNAIL_AT, _THUMBNAIL_BYTES}))
    place, size = (int(number_of(tags, tag) or 0) for tag in (_THUMBNAIL_AT, _THUMBNAIL_BYTES))
    return read(place, size) if place > 0 and size > 0 else b""


def _start(read: Read) -> tuple[str, int]:
    """Return the order of bytes and where the first directory lies."""
    head = read(0, 8)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
    if order is None or len(head) < 8:
        msg = "no TIFF header"
        raise NotTiffError(msg)
    return order, struct.unpack(order + "I", head[4:])[0]


def _directory(read: Read, order: str, offset: int, wanted: frozenset[int]) -> dict[int, Value]:
    """Return tags of one directory; the chain to the next one is not followed, so that none can loop."""
    count = read(offset, 2) if offset >= 8 else b""
    if len(count) < 2:
        return {}
    entries = read(offset + 2, 12 * min(struct.unpack(order + "H", count)[0], MAX_TAGS))
    tags: dict[int, Value] = {}
    for tag, kind, values, inline in _ENTRIES[order].iter_unpack(entries[: len(entries) // 12 * 12]):
        if tag in wanted and tag not in tags:
            value = _value(read, order, kind, values, inline)
            if value is not None:
                tags[tag] = value
    return tags


def _value(read: Read, order: str, kind: int, count: int, inline: bytes) -> Value | None:
    """Return a tag's value: the entry's own four bytes where it fits in, else what these point to."""
    code = _CODES.get(kind)
    if code is None or not 0 < count <= MAX_VALUES:
        return None
    size = _SIZES[kind] * count
    data = inline[:size] if size <= 4 else read(struct.unpack(order + "I", inline)[0], size)
    if len(data) < size:
        return None
    if kind in _BYTES:
        return data
    numbers = struct.unpack(order + code * count, data)
    if len(code) == 2:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(top / bottom if bottom else float("nan") for top, bottom in pairs)
    return numbers


def numbers_of(tags: Tags, tag: int) -> tuple[float, ...]:
    """Return the numbers of a tag; empty where it is missing, holds no numbers, or one that is not finite."""
    value = tags.get(tag, ())
    if isinstance(value, bytes) or not all(abs(number) < _LARGEST for number in value):
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
