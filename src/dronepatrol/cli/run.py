"""``dronepatrol run``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, language, progress
from dronepatrol.cli.options import DEFAULT_MODEL, JOBS, AsJson, Jobs, Lang, Model, Out, Spec


def run(
    photos: Annotated[Path, typer.Option("--photos", metavar="DIR", help="Folder of photos.", show_default=False)],
    out: Out,
    model: Model = DEFAULT_MODEL,
    spec: Spec = None,
    jobs: Jobs = JOBS,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Take photos to issues and a map: ingest, detect, locate, issues, map in one go.

    Example: dronepatrol run --photos DCIM --out patrol
    """
    from dronepatrol.model.batch import Skipped
    from dronepatrol.patrol.run import RunOptions
    from dronepatrol.patrol.run import run as run_patrol
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec

    options = RunOptions(model, jobs, language(lang))
    folder = PatrolFolder(out)
    with progress() as report:
        summary = run_patrol(folder, photos, read_spec(spec) if spec else None, options, report)
    text = (
        f"{summary['photos']} photos, {summary['detections']} detections, {summary['issues']} issues\n"
        f"{folder.issues}\n{folder.map}"
    )
    finish(summary, text, [Skipped(**skip) for skip in summary["skipped"]], as_json=as_json)
