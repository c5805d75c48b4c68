"""Laws of the path: legs keep their limits and end where they should, corners stay within their radius."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.sim.vehicle.leg import Leg, Limits
from dronepatrol.sim.vehicle.spline import Curve
from dronepatrol.sim.vehicle.track import Track

LIMITS = Limits(
    level_m_s=12.0, up_m_s=2.5, down_m_s=1.5, level_m_s2=2.5, vertical_m_s2=1.0, jerk_m_s3=1.0, snap_m_s4=5.2
)
places = st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(0, 120))


@given(places, places, st.floats(1.0, 20.0))
@settings(max_examples=80, deadline=None)
def test_a_leg_starts_and_ends_at_rest_and_keeps_its_limits(start, end, speed):
    limits = replace(LIMITS, level_m_s=speed)
    leg = Leg(start, end, limits)
    assert leg.along(0.0)[:2] == (0.0, 0.0)
    assert leg.along(leg.duration) == pytest.approx((leg.length, 0.0, 0.0), abs=1e-9)
    last = 0.0
    for i in range(101):
        way, fast, pull = leg.along(leg.duration * i / 100)
        assert way >= last - 1e-6
        assert -1e-6 <= fast <= leg.top_m_s + 1e-6
        assert abs(pull) <= 2.5 / max(math.hypot(leg.unit[0], leg.unit[1]), 0.01) + 1e-6
        assert fast * abs(leg.unit[2]) <= 2.5 + 1e-6
        last = way
    assert last == pytest.approx(leg.length, abs=1e-6)


@given(st.floats(0.5, 500.0))
@settings(max_examples=50, deadline=None)
def test_way_is_the_integral_of_speed(length):
    leg = Leg((0, 0, 0), (length, 0, 0), LIMITS)
    steps = 2000
    step = leg.duration / steps
    total = sum(leg.along((i + 0.5) * step)[1] for i in range(steps)) * step
    assert total == pytest.approx(length, rel=1e-4)


@given(st.floats(20, 400), st.floats(20, 400), st.floats(-math.pi, math.pi))
@settings(max_examples=40, deadline=None)
def test_a_corner_stays_within_the_radius(first, second, turn):
    corner = (first, 0.0, 50.0)
    end = (first + second * math.cos(turn), second * math.sin(turn), 50.0)
    this, following = Leg((0, 0, 50), corner, LIMITS), Leg(corner, end, LIMITS)
    track = Track(2.0, 5.0)
    track.begin(this, following)
    nearest = math.inf
    while not track.advance(0.02):
        nearest = min(nearest, math.dist(track.position, corner))
    assert min(nearest, math.dist(track.position, corner)) <= 2.0 + 12 * 0.02
    track.go_on(None)
    while not track.advance(0.02):
        pass
    assert math.dist(track.position, end) < 1e-6
    assert track.velocity == (0.0, 0.0, 0.0)


def test_a_straight_corner_is_not_slowed():
    a, b = Leg((0, 0, 0), (200, 0, 0), LIMITS), Leg((200, 0, 0), (400, 0, 0), LIMITS)
    track = Track(2.0, 5.0)
    track.begin(a, b)
    slowest = 99.0
    seconds = 0.0
    while seconds < 25:
        if track.advance(0.02) and track.has_next:
            track.go_on(None)
        seconds += 0.02
        if seconds > 10:
            slowest = min(slowest, track.velocity[0])
    assert slowest > 11.5


@given(st.floats(10, 600), st.floats(1.0, 15.0), st.floats(1.0, 15.0), st.floats(0.0, 1.0))
@settings(max_examples=120, deadline=None)
def test_a_change_of_speed_on_the_way_jumps_neither_in_place_nor_speed_and_still_ends(length, first, then, when):
    limits = replace(LIMITS, level_m_s=first)
    leg = Leg((0, 0, 0), (length, 0, 0), limits)
    at = leg.duration * when
    before = leg.along(at)
    leg.change_speed(replace(LIMITS, level_m_s=then), at)
    assert leg.along(at) == pytest.approx(before, abs=1e-6)
    assert leg.along(leg.duration)[:2] == pytest.approx((length, 0.0), abs=1e-4)
    steps = [leg.along(leg.duration * i / 500) for i in range(501)]
    assert max(abs(pull) for _, _, pull in steps) <= LIMITS.level_m_s2 + 1e-6
    assert max(speed for _, speed, _ in steps) <= max(first, then) + 1e-6
    rise = leg.duration / 500
    for (_, v, a), (_, w, b) in pairwise(steps):
        assert abs(b - a) <= LIMITS.jerk_m_s3 * rise * 1.01 + 1e-6
        assert abs(w - v) <= LIMITS.level_m_s2 * rise * 1.01 + 1e-6


def test_a_leg_long_enough_reaches_the_speed_it_is_changed_to():
    leg = Leg((0, 0, 0), (600, 0, 0), replace(LIMITS, level_m_s=5.0))
    leg.change_speed(replace(LIMITS, level_m_s=10.0), 20.0)
    assert leg.top_m_s == pytest.approx(10.0)
    slower = Leg((0, 0, 0), (600, 0, 0), replace(LIMITS, level_m_s=10.0))
    slower.change_speed(replace(LIMITS, level_m_s=4.0), 2.0)  # while it still accelerates: it does not go to 10 first
    assert max(slower.along(t / 10)[1] for t in range(1500)) < 8.0
    assert slower.along(60.0)[1] == pytest.approx(4.0)


@given(st.floats(30, 300), st.floats(-math.pi, math.pi), st.floats(2.0, 12.0))
@settings(max_examples=60, deadline=None)
def test_a_curve_goes_from_end_to_end_within_speed_and_acceleration(length, turn, speed):
    end = (length, 0.0, 50.0)
    further = (length * math.cos(turn), length * math.sin(turn), 0.0)
    curve = Curve((0, 0, 50), end, (length, 0.0, 0.0), further, replace(LIMITS, level_m_s=speed), start_m_s=speed)
    assert curve.at(curve.duration)[0] == pytest.approx((length, 0.0, 0.0), abs=1e-6)
    steps = [curve.at(curve.duration * i / 400) for i in range(401)]
    for (a, v, _), (b, w, _) in pairwise(steps):
        rise = curve.duration / 400
        assert math.dist(a, b) <= max(math.hypot(*v), math.hypot(*w), 0.1) * rise * 1.3 + 0.05
        assert math.hypot(*v) <= speed + 1e-6


def test_no_way_takes_no_time():
    leg = Leg((1, 2, 3), (1, 2, 3), LIMITS)
    assert leg.duration == 0.0
    assert leg.along(1.0) == (0.0, 0.0, 0.0)
