"""The labelled images that the detector learns from, split by recording.

Frames of one recording look alike, and augmented copies of one frame are nearly the same picture: a split by file would
measure memory. A recording is the part of the file's name before the frame number.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = ("car", "van", "truck", "bus")
AERIAL_CARS = {0: "car", 1: "truck", 2: "bus", 3: "van"}
"""Its label files carry numbers alone; what they mean was read off the pictures."""
REDRAWN = Path(__file__).with_name("auair_boxes.csv")
"""Boxes around the vehicles of AU-AIR's images, drawn anew over the pictures: the set's own leave most vehicles out."""
EDGES = ("left", "top", "right", "bottom")
UNCLEAR = -1
"""Kind of a region whose vehicles cannot be told apart: painted out, neither missed nor false."""
LOOKS_DOWN = frozenset({"frame_20190829091111"})
"""The recordings of AU-AIR whose camera looks straight down."""

RENDERED = "rendered"
"""The recording of all rendered photos."""
VALIDATION = frozenset({"MOS", "DJI_0013", "frame_20190905143505"})
"""Recordings that are never trained on."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One image: ``xyxy`` (n, 4) box edges in pixels, ``kind`` (n,) index into ``CLASSES`` or ``UNCLEAR``.

    ``nadir`` images have no up.
    """

    path: Path
    recording: str
    nadir: bool
    xyxy: NDArray[np.float32]
    kind: NDArray[np.intp]


def aerial_cars(folder: Path) -> Iterator[Labelled]:
    """Yield the images of the *aerial_cars* set: 416 px, labels in the YOLO form."""
    for path in sorted((folder / "images").glob("*.jpg")):
        rows = np.loadtxt(folder / "labels" / f"{path.stem}.txt", ndmin=2, dtype=np.float32)
        rows = rows.reshape(-1, 5)
        centre, size = rows[:, 1:3] * 416, rows[:, 3:5] * 416
        kind = np.array([CLASSES.index(AERIAL_CARS[int(number)]) for number in rows[:, 0]], dtype=np.intp)
        yield Labelled(path, recording(path.name), True, np.hstack([centre - size / 2, centre + size / 2]), kind)


def au_air(folder: Path) -> Iterator[Labelled]:
    """Yield the images of AU-AIR, 1920 by 1080 px, with the boxes of ``REDRAWN``."""
    boxes: dict[str, list[tuple[float, ...]]] = {}
    kinds: dict[str, list[int]] = {}
    with REDRAWN.open(newline="") as file:
        for row in csv.DictReader(file):
            kind = UNCLEAR if row["kind"] == "unclear" else CLASSES.index(row["kind"])
            boxes.setdefault(row["image"], []).append(tuple(float(row[edge]) for edge in EDGES))
            kinds.setdefault(row["image"], []).append(kind)
    for path in sorted((folder / "images").glob("*.jpg")):
        xyxy = np.array(boxes.get(path.name, []), dtype=np.float32).reshape(-1, 4)
        source = recording(path.name)
        found = np.array(kinds.get(path.name, []), dtype=np.intp)
        yield Labelled(path, source, source in LOOKS_DOWN, xyxy, found)


def recording(name: str) -> str:
    """Return the recording that a file belongs to: ``DJI_0005-0018_jpg…`` is of DJI_0005, ``MOS91_png…`` of MOS."""
    source = re.split(r"_(?:jpg|JPG|png)|\.jpg", name)[0]
    if source.startswith("frame_"):
        return "_".join(source.split("_")[:2])
    if "-" in source:
        return source.rsplit("-", 1)[0]
    return re.sub(r"[_]?\d+$", "", source)


def split(images: list[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Return what is trained on and what is validated on."""
    return (
        [image for image in images if image.recording not in VALIDATION],
        [image for image in images if image.recording in VALIDATION],
    )
