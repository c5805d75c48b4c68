"""DJI's exposure lists, PX4's logs, and triggers without feedback."""

import math
import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.ingest.logs import events_of, shots_from_log


def test_exposures_of_a_real_rtk_flight(testdata):
    path = testdata("imagery/rtk_mrk/101FTASK_Timestamp.mrk")
    shots = shots_from_log(path)
    last = path.read_text().splitlines()[-1].split("\t")
    assert len(shots) == 176 == len(path.read_text().splitlines())
    row = shots.iloc[-1]
    assert (row.lat_deg, row.lon_deg) == (float(last[6].split(",")[0]), float(last[7].split(",")[0]))
    assert (row.altitude_m, row.altitude_reference) == (float(last[8].split(",")[0]), "ELLIPSOID")
    assert row.position_sigma_m == 0.013395
    assert row.pose_source == "DJI exposure list, RTK fixed"
    expected = datetime(1980, 1, 6, tzinfo=UTC) + timedelta(weeks=2211, seconds=296784.038838 - 18)
    assert abs(row.time_utc - expected) < timedelta(milliseconds=1)
    assert set(shots["attitude_of"]) == {""}


@pytest.mark.parametrize(
    "change", [lambda t: t[: len(t) // 2], lambda t: t.replace("N", "?", 3), lambda t: t + "\x00\xff"]
)
def test_damaged_exposure_list_gives_its_good_rows(testdata, tmp_path, change):
    path = tmp_path / "a.MRK"
    path.write_text(change(testdata("imagery/rtk_mrk/101FTASK_Timestamp.mrk").read_text()), encoding="latin-1")
    assert 80 < len(events_of(path)[1]) <= 176


CAPTURE = (
    "camera_capture:uint64_t timestamp;uint64_t timestamp_utc;uint32_t seq;double lat;double lon;float alt;"
    "float ground_distance;float[4] q;int8_t result;uint8_t[7] _padding0;"
)
HOME = "home_position:uint64_t timestamp;double lat;double lon;float alt;uint8_t[4] _padding0;"


def ulog(captures: list[tuple], home_m: float | None = 5.0) -> bytes:
    """Return a PX4 log by the published format (ULog version 1): formats, subscriptions, data."""

    def message(kind: bytes, body: bytes) -> bytes:
        return struct.pack("<Hc", len(body), kind) + body

    out = b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 1)
    out += message(b"B", bytes(40)) + message(b"F", CAPTURE.encode()) + message(b"F", HOME.encode())
    out += message(b"A", struct.pack("<BH", 0, 0) + b"camera_capture")
    out += message(b"A", struct.pack("<BH", 0, 1) + b"home_position")
    if home_m is not None:
        out += message(b"D", struct.pack("<HQddf", 1, 10, 30.7, 121.0, home_m))
    for stamp, utc, seq, lat, lon, alt, q, result in captures:
        out += message(b"D", struct.pack("<HQQIddff4fb", 0, stamp, utc, seq, lat, lon, alt, 90.0, *q, result))
    return out


def turned(yaw_deg: float) -> tuple[float, float, float, float]:
    half = math.radians(yaw_deg) / 2
    return math.cos(half), 0.0, 0.0, math.sin(half)


UTC_US = 1_750_000_000_000_000
GOOD = [(n, UTC_US + n * 2_000_000, n, 30.70 + n * 1e-5, 121.02, 105.0, turned(90.0), 1) for n in range(12)]


def test_pictures_of_a_px4_log(tmp_path):
    """Synthetic log: no recording of a PX4 camera is at hand."""
    path = tmp_path / "log.ulg"
    failed = (99, UTC_US + 99, 99, 30.7, 121.0, 1.0, turned(0), 0)
    path.write_bytes(ulog([*GOOD, failed]))
    shots = shots_from_log(path)
    assert len(shots) == 12, "one that the camera reports as failed is no picture"
    row = shots.iloc[3]
    assert (row.lon_deg, row.lat_deg, row.altitude_m) == pytest.approx((121.02, 30.70003, 105.0))
    assert (row.height_m, row.yaw_deg, row.pitch_deg) == pytest.approx((100.0, 90.0, 0.0), abs=1e-4)
    assert row.time_utc == datetime.fromtimestamp(UTC_US / 1e6 + 6, UTC)
    path.write_bytes(ulog(GOOD, home_m=None))
    assert shots_from_log(path)["height_m"].isna().all()


@given(st.integers(0, 900), st.binary(min_size=1, max_size=30), st.integers(20, 3000))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broken_px4_log_is_read_as_far_as_it_goes_or_refused(tmp_path, place, rubbish, size):
    content = bytearray(ulog(GOOD))
    content[place : place + len(rubbish)] = rubbish
    path = tmp_path / "broken.ulg"
    path.write_bytes(bytes(content[:size]))
    try:
        _, events = events_of(path)
    except InputError:
        return
    assert 0 < len(events) <= 13
    assert all(np.isfinite([event.lon_deg, event.lat_deg]).all() for event in events)


def test_triggers_count_where_nothing_came_back(testdata, tmp_path):
    """A real log's CAM rows renamed: what ArduPilot writes where no feedback pin is set."""
    whole = testdata("flights/copter47_survey.BIN").read_bytes()
    path = tmp_path / "trig.BIN"
    path.write_bytes(whole.replace(b"CAM\0", b"TRIG"))
    assert len(shots_from_log(path)) == 54
