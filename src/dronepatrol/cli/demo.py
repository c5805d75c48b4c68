"""``dronepatrol demo``."""

from typing import Annotated, Any

import typer

from dronepatrol.cli.console import finish, language, progress
from dronepatrol.cli.options import JOBS, AsJson, Jobs, Lang, Out


def demo(
    out: Out,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of the scene and its noise.")] = 1,
    factor: Annotated[
        float, typer.Option("--factor", min=1, max=100, metavar="X", help="Times faster than real that it flies.")
    ] = 100.0,
    jobs: Jobs = JOBS,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """Patrol a town of Pinghu from end to end on the embedded vehicle and a synthetic scene.

    Plans, flies over MAVLink, renders what the camera saw, finds, places, merges, maps, and scores itself.

    Example: dronepatrol demo --out demo-out --seed 7
    """
    from dronepatrol.model.batch import Skipped
    from dronepatrol.patrol.demo import DemoOptions
    from dronepatrol.patrol.demo import demo as fly_demo
    from dronepatrol.store.folder import PatrolFolder

    folder = PatrolFolder(out)
    options = DemoOptions(seed, jobs, factor, language(lang))
    with progress() as report:
        summary = fly_demo(folder, options, report)
    skipped = [Skipped(**skip) for skip in summary["skipped"]]
    finish(summary, _text(summary, folder.map), skipped, as_json=as_json)


def _text(summary: dict[str, Any], map_file: object) -> str:
    rows = [
        ("area", f"{summary['area_km2']:.2f} km²"),
        ("sorties", summary["sorties"]),
        ("photos", summary["photos"]),
        ("detections", summary["detections"]),
        ("issues", f"{summary['issues']} of {summary['planted']} planted problems and as many look-alikes"),
        ("recall", f"{summary['recall']:.3f}"),
        ("precision", f"{summary['precision']:.3f}"),
        ("position", f"{summary['position_error_median_m']} m median, {summary['position_error_p95_m']} m for 95 %"),
        ("in ellipse", f"{summary['inside_95_share']:.3f} of the true places (0.95 is right)"),
        ("duplicates", f"{summary['duplicate_share']:.3f}"),
        ("seconds", f"{sum(summary['seconds'].values()):.0f}"),
        ("map", map_file),
    ]
    return "\n".join([summary["note"], *(f"{name:>10}  {value}" for name, value in rows)])
