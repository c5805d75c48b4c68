"""The route on a map: RFC 7946 GeoJSON of area, no-fly zones, lanes, transits, docks, waypoints and findings.

One flight, written by :func:`dronepatrol.formats.geojson_flight.write_flight`, reads back without loss.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dronepatrol.model.mission import LonLat, Mission, Rings, Sortie

Feature = dict[str, Any]


def write_route(mission: Mission) -> str:
    """Return a FeatureCollection, one feature a line; ``kind`` says what each feature is.

    Lanes are LineStrings per sortie with the photo step; transits start and end at the dock.
    """
    features = [_feature("area", "Polygon", _positions(rings), patrol=mission.patrol_id) for rings in mission.areas]
    features += [_feature("no-fly", "Polygon", _positions(rings)) for rings in mission.nofly]
    for sortie in mission.sorties:
        features += _legs(sortie)
    docks = {sortie.dock.id: sortie.dock for sortie in mission.sorties}
    for dock in docks.values():
        features.append(_feature("dock", "Point", _at((dock.lon_deg, dock.lat_deg)), id=dock.id, name=dock.name))
    for sortie in mission.sorties:
        features += _waypoints(sortie)
    for one in mission.findings:
        if one.lonlat is not None:
            texts = {"rule": one.rule, "severity": one.severity, "message": one.message}
            features.append(_feature("finding", "Point", _at(one.lonlat), **texts))
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, allow_nan=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def _legs(sortie: Sortie) -> Iterator[Feature]:
    dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    transit: list[LonLat] = [dock]
    for number, (waypoint, onward) in enumerate(zip(sortie.waypoints, (*sortie.waypoints[1:], None), strict=True)):
        here = (waypoint.lon_deg, waypoint.lat_deg)
        transit.append(here)
        if waypoint.photo_step_m > 0 and onward is not None:
            yield _feature("transit", "LineString", _positions([transit])[0], sortie=sortie.id)
            lane = [here, (onward.lon_deg, onward.lat_deg)]
            yield _feature(
                "lane",
                "LineString",
                _positions([lane])[0],
                sortie=sortie.id,
                from_waypoint=number + 1,
                photo_step_m=waypoint.photo_step_m,
                height_m=waypoint.height_m,
                speed_m_s=sortie.speed_m_s,
            )
            transit = []
    yield _feature("transit", "LineString", _positions([[*transit, dock]])[0], sortie=sortie.id)


def _waypoints(sortie: Sortie) -> Iterator[Feature]:
    for number, waypoint in enumerate(sortie.waypoints, start=1):
        yield _feature(
            "waypoint",
            "Point",
            _at((waypoint.lon_deg, waypoint.lat_deg)),
            sortie=sortie.id,
            number=number,
            height_m=waypoint.height_m,
            photo_step_m=waypoint.photo_step_m,
        )


def _feature(kind: str, geometry: str, coordinates: list[Any], **properties: object) -> Feature:
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": geometry, "coordinates": coordinates},
    }


def _at(lonlat: LonLat) -> list[float]:
    return [round(lonlat[0], 7), round(lonlat[1], 7)]


def _positions(lines: Rings | Iterable[Iterable[LonLat]]) -> list[list[list[float]]]:
    return [[_at(lonlat) for lonlat in line] for line in lines]
