"""Cut-outs of the photos that show an issue: its best evidence with the box drawn, for people to judge by."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from dronepatrol.export.photo import Image, as_jpeg, read_photo
from dronepatrol.files import write_bytes
from dronepatrol.model.batch import Skipped
from dronepatrol.model.issue import Evidence, Issue

LONGEST_PX = 400
"""Longest side of a cut-out."""

_MARGIN_SHARE = 0.8  # of the box's longer side, shown on every side of it …
_LEAST_MARGIN_PX = 40.0  # … and never less than this
_BOX_BGR, _RIM_BGR = (60, 60, 255), (255, 255, 255)
_JPEG_QUALITY = 82


def write_crops(
    issues: Sequence[Issue], shots: pd.DataFrame, root: Path, out: Path
) -> tuple[list[Issue], list[Skipped]]:
    """Write one cut-out per issue and return the issues with it named in their evidence.

    The best evidence whose photo can be read is cut; a photo that cannot be read is skipped and the next best taken.

    Parameters
    ----------
    issues
        With their evidence, best first.
    shots
        ``tables.SHOTS``: how large each photo was when it was read in.
    root
        The patrol folder; photos' paths are relative to it or absolute.
    out
        Folder for the cut-outs, inside ``root``.

    Returns
    -------
    The issues in the same order, and the photos that could not be read.

    Raises
    ------
    StorageError
        When a cut-out cannot be written.
    """
    sizes = {
        str(shot): (int(width), int(height))
        for shot, width, height in shots[["shot_id", "image_width_px", "image_height_px"]].itertuples(index=False)
    }
    photos = _Photos(root, sizes)
    done = list(issues)
    for number in sorted(range(len(done)), key=lambda i: done[i].evidence[0].photo if done[i].evidence else ""):
        done[number] = _with_crop(done[number], photos, root, out)
    return done, list(photos.skipped.values())


class _Photos:
    """Photos of a patrol, the last one kept; what cannot be read is remembered."""

    def __init__(self, root: Path, sizes: dict[str, tuple[int, int]]) -> None:
        self._root, self._sizes = root, sizes
        self._last: tuple[str, Image] | None = None
        self.skipped: dict[str, Skipped] = {}

    def get(self, evidence: Evidence) -> Image | None:
        """Return the photo of an evidence, None where it cannot be read."""
        if not evidence.photo or evidence.photo in self.skipped:
            return None
        if self._last is None or self._last[0] != evidence.photo:
            image, reason = self._read(evidence)
            if image is None:
                hint = "the issue stays; put the photo back and run issues again for its picture"
                self.skipped[evidence.photo] = Skipped(evidence.photo, f"no picture cut from it: {reason}", hint)
                return None
            self._last = evidence.photo, image
        return self._last[1]

    def _read(self, evidence: Evidence) -> tuple[Image | None, str]:
        return read_photo(self._root / evidence.photo, self._sizes.get(evidence.shot_id, (0, 0)))


def _with_crop(issue: Issue, photos: _Photos, root: Path, out: Path) -> Issue:
    for number, evidence in enumerate(issue.evidence):
        photo = photos.get(evidence)
        if photo is None:
            continue
        path = out / f"{issue.id}.jpg"
        write_bytes(path, as_jpeg(cut(photo, evidence.xyxy_px), _JPEG_QUALITY))
        named = replace(evidence, crop=path.relative_to(root).as_posix())
        return replace(issue, evidence=(*issue.evidence[:number], named, *issue.evidence[number + 1 :]))
    return issue


def cut(photo: Image, xyxy_px: tuple[float, float, float, float]) -> Image:
    """Return the box of a photo (height, width, 3) with some margin and the box drawn, at most 400 pixels long."""
    height, width = photo.shape[:2]
    x1, y1, x2, y2 = xyxy_px
    margin = max(_LEAST_MARGIN_PX, _MARGIN_SHARE * max(x2 - x1, y2 - y1))
    left, right = _span(x1 - margin, x2 + margin, width)
    top, bottom = _span(y1 - margin, y2 + margin, height)
    scale = min(LONGEST_PX / max(right - left, bottom - top), 3.0)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    part = cv2.resize(
        photo[top:bottom, left:right], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    corners = [round(float((value - start) * scale)) for value, start in ((x1, left), (y1, top), (x2, left), (y2, top))]
    for color, thickness in ((_RIM_BGR, 4), (_BOX_BGR, 2)):
        cv2.rectangle(part, (corners[0], corners[1]), (corners[2], corners[3]), color, thickness, cv2.LINE_AA)
    return np.asarray(part, dtype=np.uint8)


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    """Return the whole pixels from start to end that an image of this size has, at least one."""
    first = int(np.clip(np.floor(start), 0, size - 1))
    return first, int(np.clip(np.ceil(end), first + 1, size))
