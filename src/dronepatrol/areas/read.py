"""Areas, zones, registers, towns, networks, places and buildings as the patrol speaks of them."""

import math
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import shapely
from shapely import LineString, MultiPolygon, Point, Polygon

from dronepatrol.areas.checks import Shape, check_apart
from dronepatrol.areas.layer import Feature, read_features
from dronepatrol.errors import InputError
from dronepatrol.model.patrol import Area, Building, Datum, RegisterEntry, RegisterKind, Zone, ZoneKind

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had no summer time since 1991."""
STOREY_M = 3.0
"""Assumed height of a storey where a building says only how many it has."""

_RANGE = r"(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)"
_HOURS = re.compile(rf"{_RANGE}(?:,{_RANGE})*")
_HIGHEST_M = 1000.0
_IDS = ("id", "ID", "编号")
_NAMES = ("name_zh", "name", "Name", "名称", "name_en")


def read_areas(path: Path, datum: Datum = Datum.WGS84) -> tuple[Area, ...]:
    """Read the areas to patrol, one per polygon feature of the file; :func:`findings` says how they lie.

    Raises
    ------
    InputError
        When the file cannot be used as areas; the message says why and the hint what to do.
    """
    return tuple(area_of(path, one) for one in read_features(path, datum=datum))


def area_of(path: Path, feature: Feature) -> Area:
    """Return a feature of a file as an area; one without an id is named after the file."""
    fallback = path.stem if feature.number == 1 else f"{path.stem}-{feature.number}"
    return Area(feature.text(*_IDS) or fallback, feature.text(*_NAMES) or fallback, _polygon(feature))


def read_zones(path: Path, datum: Datum = Datum.WGS84) -> tuple[Zone, ...]:
    """Read zones, one per feature.

    ``kind`` is one of "no_fly" (also where it is missing), "height_limit" (which needs ``max_height_m``), "sensitive"
    and "advisory"; ``valid_from`` and ``valid_to`` may be missing, a time without an offset from UTC is China's. A file
    without features says that there are no zones.

    Raises
    ------
    InputError
        When the file cannot be used, or has a kind, a height or a time that is none.
    """
    return tuple(zone_of(path, one) for one in read_features(path, datum=datum, may_be_empty=True))


def zone_of(path: Path, feature: Feature) -> Zone:
    """Return a feature of a file as a zone; see :func:`read_zones`."""
    text = feature.text("kind") or ZoneKind.NO_FLY.value
    if text not in set(ZoneKind):
        msg = f"{path}: feature {feature.number}: kind = {text[:60]!r}; expected one of {', '.join(ZoneKind)}"
        raise InputError(msg, hint="correct the attribute, or leave it empty for a no-fly zone")
    kind = ZoneKind(text)
    limit_m = _number(path, feature, "max_height_m") if kind is ZoneKind.HEIGHT_LIMIT else None
    if kind is ZoneKind.HEIGHT_LIMIT and limit_m is None:
        msg = (
            f"{path}: feature {feature.number}: a height_limit zone without max_height_m; expected metres above ground"
        )
        raise InputError(msg, hint="add the attribute, or make the zone a no_fly one")
    return Zone(_id(path, feature), _name(path, feature), _polygon(feature), kind, limit_m, *_validity(path, feature))


def read_register(kind: RegisterKind, path: Path, datum: Datum = Datum.WGS84) -> tuple[RegisterEntry, ...]:
    """Read one register, one entry per feature.

    ``hours`` (ranges like ``06:00-09:00,17:00-21:30``), ``valid_from`` and ``valid_to`` (ISO 8601) may be missing; a
    time without an offset from UTC is China's.

    Raises
    ------
    InputError
        When the file cannot be used, or has hours or dates that are none.
    """
    return tuple(
        RegisterEntry(
            kind,
            _id(path, one),
            _name(path, one),
            _polygon(one),
            _hours(path, one),
            *_validity(path, one),
        )
        for one in read_features(path, datum=datum)
    )


def read_towns(path: Path, datum: Datum = Datum.WGS84) -> tuple[Area, ...]:
    """Read towns, one per feature with ``name_zh`` and ``division_code``; the id is both together.

    Raises
    ------
    InputError
        When the file cannot be used, or two towns overlap.
    """
    features = read_features(path, datum=datum)
    check_apart(str(path), [_polygon(feature) for feature in features])
    towns = []
    for one in features:
        name = _name(path, one)
        towns.append(Area(f"{one.text('division_code')}{name}", name, _polygon(one)))
    return tuple(towns)


def read_lines(path: Path, datum: Datum = Datum.WGS84) -> tuple[LineString, ...]:
    """Read the lines of a network; a feature of several lines becomes several.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    lines = [feature.geometry for feature in read_features(path, Shape.LINE, datum)]
    return tuple(cast("LineString", part) for part in shapely.get_parts(lines))


