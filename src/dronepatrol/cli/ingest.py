"""``dronepatrol ingest``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import JOBS, AsJson, Jobs, Out
from dronepatrol.errors import InputError

if TYPE_CHECKING:
    from dronepatrol.ingest.video import Sampling


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
    video: Annotated[
        Path | None, typer.Option("--video", metavar="FILE", help="Video of a DJI drone, its subtitles beside it.")
    ] = None,
    srt: Annotated[Path | None, typer.Option("--srt", metavar="FILE", help="The video's subtitles.")] = None,
    every: Annotated[
        str, typer.Option("--every", metavar="10m|2s", help="One frame for every so many metres flown, or seconds.")
    ] = "10m",
    gimbal_pitch: Annotated[
        float | None,
        typer.Option(
            "--gimbal-pitch",
            metavar="DEG",
            min=-90,
            max=30,
            help="Where the video's gimbal is assumed to look if its subtitles do not say; -90 is straight down.",
        ),
    ] = None,
    stac: Annotated[bool, typer.Option("--stac", help="Also write the shots as a STAC catalogue, stac/.")] = False,
    sheet: Annotated[
        bool, typer.Option("--contact-sheet", help="Also write contact-sheet.jpg, doubtful photos framed in red.")
    ] = False,
    resume_gaps: Annotated[
        bool, typer.Option("--resume-gaps", help="Plan the rest of sorties of which planned photos are on no shot.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read photos, a video or a flight log's camera events into shots.parquet.

    A run over photos that was stopped goes on where it was.

    For example:

    dronepatrol ingest --photos DCIM --out patrol

    dronepatrol ingest --photos DCIM --log 00000012.BIN --out patrol

    dronepatrol ingest --video DJI_0301.MP4 --every 10m --gimbal-pitch -90 --out patrol
    """
    _check_choice(photos, log, video, of_photos=bool(scheduler or dem), of_video=bool(srt or gimbal_pitch is not None))
    from dronepatrol.patrol.gaps import gaps
    from dronepatrol.patrol.gaps import resume_gaps as plan_gaps
    from dronepatrol.patrol.ingest import Ingested, IngestOptions, VideoOptions, extras, ingest_log, ingest_video
    from dronepatrol.patrol.ingest import ingest as ingest_photos
    from dronepatrol.store.folder import PatrolFolder

    folder = PatrolFolder(out)
    if resume_gaps and not folder.mission.is_file():
        msg = f"{out} has no plan: --resume-gaps plans the rest of one"
        raise InputError(msg, hint="name the folder of dronepatrol plan with --out")
    with progress() as report:
        if photos is not None:
            found = ingest_photos(folder, photos, IngestOptions(jobs, log, scheduler, dem), report)
        elif video is not None:
            found = ingest_video(folder, video, srt, VideoOptions(sampling_of(every), gimbal_pitch), report)
        elif log is not None:
            found = Ingested(ingest_log(folder, log, report), [])
        else:
            msg = "ingest needs --photos DIR, --video FILE or --log FILE"
            raise InputError(msg, hint="dronepatrol ingest --photos DCIM --out patrol")
        not_written = extras(folder, found.shots, stac=stac, sheet=sheet)
        missing = gaps(folder, found.shots)
        rests = plan_gaps(folder, missing, report) if resume_gaps else []
    skipped = [*found.skipped, *not_written]
    for said in (*found.notes, *(gap.text for gap in missing), *(f"planned: {rest.id}" for rest in rests)):
        note(said)
    result = {
        "schema": "dronepatrol/ingest/1",
        "shots": len(found.shots),
        "flights": int(found.shots["flight_id"].nunique()),
        "flagged": int((found.shots["quality"] != "").sum()),
        "clock_offset_s": found.clock_offset_s,
        "notes": list(found.notes),
        "gaps": [{"sortie": one.sortie_id, "first": one.first, "last": one.last} for one in missing],
        "resumed_by": [rest.id for rest in rests],
        "skipped": [{"item": one.item, "reason": one.reason, "hint": one.hint} for one in skipped],
    }
    text = f"{result['shots']} shots of {result['flights']} flights in {folder.shots}"
    finish(result, text, skipped, as_json=as_json)


def _check_choice(
    photos: Path | None, log: Path | None, video: Path | None, *, of_photos: bool, of_video: bool
) -> None:
    """Refuse sources that do not go together, and options that would be of no use."""
    if video is not None and (photos is not None or log is not None):
        msg = "--video stands alone; --photos and --log may go together"
        raise InputError(msg, hint="run ingest once for each, into folders of their own")
    if of_video and video is None:
        msg = "--srt and --gimbal-pitch go with --video FILE"
        raise InputError(msg)
    if of_photos and photos is None:
        msg = "--scheduler and --dem go with --photos DIR"
        raise InputError(msg)


def sampling_of(every: str) -> "Sampling":
    """Return the sampling that "10m" or "2s" stands for."""
    from dronepatrol.ingest.video import Sampling

    number, unit = every[:-1], every[-1:]
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if unit not in {"m", "s"} or not 0.01 <= value <= 10_000:
        msg = f"--every {every}: expected metres such as 10m, or seconds such as 2s"
        raise InputError(msg)
    return Sampling(every_m=value) if unit == "m" else Sampling(every_s=value)
