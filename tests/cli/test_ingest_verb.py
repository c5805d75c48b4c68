"""``dronepatrol ingest`` as a user runs it: videos, gaps of a plan, and cards that are broken in every way."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import cv2
import geopandas
import numpy as np
import pystac
import pytest
from PIL import Image

from dronepatrol.geo.local import WGS84, LocalFrame
from dronepatrol.model.camera import CameraProfile
from dronepatrol.plan.footprints import on_legs
from dronepatrol.sim.render.photo import Sensed, write_photo
from dronepatrol.store.mission import read_mission

OK, WRONG_INPUT, PARTLY = 0, 2, 3
START = datetime(2025, 6, 1, 2, tzinfo=UTC)
CAMERA = CameraProfile("test", "simulated", (200, 150), (6.4, 4.8), 6.4, 1.0)
NOISE = np.random.default_rng(3).integers(40, 220, (150, 200, 3), dtype=np.uint8)


def photo(path, lonlat, second=0.0):
    """Write a photo, straight down from 100 m; no two are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sensed = Sensed(START + timedelta(seconds=second), *lonlat, 104.0, 100.0, 0.0, -90.0, 0.0, 0.0, 0.0, 0.0)
    write_photo(path, np.roll(NOISE, int(second * 7), axis=1), sensed, CAMERA)


def card(folder, count, begin=0):
    for n in range(begin, begin + count):
        photo(folder / f"{n:03d}.jpg", (121.0 + n * 2e-4, 30.7), 2.0 * n)
    return folder


def answer(result, code=OK):
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return json.loads(result.stdout)


def reasons(said):
    return {one["item"]: one["reason"] for one in said["skipped"]}


@pytest.fixture
def film(tmp_path):
    """Write 10 s of film at 10 frames/s; 5 m/s to the east, a subtitle every second."""
    path = tmp_path / "DJI_0301.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 180))
    for n in range(100):
        out.write(np.full((180, 320, 3), 20 + 2 * n, dtype=np.uint8))
    out.release()
    blocks = []
    for n in range(11):
        lon, lat, _ = WGS84.fwd(121.0, 30.7, 90.0, 5.0 * n)
        blocks.append(
            f"{n + 1}\n00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n2025-06-01 10:00:{n:02d}.000\n"
            f"[latitude: {lat:.7f}] [longitude: {lon:.7f}] [rel_alt: 40.0 abs_alt: 45.0] [focal_len: 24.00]\n"
        )
    path.with_suffix(".SRT").write_text("\n".join(blocks))
    return path


def test_video_by_distance_and_by_time_with_subtitles_from_elsewhere(dronepatrol, film, tmp_path):
    by_metres = dronepatrol("ingest", "--video", film, "--every", "9m", "--gimbal-pitch", "-90", "--out", "a", "--json")
    assert answer(by_metres)["shots"] == 5
    shots = geopandas.read_parquet(tmp_path / "a/shots.parquet")
    apart = [WGS84.inv(*one, *two)[2] for one, two in zip(shots[["lon_deg", "lat_deg"]].to_numpy()[:-1],
             shots[["lon_deg", "lat_deg"]].to_numpy()[1:], strict=True)]  # fmt: skip
    assert apart == pytest.approx([10.0] * 4, abs=0.1)
    assert shots["time_sigma_s"].to_numpy() == pytest.approx(math.hypot(0.1, 1 / math.sqrt(12)))
    assert set(shots["pitch_deg"]) == {-90.0}
    assert shots.geometry.notna().all()
    assert [cv2.imread(str(tmp_path / "a" / name)).shape for name in shots["photo"]] == [(180, 320, 3)] * 5

    (tmp_path / "captions").mkdir()
    moved = film.with_suffix(".SRT").rename(tmp_path / "captions/other.srt")
    by_seconds = answer(dronepatrol("ingest", "--video", film, "--srt", moved, "--every", "2s", "--out", "b", "--json"))
    assert by_seconds["shots"] == 5
    assert any("--gimbal-pitch" in note for note in by_seconds["notes"])
    taken = geopandas.read_parquet(tmp_path / "b/shots.parquet")["time_utc"]
    assert taken.diff().dropna().dt.total_seconds().tolist() == [2.0] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--every", "10"], ["--every 10", "10m"]),
        (["--srt", "nowhere.srt"], ["nowhere.srt", "No such file"]),
        (["--photos", "."], ["--video stands alone"]),
        (["--dem", "a.tif"], ["go with --photos"]),
        (["--resume-gaps"], ["has no plan"]),
    ],
)
def test_video_options_that_make_no_sense_are_refused(dronepatrol, film, tmp_path, arguments, words):
    result = dronepatrol("ingest", "--video", film, *arguments, "--out", "o")
    assert result.returncode == WRONG_INPUT, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert not (tmp_path / "o").exists()


