"""``dronepatrol locate``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dronepatrol.cli.console import finish, note, progress
from dronepatrol.cli.options import JOBS, AsJson, Folder, Jobs
from dronepatrol.errors import InputError

_REFERENCES = {"amsl": "AMSL", "ellipsoid": "ELLIPSOID"}
_PLACE_HINT = "write it as 121.0824,30.8230"


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
    poses: Annotated[
        Path | None,
        typer.Option("--poses", metavar="FILE", help="Poses of an OpenDroneMap run (shots.geojson)."),
    ] = None,
    seen: Annotated[
        str,
        typer.Option("--seen", metavar="LON,LAT", help="Place nothing; say which photos saw this place, and how well."),
    ] = "",
    when: Annotated[
        str, typer.Option("--when", metavar="FROM/TO", help="With --seen: ISO 8601 times between which.")
    ] = "",
    jobs: Jobs = JOBS,
    as_json: AsJson = False,
) -> None:
    """Place every detection on the ground, with its uncertainty; writes observations.parquet.

    Without a terrain model the ground is level at take-off height. An adjustment is kept in adjustment.parquet and used
    from then on.

    For example:

    dronepatrol locate patrol

    dronepatrol locate patrol --dem dsm.tif --dem-heights ellipsoid --adjust

    dronepatrol locate patrol --dem dsm.tif --poses shots.geojson

    dronepatrol locate patrol --seen 121.0824,30.8230
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
        takeoff=_place("--takeoff", takeoff),
        relief_m=relief,
        adjust=adjust,
        controls=controls,
        poses=poses,
        jobs=jobs,
    )
    if (place := _place("--seen", seen)) is not None:
        _say_who_saw(PatrolFolder(folder), place, options, (when, as_json))
        return
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


def _say_who_saw(folder: Any, place: tuple[float, float], options: Any, told: tuple[str, bool]) -> None:
    from dronepatrol.patrol.locate import who_saw

    when, as_json = told
    table = who_saw(folder, place, options)
    known = table["time_utc"].notna()
    if when:
        start, end = _times(when)
        table = table[known & (table["time_utc"] >= start) & (table["time_utc"] <= end)]
        known = table["time_utc"].notna()
    times = [time.isoformat() if sure else None for time, sure in zip(table["time_utc"], known, strict=True)]
    rows = table.assign(time_utc=times)
    result = {"schema": "dronepatrol/seen/1", "lonlat": list(place), "photos": rows.to_dict("records")}
    lines = [
        f"{row['time_utc'] or 'time unknown'}  {row['photo']}  {100 * row['gsd_m']:.1f} cm/px, "
        f"{row['off_nadir_deg']:.0f} degrees from straight down, seen from {row['azimuth_deg']:.0f} degrees, "
        f"pixel {row['column_px']:.0f},{row['row_px']:.0f}" + ("" if row["surely"] else "; at the edge, not sure")
        for row in rows.to_dict("records")
    ]
    finish(result, "\n".join(lines) or "no photo of this patrol saw the place", [], as_json=as_json)


def _place(option: str, text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        msg = f"{option} {text}: expected longitude and latitude in degrees"
        raise InputError(msg, hint=_PLACE_HINT) from error
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        msg = f"{option} {text}: is no place on the globe"
        raise InputError(msg, hint=_PLACE_HINT)
    return lon, lat


def _times(text: str) -> tuple[Any, Any]:
    import pandas as pd

    try:
        start, end = (pd.Timestamp(part) for part in text.split("/"))
    except ValueError as error:
        msg = f"--when {text}: expected two times"
        raise InputError(msg, hint="write them as 2026-11-20T09:00+08:00/2026-11-20T12:00+08:00") from error
    if start.tzinfo is None or end.tzinfo is None:
        msg = f"--when {text}: the times name no zone"
        raise InputError(msg, hint="end each with Z or +08:00")
    return start, end


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
