"""The whole loop on the embedded vehicle: what it leaves behind, and how well it finds what was planted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas
import jsonschema
import pandas as pd
import pytest
from pymavlink import mavutil, mavwp

REPOSITORY = Path(__file__).resolve().parents[2]
TOP_LEVEL = (
    "area_km2 sorties photos detections issues recall precision position_error_median_m position_error_p95_m "
    "inside_95_share duplicate_share"
)


def dronepatrol(*arguments):
    command = [sys.executable, "-m", "dronepatrol", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_summary_is_what_was_asked(demo):
    folder, summary, _ = demo
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert [key for key in TOP_LEVEL.split() if key not in summary] == []
    assert 0.5 <= summary["area_km2"] <= 0.7
    assert 200 <= summary["photos"] <= 450
    assert summary["sorties"] >= 2
    assert set(summary["seconds"]) == {"plan", "fly", "render", "ingest", "detect", "locate", "issues", "export"}
    assert summary["skipped"] == []


def test_it_finds_what_was_planted(demo):
    _, summary, _ = demo
    assert summary["recall"] >= 0.85
    assert summary["precision"] >= 0.85
    assert summary["position_error_median_m"] < 2.0
    assert summary["duplicate_share"] < 0.03
    assert summary["inside_95_share"] >= 0.85


def test_the_scene_is_as_hard_as_was_asked(demo):
    folder, _, _ = demo
    features = json.loads((folder / "flight" / "truth.geojson").read_text())["features"]
    planted = [f["properties"] for f in features if f["properties"]["planted"]]
    assert len(planted) >= 60
    assert len({one["class"] for one in planted}) >= 6
    assert len(features) - len(planted) >= len(planted)


def test_what_was_planned_was_flown(demo):
    folder, summary, _ = demo
    assert len(summary["by_sortie"]) == summary["sorties"]
    for sortie in summary["by_sortie"]:
        planned, flown = sortie["planned"], sortie["flown"]
        assert flown["outcome"] == "landed"
        assert flown["photos"] == planned["photos"]
        assert flown["length_m"] == pytest.approx(planned["length_m"], rel=0.05)
        assert flown["time_s"] == pytest.approx(planned["time_s"], rel=0.1)
        assert len(list((folder / "flight" / "photos" / sortie["sortie"]).glob("*.jpg"))) == flown["photos"]


def test_ground_stations_read_the_plan(demo):
    folder, summary, _ = demo
    files = sorted((folder / "plan").glob("sortie-*.waypoints"))
    assert len(files) == summary["sorties"]
    for waypoints in files:
        loader = mavwp.MAVWPLoader()
        count = loader.load(str(waypoints))
        plan = json.loads(waypoints.with_suffix(".plan").read_text())
        assert plan["fileType"] == "Plan"
        assert len(plan["mission"]["items"]) == count - 1  # without home
        assert plan["geoFence"]["polygons"]
    kinds = {f["properties"]["kind"] for f in json.loads((folder / "plan" / "route.geojson").read_text())["features"]}
    assert {"area", "no-fly", "lane", "transit", "dock"} <= kinds


def test_the_telemetry_logs_hold_every_photo(demo):
    folder, summary, _ = demo
    for sortie in summary["by_sortie"]:
        log = mavutil.mavlogfile(str(folder / "flight" / f"{sortie['sortie']}.tlog"))
        seen = set()
        while (message := log.recv_match(type="CAMERA_FEEDBACK")) is not None:
            seen.add(message.img_idx)
        log.close()
        assert len(seen) == sortie["flown"]["photos"]


def test_photos_see_the_whole_area(demo):
    folder, _, _ = demo
    shots = geopandas.read_parquet(folder / "shots.parquet")
    route = json.loads((folder / "plan" / "route.geojson").read_text())["features"]
    area = geopandas.GeoSeries.from_wkt([_wkt(f) for f in route if f["properties"]["kind"] == "area"]).union_all()
    closed = geopandas.GeoSeries.from_wkt([_wkt(f) for f in route if f["properties"]["kind"] == "no-fly"]).union_all()
    target = area.difference(closed)
    assert target.difference(shots.geometry.union_all()).area / target.area < 0.005


def _wkt(feature):
    rings = ", ".join(
        "(" + ", ".join(f"{lon} {lat}" for lon, lat in ring) + ")" for ring in feature["geometry"]["coordinates"]
    )
    return f"POLYGON ({rings})"


def test_every_issue_follows_the_schema_and_shows_its_evidence(demo):
    folder, summary, _ = demo
    issues = json.loads((folder / "issues.geojson").read_text())
    jsonschema.validate(issues, json.loads((REPOSITORY / "docs/schema/issues.schema.json").read_text()))
    assert len(issues["features"]) == summary["issues"]
    assert len({feature["id"] for feature in issues["features"]}) == summary["issues"]
    for feature in issues["features"]:
        properties = feature["properties"]
        assert properties["status"] == "suspected"
        assert properties["town"] == "新埭"
        assert properties["first_seen"] <= properties["last_seen"]
        assert any((folder / one["crop"]).is_file() for one in properties["evidence"] if one["crop"])


def test_running_the_stages_again_changes_no_id(demo, tmp_path):
    folder, _, _ = demo
    again = tmp_path / "again"
    shutil.copytree(folder, again, ignore=shutil.ignore_patterns("photos", "*.tlog"))
    (again / "flight" / "photos").symlink_to(folder / "flight" / "photos")
    before = [feature["id"] for feature in json.loads((again / "issues.geojson").read_text())["features"]]
    for fresh in (False, True):
        if fresh:
            (again / "issues.geojson").unlink()
        assert dronepatrol("locate", again).returncode == 0
        assert dronepatrol("issues", again).returncode == 0
        after = [feature["id"] for feature in json.loads((again / "issues.geojson").read_text())["features"]]
        assert after == before


@pytest.mark.campaign
def test_photos_alone_give_the_same_shots(demo, tmp_path):
    """Ingest knows nothing of the renderer: the photos, moved away from everything else, say it all."""
    folder, _, _ = demo
    away = tmp_path / "card" / "photos"
    shutil.copytree(folder / "flight" / "photos", away)
    done = dronepatrol("ingest", "--photos", away, "--out", tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    ours, theirs = (pd.read_parquet(at / "shots.parquet") for at in (folder, tmp_path / "elsewhere"))
    same = [name for name in ours.columns if name not in {"photo", "geometry"}]
    pd.testing.assert_frame_equal(ours[same], theirs[same])


def test_each_stage_shows_its_progress(demo):
    _, _, shown = demo
    for stage in ("plan", "fly", "render", "ingest", "detect", "locate", "issues", "map"):
        assert any(line.startswith(f"{stage}: ") for line in shown.splitlines()), stage


def test_its_notebook_says_what_the_summary_says(run_notebook, demo, monkeypatch):
    folder, summary, _ = demo
    monkeypatch.setenv("PATROL", str(folder))
    names = run_notebook("read_a_patrol.ipynb")
    figures = names["figures"]
    assert names["by_class"]["issues"].sum() == figures["issues"] == summary["issues"]
    assert figures["right"] / figures["issues"] == pytest.approx(summary["precision"], abs=0.03)
    assert figures["median error, m"] == pytest.approx(summary["position_error_median_m"], abs=0.3)
    assert names["seen_km2"] > summary["area_km2"]
    assert names["strip"].size == (960, 240)
