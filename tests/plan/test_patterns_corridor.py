"""Corridors: every edge of a network is flown, with the least dead flying."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from dronepatrol.model.patrol import Layout
from dronepatrol.plan.patterns.corridor import corridor, lane_count
from dronepatrol.plan.patterns.ground import Ground
from dronepatrol.plan.patterns.network import EXACT_ODD, dead_ways, matching, network_of, tour
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.timing import Pace

PHOTOS = PhotoPlan(100.0, 0.05, 100.0, 75.0, 80.0, 60.0, 10.0, 10.0)
PACE = Pace(10.0, 2.5)
TOLERANCE_M = 2.0


def ground(target=None, closed=None, **layout):
    target = box(-50, -50, 1050, 1050) if target is None else target
    free = target.buffer(30, join_style="mitre")
    if closed is not None:
        target, free = target.difference(closed), free.difference(closed.buffer(10, join_style="mitre"))
    return Ground(target, free, PHOTOS, PACE, Layout(tolerance_m=TOLERANCE_M, **layout), 1)


@st.composite
def trees(draw):
    """Straight lines from random places to an earlier one, on a coarse grid, crossings and all."""
    places = draw(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=9, unique=True))
    return [
        LineString([np.array(places[draw(st.integers(0, number - 1))]) * 100.0, np.array(place) * 100.0])
        for number, place in enumerate(places)
        if number
    ]


def way(laid):
    """The length of the whole flight from the first stretch to the last; nothing is in the way."""
    hops = pairwise(laid.stretches)
    dead = sum(float(np.hypot(*(other.points[0] - one.points[-1]))) for one, other in hops)
    return dead + sum(stretch.length_m for stretch in laid.stretches)


@given(trees())
@settings(max_examples=40, deadline=None)
def test_every_edge_is_flown_at_least_once_and_no_more_than_a_postman_needs(lines):
    laid = corridor(ground(), lines)
    network = shapely.union_all(lines)
    flown = shapely.union_all([LineString(stretch.points) for stretch in laid.stretches])
    assert flown.buffer(TOLERANCE_M + 0.1).covers(network)
    assert sum(stretch.length_m for stretch in laid.stretches) == pytest.approx(network.length, rel=1e-3, abs=1.0)
    assert not laid.losses
    # there and back along a tree is a tour; crossings only make it shorter. Less time may be a little more way.
    assert way(laid) <= 2.0 * network.length * 1.1 + 1.0


@given(trees())
@settings(max_examples=25, deadline=None)
def test_the_postmans_own_order_is_within_twice_the_network(lines):
    network = network_of(lines, 0.0)
    apart = np.hypot(*(network.junctions[:, None] - network.junctions[None]).transpose(2, 0, 1))
    way = tour(network, 1, apart)
    assert sorted(edge for edge, _ in way) == list(range(len(network.lines)))
    flown = [network.lines[edge][::-1] if backwards else network.lines[edge] for edge, backwards in way]
    dead = sum(float(np.hypot(*(other[0] - one[-1]))) for one, other in pairwise(flown))
    pairs = dead_ways(len(network.junctions), network.ends, apart)
    dead_m = apart[pairs[:, 0], pairs[:, 1]]
    assert dead_m.sum() <= sum(LineString(line).length for line in network.lines) + 1.0
    assert dead <= dead_m.sum() - dead_m.max(initial=0.0) + 1e-6  # the longest is left out at the end


def cheapest_pairs_m(apart):
    """Try all ways to pair places up."""

    @cache
    def best(left):
        if not left:
            return 0.0
        return min(apart[left[0], other] + best(tuple(set(left[1:]) - {other})) for other in left[1:])

    return best(tuple(range(len(apart))))


@given(trees())
@settings(max_examples=40, deadline=None)
def test_dead_ways_pair_odd_junctions_at_least_cost(lines):
    network = network_of(lines, 0.0)
    apart = np.hypot(*(network.junctions[:, None] - network.junctions[None]).transpose(2, 0, 1))
    odd = np.flatnonzero(np.bincount(network.ends.ravel()) % 2)
    assume(len(odd) <= 8)
    dead = dead_ways(len(network.junctions), network.ends, apart)
    assert sorted(dead.ravel()) == sorted(odd)
    assert apart[dead[:, 0], dead[:, 1]].sum() == pytest.approx(cheapest_pairs_m(apart[np.ix_(odd, odd)]))


@given(st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_matching_is_the_best_of_all(pairs, seed):
    places = np.random.default_rng(seed).uniform(0, 100, (2 * pairs, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))

    chosen = matching(apart)
    assert sorted(chosen.ravel()) == list(range(2 * pairs))
    assert apart[chosen[:, 0], chosen[:, 1]].sum() == pytest.approx(cheapest_pairs_m(apart))


def test_many_odd_junctions_are_still_matched():
    count = EXACT_ODD + 80
    places = np.random.default_rng(3).uniform(0, 1e4, (count, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    chosen = matching(apart)
    assert sorted(chosen.ravel()) == list(range(count))


def test_a_ring_and_an_eight_are_flown_without_dead_ways():
    ring = LineString([(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)])
    other = LineString([(400, 400), (800, 400), (800, 800), (400, 800), (400, 400)])
    for lines in ([ring], [ring, other]):
        length = shapely.union_all(lines).length
        assert way(corridor(ground(), lines)) == pytest.approx(length, abs=0.1)


def test_parts_that_do_not_touch_are_all_flown():
    lines = [LineString([(x, 0), (x, 300)]) for x in (0, 200, 400)] + [LineString([(900, 900), (1000, 900)])]
    laid = corridor(ground(), lines)
    assert sum(stretch.length_m for stretch in laid.stretches) == pytest.approx(1000, abs=0.1)
    assert way(laid) <= 1000 + 200 + 200 + 800


def test_what_lies_in_a_no_fly_zone_is_cut_out_and_said():
    closed = box(300, -100, 500, 400)
    laid = corridor(ground(closed=closed), [LineString([(0, 100), (1000, 100)]), LineString([(0, 700), (1000, 700)])])
    for stretch in laid.stretches:
        assert not LineString(stretch.points).intersects(closed.buffer(9))
    assert sum(stretch.length_m for stretch in laid.stretches) == pytest.approx(2000 - 220, abs=1)
    assert [loss.what.en for loss in laid.losses] == [
        "20 m of the network are not flown along: no-fly zones, their margin, or stubs"
    ]


def test_a_curve_becomes_few_straight_legs_within_the_tolerance():
    turns = np.linspace(0, np.pi, 200)
    curve = LineString(500 + 300 * np.stack([np.cos(turns), np.sin(turns)], axis=1))
    (stretch,) = corridor(ground(), [curve]).stretches
    assert len(stretch.points) < 25
    assert curve.hausdorff_distance(LineString(stretch.points)) <= TOLERANCE_M + 0.1


@pytest.mark.parametrize("width", [0.0, 100.0, 150.0, 300.0])
def test_wide_corridors_are_flown_in_parallel_lanes_that_show_all_of_it(width):
    line = LineString([(0, 500), (600, 500), (1000, 700)])
    laid = corridor(ground(corridor_width_m=width), [line])
    lanes = lane_count(PHOTOS, width)
    assert lanes == 1 + max(0, int(np.ceil((width - 100) / 80)))
    seen = shapely.union_all([LineString(s.points).buffer(50, cap_style="square") for s in laid.stretches])
    asked = line.buffer(max(width, 60) / 2, cap_style="flat")
    assert asked.difference(seen).area < 0.01 * asked.area


def test_the_same_network_gives_the_same_order():
    lines = [LineString([(x, 0), (x, 500)]) for x in range(0, 600, 100)] + [LineString([(0, 250), (500, 250)])]
    one, other = corridor(ground(), lines), corridor(ground(), lines)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(one.stretches, other.stretches, strict=True))
