"""Bad input ends in lines that name the thing and the next step, with the exit code as designed; never a traceback."""

import json
import os
import resource
import shutil
import signal

import cv2
import numpy as np
import pytest

OK, FAILED, WRONG_INPUT, PARTLY, REFUSED = 0, 1, 2, 3, 4


def assert_named(result, code, *words):
    lines = [line for line in result.stderr.splitlines() if line.startswith(("error:", "next:", "skipped:"))]
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert any(word in line for line in lines), (word, lines)


@pytest.fixture
def spec_with_area(tmp_path, demo_spec):
    """Return a function that makes a patrol spec whose area file holds the given text."""

    def make(text):
        (tmp_path / "area.geojson").write_text(text)
        spec = demo_spec.read_text().replace("../geodata", str(demo_spec.parents[1] / "geodata"))
        lines = [f'areas = ["{tmp_path}/area.geojson"]' if ln.startswith("area") else ln for ln in spec.splitlines()]
        (tmp_path / "spec.toml").write_text("\n".join(lines))
        return tmp_path / "spec.toml"

    return make


def polygon(*rings):
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": rings}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


def test_a_missing_spec(dronepatrol):
    assert_named(dronepatrol("plan", "no.toml", "--out", "o"), WRONG_INPUT, "no.toml")


def test_a_missing_area(dronepatrol, spec_with_area, tmp_path):
    spec = spec_with_area("")
    (tmp_path / "area.geojson").unlink()
    assert_named(dronepatrol("plan", spec, "--out", "o"), WRONG_INPUT, "area.geojson")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "area.geojson"),
        ('{"type": "FeatureCollection", "features": []}', "area.geojson"),
        ("not a map at all", "area.geojson"),
        (polygon([[121.08, 30.82], [121.09, 30.83], [121.09, 30.82], [121.08, 30.83], [121.08, 30.82]]), "cross"),
    ],
    ids=["empty file", "no feature", "garbage", "self-crossing"],
)
def test_an_area_that_cannot_be_used(dronepatrol, spec_with_area, text, word, tmp_path):
    assert_named(dronepatrol("plan", spec_with_area(text), "--out", "o"), WRONG_INPUT, word)
    assert not (tmp_path / "o" / "plan" / "mission.json").exists()


def test_a_folder_without_photos(dronepatrol, tmp_path):
    (tmp_path / "DCIM").mkdir()
    (tmp_path / "DCIM" / "readme.txt").write_text("nothing here")
    assert_named(dronepatrol("ingest", "--photos", "DCIM", "--out", "o"), WRONG_INPUT, "DCIM")
    assert_named(dronepatrol("ingest", "--photos", "nowhere", "--out", "o"), WRONG_INPUT, "nowhere")


def test_a_photo_without_gps_and_a_truncated_one_are_named_and_the_rest_goes_on(dronepatrol, testdata, tmp_path):
    whole = testdata("imagery/brighton_beach_dji_fc300s/DJI_0018.JPG")
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(whole, photos / "whole.jpg")
    (photos / "short.jpg").write_bytes(whole.read_bytes()[:200_000])
    (photos / "empty.jpg").write_bytes(b"")
    cv2.imwrite(str(photos / "nogps.jpg"), np.zeros((30, 40, 3), np.uint8))
    result = dronepatrol("ingest", "--photos", "photos", "--out", "o")
    assert_named(result, PARTLY, "short.jpg", "empty.jpg", "nogps.jpg", "GPS")
    assert result.stdout.startswith("1 shots")


def test_no_log_and_no_choice(dronepatrol, tmp_path):
    (tmp_path / "garbage.BIN").write_bytes(os.urandom(4096))
    assert_named(dronepatrol("ingest", "--log", "garbage.BIN", "--out", "o"), WRONG_INPUT, "garbage.BIN")
    assert_named(dronepatrol("ingest", "--out", "o"), WRONG_INPUT, "--photos")


def test_a_model_that_is_none(dronepatrol, testdata, tmp_path):
    photo = testdata("imagery/brighton_beach_dji_fc300s/DJI_0018.JPG")
    (tmp_path / "photos").mkdir()
    shutil.copy(photo, tmp_path / "photos")
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    result = dronepatrol("run", "--photos", "photos", "--model", "bad.onnx", "--out", "o")
    assert_named(result, WRONG_INPUT, "bad.onnx")
    assert not (tmp_path / "o").exists()  # said before a card of photos is read


def test_a_stage_before_its_turn(dronepatrol):
    assert_named(dronepatrol("locate", "o"), FAILED, "shots.parquet", "first")


def test_a_vehicle_that_does_not_answer(dronepatrol, demo_spec):
    assert dronepatrol("plan", demo_spec, "--out", "o").returncode == OK
    result = dronepatrol("fly", "o", "--connect", "udpout:127.0.0.1:9", "--confirm", "1")
    assert_named(result, FAILED, "udpout:127.0.0.1:9")


def test_a_real_vehicle_is_not_flown_without_a_confirmation(dronepatrol, demo_spec):
    assert dronepatrol("plan", demo_spec, "--out", "o").returncode == OK
    assert_named(dronepatrol("fly", "o", "--connect", "udpout:127.0.0.1:9"), REFUSED, "--confirm")


def _tiny_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


def test_a_full_disk_names_the_file_and_what_is_kept(dronepatrol, demo_spec, tmp_path):
    result = dronepatrol("plan", demo_spec, "--out", "o", preexec_fn=_tiny_disk)
    assert_named(result, FAILED, "cannot write", "free space")
    assert not [path for path in (tmp_path / "o").rglob("*") if path.name.startswith(".")]


def test_no_verb_shows_the_help_and_a_wrong_option_is_usage(dronepatrol):
    assert dronepatrol().returncode == WRONG_INPUT
    assert dronepatrol("plan", "--no-such-option").returncode == WRONG_INPUT
