"""``dronepatrol areas``."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dronepatrol.cli.check import finding_line
from dronepatrol.cli.console import finish, language, note
from dronepatrol.cli.options import AsJson, Lang
from dronepatrol.errors import InputError

if TYPE_CHECKING:
    from dronepatrol.areas.survey import Entry, Survey

DATUMS = ("wgs84", "gcj02", "bd09")
_MOST_LISTED = 60
_MOST_FINDINGS = 20


def areas(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage, Shapefile, KML or KMZ.")],
    zones: Annotated[
        list[Path] | None, typer.Option("--zones", metavar="FILE", help="A file of zones; may be given several times.")
    ] = None,
    datum: Annotated[
        str,
        typer.Option(
            "--datum", metavar="|".join(DATUMS), help="What positions are counted from; CGCS2000 counts as wgs84."
        ),
    ] = DATUMS[0],
    out: Annotated[Path | None, typer.Option("--out", metavar="MAP.html", help="Draw a map here.")] = None,
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """List and draw areas, zones, lines and places, and say what is wrong with them.

    The coordinate reference system is read from each file. Sizes are geodesic, in km2 and km.

    Example: dronepatrol areas geodata/pinghu/urban.geojson --zones geodata/pinghu/zones.geojson --out areas.html
    """
    from dronepatrol.patrol.areas import draw, gathered, look

    chosen = language(lang)
    if datum not in DATUMS:
        msg = f"--datum {datum}: expected one of {', '.join(DATUMS)}"
        raise InputError(msg)
    if out is not None and out.suffix.lower() not in {".html", ".htm"}:
        msg = f"--out {out}: expected a name that ends in .html"
        raise InputError(msg, hint="a browser prints the map to PDF")
    found = look(files, zones or [], datum)
    if out is not None:
        draw(found, out, chosen)
        note(f"areas: drew {out}")
    told = [one for one in gathered(found.findings) if one.severity != "info"]
    for one in told[:_MOST_FINDINGS]:
        note(finding_line(one))
    if len(told) > _MOST_FINDINGS:
        note(f"and {len(told) - _MOST_FINDINGS} more findings; --json has all")
    finish(_document(found, datum), "\n".join(_lines(found)), found.skipped, as_json=as_json)


def _lines(found: "Survey") -> list[str]:
    from dronepatrol.patrol.areas import measures

    lines = []
    for file, systems in found.crs.items():
        entries = [one for one in found.entries if one.file == file]
        counts = ", ".join(f"{number} {what}" for what, number in Counter(one.what for one in entries).items())
        size_km2 = sum(one.size_m2 for one in entries) / 1e6
        lines.append(f"{file}  {' + '.join(systems)}  {counts}" + (f", {size_km2:.4f} km2" if size_km2 else ""))
        wide = max((len(one.id) for one in entries), default=0)
        widest = max((len(one.what) for one in entries), default=0)
        lines += [
            f"  {one.id:<{wide}}  {one.what:<{widest}}  {measures(one):<26}  {one.name}"
            for one in entries[:_MOST_LISTED]
        ]
        if len(entries) > _MOST_LISTED:
            lines.append(f"  and {len(entries) - _MOST_LISTED} more; --json has all")
    return lines


def _document(found: "Survey", datum: str) -> dict[str, Any]:
    return {
        "schema": "dronepatrol/areas/1",
        "files": [{"file": str(file), "crs": list(crs), "datum": datum} for file, crs in found.crs.items()],
        "features": [_feature(one) for one in found.entries],
        "findings": [asdict(one) for one in found.findings],
        "skipped": [{"item": one.item, "reason": one.reason, "hint": one.hint} for one in found.skipped],
    }


def _feature(entry: "Entry") -> dict[str, Any]:
    west, south, east, north = entry.geometry.bounds
    return {
        "file": str(entry.file),
        "id": entry.id,
        "name": entry.name,
        "what": entry.what,
        "km2": round(entry.size_m2 / 1e6, 6),
        "length_m": round(entry.length_m, 2),
        "bounds_deg": [round(value, 7) for value in (west, south, east, north)],
    }
