"""A detector over all photos of a patrol: one detector per worker, results in the order of the shots."""

import hashlib
import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.images import Image, decode, use_threads
from dronepatrol.errors import DronePatrolError
from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.model.batch import Skipped
from dronepatrol.model.detection import Detections, Detector
from dronepatrol.model.tables import DETECTIONS

MAX_PHOTO_BYTES = 512 * 1024 * 1024
MAX_PIXELS = 256_000_000
"""Largest photo that is decoded; the largest mapping cameras have 150 MP."""
_BATCH = 64  # photos handed to the workers at a time


@dataclass(frozen=True, slots=True)
class Photo:
    """What a worker needs of a shot."""

    shot_id: str
    path: Path
    sha256: str
    image_wh: tuple[int, int]
    gsd_m: float | None


Found = tuple[str, Detections]


def detect_photos(shots: pd.DataFrame, detector_name: str, *, root: Path, jobs: int = 1) -> Iterator[Found | Skipped]:
    """Return, for each shot that has a photo, its id and what is seen, or why it was left out; in the shots' order.

    Parameters
    ----------
    shots
        Rows of ``tables.SHOTS``.
    detector_name
        As for ``detect.detector.load_detector``.
    root
        The patrol folder, which relative paths of photos count from.
    jobs
        Number of worker processes; 1 works in this process.

    Raises
    ------
    InputError
        At once when there is no such detector.
    """
    photos = [_photo(row, root) for row in shots[shots["photo"] != ""].to_dict("records")]
    detector = load_detector(detector_name)
    if jobs <= 1 or len(photos) <= 1:
        return (_find(detector, photo) for photo in photos)
    return _in_processes(photos, detector_name, jobs)


def _photo(row: dict[str, object], root: Path) -> Photo:
    return Photo(
        shot_id=str(row["shot_id"]),
        path=root / str(row["photo"]),
        sha256=str(row["sha256"]),
        image_wh=(int(str(row["image_width_px"])), int(str(row["image_height_px"]))),
        gsd_m=gsd_m(*(float(str(row[name])) for name in ("height_m", "fx_px", "pitch_deg"))),
    )


def gsd_m(height_m: float, fx_px: float, pitch_deg: float) -> float | None:
    """Return metres on the ground per pixel, across the line of sight, in the middle of the image; None where unknown.

    The line of sight to flat ground is ``height / sin(-pitch)`` long. Cameras that look at the horizon have no such.
    """
    down = math.sin(math.radians(-pitch_deg)) if math.isfinite(pitch_deg) else math.nan
    if not (math.isfinite(height_m) and math.isfinite(fx_px) and height_m > 0 and fx_px > 0):
        return None
    return height_m / fx_px / down if down > math.cos(math.radians(MAX_OFF_NADIR_DEG)) else None


def _find(detector: Detector, photo: Photo) -> Found | Skipped:
    image = _picture(photo)
    if isinstance(image, Skipped):
        return image
    try:
        return photo.shot_id, detector(image, photo.gsd_m)
    except DronePatrolError as error:
        return Skipped(photo.shot_id, error.message, error.hint)


def _picture(photo: Photo) -> Image | Skipped:
    """Return a photo's pixels, or why they are not those of the shot."""
    content = _content(photo)
    if isinstance(content, Skipped):
        return content
    width, height = photo.image_wh
    if width * height > MAX_PIXELS:
        return Skipped(photo.shot_id, f"the photo has {width} by {height} pixels, too many", "export it smaller")
    image = decode(content)
    if image is None:
        return Skipped(photo.shot_id, "the picture cannot be decoded", "copy the photo again from the card")
    if (image.shape[1], image.shape[0]) != photo.image_wh:
        found = f"the picture has {image.shape[1]} by {image.shape[0]} pixels, its shot says {width} by {height}"
        return Skipped(photo.shot_id, found, "copy the photo again from the card, then ingest again")
    return image


def _content(photo: Photo) -> bytes | Skipped:
    """Return a photo's bytes, or why they are not those that were ingested."""
    try:
        if photo.path.stat().st_size > MAX_PHOTO_BYTES:
            return Skipped(photo.shot_id, "the photo is larger than 512 MB", "export it smaller")
        content = photo.path.read_bytes()
    except OSError as error:
        why = f"{photo.path} cannot be read: {error.strerror or error}"
        return Skipped(photo.shot_id, why, "put the photos back where ingest found them, or ingest again")
    if photo.sha256 and hashlib.sha256(content).hexdigest() != photo.sha256:
        return Skipped(photo.shot_id, "the photo is another than at ingest", "ingest again")
    return content


_worker: dict[str, Detector] = {}
"""The detector of this worker process."""


def _start_worker(detector_name: str) -> None:
    use_threads(1)
    _worker["detector"] = load_detector(detector_name, threads=1)


def _find_in_worker(photo: Photo) -> Found | Skipped:
    return _find(_worker["detector"], photo)


def _in_processes(photos: list[Photo], detector_name: str, jobs: int) -> Iterator[Found | Skipped]:
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start_worker, initargs=(detector_name,))
    try:
        for start in range(0, len(photos), _BATCH):
            yield from pool.map(_find_in_worker, photos[start : start + _BATCH])
    except BrokenProcessPool as error:
        msg = "a detection worker ended without a word; it may have run out of memory"
        raise DronePatrolError(msg, hint="run again with --jobs 1") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def detections_table(found: Iterable[Found], detector_name: str) -> pd.DataFrame:
    """Return detections as ``tables.DETECTIONS``: in the order of the photos, in each the best first, ties by place.

    Parameters
    ----------
    found
        Shot ids and what is seen.
    detector_name
        As given to :func:`detect_photos`; its name and the hash of its weights go with every row.

    Raises
    ------
    InputError
        When there is no such detector.
    """
    detector = load_detector(detector_name)
    rows = []
    for shot_id, seen in found:
        columns = zip(seen.score.tolist(), seen.xyxy.tolist(), seen.kind.tolist(), strict=True)
        ordered = sorted(columns, key=lambda one: (-one[0], one[1], one[2]))
        for number, (score, (x1, y1, x2, y2), kind) in enumerate(ordered, start=1):
            rows.append((f"{shot_id}#{number}", shot_id, kind, score, x1, y1, x2, y2))
    names = ["detection_id", "shot_id", "kind", "score", "x1_px", "y1_px", "x2_px", "y2_px"]
    table = pd.DataFrame(rows, columns=names).assign(
        detector=detector.name, weights_sha256=detector.weights_sha256, track_id=""
    )
    dtypes = {name: "float64" if kind == "float" else "str" for name, kind in DETECTIONS.columns.items()}
    return table[list(DETECTIONS.columns)].astype(dtypes)
