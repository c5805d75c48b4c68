"""Whole sorties on the embedded vehicle's process, over UDP."""

import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from dronepatrol.errors import SafetyError
from dronepatrol.fly import session
from dronepatrol.fly.link import CameraEvent
from dronepatrol.fly.mavlink import MavlinkLink, read_tlog
from dronepatrol.fly.session import FlyEvent, Phase, SortieFlight, Supervision, fly_sortie
from dronepatrol.geo.local import WGS84
from dronepatrol.model.flight import Outcome


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
