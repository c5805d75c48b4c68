"""Areas, no-fly zones, registers and towns as the patrol speaks of them."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

from dronepatrol.areas.checks import check_apart
from dronepatrol.areas.layer import Feature, read_features
from dronepatrol.errors import InputError
from dronepatrol.model.patrol import Area, RegisterEntry, RegisterKind, Zone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had no summer time since 1991."""
_RANGE = r"(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)"
_HOURS = re.compile(rf"{_RANGE}(?:,{_RANGE})*")


def read_areas(path: Path) -> tuple[Area, ...]:
    """Read the areas to patrol, one per polygon feature of the file.

    Raises
    ------
    InputError
        When the file cannot be used as areas; the message says why and the hint what to do.
    """
    features = read_features(path)
    check_apart(str(path), [feature.geometry for feature in features])
    return tuple(_area(path, number, one) for number, one in enumerate(features, start=1))


def _area(path: Path, number: int, feature: Feature) -> Area:
    fallback = path.stem if number == 1 else f"{path.stem}-{number}"
    name = feature.text("name_zh", "name", "Name", "name_en")
    return Area(feature.text("id") or fallback, name or fallback, feature.geometry)


def read_zones(path: Path) -> tuple[Zone, ...]:
    """Read no-fly zones, one per feature.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    return tuple(Zone(_id(path, one), _name(path, one), one.geometry) for one in read_features(path))


def read_register(kind: RegisterKind, path: Path) -> tuple[RegisterEntry, ...]:
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
            one.geometry,
            _hours(path, one),
            _time(path, one, "valid_from"),
            _time(path, one, "valid_to"),
        )
        for one in read_features(path)
    )


def read_towns(path: Path) -> tuple[Area, ...]:
    """Read towns, one per feature with ``name_zh`` and ``division_code``; the id is both together.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    towns = []
    for one in read_features(path):
        name = _name(path, one)
        towns.append(Area(f"{one.text('division_code')}{name}", name, one.geometry))
    return tuple(towns)


def _id(path: Path, feature: Feature) -> str:
    return feature.text("id", "ID") or f"{path.stem}-{feature.number}"


def _name(path: Path, feature: Feature) -> str:
    return feature.text("name_zh", "name", "Name", "name_en") or _id(path, feature)


def _hours(path: Path, feature: Feature) -> str:
    hours = feature.text("hours").replace(" ", "")
    if hours and not _HOURS.fullmatch(hours):
        msg = f"{path}: feature {feature.number}: hours = {hours[:60]!r}; expected ranges like 06:00-09:00,17:00-21:30"
        raise InputError(msg, hint="correct the attribute, or leave it empty for always")
    return hours


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
