"""Labelled images to figures: how well a detector does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.evaluate import Figures, Seen, figures, look, worst_misses
from dronepatrol.detect.truth.read import read_truth
from dronepatrol.detect.truth.turned import View
from dronepatrol.detect.worst import write_worst
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

LEAST_SCORE = 0.01
"""Finds that average precision sees; the working threshold is the detector's own."""
WORST = 24
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
    if options.picture is not None:
        _check_picture(options.picture, [images, truth])
    labelled = read_truth(truth, images, options.names)
    if options.picture is not None:
        _check_none_is(options.picture, [one.path for one in labelled])
    detector = load_detector(options.model, least_score=LEAST_SCORE)
    looks: list[Seen | Skipped] = []
    for one in look(detector, labelled, options.gsd_m):
        looks.append(one)
        report(Progress("evaluate", len(looks), len(labelled)))
    seen = [one for one in looks if isinstance(one, Seen)]
    skipped = [one for one in looks if isinstance(one, Skipped)]
    if not seen:
        msg = f"{images}: none of {len(labelled)} labelled images could be used; the first: {skipped[0].reason}"
        raise DronePatrolError(msg, hint=skipped[0].hint)
    if options.picture is not None:
        write_worst(options.picture, worst_misses(seen, detector.threshold, WORST))
    found = figures(seen, detector.threshold)
    return Evaluation(detector.name, detector.threshold, len(seen), found, skipped, _of_orientation(seen))


def _of_orientation(seen: Sequence[Seen]) -> list[str]:
    """Return what was done, or assumed, where images carry an EXIF orientation."""
    turned = sum(one.view is View.TURNED for one in seen)
    unknown = sum(one.view is View.UNKNOWN for one in seen)
    told = [
        (turned, "width and height of the labels are those of the turned view: their boxes were turned back"),
        (unknown, "nothing says whether the labels heed it: taken as drawn on the pixels as stored"),
    ]
    return [f"{count} of {len(seen)} images carry an EXIF orientation; {what}" for count, what in told if count]


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
