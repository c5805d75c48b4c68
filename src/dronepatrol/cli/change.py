"""``dronepatrol change``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import AsJson, Folder, folder_named

Before = Annotated[
    Path,
    typer.Option(
        "--before",
        metavar="FOLDER|GEOTIFF",
        parser=folder_named,
        help="The earlier visit: a patrol folder, or an orthophoto.",
        show_default=False,
    ),
]
MinArea = Annotated[float, typer.Option("--min-area", min=20.0, metavar="M2", help="Smallest change, square metres.")]


def change(folder: Folder, before: Before, min_area_m2: MinArea = 40.0, as_json: AsJson = False) -> None:
    """Find pale or grey structures that came or went since an earlier visit; writes changes.geojson and changes.jpg.

    Example: dronepatrol change patrol --before patrol-in-may

    Example: dronepatrol change patrol --before orthophoto.tif --min-area 60
    """
    from dronepatrol.patrol.change import change as find_changes
    from dronepatrol.store.folder import PatrolFolder

    with progress() as report:
        result, skipped = find_changes(PatrolFolder(folder), before, min_area_m2, report)
    kinds = [feature["properties"]["kind"] for feature in result["features"]]
    text = (
        f"{result['compared']} photos compared: {kinds.count('appeared')} appeared, "
        f"{kinds.count('disappeared')} disappeared"
    )
    finish(result, text, skipped, as_json=as_json)
