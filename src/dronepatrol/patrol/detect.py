"""Photos to detections: ``detections.parquet``."""

import pandas as pd

from dronepatrol.detect.photos import detect_photos, detections_table
from dronepatrol.errors import DronePatrolError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.quality import is_set_aside
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table, write_table


def detect(folder: PatrolFolder, model: str, jobs: int, report: Report) -> tuple[pd.DataFrame, list[Skipped]]:
    """Run a detector over every photo of the patrol but those that are set aside (``model.quality``).

    Parameters
    ----------
    folder
        A patrol folder with shots.
    model
        What ``detect.detector.load_detector`` takes.
    jobs
        Number of worker processes.
    report
        Takes the progress.

    Raises
    ------
    DronePatrolError
        When the detector fails on every photo; earlier detections stay as they are.
    """
    shots = read_table(folder.shots, SHOTS)
    aside = is_set_aside(shots["quality"])
    skipped = [
        Skipped(one.shot_id, one.quality, "such a photo is no look at the ground; remove it, or put its header right")
        for one in shots[aside].itertuples()
    ]
    shots = shots[~aside]
    total = int((shots["photo"] != "").sum())
    found = []
    for done, result in enumerate(detect_photos(shots, model, root=folder.root, jobs=jobs), start=1):
        if isinstance(result, Skipped):
            skipped.append(result)
        else:
            found.append(result)
        report(Progress("detect", done, total))
    if total and not found:
        msg = f"{folder.root}: none of {total} photos could be looked at; the first: {skipped[-total].item}: "
        msg += skipped[-total].reason
        raise DronePatrolError(msg, hint=skipped[-total].hint)
    detections = detections_table(found, model)
    write_table(folder.detections, detections, DETECTIONS)
    return detections, skipped
