"""Patterns through the whole planner, on the demo's area with its no-fly zone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import LineString, Point

from dronepatrol.areas import read_areas, read_zones
from dronepatrol.errors import PlanError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Command
from dronepatrol.model.patrol import Area, Layout, Pattern
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.request import Request
from dronepatrol.store import profiles
from dronepatrol.store.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
AREA = read_areas(SPEC.area_files[0])[0]
ZONES = read_zones(SPEC.nofly_file)
FRAME = LocalFrame.around(AREA.geometry)
REGION = FRAME.geometry_to_metres(AREA.geometry)
NOFLY = shapely.union_all([FRAME.geometry_to_metres(zone.geometry) for zone in ZONES])
CRAFT = replace(profiles.aircraft(SPEC.aircraft), battery_wh=400.0)


def request(pattern, areas=(AREA,), **layout):
    west, south, east, north = REGION.bounds
    streets = [LineString([(x, south - 50), (x, north + 50)]) for x in np.linspace(west, east, 6)[1:-1]]
    places = [REGION.representative_point(), NOFLY.representative_point(), Point(REGION.exterior.coords[0])]
    return Request(
        replace(SPEC, pattern=pattern, layout=Layout(**layout)),
        areas,
        ZONES,
        profiles.camera(SPEC.camera),
        CRAFT,
        lines=tuple(FRAME.geometry_to_lonlat(line) for line in streets),
        places=tuple(FRAME.geometry_to_lonlat(place) for place in places),
    )


@pytest.mark.parametrize("pattern", [p for p in Pattern if p is not Pattern.COVERAGE])
def test_every_pattern_becomes_a_mission_that_stays_out_of_the_zone_and_inside_its_fence(pattern):
    mission = plan_mission(request(pattern))
    assert sum(sortie.planned_photos for sortie in mission.sorties) > 0
    outline = [item for item in fence_items(mission) if item.command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION]
    fence = shapely.Polygon(FRAME.to_metres([(item.lon_deg, item.lat_deg) for item in outline]))
    for sortie in mission.sorties:
        dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        line = LineString(FRAME.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints)]))
        assert line.intersection(NOFLY).length == 0
        assert fence.covers(line)
        items = sortie_items(sortie, mission.autopilot)
        assert items[-1].command == Command.NAV_RETURN_TO_LAUNCH
    rules = {finding.rule for finding in mission.findings if finding.severity == "blocker"}
    assert not rules & {"no-fly", "fence", "energy"}


def test_what_a_pattern_cannot_do_is_a_finding_with_a_place():
    mission = plan_mission(request(Pattern.CORRIDOR))
    found = [finding for finding in mission.findings if finding.rule == "pattern corridor"]
    assert {finding.severity for finding in found} == {"warning", "info"}
    assert any("lie outside the areas" in finding.message for finding in found)
    for finding in found:
        assert REGION.buffer(100).contains(Point(FRAME.to_metres(finding.lonlat)))


@pytest.mark.parametrize(("pattern", "what"), [(Pattern.CORRIDOR, "lines"), (Pattern.POINTS, "places")])
def test_a_pattern_without_its_places_is_refused_and_says_what_to_name(pattern, what):
    bare = replace(request(pattern), lines=(), places=())
    with pytest.raises(PlanError, match=what) as caught:
        plan_mission(bare)
    assert "[files]" in caught.value.hint


def test_places_go_to_the_area_that_is_nearest():
    west, _, east, _ = REGION.bounds
    middle = (west + east) / 2
    halves = [shapely.clip_by_rect(REGION, *box) for box in ((west, -1e4, middle, 1e4), (middle, -1e4, east, 1e4))]
    areas = tuple(Area(f"half-{n}", f"half {n}", FRAME.geometry_to_lonlat(half)) for n, half in enumerate(halves))
    one, two = plan_mission(request(Pattern.RECHECK)), plan_mission(request(Pattern.RECHECK, areas))
    photos = [sum(sortie.planned_photos for sortie in mission.sorties) for mission in (one, two)]
    assert photos[0] == photos[1]
