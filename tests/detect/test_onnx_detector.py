import json
import math

import cv2
import numpy as np
import pytest

from dronepatrol.detect.detector import load_detector
from dronepatrol.errors import DronePatrolError, InputError

CELLS = 64 + 16 + 4  # grids of a 64 px input with strides 8, 16, 32
NAMES = "{0: 'car', 1: 'person', 2: 'cell phone'}"
ONE_TILE_M = 0.05
"""A ground sample distance at which a picture of 64 px is one tile."""
BOX = (20.0, 30.0, 44.0, 46.0)  # left, top, right, bottom from the edge of the input


def _centre_and_size():
    left, top, right, bottom = BOX
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def yolox(score=0.9, number=0):
    output = np.zeros((1, CELLS, 5 + 3), dtype=np.float32)
    x, y, width, height = _centre_and_size()
    cell = 64 + 1 * 4 + 2  # stride 16, row 1, column 2
    output[0, cell, :5] = (x / 16 - 2, y / 16 - 1, math.log(width / 16), math.log(height / 16), score)
    output[0, cell, 5 + number] = 1.0
    return output


def yolov5(score=0.9, number=0):
    output = np.zeros((1, 3 * CELLS, 5 + 3), dtype=np.float32)
    output[0, 100, :5] = (*_centre_and_size(), score)
    output[0, 100, 5 + number] = 1.0
    return output


def yolov8(score=0.9, number=0):
    output = np.zeros((1, 4 + 3, CELLS), dtype=np.float32)
    output[0, :4, 30] = _centre_and_size()
    output[0, 4 + number, 30] = score
    return output


FORMS = [yolox, yolov5, yolov8]


def _only(row):
    """Return a set of 300 finds of which the first is real."""
    values = np.zeros((1, 300, len(row)), dtype=np.float32)
    values[0, 0] = row
    return values


def _shares():
    return [value / 64 for value in _centre_and_size()]


def rtdetr():
    return {"output0": _only([*_shares(), 0.9, 0.1, 0.2])}


def detr():
    """RF-DETR's names; a logit of 2.197 is a score of 0.9."""
    logits = np.full((1, 300, 3), -9.0, dtype=np.float32)
    logits[0, 0, 0] = math.log(0.9 / 0.1)
    return {"labels": logits, "dets": _only(_shares())}


def end2end():
    return {"output0": _only([*BOX, 0.9, 0])}


def end2end7():
    values = np.zeros((2, 7), dtype=np.float32)
    values[0] = [0, *BOX, 0, 0.9]
    return {"output": values}


def efficient_nms():
    """The outputs of TensorRT's plugin, of which ``num_dets`` says how many are real."""
    many = np.full((1, 100), 0.99, dtype=np.float32)
    many[0, 0] = 0.9
    return {
        "det_classes": np.zeros((1, 100), dtype=np.float32),
        "num_dets": np.ones((1, 1), dtype=np.float32),
        "det_scores": many,
        "det_boxes": np.tile(np.array(BOX, dtype=np.float32), (1, 100, 1)),
    }


def torchvision():
    return {
        "labels": np.zeros(2, dtype=np.float32),
        "scores": np.array([0.9, 0.1], dtype=np.float32),
        "boxes": np.array([BOX, BOX], dtype=np.float32),
    }


@pytest.mark.parametrize("outputs", [rtdetr, detr, end2end, end2end7, efficient_nms, torchvision])
def test_sets_of_finds_give_the_same_box(network, outputs):
    detector = load_detector(str(network(outputs(), names=NAMES)))
    found = detector(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M)
    assert found.kind.tolist() == ["car"]
    assert found.score == pytest.approx([0.9], abs=1e-4)
    assert found.xyxy[0] == pytest.approx(np.array(BOX) - 0.5, abs=1e-3)


@pytest.mark.parametrize("outputs", [rtdetr, detr])
def test_what_is_stretched_comes_back_stretched(network, outputs):
    found = load_detector(str(network(outputs(), names=NAMES)))(np.zeros((64, 128, 3), dtype=np.uint8), ONE_TILE_M)
    left, top, right, bottom = BOX
    assert found.xyxy == pytest.approx(np.array([[2 * left, top, 2 * right, bottom]]) - 0.5, abs=1e-3)


