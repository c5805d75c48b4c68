"""What the classes of a network are called here.

A network's class is taken at its word: a small network trained on street scenes calls some cars seen from straight
above phones or suitcases, but so it calls real rubbish, and a map from one to the other would be made up.
"""

import ast
import tomllib
from pathlib import Path

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
    "ship": "boat",
}
_IRRELEVANT = frozenset(COCO) - {"person", "bicycle", "car", "motorcycle", "bus", "truck", "boat"}
"""Classes of COCO that are not looked for from the air: what a network finds of them is left out."""


def kind_of(name: str) -> str | None:
    """Return what a network's class is called here, None where it is not looked for."""
    kind = name.strip().lower()
    kind = _SYNONYMS.get(kind, kind)
    return None if kind in _IRRELEVANT else kind


def class_names(path: Path, metadata: dict[str, str], count: int) -> tuple[str, ...]:
    """Return the names of a network's classes.

    They come from ``names`` in a TOML file beside the weights (same name, ``.toml``), else from the weights' own
    metadata (as Ultralytics writes them), else from COCO where there are 80.

    Raises
    ------
    InputError
        When nothing tells the names, or their number is another than the network's.
    """
    sidecar = path.with_suffix(".toml")
    names = _from_toml(sidecar) if sidecar.is_file() else _from_metadata(metadata)
    if names is None and count == len(COCO):
        return COCO
    if names is None:
        msg = f"{path.name}: {count} classes without names"
        raise InputError(msg, hint=f'write {sidecar.name} beside it with: names = ["car", …]')
    if len(names) != count:
        msg = f"{path.name}: {count} classes, but {len(names)} names"
        raise InputError(msg, hint=f"correct names in {sidecar.name}")
    return names


def _from_toml(sidecar: Path) -> tuple[str, ...]:
    try:
        names = tomllib.loads(sidecar.read_text("utf-8"))["names"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        msg = f"{sidecar.name}: no list of names: {error}"
        raise InputError(msg, hint='write in it: names = ["car", …]') from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        msg = f"{sidecar.name}: names is no list of texts"
        raise InputError(msg, hint='write in it: names = ["car", …]')
    return tuple(names)


def _from_metadata(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """Return the names of "{0: 'car', 1: …}" or of a list, None where there are none."""
    try:
        names = ast.literal_eval(metadata.get("names", "")[:65_536])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(names, dict):
        names = [names.get(number, "") for number in range(len(names))]
    return tuple(map(str, names)) if isinstance(names, list | tuple) else None
