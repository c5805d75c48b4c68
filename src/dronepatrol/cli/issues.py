"""``dronepatrol issues``."""

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import AsJson, Folder, Spec


def issues(folder: Folder, spec: Spec = None, as_json: AsJson = False) -> None:
    """Merge observations into issues and check them against the registers; writes issues.geojson.

    Issues that the folder already has keep their ids.

    Example: dronepatrol issues patrol --spec missions/pinghu-xindai-demo.toml
    """
    from dronepatrol.model.tables import SHOTS
    from dronepatrol.patrol.issues import issues as find_issues
    from dronepatrol.patrol.run import patrol_id_of
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.spec import read_spec
    from dronepatrol.store.tables import read_table

    patrol = PatrolFolder(folder)
    asked = spec or (patrol.spec if patrol.spec.exists() else None)
    read = read_spec(asked) if asked else None
    patrol_id = patrol_id_of(read_table(patrol.shots, SHOTS), read)
    with progress() as report:
        found, skipped = find_issues(patrol, patrol_id, read, report)
    result = {"schema": "dronepatrol/issues/1", "patrol_id": patrol_id, "issues": len(found)}
    finish(result, f"{len(found)} issues in {patrol.issues}", skipped, as_json=as_json)
