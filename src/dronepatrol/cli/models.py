"""``dronepatrol models list|check|add``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dronepatrol.cli.console import finish
from dronepatrol.cli.options import AsJson

if TYPE_CHECKING:
    from dronepatrol.detect.describe import Description

app = typer.Typer(
    help="The networks that --model takes: list them, check a file, add one by name.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the networks that have a name: shipped ones, and those added on this machine.

    Example: dronepatrol models list
    """
    from dronepatrol.patrol.models import list_models

    found, broken = list_models()
    result = {"schema": "dronepatrol/models/1", "models": [one.as_json() for one in found]}
    text = "\n".join(f"{one.name:16} {one.origin:8} {one.size_mb:6.1f} MB  {_kinds(one)}" for one in found)
    finish(result, text or "no networks", broken, as_json=as_json)


@app.command()
def check(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE.onnx", help="What to check.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Say what a network is, and whether it can be used: form, input, classes, licence.

    Example: dronepatrol models check yolo11n.onnx
    """
    from dronepatrol.patrol.models import check_model

    _print(check_model(model), as_json=as_json)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The network's file.", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name; the file's where left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a network and make it known by name on this machine, with the TOML file beside it.

    Example: dronepatrol models add yolo11n-visdrone.onnx --name visdrone
    """
    from dronepatrol.patrol.models import add_model

    _print(add_model(file, name), as_json=as_json)


def _print(one: "Description", *, as_json: bool) -> None:
    from dronepatrol.patrol.models import without_problem

    no_problem = without_problem(one.kinds.values())
    left_out = [name for name, kind in one.kinds.items() if not kind]
    lines = [
        f"{one.name}: {one.form}, input {one.input_wh[0]} by {one.input_wh[1]} px, {one.size_mb:g} MB",
        f"kinds: {_kinds(one)}",
        *([f"not looked for: {', '.join(left_out)}"] if left_out else []),
        *([f"detected, but no problem of the taxonomy is made of: {', '.join(no_problem)}"] if no_problem else []),
        f"working threshold {one.threshold:g}; one tile in {one.tile_ms:g} ms on one thread, now",
        f"licence: {one.licence or 'not stated'}",
        *([f"source: {one.source}"] if one.source else []),
        one.path,
    ]
    result = {"schema": "dronepatrol/model/1", **one.as_json(), "kinds_without_problem": no_problem}
    finish(result, "\n".join(lines), [], as_json=as_json)


def _kinds(one: "Description") -> str:
    return ", ".join(dict.fromkeys(kind for kind in one.kinds.values() if kind)) or "none"
