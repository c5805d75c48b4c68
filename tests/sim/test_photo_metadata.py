"""A simulated photo carries the metadata of a survey drone, exactly, and says that it is synthetic."""

import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from dronepatrol.errors import InputError, StorageError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.camera import CameraProfile
from dronepatrol.model.tables import SIMULATED_TRUTH
from dronepatrol.sim.render.photo import SYNTHETIC, Sensed, photo_bytes, write_photo
from dronepatrol.sim.render.photos import render_photos
from dronepatrol.sim.scene.scene import Scene
from dronepatrol.sim.scene.shapes import Place, Sketch, box

CAMERA = CameraProfile("test", "simulated 3 MP", (64, 48), (6.4, 4.8), 6.4, 1.0)
IMAGE = np.random.default_rng(2).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def sensed(lon_deg: float = 121.0812345678, lat_deg: float = 30.8212345678, amsl_m: float = 101.25) -> Sensed:
    when = datetime(2026, 5, 18, 23, 59, 59, 987_000, tzinfo=UTC)
    return Sensed(when, lon_deg, lat_deg, amsl_m, 97.75, 12.345, -90.5, 0.25, 11.5, -3.125, 4.0625)


@settings(max_examples=60, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-400, 9000))
def test_exif_position_survives_the_round_trip(lon, lat, amsl):
    exif = Image.open(BytesIO(photo_bytes(IMAGE, sensed(lon, lat, amsl), CAMERA))).getexif()
    gps, names = exif.get_ifd(ExifTags.IFD.GPSInfo), ExifTags.GPS

    def degrees(value: int, reference: int, negative: str) -> float:
        d, m, s = (float(part) for part in gps[value])
        assert m < 60
        assert s < 60
        return (d + m / 60 + s / 3600) * (-1 if gps[reference] == negative else 1)

    assert degrees(names.GPSLatitude, names.GPSLatitudeRef, "S") == pytest.approx(lat, abs=1e-9)
    assert degrees(names.GPSLongitude, names.GPSLongitudeRef, "W") == pytest.approx(lon, abs=1e-9)
    below = gps[names.GPSAltitudeRef] in (b"\x01", 1)
    assert float(gps[names.GPSAltitude]) * (-1 if below else 1) == pytest.approx(amsl, abs=1e-3)


def exiftool(path: Path, *options: str) -> dict:
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("needs exiftool: apt-get install libimage-exiftool-perl")
    done = subprocess.run([program, "-json", "-n", "-G1", *options, path], capture_output=True, check=True)
    return json.loads(done.stdout)[0]


def test_exiftool_reads_every_field(tmp_path):
    write_photo(tmp_path / "a.jpg", IMAGE, sensed(), CAMERA)
    tags = exiftool(tmp_path / "a.jpg")
    expected = {
        "IFD0:Make": "dronepatrol",
        "IFD0:Model": "simulated 3 MP",
        "IFD0:ImageDescription": SYNTHETIC,
        "ExifIFD:DateTimeOriginal": "2026:05:19 07:59:59",
        "ExifIFD:OffsetTimeOriginal": "+08:00",
        "ExifIFD:SubSecTimeOriginal": 987,
        "ExifIFD:FocalLength": 6.4,
        "ExifIFD:FocalLengthIn35mmFormat": 35,
        "ExifIFD:ExifImageWidth": 64,
        "ExifIFD:ExifImageHeight": 48,
        "GPS:GPSLatitudeRef": "N",
        "GPS:GPSLongitudeRef": "E",
        "GPS:GPSAltitudeRef": 0,
        "GPS:GPSAltitude": 101.25,
        "XMP-drone-dji:AbsoluteAltitude": 101.25,
        "XMP-drone-dji:RelativeAltitude": 97.75,
        "XMP-drone-dji:GimbalYawDegree": 12.345,
        "XMP-drone-dji:GimbalPitchDegree": -90.5,
        "XMP-drone-dji:GimbalRollDegree": 0.25,
        "XMP-drone-dji:FlightYawDegree": 11.5,
        "XMP-drone-dji:FlightPitchDegree": -3.125,
        "XMP-drone-dji:FlightRollDegree": 4.062,
        "XMP-drone-dji:CalibratedFocalLength": 64,
        "XMP-drone-dji:CalibratedOpticalCenterX": 32,
        "XMP-drone-dji:CalibratedOpticalCenterY": 24,
        "XMP-drone-dji:DewarpFlag": 1,
        "XMP-drone-dji:RtkFlag": 0,
        "XMP-dc:Description": SYNTHETIC,
    }
    for name, value in expected.items():
        assert (tags[name] if isinstance(value, str) else float(tags[name])) == value, name
    assert tags["GPS:GPSLatitude"] == pytest.approx(30.8212345678, abs=1e-9)
    assert tags["GPS:GPSLongitude"] == pytest.approx(121.0812345678, abs=1e-9)
    assert float(tags["XMP-drone-dji:GPSLatitude"]) == pytest.approx(30.8212345678, abs=1e-8)
    assert float(tags["XMP-drone-dji:GPSLongitude"]) == pytest.approx(121.0812345678, abs=1e-8)
    assert tags["XMP-iptcExt:DigitalSourceType"].endswith("/algorithmicMedia")
    report = exiftool(tmp_path / "a.jpg", "-validate", "-warning")
    assert report["ExifTool:Validate"] == "0 1 0"  # errors, warnings, minor ones; Pillow cannot write the tag below
    assert "ComponentsConfiguration" in report["ExifTool:Warning"]


