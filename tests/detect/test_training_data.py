"""What the shipped detector learns from: split by recording, and crops whose boxes hold what they held before."""

import importlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def training():
    """Return a function that imports one of the training's modules; they are no part of the package."""
    sys.path.insert(0, str(REPOSITORY))
    yield lambda name: importlib.import_module(f"training.{name}")
    sys.path.remove(str(REPOSITORY))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DJI_0005-0018_jpg.rf.e9b1.jpg", "DJI_0005"),
        ("DJI_0265_JPG.rf.1c.jpg", "DJI"),
        ("MOS91_png.rf.ee.jpg", "MOS"),
        ("MunichStreet02-MOS91_png.rf.26.jpg", "MunichStreet02"),
        ("frame_20190905143505_x_0000223.jpg", "frame_20190905143505"),
        ("frame_20190905112522_xx_0000309.jpg", "frame_20190905112522"),
    ],
)
def test_the_recording_is_the_name_before_the_frame_number(training, name, expected):
    assert training("data").recording(name) == expected


def test_no_recording_and_no_copy_of_a_frame_is_on_both_sides(training, testdata):
    data = training("data")
    images = [*data.aerial_cars(testdata("detection/aerial_cars")), *data.au_air(testdata("detection/auair"))]
    learned, held_back = data.split(images)
    assert len(learned) + len(held_back) == len(images) == 272
    assert not {one.recording for one in learned} & {one.recording for one in held_back}
    assert not {one.path.name.split(".")[0] for one in learned} & {one.path.name.split(".")[0] for one in held_back}
    assert {one.nadir for one in held_back} == {True, False}


def test_boxes_of_crops_hold_what_they_held(training, tmp_path):
    """Bright bars on dark ground, turned and scaled at random, stay inside their boxes and fill them."""
    image = np.full((300, 400, 3), 20, dtype=np.uint8)
    xyxy = np.array([[50, 60, 110, 85], [250, 150, 275, 215], [180, 40, 240, 64]], dtype=np.float32)
    for left, top, right, bottom in xyxy.astype(int):
        image[top:bottom, left:right] = 230
    path = tmp_path / "bars.png"
    cv2.imwrite(str(path), image)
    bars = training("data").Labelled(path, "bars", True, xyxy, np.zeros(3, dtype=np.intp))
    crops = training("augment").Crops([bars], 256, 4)
    crops._light = lambda pixels: pixels
    seen = 0
    for _ in range(60):
        pixels, boxes, _ = crops._crop(256, (20.0, 90.0))
        bright = pixels[:, :, 0] > 150
        grown = np.zeros_like(bright)
        for left, top, right, bottom in boxes:
            inside = bright[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            assert len(rows) >= 0.75 * (bottom - top) - 3
            assert len(columns) >= 0.75 * (right - left) - 3
            grown[max(int(top) - 2, 0) : int(bottom) + 3, max(int(left) - 2, 0) : int(right) + 3] = True
            seen += 1
        assert np.count_nonzero(bright & ~grown) <= 60  # the rim of what was painted out
    assert seen > 60


def test_what_is_unclear_is_painted_out(training, tmp_path):
    image = np.full((200, 200, 3), 20, dtype=np.uint8)
    xyxy = np.array([[10, 10, 80, 80], [90, 90, 110, 110]], dtype=np.float32)
    kind = np.array([training("data").UNCLEAR, 0], dtype=np.intp)
    region = training("data").Labelled(tmp_path / "none.png", "region", True, xyxy, kind)
    boxes, kinds = training("augment")._boxes(region, np.eye(2, 3), 200, image)
    assert kinds.tolist() == [0]
    assert boxes.round().tolist() == [[90, 90, 110, 110]]
    assert (image[12:78, 12:78] == training("augment").GREY).all()
    assert (image[92:108, 92:108] == 20).all()


def test_tilted_views_are_shown_as_background(training, tmp_path):
    path = tmp_path / "tilted.png"
    cv2.imwrite(str(path), np.full((270, 480, 3), 90, dtype=np.uint8))
    box = np.array([[100, 100, 180, 150]], dtype=np.float32)
    tilted = training("data").Labelled(path, "tilted", False, box, np.zeros(1, dtype=np.intp))
    _, boxes, _ = training("augment").Crops([tilted], 128, 3).batch(20)
    assert [len(one) for one in boxes] == [0] * 20


def test_the_boxes_drawn_anew_lie_in_their_images(training, testdata):
    images = list(training("data").au_air(testdata("detection/auair")))
    edges = np.concatenate([one.xyxy for one in images])
    assert sum(np.count_nonzero(one.kind != training("data").UNCLEAR) for one in images) > 300
    assert (edges[:, :2] >= 0).all()
    assert (edges[:, 2:] <= (1920, 1080)).all()
    assert (edges[:, :2] < edges[:, 2:]).all()
