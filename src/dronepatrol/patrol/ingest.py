"""Photos or a flight log to shots: ``shots.parquet``."""

from pathlib import Path

import geopandas

from dronepatrol.ingest.logs import shots_from_log
from dronepatrol.ingest.photos import find_photos, shots_from_photos, shots_table
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import write_table


def ingest_photos(
    folder: PatrolFolder, photos: Path, jobs: int, report: Report
) -> tuple[geopandas.GeoDataFrame, list[Skipped]]:
    """Read every photo below a folder by its own metadata; the photos stay where they are.

    Raises
    ------
    InputError
        When the folder is missing or holds no photos.
    """
    paths, skipped = find_photos(photos)
    rows = []
    for done, row in enumerate(shots_from_photos(paths, root=folder.root, jobs=jobs), start=1):
        if isinstance(row, Skipped):
            skipped.append(row)
        else:
            rows.append(row)
        report(Progress("ingest", done, len(paths)))
    shots = shots_table(rows)
    write_table(folder.shots, shots, SHOTS)
    return shots, skipped


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
