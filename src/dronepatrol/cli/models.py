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

_NAMED_BY = {
    "sidecar": "the TOML file beside the network",
    "file": "the network's file",
    "coco": "nothing: taken for the 80 of COCO",
}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the detectors that have a name: networks shipped or added on this machine, and those without weights.

    Example: dronepatrol models list
    """
    from dronepatrol.detect.describe import WITHOUT_WEIGHTS
    from dronepatrol.patrol.models import list_models

    found, broken = list_models()
    result = {
        "schema": "dronepatrol/models/1",
        "models": [one.as_json() for one in found],
        "without_weights": WITHOUT_WEIGHTS,
    }
    lines = [f"{one.name:16} {one.origin:8} {one.size_mb:6.1f} MB  {_kinds(one)}" for one in found]
    lines += [f"{name:16} {'built in':8} {'no weights':>9}  {what}" for name, what in WITHOUT_WEIGHTS.items()]
    finish(result, "\n".join(lines), broken, as_json=as_json)


@app.command()
def check(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE.onnx", help="What to check.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Say what a network is, and whether it can be used: form, input, pixels, classes, licence.

    Example: dronepatrol models check yolo11n.onnx
    """
    from dronepatrol.detect.describe import WITHOUT_WEIGHTS
    from dronepatrol.patrol.models import check_model

    if what := WITHOUT_WEIGHTS.get(model):
        result = {"schema": "dronepatrol/model/1", "name": model, "origin": "built in", "what": what}
        finish(result, f"{model}: {what}; built in, needs no weights", [], as_json=as_json)
        return
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
        _pixels(one),
        f"classes named by {_NAMED_BY[one.names_from]}",
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


def _pixels(one: "Description") -> str:
    intake = one.intake
    mean, std = (" ".join(f"{value:g}" for value in values) for values in (intake.mean, intake.std))
    tiles = f"up to {one.batch} tiles at once" if one.batch > 1 else "one tile at a time"
    return f"pixels: {'RGB' if intake.is_rgb else 'BGR'}, mean {mean}, std {std} (of 0 to 255), {intake.fit}; {tiles}"


def _kinds(one: "Description") -> str:
    return ", ".join(dict.fromkeys(kind for kind in one.kinds.values() if kind)) or "none"
