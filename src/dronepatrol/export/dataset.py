"""Labelled photos as a data set to train on: COCO or YOLO, the folder there whole or not at all."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.files import replacing_folder

FORMS = ("coco", "yolo")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photo of the data set.

    ``boxes`` are (kind, (left, top, right, bottom)) in pixels counted from the image's corner; none: a hard negative.
    """

    name: str
    source: Path
    width_px: int
    height_px: int
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]
    split: str


def write_dataset(out: Path, photos: Sequence[LabelledPhoto], form: str) -> None:
    """Write the data set; photos are hard-linked, or copied where the disk is another one.

    Raises
    ------
    InputError
        When ``out`` is there already and not empty.
    StorageError
        When something cannot be written; then nothing is left of it.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        msg = f"{out} is there already; expected a new or an empty folder"
        raise InputError(msg, hint="choose another --out, or remove it")
    kinds = sorted({kind for photo in photos for kind, _ in photo.boxes})
    with replacing_folder(out) as building:
        for photo in photos:
            target = building / "images" / photo.split / photo.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(photo.source, target)
        (_write_coco if form == "coco" else _write_yolo)(building, photos, kinds)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _write_coco(root: Path, photos: Sequence[LabelledPhoto], kinds: Sequence[str]) -> None:
    (root / "annotations").mkdir()
    for split in SPLITS:
        text = json.dumps(_coco([photo for photo in photos if photo.split == split], kinds), indent=1)
        (root / "annotations" / f"{split}.json").write_text(text + "\n", encoding="utf-8")


def _coco(photos: Sequence[LabelledPhoto], kinds: Sequence[str]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(photos, start=1):
        images.append({"id": number, "file_name": photo.name, "width": photo.width_px, "height": photo.height_px})
        for kind, (left, top, right, bottom) in photo.boxes:
            width, height = right - left, bottom - top
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": kinds.index(kind) + 1,
                    "bbox": [left, top, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": kind} for number, kind in enumerate(kinds, start=1)]
    return {"info": {}, "images": images, "annotations": annotations, "categories": categories}


def _write_yolo(root: Path, photos: Sequence[LabelledPhoto], kinds: Sequence[str]) -> None:
    for split in SPLITS:
        (root / "images" / split).mkdir(parents=True, exist_ok=True)
        (root / "labels" / split).mkdir(parents=True)
    for photo in photos:
        lines = []
        for kind, (left, top, right, bottom) in photo.boxes:
            x, y = (left + right) / 2 / photo.width_px, (top + bottom) / 2 / photo.height_px
            width, height = (right - left) / photo.width_px, (bottom - top) / photo.height_px
            lines.append(f"{kinds.index(kind)} {x:.9f} {y:.9f} {width:.9f} {height:.9f}\n")
        label = root / "labels" / photo.split / f"{Path(photo.name).stem}.txt"
        label.write_text("".join(lines), encoding="utf-8")
    names = "".join(f"  {number}: {json.dumps(kind)}\n" for number, kind in enumerate(kinds))
    paths = "".join(f"{split}: images/{split}\n" for split in SPLITS)
    (root / "data.yaml").write_text(f"{paths}names:\n{names}", encoding="utf-8")
