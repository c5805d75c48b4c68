"""``dronepatrol change``."""

from pathlib import Path
from typing import Annotated

import typer

from dronepatrol.cli.console import finish, note, progress
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
MinArea = Annotated[
    float,
    typer.Option("--min-area", min=20.0, metavar="M2", help="Smallest structure, square metres; heaps: a fortieth."),
]


def change(folder: Folder, before: Before, min_area_m2: MinArea = 40.0, as_json: AsJson = False) -> None:
    """Find pale or grey structures and heaps that came or went since an earlier visit.

    Writes changes.geojson and changes.jpg. Heaps need both visits at 0.08 m per pixel or finer.

    Example: dronepatrol change patrol --before patrol-in-may

    Example: dronepatrol change patrol --before orthophoto.tif --min-area 60
    """
    from dronepatrol.patrol.change import change as find_changes
    from dronepatrol.store.folder import PatrolFolder

    with progress() as report:
        result, skipped = find_changes(PatrolFolder(folder), before, min_area_m2, report)
    for line in result["notes"]:
        note(line)
    said = [(feature["properties"]["what"], feature["properties"]["kind"]) for feature in result["features"]]
    parts = [
        f"{said.count((what, 'appeared'))} {what}s appeared, {said.count((what, 'disappeared'))} disappeared"
        for what in ("structure", "heap")
    ]
    text = f"{result['compared']} photos compared: {'; '.join(parts)}"
    finish(result, text, skipped, as_json=as_json)
