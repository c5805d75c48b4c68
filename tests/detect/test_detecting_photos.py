import hashlib
import math

import cv2
import numpy as np
import pandas as pd
import pytest

from dronepatrol.detect import photos as photos_module
from dronepatrol.detect.photos import detect_photos, detections_table, gsd_m
from dronepatrol.errors import InputError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.detection import Detections
from dronepatrol.model.tables import DETECTIONS


def network_output():
    output = np.zeros((1, 5, 84), dtype=np.float32)
    output[0, :4, 30], output[0, 4, 30] = (32, 38, 24, 16), 0.9
    return output


@pytest.fixture
def model(network):
    return str(network({"output": network_output()}, names="['car']"))


@pytest.fixture
def shots(tmp_path):
    rows = []
    for number, (width, height) in enumerate([(64, 64), (96, 64), (64, 96)]):
        path = tmp_path / f"{number}.jpg"
        image = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
        path.write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
        rows.append(
            {
                "shot_id": f"s{number}",
                "photo": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "image_width_px": width,
                "image_height_px": height,
                "height_m": 80.0,
                "fx_px": 1000.0,
                "pitch_deg": -90.0,
            }
        )
    bare = rows[0] | {"shot_id": "event", "photo": ""}
    return pd.DataFrame([*rows, bare])


def test_every_photo_gives_its_finds_in_order(shots, model, tmp_path):
    found = list(detect_photos(shots, model, root=tmp_path))
    assert [shot_id for shot_id, _ in found] == ["s0", "s1", "s2"]
    assert all(isinstance(seen, Detections) and len(seen) for _, seen in found)


def test_workers_change_nothing(shots, model, tmp_path):
    one, two = (list(detect_photos(shots, model, root=tmp_path, jobs=jobs)) for jobs in (1, 2))
    pd.testing.assert_frame_equal(detections_table(one, model), detections_table(two, model))


def test_photos_that_are_not_those_of_ingest_are_named(shots, model, tmp_path):
    (tmp_path / "0.jpg").unlink()
    (tmp_path / "1.jpg").write_bytes((tmp_path / "2.jpg").read_bytes())
    shots.loc[2, "image_width_px"] = 65
    found = list(detect_photos(shots, model, root=tmp_path))
    assert all(isinstance(one, Skipped) for one in found)
    assert [one.item for one in found] == ["s0", "s1", "s2"]
    assert "No such file" in found[0].reason
    assert found[1].reason == "the photo is another than at ingest"
    assert found[2].reason == "the picture has 64 by 96 pixels, its shot says 65 by 96"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture", bytes(1000)])
def test_what_cannot_be_decoded_is_named(shots, model, tmp_path, content):
    (tmp_path / "0.jpg").write_bytes(content)
    shots["sha256"] = ""
    first, second, _ = detect_photos(shots, model, root=tmp_path)
    assert isinstance(first, Skipped)
    assert first.reason == "the picture cannot be decoded"
    assert second[0] == "s1"


def test_bombs_are_not_decoded(shots, model, tmp_path, monkeypatch):
    monkeypatch.setattr(photos_module, "decode", lambda _: pytest.fail("was decoded"))
    shots[["image_width_px", "image_height_px"]] = 20_000
    assert all("too many" in one.reason for one in detect_photos(shots, model, root=tmp_path))


def test_network_that_puts_out_no_numbers_skips_the_photo_by_name(shots, network, tmp_path):
    output = network_output()
    output[0, 0, 0] = np.nan
    model = str(network({"output": output}, names="['car']"))
    found = list(detect_photos(shots, model, root=tmp_path))
    assert all(isinstance(one, Skipped) and "no numbers" in one.reason for one in found)


def test_unknown_detector_is_refused_at_once(shots, tmp_path):
    with pytest.raises(InputError):
        detect_photos(shots, "nothing.onnx", root=tmp_path)


def test_exif_orientation_is_not_applied(tmp_path, model):
    image = np.zeros((64, 96, 3), dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    turned = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    (tmp_path / "t.jpg").write_bytes(jpeg[:2] + turned + jpeg[2:])
    assert cv2.imread(str(tmp_path / "t.jpg")).shape[:2] == (96, 64), "the tag is understood by those who follow it"
    row = {"shot_id": "t", "photo": "t.jpg", "sha256": "", "image_width_px": 96, "image_height_px": 64}
    shots = pd.DataFrame([row | {"height_m": math.nan, "fx_px": math.nan, "pitch_deg": math.nan}])
    ((shot_id, _),) = detect_photos(shots, model, root=tmp_path)
    assert shot_id == "t"


@pytest.mark.parametrize(
    ("height_m", "fx_px", "pitch_deg", "expected"),
    [
        (100.0, 2000.0, -90.0, 0.05),
        (100.0, 2000.0, -30.0, 0.1),
        (100.0, 2000.0, -10.0, None),
        (100.0, 2000.0, 90.0, None),
        (math.nan, 2000.0, -90.0, None),
        (100.0, math.nan, -90.0, None),
        (100.0, 2000.0, math.nan, None),
        (-5.0, 2000.0, -90.0, None),
    ],
)
def test_ground_sample_distance(height_m, fx_px, pitch_deg, expected):
    found = gsd_m(height_m, fx_px, pitch_deg)
    assert found is None if expected is None else found == pytest.approx(expected)


def test_table_is_exactly_detections(model):
    two = Detections(
        np.array([[5.0, 5, 9, 9], [1, 1, 4, 4], [2, 2, 3, 3]]), np.array([0.5, 0.9, 0.9]), np.array(list("abc"))
    )
    table = detections_table([("x/1.jpg", two), ("x/2.jpg", Detections.empty())], model)
    assert list(table.columns) == list(DETECTIONS.columns)
    assert table["detection_id"].tolist() == ["x/1.jpg#1", "x/1.jpg#2", "x/1.jpg#3"]
    assert table["kind"].tolist() == ["b", "c", "a"]
    assert set(table["detector"]) == {"tiny"}
    empty = detections_table([], model)
    assert {name: str(kind) for name, kind in empty.dtypes.items()} == {n: str(k) for n, k in table.dtypes.items()}
