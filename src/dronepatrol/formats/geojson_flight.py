"""One flight as GeoJSON (RFC 7946): a feature a mission item, for maps, and read back without loss.

Every feature carries its item as a row (:mod:`dronepatrol.formats.rows`), items without a place have no geometry; the
member ``flight`` has the rest. Of other programs' files areas and lines are read.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from dronepatrol.errors import InputError
from dronepatrol.formats.check import has_place
from dronepatrol.formats.flight import FENCE_POLYGONS, Flight, ReadMission, closed, polygons
from dronepatrol.formats.rows import facts_of, flight_of_facts, item_of, row_of
from dronepatrol.formats.source import number_of
from dronepatrol.model.mission import LonLat, MissionItem, Rings

_KINDS = ("item", "fence", "rally")
_OTHER_AREAS = ("no-fly",)
_HINT = "name a GeoJSON FeatureCollection with polygons or lines in lon, lat"


def write_flight(flight: Flight) -> str:
    """Return a flight as a FeatureCollection, one feature a line."""
    features = [_feature(_point(item), "item", [item], number=n) for n, item in enumerate(flight.items, start=1)]
    for corners in polygons(flight.fence):
        ring = [[corner.lon_deg, corner.lat_deg] for corner in (*corners, corners[0])]
        features.append(_feature({"type": "Polygon", "coordinates": [ring]}, "fence", corners))
    others = [item for item in flight.fence if item.command not in FENCE_POLYGONS]
    features += [_feature(_point(item), "fence", [item]) for item in others]
    features += [_feature(_point(item), "rally", [item]) for item in flight.rally]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, allow_nan=False) for feature in features)
    facts = json.dumps(facts_of(flight), ensure_ascii=False, allow_nan=False)
    return f'{{"type": "FeatureCollection", "flight": {facts}, "features": [\n{lines}\n]}}\n'


def read_document(document: Any) -> ReadMission:
    """Return the flight of a GeoJSON of ours, or the areas and lines of another's, from parsed JSON.

    Raises
    ------
    InputError
        When it is no GeoJSON; the message says what was found.
    """
    what = "the GeoJSON"
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        msg = f"{what} is no object with a type"
        raise InputError(msg, hint=_HINT)
    try:
        features = document["features"] if document["type"] == "FeatureCollection" else [document]
        if "flight" in document:
            parts = _parts(features, what)
            return ReadMission(flight_of_facts(document["flight"], parts, what), "GeoJSON", "RFC 7946, dronepatrol")
        return _shapes(features)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        msg = f"{what} is damaged: {type(error).__name__} {' '.join(str(error).split())[:100]}"
        raise InputError(msg, hint=_HINT) from error


def _parts(features: list[Any], what: str) -> list[list[MissionItem]]:
    parts: dict[str, list[MissionItem]] = {kind: [] for kind in _KINDS}
    for feature in features:
        properties = feature["properties"] or {}
        if properties.get("kind") in parts:
            parts[properties["kind"]] += [item_of(row, what) for row in properties["items"]]
    return list(parts.values())


def _shapes(features: list[Any]) -> ReadMission:
    areas: list[Rings] = []
    lines: list[tuple[LonLat, ...]] = []
    left_out = 0
    for feature in features:
        geometry = feature.get("geometry", feature) or {}
        if (feature.get("properties") or {}).get("kind") in _OTHER_AREAS:
            left_out += 1
            continue
        for rings in _many(geometry, "Polygon"):
            outer, *inner = [closed(_ring(ring)) for ring in rings]
            areas += [(outer, *(ring for ring in inner if ring))] if outer else []
        lines += [_ring(line) for line in _many(geometry, "LineString")]
    if not areas and not lines:
        msg = "the GeoJSON has neither a mission, nor polygons, nor lines"
        raise InputError(msg, hint=_HINT)
    warnings = ["the GeoJSON holds no mission: its areas and lines are read, without heights"]
    warnings += [f"{left_out} no-fly zones are left out"] if left_out else []
    return ReadMission(Flight(), "GeoJSON", "RFC 7946", tuple(areas), tuple(lines), tuple(warnings))


def _many(geometry: dict[str, Any], kind: str) -> Iterator[Any]:
    """Yield the coordinates of a geometry of one kind, or of its Multi kind."""
    if geometry.get("type") == kind:
        yield geometry["coordinates"]
    elif geometry.get("type") == f"Multi{kind}":
        yield from geometry["coordinates"]


def _ring(positions: list[Any]) -> tuple[LonLat, ...]:
    found = []
    for position in positions:
        lon, lat = number_of(position[0]), number_of(position[1])
        if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
            msg = f"the GeoJSON has a position {lon}, {lat}, which is no place on earth; longitude comes first"
            raise InputError(msg, hint="check whether latitude and longitude are swapped")
        found.append((lon, lat))
    return tuple(found)


def _feature(geometry: dict[str, Any] | None, kind: str, items: Any, **properties: object) -> dict[str, Any]:
    rows = [row_of(item) for item in items]
    extra = {"command": rows[0][0], **properties}
    return {"type": "Feature", "properties": {"kind": kind, **extra, "items": rows}, "geometry": geometry}


def _point(item: MissionItem) -> dict[str, Any] | None:
    if not has_place(item):
        return None
    height = [item.altitude_m] if math.isfinite(item.altitude_m) else []
    return {"type": "Point", "coordinates": [item.lon_deg, item.lat_deg, *height]}
