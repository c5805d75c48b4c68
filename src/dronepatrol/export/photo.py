"""Pixels of a patrol's photo, as they were when it was read in."""

from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ExifTags

Image = NDArray[np.uint8]
_MOST_BYTES = 256 * 1024 * 1024


def read_photo(path: Path, expected_wh: tuple[int, int]) -> tuple[Image | None, str]:
    """Return (height, width, 3) BGR pixels, EXIF's orientation not applied, or None and why there are none.

    ``expected_wh`` is the size that the photo had when it was read in, zeros where nobody knows.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None, f"its file is larger than {_MOST_BYTES >> 20} MiB"
        image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except OSError as error:
        return None, error.strerror or str(error)
    except cv2.error:
        return None, "it is no image that can be read"
    if image is None:
        return None, "it is no image that can be read"
    found = image.shape[1], image.shape[0]
    if all(expected_wh) and found != expected_wh:
        was = f"{expected_wh[0]} x {expected_wh[1]}"
        return None, f"it is {found[0]} x {found[1]} pixels, was {was} when it was read in"
    return np.asarray(image, dtype=np.uint8), ""


def is_turned(path: Path) -> bool:
    """Return whether viewers turn or mirror a photo, because its EXIF orientation says so; False without a header."""
    try:
        with PIL.Image.open(path) as photo:
            return photo.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return False


def as_jpeg(image: Image, quality: int) -> bytes:
    """Return an image (height, width, 3), BGR, as JPEG."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
