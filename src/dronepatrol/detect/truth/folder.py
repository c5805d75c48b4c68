"""Labels in one small file per image: YOLO and VisDrone (``.txt``) and Pascal VOC (``.xml``)."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from dronepatrol.detect.truth.labelled import Box, Labels, images_by_stem, read_text, size_said
from dronepatrol.detect.truth.picture import read_picture
from dronepatrol.detect.truth.yolo_names import CLASS_FILES, yolo_names
from dronepatrol.errors import InputError
from dronepatrol.model.batch import Skipped

# fmt: off
VISDRONE = ("ignored", "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle", "awning-tricycle", "bus",
            "motor", "others")
# fmt: on
_VISDRONE_REGIONS = (0, 11)
"""VisDrone's "ignored regions" and "others": its own toolkit leaves out what is found there."""


def read_folder(folder: Path, images: Path, names: Sequence[str] = ()) -> list[Labels]:
    """Return the labels of each image of a folder of YOLO, VisDrone or VOC files, in the order of their names.

    Parameters
    ----------
    folder
        The label files; a YOLO data set's class names are looked for in it and beside it.
    images
        The folder of the images.
    names
        What YOLO's class numbers mean; empty to read it from ``classes.txt`` or ``data.yaml``.

    Raises
    ------
    InputError
        When there are no label files, or one is not as its format says.
    """
    stems = images_by_stem(images)
    if voc := sorted(folder.glob("*.xml")):
        return [_voc(path, stems) for path in voc]
    texts = [path for path in sorted(folder.glob("*.txt")) if path.name not in CLASS_FILES]
    texts = [path for path in texts if path.stem in stems]
    if not texts:
        msg = f"{folder}: no label file (.txt or .xml) has the name of an image in {images}"
        raise InputError(msg, hint="give the folder of label files with --truth")
    if any("," in read_text(path).partition("\n")[0] for path in texts[:20]):
        return [_visdrone(path, stems[path.stem]) for path in texts]
    called = tuple(names) or yolo_names(folder, images)
    by_stem = {path.stem: path for path in texts}
    return [_yolo(by_stem.get(stem), image, called) for stem, image in stems.items()]


def without_image(folder: Path, images: Path) -> list[Skipped]:
    """Return the YOLO or VisDrone label files of a folder whose image is missing, and so what they say is not used."""
    if not folder.is_dir() or any(folder.glob("*.xml")):
        return []
    stems = images_by_stem(images)
    lost = [path for path in sorted(folder.glob("*.txt")) if path.name not in CLASS_FILES and path.stem not in stems]
    hint = "copy it there, or move the label file away"
    return [Skipped(path.name, f"no image of this name in {images}", hint) for path in lost]


def _rows(path: Path, separator: str | None) -> list[list[float]]:
    """Return the numbers of each line that is not empty."""
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            row = [float(value) for value in line.rstrip(", \t").split(separator)] if line.strip() else []
        except ValueError:
            msg = f"{path.name}: line {number} is {line[:60]!r}; expected numbers"
            raise InputError(msg, hint="export the labels again") from None
        if row:
            rows.append(row)
    return rows


def _yolo(path: Path | None, image: Path, names: tuple[str, ...]) -> Labels:
    """YOLO: class, centre and size (or an outline) as shares of the image; no file means nothing is there."""
    if path is None:
        return Labels(image, [], image.name)
    width, height = _size(image)
    boxes = []
    for number, row in enumerate(_rows(path, None), start=1):
        is_box, is_outline = len(row) == 5, len(row) >= 7 and len(row) % 2 == 1
        if not (is_box or is_outline) or not 0 <= row[0] < len(names) or row[0] != int(row[0]):
            msg = f"{path.name}: row {number} is {row[:5]}; expected a class below {len(names)} and a box or an outline"
            raise InputError(msg, hint="name the classes with --names, or export the labels again")
        if is_box:
            x, y, w, h = row[1:]
            edges = x - w / 2, y - h / 2, x + w / 2, y + h / 2
        else:
            edges = min(row[1::2]), min(row[2::2]), max(row[1::2]), max(row[2::2])
        left, top, right, bottom = edges
        boxes.append(Box(left * width, top * height, right * width, bottom * height, names[int(row[0])]))
    return Labels(image, boxes, path.name)


def _visdrone(path: Path, image: Path) -> Labels:
    """VisDrone: left, top, width, height, whether it counts, class, truncation, occlusion; empty boxes are left out."""
    boxes = []
    for number, row in enumerate(_rows(path, ","), start=1):
        if len(row) < 6 or not 0 <= row[5] < len(VISDRONE):
            msg = f"{path.name}: row {number} is {row}; expected left, top, width, height, counts, class below 12"
            raise InputError(msg, hint="export the labels again")
        left, top, width, height, counts, kind = row[:6]
        is_region = int(kind) in _VISDRONE_REGIONS or not counts
        if width > 0 and height > 0:
            name = VISDRONE[int(kind)]
            boxes.append(Box(left, top, left + width, top + height, name, is_region=is_region))
    return Labels(image, boxes, path.name)


def _voc(path: Path, stems: dict[str, Path]) -> Labels:
    """Pascal VOC: edges counted from 1 and inclusive; objects marked difficult do not count."""
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        msg = f"{path.name}: has a document type of its own, which no VOC label needs"
        raise InputError(msg, hint="remove it")
    try:
        root = ET.fromstring(text)  # no document type, so no entities to expand
        boxes = [_voc_box(one) for one in root.iter("object")]
        size = size_said(root.findtext("size/width"), root.findtext("size/height"))
    except (ET.ParseError, ValueError, TypeError, AttributeError, OverflowError) as error:
        msg = f"{path.name}: not as Pascal VOC says: {error}"
        raise InputError(msg, hint="export the labels again") from error
    stem = Path((root.findtext("filename") or path.stem).replace("\\", "/")).stem
    image = stems.get(path.stem) or stems.get(stem)
    if image is None:
        msg = f"{path.name}: no image {path.stem} nor {stem}"
        raise InputError(msg, hint="give the folder of images with --images")
    return Labels(image, boxes, path.name, size)


def _voc_box(one: ET.Element) -> Box:
    box = one.find("bndbox")
    if box is None:
        msg = "an object without bndbox"
        raise ValueError(msg)
    left, top, right, bottom = (float(box.findtext(side) or "") for side in ("xmin", "ymin", "xmax", "ymax"))
    difficult = (one.findtext("difficult") or "0").strip() == "1"
    return Box(left - 1, top - 1, right, bottom, str(one.findtext("name")), is_region=difficult)


def _size(image: Path) -> tuple[int, int]:
    """Return width and height; of an image that cannot be read, and so not be looked at, a square of one pixel."""
    try:
        return read_picture(image).image_wh
    except InputError:
        return 1, 1
