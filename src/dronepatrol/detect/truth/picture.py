"""What a labelled image says of itself before it is decoded [pillow]: its size, and how it is to be turned."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dronepatrol.errors import InputError

UPRIGHT = 1
"""EXIF's orientation of an image that is to be shown as it is stored."""
_ORIENTATION = 0x0112
_BROKEN = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error)
"""What Pillow raises on damaged headers."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels as stored, and EXIF's orientation, 1 to 8, :data:`UPRIGHT` where there is none."""

    image_wh: tuple[int, int]
    orientation: int


def read_picture(path: Path) -> Picture:
    """Return what the header of an image says; no pixel is decoded.

    Raises
    ------
    InputError
        When it is no image that can be read.
    """
    with _any_size():
        try:
            with Image.open(path) as opened:
                return Picture(opened.size, _orientation(opened))
        except FileNotFoundError as error:
            msg = f"cannot be read: {error.strerror}"
            raise InputError(msg, hint="check --images") from error
        except _BROKEN as error:
            msg = "the picture cannot be decoded"
            raise InputError(msg, hint="copy it again") from error


def _orientation(opened: Image.Image) -> int:
    """Return EXIF's orientation; one that is damaged, or is no such number, says nothing."""
    try:
        value = Image.Image.getexif(opened).get(_ORIENTATION)  # that of PNG would decode the pixels
    except _BROKEN:
        return UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


@contextmanager
def _any_size() -> Iterator[None]:
    """Let Pillow open images of any size, whose headers alone are read, without a word on what is odd in them."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
