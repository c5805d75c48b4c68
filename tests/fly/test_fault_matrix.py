"""Every fault in every phase of a flight: the vehicle ends landed and disarmed, or the log says that it is not ours.

And nothing is lost: what the camera took stands in the flight log, or the log names how many were not heard; the
vehicle's own log has all. The vehicle is the embedded one, its faults the scheduled ones of its command line.
"""

import math
import re
import time
from dataclasses import dataclass

import pandas as pd
import pytest

from dronepatrol.errors import DronePatrolError
from dronepatrol.fly import session
from dronepatrol.fly.mavlink import MavlinkLink
from dronepatrol.fly.session import SortieFlight, Supervision, fly_sortie
from dronepatrol.model.flight import FlightLog, Outcome

mavutil = pytest.importorskip("pymavlink.mavutil")

PHASES = ("takeoff+2", "mission+15", "return+3", "landing+1")
FAULTS = {
    "link_loss": "link_loss@{}/4",
    "link_drop": "link_drop=0.3@{}",
    "link_lag": "link_lag=0.4@{}",
    "gps_glitch": "gps_glitch=60@{}/10",
    "gps_loss": "gps_loss@{}",
    "battery_low": "battery=0.1@{}",
    "battery_empty": "battery=0@{}",
    "motor": "motor@{}",
    "camera_miss": "camera_miss=0.5@{}",
    "reboot": "reboot@{}",
}
CRASHES = {"battery_empty", "motor"}
LINK = {"link_loss", "link_drop", "link_lag"}
EVERY_TIME = {
    ("link_loss", "mission+15"),
    ("gps_loss", "return+3"),
    ("motor", "mission+15"),
    ("reboot", "mission+15"),
}


@dataclass
class Flown:
    """What a flight under a fault left behind."""

    log: FlightLog | None
    error: str
    truth: pd.DataFrame
    rows: int | None  # CAM rows of the vehicle's own log, None where it was not fetched
    armed: bool
    height_m: float


def heard_afterwards(url: str) -> tuple[bool, float]:
    """Return whether the vehicle is armed, and how high it says it is, to a ground station of its own."""
    station = mavutil.mavlink_connection(url.replace("udp:", "udpout:"), source_system=254)
    armed, height, end = None, None, time.monotonic() + 10
    while (armed is None or height is None) and time.monotonic() < end:
        station.mav.heartbeat_send(6, 8, 0, 0, 0)
        message = station.recv_match(type=["HEARTBEAT", "GLOBAL_POSITION_INT"], blocking=True, timeout=0.3)
        if message is None:
            continue
        if message.get_type() == "HEARTBEAT":
            armed = bool(message.base_mode & 128)
        else:
            height = message.relative_alt / 1000
    station.close()
    assert armed is not None
    assert height is not None
    return armed, height


def camera_rows(path) -> int | None:
    if not path.exists():
        return None
    log, rows = mavutil.mavlink_connection(str(path)), 0
    while log.recv_match(type=["CAM"]) is not None:
        rows += 1
    log.close()
    return rows


@pytest.fixture
def fly(embedded, survey, fence, home, tmp_path):
    plan = SortieFlight("s1", survey, fence, home, 22, time_limit_s=600.0, battery_needed_share=0.5)

    def flown(fault: str, factor: float = 50.0) -> Flown:
        truth, own = tmp_path / "truth.parquet", tmp_path / "own.bin"
        parameters = [("FENCE_ENABLE", 1.0), ("BATT_FS_CRT_ACT", 1.0)]
        parameters += [("FS_GCS_TIMEOUT", 2.0)] if fault.startswith("link_loss") else []
        vehicle = embedded(factor=factor, truth=truth, faults=(fault,), parameters=tuple(parameters))
        log, error = None, ""
        try:
            log = fly_sortie(
                MavlinkLink(vehicle.url, system_id=1, tlog=tmp_path / "s1.tlog"),
                plan,
                Supervision(simulated=True, onboard_log=own),
            )
        except DronePatrolError as caught:
            error = caught.message
        armed, height = heard_afterwards(vehicle.url)
        vehicle.stop()
        photos = pd.read_parquet(truth) if truth.exists() else pd.DataFrame()
        return Flown(log, error, photos, camera_rows(own), armed, height)

    return flown


CASES = [
    pytest.param(
        fault, phase, id=f"{fault}@{phase}", marks=() if (fault, phase) in EVERY_TIME else pytest.mark.campaign
    )
    for fault in FAULTS
    for phase in PHASES
]


@pytest.mark.parametrize(("fault", "phase"), CASES)
def test_it_ends_on_the_ground_and_nothing_is_lost(fly, fault, phase):
    flown = fly(FAULTS[fault].format(phase))
    assert flown.log is not None, flown.error
    log = flown.log
    assert not flown.armed, f"{log.outcome}: {log.reason}"
    assert flown.height_m < 2.0
    assert log.outcome in {Outcome.LANDED, Outcome.RETURNED_EARLY}, log.reason
    if fault == "camera_miss":
        assert log.outcome is Outcome.LANDED
    if fault in CRASHES:
        assert log.outcome is Outcome.RETURNED_EARLY
        assert "Crash" in log.reason
    not_heard = re.search(r"(\d+) camera events were not heard", log.reason)
    named = int(not_heard.group(1)) if not_heard else 0
    assert log.photos <= len(flown.truth)
    if fault not in LINK:  # what a dead link swallowed last cannot be known by listening
        assert len(flown.truth) == log.photos + named
    assert flown.rows == len(flown.truth)  # ... but the vehicle's own log has it
    assert log.track["time_utc"].is_monotonic_increasing
    assert not log.track.empty


def test_a_link_that_never_comes_back_is_said_and_the_vehicle_is_not_ours(embedded, survey, fence, home, monkeypatch):
    monkeypatch.setattr(session, "SILENCE_S", 1.5)
    monkeypatch.setattr(session, "LOST_S", 3.0)
    vehicle = embedded(factor=20.0, faults=("link_loss@mission+5",), parameters=(("FENCE_ENABLE", 1.0),))
    plan = SortieFlight("s1", survey, fence, home, 22, time_limit_s=600.0, battery_needed_share=0.5)
    log = fly_sortie(MavlinkLink(vehicle.url, system_id=1), plan, Supervision(simulated=True))
    assert log.outcome is Outcome.UNSUPERVISED
    assert "no heartbeat" in log.reason
    assert math.isfinite(log.time_s)


def test_a_motor_that_fails_as_it_lifts_off_ends_the_flight_there(fly):
    flown = fly("motor@0")
    assert flown.log is not None, flown.error
    assert flown.log.outcome is Outcome.RETURNED_EARLY
    assert "Crash" in flown.log.reason
    assert not flown.armed
    assert flown.height_m < 2.0
