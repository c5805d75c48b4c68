"""The flight log's figures from what was heard, with copies, stragglers and gaps as a radio makes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.fly.link import (
    AttitudeReport,
    BatteryReport,
    CameraEvent,
    ClockReport,
    Heartbeat,
    LandedReport,
    PositionReport,
)
from dronepatrol.fly.record import FlightRecorder
from dronepatrol.fly.state import Ending
from dronepatrol.model.flight import Outcome

START = datetime(2026, 5, 1, tzinfo=UTC)
LANDED = Ending(Outcome.LANDED, "mission flown")


def photo(index: int) -> CameraEvent:
    return CameraEvent(index, START + timedelta(seconds=index), 121.0, 30.7, 55.0, 50.0, 90.0, 1.0, 2.0)


def at(boot_s: float, lat_deg: float = 30.7) -> PositionReport:
    return PositionReport(boot_s, 121.0, lat_deg, 55.0, 50.0, 5.0)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=80))
def test_every_photo_counts_once_and_every_gap_is_named(indices):
    record = FlightRecorder()
    for index in indices:
        record.add(photo(index))
    heard = set(indices)
    log = record.log("s1", LANDED)
    assert log.photos == len(heard) == len(log.track)
    assert set(record.missing_photos) == set(range(min(heard), max(heard))) - heard
    assert ("camera events were not heard" in log.reason) == bool(record.missing_photos)


def test_the_vehicles_clock_dates_positions_and_only_the_air_counts():
    record = FlightRecorder()
    record.add(ClockReport(1.0, None))
    record.add(ClockReport(10.0, START))
    record.add(BatteryReport(0.9))
    record.add(LandedReport(on_ground=True, landing=False))
    record.add(at(11.0, 30.69))
    record.add(Heartbeat("AUTO", armed=True))
    record.add(at(12.0, 30.695))
    record.add(LandedReport(on_ground=False, landing=False))
    record.add(AttitudeReport(12.5, 45.0, 1.0, 2.0))
    for boot_s, lat in ((13.0, 30.700), (14.0, 30.701), (14.0, 30.701), (13.0, 30.700), (15.0, 30.702)):
        record.add(at(boot_s, lat))
    record.add(LandedReport(on_ground=True, landing=False))
    record.add(BatteryReport(0.6))
    record.add(at(60.0, 30.71))
    log = record.log("s1", LANDED)
    assert (log.time_s, log.battery_used_share) == pytest.approx((2.0, 0.3))
    assert log.length_m == pytest.approx(221.7, abs=0.5)
    assert list(log.track["time_utc"]) == [START + timedelta(seconds=s) for s in (1, 2, 3, 4, 5, 50)]
    assert list(log.track["yaw_deg"].fillna(-1)) == [-1, -1, 45, 45, 45, 45]


def test_nothing_heard_is_an_empty_log_not_an_error():
    log = FlightRecorder().log("s1", LANDED)
    assert (log.photos, log.length_m, log.time_s, len(log.track)) == (0, 0.0, 0.0, 0)
