"""The tree of verbs."""

from typing import Annotated

import typer

from dronepatrol import __version__
from dronepatrol.cli import (
    areas,
    change,
    check,
    convert,
    dataset,
    demo,
    detect,
    evaluate,
    fly,
    ingest,
    issues,
    locate,
    map,  # noqa: A004
    models,
    plan,
    respond,
    resume,
    run,
    sim,
)

app = typer.Typer(
    name="dronepatrol",
    help="The open system that a city's drone patrol runs on: plan, fly, find, place, hand over, look again.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong input, 3 partly done (skipped items are named), "
    "4 refused for safety, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before the verb."""


app.command()(areas.areas)
app.command()(plan.plan)
app.command()(resume.resume)
app.command()(respond.respond)
app.command()(check.check)
app.command()(convert.convert)
app.command()(fly.fly)
app.command()(ingest.ingest)
app.command()(detect.detect)
app.command()(evaluate.evaluate)
app.command()(dataset.dataset)
app.command()(change.change)
app.command()(locate.locate)
app.command()(issues.issues)
app.add_typer(models.app, name="models")
app.command("map")(map.draw_map)
app.command()(run.run)
app.command()(demo.demo)
app.command()(sim.sim)
