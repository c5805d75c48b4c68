"""Detections to observations on the ground: ``observations.parquet``."""

import pandas as pd

from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.locate.observe import observe
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table, write_table


def locate(folder: PatrolFolder, report: Report) -> tuple[pd.DataFrame, list[Skipped]]:
    """Place every detection on the ground, with its uncertainty; what cannot be placed is named."""
    shots = read_table(folder.shots, SHOTS)
    detections = read_table(folder.detections, DETECTIONS)
    report(Progress("locate", 0, len(detections)))
    observations, skipped = observe(detections, shots, object_height_m=load_taxonomy().object_height_m)
    write_table(folder.observations, observations, OBSERVATIONS)
    report(Progress("locate", len(detections), len(detections)))
    return observations, skipped
