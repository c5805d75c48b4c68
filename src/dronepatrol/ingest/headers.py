"""Where a photo's metadata lie in the file: the segments of a JPEG, the first directory of a TIFF.

Only headers are read, 128 KiB at first and more where segments pass that, so that a folder of big photos costs little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError
from dronepatrol.ingest.exif import (
    NotTiffError,
    Read,
    Tags,
    TiffTags,
    number_of,
    numbers_of,
    read_thumbnail,
    read_tiff,
)

HEAD_BYTES = 128 * 1024
"""What is read at first; nearly every camera's header fits."""
MAX_SEGMENTS = 4096
"""Radiometric JPEGs carry megabytes of segments of 64 KiB before the picture; no camera writes more than this."""
NOT_OURS = "is neither JPEG nor TIFF"
MAX_SIDE_PX = 1_000_000

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_APP0, _APP1, _SCAN = 0xE0, 0xE1, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_NEVER_HERE = frozenset({0x00, 0xD8, 0xD9})
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_XMP = 0x0100, 0x0101, 0x02BC
_TIFF_PARTS = ((0x0111, 0x0117), (0x0144, 0x0145))  # offsets and byte counts of strips, of tiles
_TIFF_OWN = frozenset({_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_XMP, *_TIFF_PARTS[0], *_TIFF_PARTS[1]})
_REDUCED, _DNG_VERSION = 0x00FE, 0xC612  # NewSubfileType, 0 for the full picture; only DNG has a version
_NO_TAGS = TiffTags({})


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the picture.

    ``picture_at`` is the offset of a JPEG's coded picture, 0 in a TIFF; ``size_needed`` is how long a TIFF says that it
    is, 0 where it does not say.
    """

    form: str  # "JPEG", "TIFF" or "DNG"
    image_wh: tuple[int, int]
    tags: TiffTags
    xmp: bytes = b""
    has_exif: bool = False
    has_jfif: bool = False
    picture_at: int = 0
    size_needed: int = 0


def read_header(path: Path, wanted: frozenset[int]) -> Header:
    """Return the header of a JPEG or TIFF.

    Parameters
    ----------
    path
        The photo.
    wanted
        EXIF tags to read.

    Raises
    ------
    InputError
        When the file cannot be read, is empty, is no JPEG or TIFF, or ends before its picture begins.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            read = _from(file, head)
            if head[:3] == b"\xff\xd8\xff":
                return _jpeg(path, read, wanted)
            if head[:4] in {b"II*\0", b"MM\0*"}:
                return _tiff(path, read, wanted)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}", "check the file's permissions") from error
    if not head:
        raise _unusable(path, "the file is empty", "copy it again from the card")
    raise _unusable(path, NOT_OURS, "remove it, or export the photo as JPEG")


def thumbnail_of(path: Path) -> bytes:
    """Return the small JPEG that a photo carries in its EXIF, b"" where there is none or it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            read = _from(file, head)
            for marker, place, size in _segments(read) if head[:3] == b"\xff\xd8\xff" else ():
                if marker == _APP1 and (body := read(place, size)).startswith(_EXIF):
                    return read_thumbnail(_within(body[len(_EXIF) :]))
    except (OSError, NotTiffError):
        pass
    return b""


def _within(data: bytes) -> Read:
    return lambda offset, size: data[offset : offset + size]


def _unusable(path: Path, what: str, hint: str) -> InputError:
    return InputError(f"{path.name}: {what}", hint=hint)


def _from(file: BinaryIO, head: bytes) -> Read:
    """Return access to a file by offset, its head from memory."""

    def read(offset: int, size: int) -> bytes:
        if offset + size <= len(head) or len(head) < HEAD_BYTES:
            return head[offset : offset + size]
        file.seek(offset)
        return file.read(size)

    return read


def _segments(read: Read) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset of the body, size of the body) up to the coded picture, or to where the file is broken."""
    place = 2
    for _ in range(MAX_SEGMENTS):
        marker = read(place, 4)
        if len(marker) < 4 or marker[0] != 0xFF or marker[1] in _NEVER_HERE:
            return
        if marker[1] == 0xFF:  # a fill byte
            place += 1
            continue
        if marker[1] in _ALONE:
            place += 2
            continue
        size = int.from_bytes(marker[2:], "big")
        if size < 2:
            return
        yield marker[1], place + 4, size - 2
        if marker[1] == _SCAN:
            return
        place += 2 + size


def _jpeg(path: Path, read: Read, wanted: frozenset[int]) -> Header:
    tags, xmp, has_exif, has_jfif, image_wh = _NO_TAGS, b"", False, False, (0, 0)
    for marker, place, size in _segments(read):
        if marker == _APP1:
            body = read(place, size)
            if body.startswith(_EXIF) and tags is _NO_TAGS:
                tags, has_exif = _tags(body[len(_EXIF) :], wanted), True
            elif body.startswith(_XMP):
                xmp = xmp or body[len(_XMP) :]
        elif marker == _APP0:
            has_jfif = has_jfif or read(place, 5) == b"JFIF\0"
        elif marker in _FRAMES:
            frame = read(place + 1, 4)
            image_wh = int.from_bytes(frame[2:], "big"), int.from_bytes(frame[:2], "big")
        elif marker == _SCAN and min(image_wh) > 0:
            return Header("JPEG", image_wh, tags, xmp, has_exif, has_jfif, picture_at=place + size)
    raise _unusable(path, "the file is cut off or broken before its picture", "copy it again from the card")


def _tags(data: bytes, wanted: frozenset[int]) -> TiffTags:
    try:
        return read_tiff(_within(data), wanted)
    except NotTiffError:
        return _NO_TAGS


def _tiff(path: Path, read: Read, wanted: frozenset[int]) -> Header:
    try:
        tags = read_tiff(read, wanted | _TIFF_OWN | {_REDUCED, _DNG_VERSION})
    except NotTiffError:
        tags = _NO_TAGS
    picture = _picture(tags)
    sides = [numbers_of(picture, tag)[:1] for tag in (_TIFF_WIDTH, _TIFF_HEIGHT)]
    if not all(side and 1 <= side[0] <= MAX_SIDE_PX for side in sides):
        raise _unusable(path, "the file is cut off or broken: it has no image size", "copy it again from the card")
    width, height = (int(side[0]) for side in sides)
    packet = tags.image.get(_TIFF_XMP, b"")
    ends = [
        int(offset + count)
        for offsets, counts in _TIFF_PARTS
        for offset, count in zip(numbers_of(picture, offsets), numbers_of(picture, counts), strict=False)
    ]
    xmp = packet if isinstance(packet, bytes) else b""
    form = "DNG" if _DNG_VERSION in tags.image else "TIFF"
    return Header(form, (width, height), tags, xmp, has_exif=True, size_needed=max(ends, default=0))


def _picture(tags: TiffTags) -> Tags:
    """Return the directory of the full picture: in a DNG the first one holds a thumbnail, a further one the picture."""
    directories = [tags.image, *tags.further]
    full = [one for one in directories if not number_of(one, _REDUCED) and number_of(one, _TIFF_WIDTH)]
    return max(full, key=lambda one: number_of(one, _TIFF_WIDTH) or 0.0, default=tags.image)
