"""Several detectors on one image, and names of detectors."""

import numpy as np
import pytest

from dronepatrol.detect.detector import load_detector
from dronepatrol.errors import InputError

GREY = np.full((64, 64, 3), 128, dtype=np.uint8)
ONE_TILE_M = 0.1
"""A scale at which the picture is one tile."""


@pytest.fixture
def seeing(network):
    """Return a function that writes a network which sees one thing in every tile."""

    def write(name, kind, score, centre=(30, 30)):
        output = np.zeros((1, 6, 84), dtype=np.float32)
        output[0, :, 3] = *centre, 20, 10, score, 0.0
        return network({"output": output}, name=name, names=f"['{kind}', 'kite']")

    return write


def test_what_two_see_is_one_find_by_the_surer(seeing, detector_contract):
    car, van, person = seeing("a.onnx", "car", 0.6), seeing("b.onnx", "van", 0.8), seeing("c.onnx", "person", 0.7)
    both = load_detector(f"{car}, {van},{person}")
    found = both(GREY, ONE_TILE_M)
    assert dict(zip(found.kind.tolist(), found.score.round(3).tolist(), strict=True)) == {"van": 0.8, "person": 0.7}
    detector_contract(both)


def test_things_apart_stay_two(seeing):
    found = load_detector(f"{seeing('a.onnx', 'car', 0.6)},{seeing('b.onnx', 'car', 0.8, (30, 50))}")(GREY, ONE_TILE_M)
    assert sorted(found.score.round(3).tolist()) == [0.6, 0.8]


def test_a_detector_named_twice_is_refused():
    with pytest.raises(InputError, match=r"--model materials, materials: materials is there more than once"):
        load_detector("materials, materials")


def test_a_comma_in_a_file_name_is_no_list(seeing):
    path = seeing("a,b.onnx", "car", 0.6)
    assert load_detector(str(path))(GREY, ONE_TILE_M).kind.tolist() == ["car"]
    with pytest.raises(InputError, match="no detector 'nowhere'"):
        load_detector("nowhere,materials")
