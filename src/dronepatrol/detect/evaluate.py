"""A detector against labelled images: how much it finds, how much of that is true, and where it is worst."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.classes import VEHICLES
from dronepatrol.detect.images import decode
from dronepatrol.detect.photos import MAX_PHOTO_BYTES, MAX_PIXELS
from dronepatrol.detect.precision import SIZES_PX2, Scene, average_precision, counts_at, match, overlaps
from dronepatrol.detect.truth.labelled import Labelled
from dronepatrol.detect.truth.picture import read_picture
from dronepatrol.detect.truth.turned import View, in_stored_pixels
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.detection import Detections, Detector

VEHICLE = "vehicle"
"""All kinds of :data:`VEHICLES` taken as one: whether a vehicle was seen, whatever it was called."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One labelled image and what was found in it, both in its pixels as stored, and what the labels were drawn on."""

    truth: Labelled
    found: Detections
    view: View = View.STORED


@dataclass(frozen=True, slots=True)
class Working:
    """What happens at a threshold, at IoU 0.5, and average precision; NaN where nothing was there to find, or found."""

    labels: int
    ap50: float
    precision: float
    recall: float
    false: int
    missed: int

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON has them, rounded; None for what is not defined."""
        return {
            "labels": self.labels,
            "ap50": _rounded(self.ap50),
            "precision": _rounded(self.precision),
            "recall": _rounded(self.recall),
            "false": self.false,
            "missed": self.missed,
        }


@dataclass(frozen=True, slots=True)
class Figures(Working):
    """How well one kind is found; ``ap`` is the mean of average precision over IoU 0.50 to 0.95.

    ``by_size`` is by COCO's areas in pixels (``precision.SIZES_PX2``). A kind that the detector does not look for has
    labels, and nothing else.
    """

    kind: str
    ap: float
    by_size: dict[str, Working]
    is_looked_for: bool = True

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON has them, rounded; None for what is not defined."""
        sizes = {size: one.as_json() for size, one in self.by_size.items()}
        told = {**Working.as_json(self), "ap50_95": _rounded(self.ap), "by_size": sizes}
        if not self.is_looked_for:
            told = dict.fromkeys(told) | {"labels": self.labels}
        return {"looked_for": self.is_looked_for, **told}


def look(detector: Detector, labelled: Sequence[Labelled], gsd_m: float | None) -> Iterator[Seen | Skipped]:
    """Yield what a detector finds in each labelled image, or why an image was left out."""
    for one in labelled:
        try:
            seen: Seen | Skipped = _seen(detector, one, gsd_m)
        except OSError as error:
            seen = Skipped(one.path.name, f"cannot be read: {error.strerror or error}", "check --images")
        except DronePatrolError as error:
            seen = Skipped(one.path.name, error.message, error.hint)
        yield seen


def _seen(detector: Detector, one: Labelled, gsd_m: float | None) -> Seen:
    """Return what is found in an image.

    Raises
    ------
    InputError
        When it is too large, cannot be decoded, or is not of the size that its labels are for.
    DronePatrolError
        When the detector fails.
    """
    if one.path.stat().st_size > MAX_PHOTO_BYTES:
        msg = "the photo is larger than 512 MB"
        raise InputError(msg, hint="export it smaller")
    picture = read_picture(one.path)
    width, height = picture.image_wh
    if width * height > MAX_PIXELS:
        msg = f"the photo has {width} by {height} pixels, too many"
        raise InputError(msg, hint="export it smaller")
    truth, view = in_stored_pixels(one, picture)
    image = decode(one.path.read_bytes())
    if image is None:
        msg = "the picture cannot be decoded"
        raise InputError(msg, hint="copy it again")
    return Seen(truth, detector(image, gsd_m), view)


def figures(seen: Sequence[Seen], threshold: float, looked_for: Collection[str] | None = None) -> list[Figures]:
    """Return the figures of each kind that is labelled, and of all vehicles as one kind where there are any.

    Where nothing is labelled, of each kind that is found: all of it is false. ``looked_for`` are the kinds that the
    detector can find, None for all.
    """
    kinds = labelled_kinds(seen) or {kind for one in seen for kind in one.found[one.found.score >= threshold].kind}
    groups = [(kind, frozenset({kind})) for kind in sorted(map(str, kinds))]
    if VEHICLES & kinds:
        groups.append((VEHICLE, VEHICLES))
    return [
        _figures(name, [scene_of(one, among) for one in seen], threshold)
        if looked_for is None or among & set(looked_for)
        else _not_looked_for(name, [scene_of(one, among) for one in seen])
        for name, among in groups
    ]


