"""Photos, a flight log or both to shots: ``shots.parquet``.

What is read of photos is kept in parts until the whole is written: a run that was killed goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dronepatrol.errors import InputError
from dronepatrol.files import write_bytes
from dronepatrol.ingest.catalogue import Chunk, chunks_of, read_chunk
from dronepatrol.ingest.doubts import INDEX, doubts, flights_in
from dronepatrol.ingest.footprint import footprints
from dronepatrol.ingest.logs import events_of, shots_from_log
from dronepatrol.ingest.photos import Naming, find_photos, no_position
from dronepatrol.ingest.placed import Placing, placed, placing_of
from dronepatrol.ingest.sheet import contact_sheet
from dronepatrol.ingest.shots import PARTS, shots_table
from dronepatrol.ingest.stac import write_stac
from dronepatrol.ingest.subtitles import read_subtitles
from dronepatrol.ingest.video import Sampling, shots_from_video
from dronepatrol.locate.heights import TakeOff, over_terrain
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import SHOTS
from dronepatrol.patrol.workers import work_here, work_in_processes, work_on_cluster
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.parts import Parts, StoredPart, as_frame, as_table, write_stream
from dronepatrol.store.tables import read_table, write_table
from dronepatrol.terrain.raster import RasterTerrain

_TAKE_OFF_SIGMA_M = 150.0  # a drone takes off about this near its first photo


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How photos are taken in.

    ``log`` places photos without a position. ``scheduler`` is the address of a Dask scheduler that does the work
    instead of ``jobs`` processes. ``dem`` is a terrain model for the footprints.
    """

    jobs: int = 1
    log: Path | None = None
    scheduler: str = ""
    dem: Path | None = None


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """Which frames of a video are taken, and where its gimbal is assumed to look if nobody says (None: nowhere)."""

    sampling: Sampling
    gimbal_pitch_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was taken in; ``notes`` for the reader, ``clock_offset_s`` log time less camera time where it was found."""

    shots: geopandas.GeoDataFrame
    skipped: list[Skipped]
    notes: tuple[str, ...] = ()
    clock_offset_s: float | None = None


def ingest_photos(
    folder: PatrolFolder, photos: Path, jobs: int, report: Report
) -> tuple[geopandas.GeoDataFrame, list[Skipped]]:
    """Read every photo below a folder by its own metadata; the photos stay where they are.

    Raises
    ------
    InputError
        When the folder is missing or holds no photos.
    """
    found = ingest(folder, photos, IngestOptions(jobs), report)
    return found.shots, found.skipped


def ingest(folder: PatrolFolder, photos: Path, options: IngestOptions, report: Report) -> Ingested:
    """Read every photo below a folder; those without a position take it from the log, where there is one.

    Raises
    ------
    InputError
        When the folder is missing or holds no photos, or the log does not clearly belong to them.
    """
    source, events = events_of(options.log) if options.log else ("", [])
    paths, skipped = find_photos(photos)
    if options.scheduler:  # its workers' working folders are others
        paths = [path.absolute() for path in paths]
    naming = Naming.of(paths, folder.root.absolute())
    chunks = list(chunks_of(paths, naming))
    parts = Parts(folder.ingest_parts)
    _read_missing(chunks, parts, naming, options, report)
    skipped = [*skipped, *(item for chunk in chunks for item in parts.skipped(chunk.key))]
    index = pd.concat([parts.columns(chunk.key, INDEX) for chunk in chunks], ignore_index=True)
    notes, placing = [], None
    if options.log and (index["unplaced"] != "").any():
        placing = placing_of(index, source, events)
        notes.append(placing.note)
    elif options.log:
        notes.append(f"{options.log.name} is not needed: every photo that can be read has a position of its own")
    rest = set(np.flatnonzero((index["unplaced"] != "").to_numpy())) - set(placing.events if placing else ())
    skipped += [no_position(index["shot_id"].iloc[row], index["unplaced"].iloc[row]) for row in sorted(rest)]
    write_stream(folder.shots, _finished([chunk.key for chunk in chunks], parts, index, placing, options.dem), SHOTS)
    parts.clear()
    shots = read_table(folder.shots, SHOTS)
    return Ingested(shots, skipped, tuple(notes), placing.clock_offset_s if placing else None)


def _read_missing(chunks: list[Chunk], parts: Parts, naming: Naming, options: IngestOptions, report: Report) -> None:
    """Read the chunks that no earlier run has read."""
    missing = [chunk for chunk in chunks if chunk.key not in parts]
    total = sum(len(chunk.paths) for chunk in chunks)
    done = total - sum(len(chunk.paths) for chunk in missing)
    report(Progress("ingest", done, total, "of an earlier run" if done else ""))
    for chunk, part in _worked(missing, partial(_stored, naming=naming), options):
        parts.write(chunk.key, part)
        done += len(chunk.paths)
        report(Progress("ingest", done, total))


def _stored(chunk: Chunk, naming: Naming) -> StoredPart:
    """Read a chunk, and put it in the form that it is kept in: that is work too."""
    part = read_chunk(chunk, naming)
    return StoredPart.of(part.rows, part.skipped, PARTS)


def _worked(
    missing: list[Chunk], work: partial[StoredPart], options: IngestOptions
) -> Iterator[tuple[Chunk, StoredPart]]:
    if options.scheduler:
        return work_on_cluster(work, missing, options.scheduler)
    jobs = min(options.jobs, len(missing))
    return work_in_processes(work, missing, jobs) if jobs > 1 else work_here(work, missing)


def _finished(
    keys: list[str], parts: Parts, index: pd.DataFrame, placing: Placing | None, dem: Path | None
) -> Iterator[pa.Table]:
    """Yield the parts with what all photos together tell: flights, doubts, positions from the log, the terrain."""
    flights = flights_in(index)
    flags = doubts(index, flights)
    terrain = RasterTerrain(dem) if dem else None
    take_offs = _take_offs(index, flights) if terrain is not None else {}
    begin = 0
    for key in keys:
        table = parts.read(key)
        span = range(begin, begin + table.num_rows)
        begin += table.num_rows
        table = _with(table, "flight_id", flights[span.start : span.stop].tolist())
        if placing is not None and (own := {n - span.start: placing.events[n] for n in span if n in placing.events}):
            table = as_table(placed(as_frame(table), own, placing.source), PARTS)
        have = table.column("quality").to_pylist()
        table = _with(table, "quality", [_joined(one, flags[n]) for one, n in zip(have, span, strict=True)])
        table = table.filter(pc.equal(table.column("unplaced"), ""))
        yield as_table(_over(as_frame(table), terrain, take_offs), PARTS) if terrain is not None else table


def _with(table: pa.Table, name: str, values: list[str]) -> pa.Table:
    """Return the table with other values in a column."""
    at = table.column_names.index(name)
    return table.set_column(at, table.field(at), pa.array(values, type=table.field(at).type))


def _joined(quality: str, more: list[str]) -> str:
    return ";".join(part for part in (quality, *(flag.replace(";", ",") for flag in more)) if part)


def _take_offs(index: pd.DataFrame, flights: np.ndarray) -> dict[str, TakeOff]:
    """Return where each flight took off: about where its first photo is."""
    placed_rows = index.assign(flight=flights)[index["lon_deg"].notna()].sort_values("time_utc", kind="stable")
    first = placed_rows.groupby("flight", sort=False).first()
    return {
        str(flight): TakeOff(float(row.lon_deg), float(row.lat_deg), "first photo", _TAKE_OFF_SIGMA_M)
        for flight, row in zip(first.index, first.itertuples(), strict=True)
    }


def _over(
    rows: geopandas.GeoDataFrame, terrain: RasterTerrain, take_offs: dict[str, TakeOff]
) -> geopandas.GeoDataFrame:
    counted_from = terrain.counted_from or AltitudeReference.AMSL
    levels = over_terrain(rows, terrain, counted_from, take_offs)
    prints = footprints(rows, terrain, levels.up_m)
    return rows.set_geometry(geopandas.GeoSeries(prints, index=rows.index, crs=rows.crs))


def ingest_log(folder: PatrolFolder, log: Path, report: Report) -> geopandas.GeoDataFrame:
    """Read the camera events of a flight log; such shots have no image and the vehicle's attitude.

    Raises
    ------
    InputError
        When the file is no log, or holds no camera event.
    """
    report(Progress("ingest", 0, 0, log.name))
    shots = shots_from_log(log)
    write_table(folder.shots, shots, SHOTS)
    report(Progress("ingest", len(shots), len(shots), log.name))
    return shots


def ingest_video(
    folder: PatrolFolder, video: Path, subtitles: Path | None, options: VideoOptions, report: Report
) -> Ingested:
    """Take frames out of a video with DJI's subtitles; they are written below the patrol folder.

    Raises
    ------
    InputError
        When the video or its subtitles cannot be used.
    """
    telemetry = read_subtitles(subtitles or _beside(video))
    rows = []
    for row in shots_from_video(
        video, telemetry, options.sampling, root=folder.root, gimbal_pitch_deg=options.gimbal_pitch_deg
    ):
        rows.append(row)
        report(Progress("ingest", len(rows), 0, row.shot_id))
    if not rows:
        msg = f"{video.name}: no frame at a place that its subtitles know"
        raise InputError(msg, hint="check that video and subtitles are of the same recording")
    shots = shots_table(rows).assign(flight_id=video.stem)
    write_table(folder.shots, shots, SHOTS)
    notes = list(telemetry.notes)
    if not telemetry.has_gimbal and options.gimbal_pitch_deg is None:
        notes.append("the subtitles do not say how the camera looked: --gimbal-pitch -90 assumes straight down")
    return Ingested(shots, [], tuple(notes))


def _beside(video: Path) -> Path:
    """Return the subtitles beside a video."""
    for suffix in (".SRT", ".srt"):
        if (path := video.with_suffix(suffix)).is_file():
            return path
    msg = f"{video.name}: no subtitles {video.stem}.SRT beside it"
    raise InputError(msg, hint="name them with --srt FILE")


def extras(folder: PatrolFolder, shots: geopandas.GeoDataFrame, *, stac: bool, sheet: bool) -> list[Skipped]:
    """Write what was asked for beside the table: a STAC catalogue, a contact sheet; return what is not in them."""
    skipped = write_stac(shots, folder.stac, folder.root) if stac else []
    pictures = shots[shots["photo"] != ""]
    if sheet and len(pictures):
        photos = [folder.root.absolute() / photo for photo in pictures["photo"]]
        write_bytes(folder.contact_sheet, contact_sheet(photos, (pictures["quality"] != "").tolist()))
    return skipped
