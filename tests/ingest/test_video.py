"""Frames of a synthetic film: its picture tells which frame it is, its subtitles where it was taken."""

import math

import cv2
import numpy as np
import pytest

from dronepatrol.errors import InputError
from dronepatrol.geo.local import WGS84
from dronepatrol.ingest.video import Sampling
from dronepatrol.model.progress import silent
from dronepatrol.patrol.ingest import VideoOptions, ingest_video
from dronepatrol.store.folder import PatrolFolder

RATE, SECONDS, SPEED_M_S = 10, 12, 5.0


@pytest.fixture
def film(tmp_path):
    """Write 12 s at 10 frames/s whose grey level counts frames; subtitles once a second, 5 m/s to the east."""

    def write(extra: str = "", seconds: int = SECONDS):
        path = tmp_path / "DJI_0301.avi"
        out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (320, 180))
        for n in range(RATE * SECONDS):
            out.write(np.full((180, 320, 3), 10 + 2 * n, dtype=np.uint8))
        out.release()
        blocks = []
        for n in range(seconds + 1):
            lon, lat, _ = WGS84.fwd(121.0, 30.7, 90.0, SPEED_M_S * n)
            blocks.append(
                f"{n + 1}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n2025-06-01 10:00:{n:02d}.000\n"
                f"[latitude: {lat:.7f}] [longitude: {lon:.7f}] [rel_alt: 40.0 abs_alt: 45.0] [focal_len: 24.00] "
                f"{extra}\n"
            )
        path.with_suffix(".SRT").write_text("\n".join(blocks))
        return path

    return write


def taken(film, tmp_path, sampling, pitch=-90.0):
    folder = PatrolFolder(tmp_path / "out")
    found = ingest_video(folder, film, None, VideoOptions(sampling, pitch), silent)
    levels = [cv2.imread(str(folder.root / photo)).mean() for photo in found.shots["photo"]]
    return found, np.round((np.array(levels) - 10) / 2)


@pytest.mark.parametrize(
    ("sampling", "every_s"), [(Sampling(every_s=2.0), 2.0), (Sampling(every_m=14.0), 3.0), (Sampling(every_m=4.9), 1.0)]
)
def test_frames_by_time_and_by_distance_are_where_their_subtitles_say(film, tmp_path, sampling, every_s):
    found, frames = taken(film(), tmp_path, sampling)
    seconds = frames / RATE
    assert seconds == pytest.approx(np.arange(len(seconds)) * every_s, abs=0.11)
    assert len(seconds) == math.floor((SECONDS - 0.01) / every_s) + 1
    for row, time_s in zip(found.shots.itertuples(), np.arange(len(seconds)) * every_s, strict=True):
        lon, lat, _ = WGS84.fwd(121.0, 30.7, 90.0, SPEED_M_S * time_s)
        assert WGS84.inv(lon, lat, row.lon_deg, row.lat_deg)[2] < 0.1
    assert found.shots["time_sigma_s"].to_numpy() == pytest.approx(math.hypot(0.1, 1.0 / math.sqrt(12)))


def test_position_between_subtitles_is_interpolated(film, tmp_path):
    found, _ = taken(film(), tmp_path, Sampling(every_s=0.5))
    steps = np.diff(found.shots["lon_deg"])
    assert steps == pytest.approx(np.full(len(steps), steps.mean()), rel=0.02)


def test_assumed_gimbal_is_said_with_its_sigma(film, tmp_path):
    found, _ = taken(film(), tmp_path, Sampling(every_s=2.0))
    row = found.shots.iloc[1]
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg) == (pytest.approx(90.0, abs=0.1), -90.0, 0.0)
    assert (row.yaw_sigma_deg, row.pitch_sigma_deg) == (15.0, 3.0)
    assert "gimbal assumed at -90 degrees, course over ground" in row.quality
    assert row.fx_px == pytest.approx(24 / 36 * 320)
    assert row.geometry is not None


def test_nothing_is_assumed_unasked(film, tmp_path):
    found, _ = taken(film(), tmp_path, Sampling(every_s=2.0), pitch=None)
    assert set(found.shots["attitude_of"]) == {""}
    assert found.shots["quality"].str.contains("no attitude").all()
    assert "--gimbal-pitch" in found.notes[0]


def test_subtitles_that_know_the_gimbal_are_believed(film, tmp_path):
    found, _ = taken(film("[gb_yaw: 33.0 gb_pitch: -60.0 gb_roll: 0.5]"), tmp_path, Sampling(every_s=3.0))
    row = found.shots.iloc[0]
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg, row.yaw_sigma_deg) == (33.0, -60.0, 0.5, 2.0)
    assert "assumed at" not in row.quality


def test_film_that_is_shorter_than_its_subtitles_ends_where_it_ends(film, tmp_path):
    found, _ = taken(film(seconds=40), tmp_path, Sampling(every_s=2.0))
    assert len(found.shots) == 6


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"RIFF\xff\xff\xff\xffAVI LIST"])
def test_broken_film_is_refused_by_name(film, tmp_path, content):
    path = film()
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"DJI_0301.avi: (cannot be opened|no frame)"):
        taken(path, tmp_path, Sampling(every_s=2.0))


def test_film_without_subtitles_is_refused(film, tmp_path):
    path = film()
    path.with_suffix(".SRT").unlink()
    with pytest.raises(InputError, match=r"no subtitles DJI_0301.SRT beside it"):
        taken(path, tmp_path, Sampling(every_s=2.0))
