import math
import struct
from datetime import timedelta

import numpy as np
import pytest

from dronepatrol.errors import InputError
from dronepatrol.ingest.logs import shots_from_log
from dronepatrol.model.tables import SHOTS


def test_survey_log_has_a_shot_per_camera_event(testdata):
    shots = shots_from_log(testdata("flights/copter47_survey.BIN"))
    assert list(shots.columns) == list(SHOTS.columns)
    assert len(shots) == 54
    assert shots["shot_id"].is_unique
    assert set(shots["flight_id"]) == {"copter47_survey"}
    assert set(shots["attitude_of"]) == {"vehicle"}
    assert set(shots["photo"]) == {""}
    assert shots.geometry.isna().all()
    assert shots["height_m"].between(98, 102).all()
    assert (shots["altitude_m"] - shots["height_m"]).between(4.5, 5.5).all()  # home lies 5 m above the geoid
    assert shots["lon_deg"].between(121.01, 121.03).all()
    assert shots["lat_deg"].between(30.69, 30.71).all()
    assert shots[["yaw_deg", "pitch_deg", "roll_deg", "position_sigma_m", "yaw_sigma_deg"]].notna().all(axis=None)
    assert shots["time_utc"].is_monotonic_increasing


def test_both_logs_of_one_flight_agree(testdata):
    """The vehicle's own log and what the ground heard: positions within the radio's rounding, time within 0.2 s.

    GPS time in the first is whole seconds ahead of UTC; a leap second forgotten would show.
    """
    flash, heard = (shots_from_log(testdata(f"flights/copter47_survey.{kind}")) for kind in ("BIN", "tlog"))
    assert len(flash) == len(heard)
    for name, tolerance in [("lon_deg", 2e-7), ("lat_deg", 2e-7), ("altitude_m", 0.02), ("height_m", 0.02)]:
        assert np.allclose(flash[name], heard[name], atol=tolerance, rtol=0), name
    for name in ["yaw_deg", "pitch_deg", "roll_deg"]:
        turn = (flash[name] - heard[name] + 180) % 360 - 180
        assert turn.abs().max() < 0.1, name
    assert (flash["time_utc"] - heard["time_utc"]).abs().max() < timedelta(seconds=0.25)


@pytest.mark.parametrize("kind", ["BIN", "tlog"])
def test_log_that_breaks_off_gives_what_is_there(testdata, tmp_path, kind):
    whole = testdata(f"flights/copter47_fence.{kind}").read_bytes()
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole[: len(whole) * 4 // 10 + 7])
    assert 0 < len(shots_from_log(path)) < 21


@pytest.mark.parametrize("kind", ["BIN", "tlog"])
def test_log_with_a_damaged_stretch_gives_the_rest(testdata, tmp_path, kind):
    content = bytearray(testdata(f"flights/copter47_fence.{kind}").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    path = tmp_path / f"damaged.{kind}"
    path.write_bytes(content)
    assert 15 <= len(shots_from_log(path)) <= 21


def test_log_without_camera_events_says_so(testdata, tmp_path):
    whole = testdata("flights/copter47_survey.BIN").read_bytes()
    path = tmp_path / "start.BIN"
    path.write_bytes(whole[:100_000])
    with pytest.raises(InputError, match=r"start\.BIN: dataflash log without camera events"):
        shots_from_log(path)


NO_LOGS = [b"", b"a", b"text file\n" * 100, b"\xff\xd8\xff" + bytes(1000), b"\xa3\x95", bytes(5000)]


@pytest.mark.parametrize("content", [*NO_LOGS, b"\xa3\x95\x80" * 500, bytes(8) + b"\xfd" * 900])
def test_what_is_no_log_is_refused(tmp_path, content):
    path = tmp_path / "flight.BIN"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"flight\.BIN"):
        shots_from_log(path)


def test_missing_log_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.tlog: cannot be read: No such file"):
        shots_from_log(tmp_path / "none.tlog")


def test_numbers_that_are_none_become_unknown(tmp_path):
    """A log may describe its own fields as it likes, floats that are no numbers among them."""
    letters, fields = "fffLLfffff", "Img,GPSWeek,GPSTime,Lat,Lng,Alt,RelAlt,R,P,Y"
    start = b"\xa3\x95\x80" + struct.pack("<BB4s16s64s", 9, 43, b"CAM", letters.encode(), fields.encode())
    nan, inf = math.nan, math.inf
    numbers = struct.pack("<fffiifffff", nan, 2446, inf, 307_000_000, 1_210_000_000, inf, nan, inf, nan, -inf)
    path = tmp_path / "strange.BIN"
    path.write_bytes(start + b"\xa3\x95\x09" + numbers)
    shot = shots_from_log(path).iloc[0]
    assert (shot.lon_deg, shot.lat_deg) == pytest.approx((121.0, 30.7))
    assert all(math.isnan(shot[name]) for name in ["altitude_m", "height_m", "yaw_deg", "pitch_deg", "roll_deg"])
    assert shot.attitude_of == ""
