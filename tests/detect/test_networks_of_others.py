"""What files of networks leave open: batches, pixels, classes, tasks; taken rightly or refused by name."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.tiled import TiledDetector
from dronepatrol.errors import DronePatrolError, InputError

NAMES = "{0: 'car', 1: 'truck'}"
CELLS = 64 + 16 + 4  # grids of a 64 px input with strides 8, 16, 32
BOX = (20.0, 30.0, 44.0, 46.0)  # edges in the input
CENTRED = (32.0, 38.0, 24.0, 16.0)
ONE_TILE_M = 0.05
BLACK = np.zeros((64, 64, 3), dtype=np.uint8)
UNIT = "rgb = true\nmean = [0, 0, 0]\nstd = [255, 255, 255]\n"


def yolov8(score=0.9, classes=2):
    output = np.zeros((1, 4 + classes, CELLS), dtype=np.float32)
    output[0, :4, 30], output[0, 4, 30] = CENTRED, score
    return output


def rows(*row, count=1):
    return np.tile(np.array(row, dtype=np.float32), (count, 1))


def sets(count=1, label=0, score=0.9):
    return {
        "labels": np.full(count, label, dtype=np.float32),
        "scores": np.full(count, score, dtype=np.float32),
        "boxes": rows(*BOX, count=count),
    }


def check(path):
    return CliRunner().invoke(app, ["models", "check", str(path)])


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("form", [sets, lambda count: {"output": rows(0, *BOX, 0, 0.9, count=count)}])
def test_any_number_of_finds_without_a_batch(network, form, count):
    found = load_detector(str(network(form(count), names=NAMES)))(BLACK, ONE_TILE_M)
    assert len(found) == min(count, 1), "two at the same place are one thing"
    assert np.all(np.abs(found.xyxy - (np.array(BOX) - 0.5)) < 1e-3)


@given(
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(["labels", "scores", "boxes"]), st.booleans(), min_size=3),
    st.sampled_from([None, (), (1,), (1, 1)]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_each_output_may_have_a_batch_or_none(network, count, batched, count_shape):
    outputs = {name: values[None] if batched[name] else values for name, values in sets(count).items()}
    real = count
    if count_shape is not None:
        real = min(count, 1)
        outputs["num_dets"] = np.full(count_shape, real, dtype=np.float32)
    found = load_detector(str(network(outputs, names=NAMES)))(BLACK, ONE_TILE_M)
    assert found.kind.tolist() == ["car"] * min(real, 1)


def test_a_find_that_depends_on_the_image(graph):
    """The number of rows is 0 for a dark image and 1 for a bright one."""
    nodes = [
        ("ReduceMean", ["images"], "mean", {"keepdims": 0}),
        ("Greater", ["mean", "half"], "bright", {}),
        ("Reshape", ["bright", "one"], "rows", {}),
        ("Compress", ["values", "rows"], "output", {"axis": 0}),
    ]
    constants = {"half": np.array(0.5, np.float32), "one": np.array([1]), "values": rows(0, *BOX, 0, 0.9)}
    detector = load_detector(str(graph(nodes, constants, {"output": ("n", 7)}, names=NAMES)))
    assert len(detector(BLACK, ONE_TILE_M)) == 0
    assert detector(BLACK + 255, ONE_TILE_M).kind.tolist() == ["car"]


BRIGHTNESS = [
    ("ReduceMean", ["images"], "mean", {"axes": [1, 2, 3], "keepdims": 1}),
    ("Reshape", ["mean", "each"], "means", {}),
    ("Mul", ["values", "means"], "output", {}),
]
"""A network whose score is the brightness of the image, each of a batch for itself."""


def one_bright_tile():
    image = np.zeros((64, 512, 3), dtype=np.uint8)
    image[:, 192:256] = 255
    return image


def test_tiles_that_go_in_together_come_out_apart(graph):
    constants = {"each": np.array([-1, 1, 1]), "values": yolov8()}
    together = TiledDetector(graph(BRIGHTNESS, constants, {"output": None}, batch="b", names=NAMES))
    assert together.batch > 1
    found = together(one_bright_tile(), ONE_TILE_M)
    alone = TiledDetector(graph(BRIGHTNESS, constants, {"output": None}, names=NAMES))
    assert alone.batch == 1
    expected = alone(one_bright_tile(), ONE_TILE_M)
    assert len(found) > 0
    assert found.xyxy == pytest.approx(expected.xyxy, abs=1e-3)
    assert found.score == pytest.approx(expected.score, abs=1e-5)


FIXED = {
    "answer": ([("Identity", ["values"], "output", {})], {}),
    "inside": (
        [
            ("Reshape", ["images", "four"], "image", {}),
            ("ReduceMean", ["image"], "mean", {"keepdims": 0}),
            ("Mul", ["values", "mean"], "output", {}),
        ],
        {"four": np.array([1, 3, 64, 64])},
    ),
}


@pytest.mark.parametrize("where", FIXED)
def test_an_open_batch_that_is_fixed_further_in_goes_tile_by_tile(graph, where):
    nodes, constants = FIXED[where]
    path = graph(nodes, constants | {"values": yolov8()}, {"output": None}, batch="b", names=NAMES)
    detector = TiledDetector(path)
    assert detector.batch == 1
    assert len(detector(np.full((64, 512, 3), 255, dtype=np.uint8), ONE_TILE_M)) > 0
    assert "one tile at a time" in check(path).stdout


@pytest.mark.parametrize("kind", [1, 6, 7, 10])  # float, int32, int64, float16
def test_the_size_of_the_input_is_fed_in_the_type_that_is_asked_for(graph, kind):
    nodes = [
        ("Cast", ["orig_target_sizes"], "sizes", {"to": 1}),
        ("ReduceMax", ["sizes"], "side", {"keepdims": 0}),
        ("Mul", ["values", "side"], "output", {}),
    ]
    path = graph(nodes, {"values": yolov8() / 64}, {"output": None}, sizes=kind, names=NAMES)
    assert load_detector(str(path))(BLACK, ONE_TILE_M).score == pytest.approx([0.9], abs=1e-3)


def detr(boxes, logits):
    values = np.full((1, 300, 2), -9.0, dtype=np.float32)
    values[0, 0, 0] = math.log(0.9 / 0.1)
    shares = np.zeros((1, 300, 4), dtype=np.float32)
    shares[0, 0] = np.array(CENTRED) / 64
    return {boxes: shares, logits: values}


def mmdeploy():
    """RTMDet's outputs as MMDeploy names them; unused rows have the label -1."""
    finds, labels = np.zeros((1, 100, 5), dtype=np.float32), np.full((1, 100), -1, dtype=np.float32)
    finds[0, 0], labels[0, 0] = [*BOX, 0.9], 0
    return {"dets": finds, "labels": labels}


