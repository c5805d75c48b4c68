"""Poses of OpenDroneMap: both files written from known poses of a made-up block by formulas of this test's own."""

import json
import subprocess
import sys

import cv2
import geopandas
import numpy as np
import pandas as pd
import pytest
from pyproj import Proj, Transformer

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import angles_of, camera_to_ned
from dronepatrol.locate.odm import read_poses
from dronepatrol.model.tables import ADJUSTMENT, DETECTIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table, write_table

FRAME = LocalFrame(121.08, 30.82)
TRUE = [
    (0.0, 0.0, 95.0, 10.0, -90.0, 0.0),
    (40.0, 10.0, 96.0, 100.0, -75.0, 2.0),
    (20.0, 60.0, 94.0, 250.0, -60.0, -1.0),
]
"""East, north (m), height (m), yaw, pitch, roll (degrees, true north) of three cameras."""
UTM = Proj("EPSG:32651")


def enu_to_camera(yaw, pitch, roll):
    ned_to_camera = camera_to_ned(yaw, pitch, roll).T
    return ned_to_camera @ np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


def axis_angle(rotation):
    return cv2.Rodrigues(rotation)[0].ravel().tolist()


def ecef(lon, lat, height):
    a, e2 = 6378137.0, 6.69437999014e-3
    lon, lat = np.radians([lon, lat])
    n = a / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.array([(n + height) * np.cos(lat) * np.cos(lon), (n + height) * np.cos(lat) * np.sin(lon),
                     (n * (1 - e2) + height) * np.sin(lat)])  # fmt: skip


def reconstruction():
    lon0, lat0, height0 = 121.0795, 30.8195, 3.0
    slon, clon, slat, clat = (f(np.radians(v)) for v in (lon0, lat0) for f in (np.sin, np.cos))
    axes = np.array([[-slon, clon, 0], [-slat * clon, -slat * slon, clat], [clat * clon, clat * slon, slat]])
    shots = {}
    for number, (east, north, height, *angles) in enumerate(TRUE):
        lon, lat = FRAME.to_lonlat((east, north))
        centre = axes @ (ecef(lon, lat, height) - ecef(lon0, lat0, height0))
        turn = enu_to_camera(*angles)
        shots[f"s{number}.jpg"] = {
            "rotation": axis_angle(turn),
            "translation": (-turn @ centre).tolist(),
            "camera": "c",
        }
    zero = {"longitude": lon0, "latitude": lat0, "altitude": height0}
    return [{"reference_lla": zero, "cameras": {"c": {"focal": 0.75}}, "shots": shots}]


def shots_geojson():
    features = []
    for number, (east, north, height, yaw, pitch, roll) in enumerate(TRUE):
        lon, lat = (float(v) for v in FRAME.to_lonlat((east, north)))
        x, y = Transformer.from_crs("EPSG:4326", "EPSG:32651", always_xy=True).transform(lon, lat)
        grid_yaw = yaw - UTM.get_factors(lon, lat).meridian_convergence
        told = {"filename": f"s{number}.jpg", "focal": 0.75, "translation": [x, y, height]}
        told["rotation"] = axis_angle(enu_to_camera(grid_yaw, pitch, roll))
        features.append({"type": "Feature", "properties": told,
                         "geometry": {"type": "Point", "coordinates": [lon, lat, height]}})  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


WRITERS = {"reconstruction.json": reconstruction, "shots.geojson": shots_geojson}


@pytest.fixture(params=list(WRITERS))
def poses(request, tmp_path):
    path = tmp_path / request.param
    path.write_text(json.dumps(WRITERS[request.param]()))
    return path


