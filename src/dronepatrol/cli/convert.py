"""``dronepatrol convert``."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dronepatrol.cli.console import finish, note
from dronepatrol.cli.options import AsJson, folder_named
from dronepatrol.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dronepatrol.formats.flight import ReadMission
    from dronepatrol.model.batch import Skipped
    from dronepatrol.patrol.convert import Converted

_AUTOPILOTS = ("ardupilot", "px4")


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|FOLDER",
            parser=folder_named,
            help="A mission file of any program, or the patrol folder.",
            show_default=False,
        ),
    ],
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="FORMAT", help="plan, waypoints, kmz, kml, csv or geojson; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", parser=folder_named, help="Where the files go; beside the source if not."),
    ] = None,
    aircraft: Annotated[
        str,
        typer.Option(
            "--aircraft", metavar="MODEL", help="DJI aircraft of a kmz: m30, m30t, m3e, m3t, m3d, m3td, m4e …"
        ),
    ] = "",
    speed: Annotated[
        float | None, typer.Option("--speed", metavar="M_S", help="Speed of a mission that says none, in m/s.")
    ] = None,
    autopilot: Annotated[
        str, typer.Option("--autopilot", metavar="NAME", help="ardupilot or px4: whose terms DJI and Litchi get.")
    ] = "ardupilot",
    near: Annotated[
        str, typer.Option("--near", metavar="LON,LAT", help="A place that the mission must lie within 100 km of.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Read a mission file of another program, and write it, or a patrol's sorties, in other formats.

    Reads QGroundControl (.plan), QGC WPL (.waypoints, .txt), DJI (.kmz), KML, Litchi (.csv) and GeoJSON; without --to
    it only says what the file holds. What a format cannot say is named, with each file. Exits with 3 where a file could
    not be written.

    Examples: dronepatrol convert xindai --to kmz --aircraft m3td · dronepatrol convert survey.plan --to kmz
    --aircraft m3e · dronepatrol convert dji.kmz --to plan --autopilot px4 --out flown
    """
    if autopilot not in _AUTOPILOTS:
        msg = f"--autopilot {autopilot[:40]}: expected one of {', '.join(_AUTOPILOTS)}"
        raise InputError(msg)
    if speed is not None and not 0.0 < speed < math.inf:
        msg = f"--speed {speed}: expected metres per second above 0"
        raise InputError(msg)
    place = _place(near) if near else None
    if not to and source.is_dir():
        msg = f"{source} is a patrol folder: --to says what to write of it"
        raise InputError(msg, hint="add --to kmz, or another format")
    if not to:
        show_file(source, autopilot, place, as_json=as_json)
        return
    from dronepatrol.patrol.convert import Wanted, convert_file, convert_patrol, inspect
    from dronepatrol.store.folder import PatrolFolder

    wanted = Wanted(tuple(to), out, aircraft, speed)
    if source.is_dir():
        done, skipped = convert_patrol(PatrolFolder(source), wanted)
    else:
        found = inspect(source, autopilot, place)
        for warning in found.warnings:
            note(f"read:  {warning}")
        done, skipped = convert_file(source, found, wanted)
    _finish(done, skipped, as_json)


def show_file(
    path: Path, autopilot: str = "ardupilot", near: tuple[float, float] | None = None, *, as_json: bool
) -> None:
    """Print what a mission file holds."""
    from dronepatrol.patrol.convert import inspect

    found = inspect(path, autopilot, near)
    finish(_document(found), _text(found), [], as_json=as_json)


def _finish(done: "Sequence[Converted]", skipped: "Sequence[Skipped]", as_json: bool) -> None:
    files = [{"path": str(one.path), "losses": list(one.losses)} for one in done]
    lines = [f"{one.path}" + "".join(f"\n  not in it: {loss}" for loss in one.losses) for one in done]
    finish({"schema": "dronepatrol/convert/1", "files": files}, "\n".join(lines), skipped, as_json=as_json)


def _document(found: "ReadMission") -> dict[str, Any]:
    flight = found.flight
    return {
        "schema": "dronepatrol/mission-file/1",
        "format": found.format,
        "version": found.version,
        "items": len(flight.items),
        "fence_items": len(flight.fence),
        "rally_points": len(flight.rally),
        "home": asdict(flight.home) if flight.home else None,
        "autopilot": flight.autopilot,
        "speed_m_s": flight.speed_m_s,
        "return_height_m": flight.return_height_m,
        "aircraft": flight.aircraft,
        "areas": len(found.areas),
        "lines": len(found.lines),
        "warnings": list(found.warnings),
    }


def _text(found: "ReadMission") -> str:
    flight = found.flight
    home = flight.home
    rows = {
        "format": f"{found.format} {found.version}".rstrip(),
        "autopilot": flight.autopilot or "not said",
        "items": str(len(flight.items)),
        "fence items": str(len(flight.fence)),
        "rally points": str(len(flight.rally)),
        "home": f"{home.lon_deg:.7f} {home.lat_deg:.7f}, {home.amsl_m:g} m above sea level" if home else "not said",
        "speed": "not said" if flight.speed_m_s is None else f"{flight.speed_m_s:g} m/s",
    }
    if flight.aircraft:
        rows["DJI aircraft"] = flight.aircraft
    if found.areas or found.lines:
        rows |= {"areas": str(len(found.areas)), "lines": str(len(found.lines))}
    lines = [f"{name:<13} {value}" for name, value in rows.items()]
    return "\n".join([*lines, *(f"warning: {warning}" for warning in found.warnings)])


def _place(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(number) for number in text.split(","))
    except ValueError:
        lon = lat = math.nan
    if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
        msg = f"--near {text[:40]!r}: expected longitude,latitude in degrees"
        raise InputError(msg, hint="for example --near 121.02,30.70")
    return lon, lat