@pytest.mark.parametrize("outputs", [detr("pred_boxes", "logits"), detr("boxes", "logits"), mmdeploy()])
def test_pixels_that_no_file_tells_are_asked_for(network, outputs):
    path = network(outputs, names=NAMES)
    with pytest.raises(InputError, match=r"take different pixels; rgb, mean, std not told") as error:
        load_detector(str(path))
    assert "tiny.toml" in error.value.hint
    path.with_suffix(".toml").write_text("rgb = true\nmean = [0, 0, 0]")
    with pytest.raises(InputError, match=r"; std not told"):
        load_detector(str(path))
    path.with_suffix(".toml").write_text(UNIT)
    found = load_detector(str(path))(BLACK, ONE_TILE_M)
    assert found.kind.tolist() == ["car"]
    assert found.xyxy[0] == pytest.approx(np.array(BOX) - 0.5, abs=1e-3)
    assert found.score == pytest.approx([0.9], abs=1e-4)


def test_check_prints_the_pixels_that_the_network_takes(network):
    path = network(detr("dets", "labels"), names=NAMES)
    assert (
        "pixels: RGB, mean 123.675 116.28 103.53, std 58.395 57.12 57.375 (of 0 to 255), stretch" in check(path).stdout
    )
    path.with_suffix(".toml").write_text(UNIT.replace("true", "false") + 'fit = "corner"')
    done = CliRunner().invoke(app, ["models", "check", str(path), "--json"])
    assert json.loads(done.stdout)["intake"] == {
        "is_rgb": False,
        "mean": [0, 0, 0],
        "std": [255, 255, 255],
        "fit": "corner",
    }


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("obb", "a network for rotated boxes"),
        ("segment", "a segmentation network"),
        ("pose", "a network for poses"),
        ("classify", "a classification network"),
        ("depth", "a network for the task 'depth'"),
    ],
)
def test_networks_for_other_tasks_are_refused_by_name(network, task, what):
    path = network({"output0": np.zeros((1, 300, 7), dtype=np.float32)}, names="['car', 'truck', 'bus']", task=task)
    with pytest.raises(InputError, match=f"tiny.onnx: is {what}; expected a detection network"):
        load_detector(str(path))
    assert load_detector(str(network({"output": yolov8()}, names=NAMES, task="detect"))).name == "tiny"


@pytest.mark.parametrize("metadata", [{"names": NAMES}, {}])
def test_masks_are_told_from_classes(network, metadata):
    outputs = {"output1": np.zeros((1, 32, 16, 16), dtype=np.float32), "output0": yolov8(classes=2 + 32)}
    with pytest.raises(InputError, match="is a segmentation network"):
        load_detector(str(network(outputs, **metadata)))


def test_an_angle_is_told_from_a_class(network):
    with pytest.raises(InputError, match="3 classes, but 2 names") as error:
        load_detector(str(network({"output": yolov8(classes=3)}, names=NAMES)))
    assert "rotated boxes" in error.value.hint


