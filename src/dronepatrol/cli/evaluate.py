"""``dronepatrol evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import DEFAULT_MODEL, AsJson, Model


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
        typer.Option("--gsd", metavar="M", min=0.0001, max=100.0, help="Metres on the ground per pixel, where known."),
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
    }
    lines = [f"{found.detector} on {found.images} images; precision and recall at score {found.threshold:g}, IoU 0.5"]
    lines.append(f"{'kind':14}{'labels':>8}{'AP50':>8}{'AP50:95':>9}{'precision':>11}{'recall':>8}")
    lines += [
        f"{one.kind:14}{one.labels:8d}{one.ap50:8.3f}{one.ap:9.3f}{one.precision:11.3f}{one.recall:8.3f}"
        for one in found.figures
    ]
    finish(result, "\n".join(lines), found.skipped, as_json=as_json)