def test_video_options_without_a_video_are_refused(dronepatrol, tmp_path):
    result = dronepatrol("ingest", "--photos", ".", "--srt", "a.srt", "--out", "o")
    assert (result.returncode, "go with --video" in result.stderr) == (WRONG_INPUT, True)


def test_catalogue_sheet_and_processes(dronepatrol, tmp_path):
    card(tmp_path / "card/a", 60)
    card(tmp_path / "card/b", 60, begin=60)  # a folder, and so a chunk, of its own
    options = ("--photos", "card", "--json")
    one = answer(dronepatrol("ingest", *options, "--jobs", 1, "--out", "jobs1"))
    two = answer(dronepatrol("ingest", *options, "--jobs", 2, "--out", "jobs2", "--stac", "--contact-sheet"))
    assert one == two
    assert (one["shots"], one["flights"], one["skipped"]) == (120, 2, [])
    tables = [geopandas.read_parquet(tmp_path / f"jobs{n}/shots.parquet") for n in (1, 2)]
    assert tables[0].equals(tables[1])
    catalogue = pystac.Catalog.from_file(str(tmp_path / "jobs2/stac/catalog.json"))
    items = list(catalogue.get_items(recursive=True))
    assert {item.properties["dronepatrol:sha256"] for item in items} == set(tables[0]["sha256"])
    with Image.open(tmp_path / "jobs2/contact-sheet.jpg") as sheet:
        assert sheet.size == (12 * 166 + 6, 10 * 126 + 6)


@pytest.mark.slow
def test_gap_of_a_flown_sortie_becomes_a_sortie_that_fetches_it(dronepatrol, demo_spec, tmp_path):
    assert dronepatrol("plan", demo_spec, "--out", "patrol").returncode == OK
    sortie = next(one for one in read_mission(tmp_path / "patrol/plan/mission.json").sorties if one.id == "sortie-02")
    frame = LocalFrame(sortie.dock.lon_deg, sortie.dock.lat_deg)
    points = frame.to_metres([(one.lon_deg, one.lat_deg) for one in sortie.waypoints])
    legs, shares = on_legs(points, sortie.waypoints)
    places = frame.to_lonlat(points[legs] + shares[:, None] * (points[legs + 1] - points[legs]))
    for n, lonlat in enumerate(places, start=1):
        if n not in {57, 58, 59}:
            photo(tmp_path / f"card/{n:03d}.jpg", tuple(lonlat), 3.0 * n)

    resumed = dronepatrol("ingest", "--photos", "card", "--out", "patrol", "--resume-gaps", "--json")
    assert "sortie-02: planned photos 57 to 59 of" in resumed.stderr
    found = answer(resumed)
    assert {"sortie": "sortie-02", "first": 57, "last": 59} in found["gaps"]
    assert found["resumed_by"] == ["sortie-02-from-057"]  # the others were not flown: they wait as planned
    mission = read_mission(tmp_path / "patrol/plan/mission.json")
    assert [one.id for one in mission.sorties if one.rest_from_photo] == ["sortie-02"]
    assert mission.sorties[-1].id == "sortie-02-from-057"
    assert (tmp_path / "patrol/plan/sortie-02-from-057.plan").is_file()
    (tmp_path / "patrol/plan/mission.json").write_text("{")
    broken = dronepatrol("ingest", "--photos", "card", "--out", "patrol")
    assert broken.returncode == 1
    assert "mission.json is no mission" in broken.stderr


