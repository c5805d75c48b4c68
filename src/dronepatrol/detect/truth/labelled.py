"""One labelled image, whatever format it was written in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.classes import kind_of as kind_of_name
from dronepatrol.errors import InputError

MAX_FILE_BYTES = 1_000_000_000
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True, slots=True)
class Box:
    """One label as a file has it: edges in pixels counted from the image's corner, and what it is called there."""

    left: float
    top: float
    right: float
    bottom: float
    name: str
    area_px2: float | None = None
    is_crowd: bool = False
    is_region: bool = False


class Labels(NamedTuple):
    """What a file says of one image, which ``source`` is named for, and width and height where it says them."""

    path: Path
    boxes: Sequence[Box]
    source: str
    image_wh: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is there in one image, as columns of equal length n.

    ``xyxy`` (n, 4) in pixels, origin at the centre of the top-left pixel; ``kind`` (n,) names as detectors use them;
    ``area_px2`` (n,); ``is_crowd`` (n,) boxes around many things, ``is_region`` (n,) parts of the image in which
    nothing of any kind is labelled: neither counts as missed, nor what is found in it as false. ``image_wh`` is the
    size of the image that the labels are for, None where they do not say.
    """

    path: Path
    xyxy: NDArray[np.float64]
    kind: NDArray[np.str_]
    area_px2: NDArray[np.float64]
    is_crowd: NDArray[np.bool_]
    is_region: NDArray[np.bool_]
    image_wh: tuple[int, int] | None = None


KindOf = Callable[[str], str | None]
"""What a label's name is called here, None for what no detector looks for from the air."""


def named_as(kind_of_class: Mapping[str, str]) -> KindOf:
    """Return the function that calls labels as a detector calls its classes of these names, and others as usual."""
    called = {name.strip().lower(): kind for name, kind in kind_of_class.items() if kind}
    return lambda name: called.get(name.strip().lower()) or kind_of_name(name)


def labelled(
    path: Path,
    boxes: Sequence[Box],
    source: str,
    image_wh: tuple[int, int] | None = None,
    kind_of: KindOf = kind_of_name,
) -> Labelled:
    """Return the labels of an image as columns; what detectors do not look for is left out.

    Raises
    ------
    InputError
        When a box has no size or is made of what is no number; the message names the source and the box.
    """
    for number, box in enumerate(boxes, start=1):
        edges = (box.left, box.top, box.right, box.bottom)
        if not np.isfinite(edges).all() or box.right <= box.left or box.bottom <= box.top:
            msg = f"{source}: box {number} of {path.name} has the edges {edges}; expected left < right and top < bottom"
            raise InputError(msg, hint="correct or remove that label")
    kinds = [(box, kind_of(box.name)) for box in boxes]
    kept = [(box, kind or "") for box, kind in kinds if kind is not None or box.is_region]
    xyxy = np.array([(b.left, b.top, b.right, b.bottom) for b, _ in kept], dtype=float).reshape(-1, 4)
    sizes = np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1)
    given = np.array([np.nan if b.area_px2 is None else b.area_px2 for b, _ in kept], dtype=float)
    return Labelled(
        path,
        xyxy - 0.5,
        np.array([kind for _, kind in kept], dtype=np.str_),
        np.where(np.isfinite(given), given, sizes),
        np.array([b.is_crowd for b, _ in kept], dtype=bool),
        np.array([b.is_region for b, _ in kept], dtype=bool),
        image_wh,
    )


def size_said(width: object, height: object) -> tuple[int, int] | None:
    """Return a size that labels give their image, None where they have none; some tools write 0 for that.

    Raises
    ------
    ValueError, TypeError, OverflowError
        When one of them is no number.
    """
    if width in (None, "") or height in (None, ""):
        return None
    size = int(float(str(width))), int(float(str(height)))
    return size if min(size) > 0 else None


def read_text(path: Path) -> str:
    """Return the text of a label file.

    Raises
    ------
    InputError
        When it cannot be read, is larger than 1 GB or is no UTF-8.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            msg = f"{path}: larger than 1 GB; expected labels"
            raise InputError(msg, hint="split the data set")
        return path.read_text("utf-8-sig")
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error
    except UnicodeDecodeError as error:
        msg = f"{path}: byte {error.start} is no UTF-8 text"
        raise InputError(msg, hint="give the file or folder of labels, not of images") from error


def images_by_stem(folder: Path) -> dict[str, Path]:
    """Return the images of a folder, by name without suffix.

    Raises
    ------
    InputError
        When the folder has none.
    """
    found = {path.stem: path for path in sorted(folder.glob("*")) if path.suffix.lower() in SUFFIXES}
    if not found:
        msg = f"{folder}: no images ({', '.join(SUFFIXES)}) in this folder"
        raise InputError(msg, hint="give the folder of images with --images")
    return found
