"""What a picture looks like: sharp or not, dark or washed out, and a fingerprint of it [Pillow]. Heuristics, all of it.

JPEGs are decoded at a fraction of their size, which their transform gives nearly for free.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOOK_PX = 1600
"""Pictures are looked at with their longer side at least this, where they have it."""
LEAST_SIDE_PX = 100
"""Smaller ones are thumbnails; nothing is said of them."""
MOST_PIXELS = (120_000_000, 180_000_000)
"""Larger ones are not looked at (JPEGs decode at a fraction): one file may not take all the memory."""
_BLOCKS = 6
_TEXTURED = 2.0  # grey levels that neighbours differ by, on average, where there is something to be sharp
_FINGERPRINT_WH = (9, 8)

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """Figures of one picture.

    ``blur`` is Crete's (0 sharp to 1 blurred; F. Crete et al., The blur effect, 2007) of the sharpest tenth of the
    picture's parts, NaN where nothing has texture; ``mean`` and ``spread`` are of grey levels (0 to 255), ``white``
    and ``black`` shares of pixels at either end. ``fingerprint`` are 64 bits that pictures of the same scene share.
    """

    blur: float
    mean: float
    spread: float
    white: float
    black: float
    fingerprint: int


def look_at(path: Path) -> Look | None:
    """Return what a picture looks like; None where it is too small or cannot be decoded."""
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
            return _look(np.asarray(grey, dtype=np.float32), np.asarray(small, dtype=np.int16))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the decoder's warnings about odd files from the screen; the look says what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _look(grey: Grey, small: NDArray[np.int16]) -> Look:
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    return Look(
        blur=_blur(grey),
        mean=float(grey.mean()),
        spread=float(grey.std()),
        white=float((grey >= 250).mean()),
        black=float((grey <= 5).mean()),
        fingerprint=int.from_bytes(bits.tobytes(), "big"),
    )


def _blur(grey: Grey) -> float:
    """Return the blur of the sharpest parts: blurring what is blurred already changes little between neighbours."""
    blur = np.fmax(_blur_along(grey, 1), _blur_along(grey, 0))
    known = np.sort(blur[np.isfinite(blur)])
    return float(known[len(known) // 10]) if len(known) else float("nan")


def _blur_along(grey: Grey, axis: int) -> NDArray[np.float64]:
    """Return (blocks, blocks) blur along an axis, NaN where a block has no texture."""
    from scipy.ndimage import uniform_filter1d  # noqa: PLC0415 heavy

    again = uniform_filter1d(grey, 9, axis=axis, mode="nearest")
    before = np.abs(np.diff(grey, axis=axis))
    after = np.abs(np.diff(again, axis=axis))
    lost = np.maximum(before - after, 0.0)
    texture, sharp = (_block_means(part) for part in (before, lost))
    return np.where(texture > _TEXTURED, 1.0 - sharp / np.maximum(texture, 1e-9), np.nan)


def _block_means(values: NDArray[np.floating]) -> NDArray[np.float64]:
    rows, columns = (side // _BLOCKS for side in values.shape)
    cut = values[: rows * _BLOCKS, : columns * _BLOCKS]
    return np.asarray(cut.reshape(_BLOCKS, rows, _BLOCKS, columns).mean(axis=(1, 3)))


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
