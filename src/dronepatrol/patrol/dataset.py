"""Reviewed issues to a data set to train on."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.export.dataset import SPLITS, LabelledPhoto, write_dataset
from dronepatrol.export.geojson import read_issues_geojson
from dronepatrol.export.map_text import LOCAL_TIME
from dronepatrol.export.photo import is_turned
from dronepatrol.export.splits import revisits, splits_by_day, splits_of
from dronepatrol.model.batch import Skipped
from dronepatrol.model.issue import Issue, IssueStatus
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.quality import is_set_aside
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.patrol.reviews import Reviews, read_reviews, visit_of
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table

MOST_COVERED = 0.5
"""Share of a photo that may lie in boxes that nobody reviewed."""


@dataclass(slots=True)
class DatasetSummary:
    """What went into a data set, and what did not."""

    photos: dict[str, int] = field(default_factory=dict)  # by split
    boxes: dict[str, int] = field(default_factory=dict)  # by split
    hard_negatives: int = 0
    test_from: str | None = None  # the first day whose photos are all test, in Asia/Shanghai
    revisited: int = 0  # test photos of such days that show a place which train shows too
    covered: int = 0  # photos in which boxes that nobody reviewed are grey
    turned: int = 0  # photos that are copies in the sensor's orientation
    unreviewed: int = 0  # photos left out: nobody reviewed any box, or more than half of them would be grey
    set_aside: int = 0
    between: int = 0  # photos left out: they overlap a photo of another split in place or time, or have no footprint
    untimed: int = 0  # photos left out: nobody knows whether they are from before the first test day
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Patrol:
    folder: PatrolFolder
    visit: str
    issues: list[Issue]
    shots: pd.DataFrame
    reviews: Reviews
    unknown: tuple[str, ...]  # ids that its own file of reviews has and its issues have not


@dataclass(frozen=True, slots=True)
class _Taken:
    photo: LabelledPhoto
    footprint: Any
    time_utc: pd.Timestamp


def export_dataset(
    folders: Sequence[Path], reviewed: Path | None, out: Path, form: str, test_from: date | None, report: Report
) -> DatasetSummary:
    """Write the reviewed photos of the patrols as a data set.

    Parameters
    ----------
    folders
        The patrols.
    reviewed
        One file with the reviews of all patrols; None: each folder has its own ``reviewed.csv``.
    out
        The folder to write.
    form
        "coco" or "yolo".
    test_from
        Photos taken from this day on (Asia/Shanghai) are test wherever they lie; None: only the place decides.
    report
        Takes the progress.

    Raises
    ------
    InputError
        When a folder has no issues or reviews, a patrol is given twice, one review would be of two patrols' issues,
        no photo has a reviewed box, or none is from ``test_from`` on.
    DronePatrolError
        When none of the reviewed photos can be read.
    """
    common = None if reviewed is None else read_reviews(reviewed)
    summary, taken = DatasetSummary(test_from=test_from.isoformat() if test_from else None), list[_Taken]()
    lost = {} if common is None else dict.fromkeys(common, reviewed)
    homes: dict[str, Path] = {}
    for done, patrol in enumerate(_patrols(folders, common), start=1):
        if reviewed is not None:
            _claim(patrol, homes, reviewed)
        lost = {issue: file for issue, file in lost.items() if issue not in patrol.reviews}
        lost |= dict.fromkeys(patrol.unknown, patrol.folder.reviewed)
        taken += _photos_of(patrol, summary)
        report(Progress("review", done, len(folders)))
    if not taken:
        raise _nothing_to_write(summary, len(lost))
    photos = _split(taken, test_from, summary)
    written, unread = write_dataset(out, photos, form, report)
    _count(written, summary)
    summary.skipped += unread
    why = "reviewed, but no issue of the patrols given"
    summary.skipped += [Skipped(issue, why, f"give its patrol too, or correct {file}") for issue, file in lost.items()]
    return summary


def _claim(patrol: _Patrol, homes: dict[str, Path], reviewed: Path) -> None:
    """Note whose issues the reviews are of, by the id of each; one review must not be of two patrols' issues."""
    for issue in patrol.reviews:
        if issue in homes:
            msg = f"{reviewed}: {issue} is an issue of {homes[issue]} and of {patrol.folder.root}"
            raise InputError(msg, hint="put each patrol's reviewed.csv into its folder, and leave out --reviewed")
        homes[issue] = patrol.folder.root


def _nothing_to_write(summary: DatasetSummary, lost: int) -> DronePatrolError:
    if summary.skipped:
        msg = f"none of the reviewed photos can be used; the first: {summary.skipped[0].reason}"
        return DronePatrolError(msg, hint=summary.skipped[0].hint)
    msg = f"no photo has enough that is reviewed; {summary.unreviewed} have boxes that nobody reviewed"
    msg += f", and {lost} reviews are of no issue of the patrols given" if lost else ""
    return InputError(msg, hint="review some issues")


def _patrols(folders: Sequence[Path], common: Reviews | None) -> Iterator[_Patrol]:
    seen: dict[str, Path] = {}
    for root in folders:
        patrol = _read(PatrolFolder(root), common)
        if patrol.visit in seen:
            msg = f"{root}: holds the same patrol as {seen[patrol.visit]}: {patrol.visit}"
            raise InputError(msg, hint="give each patrol once")
        seen[patrol.visit] = root
        yield patrol