def test_poses_are_those_that_were_written(poses):
    found = {pose.photo: pose for pose in read_poses(poses)}
    assert len(found) == len(TRUE)
    for number, (east, north, height, *angles) in enumerate(TRUE):
        pose = found[f"s{number}.jpg"]
        np.testing.assert_allclose(FRAME.to_metres((pose.lon_deg, pose.lat_deg)), (east, north), atol=0.02)
        assert pose.height_m == pytest.approx(height, abs=0.02)
        assert pose.focal_share == 0.75
        cosine = (np.trace(pose.rotation.T @ camera_to_ned(*angles)) - 1) / 2
        assert np.degrees(np.arccos(min(cosine, 1.0))) < 0.01
    assert angles_of(found["s2.jpg"].rotation) == pytest.approx([-110.0, -60.0, -1.0], abs=0.02)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c["features"][1]["properties"].pop("rotation"), "rotation is missing"),
        (lambda c: c["features"][1]["properties"].update(rotation=[0, float("nan"), 0]), "s1.jpg: rotation"),
        (lambda c: c["features"][1]["properties"].update(rotation=[0, 900, 0]), "s1.jpg: rotation"),
        (lambda c: c["features"][1]["properties"].update(translation=[0, 0, 0]), "s1.jpg: translation"),
        (lambda c: c["features"][1]["properties"].update(focal=90), "s1.jpg: focal"),
        (lambda c: c["features"][1]["geometry"].update(coordinates=[500, 3, 2]), "s1.jpg: longitude"),
        (lambda c: c.update(type="Feature"), "FeatureCollection"),
        (lambda c: c.update(features=[]), "no pose"),
        (lambda c: c.update(features=7), "no poses as"),
    ],
)
def test_what_is_no_pose_is_named(tmp_path, change, named):
    content = shots_geojson()
    change(content)
    path = tmp_path / "shots.geojson"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=named):
        read_poses(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[{}]", b'[{"shots": 3}]', b"5", b'"a"'])
def test_what_is_no_file_of_poses_is_refused(tmp_path, content):
    path = tmp_path / "reconstruction.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"reconstruction\.json"):
        read_poses(path)


@pytest.fixture
def folder(tmp_path):
    """Return a patrol of the block and one photo more, its poses metres and degrees off, and a car in each photo."""
    rows, boxes = [], []
    thing = np.array([20.0, 25.0, 5.0])
    for number, (east, north, height, *angles) in enumerate([*TRUE, (200.0, 0.0, 95.0, 0.0, -90.0, 0.0)]):
        row = {name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()}
        lon, lat = FRAME.to_lonlat((east + 4.0, north - 3.0))
        row |= {
            "shot_id": f"s{number}",
            "flight_id": "f",
            "photo": f"card/s{number}.jpg",
            "lon_deg": lon,
            "lat_deg": lat,
        }
        row |= {
            "time_utc": pd.Timestamp("2026-11-20T01:00Z"),
            "altitude_m": height + 2.0,
            "altitude_reference": "ELLIPSOID",
        }
        row |= {
            "height_m": height - 3.0,
            "yaw_deg": angles[0] + 3.0,
            "pitch_deg": angles[1] + 1.0,
            "roll_deg": angles[2],
        }
        row |= {"attitude_of": "camera", "image_width_px": 2000, "image_height_px": 1500, "focal_sigma_share": 0.003}
        row |= {"fx_px": 1520.0, "fy_px": 1520.0, "cx_px": 999.5, "cy_px": 749.5, "position_sigma_m": 1.0}
        row |= {"position_bias_sigma_m": 1.0, "height_sigma_m": 0.5, "height_bias_sigma_m": 1.0, "yaw_sigma_deg": 1.0}
        rows.append(row | {"pitch_sigma_deg": 0.7, "roll_sigma_deg": 0.7, "camera_model": "X", "geometry": None})
        away = enu_to_camera(*angles) @ (thing - (east, north, height))
        x, y = 1500.0 * away[:2] / away[2] + (999.5, 749.5)
        if number < len(TRUE):
            boxes.append((f"s{number}#1", f"s{number}", "bare_soil", 0.9, x - 5, y - 5, x + 5, y + 5, "made", "", ""))
    made = PatrolFolder(tmp_path / "patrol")
    made.root.mkdir()
    write_table(made.shots, geopandas.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326"), SHOTS)
    write_table(made.detections, pd.DataFrame(boxes, columns=list(DETECTIONS.columns)), DETECTIONS)
    return made


def dronepatrol(*arguments):
    command = [sys.executable, "-m", "dronepatrol", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_places_things_by_the_poses(folder, poses, dem):
    said = dronepatrol("locate", folder.root, "--dem", dem, "--dem-heights", "ellipsoid", "--poses", poses, "--json")
    assert said.returncode == 3, said.stderr
    result = json.loads(said.stdout)
    assert any(f"3 photos take their poses from {poses.name}" in note for note in result["notes"])
    assert "s3: stays as it was: the poses have none of its name" in said.stderr
    placed = geopandas.read_parquet(folder.observations)
    off = FRAME.to_metres(np.stack([placed.geometry.x, placed.geometry.y], axis=-1)) - (20.0, 25.0)
    assert len(placed) == 3
    assert np.hypot(*off.T).max() < 0.6  # the box's middle stands a little above the ground
    held = read_table(folder.adjustment, ADJUSTMENT)
    assert set(held["shot_id"]) == {"s0", "s1", "s2"}
    assert (held["raised_m"] + 2.0).abs().max() < 0.05
    assert (held["fx_px"] - 1500.0).abs().max() < 1e-6


def test_poses_of_other_photos_and_two_sources_are_refused(folder, poses, tmp_path):
    both = dronepatrol("locate", folder.root, "--poses", poses, "--adjust")
    assert both.returncode == 2
    assert "--poses and --adjust" in both.stderr
    other = tmp_path / "other.geojson"
    other.write_text(json.dumps(shots_geojson()).replace("s0.jpg", "a").replace("s1.jpg", "b").replace("s2.jpg", "c"))
    none = dronepatrol("locate", folder.root, "--poses", other)
    assert none.returncode == 2
    assert "none of its 3 photos" in none.stderr
    assert not folder.adjustment.exists()
