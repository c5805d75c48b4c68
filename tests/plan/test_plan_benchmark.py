"""The coverage benchmark's figures, each with what was asked for."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from shapely import Polygon

from dronepatrol.errors import InputError

ASKED = {"eth_square": 1.18, "eth_rect2holes": 1.215, "eth_epfl_simple": 1.32, "f2c_L": 1.145, "town": 1.245}
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"


def benchmark():
    spec = importlib.util.spec_from_file_location("coverage_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "no benchmark polygon"),
        ('{"width": 3, "v": 3, "a": 1}', "'ext'"),
        ('{"width": 0, "v": 3, "a": 1, "ext": [[0, 0], [9, 0], [9, 9]]}', "above 0"),
        ('{"width": NaN, "v": 3, "a": 1, "ext": [[0, 0], [9, 0], [9, 9]]}', "NaN is no number"),
        ('{"width": 3, "v": 3, "a": 1, "ext": [[0, 0], [9, 9], [9, 0], [0, 9]]}', "invalid"),
        ('{"width": 3, "v": 3, "a": 1, "ext": [[0, 0], [9, 0]]}', "no benchmark polygon"),
        ("[1, 2]", "no benchmark polygon"),
    ],
)
def test_a_bad_polygon_file_is_a_clear_error(tmp_path, written, said):
    file = tmp_path / "bad.json"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match=said) as caught:
        benchmark().read_polygon(file)
    assert "bad.json" in str(caught.value)
    assert caught.value.hint


@pytest.mark.campaign
@pytest.mark.parametrize("name", list(ASKED))
def test_benchmark_polygon_is_flown_as_fast_as_asked(testdata, tmp_path, name):
    file = testdata(f"benchmarks/polygons/{name}.json")
    out = tmp_path / "plan.json"
    result = benchmark().run(file, out)
    assert result["coverage"] >= 0.995
    assert result["nofly_m"] == result["outside_m"] == 0
    assert result["time_ratio"] <= ASKED[name]
    plan = json.loads(out.read_text())
    assert len(plan["lanes"]) == result["lanes"]
    anchors = json.loads(testdata("benchmarks/anchors.json").read_text())[name].values()
    assert all(result["time_ratio"] <= a["time_ratio"] for a in anchors if a["legal"] and a["coverage"] >= 0.995)
    assert Polygon(json.loads(file.read_text())["ext"]).area > 0
