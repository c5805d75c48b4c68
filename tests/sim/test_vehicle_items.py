"""Mission items one by one: each is flown, done, waited for or skipped as ArduCopter does."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.numbers import MissionState, Mode, Result
from dronepatrol.sim.vehicle.place import Origin

HOME = (121.0830, 30.8198, 3.5)
CONFIG = VehicleConfig(home=HOME, flight_id="i", seed=3, gps_after_s=0.0, perfect_sensors=True)
TAKEOFF = MissionItem(22, 3, altitude_m=20.0)
RTL = MissionItem(20, 2)


def at(command, north, east, params=(0.0, 0.0, 0.0, 0.0), height=20.0):
    lon, lat = Origin(*HOME).to_lonlat(north, east)
    return MissionItem(command, 3, params, lat, lon, height)


def begun(*items, **parameters):
    pilot = Autopilot(replace(CONFIG, parameters=tuple(parameters.items())))
    pilot.auto.load((MissionItem(16, 0), TAKEOFF, *items))
    pilot.step()
    pilot.set_mode(Mode.GUIDED)
    assert pilot.arm(force=False) is Result.ACCEPTED
    assert pilot.start_mission() is Result.ACCEPTED
    return pilot


def until(pilot, what, most_s=300.0):
    for _ in range(int(most_s / 0.02)):
        pilot.step()
        if what(pilot):
            return pilot.state.time_s
    pytest.fail(f"not within {most_s} s; item {pilot.auto.current}, {pilot.state.mode}")


def on_item(number):
    return lambda pilot: pilot.auto.current == number


def texts(pilot):
    return [fields["text"].decode() for name, fields in pilot.outbox.take() if name == "statustext"]


def place(pilot):
    return pilot.state.body.n, pilot.state.body.e


def test_turns_are_flown_on_the_circle_nose_to_the_middle():
    pilot = begun(at(18, 0.0, 100.0, (2.0, 0.0, 15.0, 0.0)), RTL)
    until(pilot, on_item(2))
    until(pilot, lambda p: math.dist(place(p), (0.0, 100.0)) < 15.5)
    start, angles, away, off_nose = pilot.state.time_s, [], [], []
    while pilot.auto.current == 2 and len(angles) < 20_000:
        pilot.step()
        n, e = pilot.state.body.n, pilot.state.body.e - 100.0
        angles.append(math.atan2(e, n))
        away.append(math.hypot(n, e))
        if pilot.state.time_s > start + 8:
            off_nose.append(abs((pilot.state.body.yaw - math.atan2(-e, -n) + math.pi) % (2 * math.pi) - math.pi))
    turned = sum((b - a + math.pi) % (2 * math.pi) - math.pi for a, b in pairwise(angles))
    assert turned == pytest.approx(2 * 2 * math.pi, abs=0.6)  # to the right, twice
    assert max(away) < 17.0
    assert min(away[200:]) > 13.0
    assert max(off_nose) < 0.35
    assert pilot.state.time_s - start == pytest.approx(720 / 20, abs=5.0)  # CIRCLE_RATE


def test_a_loiter_is_passed_to_without_a_stop_and_lasts_as_long_as_asked():
    pilot = begun(at(16, 0.0, 80.0), at(19, 0.0, 160.0, (7.0, 0.0, 0.0, 0.0)), RTL)
    until(pilot, on_item(3))
    assert pilot.state.body.ground_speed > 5.0
    arrived = until(pilot, lambda p: math.dist(place(p), (0.0, 160.0)) < 2.0)
    assert until(pilot, on_item(4)) - arrived == pytest.approx(8.0, abs=2.0)


def test_a_delay_at_a_waypoint_stops_there():
    pilot = begun(at(16, 0.0, 80.0, (5.0, 0.0, 0.0, 0.0)), at(16, 80.0, 80.0), RTL)
    until(pilot, on_item(3))
    assert pilot.state.body.ground_speed < 0.5
    assert math.dist(place(pilot), (0.0, 80.0)) < 1.0


def test_nav_delay_waits_for_seconds_or_for_a_time_of_day():
    pilot = begun(MissionItem(93, 2, (12.0, -1.0, -1.0, -1.0)), at(16, 0.0, 50.0), RTL)
    begins = until(pilot, on_item(2))
    assert until(pilot, on_item(3)) - begins == pytest.approx(12.0, abs=0.1)


def test_a_speed_between_waypoints_is_that_of_the_next_leg():
    pilot = begun(at(16, 0.0, 200.0), MissionItem(178, 2, (1.0, 4.0, 0.0, 0.0)), at(16, 0.0, 400.0), RTL)
    until(pilot, lambda p: p.state.body.e > 130.0)
    assert pilot.state.body.ground_speed == pytest.approx(10.0, abs=0.4)
    until(pilot, lambda p: p.state.body.e > 300.0)
    assert pilot.state.body.ground_speed == pytest.approx(4.0, abs=0.2)


def test_a_speed_after_a_condition_waits_for_it():
    pilot = begun(
        MissionItem(114, 2, (100.0, 0.0, 0.0, 0.0)), MissionItem(178, 2, (1.0, 4.0, 0.0, 0.0)), at(16, 0.0, 300.0), RTL
    )
    until(pilot, lambda p: p.state.body.e > 190.0)
    assert pilot.state.body.ground_speed == pytest.approx(10.0, abs=0.4)
    until(pilot, lambda p: p.state.body.e > 260.0)
    assert pilot.state.body.ground_speed == pytest.approx(4.0, abs=0.3)


def test_climbing_and_sinking_have_their_own_speeds():
    pilot = begun(
        MissionItem(178, 2, (2.0, 1.0, 0.0, 0.0)), at(16, 0.0, 10.0, height=60.0),
        MissionItem(178, 2, (3.0, 0.7, 0.0, 0.0)), at(16, 0.0, 0.0, height=30.0), RTL,
    )  # fmt: skip
    rising, sinking = [], []
    until(pilot, lambda p: rising.append(p.state.body.vup) or p.state.height_m > 59.0)
    assert max(rising[len(rising) // 2 :]) == pytest.approx(1.0, abs=0.1)
    until(pilot, lambda p: p.state.height_m < 45.0)  # the turn into the leg was flown at the speed from before
    until(pilot, lambda p: sinking.append(p.state.body.vup) or p.state.height_m < 32.0)
    assert min(sinking) == pytest.approx(-0.7, abs=0.1)


def test_a_heading_is_turned_to_at_its_rate_and_what_follows_waits():
    pilot = begun(
        MissionItem(115, 2, (180.0, 10.0, 1.0, 0.0)), MissionItem(203, 2, lat_deg=1.0), at(16, 0.0, 400.0), RTL
    )
    begins = until(pilot, on_item(4))
    shot = until(pilot, lambda p: p.camera.photos)
    assert shot - begins == pytest.approx(18.0, abs=2.0)
    assert math.degrees(pilot.state.body.yaw) == pytest.approx(180.0, abs=3.0)


def test_jumps_are_counted():
    pilot = begun(at(16, 0.0, 40.0), at(16, 40.0, 40.0), MissionItem(177, 2, (2.0, 2.0, 0.0, 0.0)), RTL)
    until(pilot, lambda p: not p.state.armed)
    assert sum("Mission: 2 WP" in text for text in texts(pilot)) == 3
    assert pilot.auto.state is MissionState.COMPLETE


def test_a_spline_rounds_the_corner_and_meets_its_points():
    pilot = begun(at(16, 0.0, 60.0), at(82, 80.0, 100.0), at(82, 0.0, 160.0), at(16, 0.0, 260.0), RTL)
    nearest, slowest = {}, math.inf
    while pilot.auto.current < 6:
        pilot.step()
        for point in ((0.0, 60.0), (80.0, 100.0), (0.0, 160.0), (0.0, 260.0)):
            nearest[point] = min(nearest.get(point, math.inf), math.dist(place(pilot), point))
        if pilot.auto.current in {3, 4} and pilot.state.body.e > 70.0:
            slowest = min(slowest, pilot.state.body.ground_speed)
        assert pilot.state.time_s < 300
    assert max(nearest.values()) < 3.0
    assert slowest > 1.0


def test_a_landing_item_lands_at_its_place():
    pilot = begun(at(16, 0.0, 60.0), at(21, 30.0, 60.0, height=0.0))
    until(pilot, lambda p: not p.state.armed)
    assert math.dist(place(pilot), (30.0, 60.0)) < 0.5


def test_an_item_without_a_place_or_a_height_keeps_the_last_ones():
    pilot = begun(at(16, 0.0, 60.0), MissionItem(16, 3, altitude_m=35.0), at(16, 40.0, 60.0, height=0.0), RTL)
    until(pilot, on_item(4))
    assert math.dist(place(pilot), (0.0, 60.0)) < 2.5
    until(pilot, on_item(5))
    assert pilot.state.height_m == pytest.approx(35.0, abs=0.5)


def test_loiter_to_a_height_climbs_there():
    pilot = begun(at(31, 0.0, 50.0, height=45.0), RTL)
    until(pilot, on_item(3))
    assert math.dist(place(pilot), (0.0, 50.0)) < 2.5
    assert pilot.state.height_m == pytest.approx(45.0, abs=2.1)


def test_what_means_nothing_to_a_copter_is_skipped_and_said():
    pilot = begun(MissionItem(223, 2), at(30, 0.0, 0.0), at(16, 0.0, 40.0), MissionItem(183, 2), RTL)
    until(pilot, lambda p: not p.state.armed)
    said = texts(pilot)
    assert "Mission: 2 EngineControl" in said
    assert "Skipping invalid cmd #223" in said
    assert "Mission: 3 ContinueAndChangeAlt" in said
    assert "Mission: 5 SetServo" in said
    assert pilot.auto.state is MissionState.COMPLETE


@pytest.mark.parametrize(("behaviour", "heading"), [(0, None), (1, -90.0), (2, 90.0), (3, -90.0)])
def test_the_nose_on_the_way_home_is_as_the_parameter_says(behaviour, heading):
    pilot = begun(at(16, 0.0, 150.0), RTL, WP_YAW_BEHAVIOR=float(behaviour))
    until(pilot, lambda p: p.auto.current == 3 and 30.0 < p.state.body.e < 80.0)
    yaw = math.degrees(pilot.state.body.yaw)
    wanted = 0.0 if heading is None else heading
    assert (yaw - wanted + 180) % 360 - 180 == pytest.approx(0.0, abs=6.0)


def test_the_camera_keeps_its_distance_interval_and_place():
    start = MissionItem(206, 2, (20.0, 0.0, 0.0, 0.0))
    pilot = begun(start, at(16, 0.0, 100.0), MissionItem(206, 2), at(16, 0.0, 200.0), start, at(16, 0.0, 300.0), RTL)
    until(pilot, on_item(8))
    east = [Origin(*HOME).to_metres(p.true_lon_deg, p.true_lat_deg)[1] for p in pilot.camera.photos]
    assert east == pytest.approx([20, 40, 60, 80, *([100] if len(east) == 9 else []), 220, 240, 260, 280], abs=3.0)


def test_a_photo_asked_for_too_soon_is_taken_as_soon_as_may_be():
    shoot = MissionItem(203, 2, lat_deg=1.0)
    pilot = begun(shoot, shoot, shoot, at(16, 0.0, 200.0), RTL, CAM1_INTRVAL_MIN=2.0)
    until(pilot, lambda p: len(p.camera.photos) == 2)
    assert pilot.camera.photos[1].time_s - pilot.camera.photos[0].time_s == pytest.approx(2.0, abs=0.1)


def test_the_camera_by_time_takes_as_many_as_asked():
    pilot = begun(MissionItem(2000, 2, (0.0, 3.0, 4.0, 0.0)), at(16, 0.0, 300.0), RTL)
    until(pilot, lambda p: not p.state.armed)
    times = [photo.time_s for photo in pilot.camera.photos]
    assert len(times) == 4
    assert times[-1] - times[0] == pytest.approx(9.0, abs=0.2)


def test_nose_and_camera_stay_on_a_region_of_interest():
    pilot = begun(at(195, 50.0, 100.0, height=0.0), at(16, 0.0, 200.0), MissionItem(197, 2), RTL)
    until(pilot, lambda p: p.state.body.e > 60.0)
    to = math.atan2(100.0 - pilot.state.body.e, 50.0)
    assert (pilot.state.body.yaw - to + math.pi) % (2 * math.pi) - math.pi == pytest.approx(0.0, abs=0.25)
    down = math.degrees(math.atan2(-20.0, math.hypot(100.0 - pilot.state.body.e, 50.0)))
    assert pilot.camera.gimbal_pitch_deg == pytest.approx(down, abs=2.0)


def test_a_strong_headwind_slows_the_flight_but_keeps_it_on_its_line():
    pilot = begun(
        at(16, 0.0, 200.0, height=70.0), at(16, 0.0, 20.0, height=70.0), RTL, SIM_WIND_SPD=8.0, SIM_WIND_DIR=300
    )
    until(pilot, on_item(3))
    until(pilot, lambda p: p.state.body.e < 140.0)
    off = []
    until(pilot, lambda p: off.append(abs(p.state.body.n)) or p.state.body.e < 60.0)
    assert max(off) < 1.0
    assert pilot.state.body.ground_speed < 10.0
