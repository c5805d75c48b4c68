"""What the classes of a network are called here.

A network's class is taken at its word: a small network trained on street scenes calls some cars seen from straight
above phones or suitcases, but so it calls real rubbish, and a map from one to the other would be made up.
"""

import ast
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import InputError

# fmt: off
COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on
"""The 80 classes of the COCO detection task, in its order."""

_SYNONYMS = {
    "pedestrian": "person",
    "people": "person",
    "human": "person",
    "motor": "motorcycle",
    "motorbike": "motorcycle",
    "bike": "bicycle",
    "lorry": "truck",
    "trailer": "truck",
    "ship": "boat",
}
VEHICLES = frozenset({"car", "van", "truck", "bus"})
"""Kinds that exclude one another: one vehicle is one of them."""

_IRRELEVANT = frozenset(COCO) - {"person", "bicycle", "car", "motorcycle", "bus", "truck", "boat"}
"""Classes of COCO that are not looked for from the air: what a network finds of them is left out."""


def kind_of(name: str) -> str | None:
    """Return what a network's class is called here, None where it is not looked for."""
    kind = name.strip().lower()
    kind = _SYNONYMS.get(kind, kind)
    return None if kind in _IRRELEVANT else kind


def rivals(kinds: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return (n,) numbers of (n,) kinds, the same for kinds of which a thing is only one: all vehicles, or one kind."""
    alike = np.where(np.isin(kinds, sorted(VEHICLES)), "vehicle", kinds)
    return np.asarray(np.unique(alike, return_inverse=True)[1], dtype=np.intp)


def class_names(path: Path, given: Sequence[str] | None, count: int | None) -> tuple[str, ...]:
    """Return the names of a network's classes: those given, else COCO's where that is their number or it is open.

    Parameters
    ----------
    path
        The weights, for the error.
    given
        Names from a sidecar or the weights' metadata.
    count
        Number of classes that the outputs' shapes tell, None where they leave it open.

    Raises
    ------
    InputError
        When nothing tells the names, or their number is another than the network's.
    """
    names = tuple(given) if given is not None else None
    if names is None and count in {None, len(COCO)}:
        return COCO
    sidecar = path.with_suffix(".toml").name
    if names is None:
        msg = f"{path.name}: {count} classes without names"
        raise InputError(msg, hint=f'write {sidecar} beside it with: names = ["car", …]')
    if count is not None and len(names) != count:
        msg = f"{path.name}: {count} classes, but {len(names)} names"
        more = "; a network for rotated boxes has one column more" if count == len(names) + 1 else ""
        raise InputError(msg, hint=f"correct names in {sidecar}{more}")
    return names


def names_in(path: Path, metadata: dict[str, str]) -> tuple[str, ...] | None:
    """Return the names that weights carry, as Ultralytics writes them: "{0: 'car', 1: …}" or a list; None without.

    Raises
    ------
    InputError
        When there are names that cannot be read, or not one for each number from 0.
    """
    text = metadata.get("names", "")
    if not text.strip():
        return None
    hint = f'write {path.with_suffix(".toml").name} beside it with: names = ["car", …]'
    try:
        names = ast.literal_eval(text[:65_536])
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        msg = f"{path.name}: names in the file cannot be read: {text[:60]}"
        raise InputError(msg, hint=hint) from error
    if isinstance(names, dict):
        numbers = {str(number): str(name) for number, name in names.items()}
        if set(numbers) != set(map(str, range(len(names)))):
            msg = (
                f"{path.name}: names in the file are numbered {', '.join(numbers)[:60]}; expected 0 to {len(names) - 1}"
            )
            raise InputError(msg, hint=hint)
        names = [numbers[str(number)] for number in range(len(names))]
    if not isinstance(names, list | tuple):
        msg = f"{path.name}: names in the file are {text[:60]}; expected a list"
        raise InputError(msg, hint=hint)
    return tuple(map(str, names))
