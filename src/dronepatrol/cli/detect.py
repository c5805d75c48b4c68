"""``dronepatrol detect``."""

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import DEFAULT_MODEL, JOBS, AsJson, Folder, Jobs, Model


def detect(folder: Folder, model: Model = DEFAULT_MODEL, jobs: Jobs = JOBS, as_json: AsJson = False) -> None:
    """Run a detector over every photo of a patrol; writes detections.parquet.

    Example: dronepatrol detect patrol --model vehicles
    """
    from dronepatrol.patrol.detect import detect as detect_photos
    from dronepatrol.patrol.models import without_problem
    from dronepatrol.store.folder import PatrolFolder

    with progress() as report:
        detections, skipped = detect_photos(PatrolFolder(folder), model, jobs, report)
    kinds = {str(kind): int(count) for kind, count in detections["kind"].value_counts().items()}
    if no_problem := without_problem(kinds):
        note(f"the taxonomy makes no problem of {', '.join(no_problem)}: they become no issues")
    result = {"schema": "dronepatrol/detect/1", "detections": len(detections), "kinds": kinds}
    text = f"{len(detections)} detections: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    finish(result, text, skipped, as_json=as_json)
