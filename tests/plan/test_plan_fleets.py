"""Sorties from docks, and their timetable: energy, every lane once, drones charged and apart."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Mission, Sortie, Waypoint
from dronepatrol.model.patrol import Fleet, Objective
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.energy import EnergyModel
from dronepatrol.plan.fleet.apart import APART_M, APART_S, APART_UP_M, track
from dronepatrol.plan.fleet.assign import Assigned, assigned, split
from dronepatrol.plan.fleet.levels import LEVEL_M, raised
from dronepatrol.plan.fleet.routing import merit, rerouted
from dronepatrol.plan.fleet.sorties import Base
from dronepatrol.plan.fleet.timetable import least_makespan_s, makespan_s, rows, with_timetable
from dronepatrol.plan.fleet.tour import Tour
from dronepatrol.plan.photogrammetry import STEP_SLACK_M, TRIGGER_TICK_S, PhotoPlan
from dronepatrol.plan.stretch import Stretch
from dronepatrol.plan.timing import Pace
from dronepatrol.store import profiles

CRAFT = profiles.aircraft("small-quad")
PACE = Pace(10.0, CRAFT.acceleration_m_s2)
PHOTOS = PhotoPlan(100.0, 0.05, 200.0, 150.0, 50.0, 30.0, 10.0, 5.0)
MODEL = EnergyModel(CRAFT, PACE, 100.0, (2.0, -1.0))
FREE = box(-3000, -3000, 3000, 3000).difference(box(-200, 400, 200, 700))
AIRSPACE = Airspace(FREE, PACE)
FRAME = LocalFrame(121.0, 30.7)


def lanes(seed: int) -> list[Stretch]:
    """Return parallel lanes of uneven lengths, to and fro, some of them bent."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(int(random.integers(2, 14))):
        low, high = np.sort(random.uniform(-1500, 1500, 2)) + np.array([-30.0, 30.0])
        middle = [(low + high) / 2, -500.0 - 50 * number + random.uniform(-20, 20)]
        points = [
            [low, -500.0 - 50 * number],
            *([middle] if random.random() < 0.3 else []),
            [high, -500.0 - 50 * number],
        ]
        found.append(Stretch(np.array(points if number % 2 == 0 else points[::-1]), 30.0))
    return found


def flown(stretches: list[Stretch], docks: list[list[float]], fleet: Fleet, usable_wh: float) -> Assigned:
    tour = Tour(stretches, PHOTOS, MODEL, AIRSPACE, cut_m=60.0)
    bases = [Base(np.array(at), AIRSPACE, MODEL) for at in docks]
    return assigned(tour, bases, usable_wh, fleet, seed=1)


def fleet_of(docks: int, drones: int, objective: Objective = Objective.MAKESPAN) -> Fleet:
    return Fleet(tuple(Dock(f"d{n}", f"d{n}", 121.0, 30.7, 3.0) for n in range(docks)), drones, 1800.0, objective)


