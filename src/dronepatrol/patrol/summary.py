"""The figures of a patrol: ``summary.json``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from dronepatrol.files import write_text
from dronepatrol.geo.local import area_m2
from dronepatrol.model.batch import Skipped
from dronepatrol.model.flight import FlightLog
from dronepatrol.model.issue import Issue
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.sim.score import Score
from dronepatrol.store.folder import PatrolFolder

SCHEMA = "dronepatrol/summary/1"
_TOTALS = ("length_m", "time_s", "photos")


@dataclass(frozen=True, slots=True)
class Found:
    """What ingest, detect, locate and issues made of a patrol's photos."""

    shots: pd.DataFrame
    detections: pd.DataFrame
    detector: str
    issues: Sequence[Issue]
    skipped: Sequence[Skipped]


def summarise(
    patrol_id: str, found: Found, area_km2: float, sorties: int, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return the summary of a patrol without truth; the figures that need one are None."""
    return {
        "schema": SCHEMA,
        "patrol_id": patrol_id,
        "area_km2": round(area_km2, 4),
        "sorties": sorties,
        "photos": int((found.shots["photo"] != "").sum()),
        "detections": len(found.detections),
        "issues": len(found.issues),
        "recall": None,
        "precision": None,
        "position_error_median_m": None,
        "position_error_p95_m": None,
        "inside_95_share": None,
        "duplicate_share": None,
        "detector": found.detector,
        "seconds": dict(seconds),
        "skipped": [{"item": skip.item, "reason": skip.reason, "hint": skip.hint} for skip in found.skipped],
    }


def with_score(summary: dict[str, Any], score: Score) -> dict[str, Any]:
    """Return the summary with the figures that a simulated scene's truth gives."""
    errors = score.error_m
    return summary | {
        "recall": _rounded(score.total.recall),
        "precision": _rounded(score.total.precision),
        "position_error_median_m": _rounded(float(np.median(errors))) if len(errors) else None,
        "position_error_p95_m": _rounded(float(np.quantile(errors, 0.95))) if len(errors) else None,
        "inside_95_share": _rounded(float(score.inside_95.mean())) if len(errors) else None,
        "duplicate_share": _rounded(score.duplicate_share),
        "planted": score.total.planted,
        "by_class": {
            name: {
                "planted": one.planted,
                "issues": one.issues,
                "recall": _rounded(one.recall),
                "precision": _rounded(one.precision),
            }
            for name, one in score.by_class.items()
        },
    }


def with_flights(summary: dict[str, Any], mission: Mission, flights: Sequence[FlightLog]) -> dict[str, Any]:
    """Return the summary with what was planned and what was flown."""
    logs = {flight.sortie_id: flight for flight in flights}
    by_sortie: list[dict[str, Any]] = [
        {"sortie": s.id, "planned": _planned(s), "flown": _flown(logs[s.id]) if s.id in logs else None}
        for s in mission.sorties
    ]
    totals = {
        name: {key: round(sum(one[name][key] for one in by_sortie if one[name]), 1) for key in _TOTALS}
        for name in ("planned", "flown")
    }
    return summary | totals | {"by_sortie": by_sortie}


def _planned(sortie: Sortie) -> dict[str, Any]:
    return {
        "length_m": round(sortie.planned_length_m, 1),
        "time_s": round(sortie.planned_time_s, 1),
        "photos": sortie.planned_photos,
    }


def _flown(log: FlightLog) -> dict[str, Any]:
    return {
        "outcome": log.outcome.value,
        "length_m": round(log.length_m, 1),
        "time_s": round(log.time_s, 1),
        "photos": log.photos,
        "battery_used_share": _rounded(log.battery_used_share),
    }


def planned_area_km2(mission: Mission) -> float:
    """Return the geodesic area to patrol, no-fly zones taken out, in square kilometres."""
    area = shapely.union_all([shapely.Polygon(rings[0], rings[1:]) for rings in mission.areas])
    closed = shapely.union_all([shapely.Polygon(rings[0], rings[1:]) for rings in mission.nofly])
    return area_m2(area.difference(closed)) / 1e6


def seen_area_km2(shots: pd.DataFrame) -> float:
    """Return the geodesic area that the photos' footprints cover together, in square kilometres."""
    footprints = [geometry for geometry in shots["geometry"] if geometry is not None]
    return area_m2(shapely.union_all(footprints)) / 1e6 if footprints else 0.0


def write_summary(folder: PatrolFolder, summary: dict[str, Any]) -> None:
    """Write ``summary.json``."""
    write_text(folder.summary, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