def rotated():
    finds = np.zeros((1, 300, 7), dtype=np.float32)
    finds[0, 0] = [30, 30, 20, 10, 0.9, 0, 0.5]
    return {"output0": finds}


@pytest.mark.parametrize(
    ("outputs", "names", "match"),
    [
        ({"output": yolov8(score=5.0)}, NAMES, r"\(yolov8\) put out scores from 0 to 5; expected 0 to 1"),
        ({"output": yolov8(score=-3.0)}, NAMES, r"put out scores from -3 to 0"),
        (rotated(), "['car', 'truck', 'bus']", r"\(rtdetr\) put out boxes up to 30 times its input's side"),
        (sets(label=9), NAMES, r"\(sets\) put out class number 9; expected whole numbers from 0 to 1"),
        (sets(label=0.5), NAMES, r"put out class number 0\.5"),
        (sets(2) | {"num_dets": np.array([[-1.0]])}, NAMES, r"put out -1 as the number of its finds; expected 0 to 2"),
        (sets(2) | {"num_dets": np.array([[3.0]])}, NAMES, r"put out 3 as the number of its finds"),
        ({"out_1": yolov8(score=np.nan)}, NAMES, r"tiny put out values that are no numbers in its output out_1"),
    ],
)
def test_values_that_the_form_does_not_have_are_refused_by_name(network, outputs, names, match):
    path = network(outputs, names=names)
    with pytest.raises(DronePatrolError, match=match):
        load_detector(str(path))(BLACK, ONE_TILE_M)
    done = check(path)
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_scores_may_be_rounded(network):
    found = load_detector(str(network({"output": yolov8(score=1.0005)}, names=NAMES)))(BLACK, ONE_TILE_M)
    assert found.score.tolist() == [1.0]


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ("{0: 'car', 7: 'truck'}", "names in the file are numbered 0, 7; expected 0 to 1"),
        ("{0: 'car'", "names in the file cannot be read: {0: 'car'"),
        ("3", "names in the file are 3; expected a list"),
    ],
)
def test_names_that_cannot_be_used_are_named(network, names, match):
    finds = np.zeros((1, 5, 6), dtype=np.float32)
    path = network({"output0": finds}, names=names)
    with pytest.raises(InputError, match=f"tiny.onnx: {match}") as error:
        load_detector(str(path))
    assert "tiny.toml" in error.value.hint
    path.with_suffix(".toml").write_text('names = ["car", "truck", "bus"]')
    assert load_detector(str(path)).name == "tiny"


def test_check_says_who_named_the_classes(network):
    finds = {"output0": np.zeros((1, 5, 6), dtype=np.float32)}
    assert "classes named by nothing: taken for the 80 of COCO" in check(network(finds)).stdout
    path = network(finds, names="['car', 'truck', 'bus']")
    assert "classes named by the network's file" in check(path).stdout
    path.with_suffix(".toml").write_text('names = ["car", "van", "bus"]')
    assert "classes named by the TOML file beside the network" in check(path).stdout


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[kinds]\ntruk = "truck"', r"tiny\.toml: \[kinds\] has 'truk', which is no class of the network"),
        ("mean = [0.485, 0.456, 0.406]", r"tiny\.toml: mean is .* for values from 0 to 1; expected it for 0 to 255"),
        ("std = [0.229, 0.224, 0.225]", r"tiny\.toml: std is .* for values from 0 to 1"),
    ],
)
def test_a_sidecar_that_does_not_fit_is_named_by_its_key(network, text, match):
    path = network({"output": yolov8()}, names=NAMES)
    path.with_suffix(".toml").write_text(text)
    with pytest.raises(InputError, match=match):
        load_detector(str(path))


def test_a_network_that_sees_nothing_of_what_is_looked_for_is_refused(network):
    path = network({"output": yolov8()}, names="['zebra', 'giraffe']")
    with pytest.raises(InputError, match=r"none of its classes is looked for here: zebra, giraffe"):
        load_detector(str(path))
    path.with_suffix(".toml").write_text('[kinds]\nzebra = "stray_animal"')
    assert load_detector(str(path))(BLACK, ONE_TILE_M).kind.tolist() == ["stray_animal"]


@pytest.mark.parametrize("name", ["tiny.onnx.data", "../" + "far" * 50 + ".bin", "/etc/passwd"])
def test_weights_in_a_second_file_are_refused_by_its_name(graph, tmp_path, name):
    identity = [("Identity", ["values"], "output", {})]
    path = graph(identity, {"values": yolov8()}, {"output": None}, weights_file=name, names=NAMES)
    (tmp_path / "tiny.onnx.data").write_bytes(yolov8().tobytes())
    with pytest.raises(InputError, match=f"weights in a file of their own, '{re.escape(name)}'; expected one") as error:
        load_detector(str(path))
    assert 'onnx.load("tiny.onnx")' in error.value.hint
