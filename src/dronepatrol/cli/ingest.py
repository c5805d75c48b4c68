"""``dronepatrol ingest``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import JOBS, AsJson, Jobs, Out
from dronepatrol.errors import InputError


def ingest(
    out: Out,
    photos: Annotated[Path | None, typer.Option("--photos", metavar="DIR", help="Folder of photos.")] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="Flight log with camera events: ArduPilot .BIN or .tlog, PX4 .ulg, DJI .MRK. With --photos it places "
            "the photos that have no position.",
        ),
    ] = None,
    dem: Annotated[
        Path | None, typer.Option("--dem", metavar="TIF", help="Terrain model, for footprints on its ground.")
    ] = None,
    jobs: Jobs = JOBS,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Let a Dask cluster read the photos.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Read photos, or a flight log's camera events, into shots.parquet. A run that was stopped goes on where it was.

    For example:

    dronepatrol ingest --photos DCIM --out patrol

    dronepatrol ingest --photos DCIM --log 00000012.BIN --out patrol
    """
    from dronepatrol.patrol.ingest import Ingested, IngestOptions, ingest_log
    from dronepatrol.patrol.ingest import ingest as ingest_photos
    from dronepatrol.store.folder import PatrolFolder

    folder = PatrolFolder(out)
    with progress() as report:
        if photos is not None:
            found = ingest_photos(folder, photos, IngestOptions(jobs, log, scheduler, dem), report)
        elif log is not None:
            found = Ingested(ingest_log(folder, log, report), [])
        else:
            msg = "ingest needs --photos DIR or --log FILE"
            raise InputError(msg, hint="dronepatrol ingest --photos DCIM --out patrol")
    for said in found.notes:
        note(said)
    result = {
        "schema": "dronepatrol/ingest/1",
        "shots": len(found.shots),
        "flights": int(found.shots["flight_id"].nunique()),
        "flagged": int((found.shots["quality"] != "").sum()),
        "clock_offset_s": found.clock_offset_s,
        "notes": list(found.notes),
        "skipped": [{"item": one.item, "reason": one.reason, "hint": one.hint} for one in found.skipped],
    }
    text = f"{result['shots']} shots of {result['flights']} flights in {folder.shots}"
    finish(result, text, found.skipped, as_json=as_json)
