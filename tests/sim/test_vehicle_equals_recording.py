"""The recorded ArduCopter flight, flown again: the same photos at the same places, in the same time."""

import math

import pytest

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.numbers import Mode, Result

mavutil = pytest.importorskip("pymavlink.mavutil")


def read_waypoints(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return tuple(
        MissionItem(int(row[3]), int(row[2]), tuple(map(float, row[4:8])), float(row[8]), float(row[9]), float(row[10]))
        for row in rows
    )


@pytest.fixture(scope="module")
def recorded(testdata):
    log = mavutil.mavlink_connection(str(testdata("flights/copter47_survey.tlog")))
    photos, airborne = [], []
    while (message := log.recv_match(type=["CAMERA_FEEDBACK", "GLOBAL_POSITION_INT"])) is not None:
        if message.get_type() == "CAMERA_FEEDBACK":
            photos.append(message)
        elif message.relative_alt > 150:
            airborne.append(message.time_boot_ms / 1000)
    log.close()
    return photos, airborne[-1] - airborne[0]


@pytest.fixture(scope="module")
def flown(testdata):
    config = VehicleConfig(
        home=(121.0205, 30.7005, 5.07), flight_id="again", wind_m_s=6.0, wind_from_deg=300.0, top_airspeed_m_s=10.02,
        battery_wh=500.0, perfect_sensors=True, gps_after_s=0.0, parameters=(("WPNAV_SPEED", 1500.0),),
    )  # fmt: skip
    pilot = Autopilot(config)
    pilot.auto.load(read_waypoints(testdata("flights/copter47_survey.waypoints")))
    pilot.step()
    pilot.set_mode(Mode.GUIDED)
    pilot.arm(force=False)
    assert pilot.start_mission() is Result.ACCEPTED
    airborne = []
    while pilot.state.armed and pilot.state.time_s < 1000:
        pilot.step()
        if pilot.state.height_m > 0.15:
            airborne.append(pilot.state.time_s)
    return pilot, airborne[-1] - airborne[0]


def test_the_flight_takes_as_long(recorded, flown):
    assert flown[1] == pytest.approx(recorded[1], rel=0.02)


def test_the_photos_are_as_many_and_in_the_same_places(recorded, flown):
    photos, again = recorded[0], flown[0].camera.photos
    assert len(again) == len(photos) == 54
    north, east = flown[0].state.origin.metres_per_degree
    away = sorted(
        math.hypot((b.lat_deg - a.lat / 1e7) * north, (b.lon_deg - a.lng / 1e7) * east)
        for a, b in zip(photos, again, strict=True)
    )
    assert away[len(away) // 2] < 1.0
    assert away[-1] < 2.0


def test_the_attitude_in_the_photos_is_alike(recorded, flown):
    for a, b in zip(recorded[0], flown[0].camera.photos, strict=True):
        assert b.pitch_deg == pytest.approx(a.pitch, abs=4.0)
        assert b.roll_deg == pytest.approx(a.roll, abs=4.0)
        assert (b.yaw_deg - a.yaw + 180) % 360 - 180 == pytest.approx(0.0, abs=5.0)
