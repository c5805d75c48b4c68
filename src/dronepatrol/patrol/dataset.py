"""Reviewed issues to a data set to train on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.export.dataset import SPLITS, LabelledPhoto, write_dataset
from dronepatrol.export.geojson import read_issues_geojson
from dronepatrol.export.splits import splits_of
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.quality import is_set_aside
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.patrol.reviews import read_reviews
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table


@dataclass(slots=True)
class DatasetSummary:
    """What went into a data set, and what did not."""

    photos: dict[str, int] = field(default_factory=dict)  # by split
    boxes: dict[str, int] = field(default_factory=dict)  # by split
    hard_negatives: int = 0
    unreviewed: int = 0  # photos left out: a box in them that nobody reviewed
    set_aside: int = 0
    between: int = 0  # photos left out: they overlap a photo of another split, or have no footprint
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Taken:
    photo: LabelledPhoto
    footprint: Any


def export_dataset(folders: Sequence[Path], reviewed: Path, out: Path, form: str, report: Report) -> DatasetSummary:
    """Write the reviewed photos of the patrols as a data set.

    Raises
    ------
    InputError
        When a folder has no issues, a patrol is given twice, or no photo is reviewed throughout.
    DronePatrolError
        When none of the reviewed photos can be read.
    """
    reviews = read_reviews(reviewed)
    summary = DatasetSummary()
    taken: list[_Taken] = []
    seen: set[str] = set()
    for done, root in enumerate(folders, start=1):
        taken += _of_folder(PatrolFolder(root), reviews, seen, summary)
        report(Progress("review", done, len(folders)))
    if not taken:
        if summary.skipped:
            msg = f"none of the reviewed photos can be used; the first: {summary.skipped[0].reason}"
            raise DronePatrolError(msg, hint=summary.skipped[0].hint)
        msg = f"no photo is reviewed throughout; {summary.unreviewed} have boxes that nobody reviewed"
        raise InputError(msg, hint=f"review every issue of some photos; {reviewed} has {len(reviews)} reviews")
    photos = _split(taken, summary)
    report(Progress("dataset", 0, len(photos), f"writing {len(photos)} photos"))
    write_dataset(out, photos, form)
    report(Progress("dataset", len(photos), len(photos)))
    return summary


def _of_folder(folder: PatrolFolder, reviews: dict[str, bool], seen: set[str], summary: DatasetSummary) -> list[_Taken]:
    """Return the photos of one patrol in which every box was reviewed, and at least one is there."""
    if not folder.issues.is_file():
        msg = f"{folder.root}: has no issues.geojson; expected a patrol folder with issues"
        raise InputError(msg, hint=f"run `dronepatrol issues {folder.root}` first")
    issues = read_issues_geojson(folder.issues)
    if issues.patrol_id in seen:
        msg = f"{folder.root}: patrol {issues.patrol_id} was given already"
        raise InputError(msg, hint="give each patrol once")
    seen.add(issues.patrol_id)
    said = {
        (evidence.shot_id, _key(evidence.xyxy_px)): reviews.get(issue.id)
        for issue in issues.issues
        for evidence in issue.evidence
    }
    shots = read_table(folder.shots, SHOTS)
    aside = is_set_aside(shots["quality"])
    summary.set_aside += int(aside.sum())
    found = dict(list(read_table(folder.detections, DETECTIONS).groupby("shot_id")))
    taken = []
    for shot in shots[~aside].itertuples():
        boxes = found.get(shot.shot_id)
        if not shot.photo or boxes is None:
            continue
        edges = boxes[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
        there = [said.get((shot.shot_id, _key(row))) for row in edges]
        if None in there:
            summary.unreviewed += 1
            continue
        source = folder.root / shot.photo
        if not source.is_file():
            summary.skipped.append(Skipped(shot.photo, "no such file", "put the photo back and run it again"))
            continue
        if shot.image_width_px <= 0 or shot.image_height_px <= 0:
            summary.skipped.append(Skipped(shot.photo, "its size is not known", "run ingest again"))
            continue
        size = np.array([shot.image_width_px, shot.image_height_px] * 2, dtype=float)
        inside = np.clip(edges + 0.5, 0, size)
        kept = tuple(
            (str(kind), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for kind, box, is_there in zip(boxes["kind"], inside, there, strict=True)
            if is_there and box[2] > box[0] and box[3] > box[1]
        )
        mark = hashlib.sha256(f"{issues.patrol_id}/{shot.shot_id}".encode()).hexdigest()[:16]
        name = f"{mark}{source.suffix.lower()}"
        photo = LabelledPhoto(name, source, int(shot.image_width_px), int(shot.image_height_px), kept, "")
        taken.append(_Taken(photo, shot.geometry))
    return taken


def _key(xyxy: Sequence[float]) -> tuple[float, ...]:
    """Return a box as issues.geojson rounds it."""
    return tuple(round(float(value), 1) for value in xyxy)


def _split(taken: Sequence[_Taken], summary: DatasetSummary) -> list[LabelledPhoto]:
    """Return the photos with their splits, without those between two splits."""
    footprints = np.empty(len(taken), dtype=object)
    footprints[:] = [one.footprint for one in taken]
    splits = splits_of(footprints)
    photos = [replace(one.photo, split=split) for one, split in zip(taken, splits, strict=True) if split]
    summary.between = len(taken) - len(photos)
    summary.hard_negatives = sum(not photo.boxes for photo in photos)
    for split in SPLITS:
        of_split = [photo for photo in photos if photo.split == split]
        summary.photos[split], summary.boxes[split] = len(of_split), sum(len(photo.boxes) for photo in of_split)
    return photos
