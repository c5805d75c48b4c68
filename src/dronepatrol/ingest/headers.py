"""Where a photo's metadata lie in the file: the segments of a JPEG, the first directory of a TIFF.

Only headers are read, 128 KiB at first and more where segments pass that, so that a folder of big photos costs little.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError
from dronepatrol.ingest.exif import NotTiffError, TiffTags, numbers_of, read_tiff

HEAD_BYTES = 128 * 1024
"""What is read at first; nearly every camera's header fits."""
MAX_HEADER_BYTES = 64 * 1024 * 1024
"""Radiometric JPEGs carry megabytes of APP segments before the picture; more than this no camera writes."""
MAX_SEGMENTS = 4096

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_XMP = 0x0100, 0x0101, 0x02BC
_TIFF_PARTS = ((0x0111, 0x0117), (0x0144, 0x0145))  # offsets and byte counts of strips, of tiles
_NO_TAGS = TiffTags({})


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the picture.

    ``picture_at`` is the offset of a JPEG's coded picture, 0 in a TIFF; ``size_needed`` is how long a TIFF says that it
    is, 0 where it does not say.
    """

    form: str  # "JPEG" or "TIFF"
    image_wh: tuple[int, int]
    tags: TiffTags
    xmp: bytes
    has_jfif: bool
    picture_at: int
    size_needed: int


def read_header(path: Path) -> Header:
    """Return the header of a JPEG or TIFF.

    Raises
    ------
    InputError
        When the file cannot be read, is empty, is no JPEG or TIFF, or ends before its picture begins.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise _unusable(path, "the file is empty", "copy it again from the card")
            if head[:3] == b"\xff\xd8\xff":
                return _jpeg(path, file, head)
            if head[:4] in {b"II*\0", b"MM\0*"}:
                return _tiff(path, file, head)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}", "check the file's permissions") from error
    raise _unusable(path, "is neither JPEG nor TIFF", "remove it, or export the photo as JPEG")


def _unusable(path: Path, what: str, hint: str) -> InputError:
    return InputError(f"{path.name}: {what}", hint=hint)


class _Reader:
    """Bytes of a file by offset, the head from memory."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._head = head

    def read(self, offset: int, size: int) -> bytes:
        if offset + size <= len(self._head):
            return self._head[offset : offset + size]
        self._file.seek(offset)
        return self._file.read(size)


def _jpeg(path: Path, file: BinaryIO, head: bytes) -> Header:
    reader = _Reader(file, head)
    tags, xmp, has_jfif, image_wh = _NO_TAGS, b"", False, (0, 0)
    place = 2
    for _ in range(MAX_SEGMENTS):
        marker = reader.read(place, 4)
        if len(marker) < 4 or marker[0] != 0xFF or place > MAX_HEADER_BYTES:
            break
        code = marker[1]
        if code == 0xFF:  # a fill byte
            place += 1
            continue
        if code in _ALONE:
            place += 2
            continue
        size = int.from_bytes(marker[2:4], "big")
        if code == 0xDA and image_wh[0] > 0 and image_wh[1] > 0:
            return Header("JPEG", image_wh, tags, xmp, has_jfif, place + 2 + size, 0)
        if size < 2 or code in {0xD8, 0xD9, 0xDA}:
            break
        if code == 0xE1:
            body = reader.read(place + 4, size - 2)
            if body.startswith(_EXIF) and tags is _NO_TAGS:
                tags = _tags(body[len(_EXIF) :])
            elif body.startswith(_XMP) and not xmp:
                xmp = body[len(_XMP) :]
        elif code == 0xE0:
            has_jfif = has_jfif or reader.read(place + 4, 5) == b"JFIF\0"
        elif code in _START_OF_FRAME:
            frame = reader.read(place + 5, 4)
            if len(frame) == 4:
                height, width = struct.unpack(">HH", frame)
                image_wh = (width, height)
        place += 2 + size
    raise _unusable(path, f"JPEG header broken or cut off at byte {place:,}", "copy it again from the card")


def _tags(data: bytes) -> TiffTags:
    try:
        return read_tiff(data)
    except NotTiffError:
        return _NO_TAGS


def _tiff(path: Path, file: BinaryIO, head: bytes) -> Header:
    data = head
    if len(head) == HEAD_BYTES:  # directories may stand behind the picture
        data = head + file.read(MAX_HEADER_BYTES - HEAD_BYTES)
    tags = _tags(data)
    width, height = (numbers_of(tags.image, tag)[:1] for tag in (_TIFF_WIDTH, _TIFF_HEIGHT))
    if not width or not height or width[0] < 1 or height[0] < 1:
        raise _unusable(path, "TIFF header broken or cut off: it has no image size", "copy it again from the card")
    packet = tags.image.get(_TIFF_XMP, b"")
    xmp = packet if isinstance(packet, bytes) else bytes(int(value) & 0xFF for value in packet)
    needed = 0
    for offsets, counts in _TIFF_PARTS:
        pairs = zip(numbers_of(tags.image, offsets), numbers_of(tags.image, counts), strict=False)
        needed = max([needed, *(int(offset + count) for offset, count in pairs)])
    return Header("TIFF", (int(width[0]), int(height[0])), tags, xmp, False, 0, needed)
