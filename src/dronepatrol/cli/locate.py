"""``dronepatrol locate``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import JOBS, AsJson, Folder, Jobs
from dronepatrol.errors import InputError

_REFERENCES = {"amsl": "AMSL", "ellipsoid": "ELLIPSOID"}
_PLACE_HINT = "write it as --takeoff 121.0824,30.8230"


def locate(
    folder: Folder,
    dem: Annotated[
        Path | None, typer.Option("--dem", metavar="GEOTIFF", help="Terrain or surface model, heights in metres.")
    ] = None,
    dem_heights: Annotated[
        str | None,
        typer.Option("--dem-heights", metavar="amsl|ellipsoid", help="What its heights are counted from."),
    ] = None,
    dem_sigma: Annotated[
        float | None, typer.Option("--dem-sigma", min=0.0, metavar="M", help="1 sigma of them; else by its resolution.")
    ] = None,
    geoid: Annotated[
        str, typer.Option("--geoid", metavar="M|GEOTIFF", help="Height of the geoid above the ellipsoid here.")
    ] = "",
    takeoff: Annotated[
        str, typer.Option("--takeoff", metavar="LON,LAT", help="Where the flights took off, degrees WGS-84.")
    ] = "",
    relief: Annotated[
        float,
        typer.Option("--relief", min=0.0, metavar="M", help="1 sigma by which ground without a model is not level."),
    ] = 1.0,
    adjust: Annotated[
        bool, typer.Option("--adjust", help="Hold overlapping photos together by their tie points first.")
    ] = False,
    controls: Annotated[
        Path | None, typer.Option("--gcp", metavar="FILE", help="Control points (gcp_list.txt) for the adjustment.")
    ] = None,
    jobs: Jobs = JOBS,
    as_json: AsJson = False,
) -> None:
    """Place every detection on the ground, with its uncertainty; writes observations.parquet.

    Without a terrain model the ground is level at take-off height. An adjustment is kept in adjustment.parquet and used
    from then on.

    For example:

    dronepatrol locate patrol

    dronepatrol locate patrol --dem dsm.tif --dem-heights ellipsoid --adjust
    """
    from dronepatrol.model.altitude import AltitudeReference
    from dronepatrol.patrol.locate import LocateOptions
    from dronepatrol.patrol.locate import locate as locate_detections
    from dronepatrol.store.folder import PatrolFolder

    if dem_heights is not None and dem_heights not in _REFERENCES:
        msg = f"--dem-heights {dem_heights}: expected one of {', '.join(_REFERENCES)}"
        raise InputError(msg)
    options = LocateOptions(
        dem=dem,
        dem_heights=AltitudeReference(_REFERENCES[dem_heights]) if dem_heights else None,
        dem_sigma_m=dem_sigma,
        geoid=geoid,
        takeoff=_place(takeoff),
        relief_m=relief,
        adjust=adjust,
        controls=controls,
        jobs=jobs,
    )
    with progress() as report:
        located = locate_detections(PatrolFolder(folder), report, options)
    count, error_m = len(located.observations), located.median_error95_m
    gain = None if located.gain is None else asdict(located.gain)
    for line in [*located.notes, *([] if gain is None else [_words(gain)])]:
        note(line)
    result = {
        "schema": "dronepatrol/locate/2",
        "observations": count,
        "median_error95_m": None if error_m is None else round(error_m, 2),
        "notes": list(located.notes),
        "adjustment": gain,
    }
    within = "" if error_m is None else f", half of them within {error_m:.1f} m (95 %)"
    finish(result, f"{count} observations{within}", located.skipped, as_json=as_json)


def _place(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        msg = f"--takeoff {text}: expected longitude and latitude in degrees"
        raise InputError(msg, hint=_PLACE_HINT) from error
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        msg = f"--takeoff {text}: is no place on the globe"
        raise InputError(msg, hint=_PLACE_HINT)
    return lon, lat


def _words(gain: dict[str, Any]) -> str:
    turned, before_m, after_m = gain["turned_over"], gain["before_median_m"], gain["after_median_m"]
    parts = [
        f"adjusted {gain['adjusted']} of {gain['photos']} photos by {gain['ties']} tie points",
        f"held-out tie points disagree by {after_m:.2f} m (median), before by {before_m:.2f} m",
        f"the block moved {gain['position_shift_m']:.2f} m from its GNSS",
    ]
    if turned:
        parts.append(f"{len(turned)} pictures were turned over and are read so: {', '.join(turned[:10])}")
    return "; ".join([*parts, *gain["notes"]])