def test_every_kind_of_broken_file_is_named_and_the_others_are_taken(dronepatrol, tmp_path):
    folder = card(tmp_path / "card", 5)
    whole = (folder / "000.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    (folder / "zero.jpg").write_bytes(b"")
    (folder / "garbage.jpg").write_bytes(os.urandom(1 << 20))
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "dead.jpg").symlink_to("gone.jpg")
    (folder / "round").symlink_to(folder)
    (folder / "disc.jpg").symlink_to("/proc/self/mem")  # a regular file whose reading fails with EIO
    (folder / os.fsdecode("照片.jpg".encode("gbk"))).write_bytes(whole)
    os.mkfifo(folder / "pipe.jpg")
    result = dronepatrol("ingest", "--photos", "card", "--out", "o", "--json")
    expected = {
        "cut.jpg": "the file ends in the middle of the picture",
        "zero.jpg": "the file is empty",
        "garbage.jpg": "is neither JPEG nor TIFF",
        "loop.jpg": "cannot be read: Too many levels of symbolic links",
        "dead.jpg": "cannot be read: No such file or directory",
        "disc.jpg": "cannot be read: Input/output error",
        r"\xd5\xd5Ƭ.jpg": "its name is no valid UTF-8",
        "card/pipe.jpg": "is no regular file",
    }
    said = answer(result, PARTLY)
    assert reasons(said) == expected
    for item, reason in expected.items():
        assert f"skipped: {item}: {reason}" in result.stderr
    assert geopandas.read_parquet(tmp_path / "o/shots.parquet")["shot_id"].tolist() == [
        f"{n:03d}.jpg" for n in range(5)
    ]


def test_folder_that_may_not_be_read_is_named(tmp_path):
    """Root may read everything, so the process gives that right up first; the kernel then refuses it as anyone else."""
    folder = card(tmp_path / "card", 2)
    card(folder / "locked", 1, begin=5)
    command = [sys.executable, "-m", "dronepatrol", "ingest", "--photos", "card", "--out", "o", "--json"]
    if os.geteuid() == 0:
        give_up = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        if shutil.which("setpriv") is None or subprocess.run([*give_up, "true"], check=False).returncode:
            pytest.skip("root may read everything, and cannot give that up here: needs setpriv (util-linux)")
        command = [*give_up, *command]
    (folder / "locked").chmod(0o000)
    try:
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    finally:
        (folder / "locked").chmod(0o700)
    said = answer(result, PARTLY)
    assert said["shots"] == 2
    assert reasons(said) == {"card/locked": "cannot be read: Permission denied"}


def test_card_that_is_pulled_while_it_is_read(tmp_path):
    """The files of a folder are gone after they were listed: the process is held while it happens."""
    card(tmp_path / "card/a", 60)
    card(tmp_path / "card/b", 30, begin=60)
    command = [sys.executable, "-m", "dronepatrol", "ingest", "--photos", "card", "--out", "o", "--json", "--jobs", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "started" in process.stderr.readline()
        process.send_signal(signal.SIGSTOP)
        shutil.rmtree(tmp_path / "card/b")
        process.send_signal(signal.SIGCONT)
        stdout, stderr = process.communicate(timeout=60)
    said = answer(subprocess.CompletedProcess(command, process.returncode, stdout, stderr), PARTLY)
    assert said["shots"] == 60
    assert reasons(said) == {f"b/{n:03d}.jpg": "cannot be read: No such file or directory" for n in range(60, 90)}
    assert "skipped: and 10 more" in stderr
