"""Wind in the lanes: what it does to a leg's time, and that lanes turn away from a wind that slows the aircraft."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.cover import Coverage, Task, cover, flight_line
from dronepatrol.plan.timing import Pace

CALM = Pace(speed_m_s=12.0, acceleration_m_s2=2.5)
WIDTH_M = 20.0


def pace(east_m_s: float, north_m_s: float = 0.0) -> Pace:
    return Pace(12.0, 2.5, (east_m_s, north_m_s), air_speed_m_s=16.0)


def lanes_over(east_m: float, north_m: float, wind: Pace) -> Coverage:
    region = box(0, 0, east_m, north_m)
    return cover(Task(region, region.buffer(15), WIDTH_M, WIDTH_M / 2, wind, 0.002, seed=1, effort=0.3))


def along_x(coverage: Coverage) -> bool:
    spans = np.abs(np.array([lane[-1] - lane[0] for lane in coverage.lanes])).sum(axis=0)
    return bool(spans[0] > spans[1])


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-400, 400), st.floats(-400, 400), st.floats(0, 7))
def test_wind_never_shortens_a_leg_and_turns_with_the_frame(east, north, x, y, angle):
    way, blown = np.array([x, y]), pace(east, north)
    assert float(blown.way_s(way)) >= float(CALM.way_s(way)) - 1e-9
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert float(blown.turned(angle).way_s(way @ turn)) == pytest.approx(float(blown.way_s(way)), rel=1e-6, abs=1e-3)


def test_what_is_left_of_the_air_speed():
    """16 m/s in the air: 6 of them against 10 m/s of wind; across it sqrt(16^2 - 10^2) = 12.5, more than is asked."""
    ways = np.array([[100.0, 0.0], [-100.0, 0.0], [0.0, 100.0]])
    np.testing.assert_allclose(pace(-10.0).ground_m_s(ways), [6.0, 12.0, 12.0])
    np.testing.assert_allclose(pace(-14.0).ground_m_s(ways), [2.0, 12.0, np.sqrt(16**2 - 14**2)])
    np.testing.assert_allclose(pace(-4.0).ground_m_s(ways), 12.0)


@pytest.mark.parametrize("east_m_s", [10.0, -10.0])
def test_lanes_turn_across_a_wind_that_slows(east_m_s):
    """Over 300 x 200 m lanes run along the long side, unless a wind along it slows every other one."""
    calm, blown = lanes_over(300, 200, pace(0.0)), lanes_over(300, 200, pace(east_m_s))
    assert along_x(calm)
    assert not along_x(blown)
    airspace = Airspace(box(0, 0, 300, 200).buffer(15), pace(east_m_s))
    assert blown.time_s < 0.95 * airspace.pace.path_s(flight_line(calm, airspace))
    assert blown.time_s == pytest.approx(airspace.pace.path_s(flight_line(blown, airspace)))


def test_a_wind_across_the_lanes_or_a_weak_one_changes_nothing():
    calm = lanes_over(300, 200, pace(0.0))
    for wind in (pace(3.0), pace(0.0, 3.0)):
        assert [lane.tolist() for lane in lanes_over(300, 200, wind).lanes] == [lane.tolist() for lane in calm.lanes]
    assert along_x(lanes_over(300, 200, pace(0.0, 10.0)))


def test_a_single_lane_is_flown_down_the_wind():
    for east_m_s in (12.0, -12.0):
        (lane,) = lanes_over(300, 18, pace(east_m_s)).lanes
        assert (lane[-1, 0] - lane[0, 0]) * east_m_s > 0
