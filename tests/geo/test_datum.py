"""GCJ-02 and BD-09: back and forth is exact, and the shift is the one that is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.datum import from_wgs84, to_wgs84
from dronepatrol.geo.local import WGS84
from dronepatrol.model.patrol import Datum

SHIFTED = [Datum.GCJ02, Datum.BD09]
PINGHU = st.tuples(st.floats(120.94, 121.34), st.floats(30.47, 30.86))
CHINA = st.tuples(st.floats(74.0, 134.0), st.floats(18.5, 53.0))


def metres(one, other) -> np.ndarray:
    one, other = np.atleast_2d(one), np.atleast_2d(other)
    return WGS84.inv(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[2]


@pytest.mark.parametrize("datum", SHIFTED)
@given(place=st.one_of(PINGHU, CHINA))
@settings(max_examples=100, deadline=None)
def test_back_and_forth_is_far_below_a_centimetre(datum, place):
    assert metres(to_wgs84(from_wgs84(place, datum), datum), place)[0] < 1e-5
    assert metres(from_wgs84(to_wgs84(place, datum), datum), place)[0] < 1e-5


def test_shift_in_pinghu_is_the_known_one():
    random = np.random.default_rng(0)
    places = np.column_stack([random.uniform(120.94, 121.34, 2000), random.uniform(30.47, 30.86, 2000)])
    shifted = from_wgs84(places, Datum.GCJ02)
    azimuth, _, length = WGS84.inv(*places.T, *shifted.T)
    east, north = length * np.sin(np.radians(azimuth)), length * np.cos(np.radians(azimuth))
    assert 396.5 < east.min() < east.max() < 438.9
    assert -284.5 < north.min() < north.max() < -226.5
    assert 478.5 < length.min() < length.max() < 502.0


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
    ],
)
def test_public_test_values_of_gcj02(wgs84, gcj02):
    assert metres(from_wgs84(wgs84, Datum.GCJ02), gcj02)[0] < 0.02
    assert metres(to_wgs84(gcj02, Datum.GCJ02), wgs84)[0] < 0.02


def test_bd09_lies_its_known_way_from_gcj02():
    """BD-09 is GCJ-02 moved by about 0.0065 and 0.006 degrees, give or take 0.0005."""
    places = np.random.default_rng(1).uniform((75, 20), (130, 50), (500, 2))
    moved = from_wgs84(places, Datum.BD09) - from_wgs84(places, Datum.GCJ02)
    assert np.abs(moved - (0.0065, 0.006)).max() < 5e-4


def test_wgs84_stays_and_the_rest_of_the_world_has_no_shifted_places():
    places = [[121.0, 30.7], [2.35, 48.86]]
    assert np.array_equal(to_wgs84(places, Datum.WGS84), places)
    for datum in SHIFTED:
        assert np.isfinite(to_wgs84(places, datum)).tolist() == [[True, True], [False, False]]
        assert np.isfinite(from_wgs84(places, datum)).tolist() == [[True, True], [False, False]]
    assert from_wgs84(np.full((3, 4, 2), 30.7), Datum.BD09).shape == (3, 4, 2)
    assert to_wgs84(np.empty((0, 2)), Datum.GCJ02).shape == (0, 2)
