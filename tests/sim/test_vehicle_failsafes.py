"""Fence, battery, position, motors, restarts and arming checks, without a link."""

import math
from dataclasses import replace

import pytest

from dronepatrol.errors import InputError
from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.faults import FaultKind, Phase, parse_fault
from dronepatrol.sim.vehicle.fence import Breach
from dronepatrol.sim.vehicle.logs import Logs
from dronepatrol.sim.vehicle.numbers import Landed, Mode, Result
from dronepatrol.sim.vehicle.place import Origin

mavutil = pytest.importorskip("pymavlink.mavutil")

HOME = (121.0830, 30.8198, 3.5)
CONFIG = VehicleConfig(home=HOME, flight_id="f", seed=3, gps_after_s=0.0, perfect_sensors=True, battery_wh=100.0)


def at(command, north, east, params=(0.0, 0.0, 0.0, 0.0), height=30.0):
    lon, lat = Origin(*HOME).to_lonlat(north, east)
    return MissionItem(command, 3, params, lat, lon, height)


MISSION = (
    MissionItem(16, 0), MissionItem(22, 3, altitude_m=30.0), MissionItem(206, 2, (20.0, 0.0, 1.0, 0.0)),
    at(16, 0.0, 300.0), at(16, 40.0, 300.0), at(16, 40.0, 0.0), MissionItem(20, 2),
)  # fmt: skip


def ready(*faults, mission=MISSION, fence=(), rally=(), **parameters):
    pilot = Autopilot(replace(CONFIG, faults=faults, parameters=tuple(parameters.items())))
    pilot.auto.load(mission)
    pilot.load_fence(fence)
    pilot.load_rally(rally)
    pilot.step()
    pilot.set_mode(Mode.GUIDED)
    return pilot


def begun(*faults, **how):
    pilot = ready(*faults, **how)
    assert pilot.arm(force=False) is Result.ACCEPTED
    assert pilot.start_mission() is Result.ACCEPTED
    return pilot


def until(pilot, what, most_s=400.0):
    for _ in range(int(most_s / 0.02)):
        pilot.step()
        if what(pilot):
            return pilot
    pytest.fail(f"not within {most_s} s; item {pilot.auto.current}, {pilot.state.mode}")


def down(pilot):
    return until(pilot, lambda p: not p.state.armed and p.state.landed is Landed.ON_GROUND)


def texts(pilot):
    return [fields["text"].decode() for name, fields in pilot.outbox.take() if name == "statustext"]


def polygon(command, *corners):
    return tuple(at(command, n, e, (float(len(corners)), 0.0, 0.0, 0.0)) for n, e in corners)


def away(pilot, north, east):
    return math.hypot(pilot.state.body.n - north, pilot.state.body.e - east)


INCLUSION = polygon(5001, (-100.0, -100.0), (-100.0, 200.0), (150.0, 200.0), (150.0, -100.0))


def test_outside_its_fence_it_returns_to_the_rally_point_and_lands_there():
    rally = (at(5100, 0.0, 150.0, height=20.0),)
    pilot = begun(fence=INCLUSION, rally=rally, FENCE_ENABLE=1.0)
    until(pilot, lambda p: p.fence.breached)
    assert pilot.state.body.e == pytest.approx(200.0, abs=2.0)
    assert pilot.state.mode is Mode.RTL
    down(pilot)
    assert away(pilot, 0.0, 150.0) < 0.5
    assert "Polygon fence breached" in texts(pilot)


def test_inside_an_exclusion_or_above_the_ceiling_or_outside_the_circle_is_a_breach_too():
    exclusion = polygon(5002, (-20.0, 100.0), (-20.0, 140.0), (20.0, 140.0), (20.0, 100.0))
    pilot = until(begun(fence=exclusion, FENCE_ENABLE=1.0), lambda p: p.fence.breached)
    assert pilot.state.body.e == pytest.approx(100.0, abs=2.0)
    ceiling = begun(FENCE_ENABLE=1.0, FENCE_TYPE=1.0, FENCE_ALT_MAX=25.0, FENCE_ACTION=2.0)
    until(ceiling, lambda p: p.fence.breached)
    assert ceiling.fence.breached is Breach.ALT_MAX
    assert ceiling.state.mode is Mode.LAND
    circle = until(begun(FENCE_ENABLE=1.0, FENCE_TYPE=2.0, FENCE_RADIUS=120.0), lambda p: p.fence.breached)
    assert circle.state.body.e == pytest.approx(120.0, abs=2.0)
    assert away(down(circle), 0.0, 0.0) < 0.5


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"fence": polygon(5001, (50.0, 50.0), (50.0, 90.0), (90.0, 90.0)), "FENCE_ENABLE": 1.0}, "breaching Polygon"),
        ({"FENCE_ENABLE": 1.0, "FENCE_TYPE": 4.0}, "none selected"),
        ({"FENCE_ENABLE": 1.0, "FENCE_TYPE": 1.0, "FENCE_ALT_MAX": 5.0, "FENCE_ALT_MIN": 2.0}, "MARGIN"),
        ({"mission": (*MISSION[:3], replace(MISSION[3], frame=10), *MISSION[4:])}, "terrain"),
        ({"BATT_ARM_MAH": 1e6}, "minimum arming capacity"),
        ({"SIM_ENGINE_FAIL": 1.0}, "Motors"),
    ],
)
def test_what_keeps_it_from_arming_is_said(how, words):
    pilot = ready(**how)
    assert pilot.arm(force=False) is Result.FAILED
    assert any(words in text and text.startswith("Arm: ") for text in texts(pilot))
    assert not pilot.state.armed


