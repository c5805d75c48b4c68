"""``dronepatrol map``."""

from typing import Annotated

import typer

from dronepatrol.cli.console import language, progress
from dronepatrol.cli.options import Folder, Lang


def draw_map(
    folder: Folder,
    lang: Lang = "zh",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Title on the map.")] = "",
) -> None:
    """Draw issues, photos and the route on one map.html that opens with no network.

    Example: dronepatrol map patrol --lang en
    """
    from dronepatrol.patrol.map import draw_map as draw
    from dronepatrol.store.folder import PatrolFolder

    chosen = language(lang)
    with progress() as report:
        path = draw(PatrolFolder(folder), title or folder.resolve().name, chosen, report)
    typer.echo(str(path))
