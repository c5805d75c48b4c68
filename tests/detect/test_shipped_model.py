"""The detector that comes with the package: small, named, licensed, and as good as its card says."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from dronepatrol.detect.detector import load_detector
from dronepatrol.detect.evaluate import Seen, figures, look
from dronepatrol.detect.images import decode
from dronepatrol.detect.models import DEFAULT, shipped_folder
from dronepatrol.patrol.models import check_model

WEIGHTS = shipped_folder() / f"{DEFAULT}.onnx"


def test_it_is_small_and_says_what_it_is():
    one = check_model(DEFAULT)
    assert WEIGHTS.stat().st_size <= 5_000_000
    assert (one.origin, one.form, one.input_wh) == ("shipped", "yolox", (416, 416))
    assert one.kinds == {kind: kind for kind in ("car", "van", "truck", "bus")}
    assert "CC-BY-SA" in one.licence
    assert (shipped_folder() / f"{DEFAULT}.LICENSE.txt").is_file()
    card = (shipped_folder() / f"{DEFAULT}.md").read_text("utf-8")
    assert one.weights_sha256 in card, "the card is of these weights"


def test_contract(detector_contract):
    detector_contract(load_detector(DEFAULT))


@pytest.mark.parametrize("data", ["aerial_cars", "auair_redrawn"])
def test_it_is_as_good_as_its_card_says(testdata, monkeypatch, data):
    """On some of the images of the recordings that it never learned from; the benchmark measures them all."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2]))
    bench = importlib.import_module("benchmarks.detect")
    monkeypatch.setattr(bench, "DATA", testdata("detection").parent)
    images = bench.held_back(data)[:: 3 if data == "aerial_cars" else 1]
    detector = load_detector(DEFAULT, least_score=0.01)
    seen = [one for one in look(detector, images, None) if isinstance(one, Seen)]
    found = {one.kind: one.ap50 for one in figures(seen, detector.threshold)}["vehicle"]
    card = (shipped_folder() / f"{DEFAULT}.md").read_text("utf-8")
    said = re.search(rf"^\| {data} \| vehicle \|.*?\| \**([\d.]+)", card, re.MULTILINE)
    assert said is not None
    assert np.isfinite(found)
    assert found >= float(said[1]) - 0.04
    usual = load_detector(DEFAULT)
    for one in seen[:4]:
        counts = one.found[one.found.score >= detector.threshold]
        alone = usual(decode(one.truth.path.read_bytes()), None)
        np.testing.assert_array_equal(alone.xyxy, counts.xyxy, "what is measured is what is found")
