"""Patrols that cannot be, or only in part: every message names the true cause, and what can still be flown."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from dronepatrol.areas import read_areas
from dronepatrol.errors import DronePatrolError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock
from dronepatrol.model.patrol import Area, Pattern, Zone, ZoneKind
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.request import Request
from dronepatrol.store.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
DEMO = read_request(SPEC)
(DOCK,) = SPEC.fleet.docks
FRAME = LocalFrame(DOCK.lon_deg, DOCK.lat_deg)
FIELD = box(-200, 100, 200, 400)
WALL = box(-3000, 150, 3000, 200)
RING = box(-100, 300, 300, 700).difference(box(0, 400, 200, 600))
FAR = box(20_000, 0, 20_200, 200)


def asked(*areas: shapely.Geometry, zones: tuple[Zone, ...] = (), places: tuple = (), lines: tuple = (), **spec):
    """Return a request for areas in metres around the demo's dock."""
    drawn = tuple(Area(f"a{n}", f"a{n}", FRAME.geometry_to_lonlat(one)) for n, one in enumerate(areas))
    points = tuple(Point(FRAME.to_lonlat(place)) for place in places)
    ways = tuple(LineString(FRAME.to_lonlat(line)) for line in lines)
    return replace(DEMO, spec=replace(SPEC, **spec), areas=drawn, zones=zones, places=points, lines=ways)


def lonlat(geometry: shapely.Geometry, **spec) -> Request:
    return replace(DEMO, spec=replace(SPEC, **spec), areas=(Area("w", "w", geometry),))


def closed(geometry: shapely.Geometry, kind: ZoneKind = ZoneKind.NO_FLY, **more) -> tuple[Zone, ...]:
    return (Zone("z", "the barracks", FRAME.geometry_to_lonlat(geometry), kind, **more),)


def fleet(*docks: Dock):
    return replace(SPEC.fleet, docks=docks)


def small_battery(wh: float) -> Request:
    request = asked(FIELD)
    return replace(request, aircraft=replace(request.aircraft, battery_wh=wh))