def test_two_classes_in_six_columns_need_the_form_said(network):
    path = network(end2end(), names="['car', 'bus']")
    with pytest.raises(InputError, match=r"may be end2end or rtdetr; write form = … in tiny\.toml"):
        load_detector(str(path))
    path.with_suffix(".toml").write_text('form = "end2end"')
    assert load_detector(str(path))(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M).kind == ["car"]


def test_classes_are_mapped_by_the_sidecar(network):
    path = network({"output": yolov8()}, names=NAMES)
    path.with_suffix(".toml").write_text('[kinds]\ncar = "van"\n"cell phone" = "clutter"\nperson = ""')
    detector = load_detector(str(path))
    assert detector.kind_of_class == {"car": "van", "person": "", "cell phone": "clutter"}
    assert detector(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M).kind == ["van"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("threshold = 7", "threshold is '7'"),
        ("thresold = 0.2", "thresold is"),
        ('form = "yolo"', "form is 'yolo'; expected one of"),
        ('fit = "crop"', "fit is"),
        ("input_px = 1_000_000", "input_px is"),
        ("std = [1, 0, 1]", "std.1 is"),
        ("kinds = 3", "kinds is"),
    ],
)
def test_a_bad_sidecar_is_named_by_its_key(network, text, match):
    path = network({"output": yolov8()}, names=NAMES)
    path.with_suffix(".toml").write_text(text)
    with pytest.raises(InputError, match=f"tiny.toml: {match}"):
        load_detector(str(path))


def test_kinds_of_vehicle_exclude_one_another(network):
    """A find as a car and a lesser one as a van at the same place are one vehicle."""
    output = yolov8()
    output[0, :4, 31], output[0, 5, 31] = output[0, :4, 30] + 1, 0.5
    found = load_detector(str(network({"output": output}, names="['car', 'van', 'person']")))(
        np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M
    )
    assert found.kind.tolist() == ["car"]


