"""Networks by name: listed, checked, added."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.models import models
from dronepatrol.errors import InputError, StorageError
from dronepatrol.patrol.models import add_model, check_model, list_models


@pytest.fixture(autouse=True)
def added(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    monkeypatch.setenv("DRONEPATROL_MODELS", str(folder))
    return folder


def _yolov8():
    output = np.zeros((1, 6, 84), dtype=np.float32)
    output[0, :, 3] = 30, 30, 20, 10, 0.9, 0.0
    return {"output": output}


def test_an_added_network_is_found_by_its_name(network, added):
    path = network(_yolov8(), name="mine.onnx")
    path.with_suffix(".toml").write_text('names = ["car", "kite"]\nlicence = "CC0-1.0"')
    one = add_model(path, "streets")
    assert (one.name, one.origin, one.licence) == ("streets", "added", "CC0-1.0")
    assert one.kinds == {"car": "car", "kite": ""}
    assert sorted(file.name for file in added.iterdir()) == ["streets.onnx", "streets.toml"]
    assert load_detector("streets")(np.zeros((64, 64, 3), dtype=np.uint8), 0.05).kind == ["car"]
    assert "streets" in [one.name for one in list_models()[0]]
    with pytest.raises(InputError, match="there is a model streets already"):
        add_model(path, "streets")


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "scene", "a b"])
def test_bad_names_are_refused(network, added, name):
    path = network(_yolov8(), name="mine.onnx", names="['car', 'kite']")
    with pytest.raises(InputError, match=r"name|already"):
        add_model(path, name)
    assert not added.exists()


def test_what_is_no_network_is_not_added(tmp_path, added):
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(InputError, match=r"weights\.onnx: is a zip file, such as PyTorch's weights, no ONNX network"):
        add_model(path, "")
    assert not added.exists()


def test_a_broken_added_network_is_named_in_the_list(added):
    added.mkdir()
    (added / "broken.onnx").write_bytes(b"nothing")
    found, broken = list_models()
    assert [one.item for one in broken] == ["broken"]
    assert "broken" not in [one.name for one in found]


def test_what_is_not_there_is_named():
    with pytest.raises(InputError, match="no model 'none'"):
        check_model("none")
    assert "none" not in models()


def test_the_verbs_print_what_the_networks_are(network, added):
    path = network(_yolov8(), name="mine.onnx", names="['car', 'kite']")
    done = CliRunner().invoke(app, ["models", "add", str(path), "--name", "streets"])
    assert done.exit_code == 0, done.output
    assert "kinds: car" in done.stdout
    assert "not looked for: kite" in done.stdout
    assert "licence: not stated" in done.stdout
    (added / "broken.onnx").write_bytes(b"nothing")
    listed = CliRunner().invoke(app, ["models", "list", "--json"])
    assert listed.exit_code == 3
    assert "streets" in [one["name"] for one in json.loads(listed.stdout)["models"]]
    checked = CliRunner().invoke(app, ["models", "check", "streets", "--json"])
    assert json.loads(checked.stdout)["form"] == "yolov8"


def test_kinds_that_become_no_issue_are_named(network):
    path = network(_yolov8(), name="mine.onnx", names="['car', 'hovercraft']")
    checked = CliRunner().invoke(app, ["models", "check", str(path)])
    assert "no problem of the taxonomy is made of: hovercraft" in checked.stdout


def test_an_earlier_network_of_the_name_leaves_nothing_behind(network, added):
    path = network(_yolov8(), name="mine.onnx", names="['car', 'kite']")
    added.mkdir()
    (added / "streets.toml").write_text('names = ["bus", "truck"]\nthreshold = 0.99')
    one = add_model(path, "streets")
    assert (one.kinds, one.threshold) == ({"car": "car", "kite": ""}, 0.3)
    assert [file.name for file in added.iterdir()] == ["streets.onnx"]


def test_a_copy_that_fails_leaves_no_sidecar(network, added, monkeypatch):
    path = network(_yolov8(), name="mine.onnx")
    path.with_suffix(".toml").write_text('names = ["car", "kite"]')
    (added / "streets.onnx").mkdir(parents=True)  # a folder in its place cannot be replaced
    monkeypatch.setattr("dronepatrol.detect.describe.models", dict)
    with pytest.raises(StorageError, match=r"cannot write .*streets\.onnx"):
        add_model(path, "streets")
    assert [file.name for file in added.iterdir()] == ["streets.onnx"]


def test_detectors_without_weights_are_listed_and_checked(added):
    listed = CliRunner().invoke(app, ["models", "list"])
    assert listed.exit_code == 0
    for name in ("materials", "scene"):
        line = next(line for line in listed.stdout.splitlines() if line.startswith(name))
        assert "no weights" in line
        checked = CliRunner().invoke(app, ["models", "check", name])
        assert checked.exit_code == 0
        assert "needs no weights" in checked.stdout
    as_json = json.loads(CliRunner().invoke(app, ["models", "list", "--json"]).stdout)
    assert list(as_json["without_weights"]) == ["materials", "scene"]


@pytest.mark.parametrize(("name", "ending"), [("weights", "without an ending"), ("weights.pt", "ends in .pt")])
def test_a_file_that_does_not_end_in_onnx_is_told_so(tmp_path, name, ending):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=rf"{ending}; expected \.onnx") as error:
        check_model(str(tmp_path / name))
    assert "weights.onnx" in error.value.hint
