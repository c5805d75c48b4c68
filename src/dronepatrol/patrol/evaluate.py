"""Labelled images to figures: how well a detector does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.evaluate import Figures, Seen, figures, look, worst_misses
from dronepatrol.detect.truth.read import read_truth
from dronepatrol.detect.worst import write_worst
from dronepatrol.errors import DronePatrolError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

LEAST_SCORE = 0.01
"""Finds that average precision sees; the working threshold is the detector's own."""
WORST = 24


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What is measured: a detector at a ground sample distance (metres per pixel, None unknown), and YOLO's names."""

    model: str
    gsd_m: float | None
    names: Sequence[str]
    picture: Path | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out."""

    detector: str
    threshold: float
    images: int
    figures: list[Figures]
    skipped: list[Skipped]


def evaluate(images: Path, truth: Path, options: EvaluateOptions, report: Report) -> Evaluation:
    """Run a detector over labelled images and return its figures.

    Raises
    ------
    InputError
        When the labels or the detector cannot be used.
    DronePatrolError
        When no image could be looked at.
    """
    labelled = read_truth(truth, images, options.names)
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
    return Evaluation(detector.name, detector.threshold, len(seen), figures(seen, detector.threshold), skipped)
