"""The same pipeline on real recordings, with no special case for them."""

import json
import subprocess
import sys
from pathlib import Path

import geopandas
import jsonschema
import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[2]


def dronepatrol(*arguments):
    command = [sys.executable, "-m", "dronepatrol", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_real_dji_photos_to_issues_and_map(testdata, tmp_path):
    photos = testdata("imagery/brighton_beach_dji_fc300s")
    model = testdata("detection/models/yolox_nano.onnx")
    done = dronepatrol("run", "--photos", photos, "--model", model, "--out", tmp_path / "o", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["photos"] == 18
    assert summary["recall"] is None
    shots = geopandas.read_parquet(tmp_path / "o" / "shots.parquet")
    assert shots.geometry.notna().sum() == 18
    observations = geopandas.read_parquet(tmp_path / "o" / "observations.parquet")
    assert len(observations) == summary["detections"] > 0
    issues = json.loads((tmp_path / "o" / "issues.geojson").read_text())
    jsonschema.validate(issues, json.loads((REPOSITORY / "docs/schema/issues.schema.json").read_text()))
    assert len(issues["features"]) == summary["issues"]
    assert (tmp_path / "o" / "map.html").stat().st_size > 100_000


def test_a_real_arducopter_log_to_shots(testdata, tmp_path):
    done = dronepatrol("ingest", "--log", testdata("flights/copter47_survey.BIN"), "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    shots = pd.read_parquet(tmp_path / "o" / "shots.parquet")
    assert len(shots) == 54
    known = ["lon_deg", "lat_deg", "altitude_m", "height_m", "yaw_deg", "pitch_deg", "roll_deg"]
    assert shots[known].notna().all().all()
    assert shots["height_m"].between(95, 105).all()
    assert (shots["attitude_of"] == "vehicle").all()
