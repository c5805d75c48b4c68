"""Whole sorties on the embedded vehicle's process, over UDP."""

import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from pymavlink import mavutil

from dronepatrol.errors import MissionRefusedError, SafetyError
from dronepatrol.fly import session
from dronepatrol.fly.fleet import Job, Timetable, fly_fleet
from dronepatrol.fly.interrupts import Interrupts
from dronepatrol.fly.link import CameraEvent, Firmware, Mode, ParameterReport, PlanKind, ReadParameters, SetMode
from dronepatrol.fly.mavlink import MavlinkLink, onboard_log, read_tlog
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.tlog import packets
from dronepatrol.fly.session import FlyEvent, Phase, SortieFlight, Supervision, fly_sortie
from dronepatrol.fly.state import GoOn, Pause, Skip
from dronepatrol.geo.local import WGS84
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command

FENCE_ON = ("FENCE_ENABLE", 1.0)


@pytest.fixture
def plan(survey, fence, home) -> SortieFlight:
    return SortieFlight("s1", survey, fence, home, 22, time_limit_s=600.0, battery_needed_share=0.9)


def fly(url, plan, tlog=None, on_event=lambda _: None, **how):
    link = MavlinkLink(url, system_id=1, tlog=tlog)
    return fly_sortie(link, plan, Supervision(**({"simulated": True} | how), on_event=on_event))


def test_a_sortie_from_the_dock_to_the_dock(embedded, plan, home, tmp_path):
    seen: list[FlyEvent] = []
    tlog = tmp_path / "s1.tlog"
    log = fly(embedded().url, plan, tlog, seen.append)
    assert (log.outcome, log.reason) == (Outcome.LANDED, "mission flown")
    assert 20 <= log.photos <= 24  # two lanes of 201 m, one every 20 m
    assert log.photos == sum(isinstance(event, CameraEvent) for _, event in read_tlog(tlog))
    assert 500 < log.length_m < 800
    assert 80 < log.time_s < 250
    assert 0 < log.battery_used_share < 0.2
    photos = log.track[log.track["event"] == "photo"]
    assert len(photos) == log.photos
    assert photos["height_m"].between(45, 55).all()
    assert photos[["yaw_deg", "pitch_deg", "roll_deg", "lon_deg", "lat_deg", "amsl_m"]].notna().all(axis=None)
    lon, lat = photos["lon_deg"].to_numpy(), photos["lat_deg"].to_numpy()
    steps_m = WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
    assert np.median(steps_m) == pytest.approx(20.0, abs=3.0)
    positions = log.track[log.track["event"] == "position"]
    assert positions["time_utc"].is_monotonic_increasing
    end = positions.iloc[-1]
    assert WGS84.inv(end["lon_deg"], end["lat_deg"], *home)[2] < 10.0
    assert {event.phase for event in seen} >= {Phase.UPLOADING, Phase.STARTING, Phase.FLYING, Phase.RETURNING}


def test_its_own_log_is_fetched_whole_also_over_a_bad_radio(embedded, radio, plan, tmp_path, monkeypatch):
    monkeypatch.setattr(onboard_log, "_WINDOW_PIECES", 300)
    path, again, vehicle = tmp_path / "s1.BIN", tmp_path / "again.BIN", embedded()
    log = fly(vehicle.url, plan, onboard_log=path)
    reader = mavutil.mavlink_connection(str(path))
    rows = []
    while (row := reader.recv_match()) is not None:
        rows.append(row.get_type())
    reader.close()
    assert path.stat().st_size > 100_000
    assert rows.count("CAM") == log.photos
    assert "BAD_DATA" not in rows
    with MavlinkLink(radio(vehicle.url, loss=0.05, seed=2).url, system_id=1) as link:
        link.open()
        assert link.fetch_log(again, lambda *_: None)
    assert again.read_bytes() == path.read_bytes()


def test_two_sorties_on_one_vehicle(embedded, plan):
    url = embedded(factor=200.0).url
    logs = [fly(url, plan) for _ in range(2)]
    assert [log.outcome for log in logs] == [Outcome.LANDED] * 2
    assert abs(logs[0].photos - logs[1].photos) <= 1


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_in_flight(embedded, plan, monkeypatch, presses):
    monkeypatch.setattr(session, "_REPORT_S", 0.0)
    vehicle, pressed = embedded(factor=60.0), []

    def press(event: FlyEvent) -> None:
        if event.photos >= 5 and len(pressed) < presses:
            pressed.append(event)
            signal.raise_signal(signal.SIGINT)

    log = fly(vehicle.url, plan, on_event=press)
    assert vehicle.running
    assert 5 <= log.photos < 20
    if presses == 2:
        assert (log.outcome, log.reason) == (Outcome.UNSUPERVISED, "the operator left while the vehicle was armed")
    else:
        assert log.outcome is Outcome.RETURNED_EARLY
        assert "stopped by the operator" in log.reason
        assert log.track["height_m"].iloc[-1] == pytest.approx(0.0, abs=1.0)


