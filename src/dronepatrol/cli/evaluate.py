"""``dronepatrol evaluate``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import DEFAULT_MODEL, AsJson, Model

if TYPE_CHECKING:
    from dronepatrol.patrol.evaluate import Evaluation


def evaluate(
    images: Annotated[Path, typer.Option("--images", metavar="DIR", help="Folder of the images.", show_default=False)],
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            metavar="FILE|DIR",
            help="Labels: a COCO or AU-AIR file, or a folder of YOLO, VisDrone or VOC files.",
            show_default=False,
        ),
    ],
    model: Model = DEFAULT_MODEL,
    gsd: Annotated[
        float | None,
        typer.Option("--gsd", metavar="M", help="Metres on the ground per pixel, where known."),
    ] = None,
    names: Annotated[
        str, typer.Option("--names", metavar="A,B,…", help="What YOLO's class numbers mean, in their order.")
    ] = "",
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Write a picture of the worst misses.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a detector on labelled images: average precision, precision and recall, by kind and size.

    Example: dronepatrol evaluate --images val/images --truth val/labels --names car,truck,bus --picture worst.jpg
    """
    from dronepatrol.patrol.evaluate import EvaluateOptions
    from dronepatrol.patrol.evaluate import evaluate as measure

    called = [name.strip() for name in names.split(",") if name.strip()]
    with progress() as report:
        found = measure(images, truth, EvaluateOptions(model, gsd, called, picture), report)
    result = {
        "schema": "dronepatrol/evaluate/1",
        "detector": found.detector,
        "threshold": found.threshold,
        "images": found.images,
        "kinds": {one.kind: one.as_json() for one in found.figures},
        "notes": found.notes,
    }
    for text in found.notes:
        note(text)
    finish(result, "\n".join(_told(found)), found.skipped, as_json=as_json)


def _told(found: "Evaluation") -> list[str]:
    """Return the lines of a table of the kinds, and of one of the sizes that are there."""
    lines = [f"{found.detector} on {found.images} images; precision and recall at score {found.threshold:g}, IoU 0.5"]
    lines.append(f"{'kind':14}{'labels':>8}{'AP50':>8}{'AP50:95':>9}{'precision':>11}{'recall':>8}{'false':>7}")
    for one in found.figures:
        if not one.is_looked_for:
            lines.append(f"{one.kind:14}{one.labels:8d}  not looked for by this detector")
            continue
        shares = f"{_share(one.ap50, 8)}{_share(one.ap, 9)}{_share(one.precision, 11)}{_share(one.recall, 8)}"
        lines.append(f"{one.kind:14}{one.labels:8d}{shares}{one.false:7d}")
    lines += ["", "by size of the label: small under 32² px, medium to 96² px, large above"]
    for one in found.figures:
        for size, part in one.by_size.items():
            if part.labels or part.false:
                shares = f"{_share(part.ap50, 8)}{size:>9}{_share(part.precision, 11)}{_share(part.recall, 8)}"
                lines.append(f"{one.kind:14}{part.labels:8d}{shares}{part.false:7d}")
    return lines


def _share(value: float, width: int) -> str:
    return f"{value:{width}.3f}" if math.isfinite(value) else f"{'–':>{width}}"
