"""Issues, shots and the route on one map to hand round: ``map.html``."""

import json
from pathlib import Path
from typing import Any

from dronepatrol.errors import StorageError
from dronepatrol.export.geojson import read_issues_geojson
from dronepatrol.export.map import MapSheet, write_map
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import SHOTS
from dronepatrol.patrol.reviews import visit_of
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table


def draw_map(folder: PatrolFolder, title: str, lang: str, report: Report) -> Path:
    """Draw the patrol's map; it opens with no network."""
    report(Progress("map", 0, 1))
    route = _read_route(folder.route) if folder.route.exists() else None
    found, shots = read_issues_geojson(folder.issues), read_table(folder.shots, SHOTS)
    write_map(
        folder.map,
        found.issues,
        shots,
        route,
        MapSheet(folder.root, visit_of(found.patrol_id, shots), title, lang),
    )
    report(Progress("map", 1, 1, str(folder.map)))
    return folder.map


def _read_route(path: Path) -> dict[str, Any]:
    hint = "plan the patrol again"
    try:
        route = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path} cannot be read as GeoJSON: {error}"
        raise StorageError(msg, hint=hint) from error
    if not isinstance(route, dict) or route.get("type") != "FeatureCollection":
        msg = f"{path} is no FeatureCollection"
        raise StorageError(msg, hint=hint)
    return route