def test_ctrl_c_before_take_off(embedded, plan):
    def press(event: FlyEvent) -> None:
        if event.phase is Phase.STARTING:
            signal.raise_signal(signal.SIGINT)

    log = fly(embedded(factor=1.0).url, plan, on_event=press)
    assert log.outcome in {Outcome.NOT_FLOWN, Outcome.RETURNED_EARLY}
    assert log.photos == 0


def test_a_battery_that_runs_low_brings_it_back_by_itself(embedded, plan):
    vehicle = embedded(battery_wh=3.0)
    log = fly(vehicle.url, plan)
    assert log.outcome is Outcome.RETURNED_EARLY
    assert "by itself" in log.reason


@pytest.mark.campaign
def test_a_bad_radio_loses_no_vehicle_and_names_lost_photos(embedded, radio, plan):
    air = radio(embedded(factor=40.0).url, loss=0.1, repeats=0.1, swaps=0.1, seed=3)
    log = fly(air.url, plan)
    assert log.outcome is Outcome.LANDED
    missing = int(log.reason.split("; ")[1].split()[0]) if "not heard" in log.reason else 0
    assert 19 <= log.photos + missing <= 24  # lost ones at either end cannot be known


def test_a_link_that_dies_in_flight_is_an_unsupervised_vehicle(embedded, radio, plan, monkeypatch):
    monkeypatch.setattr(session, "SILENCE_S", 1.6)
    monkeypatch.setattr(session, "LOST_S", 3.0)
    air = radio(embedded(factor=20.0).url, loss=0.0)
    said = []

    def cut(event: FlyEvent) -> None:
        said.append(event.text)
        if event.photos >= 3:
            air.cut()

    before = time.monotonic()
    log = fly(air.url, plan, on_event=cut)
    assert log.outcome is Outcome.UNSUPERVISED
    assert "no heartbeat for 3 s while the vehicle was armed" in log.reason
    assert any("its own failsafes must bring it home" in text for text in said)
    assert time.monotonic() - before < 20


def test_a_vehicle_elsewhere_is_not_flown(embedded, plan, home):
    vehicle = embedded(home=(home[0] + 0.01, home[1], 5.0), factor=1.0)
    with pytest.raises(SafetyError, match=r"the vehicle stands 95\d m from the planned dock; expected at most 30 m"):
        fly(vehicle.url, replace(plan, ready_limit_s=3.0))


def commanded(tlog) -> set[int]:
    """Return the numbers of the commands that we gave, by the telemetry log."""
    codec = Codec()
    said = [message for _, packet in packets(tlog) for message in codec.parse(packet)]
    return {message.command for message in said if message.get_type() == "COMMAND_LONG"}


ARM = 400


def test_a_vehicle_that_acknowledges_and_stores_something_else_is_not_armed(embedded, radio, plan, tmp_path):
    air = radio(embedded(factor=1.0).url, raises=5)
    tlog = tmp_path / "s1.tlog"
    with pytest.raises(MissionRefusedError, match="item 5: altitude is 55; expected 50"):
        fly(air.url, plan, tlog)
    assert ARM not in commanded(tlog)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"autopilot": Firmware.PX4}, "the mission is planned for px4; the vehicle is ardupilot"),
        ({"battery_needed_share": 1.2}, "battery at 100%; the sortie needs 120%"),
        ({"blockers": ("a no-fly zone is crossed",)}, "a no-fly zone is crossed"),
    ],
)
def test_what_does_not_fit_is_not_armed(embedded, plan, tmp_path, changed, said):
    tlog = tmp_path / "s1.tlog"
    with pytest.raises(SafetyError, match=said):
        fly(embedded(factor=1.0).url, replace(plan, **changed), tlog)
    assert not tlog.exists() or ARM not in commanded(tlog)


@pytest.mark.parametrize("name", ["FS_GCS_ENABLE", "BATT_FS_LOW_ACT", "FENCE_ENABLE"])
def test_a_failsafe_that_is_off_is_not_armed_and_not_touched(embedded, plan, tmp_path, name):
    vehicle, tlog = embedded(factor=1.0, parameters=(FENCE_ON, (name, 0.0))), tmp_path / "s1.tlog"
    with pytest.raises(SafetyError, match=f"failsafe: {name} is 0; expected"):
        fly(vehicle.url, plan, tlog)
    assert ARM not in commanded(tlog)
    with MavlinkLink(vehicle.url, system_id=1) as link:
        link.open()
        link.send(ReadParameters((name,)))
        assert ParameterReport(name, 0.0) in link.receive(0.0)


