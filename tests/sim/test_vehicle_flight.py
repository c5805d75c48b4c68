"""Flights without a link: as fast as the machine allows, every step the same every time."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.battery import Battery, PowerModel
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.numbers import Landed, MissionState, Mode, Result
from dronepatrol.sim.vehicle.place import Origin

HOME = (121.0830, 30.8198, 3.5)
CONFIG = VehicleConfig(home=HOME, flight_id="s", seed=3, wind_m_s=4.0, wind_from_deg=300.0, gps_after_s=0.0)


def at(north, east, height=60.0, **more):
    lon, lat = Origin(*HOME).to_lonlat(north, east)
    return MissionItem(16, 3, lat_deg=lat, lon_deg=lon, altitude_m=height, **more)


def small_mission(end=20):
    return (
        at(0, 0),
        MissionItem(22, 3, altitude_m=60.0),
        MissionItem(178, 2, (1.0, 10.0, -1.0, 0.0)),
        MissionItem(205, 2, (-90.0, 0.0, 0.0, 0.0), altitude_m=2.0),
        at(0, 20),
        MissionItem(206, 2, (20.0, 0.0, 1.0, 0.0)),
        at(100, 20),
        MissionItem(206, 2),
        at(100, 60),
        MissionItem(206, 2, (20.0, 0.0, 1.0, 0.0)),
        at(0, 60),
        MissionItem(206, 2),
        MissionItem(end, 3),
    )


def ready(config=CONFIG, items=None):
    pilot = Autopilot(config)
    pilot.auto.load(small_mission() if items is None else items)
    pilot.step()
    assert pilot.set_mode(Mode.GUIDED) is Result.ACCEPTED
    return pilot


def start(pilot):
    assert pilot.arm(force=False) is Result.ACCEPTED
    assert pilot.start_mission() is Result.ACCEPTED
    return pilot


def fly(pilot, until=lambda pilot: not pilot.state.armed, most_s=900):
    for _ in range(int(most_s / 0.02)):
        pilot.step()
        if until(pilot):
            return pilot
    pytest.fail(f"after {most_s} s: {pilot.state.mode}, {pilot.auto.current}, {pilot.state.height_m:.1f} m")


def heard(pilot, name):
    return [fields for said, fields in pilot.outbox.take() if said == name]


def test_a_mission_is_flown_to_its_end():
    pilot = fly(start(ready()))
    said = pilot.outbox.take()
    assert pilot.state.landed is Landed.ON_GROUND
    assert pilot.auto.state is MissionState.COMPLETE
    assert math.hypot(pilot.state.body.n, pilot.state.body.e) < 0.5
    feedback = [fields for name, fields in said if name == "camera_feedback"]
    assert [photo["img_idx"] for photo in feedback] == list(range(1, len(pilot.camera.photos) + 1))
    assert len(feedback) in {10, 11, 12}  # 100 m at 20 m, twice, with one at each start
    assert [fields["seq"] for name, fields in said if name == "mission_item_reached"] == [2, 3, 4, 6, 8, 10, 12]
    assert pilot.state.battery.share < 1.0


def test_photos_are_as_far_apart_as_asked_and_as_wrong_as_the_table_says():
    pilot = fly(start(ready()))
    photos = pilot.camera.photos
    for a, b in pairwise(photos):
        apart = WGS84.inv(a.true_lon_deg, a.true_lat_deg, b.true_lon_deg, b.true_lat_deg)[2]
        assert apart >= 19.9
    bias = pilot.state.bias
    for photo in photos:
        n, e = Origin(*HOME).to_metres(photo.true_lon_deg, photo.true_lat_deg)
        sensed_n, sensed_e = Origin(*HOME).to_metres(photo.lon_deg, photo.lat_deg)
        assert sensed_n - n == pytest.approx(bias.north_m + photo.error.north_m, abs=1e-6)
        assert sensed_e - e == pytest.approx(bias.east_m + photo.error.east_m, abs=1e-6)
        assert photo.height_m - photo.true_height_m == pytest.approx(bias.height_m + photo.error.height_m, abs=1e-6)
        assert photo.gimbal_pitch_deg == -90.0
        assert photo.height_m - photo.error.height_m == pytest.approx(60.0, abs=0.3)


def test_the_same_flight_again_is_the_same_bit_by_bit_whatever_the_wait_before():
    def photos(wait_steps):
        pilot = ready()
        for _ in range(wait_steps):
            pilot.step()
        return [replace(photo, time_s=0.0) for photo in fly(start(pilot)).camera.photos]

    assert photos(0) == photos(137)


def test_another_seed_is_another_flight():
    a = fly(start(ready())).camera.photos
    b = fly(start(ready(replace(CONFIG, seed=4)))).camera.photos
    assert a[0].error != b[0].error
    assert a[0].true_lon_deg != b[0].true_lon_deg


def test_without_a_position_it_does_not_arm():
    pilot = Autopilot(replace(CONFIG, gps_after_s=5.0))
    assert pilot.arm(force=False) is Result.FAILED
    assert b"Arm: Need Position Estimate" in [text["text"] for text in heard(pilot, "statustext")]
    assert pilot.set_mode(Mode.GUIDED) is Result.FAILED


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.RTL, Mode.LAND])
def test_in_a_mode_that_cannot_arm_it_does_not(mode):
    pilot = ready()
    pilot.set_mode(mode)
    assert pilot.arm(force=False) is Result.FAILED
    assert f"Arm: {mode.name} mode not armable".encode() in [text["text"] for text in heard(pilot, "statustext")]


def test_with_an_empty_battery_it_does_not_arm():
    assert ready(replace(CONFIG, battery_share=0.1)).arm(force=False) is Result.FAILED


def test_armed_and_left_alone_it_disarms():
    pilot = ready()
    pilot.arm(force=False)
    fly(pilot, most_s=11)
    assert pilot.state.battery.share == 1.0


def test_a_mission_that_is_none_is_not_started():
    pilot = ready(items=())
    pilot.arm(force=False)
    assert pilot.start_mission() is Result.FAILED
    assert pilot.set_mode(Mode.AUTO) is Result.FAILED


def test_a_mission_without_a_takeoff_is_not_started():
    pilot = ready(items=(at(0, 0), at(0, 50), MissionItem(20, 3)))
    pilot.arm(force=False)
    assert pilot.start_mission() is Result.FAILED
    assert not pilot.state.flying


def test_called_back_it_flies_the_whole_mission_the_next_time():
    pilot = fly(start(ready()), until=lambda pilot: pilot.state.body.n > 50)
    pilot.set_mode(Mode.RTL)
    fly(pilot)
    photos = len(pilot.camera.photos)
    pilot.set_mode(Mode.GUIDED)
    fly(start(pilot))
    assert pilot.auto.state is MissionState.COMPLETE
    assert [photo.number for photo in pilot.camera.photos] == list(range(1, len(pilot.camera.photos) + 1))
    assert len(pilot.camera.photos) >= photos + 10


def test_rtl_climbs_first_flies_home_and_lands():
    config = replace(CONFIG, parameters=(("RTL_ALT", 5000.0),))
    pilot = ready(config, (at(0, 0), MissionItem(22, 3, altitude_m=20.0), at(0, 200, 20.0), MissionItem(20, 3)))
    fly(start(pilot), until=lambda pilot: pilot.state.body.e > 100)
    assert pilot.set_mode(Mode.RTL) is Result.ACCEPTED
    heights = []
    fly(pilot, until=lambda pilot: heights.append(pilot.state.height_m) or not pilot.state.armed)
    assert max(heights) == pytest.approx(50.0, abs=1.0)
    assert math.hypot(pilot.state.body.n, pilot.state.body.e) < 0.5


def test_land_comes_down_where_it_is():
    pilot = fly(start(ready()), until=lambda pilot: pilot.state.body.n > 50)
    pilot.set_mode(Mode.LAND)
    fly(pilot)
    assert pilot.state.body.n > 45


def test_a_low_battery_brings_it_home():
    pilot = start(ready(replace(CONFIG, battery_wh=10.0)))
    pilot.state.battery.draw(3600 * 8.3, 1.0)
    fly(pilot)
    texts = b"\n".join(text["text"] for text in heard(pilot, "statustext"))
    assert b"Battery Failsafe" in texts
    assert math.hypot(pilot.state.body.n, pilot.state.body.e) < 0.5


def test_paused_in_loiter_it_stays_and_goes_on_in_auto():
    pilot = fly(start(ready()), until=lambda pilot: pilot.auto.current == 6 and pilot.state.body.n > 40)
    pilot.set_mode(Mode.LOITER)
    with pytest.raises(pytest.fail.Exception):
        fly(pilot, most_s=20)
    assert pilot.state.body.ground_speed < 0.2
    assert pilot.set_mode(Mode.AUTO) is Result.ACCEPTED
    assert fly(pilot).auto.state is MissionState.COMPLETE


def test_a_mission_without_a_landing_is_held_where_it_ends():
    pilot = start(ready(items=small_mission()[:-1]))
    with pytest.raises(pytest.fail.Exception):
        fly(pilot, most_s=200)
    assert pilot.auto.state is MissionState.COMPLETE
    assert pilot.state.body.n == pytest.approx(-pilot.state.bias.north_m, abs=1.0)
    assert pilot.state.height_m == pytest.approx(60.0, abs=0.3)


def test_in_the_air_it_disarms_only_by_force_and_falls():
    pilot = fly(start(ready()), until=lambda pilot: pilot.state.height_m > 30)
    assert pilot.disarm() is Result.FAILED
    assert pilot.disarm(force=True) is Result.ACCEPTED
    fly(pilot, until=lambda pilot: pilot.state.landed is Landed.ON_GROUND, most_s=10)


def test_guided_takes_off_and_stays():
    pilot = ready(items=())
    pilot.arm(force=False)
    assert pilot.take_off(15.0) is Result.ACCEPTED
    fly(pilot, until=lambda pilot: pilot.state.height_m > 14.9)
    assert pilot.take_off(15.0) is Result.FAILED


def test_heights_above_the_sea_and_above_home_agree():
    amsl = replace(at(0, 80), frame=0, altitude_m=60.0 + HOME[2])
    pilot = ready(items=(at(0, 0), MissionItem(22, 3, altitude_m=40.0), amsl, MissionItem(21, 3)))
    fly(start(pilot), until=lambda pilot: pilot.auto.current == 3)
    assert pilot.state.height_m == pytest.approx(60.0, abs=0.5)


def test_power_is_plausible_and_grows_with_load():
    light, heavy = PowerModel(0.9), PowerModel(6.3)
    assert 70 < light.hover_w() < 130
    assert 450 < heavy.hover_w() < 900
    assert light.power_w(9.81, 0.0, 8.0, 0.0) < light.hover_w() < light.power_w(9.81, 0.0, 0.0, 3.0)
    battery = Battery(60.0, 1.0)
    full = battery.volts
    battery.draw(120.0, 900.0)
    assert battery.share == pytest.approx(0.5)
    assert battery.volts < full