def test_finds_below_the_threshold_are_there_for_measuring_alone(network):
    path = network({"output": yolov8(score=0.2)}, names=NAMES)
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    assert len(load_detector(str(path))(image, ONE_TILE_M)) == 0
    assert len(load_detector(str(path), least_score=0.01)(image, ONE_TILE_M)) == 1
    path.with_suffix(".toml").write_text("threshold = 0.15")
    assert len(load_detector(str(path))(image, ONE_TILE_M)) == 1


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_box(network, form):
    detector = load_detector(str(network({"output": form()}, names=NAMES)))
    found = detector(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M)
    assert found.kind.tolist() == ["car"]
    assert found.score == pytest.approx([0.9])
    assert found.xyxy[0] == pytest.approx(np.array(BOX) - 0.5, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_letterbox_is_undone(network, form):
    """A picture of 128 by 64 is halved; YOLOX puts it at the top, the others in the middle of the input."""
    detector = load_detector(str(network({"output": form()}, names=NAMES)))
    found = detector(np.zeros((64, 128, 3), dtype=np.uint8), gsd_m=0.05)
    top = 0.0 if form is yolox else 16.0
    expected = [40, 2 * (30 - top), 88, min(2 * (46 - top), 64)]  # never beyond the picture
    assert found.xyxy == pytest.approx(np.array([expected]) - 0.5, abs=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_contract(network, detector_contract, form):
    detector_contract(load_detector(str(network({"output": form()}, names=NAMES))))


def test_real_network_keeps_the_contract(testdata, detector_contract):
    detector_contract(load_detector(str(testdata("detection/models/yolox_nano.onnx"))))


def test_output_is_found_by_shape_not_by_order(network):
    outputs = {"a_mask": np.zeros((1, 32, 16, 16), dtype=np.float32), "finds": yolov8()}
    assert load_detector(str(network(outputs, names=NAMES)))(
        np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M
    ).kind == ["car"]


def test_what_is_not_looked_for_is_left_out(network):
    detector = load_detector(str(network({"output": yolov8(number=2)}, names=NAMES)))
    assert len(detector(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M)) == 0


def test_names_beside_the_weights_count_first(network):
    path = network({"output": yolov8()}, names=NAMES)
    path.with_suffix(".toml").write_text('names = ["Pedestrian", "b", "c"]')
    assert load_detector(str(path))(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M).kind == ["person"]


@pytest.mark.parametrize(
    ("sidecar", "metadata"),
    [
        (None, {}),
        (None, {"names": "{0: 'car'}"}),
        (None, {"names": "__import__('os').system('true')"}),
        ('names = ["car"]', {}),
        ("names = 3", {}),
        ("no toml", {}),
        ("other = 1", {}),
        ('names = ["car", 2, "b"]', {}),
    ],
)
def test_classes_without_names_are_refused(network, sidecar, metadata):
    path = network({"output": yolov8()}, **metadata)
    if sidecar is not None:
        path.with_suffix(".toml").write_text(sidecar)
    with pytest.raises(InputError, match="names"):
        load_detector(str(path))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_named(network, bad):
    output = yolov8()
    output[0, 4, 5] = bad
    detector = load_detector(str(network({"output": output}, names=NAMES)))
    with pytest.raises(DronePatrolError, match="tiny put out values that are no numbers"):
        detector(np.zeros((64, 64, 3), dtype=np.uint8), ONE_TILE_M)


def test_unknown_output_form_is_named_with_its_shape(network):
    path = network({"boxes": np.zeros((1, 300, 3), dtype=np.float32)}, names=NAMES)
    with pytest.raises(InputError, match=r"tiny.onnx: outputs of no known form: boxes \(1, 300, 3\)"):
        load_detector(str(path))


@pytest.mark.parametrize(
    "content", [b"", b"not a network", b"\x08\x08" * 1000, b"\xff" * 4096, b"PK\x03\x04" * 9, b"\x80\x02}q", b"<xml/>"]
)
def test_what_is_no_network_is_refused(tmp_path, content):
    path = tmp_path / "weights.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.onnx"):
        load_detector(str(path))


def test_an_opset_of_the_future_is_refused(network):
    path = network({"output": yolov8()}, names=NAMES)
    path.write_bytes(path.read_bytes().replace(b"\x42\x02\x10\x0d", b"\x42\x02\x10\x7f"))
    with pytest.raises(InputError, match=r"tiny\.onnx: is no ONNX network that runs here: .*[Oo]pset 127"):
        load_detector(str(path))


def test_cut_off_network_is_refused(network):
    path = network({"output": yolov8()}, names=NAMES)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"tiny\.onnx"):
        load_detector(str(path))


def test_wrong_input_is_refused(network):
    path = network({"output": yolov8()}, input_wh=(63, 64), names=NAMES)
    with pytest.raises(InputError, match=r"expected an input \(1, 3, height, width\) of even sides"):
        load_detector(str(path))


@pytest.mark.parametrize("name", ["no/such/file.onnx", "", ".", "yolo"])
def test_unknown_name_says_what_is_known(name):
    with pytest.raises(InputError, match="scene"):
        load_detector(name)


def test_real_network_puts_its_box_on_the_real_car(testdata):
    """On a cut of 416 px around the car, which shows it as large as the network saw cars when it learned."""
    frames = json.loads(testdata("detection/auair/annotations.json").read_text())["annotations"]
    frame = next(frame for frame in frames if [box["class"] for box in frame["bbox"]].count(1) == 1)
    image = cv2.imread(str(testdata(f"detection/auair/images/{frame['image_name']}")))
    label = next(box for box in frame["bbox"] if box["class"] == 1)
    truth = np.array([label["left"], label["top"], label["left"] + label["width"], label["top"] + label["height"]])
    corner = np.maximum((truth[:2] + truth[2:]) // 2 - 208, 0)
    cut = image[corner[1] : corner[1] + 416, corner[0] : corner[0] + 416]
    found = load_detector(str(testdata("detection/models/yolox_nano.onnx")))(cut, None)
    cars = found[found.kind == "car"]
    assert len(cars) > 0
    seen = cars.xyxy + np.tile(corner, 2)
    inside = np.minimum(seen[:, 2:], truth[2:]) - np.maximum(seen[:, :2], truth[:2])
    assert np.all(inside > 0), "every car that is found overlaps the one that is there"