TWO_DOCKS = fleet(DOCK, replace(DOCK, id="e", lat_deg=30.827))
NEVER: dict[str, tuple[Callable[[], Request], str]] = {
    "a wind of 60 m/s": (
        lambda: asked(FIELD, wind_m_s=60.0),
        r"wind of 60 m/s .* needs [\d.]+ Wh .* 33\.3 Wh, in calm air .* at most 10 m/s .*wait for less wind",
    ),
    "a gsd of a metre": (
        lambda: asked(FIELD, gsd_m=1.0),
        r"gsd_cm = 100 is flown 2,048 m above ground.*Wh of the battery's 33\.3 Wh.*finer gsd_cm",
    ),
    "a height of 1000 m": (
        lambda: asked(FIELD, gsd_m=None, height_m=1000.0),
        r"height_m = 1000 is flown 1,000 m above ground.*lower height",
    ),
    "behind a no-fly zone": (
        lambda: asked(box(-200, 250, 200, 500), zones=closed(WALL)),
        r"no way leads there from the dock xindai-south: it lies behind the barracks.*keep 10 m.*gap of more than 20 m",
    ),
    "inside a ring of a no-fly zone": (
        lambda: asked(box(0, 400, 200, 600), zones=closed(RING)),
        r"no way leads there .*behind the barracks",
    ),
    "behind it with tilted cameras": (
        lambda: asked(box(0, 400, 200, 600), zones=closed(RING), pattern=Pattern.OBLIQUE),
        r"no way leads there .*behind the barracks",
    ),
    "20 km away": (
        lambda: asked(FAR),
        r"lies 20,\d\d\d m from the nearest dock, xindai-south; the link is counted on up to 5,000 m.*within 5,000 m",
    ),
    "a small battery": (
        lambda: small_battery(8.0),
        r"battery's 6\.0 Wh .*\d m there and back from xindai-south .*larger battery",
    ),
    "all closed": (
        lambda: asked(FIELD, zones=closed(box(-1000, -1000, 1000, 1000))),
        "a0 lies wholly inside no-fly zones.*draw the area outside",
    ),
    "under a height limit": (
        lambda: asked(FIELD, zones=closed(box(-900, -900, 900, 900), ZoneKind.HEIGHT_LIMIT, max_height_m=50.0)),
        "the barracks may be flown up to 50 m only, 100 m are asked for.*fly lower",
    ),
    "not to be photographed": (
        lambda: asked(box(-30, 70, 30, 130), zones=closed(box(-30, 70, 30, 130), ZoneKind.SENSITIVE)),
        "the barracks must not be photographed.*outside",
    ),
    "the dock closed": (
        lambda: asked(FIELD, zones=closed(box(-50, -50, 50, 50))),
        "dock xindai-south lies in a no-fly zone.*move the dock",
    ),
    "a point outside the area": (
        lambda: asked(FIELD, pattern=Pattern.POINTS, places=((0, 5000),)),
        r"8 of 8 photos around a place .* lies 4,600 m outside the areas; expected inside.*draw an area around it",
    ),
    "a point in a no-fly zone": (
        lambda: asked(FIELD, pattern=Pattern.POINTS, places=((0, 250),), zones=closed(box(-150, 100, 150, 390))),
        "8 of 8 photos around a place .* no-fly zone .*move the place",
    ),
    "a recheck outside the area": (
        lambda: asked(FIELD, pattern=Pattern.RECHECK, places=((0, 900),)),
        "photos of a place .* lies 500 m outside the areas",
    ),
    "a corridor outside the area": (
        lambda: asked(FIELD, pattern=Pattern.CORRIDOR, lines=([[1200, 200], [2200, 200]],)),
        "1,000 m of 1,000 m of the network lie outside the areas, at least 1,000 m away.*draw the areas over",
    ),
    "a corridor without lines": (
        lambda: asked(FIELD, pattern=Pattern.CORRIDOR),
        "flies along lines; the request has none",
    ),
    "points without places": (lambda: asked(FIELD, pattern=Pattern.POINTS), "goes to places; the request has none"),
    "a perimeter beyond the middle": (
        lambda: asked(FIELD, pattern=Pattern.PERIMETER, layout=replace(SPEC.layout, perimeter_offset_m=-400.0)),
        "nothing is left of the area 400 m inside its border.*perimeter_offset_m",
    ),
    "the world": (lambda: lonlat(box(-180, -90, 180, 90)), "from longitude -180 to 180; expected less than half"),
    "a province": (lambda: lonlat(box(116, 28, 124, 33)), r"has 425,\d+ km2; a patrol has at most 2,000.*split"),
    "across the antimeridian": (
        lambda: lonlat(shapely.MultiPolygon([box(179.99, 30.8, 180, 30.81), box(-180, 30.8, -179.99, 30.81)])),
        "from longitude -180 to 180.*antimeridian cannot be planned: make one on each side",
    ),
    "at the pole": (lambda: lonlat(box(0, 89.99, 10, 90)), "reaches latitude 90; expected at most 85"),
    "a quarter of a square metre": (lambda: asked(box(0, 100, 0.5, 100.5)), r"has 0\.25 m2; expected at least 1 m2"),
    "a dock with latitude first": (
        lambda: lonlat(DEMO.areas[0].geometry.buffer(0), fleet=fleet(replace(DOCK, lon_deg=30.82, lat_deg=89.0))),
        "km from the nearest dock, xindai-south at 30.82, 89; expected at most 100 km.*check longitude and latitude",
    ),
    "a dock with latitude first where that can be": (
        lambda: lonlat(box(30.81, 60.11, 30.82, 60.115), fleet=fleet(replace(DOCK, lon_deg=60.11, lat_deg=30.81))),
        "longitude and latitude of the dock xindai-south are in the wrong order",
    ),
    "a dock on the other side of the Earth": (
        lambda: asked(FIELD, fleet=fleet(DOCK, replace(DOCK, id="lost", lon_deg=-121.08))),
        "the dock lost at -121.08, 30.8198 lies 10,5.. km from every area; expected at most 100 km",
    ),
    "an area without a number": (
        lambda: lonlat(
            shapely.set_coordinates(Polygon([(0, 0), (0, 1), (1, 1)]), [[0, 0], [float("nan"), 30.8], [1, 1], [0, 0]])
        ),
        "has a position that is no number",
    ),
    "a camera that is too slow": (
        lambda: asked(FIELD, front_overlap=0.95, gsd_m=0.005),
        r"photos every 0\.4 m .* takes one in 1\.0 s .*expected at least 1 m/s.*less front overlap",
    ),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_cannot_be_flown_at_all_names_its_true_cause(name):
    request, said = NEVER[name]
    with pytest.raises(DronePatrolError) as caught:
        plan_mission(request())
    assert re.search(said, str(caught.value), re.DOTALL), str(caught.value)
    assert caught.value.hint


PARTLY: dict[str, tuple[Callable[[], Request], str, str]] = {
    "one of two areas in a closed ring": (
        lambda: asked(box(0, 400, 200, 600), box(-500, 100, -200, 400), zones=closed(RING)),
        "reach",
        r"\d\d% of the lanes are left out: no way leads there .*behind the barracks.*the rest can be flown",
    ),
    "one of two areas too far": (
        lambda: asked(FIELD, box(8000, 0, 8200, 200)),
        "reach",
        r"\d\d% of the lanes are left out: .*8,\d\d\d m from the nearest dock.*the rest can be flown",
    ),
    "one of two places outside": (
        lambda: asked(FIELD, pattern=Pattern.RECHECK, places=((0, 900), (0, 200))),
        "pattern recheck",
        "photos of a place .* lies 500 m outside the areas",
    ),
    "one of two docks closed": (
        lambda: asked(FIELD, zones=closed(box(-50, -50, 50, 50)), fleet=TWO_DOCKS),
        "dock",
        "dock xindai-south .*the others fly",
    ),
}


@pytest.mark.parametrize("name", PARTLY)
def test_what_can_be_flown_in_part_is_and_the_rest_is_named_in_both_languages(name):
    request, rule, said = PARTLY[name]
    mission = plan_mission(request())
    assert mission.sorties
    (finding,) = [one for one in mission.findings if one.rule == rule and one.severity == "warning"]
    assert re.search(said, f"{finding.message} {finding.what_to_do}", re.DOTALL), finding
    assert finding.lonlat is not None
    if rule != "dock":
        assert re.search("[一-鿿]", finding.message_zh + finding.what_to_do_zh)


def test_what_can_be_flown_without_an_impossible_area_is_said():
    with pytest.raises(DronePatrolError, match="without it a0 can be flown"):
        plan_mission(replace(asked(FIELD), areas=(*asked(FIELD).areas, Area("w", "w", box(116, 28, 124, 33)))))


def test_a_file_whose_first_corner_is_no_number_says_so(tmp_path):
    corners = "[[NaN,30.82],[121.09,30.82],[121.09,30.83],[NaN,30.82]]"
    feature = f'{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{corners}]}}}}'
    (tmp_path / "a.geojson").write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}')
    with pytest.raises(DronePatrolError, match="a position is no number"):
        read_areas(tmp_path / "a.geojson")
