"""The demo over many seeds: `make campaign`. Prints one line a seed."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.campaign


def fly_demo(out, seed):
    command = [sys.executable, "-m", "dronepatrol", "demo", "--out", str(out), "--seed", str(seed), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", range(100, 110))
def test_every_seed_reaches_the_figures(tmp_path, seed, capsys):
    summary = fly_demo(tmp_path / "o", seed)
    figures = ("recall", "precision", "position_error_median_m", "position_error_p95_m")
    figures += ("inside_95_share", "duplicate_share", "photos", "issues", "planted")
    with capsys.disabled():
        print(seed, {name: summary[name] for name in figures}, sum(summary["seconds"].values()))
    assert summary["recall"] >= 0.85
    assert summary["precision"] >= 0.85
    assert summary["position_error_median_m"] < 2.0
    assert summary["duplicate_share"] < 0.03


def test_the_same_seed_gives_the_same_issues(tmp_path):
    found = []
    for name in ("a", "b"):
        fly_demo(tmp_path / name, 3)
        features = json.loads((tmp_path / name / "issues.geojson").read_text())["features"]
        found.append([(feature["id"], feature["geometry"]["coordinates"]) for feature in features])
    assert found[0] == found[1]
