"""The planner's parts: leg times, ways around obstacles, the order of lanes, rows and lanes that cover."""

from itertools import permutations, product

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, box

from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.cells import partitions
from dronepatrol.plan.coverage.cover import Task, cover, flight_line
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.coverage.rows import Sweep, choose_rows, edges
from dronepatrol.plan.timing import Pace, straightened

PACE = Pace(speed_m_s=3.0, acceleration_m_s2=1.0)


@given(st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_stop_never_saves_time(one, other):
    assert float(PACE.leg_s(one + other)) <= float(PACE.leg_s(one) + PACE.leg_s(other)) + 1e-6


@given(st.floats(0.01, 1e4))
def test_no_leg_is_faster_than_the_speed(length):
    assert float(PACE.leg_s(length)) > length / PACE.speed_m_s


def test_leg_times_of_both_profiles():
    np.testing.assert_allclose(PACE.leg_s([0.0, 4.0, 9.0, 30.0]), [0.0, 4.0, 6.0, 13.0])


def test_points_on_a_straight_line_do_not_stop():
    line = np.array([[0, 0], [0, 0], [5, 0], [10, 0], [10, 5], [10, 2]], dtype=float)
    assert straightened(line).tolist() == [[0, 0], [10, 0], [10, 5], [10, 2]]


@given(seed=st.integers(0, 10_000), lanes=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_order_is_the_best_of_all_orders(seed, lanes):
    """Against trying every order and direction."""
    places = np.random.default_rng(seed).uniform(0, 100, (2 * lanes, 2))
    times = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    entries, seconds = order(times, kicks=60, seed=1)

    def closed(tour: tuple[int, ...]) -> float:
        return sum(times[a ^ 1, b] for a, b in zip(tour, (*tour[1:], tour[0]), strict=True))

    rest = permutations(range(1, lanes))
    best = min(
        closed((0, *(2 * lane + turn for lane, turn in zip(way, turns, strict=True))))
        for way in rest
        for turns in product((0, 1), repeat=lanes - 1)
    )
    assert sorted(entry // 2 for entry in entries) == list(range(lanes))
    if lanes > 1:
        assert seconds == pytest.approx(closed(tuple(entries)))
        assert seconds == pytest.approx(best)


def test_ways_go_around_obstacles_and_cost_their_stops():
    free = box(0, 0, 100, 100).difference(box(40, 20, 60, 100))
    airspace = Airspace(free, PACE)
    start, end = np.array([10.0, 90.0]), np.array([90.0, 90.0])
    way = airspace.way(start, end)
    assert way.tolist() == [[10, 90], [40, 20], [60, 20], [90, 90]]
    times = airspace.times_s(np.stack([start, end]))
    assert times[0, 1] == pytest.approx(PACE.path_s(way))
    np.testing.assert_array_equal(times, times.T)


def test_places_that_cannot_be_reached_are_infinitely_far():
    airspace = Airspace(shapely.union_all([box(0, 0, 10, 10), box(20, 0, 30, 10)]), PACE)
    places = np.array([[5.0, 5.0], [25.0, 5.0]])
    assert airspace.times_s(places)[0, 1] == np.inf
    assert len(airspace.way(*places)) == 0


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_ways_stay_free_and_are_what_the_times_say(seed):
    random = np.random.default_rng(seed)
    holes = [shapely.Point(*random.uniform(15, 85, 2)).buffer(random.uniform(3, 12), quad_segs=2) for _ in range(4)]
    free = box(0, 0, 100, 100).difference(shapely.union_all(holes))
    airspace = Airspace(free, PACE)
    places = random.uniform(0, 100, (8, 2))
    places = places[shapely.covers(free, shapely.points(places))]
    times = airspace.times_s(places)
    for one in range(len(places)):
        for other in range(one):
            way = airspace.way(places[one], places[other])
            assert LineString(way).difference(free.buffer(1e-3)).length == 0
            legs = float(PACE.leg_s(np.hypot(*np.diff(way, axis=0).T)).sum())
            assert times[one, other] == pytest.approx(legs)


def test_rows_are_as_few_as_needed_and_reach_both_sides():
    sweep = Sweep(3.0, 1.5, PACE, stretch=0.0)
    rows, _ = choose_rows(edges(box(0, 0, 100, 100)), sweep)
    assert len(rows) == 34
    assert rows[0] <= 1.5 + 1e-9
    assert rows[-1] >= 98.5 - 1e-9
    assert np.diff(rows).max() <= 3.0 + 1e-9


def test_an_l_is_cut_and_a_square_is_not():
    ell = Polygon([(0, 0), (0, 90), (20, 90), (20, 20), (90, 20), (90, 0)])
    sweep = Sweep(1.0, 0.5, PACE, stretch=0.0)
    assert partitions(box(0, 0, 50, 50), sweep) == []
    cuts = partitions(ell, sweep)
    assert cuts
    for parts in cuts:
        assert sum(part.polygon.area for part in parts) == pytest.approx(ell.area)


def _region(seed: int) -> Polygon:
    """A star-shaped outline with up to three holes."""
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 12))
    angle = np.sort(random.uniform(0, 2 * np.pi, count)) + np.linspace(0, 0.01, count)
    radius = random.uniform(60, 120, count)
    outline = Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None])
    holes = [shapely.Point(*random.uniform(-50, 50, 2)).buffer(random.uniform(4, 15), quad_segs=1) for _ in range(3)]
    region = outline.difference(shapely.union_all(holes[: int(random.integers(0, 4))]))
    parts = [part for part in shapely.get_parts(region) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area)


@given(seed=st.integers(0, 100_000))
@settings(max_examples=3, deadline=None)
def test_lanes_cover_and_never_trespass(seed):
    region = _region(seed)
    width = 12.0
    holes = [Polygon(ring) for ring in region.interiors]
    free = Polygon(region.exterior).buffer(0.9 * width, quad_segs=2).difference(shapely.union_all(holes))
    task = Task(region, free, width, width / 2, PACE, 0.0045, seed=1)
    coverage = cover(task)
    line = LineString(flight_line(coverage, Airspace(free, PACE)))
    assert sum(line.intersection(hole.buffer(-1e-3)).length for hole in holes) == 0
    assert line.difference(Polygon(region.exterior).buffer(width)).length == 0
    each = [LineString(lane).buffer(width / 2, cap_style="square") for lane in coverage.lanes]
    feet = shapely.union_all(each, grid_size=1e-6)
    assert feet.intersection(region).area >= 0.98 * region.area
    assert coverage.time_s == pytest.approx(PACE.path_s(np.asarray(line.coords)), rel=0.02)


def test_the_same_seed_gives_the_same_lanes():
    region = _region(7)
    task = Task(region, region.buffer(5.0), 20.0, 10.0, PACE, 0.0, seed=3)
    one, other = cover(task), cover(task)
    assert [lane.tolist() for lane in one.lanes] == [lane.tolist() for lane in other.lanes]