def test_a_low_battery_returns_and_a_critical_one_lands():
    low = begun("battery=0.1@mission+10")
    down(low)
    assert away(low, 0.0, 0.0) < 0.5
    critical = begun("battery=0.05@mission+10")
    down(critical)
    assert away(critical, 0.0, 0.0) > 30.0
    assert any("critical" in text for text in texts(critical))


def test_an_empty_battery_and_a_dead_motor_end_on_the_ground_and_disarmed():
    for fault in ("battery=0@mission+10", "motor@mission+10"):
        pilot = down(begun(fault))
        assert pilot.state.body.on_ground
        assert any(text.startswith("Crash: Disarming") for text in texts(pilot))


def test_without_satellites_it_lands_and_after_a_glitch_it_goes_on():
    lost = down(begun("gps_loss@mission+5"))
    assert "EKF Failsafe: changed to LAND Mode" in texts(lost)
    glitched = until(begun("gps_glitch=40@mission+5/5"), lambda p: p.state.estimator.glitching)
    assert math.hypot(glitched.state.estimator.n, glitched.state.estimator.e) < 0.1  # not believed
    assert away(down(glitched), 0.0, 0.0) < 1.0


def test_a_glitch_that_lasts_is_believed_in_the_end_and_moves_the_vehicle_not_the_truth():
    pilot = until(begun("gps_glitch=40@mission+2"), lambda p: p.state.estimator.n**2 + p.state.estimator.e**2 > 100.0)
    sensed = pilot.state.north_m - pilot.state.body.n, pilot.state.east_m - pilot.state.body.e
    assert math.hypot(*sensed) == pytest.approx(40.0, abs=0.5)
    assert away(down(pilot), 0.0, 0.0) == pytest.approx(40.0, abs=2.0)  # it lands where it believes home to be


def test_a_restart_in_flight_lands_where_it_is_and_says_nothing_meanwhile():
    pilot = until(begun("reboot@mission+5"), lambda p: p.silent_until_s > 0.0)
    before = pilot.outbox.take()
    assert before
    height, east = pilot.state.body.up, pilot.state.body.e
    until(pilot, lambda p: p.silent_until_s == 0.0)
    assert pilot.state.body.up < height
    assert texts(pilot) == ["WDG: restarted"]
    assert pilot.state.mode is Mode.LAND
    down(pilot)
    assert abs(pilot.state.body.e - east) < 40.0


def test_a_camera_that_misses_triggers_numbers_what_it_took():
    pilot = down(begun("camera_miss=0.5@takeoff"))
    assert pilot.camera.missed >= 5
    assert [photo.number for photo in pilot.camera.photos] == list(range(1, len(pilot.camera.photos) + 1))
    told = [fields["img_idx"] for name, fields in pilot.outbox.take() if name == "camera_feedback"]
    assert told == [photo.number for photo in pilot.camera.photos]


def test_the_vehicles_log_has_every_photo_and_the_estimate_only(tmp_path):
    pilot = ready()
    logs = Logs(pilot.state, pilot.outbox, pilot.camera.photos)
    pilot.arm(force=False)
    pilot.start_mission()
    until(pilot, lambda p: logs.step() or not p.state.armed)
    logs.step()
    logs.send(1, 0, 10_000_000)
    pilot.outbox.take()
    data = bytearray()
    while True:
        logs.tick()
        chunks = [fields for name, fields in pilot.outbox.take() if name == "log_data"]
        if not chunks:
            break
        for chunk in chunks:
            assert chunk["ofs"] == len(data)
            data += bytes(chunk["data"])[: chunk["count"]]
    path = tmp_path / "log.bin"
    path.write_bytes(data)
    log, rows, kinds = mavutil.mavlink_connection(str(path)), [], set()
    while (row := log.recv_match()) is not None:
        kinds.add(row.get_type())
        if row.get_type() == "CAM":
            rows.append((row.Img, row.Lat, row.Lng))
    log.close()
    photos = pilot.camera.photos
    assert [img for img, _, _ in rows] == [photo.number for photo in photos]
    assert [lat for _, lat, _ in rows] == pytest.approx([photo.lat_deg for photo in photos], abs=1e-7)
    assert kinds >= {"FMT", "PARM", "MODE", "POS", "ATT", "BAT", "MSG", "ARM", "EV"}


@pytest.mark.parametrize(
    ("text", "kind", "value", "phase", "after", "lasts"),
    [
        ("motor@12", FaultKind.MOTOR, 1.0, None, 12.0, math.inf),
        ("gps_glitch@mission", FaultKind.GPS_GLITCH, 50.0, Phase.MISSION, 0.0, math.inf),
        ("link_drop=0.4@return+3/8", FaultKind.LINK_DROP, 0.4, Phase.RETURN, 3.0, 8.0),
    ],
)
def test_a_faults_text(text, kind, value, phase, after, lasts):
    fault = parse_fault(text)
    assert (fault.kind, fault.value, fault.phase, fault.after_s, fault.lasts_s) == (kind, value, phase, after, lasts)


@pytest.mark.parametrize(
    "text", ["", "motor", "wings@3", "battery=2@3", "motor@soon", "gps_loss@3/-1", "battery=nan@1"]
)
def test_what_is_no_fault_is_refused(text):
    with pytest.raises(InputError, match="fault"):
        parse_fault(text)