def read_places(path: Path, datum: Datum = Datum.WGS84) -> tuple[Point, ...]:
    """Read places; a feature of several points becomes several.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    places = [feature.geometry for feature in read_features(path, Shape.POINT, datum)]
    return tuple(cast("Point", part) for part in shapely.get_parts(places))


def read_buildings(path: Path, datum: Datum = Datum.WGS84) -> tuple[Building, ...]:
    """Read buildings with their heights above ground.

    The height is ``height_m``, ``height`` or ``高度`` in metres, or else the storeys in ``levels``,
    ``building:levels`` or ``层数`` of 3 m each, which is an assumption.

    Raises
    ------
    InputError
        When the file cannot be used, or a building has no height: it would be flown into.
    """
    return tuple(Building(_polygon(one), _building_height_m(path, one)) for one in read_features(path, datum=datum))


def _building_height_m(path: Path, feature: Feature) -> float:
    height_m = _number(path, feature, "height_m", "height", "高度")
    storeys = _number(path, feature, "levels", "building:levels", "层数") if height_m is None else None
    if height_m is None and storeys is None:
        msg = f"{path}: feature {feature.number} has neither height_m, height, 高度 nor levels; expected metres"
        raise InputError(msg, hint="add the height of the building, or an upper bound of it")
    return height_m if height_m is not None else cast("float", storeys) * STOREY_M


def _number(path: Path, feature: Feature, *names: str) -> float | None:
    """Return the first of these attributes that is given, as a number of metres (or storeys) above 0."""
    text = feature.text(*names)
    if not text:
        return None
    try:
        number = float(text.removesuffix("m").strip())
    except ValueError:
        number = math.nan
    if not 0.0 < number <= _HIGHEST_M:
        where = f"{path}: feature {feature.number}"
        msg = f"{where}: {names[0]} = {text[:60]!r}; expected a number from 0 to {_HIGHEST_M:.0f}"
        raise InputError(msg, hint="correct the attribute")
    return number


def _polygon(feature: Feature) -> Polygon | MultiPolygon:
    return cast("Polygon | MultiPolygon", feature.geometry)


def _id(path: Path, feature: Feature) -> str:
    return feature.text(*_IDS) or f"{path.stem}-{feature.number}"


def _name(path: Path, feature: Feature) -> str:
    return feature.text(*_NAMES) or _id(path, feature)


def _hours(path: Path, feature: Feature) -> str:
    hours = feature.text("hours").replace(" ", "")
    if hours and not _HOURS.fullmatch(hours):
        msg = f"{path}: feature {feature.number}: hours = {hours[:60]!r}; expected ranges like 06:00-09:00,17:00-21:30"
        raise InputError(msg, hint="correct the attribute, or leave it empty for always")
    return hours


def _validity(path: Path, feature: Feature) -> tuple[datetime | None, datetime | None]:
    """Return from when to when a feature is in force; open ends are None."""
    start, end = _time(path, feature, "valid_from"), _time(path, feature, "valid_to")
    if start is not None and end is not None and end <= start:
        msg = (
            f"{path}: feature {feature.number}: valid_to {end.isoformat()} is not after valid_from {start.isoformat()}"
        )
        raise InputError(msg, hint="correct the two times; as they stand it would never be in force")
    return start, end


def _time(path: Path, feature: Feature, name: str) -> datetime | None:
    text = feature.text(name)
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        msg = (
            f"{path}: feature {feature.number}: {name} = {text[:60]!r}; expected a time like 2026-05-18T09:30:00+08:00"
        )
        raise InputError(msg, hint="correct the attribute, or leave it empty") from error
    return time if time.tzinfo else time.replace(tzinfo=CHINA)