def test_equal_photos_are_equal_bytes_and_decode(tmp_path):
    write_photo(tmp_path / "a.jpg", IMAGE, sensed(), CAMERA)
    write_photo(tmp_path / "b.jpg", IMAGE, sensed(), CAMERA)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.convert("RGB").size == (64, 48)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "b.jpg"]


def test_a_photo_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    with pytest.raises(StorageError, match=r"a\.jpg"):
        write_photo(tmp_path / "a.jpg", IMAGE, sensed(), CAMERA)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        write_photo(tmp_path / "file" / "b.jpg", IMAGE, sensed(), CAMERA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "file"]


def small_scene() -> Scene:
    flat = Sketch()
    flat.add(box(Place(0, 0), 400, 400), (60, 110, 80), 150)
    flat.add(box(Place(0, 0), 3, 3), (255, 255, 255), 0)
    empty = Sketch().faces()
    return Scene(1, LocalFrame(121.08, 30.82), flat.faces(), empty, empty, ())


def truth(rows: list[dict]) -> pd.DataFrame:
    still = dict.fromkeys(SIMULATED_TRUTH.columns, 0.0) | {
        "time_utc": pd.Timestamp("2026-05-18T01:30:00Z"),
        "true_lon_deg": 121.08,
        "true_lat_deg": 30.82,
        "true_height_m": 30.0,
        "sensed_lon_deg": 121.5,
        "sensed_lat_deg": 30.5,
        "sensed_gimbal_pitch_deg": -90.0,
    }
    return pd.DataFrame([still | row for row in rows])


def white_centre(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        rows, columns = np.nonzero(np.asarray(image.convert("L")) > 200)
    return np.array([columns.mean(), rows.mean()])


def test_a_photo_shows_the_true_pose_and_says_the_sensed_one(tmp_path):
    rows = [{"photo": "still.jpg"}, {"photo": "pitched.jpg", "true_tilt_pitch_deg": 5.0},
            {"photo": "rolled.jpg", "true_tilt_roll_deg": 5.0}]  # fmt: skip
    assert len(list(render_photos(small_scene(), truth(rows), CAMERA, tmp_path, 1))) == 3
    still, pitched, rolled = (white_centre(tmp_path / row["photo"]) for row in rows)
    shift = CAMERA.focal_px * np.tan(np.radians(5.0))
    assert still == pytest.approx([31.5, 23.5], abs=0.4)
    assert pitched - still == pytest.approx([0.0, shift], abs=0.4)  # nose up: what was below moves towards the tail
    assert np.abs(rolled - still) == pytest.approx([shift, 0.0], abs=0.4)
    with Image.open(tmp_path / "still.jpg") as image:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert float(gps[ExifTags.GPS.GPSLongitude][0]) == 121
    assert float(gps[ExifTags.GPS.GPSLongitude][1]) == 30


def test_photos_do_not_depend_on_how_many_processes_make_them(tmp_path):
    rows = truth([{"photo": f"p{i}.jpg", "true_turn_deg": 10.0 * i} for i in range(4)])
    hashes = []
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        paths = list(render_photos(small_scene(), rows, CAMERA, out, jobs))
        assert {path.name for path in paths} == {f"p{i}.jpg" for i in range(4)}
        hashes.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0].values())) == 4


def test_a_photo_name_cannot_leave_the_folder(tmp_path):
    with pytest.raises(InputError, match="file name"):
        list(render_photos(small_scene(), truth([{"photo": "../a.jpg"}]), CAMERA, tmp_path / "out", 1))
    assert not (tmp_path / "a.jpg").exists()
