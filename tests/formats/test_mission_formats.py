"""Mission files: what is written reads back the same, others' files are read, what is none is refused."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink import mavwp

from dronepatrol.errors import InputError
from dronepatrol.formats.geojson import write_route
from dronepatrol.formats.plan import read_plan, write_plan
from dronepatrol.formats.wpl import read_wpl, write_wpl
from dronepatrol.model.mission import Command, Dock, Finding, Frame, Mission, MissionItem, Sortie, Waypoint

DOCK = Dock("d", "坞", 121.083, 30.8198, 3.5)
RING = ((121.08, 30.82), (121.09, 30.82), (121.09, 30.83), (121.08, 30.82))
SORTIE = Sortie(
    "sortie-01",
    DOCK,
    (Waypoint(121.081, 30.821, 100.0, 30.0), Waypoint(121.082, 30.821, 100.0), Waypoint(121.0825, 30.822, 100.0)),
    10.0,
    100.0,
    1000.0,
    100.0,
    10.0,
    4,
)
MISSION = Mission(
    "p", 1, "c", "a", "ardupilot", 100.0, 0.049, 50.0, 30.0, ((RING,),), ((RING,),), (SORTIE,),
    (Finding("way home", "warning", "m", "t", (121.08, 30.82)),),
)  # fmt: skip

NUMBER = st.floats(-1e4, 1e4).map(lambda value: round(value, 6))
ITEM = st.builds(
    MissionItem,
    command=st.sampled_from([16, 22, 178, 206, 20]),
    frame=st.sampled_from([0, 2, 3]),
    params=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER | st.just(math.nan)),
    lat_deg=st.floats(-90, 90).map(lambda value: round(value, 8)),
    lon_deg=st.floats(-180, 180).map(lambda value: round(value, 8)),
    altitude_m=NUMBER,
    autocontinue=st.booleans(),
)
HOME = MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=30.8198, lon_deg=121.083, altitude_m=3.5)


def same(one, other) -> bool:
    def plain(items):
        """NaN is like NaN."""
        return [
            replace(item, params=tuple(None if math.isnan(value) else value for value in item.params)) for item in items
        ]

    return plain(one) == plain(other)


@given(items=st.lists(ITEM, min_size=1, max_size=8))
@settings(max_examples=60)
def test_wpl_round_trip(items):
    assert same(read_wpl(write_wpl(items)), tuple(items))


@given(items=st.lists(ITEM, max_size=8))
@settings(max_examples=60)
def test_plan_round_trip(items):
    fence = [
        MissionItem(command, 0, (3.0, 0.0, 0.0, 0.0), lat_deg=lat, lon_deg=lon)
        for command in (5001, 5002)
        for lon, lat in RING[:-1]
    ]
    for mission, all_items in ((MISSION, [HOME, *items, *fence]), (replace(MISSION, autopilot="px4"), items + fence)):
        assert same(read_plan(write_plan(mission, SORTIE, all_items)), tuple(all_items))


def test_pymavlink_reads_our_wpl_to_the_millimetre(tmp_path):
    items = [HOME, MissionItem(16, 3, lat_deg=30.82345678, lon_deg=121.08765432, altitude_m=100.35)]
    path = tmp_path / "m.waypoints"
    path.write_text(write_wpl(items))
    loader = mavwp.MAVWPLoader()
    assert loader.load(str(path)) == 2
    assert loader.wp(1).x == pytest.approx(30.82345678, abs=1e-8)
    assert loader.wp(1).y == pytest.approx(121.08765432, abs=1e-8)


def test_plan_has_what_qgroundcontrol_and_mavsdk_want():
    items = [HOME, MissionItem(22, 3, altitude_m=100.0), MissionItem(20, 2), MissionItem(5100, 3, lat_deg=1.0)]
    plan = json.loads(write_plan(MISSION, SORTIE, items))
    assert (plan["fileType"], plan["version"], plan["mission"]["version"]) == ("Plan", 1, 2)
    assert plan["mission"]["firmwareType"] == 3
    assert plan["mission"]["plannedHomePosition"] == [30.8198, 121.083, 3.5]
    assert [item["doJumpId"] for item in plan["mission"]["items"]] == [1, 2]
    assert (plan["geoFence"]["version"], plan["rallyPoints"]["version"]) == (2, 2)
    assert plan["rallyPoints"]["points"] == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    "name", ["qgc/MissionPlanner.waypoints", "ardupilot/CMAC-copter-navtest.txt", "mavros/CMAC-circuit.txt"]
)
def test_reads_others_waypoint_files(testdata, name):
    items = read_wpl(testdata(f"missions/{name}").read_text())
    assert len(items) > 2
    assert same(read_wpl(write_wpl(items)), items)


@pytest.mark.parametrize("name", ["mavsdk/qgroundcontrol_sample.plan", "mavros/simple.plan"])
def test_reads_others_plans(testdata, name):
    assert len(read_plan(testdata(f"missions/{name}").read_text())) > 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qgroundcontrol_sample_wrong_overall_version", "expected Plan, 1, 2"),
        ("qgroundcontrol_sample_wrong_mission_version", "expected Plan, 1, 2"),
        ("qgroundcontrol_sample_without_mission", "lacks 'mission'"),
        ("qgroundcontrol_sample_with_structured_scan", "only simple items are read"),
    ],
)
def test_refuses_bad_plans(testdata, name, message):
    with pytest.raises(InputError, match=message):
        read_plan(testdata(f"missions/mavsdk/{name}.plan").read_text())


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "[" * 10_000, '{"fileType": "Plan", "version": 1, "mission": 3}']
)
def test_refuses_what_is_no_plan(text):
    with pytest.raises(InputError, match="the plan"):
        read_plan(text)


@pytest.mark.parametrize("text", ["", "QGC WPL 120\n", "QGC WPL 110\n0 1 0 16\n", "QGC WPL 110\n" + "x\t" * 12])
def test_refuses_what_is_no_wpl(text):
    with pytest.raises(InputError, match="mission text"):
        read_wpl(text)


def test_route_has_every_kind_of_feature_in_lon_lat():
    route = json.loads(write_route(MISSION))
    kinds = [feature["properties"]["kind"] for feature in route["features"]]
    assert kinds == [
        "area",
        "no-fly",
        "transit",
        "lane",
        "transit",
        "dock",
        "waypoint",
        "waypoint",
        "waypoint",
        "finding",
    ]
    lane = route["features"][3]
    assert lane["geometry"]["coordinates"] == [[121.081, 30.821], [121.082, 30.821]]
    assert lane["properties"]["photo_step_m"] == 30.0
    home = route["features"][4]["geometry"]["coordinates"]
    assert home == [[121.082, 30.821], [121.0825, 30.822], [121.083, 30.8198]]
