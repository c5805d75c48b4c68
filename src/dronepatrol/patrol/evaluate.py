"""Labelled images to figures: how well a detector does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dronepatrol.detect.detector import MATERIALS, SCENE, load_detector
from dronepatrol.detect.evaluate import Figures, Seen, figures, labelled_kinds, look, worst_misses
from dronepatrol.detect.truth.folder import without_image
from dronepatrol.detect.truth.read import read_truth
from dronepatrol.detect.truth.turned import View
from dronepatrol.detect.worst import write_worst
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

LEAST_SCORE = 0.01
"""Finds that average precision sees; the working threshold is the detector's own."""
WORST = 24
GSD_M = (0.0001, 100.0)
"""From the finest to the coarsest ground sample distance that is believed."""
PICTURES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What is measured: a detector at a ground sample distance (metres per pixel, None unknown), and YOLO's names."""

    model: str
    gsd_m: float | None
    names: Sequence[str]
    picture: Path | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out; ``notes`` are what is to be known of the figures."""

    detector: str
    threshold: float
    images: int
    figures: list[Figures]
    skipped: list[Skipped]
    notes: list[str]


def evaluate(images: Path, truth: Path, options: EvaluateOptions, report: Report) -> Evaluation:
    """Run a detector over labelled images and return its figures.

    Raises
    ------
    InputError
        When the labels or the detector cannot be used, or the picture would take the place of what is measured.
    DronePatrolError
        When no image could be looked at.
    """
    _check_scale(options)
    if options.picture is not None:
        _check_picture(options.picture, [images, truth])
    detector = load_detector(options.model, least_score=LEAST_SCORE)
    labelled = read_truth(truth, images, options.names, detector.kind_of_class)
    if options.picture is not None:
        _check_none_is(options.picture, [one.path for one in labelled])
    looks: list[Seen | Skipped] = []
    for one in look(detector, labelled, options.gsd_m):
        looks.append(one)
        report(Progress("evaluate", len(looks), len(labelled)))
    seen = [one for one in looks if isinstance(one, Seen)]
    skipped = [*without_image(truth, images), *(one for one in looks if isinstance(one, Skipped))]
    if not seen:
        first = skipped[-len(labelled)]
        msg = f"{images}: none of {len(labelled)} labelled images could be used; the first: {first.reason}"
        raise DronePatrolError(msg, hint=first.hint)
    if options.picture is not None:
        write_worst(options.picture, worst_misses(seen, detector.threshold, WORST))
    found = figures(seen, detector.threshold, set(detector.kind_of_class.values()))
    notes = [*_of_orientation(seen), *_of_no_label(seen, detector.threshold)]
    return Evaluation(detector.name, detector.threshold, len(seen), found, skipped, notes)


def _check_scale(options: EvaluateOptions) -> None:
    """Refuse a ground sample distance that cannot be, or none where a detector needs one."""
    least_m, most_m = GSD_M
    if options.gsd_m is not None and not least_m <= options.gsd_m <= most_m:
        what = "is no number" if math.isnan(options.gsd_m) else f"expected {least_m:g} to {most_m:g}"
        msg = f"--gsd {options.gsd_m:g}: {what}"
        raise InputError(msg, hint="give metres on the ground per pixel, such as 0.05")
    blind = sorted({MATERIALS, SCENE} & {name.strip() for name in options.model.split(",")})
    if options.gsd_m is None and blind:
        msg = f"--model {options.model}: {' and '.join(blind)} can measure nothing without the scale of the images"
        raise InputError(msg, hint="give metres on the ground per pixel with --gsd")


def _of_orientation(seen: Sequence[Seen]) -> list[str]:
    """Return what was done, or assumed, where images carry an EXIF orientation."""
    turned = sum(one.view is View.TURNED for one in seen)
    unknown = sum(one.view is View.UNKNOWN for one in seen)
    told = [
        (turned, "width and height of the labels are those of the turned view: their boxes were turned back"),
        (unknown, "nothing says whether the labels heed it: taken as drawn on the pixels as stored"),
    ]
    return [f"{count} of {len(seen)} images carry an EXIF orientation; {what}" for count, what in told if count]


def _of_no_label(seen: Sequence[Seen], threshold: float) -> list[str]:
    """Return that there was nothing to find, and so how many finds are false."""
    if labelled_kinds(seen):
        return []
    false = sum(int((one.found.score >= threshold).sum()) for one in seen)
    return [f"no label in {len(seen)} images: no recall, and each of the {false} finds is false"]


def _check_picture(picture: Path, inputs: Sequence[Path]) -> None:
    """Refuse a picture that cannot be written, or whose place is a file of the inputs, before anything is run."""
    if picture.suffix.lower() not in PICTURES:
        msg = f"--picture {picture}: ends with {picture.suffix!r}; expected {', '.join(PICTURES)}"
        raise InputError(msg, hint="give a name such as worst.jpg")
    if not picture.parent.is_dir():
        msg = f"--picture {picture}: there is no folder {picture.parent}"
        raise InputError(msg, hint="make the folder, or give another name")
    if picture.is_dir():
        msg = f"--picture {picture}: is a folder; expected a file"
        raise InputError(msg, hint="give a name such as worst.jpg")
    place = picture.resolve()
    if place.exists() and any(place.is_relative_to(one.resolve()) for one in inputs):
        raise _is_input(picture)


def _check_none_is(picture: Path, labelled: Sequence[Path]) -> None:
    """Refuse a picture whose place is a labelled image that lies elsewhere, behind a link."""
    if picture.exists() and any(path.exists() and picture.samefile(path) for path in labelled):
        raise _is_input(picture)


def _is_input(picture: Path) -> InputError:
    msg = f"--picture {picture}: is a file of --images or --truth, which it would overwrite"
    return InputError(msg, hint="give a name of its own, in another folder")
