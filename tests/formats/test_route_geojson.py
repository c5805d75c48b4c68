"""The patrol's route on a map."""

import json
from dataclasses import replace

from formats_flights import DOCK, MISSION

from dronepatrol.formats.geojson import write_route
from dronepatrol.formats.registry import mission_of
from dronepatrol.model.mission import Sortie, Waypoint

PLACES = (Waypoint(121.081, 30.821, 100.0, 30.0), Waypoint(121.082, 30.821, 100.0), Waypoint(121.0825, 30.822, 100.0))
SORTIE = Sortie("sortie-01", DOCK, PLACES, 10.0, 100.0, 1000.0, 100.0, 10.0, 4)
ROUTE = write_route(replace(MISSION, sorties=(SORTIE,)))


def test_route_has_every_kind_of_feature_in_lon_lat():
    route = json.loads(ROUTE)
    kinds = [feature["properties"]["kind"] for feature in route["features"]]
    legs = ["transit", "lane", "transit"]
    assert kinds == ["area", "no-fly", *legs, "dock", "waypoint", "waypoint", "waypoint", "finding"]
    lane = route["features"][3]
    assert lane["geometry"]["coordinates"] == [[121.081, 30.821], [121.082, 30.821]]
    assert lane["properties"]["photo_step_m"] == 30.0
    home = route["features"][4]["geometry"]["coordinates"]
    assert home == [[121.082, 30.821], [121.0825, 30.822], [121.083, 30.8198]]


def test_the_route_reads_as_areas_and_lines_without_its_no_fly_zones():
    found = mission_of(".geojson", ROUTE.encode())
    assert len(found.areas) == 1
    assert len(found.lines) == 3
    assert found.flight.items == ()
    assert any("no-fly" in warning for warning in found.warnings)
