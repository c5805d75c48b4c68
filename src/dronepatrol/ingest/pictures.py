"""What a picture looks like: sharp or not, dark or washed out, and a fingerprint of it [Pillow, opencv].

Heuristics, all of it. JPEGs are decoded at a fraction of their size, which their transform gives nearly for free.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.ingest.turns import quarter_turns

LOOK_PX = 1600
"""Pictures are looked at with their longer side at least this, where they have it."""
LEAST_SIDE_PX = 100
"""Smaller ones are thumbnails; nothing is said of them."""
MOST_PIXELS = (120_000_000, 180_000_000)
"""Larger ones are not looked at (JPEGs decode at a fraction): one file may not take all the memory."""
_BLOCKS = 6
_TEXTURED = 2.0  # grey levels that neighbours differ by, on average, where there is something to be sharp
_SPAN = 9  # pixels in a line that Crete's blur is the mean of
_FINGERPRINT_WH = (9, 8)

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """Figures of one picture.

    ``blur`` is Crete's (0 sharp to 1 blurred; F. Crete et al., The blur effect, 2007) of the sharpest tenth of the
    picture's parts, NaN where nothing has texture; ``mean`` and ``spread`` are of grey levels (0 to 255), ``white``
    and ``black`` shares of pixels at either end. ``fingerprint`` are 64 bits that pictures of the same scene share.
    ``turned`` is by how many quarter turns, clockwise, the picture is turned against its thumbnail, 0 where that does
    not tell.
    """

    blur: float
    mean: float
    spread: float
    white: float
    black: float
    fingerprint: int
    turned: int = 0


def look_at(path: Path, thumbnail: bytes = b"") -> Look | None:
    """Return what a picture looks like, also against its thumbnail; None where it is too small or cannot be decoded."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 heavy

    try:
        with _quietly(), Image.open(path) as image:
            if min(image.size) < LEAST_SIDE_PX or image.width * image.height > MOST_PIXELS[image.format == "JPEG"]:
                return None
            image.draft("L", (LOOK_PX, LOOK_PX))
            grey = image.convert("L")
            if max(grey.size) > 2 * LOOK_PX:
                grey = grey.reduce(max(grey.size) // LOOK_PX)
            small = grey.resize(_FINGERPRINT_WH, Image.Resampling.BOX)
            return _look(
                np.asarray(grey), grey.histogram(), np.asarray(small, dtype=np.int16), _turned(grey, thumbnail)
            )
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _turned(grey: Any, thumbnail: bytes) -> int:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 heavy

    try:
        with Image.open(BytesIO(thumbnail), formats=("JPEG",)) as image:
            if max(image.size) > LOOK_PX:
                return 0
            return quarter_turns(np.asarray(grey), np.asarray(image.convert("L")))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the decoder's warnings about odd files from the screen; the look says what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _look(grey: Grey, counts: list[int], small: NDArray[np.int16], turned: int) -> Look:
    """Return the figures of a picture by its (h, w) pixels, how many there are of each level, and (8, 9) of it."""
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    levels, share = np.arange(256), np.array(counts) / grey.size
    mean = float(levels @ share)
    return Look(
        blur=_blur(grey),
        mean=mean,
        spread=math.sqrt(float((levels - mean) ** 2 @ share)),
        white=float(share[250:].sum()),
        black=float(share[:6].sum()),
        fingerprint=int.from_bytes(bits.tobytes(), "big"),
        turned=turned,
    )


def _blur(grey: Grey) -> float:
    """Return the blur of the sharpest parts: blurring what is blurred already changes little between neighbours.

    A part counts with its more blurred axis as soon as either has texture: motion takes its own axis' away first.
    """
    texture, kept = (np.stack(part) for part in zip(*(_along(grey, axis) for axis in (0, 1)), strict=True))
    blur = (kept / np.maximum(texture, 1e-9)).max(axis=0)
    known = np.sort(blur[texture.max(axis=0) > _TEXTURED])
    return float(known[len(known) // 10]) if len(known) else math.nan


def _along(grey: Grey, axis: int) -> tuple[Floats, Floats]:
    """Return (blocks, blocks) grey levels that neighbours along an axis differ by, and how much blurring leaves.

    Means of nine pixels differ between neighbours by a ninth of how the two pixels differ that only one of them
    holds. So the picture need not be blurred to know what blurring changes, and whole numbers are enough; so is, for
    neighbours in a row, every other row.
    """
    import cv2  # noqa: PLC0415 heavy

    def pixels(first: int) -> Grey:
        """Return the picture from a place on along the axis; all from 0 to 9 are of one size."""
        last = grey.shape[axis] - _SPAN + first
        return grey[first:last] if axis == 0 else grey[::2, first:last]

    before = cv2.absdiff(pixels(_SPAN // 2), pixels(_SPAN // 2 + 1))
    after = cv2.absdiff(pixels(0), pixels(_SPAN))
    lost = cv2.addWeighted(before, float(_SPAN), after, -1.0, 0.0, dtype=cv2.CV_16U)  # not below 0
    texture = _block_means(before)
    return texture, texture - _block_means(lost) / _SPAN


def _block_means(values: Any) -> Floats:
    import cv2  # noqa: PLC0415 heavy

    rows, columns = (side // _BLOCKS for side in values.shape)
    cut = values[: rows * _BLOCKS, : columns * _BLOCKS]
    return np.array([[cv2.mean(block)[0] for block in np.hsplit(row, _BLOCKS)] for row in np.vsplit(cut, _BLOCKS)])


def small_picture(path: Path, wh: tuple[int, int]) -> Any:
    """Return a picture that fits in (width, height) pixels, None where it cannot be decoded."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 heavy

    try:
        with _quietly(), Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS[image.format == "JPEG"]:
                return None
            image.draft("RGB", wh)
            small = image.convert("RGB")
            small.thumbnail(wh)
            return small
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
