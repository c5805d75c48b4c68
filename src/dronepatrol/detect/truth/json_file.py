"""Labels in one JSON file: COCO (``annotations`` of ``images``) and AU-AIR (frames with their boxes)."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from dronepatrol.detect.truth.labelled import Box, Labels, read_text, size_said
from dronepatrol.errors import InputError


def read_json(path: Path, images: Path) -> list[Labels]:
    """Return the labels of each image of a COCO or AU-AIR file, in its order.

    Raises
    ------
    InputError
        When the file is neither, or a part of it is not as the format says.
    """
    try:
        table = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        msg = f"{path.name}: is no JSON: {error}"
        raise InputError(msg, hint="give a COCO or AU-AIR file") from error
    if not isinstance(table, dict) or not isinstance(table.get("annotations"), list):
        msg = f"{path.name}: neither COCO nor AU-AIR: no list of annotations"
        raise InputError(msg, hint="give a COCO or AU-AIR file, or a folder of YOLO, VOC or VisDrone labels")
    read = _coco if isinstance(table.get("images"), list) else _au_air
    try:
        return read(table, path.name, images)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        kind = "COCO" if read is _coco else "AU-AIR"
        msg = f"{path.name}: not as {kind} says: {type(error).__name__}: {error}"
        raise InputError(msg, hint="export the labels again") from error


def _coco(table: dict[str, Any], source: str, images: Path) -> list[Labels]:
    """COCO: boxes are left, top, width, height from the image's corner; categories have ids of their own."""
    names = {int(one["id"]): str(one["name"]) for one in table["categories"]}
    boxes: dict[Any, list[Box]] = {one["id"]: [] for one in table["images"]}
    for one in table["annotations"]:
        left, top, width, height = (float(value) for value in one["bbox"])
        area = float(one["area"]) if one.get("area") is not None else None
        box = Box(
            left, top, left + width, top + height, names[int(one["category_id"])], area, bool(one.get("iscrowd", 0))
        )
        boxes[one["image_id"]].append(box)
    return [
        Labels(
            _below(images, str(one["file_name"]), source),
            boxes[one["id"]],
            source,
            size_said(one.get("width"), one.get("height")),
        )
        for one in table["images"]
    ]


def _au_air(table: dict[str, Any], source: str, images: Path) -> list[Labels]:
    """AU-AIR: each annotation is one frame; boxes are left, top, width, height and the number of a category."""
    names = [str(name) for name in table["categories"]]
    found = []
    for frame in table["annotations"]:
        boxes = []
        for one in frame["bbox"]:
            left, top, width, height = (float(one[side]) for side in ("left", "top", "width", "height"))
            boxes.append(Box(left, top, left + width, top + height, names[int(one["class"])]))
        size = size_said(frame.get("image_width"), frame.get("image_height"))
        found.append(Labels(_below(images, str(frame["image_name"]), source), boxes, source, size))
    return found


def _below(images: Path, name: str, source: str) -> Path:
    """Return the path of an image; a name that leads out of the folder, or that no file can have, is refused."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
        msg = f"{source}: image {name!r} lies outside the folder of images"
        raise InputError(msg, hint="give names relative to --images")
    whole = images.joinpath(*parts)
    try:
        whole.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return images / parts[-1]
    except (OSError, ValueError) as error:  # too long; NUL, or half of a surrogate pair
        msg = f"{source}: no file can be called {name[:60]!r}"
        raise InputError(msg, hint="correct file_name, or export the labels again") from error
    return whole