def _read(folder: PatrolFolder, common: Reviews | None) -> _Patrol:
    if not folder.issues.is_file():
        msg = f"{folder.root}: has no issues.geojson; expected a patrol folder with issues"
        raise InputError(msg, hint=f"run `dronepatrol issues {folder.root}` first")
    if common is None and not folder.reviewed.is_file():
        msg = f"{folder.root}: has no reviewed.csv; expected what the map saves"
        raise InputError(msg, hint=f"review {folder.map}, put the file that it saves there, or name one: --reviewed")
    found, shots = read_issues_geojson(folder.issues), read_table(folder.shots, SHOTS)
    said = read_reviews(folder.reviewed) if common is None else common
    ids = {issue.id for issue in found.issues}
    reviews = {issue: status for issue, status in said.items() if issue in ids}
    unknown = tuple(issue for issue in said if issue not in ids) if common is None else ()
    return _Patrol(folder, visit_of(found.patrol_id, shots), found.issues, shots, reviews, unknown)


def _photos_of(patrol: _Patrol, summary: DatasetSummary) -> list[_Taken]:
    """Return the photos of one patrol with a box that was reviewed, most of what they show being known."""
    said = {
        (evidence.shot_id, _key(evidence.xyxy_px)): patrol.reviews.get(issue.id)
        for issue in patrol.issues
        for evidence in issue.evidence
    }
    aside = is_set_aside(patrol.shots["quality"])
    summary.set_aside += int(aside.sum())
    found = dict(list(read_table(patrol.folder.detections, DETECTIONS).groupby("shot_id")))
    taken = []
    for shot in patrol.shots[~aside].itertuples():
        boxes = found.get(shot.shot_id)
        if not shot.photo or boxes is None:
            continue
        edges = boxes[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
        statuses = [said.get((shot.shot_id, _key(row))) for row in edges]
        one = _labelled(patrol, shot, boxes["kind"], edges, statuses) if any(statuses) else None
        if one is None:
            summary.unreviewed += 1
        elif isinstance(one, Skipped):
            summary.skipped.append(one)
        else:
            taken.append(_Taken(one, shot.geometry, shot.time_utc))
    return taken


def _labelled(
    patrol: _Patrol, shot: Any, kinds: Sequence[str], edges: Any, statuses: Sequence[IssueStatus | None]
) -> LabelledPhoto | Skipped | None:
    """Return a photo with the boxes of what is there, or None where most of it would be grey.

    (n, 4) edges are counted from the top left pixel's centre.
    """
    source = patrol.folder.root / shot.photo
    if not source.is_file():
        return Skipped(shot.photo, "no such file", "put the photo back and run it again")
    if shot.image_width_px <= 0 or shot.image_height_px <= 0:
        return Skipped(shot.photo, "its size is not known", "run ingest again")
    width_px, height_px = int(shot.image_width_px), int(shot.image_height_px)
    inside = np.clip(edges + 0.5, 0, [width_px, height_px, width_px, height_px])
    is_known = np.array([status is not None for status in statuses])
    if shapely.union_all(shapely.box(*inside[~is_known].T)).area > MOST_COVERED * width_px * height_px:
        return None
    boxes = tuple(
        (str(kind), (left, top, right, bottom))
        for kind, (left, top, right, bottom), status in zip(kinds, inside.tolist(), statuses, strict=True)
        if status not in {None, IssueStatus.REJECTED} and right > left and bottom > top
    )
    unknown, reviewed = (tuple(map(tuple, inside[which].tolist())) for which in (~is_known, is_known))
    mark = hashlib.sha256(f"{patrol.visit}/{shot.shot_id}".encode()).hexdigest()[:16]
    turned = is_turned(source)
    name = f"{mark}{'.jpg' if unknown or turned else source.suffix.lower()}"
    return LabelledPhoto(name, source, width_px, height_px, boxes, "", unknown, reviewed, turned)


def _key(xyxy: Sequence[float]) -> tuple[float, ...]:
    """Return a box as issues.geojson rounds it."""
    return tuple(round(float(value), 1) for value in xyxy)


def _split(taken: Sequence[_Taken], test_from: date | None, summary: DatasetSummary) -> list[LabelledPhoto]:
    """Return the photos with their splits, without those that are left out of every split."""
    footprints = np.empty(len(taken), dtype=object)
    footprints[:] = [one.footprint for one in taken]
    if test_from is None:
        splits = splits_of(footprints)
    else:
        times = pd.DatetimeIndex([one.time_utc for one in taken])
        splits = splits_by_day(footprints, times, _start_of(test_from, times))
        summary.untimed = int(times.isna().sum())
        summary.revisited = revisits(footprints, splits)
    photos = [replace(one.photo, split=split) for one, split in zip(taken, splits, strict=True) if split]
    summary.between = len(taken) - len(photos) - summary.untimed
    return photos


def _count(photos: Sequence[LabelledPhoto], summary: DatasetSummary) -> None:
    summary.hard_negatives = sum(not photo.boxes for photo in photos)
    summary.covered = sum(bool(photo.unknown) for photo in photos)
    summary.turned = sum(photo.is_turned for photo in photos)
    for split in SPLITS:
        of_split = [photo for photo in photos if photo.split == split]
        summary.photos[split], summary.boxes[split] = len(of_split), sum(len(photo.boxes) for photo in of_split)


def _start_of(day: date, times_utc: pd.DatetimeIndex) -> datetime:
    """Return when a day starts in the city, if any photo was taken from then on."""
    start, last = datetime.combine(day, time(), LOCAL_TIME), times_utc.max()
    if pd.isna(last) or last < start:
        found = "none has a time" if pd.isna(last) else f"the last is of {last.tz_convert(LOCAL_TIME):%Y-%m-%d}"
        msg = f"no reviewed photo was taken from {day} on: of {len(times_utc)}, {found}"
        raise InputError(msg, hint="give an earlier day, or none for a split by place alone")
    return start
