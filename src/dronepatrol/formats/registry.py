"""Every format by its file's suffix: one function writes, one reads.

======================  =======================================  =============================================
suffix                  format                                   resolution
======================  =======================================  =============================================
.plan                   QGroundControl plan                      exact
.waypoints              QGC WPL 110                              1e-8 degrees and parameters, 1e-6 m
.kmz                    DJI WPML                                 1e-12 degrees and metres, normal form
.kml, .geojson, .json   KML, GeoJSON                             exact
.csv                    Litchi                                   1e-8 degrees, 1e-6 m, whole degrees of pitch
======================  =======================================  =============================================

Texts of missions are read under other suffixes too, with MAVProxy's and Mission Planner's lists of fences and rally
points. Normal form: what :mod:`dronepatrol.formats.route` says of a flight.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.files import write_bytes
from dronepatrol.formats import dji, dji_read, geojson_flight, kml, litchi, litchi_read, plan, plan_read, wpl
from dronepatrol.formats.check import checked
from dronepatrol.formats.flight import Flight, ReadMission
from dronepatrol.formats.source import json_of, members_of, read_bytes, text_of
from dronepatrol.model.mission import LonLat

Losses = tuple[str, ...]


def write(path: Path, flight: Flight) -> Losses:
    """Write a flight in the format of the file's suffix; return what the format cannot say.

    Raises
    ------
    InputError
        When the suffix is none of ours, or the format cannot hold the flight at all.
    StorageError
        When the file cannot be written.
    """
    content, losses = content_of(path.suffix, flight)
    write_bytes(path, content)
    return losses


def content_of(suffix: str, flight: Flight) -> tuple[bytes, Losses]:
    """Return a flight as the content of a file with this suffix, and what the format cannot say.

    Raises
    ------
    InputError
        When the suffix is none of ours, or the format cannot hold the flight at all.
    """
    writer = _WRITERS.get(suffix.lower())
    if writer is None:
        msg = f"{suffix or 'no suffix'} is no format of missions"
        raise InputError(msg, hint=f"name one of {', '.join(_WRITERS)}")
    content, losses = writer(flight)
    return (content.encode() if isinstance(content, str) else content), tuple(losses)


def read(path: Path, autopilot: str = "ardupilot", near: LonLat | None = None) -> ReadMission:
    """Read a mission file by its suffix, and check what it holds.

    Parameters
    ----------
    path
        The file.
    autopilot
        "ardupilot" or "px4": in whose terms to read formats that know no autopilot (DJI, Litchi).
    near
        A place in lon, lat degrees that the mission should be near to, such as the dock; its own home where None.

    Raises
    ------
    InputError
        When it cannot be read, is damaged, hostile, far away or for another kind of vehicle; the message says which.
    """
    _reader(path.suffix)
    content = read_bytes(path)
    try:
        return mission_of(path.suffix, content, autopilot, near)
    except InputError as error:
        msg = f"{path}: {error.message}"
        raise InputError(msg, hint=error.hint) from error


def mission_of(suffix: str, content: bytes, autopilot: str = "ardupilot", near: LonLat | None = None) -> ReadMission:
    """Return what the content of a file with this suffix holds; parameters and errors as for :func:`read`."""
    reader = _reader(suffix)
    if suffix.lower() == ".kml" and content.startswith(_ARCHIVE):
        reader = _read_kmz
    found = reader(content, autopilot)
    said = found.format in _SAY_VEHICLES
    warnings = checked(found.flight, found.format, vehicle_said=said, near=near)
    return replace(found, warnings=(*found.warnings, *warnings))


def _reader(suffix: str) -> Callable[[bytes, str], ReadMission]:
    if suffix.lower() not in _READERS:
        msg = f"{suffix or 'no suffix'} is no format of missions"
        raise InputError(msg, hint=f"name a file with one of {', '.join(_READERS)}")
    return _READERS[suffix.lower()]


def _read_plan(content: bytes, _autopilot: str) -> ReadMission:
    flight, version, warnings = plan_read.read_flight(text_of(content, "the plan"))
    return ReadMission(flight, "QGroundControl plan", version, warnings=tuple(warnings))


def _read_text(content: bytes, _autopilot: str) -> ReadMission:
    """Read a text by its first word: a mission, or one of MAVProxy's older lists."""
    text = text_of(content, "the mission text")
    first = re.sub(r"\A(?:\s*#[^\r\n]*)+", "", text[:10_000]).lstrip()[:40]
    if first.startswith("{"):
        return _read_json(content, "")
    if first.upper().startswith("RALLY"):
        flight, warnings = wpl.read_mavproxy_rally(text)
        return ReadMission(flight, "MAVProxy rally points", warnings=tuple(warnings))
    if first[:1] in set("-+0123456789."):
        return ReadMission(wpl.read_mavproxy_fence(text), "MAVProxy fence")
    flight, version, warnings = wpl.read_flight(text)
    return ReadMission(flight, "QGC WPL", version, warnings=tuple(warnings))


def _read_json(content: bytes, _autopilot: str) -> ReadMission:
    document = json_of(text_of(content, "the file"), "the file")
    if (isinstance(document, dict) and "fileType" in document) or plan_read.is_old(document):
        flight, version, warnings = plan_read.read_document(document)
        return ReadMission(flight, "QGroundControl plan", version, warnings=tuple(warnings))
    return geojson_flight.read_document(document)


def _read_kmz(content: bytes, autopilot: str) -> ReadMission:
    if not content.startswith(_ARCHIVE):
        msg = "the file is no KMZ: it does not begin like an archive"
        raise InputError(msg, hint="name a .kmz from DJI Pilot 2, FlightHub 2 or a map program")
    inside = members_of(content, "the KMZ", kml.MAIN)
    if set(map(str.lower, inside)) - {"template.kml"}:
        return kml.read_flight(next(iter(inside.values())))
    return dji_read.read_flight(content, autopilot)


def _read_litchi(content: bytes, autopilot: str) -> ReadMission:
    flight, warnings = litchi_read.read_flight(text_of(content, "the Litchi mission"), autopilot)
    return ReadMission(flight, "Litchi", warnings=tuple(warnings))


def _exact(write_text: Callable[[Flight], str]) -> Callable[[Flight], tuple[str, list[str]]]:
    return lambda flight: (write_text(flight), [])


_ARCHIVE = b"PK\x03\x04"
_SAY_VEHICLES = ("QGroundControl plan", "DJI WPML", "KML", "GeoJSON", "Litchi")
_WRITERS: dict[str, Callable[[Flight], tuple[Any, list[str]]]] = {
    ".plan": plan.write_flight,
    ".waypoints": wpl.write_flight,
    ".kmz": dji.write_flight,
    ".kml": _exact(kml.write_flight),
    ".csv": litchi.write_flight,
    ".geojson": _exact(geojson_flight.write_flight),
}
SUFFIXES = frozenset(_WRITERS)
"""What files may be written with."""
_READERS: dict[str, Callable[[bytes, str], ReadMission]] = {
    ".plan": _read_plan,
    ".mission": _read_json,
    **dict.fromkeys((".waypoints", ".txt", ".wpl", ".mis", ".fen", ".ral"), _read_text),
    ".kmz": _read_kmz,
    ".wpml": dji_read.read_waylines,
    ".kml": lambda content, _autopilot: kml.read_flight(content),
    ".csv": _read_litchi,
    ".geojson": _read_json,
    ".json": _read_json,
}
