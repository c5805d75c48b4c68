"""Options that several verbs share."""

import os
from pathlib import Path
from typing import Annotated

import typer


def folder_named(name: str) -> Path:
    """Return the folder with this name; an empty one is a slip, not the current folder."""
    if not name.strip():
        msg = "the folder's name is empty"
        raise typer.BadParameter(msg)
    return Path(name)


Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", parser=folder_named, help="The patrol folder.", show_default=False)
]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", parser=folder_named, help="The patrol folder to write.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document on stdout.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Worker processes.")]
Lang = Annotated[str, typer.Option("--lang", metavar="zh|en", help="Language of maps, reports and cards.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|FILE.onnx",
        help='Detector: a name of "dronepatrol models list" (vehicles, materials, …; scene is for the synthetic scene '
        "alone) or an ONNX file; several with commas between look side by side.",
    ),
]
Spec = Annotated[
    Path | None,
    typer.Option("--spec", metavar="TOML", help="Patrol spec that names registers and towns to check against."),
]

DEFAULT_MODEL = "vehicles"
"""The detector that comes with the package."""
JOBS = os.cpu_count() or 1
