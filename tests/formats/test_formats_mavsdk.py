"""MAVSDK's own importers take every plan and mission text that we write, and see what we mean.

MAVSDK 4 needs a vehicle's heartbeat before it imports; it gets one as bytes, without a network.
"""

import importlib
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest
from formats_flights import flights, planned, sorties
from hypothesis import HealthCheck, given, settings
from pymavlink.dialects.v20 import common

from dronepatrol.formats.flight import flight_of, home_item
from dronepatrol.formats.plan import write_plan
from dronepatrol.formats.registry import content_of, read
from dronepatrol.formats.wpl import write_wpl
from dronepatrol.model.progress import silent
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.store.spec import read_spec

mavsdk = pytest.importorskip("mavsdk.mavsdk", reason="needs the Python package mavsdk, version 4")
ARDUPILOT, PX4 = 3, 12


def importer(autopilot):
    """Return MAVSDK's mission importers as they behave for an autopilot, and what must live as long."""
    kind = importlib.import_module("mavsdk.component_type").ComponentType.GROUND_STATION
    station = mavsdk.Mavsdk(mavsdk.Configuration.create_with_component_type(kind))
    assert station.add_any_connection("raw://") == 0
    station.subscribe_raw_bytes_to_be_sent(lambda _sent: None)
    mav = common.MAVLink(None, srcSystem=1, srcComponent=1)
    heartbeat = common.MAVLink_heartbeat_message(2, autopilot, 0, 0, 3, 3).pack(mav)
    until = time.monotonic() + 10
    while station.system_count() == 0 and time.monotonic() < until:
        station.pass_received_raw_bytes(heartbeat)
        time.sleep(0.05)
    raw = importlib.import_module("mavsdk.plugins.mission_raw").MissionRaw
    return station, raw(station.first_autopilot(3.0))


@pytest.fixture(scope="module")
def importers():
    made = {"ardupilot": importer(ARDUPILOT), "px4": importer(PX4)}
    yield {name: raw for name, (_station, raw) in made.items()}
    for station, _raw in made.values():
        station.destroy()


def seen(items):
    """Return MAVSDK's items as MAVLink's integers and floats."""
    return [
        (i.frame, i.command, i.x, i.y, *(_float(v) for v in (i.param1, i.param2, i.param3, i.param4, i.z)))
        for i in items
    ]


def expected(items):
    return [
        (
            int(i.frame),
            int(i.command),
            *(_whole(value, i.frame) for value in (i.lat_deg, i.lon_deg)),
            *(_float(value) for value in (*i.params, i.altitude_m)),
        )
        for i in items
    ]


def _whole(value, frame):
    if math.isnan(value):
        return 0
    return pytest.approx(value if frame == 2 else value * 1e7, rel=0, abs=0.51)


def _float(value):
    return None if math.isnan(value) else pytest.approx(value, rel=1e-6, abs=1e-6)


@given(sortie=sorties())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("autopilot", ["ardupilot", "px4"])
def test_mavsdk_sees_the_planned_sortie_in_our_plan(importers, autopilot, sortie):
    flight = planned(sortie, autopilot)
    data = importers[autopilot].import_qgroundcontrol_mission_from_string(content_of(".plan", flight)[0].decode())
    items = data.mission_items
    if autopilot == "ardupilot":
        assert (items[0].command, items[0].x, items[0].y) == (16, 308198000, 1210830000)
        items = items[1:]
    assert seen(items) == expected(flight.items)
    assert [(i.command, i.param1) for i in data.geofence_items] == [(i.command, i.params[0]) for i in flight.fence]
    assert [(i.x, i.y) for i in data.rally_items] == [
        (_whole(i.lat_deg, 3), _whole(i.lon_deg, 3)) for i in flight.rally
    ]


@given(sortie=sorties())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("autopilot", ["ardupilot", "px4"])
def test_mavsdk_sees_the_planned_sortie_in_our_mission_text(importers, autopilot, sortie):
    """Its importer is PX4's: for ArduPilot it puts one more home in front of row 0."""
    flight = planned(sortie, autopilot)
    text = content_of(".waypoints", flight)[0].decode()
    items = importers[autopilot].import_mission_planner_mission_from_string(text).mission_items
    ours = flight.items
    if autopilot == "ardupilot":
        items, ours = items[1:], (home_item(flight.home), *flight.items)
    assert seen(items) == expected(ours)


@given(flight=flights())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mavsdk_takes_any_plan_that_we_write(importers, flight):
    plan = content_of(".plan", flight)[0].decode()
    data = importers["px4"].import_qgroundcontrol_mission_from_string(plan)
    assert len(data.mission_items) == len(flight.items)


def test_mavsdk_and_we_agree_about_other_programs_plans(importers, testdata):
    for name in ("mavsdk/qgroundcontrol_sample.plan", "uavRmp/tutdata_qgc_survey30m.plan", "mavros/simple.plan"):
        path = testdata(f"missions/{name}")
        flight = read(path).flight
        data = importers[flight.autopilot].import_qgroundcontrol_mission(str(path))
        items = data.mission_items[1:] if flight.autopilot == "ardupilot" else data.mission_items
        assert seen(items) == expected(flight.items)


MISSIONS = Path(__file__).resolve().parents[2] / "missions"
SHIPPED = sorted(path.name for path in MISSIONS.glob("*.toml"))
QUICK = ("pinghu-points-demo.toml", "pinghu-xindai-demo.toml")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.campaign) for name in SHIPPED]
)
def test_mavsdk_takes_every_sortie_of_the_shipped_missions(importers, name):
    mission = plan_mission(read_request(read_spec(MISSIONS / name)), silent)
    assert mission.sorties
    counted = 0
    for autopilot in ("ardupilot", "px4"):
        raw = importers[autopilot]
        theirs = replace(mission, autopilot=autopilot)
        for sortie in mission.sorties:
            items = (*sortie_items(sortie, autopilot), *fence_items(mission), *rally_items(sortie))
            plan, flight = write_plan(theirs, sortie, items), flight_of(theirs, sortie, items)
            data = raw.import_qgroundcontrol_mission_from_string(plan)
            home = int(autopilot == "ardupilot")
            assert seen(data.mission_items[home:]) == expected(flight.items)
            assert (len(data.geofence_items), len(data.rally_items)) == (len(flight.fence), len(flight.rally))
            text = raw.import_mission_planner_mission_from_string(write_wpl(sortie_items(sortie, autopilot)))
            assert seen(text.mission_items[home:]) == expected(sortie_items(sortie, autopilot))
            counted += 1
    print(f"{name}: MAVSDK takes {counted} plans and {counted} mission texts")