def test_return_height_and_rally_points_are_written_and_verified(embedded, plan, home):
    rally = (replace(plan.items[5], command=Command.NAV_RALLY_POINT, altitude_m=60.0),)
    vehicle = embedded()
    log = fly(vehicle.url, replace(plan, return_height_m=70.0, rally_items=rally))
    assert log.outcome is Outcome.LANDED
    with MavlinkLink(vehicle.url, system_id=1) as link:
        link.open()
        link.send(ReadParameters(("RTL_ALT",)))
        assert ParameterReport("RTL_ALT", 7000.0) in link.receive(0.0)
        (stored,) = link.download(PlanKind.RALLY)
    assert (stored.lon_deg, stored.lat_deg) == pytest.approx((rally[0].lon_deg, rally[0].lat_deg), abs=1e-6)


class Operator:
    """Gives an order when a photo count is reached, another once the vehicle holds, and keeps what was told."""

    def __init__(self, at_photo: int, *orders) -> None:
        self.at_photo, self.orders, self.seen = at_photo, list(orders), []

    def hear(self, event: FlyEvent) -> None:
        self.seen.append(event)

    def give(self):
        last = self.seen[-1] if self.seen else None
        ready = last is not None and (last.photos >= self.at_photo or last.phase is Phase.PAUSED)
        if not self.orders or not ready:
            return ()
        if isinstance(self.orders[0], GoOn) and not (last.phase is Phase.PAUSED and last.speed_m_s < 0.5):
            return ()
        return (self.orders.pop(0),)


@pytest.mark.parametrize("photo", [None, 4])
def test_pause_and_go_on(embedded, plan, photo):
    who = Operator(7, Pause(), GoOn(photo))
    log = fly(embedded(factor=30.0).url, plan, on_event=who.hear, orders=who.give)
    assert (log.outcome, log.reason) == (Outcome.LANDED, "mission flown")
    assert Phase.PAUSED in {event.phase for event in who.seen}
    photos = log.track[log.track["event"] == "photo"]
    lon, lat = photos["lon_deg"].to_numpy(), photos["lat_deg"].to_numpy()
    first_lane = lat < plan.home_lonlat[1] + 0.0007
    # a lane of 201 m holds 10 or 11 photos 20.0 to 20.2 m apart; from photo 4 on it is flown again
    assert first_lane.sum() >= (10 if photo is None else 14)
    places = np.sort(lon[first_lane])
    assert np.diff(places).max() * 95_800 < 26.0  # metres: no gap where it stood
    assert (~first_lane).sum() >= 10


def test_two_vehicles_at_once_on_one_timetable(embedded, plan):
    interrupts, begun = Interrupts(tears=False), {}
    urls = {drone: embedded(factor=60.0, seed=seed).url for seed, drone in enumerate(("a", "b"))}

    def job(drone: str, start_s: float) -> Job:
        def one():
            begun[drone] = timetable.now_s()
            return fly(urls[drone], replace(plan, sortie_id=drone, drone=drone), interrupts=interrupts)

        return Job(drone, drone, start_s, one)

    jobs = [job("a", 0.0), job("b", 30.0)]
    timetable = Timetable(jobs, 60.0)
    flown = fly_fleet(jobs, timetable, interrupts)
    assert [log.outcome for log in flown.flights] == [Outcome.LANDED] * 2
    assert all(20 <= log.photos <= 24 for log in flown.flights)
    assert 30.0 <= begun["b"] < begun["a"] + 180.0  # while the first one flew


def test_skip_ends_the_sortie(embedded, plan):
    who = Operator(3, Skip())
    log = fly(embedded().url, plan, on_event=who.hear, orders=who.give)
    assert log.skipped
    assert log.outcome is Outcome.RETURNED_EARLY
    assert "skipped by the operator" in log.reason


def test_a_pilot_who_takes_over_is_watched_and_not_commanded(embedded, plan, tmp_path):
    vehicle, tlog, taken = embedded(factor=8.0), tmp_path / "s1.tlog", []

    def take_over(event: FlyEvent) -> None:
        if event.photos >= 3 and not taken:
            taken.append(event)
            with MavlinkLink(vehicle.url, system_id=1) as pilot:
                pilot.open()
                assert pilot.send(SetMode(Mode.LAND)).accepted

    log = fly(vehicle.url, plan, tlog, take_over)
    assert log.outcome is Outcome.RETURNED_EARLY
    assert "the pilot took over: mode LAND" in log.reason
    assert log.track["height_m"].iloc[-1] < 1.0  # watched until it stood
