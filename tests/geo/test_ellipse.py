"""Error ellipses against draws from the same distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dronepatrol.geo.ellipse import ellipse95, radius95_m

SIGMA = st.floats(0.1, 20)


def covariance(long, short, azimuth_deg):
    turn = np.radians(azimuth_deg)
    along = np.array([np.sin(turn), np.cos(turn)])
    across = np.array([np.cos(turn), -np.sin(turn)])
    full = long**2 * np.outer(along, along) + short**2 * np.outer(across, across)
    return full[0, 0], full[0, 1], full[1, 1]


@given(long=SIGMA, ratio=st.floats(0.05, 0.9), azimuth=st.floats(0, 179.9))
def test_axes_and_azimuth_come_back(long, ratio, azimuth):
    major, minor, found = ellipse95(covariance(long, long * ratio, azimuth))
    assert major == pytest.approx(2.4477 * long, rel=1e-3)
    assert minor == pytest.approx(2.4477 * long * ratio, rel=1e-3)
    assert abs((found - azimuth + 90) % 180 - 90) < 0.01


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_the_circle_holds_95_percent(ratio):
    draws = np.random.default_rng(5).normal(size=(400_000, 2)) * [3.0, 3.0 * ratio]
    expected = np.quantile(np.hypot(*draws.T), 0.95)
    assert radius95_m(covariance(3.0, 3.0 * ratio, 90.0)) == pytest.approx(expected, rel=0.008)


def test_many_at_once():
    assert ellipse95(np.ones((4, 5, 3))).shape == (4, 5, 3)
    assert radius95_m([[1.0, 0.0, 1.0], [4.0, 0.0, 4.0]]) == pytest.approx([2.4477, 4.8954], rel=0.005)
