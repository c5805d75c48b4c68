"""The verb: its options, its notes, what it says of bad input."""

import json
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from dronepatrol.cli.locate import locate
from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import write_table

FRAME = LocalFrame(121.08, 30.82)


def dronepatrol(*arguments):
    command = [sys.executable, "-m", "dronepatrol", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def folder(tmp_path) -> PatrolFolder:
    rows = []
    for number in range(4):
        row = {name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()}
        lon, lat = FRAME.to_lonlat((20.0 * number, 0.0))
        row |= {"shot_id": f"s{number}", "flight_id": "fg"[number // 2], "photo": f"s{number}.jpg", "lon_deg": lon}
        row |= {"lat_deg": lat, "time_utc": pd.Timestamp("2026-11-20T01:00Z") + pd.Timedelta(seconds=5 * number)}
        row |= {"altitude_m": 85.0, "altitude_reference": ["AMSL", "ELLIPSOID"][number // 2], "height_m": 80.0}
        row |= {"pitch_deg": -90.0, "attitude_of": "camera", "image_width_px": 2000, "image_height_px": 1500}
        row |= {"fx_px": 1500.0, "fy_px": 1500.0, "cx_px": 999.5, "cy_px": 749.5, "position_sigma_m": 1.0}
        row |= {"position_bias_sigma_m": 1.0, "height_sigma_m": 0.5, "height_bias_sigma_m": 1.0, "yaw_sigma_deg": 1.0}
        row |= {"pitch_sigma_deg": 0.7, "roll_sigma_deg": 0.7, "focal_sigma_share": 0.003}
        rows.append(row | {"camera_model": ["DJI FC6310R", "DJI FC300S"][number % 2], "geometry": None})
    rows[3]["yaw_deg"] = np.nan
    made = PatrolFolder(tmp_path / "patrol")
    made.root.mkdir()
    write_table(made.shots, geopandas.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326"), SHOTS)
    boxes = [(f"s{n}#1", f"s{n}", "car", 0.9, 990.0, 740.0, 1010.0, 760.0, "made", "", "") for n in range(4)]
    write_table(made.detections, pd.DataFrame(boxes, columns=list(DETECTIONS.columns)), DETECTIONS)
    return made


def test_what_cannot_be_placed_is_named_and_the_rest_is_placed(folder) -> None:
    done = dronepatrol("locate", folder.root, "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 3
    assert result["observations"] == 3
    assert result["median_error95_m"] > 1
    assert "skipped: s3#1: its shot has no attitude" in done.stderr
    assert any("different cameras: DJI FC300S, DJI FC6310R" in note for note in result["notes"])
    assert any("different zeros (f: AMSL; g: ELLIPSOID)" in note for note in result["notes"])
    assert any("no terrain model" in note for note in result["notes"])


def test_a_terrain_model_is_used_and_the_way_to_the_height_is_said(folder, dem) -> None:
    done = dronepatrol("locate", folder.root, "--dem", dem, "--takeoff", "121.08,30.82", "--json")
    notes = json.loads(done.stdout)["notes"]
    assert any("4 photos: height by relative altitude over the terrain at take-off (as told)" in note for note in notes)
    observations = geopandas.read_parquet(folder.observations)
    assert observations["method"].str.contains("terrain model dem.tif").all()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"dem": Path("nowhere.tif")}, "there is no terrain model"),
        ({"dem_heights": "wgs84"}, "expected one of amsl, ellipsoid"),
        ({"takeoff": "121.08"}, "expected longitude and latitude"),
        ({"takeoff": "400,30"}, "no place on the globe"),
        ({"geoid": "999", "dem": "made"}, "within 120 m"),
        ({"seen": "121.08,30.82", "when": "yesterday/today"}, "expected two times"),
        ({"seen": "121.08,30.82", "when": "2026-11-20T09:00/2026-11-20T10:00"}, "name no zone"),
        ({"controls": Path("nowhere.txt")}, "cannot be read as a list of control points"),
    ],
)
def test_bad_options_are_refused_by_name(folder, dem, options, word) -> None:
    if options.get("dem") == "made":
        options = options | {"dem": dem}
    with pytest.raises(InputError, match=word):
        locate(folder.root, **options)
    assert not folder.observations.exists()


def test_who_saw_a_place_and_when(folder) -> None:
    done = dronepatrol("locate", folder.root, "--seen", "121.08,30.82", "--json")
    photos = json.loads(done.stdout)["photos"]
    assert [row["shot_id"] for row in photos] == ["s0", "s1", "s2"]
    assert photos[0]["gsd_m"] == pytest.approx(80 / 1500, rel=0.01)
    assert photos[1]["azimuth_deg"] == pytest.approx(90.0, abs=0.1)
    when = "2026-11-20T01:00:04Z/2026-11-20T01:00:06Z"
    later = dronepatrol("locate", folder.root, "--seen", "121.08,30.82", "--when", when, "--json")
    assert [row["shot_id"] for row in json.loads(later.stdout)["photos"]] == ["s1"]
    nobody = dronepatrol("locate", folder.root, "--seen", "121.2,30.82")
    assert nobody.stdout.strip() == "no photo of this patrol saw the place"


def test_an_adjustment_without_images_names_every_photo(folder) -> None:
    done = dronepatrol("locate", folder.root, "--adjust", "--json")
    assert done.returncode == 3
    assert "s0: cannot be adjusted: it has no image" in done.stderr
    assert json.loads(done.stdout)["adjustment"]["adjusted"] == 0
