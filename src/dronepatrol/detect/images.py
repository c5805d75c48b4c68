"""Pixels of a photo [opencv]: decoding without turning, and fitting into a network's input."""

import cv2
import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.forms.form import Fit

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

PAD = 114
"""Grey that fills what an image does not cover of a network's input, the custom of the YOLO family."""

SENSOR_BITS = (8, 10, 12, 14, 16)
"""Bits of a sensor's values, of which files keep 16 when there are more than 8."""

AVERAGED_BELOW = 0.5
"""Scale below which pixels are averaged; above, each is next to one that is read, and reading is 7 times as fast."""


def decode(content: bytes) -> Image | None:
    """Return (height, width, 3) BGR pixels of a coded image, None where it cannot be decoded.

    EXIF's orientation is not applied, so that pixels are where the camera's geometry has them. Greyscale and 16-bit
    images come out as three channels of 8 bits; a 16-bit image whose values stay below 2 to the 10, 12 or 14 is taken
    for the picture of a sensor of so many bits.
    """
    if not content:
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags | cv2.IMREAD_ANYDEPTH)
        if image is not None and image.dtype == np.uint16:
            bits = next(bits for bits in SENSOR_BITS if image.max() < 1 << bits)
            image = np.asarray(image, dtype=np.uint16) >> (bits - 8)
        elif image is not None and image.dtype != np.uint8:
            image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags)
    except cv2.error:  # more pixels than OpenCV takes
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def fitted(image: Image, input_wh: tuple[int, int], fit: Fit) -> tuple[Image, Floats, Floats]:
    """Return the image scaled into a network's input, and the scale and offset, x and y, (2,) each.

    An image coordinate counted from pixel edges, times the scale, plus the offset, is the network's coordinate.
    """
    height, width = image.shape[:2]
    whole = np.array(input_wh, dtype=float)
    scale = whole / (width, height)
    if fit is not Fit.STRETCH:
        scale[:] = scale.min()
    size = max(round(width * scale[0]), 1), max(round(height * scale[1]), 1)
    small = _scaled(image, size)
    if size == input_wh:
        return np.asarray(small, dtype=np.uint8), scale, np.zeros(2)
    left, top = ((input_wh[0] - size[0]) // 2, (input_wh[1] - size[1]) // 2) if fit is Fit.CENTRE else (0, 0)
    canvas = np.full((input_wh[1], input_wh[0], 3), PAD, dtype=np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas, scale, np.array([left, top], dtype=float)


def _scaled(image: Image, size: tuple[int, int]) -> Image:
    """Return the image at (width, height), all its pixels averaged where it gets much smaller.

    Even sides are halved first as long as that goes: averaging two by two takes a sixth of the time of other averages.
    """
    height, width = image.shape[:2]
    while min(size[0] / width, size[1] / height) < AVERAGED_BELOW / 2 and width % 2 == height % 2 == 0:
        width, height = width // 2, height // 2
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if size == (width, height):
        return image
    how = cv2.INTER_AREA if min(size[0] / width, size[1] / height) < AVERAGED_BELOW else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)


def use_threads(number: int) -> None:
    """Let OpenCV use so many threads; 0 leaves it to OpenCV."""
    if number > 0:
        cv2.setNumThreads(number)
