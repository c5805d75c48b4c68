"""What the items of a sortie make the vehicle look at: orbits, fixed headings, tilted strips."""

import math

import pytest

from dronepatrol.model.mission import Dock, MissionItem, Sortie, Waypoint
from dronepatrol.plan.items import sortie_items
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.numbers import Mode, Result
from dronepatrol.sim.vehicle.place import Origin

HOME = (121.0830, 30.8198, 3.5)
CONFIG = VehicleConfig(home=HOME, flight_id="s", seed=3, wind_m_s=3.0, wind_from_deg=300.0, gps_after_s=0.0)
HEIGHT = 40.0


def at(north, east, **more):
    lon, lat = Origin(*HOME).to_lonlat(north, east)
    return Waypoint(lon, lat, HEIGHT, **more)


def photos_of(*waypoints):
    sortie = Sortie("s", Dock("d", "d", *HOME), waypoints, 8.0, HEIGHT, 0.0, 0.0, 0.0, 0)
    pilot = Autopilot(CONFIG)
    pilot.auto.load(sortie_items(sortie, "ardupilot"))
    pilot.step()
    assert pilot.set_mode(Mode.GUIDED) is Result.ACCEPTED
    assert pilot.arm(force=False) is Result.ACCEPTED
    assert pilot.start_mission() is Result.ACCEPTED
    for _ in range(20_000):
        pilot.step()
        if not pilot.state.armed:
            return pilot.camera.photos
    pytest.fail("not home after 400 s")


def turned_deg(one, other):
    return abs((one - other + 180.0) % 360.0 - 180.0)


def test_an_orbit_is_flown_with_one_photo_at_each_point_looking_at_the_centre():
    radius, count, north, east = 30.0, 6, 60.0, 20.0
    pitch = -math.degrees(math.atan2(HEIGHT, radius))
    turns = [k * 2 * math.pi / count for k in range(count)]
    circle = [
        at(
            north + radius * math.cos(turn),
            east + radius * math.sin(turn),
            gimbal_pitch_deg=pitch,
            yaw_deg=math.degrees(turn + math.pi) % 360.0,
            photo_here=True,
        )
        for turn in turns
    ]
    photos = photos_of(*circle)
    assert len(photos) == count
    for photo, turn in zip(photos, turns, strict=True):
        n, e = Origin(*HOME).to_metres(photo.true_lon_deg, photo.true_lat_deg)
        assert math.hypot(n - north - radius * math.cos(turn), e - east - radius * math.sin(turn)) < 8.0  # GPS
        assert turned_deg(photo.yaw_deg, math.degrees(turn) + 180.0) < 6.0
        assert photo.gimbal_pitch_deg == pytest.approx(pitch, abs=0.5)


def test_a_strip_keeps_its_heading_both_ways_and_the_way_home_has_no_photos():
    tilted = {"gimbal_pitch_deg": -45.0, "yaw_deg": 0.0}
    photos = photos_of(
        at(20, 20, photo_step_m=20.0, **tilted),
        at(120, 20, **tilted),
        at(120, 60, photo_step_m=20.0, **tilted),
        at(20, 60, **tilted),
    )
    assert len(photos) in {10, 11, 12}
    assert all(turned_deg(photo.yaw_deg, 0.0) < 6.0 for photo in photos)
    assert all(photo.gimbal_pitch_deg == pytest.approx(-45.0, abs=0.5) for photo in photos)


def test_a_corner_between_two_headings_is_turned_before_the_next_photo():
    photos = photos_of(
        at(20, 20, photo_step_m=20.0, gimbal_pitch_deg=-45.0, yaw_deg=90.0),
        at(100, 20, photo_step_m=20.0, gimbal_pitch_deg=-45.0, yaw_deg=180.0),
        at(100, 100),
    )
    views = [next((v for v in (90, 180) if turned_deg(photo.yaw_deg, v) < 6.0), 0) for photo in photos]
    assert 0 not in views  # none while turning
    assert views == sorted(views)
    assert views.count(90) >= 4
    assert views.count(180) >= 4


def test_a_digicam_item_that_does_not_ask_to_shoot_does_not():
    item = MissionItem(203, 2)
    pilot = Autopilot(CONFIG)
    pilot.auto.load((MissionItem(16, 0), MissionItem(22, 3, altitude_m=20.0), item, MissionItem(20, 2)))
    pilot.step()
    pilot.set_mode(Mode.GUIDED)
    pilot.arm(force=False)
    pilot.start_mission()
    for _ in range(3000):
        pilot.step()
    assert not pilot.camera.photos
