"""Every dialect of DJI's subtitles: read to the values it states, or refused by a named reason."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.ingest.subtitles import interpolated, read_subtitles

NAN = math.nan
# file: subtitles, then of the first: lon, lat, height, altitude, gimbal pitch, 35 mm equivalent, digits
READ = {
    "broken_incomplete.SRT": (20, -58.4563, -34.7383, 20.1, NAN, NAN, NAN, 4),
    "broken_incomplete2.SRT": (6, -57.823395, -34.869950, NAN, 74.725998, NAN, 28.0, 6),
    "mavic_2_style.SRT": (None, 149.0251, -20.2533, NAN, NAN, NAN, NAN, 4),
    "mavic_2pro_new.SRT": (8952, -60.286702, -35.080155, NAN, NAN, NAN, 28.0, 6),
    "mavic_mini.SRT": (117, -121.7458, 48.0771, 200.70, NAN, NAN, NAN, 4),
    "mavic_pro.SRT": (468, 149.0251, -20.2533, 1.9, NAN, NAN, NAN, 4),
    "mavic_pro_buggy.SRT": (546, -1.2218, 42.4668, 0.0, NAN, NAN, NAN, 4),
    "old_format.SRT": (468, 149.0251, -20.2533, 1.9, NAN, NAN, NAN, 4),
    "p4_rtk.SRT": (55, -58.851745, -34.237922, 85.80, NAN, -24.4, NAN, 6),
    "p4p_sample.SRT": (5, 8.2090, 47.4692, 45.60, NAN, NAN, NAN, 4),
    "MAVIC3.srt": (12318, -3.37440, 3.41531, -2.400, 0.401, NAN, 24.0, 5),
    "air2s.srt": (17, 2.234156, 41.424724, NAN, 117.0, NAN, 24.0, 6),
    "mavic_air2.srt": (25, 2.162162, 41.420684, NAN, 27.3, NAN, 24.0, 6),
    "mix_p4rtk_mavic2pro.srt": (12, -59.409424, -34.650200, 17.39, NAN, -27.3, NAN, 6),
    "Avata360/clip.SRT": (5, 6.460739, 53.365080, 5.400, -124.744, 0.0, 28.0, 6),
    "air3S/clip.SRT": (5, -84.176160, 34.270373, 0.0, 302.208, NAN, 24.0, 6),
    "../dji_exif_stubs/DJI_0301.SRT": (None, 73.00135763743417, 19.149798647687, NAN, NAN, NAN, NAN, 14),
}
REFUSED = {
    "broken_empty.SRT": "is empty",
    "broken_empty2.SRT": "holds no subtitle with a time",
    "mavic_air.SRT": "2 subtitles, none with a position",
}


@pytest.mark.parametrize("name", READ)
def test_every_dialect_is_read(testdata, name):
    found = read_subtitles(testdata(f"imagery/dji_srt/{name}"))
    count, *values, digits = READ[name]
    first = [getattr(found, f"{field}")[0] for field in ("lon_deg", "lat_deg", "height_m", "altitude_m", "pitch_deg")]
    assert [*first, found.focal_35mm_mm[0]] == pytest.approx(values, nan_ok=True)
    assert count is None or abs(len(found.time_s) - count) <= count // 100
    assert found.step_deg == pytest.approx(10.0**-digits)
    assert (np.diff(found.time_s) > 0).all()
    assert found.has_gimbal == (not math.isnan(values[4]))


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_subtitles_are_refused_by_name(testdata, name):
    with pytest.raises(InputError, match=REFUSED[name]) as raised:
        read_subtitles(testdata(f"imagery/dji_srt/{name}"))
    assert raised.value.message.startswith(name)


def test_no_shared_file_is_left_out(testdata):
    root = testdata("imagery/dji_srt")
    assert {p.relative_to(root).as_posix() for p in root.rglob("*") if p.suffix.lower() == ".srt"} == {
        name for name in [*READ, *REFUSED] if not name.startswith("..")
    }


def srt(path, lines):
    blocks = [f"{n + 1}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n{line}\n" for n, line in enumerate(lines)]
    path.write_text("\n".join(blocks))
    return path


def test_pairs_are_read_whichever_way_round(tmp_path):
    one = read_subtitles(srt(tmp_path / "a.srt", ["GPS(121.5,30.7,19)", "GPS(121.6,30.8,19)"]))
    other = read_subtitles(srt(tmp_path / "b.srt", ["GPS(30.7,121.5,19)", "GPS(30.8,121.6,19)"]))
    assert one.lon_deg.tolist() == other.lon_deg.tolist() == [121.5, 121.6]
    assert one.notes == other.notes
    assert "assumed" in read_subtitles(srt(tmp_path / "c.srt", ["GPS(8.2,47.4,9)"])).notes[0]
    with pytest.raises(InputError, match="neither longitude nor latitude first"):
        read_subtitles(srt(tmp_path / "d.srt", ["GPS(121.5,30.7,19)", "GPS(30.8,121.6,19)"]))


def test_silence_is_not_bridged_and_north_is_passed(tmp_path):
    lines = [f"[latitude: 30.{n}] [longitude: 121.0] [gb_yaw: {yaw} gb_pitch: -90 gb_roll: 0]" for n, yaw in
             enumerate([350, 10, 30])]  # fmt: skip
    lines[2:2] = ["GPS(N/A,N/A,0)"] * 4
    found = read_subtitles(srt(tmp_path / "a.srt", lines))
    assert interpolated(found, "yaw_deg", [0.5])[0] % 360 == pytest.approx(0.0)
    lat = interpolated(found, "lat_deg", [0.5, 1.0, 3.0, 6.0, 6.9, 99.0])
    assert lat == pytest.approx([30.05, 30.1, NAN, 30.2, 30.2, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("name", "renewal_s"),
    [("p4_rtk.SRT", 1.0), ("old_format.SRT", 1.0), ("mavic_2pro_new.SRT", 0.12), ("air2s.srt", 0.1),
     ("MAVIC3.srt", 0.08), ("p4p_sample.SRT", 1.0), ("air3S/clip.SRT", 0.0165)],
)  # fmt: skip
def test_how_often_a_position_is_renewed(testdata, name, renewal_s):
    """Once a second in older firmwares, every few frames where each frame has its subtitle."""
    assert read_subtitles(testdata(f"imagery/dji_srt/{name}")).renewal_s == pytest.approx(renewal_s, abs=0.001)


def test_renewal_is_of_the_flight_and_not_of_the_hover(tmp_path):
    lines = ["GPS(121.5,30.7,19)"] * 20 + [f"GPS(121.5{n // 2:03d},30.7,19)" for n in range(2, 12)]
    assert read_subtitles(srt(tmp_path / "a.srt", lines)).renewal_s == 2.0
    assert read_subtitles(srt(tmp_path / "b.srt", ["GPS(121.5,30.7,19)"])).renewal_s == 0.0


@given(st.text(max_size=300), st.integers(0, 400))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused(tmp_path, rubbish, place):
    whole = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\nGPS(121.5,30.{n},19) H {n}.5m\n\n" for n in range(8))
    path = tmp_path / "a.srt"
    path.write_text(whole[:place] + rubbish + whole[place:], encoding="utf-8", errors="replace")
    try:
        found = read_subtitles(path)
    except InputError:
        return
    assert np.isfinite(found.lon_deg).any()
