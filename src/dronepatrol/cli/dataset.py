"""``dronepatrol dataset``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import AsJson, folder_named


def dataset(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", parser=folder_named, help="Patrol folders.", show_default=False),
    ],
    reviewed: Annotated[
        Path,
        typer.Option(
            "--reviewed",
            metavar="FILE",
            help="CSV or GeoJSON with id and status of each issue: confirmed, allowed or rejected.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", parser=folder_named, help="A new folder to write.", show_default=False),
    ],
    form: Annotated[str, typer.Option("--form", metavar="coco|yolo", help="Form of the labels.")] = "coco",
    as_json: AsJson = False,
) -> None:
    """Write reviewed issues as a data set to train a detector on, split by place and time.

    Photos are hard-linked, or copied to another disk. A photo with a box that nobody reviewed is left out.

    Example: dronepatrol dataset monday tuesday --reviewed reviewed.csv --form yolo --out data/bureau
    """
    from dronepatrol.errors import InputError
    from dronepatrol.export.dataset import FORMS
    from dronepatrol.patrol.dataset import export_dataset

    if form not in FORMS:
        msg = f"--form {form}: expected one of {', '.join(FORMS)}"
        raise InputError(msg)
    with progress() as report:
        found = export_dataset(folders, reviewed, out, form, report)
    result = {"schema": "dronepatrol/dataset/1", **asdict(found)}
    total = sum(found.photos.values())
    lines = [f"{total} photos in {out}"]
    lines += [
        f"{split:6}{count:6d} photos ({count / max(total, 1):.0%}), {found.boxes[split]} boxes"
        for split, count in found.photos.items()
    ]
    lines.append(f"{found.hard_negatives} photos without a box are hard negatives")
    lines.append(
        f"left out: {found.unreviewed} photos with boxes that nobody reviewed, {found.set_aside} set aside, "
        f"{found.between} that overlap another split"
    )
    lines += [f"note: no photo in {split}; review more places" for split, count in found.photos.items() if not count]
    finish(result, "\n".join(lines), found.skipped, as_json=as_json)
