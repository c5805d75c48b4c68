"""From labelled images to figures, a picture of the worst, and an exit code, as a user asks for them."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.detect.evaluate import Seen, worst_misses
from dronepatrol.detect.truth.labelled import Box, labelled
from dronepatrol.errors import InputError
from dronepatrol.model.detection import Detections

CELLS = 84
CAR, VAN = (8.0, 8.0, 24.0, 20.0), (30.0, 30.0, 50.0, 44.0)  # edges from the corner; the images have 64 px


@pytest.fixture
def asked(network, tmp_path):
    """Return a function that evaluates a network whose finds in every image are given: box, score, class."""

    def evaluate(finds, labels, *more):
        output = np.zeros((1, 4 + 2, CELLS), dtype=np.float32)
        for cell, ((left, top, right, bottom), score, number) in enumerate(finds):
            output[0, :4, cell] = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
            output[0, 4 + number, cell] = score
        path = network({"output": output}, names="['car', 'van']")
        images = tmp_path / "images"
        images.mkdir()
        Image.new("RGB", (64, 64), (90, 120, 60)).save(images / "one.png")
        (images / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
        truth = tmp_path / "truth.json"
        names = ["one.png", *more]
        truth.write_text(
            json.dumps(
                {
                    "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
                    "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "van"}],
                    "annotations": [
                        {"image_id": 0, "category_id": kind + 1, "bbox": [a, b, c - a, d - b], "iscrowd": 0}
                        for (a, b, c, d), kind in labels
                    ],
                }
            )
        )
        arguments = ["evaluate", "--images", images, "--truth", truth, "--model", path, "--gsd", "0.05", "--json"]
        picture = tmp_path / "worst.png"
        result = CliRunner().invoke(app, [*map(str, arguments), "--picture", str(picture)])
        return result.exit_code, json.loads(result.stdout), cv2.imread(str(picture))

    return evaluate


def test_all_found_is_all_ones(asked):
    code, result, picture = asked([(CAR, 0.9, 0), (VAN, 0.8, 1)], [(CAR, 0), (VAN, 1)])
    assert code == 0
    assert (result["images"], result["threshold"]) == (1, 0.3)
    for kind, labels in (("car", 1), ("van", 1), ("vehicle", 2)):
        figures = result["kinds"][kind]
        assert (figures["labels"], figures["ap50"], figures["precision"], figures["recall"]) == (labels, 1, 1, 1)
        assert figures["ap50_95"] > 0.9
    assert picture.shape == (280, 240, 3)


def test_a_vehicle_called_otherwise_is_a_vehicle_all_the_same(asked):
    _, result, _ = asked([(CAR, 0.9, 1)], [(CAR, 0)])
    assert result["kinds"]["car"]["recall"] == 0
    assert result["kinds"]["vehicle"]["recall"] == 1
    assert result["kinds"]["vehicle"]["by_size"]["small"] == {
        "labels": 1,
        "ap50": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "false": 0,
        "missed": 0,
    }
    assert result["kinds"]["vehicle"]["by_size"]["large"]["recall"] is None


def test_misses_and_false_finds_are_counted_and_drawn(asked):
    _, result, picture = asked([((40.0, 2.0, 60.0, 12.0), 0.9, 0)], [(CAR, 0), (VAN, 0)])
    car = result["kinds"]["car"]
    assert (car["false"], car["missed"], car["ap50"]) == (1, 2, 0)
    assert picture.shape == (280, 3 * 240, 3)


def test_finds_below_the_threshold_count_for_average_precision_alone(asked):
    _, result, _ = asked([(CAR, 0.2, 0)], [(CAR, 0)])
    assert result["kinds"]["car"]["ap50"] == 1
    assert result["kinds"]["car"]["recall"] == 0


def test_a_broken_image_is_named_and_the_rest_is_measured(asked):
    code, result, _ = asked([(CAR, 0.9, 0)], [(CAR, 0)], "broken.jpg")
    assert code == 3
    assert result["images"] == 1


def test_labels_of_nothing_but_broken_images_fail(tmp_path, network):
    (tmp_path / "broken.jpg").write_bytes(b"")
    truth = tmp_path / "truth.json"
    truth.write_text('{"images": [{"id": 1, "file_name": "broken.jpg"}], "annotations": [], "categories": []}')
    path = network({"output": np.zeros((1, 6, CELLS), dtype=np.float32)}, names="['car', 'van']")
    arguments = ["evaluate", "--images", tmp_path, "--truth", truth, "--model", path]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert "none of 1 labelled images could be used" in str(result.exception)


def test_the_worst_are_taken_from_all_finds_however_many(tmp_path):
    corner = np.stack(np.meshgrid(np.arange(15.0), np.arange(10.0)), axis=-1).reshape(-1, 2) * 40
    boxes = [Box(x, y, x + 20, y + 20, "car") for x, y in corner.tolist()]
    truth = labelled(tmp_path / "one.png", boxes, "made up")
    found = Detections(truth.xyxy + 5000.0, np.linspace(0.9, 0.4, 150), truth.kind)
    worst = worst_misses([Seen(truth, found)], 0.3, 1000)
    assert sum(one.score is None for one in worst) == sum(one.score is not None for one in worst) == 150


@pytest.fixture
def refused(network, tmp_path):
    """Return a function that asks for a picture at a path and gives what is said; nothing may be changed or run."""
    images = tmp_path / "images"
    images.mkdir()
    Image.new("RGB", (64, 64), (90, 120, 60)).save(images / "one.png")
    Image.new("RGB", (64, 64)).save(images / "not labelled.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "elsewhere.png")
    (images / "two.png").symlink_to(tmp_path / "elsewhere.png")
    rows = [{"id": 1, "file_name": "one.png"}, {"id": 2, "file_name": "two.png"}]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"images": rows, "categories": [], "annotations": []}))
    model = network({"output": np.zeros((1, 6, CELLS), dtype=np.float32)}, names="['car', 'van']")

    def ask(name, truth=truth):
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        arguments = ["evaluate", "--images", images, "--truth", truth, "--model", model, "--picture", tmp_path / name]
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        assert isinstance(result.exception, InputError)
        assert "evaluate:" not in result.stderr, "nothing was looked at"
        return str(result.exception)

    return ask


@pytest.mark.parametrize(
    "name", ["images/one.png", "images/../images/one.png", "images/not labelled.png", "elsewhere.png"]
)
def test_a_picture_never_takes_the_place_of_an_image(refused, name):
    assert "is a file of --images or --truth" in refused(name)


def test_a_picture_never_takes_the_place_of_the_truth(refused, tmp_path):
    truth = tmp_path / "truth.jpg"
    truth.write_bytes((tmp_path / "truth.json").read_bytes())
    assert "is a file of --images or --truth" in refused("truth.jpg", truth)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("worst.pdf", "ends with '.pdf'; expected .jpg, .jpeg, .png"),
        ("worst", "ends with ''"),
        ("nowhere/worst.jpg", "there is no folder"),
    ],
)
def test_a_picture_that_cannot_be_is_refused_before_the_run(refused, name, said):
    assert said in refused(name)


@pytest.fixture
def told(network, tmp_path):
    """Return a function that measures one find, a car or debris, beside labels of given names at the same place."""

    def measure(found, *names, sidecar="", more=("--gsd", "0.05", "--json")):
        output = np.zeros((1, 4 + 2, CELLS), dtype=np.float32)
        output[0, :4, 0] = 16.0, 14.0, 16.0, 12.0
        output[0, 4 + ["car", "debris"].index(found), 0] = 0.9
        model = network({"output": output}, names="['car', 'debris']")
        model.with_suffix(".toml").write_text(sidecar)
        (tmp_path / "images").mkdir()
        Image.new("RGB", (64, 64)).save(tmp_path / "images" / "one.png")
        rows = [{"image_id": 0, "category_id": n, "bbox": [8, 8, 16, 12]} for n, _ in enumerate(names)]
        kinds = [{"id": n, "name": name} for n, name in enumerate(names)]
        truth = tmp_path / "truth.json"
        table = {"images": [{"id": 0, "file_name": "one.png"}], "categories": kinds, "annotations": rows}
        truth.write_text(json.dumps(table))
        arguments = ["evaluate", "--images", tmp_path / "images", "--truth", truth, "--model", model, *more]
        return CliRunner().invoke(app, list(map(str, arguments)))

    return measure


def test_labels_are_called_as_the_sidecar_calls_the_classes(told):
    kinds = json.loads(told("debris", "Debris", sidecar='[kinds]\ndebris = "waste_heap"\n').stdout)["kinds"]
    assert list(kinds) == ["waste_heap"]
    assert kinds["waste_heap"]["recall"] == 1


def test_what_the_detector_cannot_find_is_no_failure_of_it(told):
    kinds = json.loads(told("car", "car", "tank", sidecar='[kinds]\ndebris = ""\n').stdout)["kinds"]
    assert kinds["car"]["recall"] == 1
    assert kinds["car"]["looked_for"] is True
    tank = kinds["tank"]
    assert (tank.pop("labels"), tank.pop("looked_for")) == (1, False)
    assert set(tank.values()) == {None}
    assert set(tank) | {"labels", "looked_for"} == set(kinds["car"])


def test_the_table_says_what_is_not_looked_for_and_the_sizes(told):
    lines = told("car", "car", "tank", more=("--gsd", "0.05")).stdout.splitlines()
    assert lines[3].split(maxsplit=2) == ["tank", "1", "not looked for by this detector"]
    assert lines[-1].split() == ["vehicle", "1", "1.000", "small", "1.000", "1.000", "0"]


def test_labels_of_nothing_make_every_find_false(told):
    result = told("car")
    said = json.loads(result.stdout)
    assert "no label in 1 images: no recall, and each of the 1 finds is false" in result.stderr
    assert said["kinds"]["car"]["false"] == said["kinds"]["vehicle"]["false"] == 1
    assert (said["kinds"]["car"]["precision"], said["kinds"]["car"]["recall"]) == (0, None)


@pytest.mark.parametrize(
    ("gsd", "said"), [("nan", "is no number"), ("inf", "expected 0.0001 to 100"), ("0", "expected 0.0001"), ("-1", "")]
)
def test_a_scale_that_cannot_be_is_refused(told, gsd, said):
    result = told("car", "car", more=("--gsd", gsd))
    assert isinstance(result.exception, InputError)
    assert f"--gsd {gsd}: {said}" in str(result.exception)


@pytest.mark.parametrize("model", ["materials", "scene", "vehicles, materials"])
def test_rules_that_need_a_scale_ask_for_it(told, model):
    result = told("car", "car", more=("--model", model))
    assert "can measure nothing without the scale of the images" in str(result.exception)
    assert "--gsd" in result.exception.hint
