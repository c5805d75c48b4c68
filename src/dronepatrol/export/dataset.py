"""Labelled photos as a data set to train on: COCO or YOLO, the folder there whole or not at all."""

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.export.photo import Image, as_jpeg, read_photo
from dronepatrol.files import replacing_folder, write_bytes
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

FORMS = ("coco", "yolo")
SPLITS = ("train", "val", "test")
_COVER = 114
"""Grey of what is covered, which networks of the YOLO family know as what an image does not show."""
_JPEG_QUALITY = 95

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels counted from the image's corner."""


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photo of the data set.

    ``boxes`` are (kind, edges) of what is there; none: a hard negative. ``unknown`` are the edges of what nobody
    reviewed, which a copy of the photo shows as grey, but for what of it lies in ``reviewed``, the edges of the rest.
    A photo that ``is_turned`` by viewers is a copy too, without the header that says so: edges are in the sensor's
    pixels.
    """

    name: str
    source: Path
    width_px: int
    height_px: int
    boxes: tuple[tuple[str, Edges], ...]
    split: str
    unknown: tuple[Edges, ...] = ()
    reviewed: tuple[Edges, ...] = ()
    is_turned: bool = False

    @property
    def is_copy(self) -> bool:
        """Whether the data set has other bytes than the photo."""
        return bool(self.unknown) or self.is_turned


def write_dataset(
    out: Path, photos: Sequence[LabelledPhoto], form: str, report: Report
) -> tuple[list[LabelledPhoto], list[Skipped]]:
    """Write the data set; photos are hard-linked (copied where the disk is another one), or copied with changes.

    Returns
    -------
    The photos that it has, and those that cannot be read and so have no copy.

    Raises
    ------
    InputError
        When ``out`` is there already and not empty.
    DronePatrolError
        When none of the photos can be read.
    StorageError
        When something cannot be written; then nothing is left of it.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        msg = f"{out} is there already; expected a new or an empty folder"
        raise InputError(msg, hint="choose another --out, or remove it")
    with replacing_folder(out) as building, ThreadPoolExecutor(os.cpu_count()) as pool:
        for split in SPLITS:
            (building / "images" / split).mkdir(parents=True)
        written, skipped = list[LabelledPhoto](), list[Skipped]()
        targets = [building / "images" / photo.split / photo.name for photo in photos]
        for photo, reason in zip(photos, pool.map(_place, photos, targets), strict=True):
            if reason:
                skipped.append(Skipped(str(photo.source), reason, "put the photo back, or review all of its boxes"))
            else:
                written.append(photo)
            report(Progress("dataset", len(written) + len(skipped), len(photos), "writing photos"))
        if not written:
            msg = f"none of the reviewed photos can be used; the first: {skipped[0].item}: {skipped[0].reason}"
            raise DronePatrolError(msg, hint=skipped[0].hint)
        kinds = sorted({kind for photo in written for kind, _ in photo.boxes})
        (_write_coco if form == "coco" else _write_yolo)(building, written, kinds)
    return written, skipped


def _place(photo: LabelledPhoto, target: Path) -> str:
    """Put a photo into the data set; return why that cannot be done, or nothing."""
    if not photo.is_copy:
        _link(photo.source, target)
        return ""
    image, reason = read_photo(photo.source, (photo.width_px, photo.height_px))
    if image is not None:
        write_bytes(target, as_jpeg(_covered(image, photo.unknown, photo.reviewed), _JPEG_QUALITY))
    return reason


def _covered(image: Image, unknown: Sequence[Edges], reviewed: Sequence[Edges]) -> Image:
    """Return a copy of an image (height, width, 3) with the unknown parts grey that are not in a reviewed one."""
    copy = image.copy()
    for left, top, right, bottom in unknown:
        copy[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = _COVER
    for left, top, right, bottom in reviewed:
        window = slice(int(top), int(np.ceil(bottom))), slice(int(left), int(np.ceil(right)))
        copy[window] = image[window]
    return copy


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