@given(seed=st.integers(0, 10_000), usable_wh=st.floats(9.0, 40.0), docks=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_no_sortie_needs_more_than_its_battery_and_all_lanes_are_flown_once(seed, usable_wh, docks):
    stretches = lanes(seed)
    places = [[0.0, 0.0], [-1500.0, -900.0], [1500.0, -900.0]][:docks]
    done = flown(stretches, places, fleet_of(docks, 1), usable_wh)
    for flight in done.flights:
        base = Base(np.array(places[flight.dock]), AIRSPACE, MODEL)
        assert base.cost(flight.stretches).energy_wh <= usable_wh + 1e-6
    lengths = sum(s.length_m for f in done.flights for s in f.stretches) + sum(s.length_m for s in done.left_out)
    assert lengths == pytest.approx(sum(s.length_m for s in stretches))
    pieces = [s.points for f in done.flights for s in f.stretches] + [s.points for s in done.left_out]
    drawn = shapely.union_all([shapely.LineString(points) for points in pieces]).buffer(1e-6)
    assert all(shapely.LineString(stretch.points).difference(drawn).length < 1e-6 for stretch in stretches)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_sums_along_a_tour_are_what_flying_it_costs(seed):
    """The prefix sums against the flight line itself; they may be higher (every hop stops), never lower."""
    tour = Tour(lanes(seed), PHOTOS, MODEL, AIRSPACE, cut_m=60.0)
    random = np.random.default_rng(seed)
    first = int(random.integers(0, len(tour) - 1))
    last = np.arange(first + 1, len(tour))
    runs = tour.run(first, last)
    for place, seconds, energy in zip(last, runs.time_s, runs.energy_wh, strict=True):
        pieces = tour.pieces(first, int(place))
        cost = sum((MODEL.path(p.points) for p in pieces), MODEL.path(pieces[0].points[:1]))
        for one, other in pairwise(pieces):
            cost += MODEL.path(AIRSPACE.way(one.points[-1], other.points[0]))
        assert seconds == pytest.approx(cost.time_s)
        assert energy == pytest.approx(cost.energy_wh)


def places_of(seed: int) -> list[Stretch]:
    """Return scattered places, a photo at each, in the order of a walk from west to east."""
    at = np.random.default_rng(seed).uniform(-2500, 2500, (30, 2))
    open_at = at[AIRSPACE.is_free(at, at)]
    return [Stretch(place[None], 0.0, cuttable=False) for place in open_at[np.argsort(open_at[:, 0])]]


@given(seed=st.integers(0, 10_000), scattered=st.booleans(), objective=st.sampled_from(Objective))
@settings(max_examples=8, deadline=None)
def test_routing_is_never_worse_than_the_split_and_flies_the_same_within_the_battery(seed, scattered, objective):
    stretches = places_of(seed) if scattered else lanes(seed)
    docks = [[0.0, 0.0], [-1500.0, -900.0], [1500.0, -900.0]]
    fleet = fleet_of(3, 2, objective)
    tour = Tour(stretches, PHOTOS, MODEL, AIRSPACE, cut_m=60.0)
    bases = [Base(np.array(at), AIRSPACE, MODEL) for at in docks]
    before = split(tour, bases, 25.0, fleet, 1).flights
    after = rerouted(before, bases, PHOTOS, 25.0, fleet, 1)
    assert merit(after, bases, 25.0, fleet) <= merit(before, bases, 25.0, fleet)
    assert all(bases[one.dock].cost(one.stretches).energy_wh <= 25.0 + 1e-6 for one in after)
    again = rerouted(before, bases, PHOTOS, 25.0, fleet, 1)
    assert [[s.points.tolist() for s in one.stretches] for one in after] == [
        [s.points.tolist() for s in one.stretches] for one in again
    ]
    flown_m = [sum(s.length_m for one in some for s in one.stretches) for some in (before, after)]
    assert flown_m[0] == pytest.approx(flown_m[1])
    points = [{tuple(p) for one in some for s in one.stretches for p in s.points.round(3)} for some in (before, after)]
    assert not scattered or points[0] == points[1]
    for one in after:
        line = shapely.LineString(bases[one.dock].line(one.stretches))
        assert line.difference(FREE.buffer(0.01)).length < 0.01


@given(seed=st.integers(0, 10_000), usable_wh=st.floats(12.0, 40.0))
@settings(max_examples=8, deadline=None)
def test_divided_lanes_have_the_asked_overlap_all_along_and_no_piece_is_flown_twice(seed, usable_wh):
    stretches = [replace(one, points=one.points[[0, -1]]) for one in lanes(seed)]
    done = flown(stretches, [[0.0, 0.0], [-1500.0, -900.0]], fleet_of(2, 1), usable_wh)
    pieces = [piece for one in done.flights for piece in one.stretches] + done.left_out
    for stretch in stretches:
        line, seen, ends = shapely.LineString(stretch.points), [], []
        for piece in pieces:
            part = shapely.LineString(piece.points)
            if line.buffer(0.01).covers(part):
                along = PHOTOS.photos(piece.length_m, piece.photo_step_m)
                seen += shapely.line_locate_point(line, shapely.line_interpolate_point(part, along)).tolist()
                ends += [line.project(shapely.Point(point)) for point in piece.points]
        tail_m = STEP_SLACK_M + TRIGGER_TICK_S * PHOTOS.speed_m_s * len(seen) + 0.01  # the last photo is due early
        assert min(seen) <= tail_m
        assert max(seen) >= stretch.length_m - tail_m
        assert np.diff(np.sort(seen)).max() <= stretch.photo_step_m + 0.01
        ends.sort()
        assert ends[1:-1:2] == pytest.approx(ends[2::2], abs=0.01)  # pieces meet at cuts, and do not overlap


def test_routing_lands_scattered_patrols_earlier():
    docks = [[-1200.0, -1200.0], [1200.0, -1200.0], [0.0, 1500.0]]
    fleet = fleet_of(3, 1)
    bases = [Base(np.array(at), AIRSPACE, MODEL) for at in docks]
    tour = Tour(places_of(1), PHOTOS, MODEL, AIRSPACE, cut_m=0.0)
    before = split(tour, bases, 25.0, fleet, 1).flights
    after = rerouted(before, bases, PHOTOS, 25.0, fleet, 1)
    assert merit(after, bases, 25.0, fleet)[1] < 0.9 * merit(before, bases, 25.0, fleet)[1]


def test_what_no_battery_reaches_is_left_out_and_the_rest_is_flown():
    near, far = (
        Stretch(np.array([[0.0, -100.0], [500.0, -100.0]]), 30.0),
        Stretch(np.array([[2900.0, -2900.0], [2900.0, -2400.0]]), 30.0),
    )
    done = flown([near, far], [[0.0, 0.0]], fleet_of(1, 1), 20.0)
    assert [f.stretches[0].points.tolist() for f in done.flights] in (
        [near.points.tolist()],
        [near.points[::-1].tolist()],
    )
    assert sum(s.length_m for s in done.left_out) == pytest.approx(far.length_m)


def test_docks_share_the_work_and_fewest_sorties_are_never_more():
    stretches = lanes(3) + [replace(s, points=s.points - (0, 900)) for s in lanes(4)]
    places = [[-900.0, -800.0], [900.0, -800.0]]
    quick = flown(stretches, places, fleet_of(2, 1), 25.0)
    few = flown(stretches, places, fleet_of(2, 1, Objective.SORTIES), 25.0)
    assert {flight.dock for flight in quick.flights} == {0, 1}
    assert len(few.flights) <= len(quick.flights)


def test_two_like_docks_share_the_sorties():
    """Prices alone would hand all sorties to one of two mirror docks, and its drone would charge between them."""
    places = [[-550.0, 0.0], [550.0, 0.0]]
    stretches = [Stretch(np.array([[-500.0, y], [500.0, y]]), 30.0) for y in (-200.0, -100.0, 0.0, 100.0, 200.0)]
    found = flown(stretches, places, fleet_of(2, 1), 20.0)
    counts = [sum(flight.dock == dock for flight in found.flights) for dock in (0, 1)]
    assert min(counts) >= 1
    assert max(counts) - min(counts) <= 1


def sorties(seed: int) -> tuple[Sortie, ...]:
    """Return sorties that cross each other over and over, from two docks."""
    random = np.random.default_rng(seed)
    docks = [Dock("a", "a", 121.0, 30.7, 3.0), Dock("b", "b", 121.01, 30.7, 3.0)]
    found = []
    for number in range(int(random.integers(2, 9))):
        dock = docks[int(random.integers(0, 2))]
        turns = random.uniform([120.995, 30.695], [121.015, 30.705], (int(random.integers(1, 5)), 2))
        waypoints = tuple(Waypoint(float(lon), float(lat), 80.0, photo_here=True) for lon, lat in turns)
        line = FRAME.to_metres([(dock.lon_deg, dock.lat_deg), *turns, (dock.lon_deg, dock.lat_deg)])
        cost = MODEL.up_and_down() + MODEL.path(line)
        found.append(
            Sortie(
                f"sortie-{number + 1:02d}", dock, waypoints, 10.0, 80.0, cost.length_m, cost.time_s, cost.energy_wh, 0
            )
        )
    return tuple(found)


def on_levels(sortie: Sortie) -> list[Sortie]:
    return [sortie, raised(sortie, LEVEL_M, CRAFT), raised(sortie, 2 * LEVEL_M, CRAFT)]


def timetable(seed: int, drones: int, charge_s: float, levels: bool = True) -> tuple[Mission, Fleet]:
    mission = Mission("m", 1, "c", "small-quad", "ardupilot", 80.0, 0.05, 50.0, 30.0, (), (), sorties(seed))
    fleet = replace(fleet_of(2, drones), charge_s=charge_s)
    return with_timetable(mission, fleet, CRAFT, on_levels if levels else None), fleet


@given(seed=st.integers(0, 10_000), drones=st.integers(1, 3), charge_s=st.floats(0, 3000))
@settings(max_examples=40, deadline=None)
def test_no_drone_flies_twice_at_once_nor_before_it_is_charged(seed, drones, charge_s):
    mission, fleet = timetable(seed, drones, charge_s)
    bars = rows(mission, fleet.charge_s)
    assert sorted(bar.sortie_id for bar in bars) == sorted(sortie.id for sortie in mission.sorties)
    for one, other in pairwise(bars):
        assert one.drone != other.drone or other.start_s >= one.charged_s
    for dock in ("a", "b"):
        assert len({bar.drone for bar in bars if bar.dock_id == dock}) <= drones
    assert all(bar.start_s >= 0 for bar in bars)
    assert makespan_s(mission) >= least_makespan_s(mission.sorties, fleet) - 1e-6


def assert_apart(mission: Mission) -> None:
    """No two drones are nearer than 40 m on the map and 10 m in height at any time, even where one is late."""
    tracks = [track(sortie, FRAME, CRAFT) for sortie in mission.sorties]
    clock = np.arange(0.0, makespan_s(mission), 3.0)

    def at(number: int, late_s: float) -> np.ndarray:
        since = clock - mission.sorties[number].start_s - late_s
        one = tracks[number]
        where = np.column_stack([np.interp(since, one.time_s, one.at[:, axis]) for axis in range(3)])
        where[(since < 0) | (since > one.time_s[-1])] = np.nan  # in its dock
        return where

    for one in range(len(tracks)):
        for other in range(one):
            for late_s in (-0.9 * APART_S, -15.0, 0.0, 15.0, 0.9 * APART_S):
                away = at(one, 0.0) - at(other, late_s)
                assert not ((np.hypot(*away[:, :2].T) < APART_M) & (np.abs(away[:, 2]) < APART_UP_M)).any()


@given(seed=st.integers(0, 10_000), drones=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_drones_in_the_air_at_once_are_apart_on_the_map_or_in_height_even_where_one_is_late(seed, drones):
    assert_apart(timetable(seed, drones, 600.0)[0])


def test_a_level_is_taken_where_it_lands_sooner_than_waiting():
    """Two docks whose drones cross each other's way at the same time, out and back: one flies above the other."""
    docks = [Dock("a", "a", 121.0, 30.7, 3.0), Dock("b", "b", 121.01, 30.691, 3.0)]
    ends = [Waypoint(121.02, 30.7, 80.0, photo_here=True), Waypoint(121.01, 30.709, 80.0, photo_here=True)]
    both = tuple(
        Sortie(f"sortie-{number}", dock, (end,), 10.0, 80.0, 4000.0, 520.0, 20.0, 1)
        for number, (dock, end) in enumerate(zip(docks, ends, strict=True))
    )
    mission = Mission("m", 1, "c", "small-quad", "ardupilot", 80.0, 0.05, 50.0, 30.0, (), (), both)
    staggered, levelled = (with_timetable(mission, fleet_of(2, 1), CRAFT, choices) for choices in (None, on_levels))
    assert makespan_s(levelled) < makespan_s(staggered)
    assert {sortie.return_height_m for sortie in levelled.sorties} == {80.0, 80.0 + LEVEL_M}
    for timed in (staggered, levelled):
        assert_apart(timed)


def test_only_ways_without_photos_are_raised_and_they_are_paid_for():
    (sortie,) = (one for one in sorties(11)[:1])
    high = raised(sortie, 15.0, CRAFT)
    assert [w for w in high.waypoints if w.photo_here] == list(sortie.waypoints)
    assert (high.waypoints[0].height_m, high.return_height_m) == (95.0, 95.0)
    climbs_wh = 2 * 15.0 * (CRAFT.climb_w / CRAFT.climb_m_s + CRAFT.hover_w / CRAFT.descent_m_s) / 3600
    assert high.planned_energy_wh - sortie.planned_energy_wh == pytest.approx(climbs_wh, abs=0.01)
    assert high.planned_photos == sortie.planned_photos


def test_the_timetable_is_the_same_again():
    assert timetable(5, 2, 900.0) == timetable(5, 2, 900.0)
