"""``dronepatrol ingest``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import JOBS, AsJson, Jobs, Out
from dronepatrol.errors import InputError
from dronepatrol.model.batch import Skipped


def ingest(
    out: Out,
    photos: Annotated[Path | None, typer.Option("--photos", metavar="DIR", help="Folder of photos.")] = None,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="ArduPilot .BIN or .tlog with camera events.")
    ] = None,
    jobs: Jobs = JOBS,
    as_json: AsJson = False,
) -> None:
    """Read photos, or a flight log's camera events, into shots.parquet.

    For example:

    dronepatrol ingest --photos DCIM --out patrol

    dronepatrol ingest --log 00000012.BIN --out patrol
    """
    from dronepatrol.patrol.ingest import ingest_log, ingest_photos
    from dronepatrol.store.folder import PatrolFolder

    if (photos is None) == (log is None):
        msg = "ingest needs either --photos DIR or --log FILE"
        raise InputError(msg, hint="dronepatrol ingest --photos DCIM --out patrol")
    folder = PatrolFolder(out)
    skipped: list[Skipped] = []
    with progress() as report:
        if photos is not None:
            shots, skipped = ingest_photos(folder, photos, jobs, report)
        elif log is not None:
            shots = ingest_log(folder, log, report)
    result = {"schema": "dronepatrol/ingest/1", "shots": len(shots), "flights": int(shots["flight_id"].nunique())}
    text = f"{len(shots)} shots of {result['flights']} flights in {folder.shots}"
    finish(result, text, skipped, as_json=as_json)
