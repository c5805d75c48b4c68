"""From photos to the map in one go: ingest, detect, locate, issues, map."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dronepatrol.detect.detector import load_detector
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.model.progress import Report
from dronepatrol.patrol.clock import StageClock
from dronepatrol.patrol.detect import detect
from dronepatrol.patrol.ingest import ingest_photos
from dronepatrol.patrol.issues import issues
from dronepatrol.patrol.locate import locate
from dronepatrol.patrol.map import draw_map
from dronepatrol.patrol.summary import Found, seen_area_km2, summarise, write_summary
from dronepatrol.store.folder import PatrolFolder


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run over photos may be told."""

    model: str
    jobs: int
    lang: str


def patrol_id_of(shots: pd.DataFrame, spec: PatrolSpec | None) -> str:
    """Return the spec's id, or one that the photos alone decide: their folder's name and the first photo's time."""
    if spec is not None:
        return spec.id
    folder = Path(shots["photo"].iloc[0]).parent.name if len(shots) else ""
    first = shots["time_utc"].min()
    return f"{folder or 'photos'}-{first:%Y%m%dT%H%M%SZ}" if pd.notna(first) else folder or "photos"


def find(
    folder: PatrolFolder, photos: Path, spec: PatrolSpec | None, options: RunOptions, clock: StageClock, report: Report
) -> Found:
    """Take photos through ingest, detect, locate, issues and map; every stage writes its artefact."""
    with clock.stage("ingest"):
        shots, skipped = ingest_photos(folder, photos, options.jobs, report)
    with clock.stage("detect"):
        detections, not_detected = detect(folder, options.model, options.jobs, report)
    with clock.stage("locate"):
        not_located = locate(folder, report).skipped
    with clock.stage("issues"):
        found, not_cut = issues(folder, patrol_id_of(shots, spec), spec, report)
    with clock.stage("export"):
        title = (spec.title_zh if options.lang == "zh" else spec.title_en) if spec else patrol_id_of(shots, spec)
        draw_map(folder, title, options.lang, report)
    everything_skipped = [*skipped, *not_detected, *not_located, *not_cut]
    return Found(shots, detections, _detector_name(detections, options.model), found, everything_skipped)


def run(
    folder: PatrolFolder, photos: Path, spec: PatrolSpec | None, options: RunOptions, report: Report
) -> dict[str, Any]:
    """Take photos from their folder to issues, map and summary; return the summary."""
    load_detector(options.model)  # a wrong model is said before a card of photos is read
    clock = StageClock(folder.root)
    found = find(folder, photos, spec, options, clock, report)
    flights = found.shots["flight_id"].nunique()
    patrol_id = patrol_id_of(found.shots, spec)
    summary = summarise(patrol_id, found, seen_area_km2(found.shots), flights, clock.seconds)
    write_summary(folder, summary)
    return summary


def _detector_name(detections: pd.DataFrame, model: str) -> str:
    return str(detections["detector"].iloc[0]) if len(detections) else model
