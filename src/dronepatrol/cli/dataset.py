"""``dronepatrol dataset``."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import AsJson, folder_named
from dronepatrol.errors import InputError

if TYPE_CHECKING:
    from dronepatrol.patrol.dataset import DatasetSummary


def dataset(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", parser=folder_named, help="Patrol folders.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", parser=folder_named, help="A new folder to write.", show_default=False),
    ],
    reviewed: Annotated[
        Path | None,
        typer.Option(
            "--reviewed",
            metavar="FILE",
            help="What the map saved, or a GeoJSON: id and status (confirmed, allowed or rejected) of each issue. "
            "Without it, each patrol folder has a reviewed.csv of its own.",
            show_default=False,
        ),
    ] = None,
    test_from: Annotated[
        str | None,
        typer.Option(
            "--test-from",
            metavar="DATE",
            help="Photos taken from this day on (in Asia/Shanghai) are test wherever they lie, so that the model is "
            "measured on days it never saw; what is earlier is split by place. Without it, only the place decides.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[str, typer.Option("--form", metavar="coco|yolo", help="Form of the labels.")] = "coco",
    as_json: AsJson = False,
) -> None:
    """Write reviewed issues as a data set to train a detector on, split by place and, with --test-from, by time.

    Photos are hard-linked, or copied to another disk. Boxes that nobody reviewed are grey, in a copy of their photo.

    Example: dronepatrol dataset monday tuesday --test-from 2026-05-19 --form yolo --out data/bureau
    """
    from dronepatrol.export.dataset import FORMS
    from dronepatrol.patrol.dataset import export_dataset

    if form not in FORMS:
        msg = f"--form {form}: expected one of {', '.join(FORMS)}"
        raise InputError(msg)
    day = None if test_from is None else _day(test_from)
    with progress() as report:
        found = export_dataset(folders, reviewed, out, form, day, report)
    result = {"schema": "dronepatrol/dataset/2", **asdict(found)}
    finish(result, _said(found, out), found.skipped, as_json=as_json)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"--test-from {text[:60]!r}: expected a day such as 2026-05-18, without a time"
        raise InputError(msg, hint="a day starts at midnight in Asia/Shanghai") from error


def _said(found: "DatasetSummary", out: Path) -> str:
    total = sum(found.photos.values())
    lines = [f"{total} photos in {out}"]
    lines += [
        f"{split:6}{count:6d} photos ({count / max(total, 1):.0%}), {found.boxes[split]} boxes"
        for split, count in found.photos.items()
    ]
    if found.test_from:
        lines.append(
            f"test has all photos from {found.test_from} on; {found.revisited} of its {found.photos['test']} "
            "show places that train shows on earlier days"
        )
    lines.append(f"{found.hard_negatives} photos without a box are hard negatives")
    lines.append(f"{found.covered} photos are copies with boxes that nobody reviewed in grey")
    if found.turned:
        lines.append(f"{found.turned} photos are copies as the sensor saw them, without the EXIF orientation")
    untimed = f", {found.untimed} without a time" if found.test_from else ""
    lines.append(
        f"left out: {found.unreviewed} photos with too little that is reviewed, {found.set_aside} set aside, "
        f"{found.between} that overlap another split{untimed}"
    )
    more = "review more places, or give a later --test-from" if found.test_from else "review more places"
    lines += [f"note: no photo in {split}; {more}" for split, count in found.photos.items() if not count]
    return "\n".join(lines)
