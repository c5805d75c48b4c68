"""``dronepatrol locate``."""

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import AsJson, Folder


def locate(folder: Folder, as_json: AsJson = False) -> None:
    """Place every detection on the ground, with its uncertainty; writes observations.parquet.

    Example: dronepatrol locate patrol
    """
    from dronepatrol.patrol.locate import locate as locate_detections
    from dronepatrol.store.folder import PatrolFolder

    with progress() as report:
        observations, skipped = locate_detections(PatrolFolder(folder), report)
    result = {"schema": "dronepatrol/locate/1", "observations": len(observations)}
    finish(result, f"{len(observations)} observations", skipped, as_json=as_json)
