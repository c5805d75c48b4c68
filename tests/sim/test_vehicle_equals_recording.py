"""The recorded ArduCopter flights, flown again: the same photos and the same track in the same time.

The comparison is the benchmark's (`python -m benchmarks.fidelity`), with its limits and, for the two recordings that we
have, with tighter ones.
"""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymavlink.mavutil")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "fidelity.py"
FLIGHTS = {"survey": "copter47_survey.waypoints", "fence": "copter47_fence.plan"}


@pytest.fixture(scope="module")
def fidelity():
    spec = importlib.util.spec_from_file_location("fidelity_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def flights(fidelity, testdata):
    """Return the recorded and the flown flight of each mission."""
    pairs = {}
    for name, file in FLIGHTS.items():
        path = testdata(f"flights/{file}")
        recorded = fidelity.read_log(path.with_suffix(".BIN"))
        mission = fidelity.read_plan(path) if path.suffix == ".plan" else fidelity.read_waypoints(path)
        wind = recorded.parameters["SIM_WIND_SPD"], recorded.parameters["SIM_WIND_DIR"]
        pairs[name] = recorded, fidelity.fly(mission, recorded, wind)
    return pairs


@pytest.mark.parametrize("name", FLIGHTS)
def test_time_photos_and_track_are_those_of_the_recording(fidelity, flights, name):
    figures = fidelity.compare(*flights[name])
    assert figures["within"]
    assert figures["time"] < 0.01
    assert figures["photos"][0] == figures["photos"][1]
    assert figures["photo_median_m"] < 0.5
    assert figures["photo_max_m"] < 1.5
    assert figures["cross_track_m"] < 1.0


def test_the_fence_is_breached_there_and_it_lands_at_the_same_place(fidelity, flights):
    figures = fidelity.compare(*flights["fence"])
    assert figures["breach_apart_m"] < 2.0
    assert figures["landing_apart_m"] < 0.5
    recorded, flown = flights["fence"]
    rally = fidelity.read_plan(fidelity.FLIGHTS / FLIGHTS["fence"]).rally[0]
    for flight in (recorded, flown):
        end = fidelity.metres([flight.track[-1][1:3], (rally.lat_deg, rally.lon_deg)], recorded.home)
        assert math.dist(*end) < 0.5


@pytest.mark.parametrize(("name", "braking"), [("survey", 0), ("fence", 1)])
def test_the_attitude_in_the_photos_is_alike(flights, name, braking):
    """One photo of the breach is taken while the vehicle throws itself about, where tenths of seconds are degrees."""
    recorded, flown = flights[name]
    apart = []
    for (roll, pitch, yaw), (r, p, y) in zip(recorded.attitudes, flown.attitudes, strict=True):
        apart.append((max(abs(r - roll), abs(p - pitch)), abs((y - yaw + 180) % 360 - 180)))
    leans, turns = zip(*apart, strict=True)
    assert sum(lean > 4.0 for lean in leans) <= braking
    assert max(leans) < 8.0
    assert max(turns) < 5.0


def test_photos_are_compared_in_their_order_and_of_more_the_misfit_is_left(fidelity):
    first, aside = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]), np.array([0.0, 1.0])
    assert fidelity.apart_m(first, first + aside) == pytest.approx([1.0, 1.0, 1.0])
    assert fidelity.apart_m(first, first[[0, 2]] + aside) == pytest.approx([1.0, 1.0])
