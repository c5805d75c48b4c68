"""What the user's files hold, before a patrol asks for any of it: every feature with its size, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.areas.checks import Shape
from dronepatrol.areas.findings import findings, of_files
from dronepatrol.areas.layer import Feature, read_layer
from dronepatrol.areas.read import area_of, zone_of
from dronepatrol.errors import InputError
from dronepatrol.geo.local import WGS84, area_m2
from dronepatrol.model.batch import Skipped
from dronepatrol.model.mission import Finding
from dronepatrol.model.patrol import Area, Datum, Zone, ZoneKind


@dataclass(frozen=True, slots=True)
class Entry:
    """One feature: ``what`` is "area", "line", "place" or a zone's kind; ``length_m`` is a polygon's perimeter."""

    file: Path
    id: str
    name: str
    what: str
    geometry: BaseGeometry
    size_m2: float
    length_m: float


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that was found: usable features, the files' reference systems, findings, and what cannot be used."""

    entries: tuple[Entry, ...]
    crs: dict[Path, tuple[str, ...]]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def survey(files: Sequence[Path], zone_files: Sequence[Path] = (), datum: Datum = Datum.WGS84) -> Survey:
    """Read files of areas, lines and places, and say how the areas lie.

    Parameters
    ----------
    files
        A polygon whose ``kind`` is a zone's is a zone, any other an area.
    zone_files
        All their polygons are zones.
    datum
        What the positions of all the files are counted from.

    Raises
    ------
    InputError
        When nothing in the files can be used; the message is about the first thing that cannot.
    """
    entries: list[Entry] = []
    areas: list[Area] = []
    zones: list[Zone] = []
    skipped: list[Skipped] = []
    crs: dict[Path, tuple[str, ...]] = {}
    for file in dict.fromkeys([*files, *zone_files]):
        is_zones = file in zone_files
        try:
            layer = read_layer(file, Shape.POLYGON if is_zones else Shape.ANY, datum, may_be_empty=is_zones)
        except InputError as error:
            skipped.append(Skipped(str(file), error.message, error.hint))
            continue
        crs[file] = layer.crs
        skipped += layer.skipped
        for feature in layer.features:
            try:
                found = _understood(file, feature, is_zone=is_zones)
            except InputError as error:
                skipped.append(Skipped(f"{file}: feature {feature.number}", error.message, error.hint))
                continue
            entries.append(_entry(file, found, feature.geometry))
            areas += [found] if isinstance(found, Area) and "Polygon" in feature.geometry.geom_type else []
            zones += [found] if isinstance(found, Zone) else []
    if not entries:
        raise _nothing(files, skipped)
    told = (*findings(areas, zones), *of_files(crs, {entry.file for entry in entries}))
    return Survey(tuple(entries), crs, told, tuple(skipped))


def _nothing(files: Sequence[Path], skipped: Sequence[Skipped]) -> InputError:
    if not skipped:
        return InputError(f"{', '.join(file.name for file in files)}: no features, nothing to show")
    first = skipped[0]
    message = first.reason if first.item in first.reason else f"{first.item} {first.reason}"
    return InputError(message, hint=first.hint)


def _understood(file: Path, feature: Feature, *, is_zone: bool) -> Area | Zone:
    if is_zone or ("Polygon" in feature.geometry.geom_type and feature.text("kind") in set(ZoneKind)):
        return zone_of(file, feature)
    return area_of(file, feature)


def _entry(file: Path, found: Area | Zone, geometry: BaseGeometry) -> Entry:
    if isinstance(geometry, Polygon | MultiPolygon):
        what = found.kind.value if isinstance(found, Zone) else "area"
        length_m = abs(float(WGS84.geometry_area_perimeter(geometry)[1]))
        return Entry(file, found.id, found.name, what, geometry, area_m2(geometry), length_m)
    if "Line" in geometry.geom_type:
        return Entry(file, found.id, found.name, "line", geometry, 0.0, float(WGS84.geometry_length(geometry)))
    return Entry(file, found.id, found.name, "place", geometry, 0.0, 0.0)