def labelled_kinds(seen: Sequence[Seen]) -> set[str]:
    """Return the kinds of what is labelled, parts of images that do not count left aside."""
    return {str(kind) for one in seen for kind in one.truth.kind[~one.truth.is_region]}


def scene_of(one: Seen, kinds: frozenset[str]) -> Scene:
    """Return the labels and finds of some kinds in one image; regions without labels are a crowd of every kind."""
    truth, found = one.truth, one.found
    wanted = truth.is_region | _among(truth.kind, kinds)
    picked = _among(found.kind, kinds)
    region = truth.is_region[wanted]
    return Scene(
        truth.xyxy[wanted],
        truth.area_px2[wanted],
        truth.is_crowd[wanted] | region,
        region,
        found.xyxy[picked],
        found.score[picked],
    )


def _among(names: NDArray[np.str_], kinds: frozenset[str]) -> NDArray[np.bool_]:
    return np.array([str(name) in kinds for name in names], dtype=bool)


def _figures(kind: str, scenes: Sequence[Scene], threshold: float) -> Figures:
    precision = {size: average_precision([match(one, px2) for one in scenes]) for size, px2 in SIZES_PX2.items()}
    parts = {size: _working(scenes, threshold, px2, float(precision[size][0])) for size, px2 in SIZES_PX2.items()}
    whole = parts.pop("all")
    return Figures(**asdict(whole), kind=kind, ap=float(precision["all"].mean()), by_size=parts)


def _not_looked_for(kind: str, scenes: Sequence[Scene]) -> Figures:
    nothing = float("nan")
    labels = sum(match(one).labels for one in scenes)
    return Figures(labels, nothing, nothing, nothing, 0, 0, kind, nothing, {}, is_looked_for=False)


def _working(scenes: Sequence[Scene], threshold: float, size_px2: tuple[float, float], ap50: float) -> Working:
    """Return the figures of things of an area from to, whose average precision is known."""
    good, bad, missed = counts_at(scenes, threshold, size_px2)
    return Working(good + missed, ap50, _share(good, bad), _share(good, missed), bad, missed)


def _share(good: int, other: int) -> float:
    return good / (good + other) if good + other else float("nan")


@dataclass(frozen=True, slots=True)
class Miss:
    """One thing that was missed, or one find that is false: ``xyxy`` (4,) in the pixels of the image at ``path``."""

    path: Path
    kind: str
    xyxy: NDArray[np.float64]
    score: float | None
    """None for a thing that was missed."""
    badness: float


def worst_misses(seen: Sequence[Seen], threshold: float, count: int) -> list[Miss]:
    """Return the worst: the surest false finds and the largest missed things, half each where there are so many.

    Vehicles that were found but called by another kind of vehicle are neither.
    """
    false, missed = [], []
    for one in seen:
        others = {str(kind) for kind in one.truth.kind} - VEHICLES
        for name, kinds in [(VEHICLE, VEHICLES), *((kind, frozenset({kind})) for kind in sorted(others))]:
            one_false, one_missed = _misses(one, name, kinds, threshold)
            false += one_false
            missed += one_missed
    false.sort(key=lambda miss: -miss.badness)
    missed.sort(key=lambda miss: -miss.badness)
    share = max(count // 2, count - len(missed))
    worst = false[:share]
    return [*worst, *missed[: count - len(worst)]]


def _misses(one: Seen, name: str, kinds: frozenset[str], threshold: float) -> tuple[list[Miss], list[Miss]]:
    scene = scene_of(one, kinds).sure(threshold)
    matched = match(scene, max_finds=None)
    wrong = np.argsort(-scene.score, kind="mergesort")[~matched.is_true[0] & ~matched.is_ignored[0]]
    false = [Miss(one.truth.path, name, scene.find[i], float(scene.score[i]), float(scene.score[i])) for i in wrong]
    reached = _reached(scene)
    missed = [
        Miss(one.truth.path, name, scene.label[i], None, float(scene.area_px2[i]))
        for i in np.flatnonzero(~reached & ~scene.is_crowd & ~scene.is_ignored)
    ]
    return false, missed


def _reached(scene: Scene) -> NDArray[np.bool_]:
    """Return (m,) whether some find overlaps a label by half or more."""
    if not len(scene.find):
        return np.zeros(len(scene.label), dtype=bool)
    return np.asarray((overlaps(scene.find, scene.label, scene.is_crowd) >= 0.5).any(axis=0))


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
