"""What the photos of each pattern show, worked out with the camera model of geo and not with the planner's own."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from dronepatrol.geo.ground import footprint, ground_to_pixels, pixels_to_ground
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.patrol import Layout
from dronepatrol.plan.patterns.coverage import coverage
from dronepatrol.plan.patterns.crosshatch import crosshatch
from dronepatrol.plan.patterns.ground import Ground
from dronepatrol.plan.patterns.oblique import oblique
from dronepatrol.plan.patterns.perimeter import perimeter
from dronepatrol.plan.patterns.points import points
from dronepatrol.plan.patterns.recheck import recheck
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch
from dronepatrol.plan.timing import Pace

HEIGHT = 100.0
CAMERA = Camera.pinhole((200, 150), 200.0)  # 100 m by 75 m from 100 m
CLOSED = box(300, 300, 380, 420)
HOLED = box(0, 0, 700, 600).difference(CLOSED)
SLANTED = Polygon([(0, 0), (650, 120), (500, 600), (90, 420)])


def ground(target=SLANTED, closed=None, overlaps=(0.5, 0.4), beyond=150.0, **layout):
    front, side = overlaps
    photos = PhotoPlan(HEIGHT, 0.5, 100.0, 75.0, 100.0 * (1 - side), 75.0 * (1 - front), 10.0, 10.0)
    free = target.convex_hull.buffer(beyond, join_style="mitre")
    free = free if closed is None else free.difference(closed.buffer(10, join_style="mitre"))
    return Ground(target, free, photos, Pace(10.0, 2.5), Layout(**layout), 1, effort=0.1)


def shots(stretch: Stretch):
    """Yield (place, yaw) of the photos of a stretch at their largest step."""
    yaws = stretch.yaws_deg()
    if stretch.photo_step_m <= 0:
        yield from zip(stretch.points, yaws, strict=True)
        return
    for start, end in zip(stretch.points, stretch.points[1:], strict=False):
        length = float(np.hypot(*(end - start)))
        along = np.degrees(np.arctan2(*(end - start))) if yaws[0] is None else yaws[0]
        for at in [*np.arange(0.0, length, stretch.photo_step_m), length]:
            yield start + (end - start) * at / max(length, 1e-9), along


def seen(stretches):
    """Return the footprints of all photos."""
    return [
        Polygon(place + footprint(CAMERA, camera_to_ned(yaw or 0.0, stretch.gimbal_pitch_deg, 0.0), HEIGHT))
        for stretch in stretches
        for place, yaw in shots(stretch)
    ]


def share(target, footprints):
    return shapely.union_all(footprints).intersection(target).area / target.area


def stays_free(where, stretches):
    line = shapely.union_all([LineString(s.points) if len(s.points) > 1 else Point(s.points[0]) for s in stretches])
    return where.free.buffer(0.01).covers(line)


@pytest.mark.parametrize("pattern", [coverage, crosshatch, oblique, perimeter])
def test_no_stretch_enters_a_no_fly_zone(pattern):
    where = ground(HOLED, CLOSED)
    laid = pattern(where)
    assert laid.stretches
    assert stays_free(where, laid.stretches)


@given(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 600)), min_size=1, max_size=8), st.sampled_from([1, 5]))
@settings(max_examples=30, deadline=None)
def test_flights_to_places_stay_out_of_no_fly_zones_and_say_what_they_lose(places, count):
    where = ground(HOLED, CLOSED, recheck_photos=count)
    at = np.array(places)
    looked = recheck(where, at)
    orbits = points(where, at)
    for laid in (looked, orbits):
        assert stays_free(where, laid.stretches)
    assert len(looked.stretches) + len(looked.losses) >= 1
    taken = sum(len(stretch.points) for stretch in orbits.stretches)
    wanted = 8 * len(np.unique(at, axis=0))
    assert (taken < wanted) == bool(orbits.losses)


@given(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 600)), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_every_place_that_is_not_lost_is_seen_by_its_recheck(places):
    where = ground(HOLED, CLOSED)
    laid = recheck(where, np.array(places))
    feet = seen(laid.stretches)
    missed = [place for place in places if not any(foot.distance(Point(place)) < 0.5 for foot in feet)]
    lost = MultiPoint([loss.at for loss in laid.losses])
    assert all(lost.distance(Point(place)) < 1e-6 for place in missed)


def test_two_places_seen_from_the_same_stand_are_both_looked_at():
    places = np.array([[310.0, 360.0], [305.0, 360.0], [305.0, 360.0]])  # both nearest to the zone's west edge
    laid = recheck(ground(HOLED, CLOSED), places)
    assert sorted(stretch.look_at for stretch in laid.stretches) == [(305.0, 360.0), (310.0, 360.0)]
    assert len({stretch.points.tobytes() for stretch in laid.stretches}) == 1


def test_a_cross_has_the_place_in_each_of_its_five_photos():
    laid = recheck(ground(recheck_photos=5), np.array([[300.0, 300.0]]))
    feet = seen(laid.stretches)
    assert len(feet) == 5
    assert all(foot.contains(Point(300, 300)) for foot in feet)


@given(st.floats(10, 150), st.integers(1, 24), st.lists(st.tuples(st.floats(0, 600), st.floats(0, 400)), max_size=5))
@settings(max_examples=30, deadline=None)
def test_orbits_keep_their_radius_and_look_at_the_centre(radius, count, places):
    at = np.unique(np.array([(300.0, 200.0), *places]).round(1), axis=0)
    laid = points(ground(beyond=400.0, orbit_radius_m=radius, orbit_photos=count), at)
    assert not laid.losses
    assert len(laid.stretches) == len(at)
    for stretch in laid.stretches:
        assert len(stretch.points) == count
        centre = np.array(stretch.look_at)
        np.testing.assert_allclose(np.hypot(*(stretch.points - centre).T), radius, rtol=1e-9)
        for place, yaw in shots(stretch):
            rotation = camera_to_ned(yaw, stretch.gimbal_pitch_deg, 0.0)
            pixel = ground_to_pixels(CAMERA, rotation, HEIGHT, centre - place)
            np.testing.assert_allclose(pixel, [99.5, 74.5], atol=0.6)
    assert sorted(stretch.look_at for stretch in laid.stretches) == sorted(tuple(place) for place in at.tolist())


@pytest.mark.parametrize("target", [SLANTED, HOLED])
@pytest.mark.parametrize("pitch", [-45.0, -60.0])
def test_oblique_photos_show_the_area_from_four_sides_and_from_above(target, pitch):
    laid = oblique(ground(target, beyond=250.0, oblique_pitch_deg=pitch))
    assert not laid.losses
    above = [stretch for stretch in laid.stretches if stretch.yaw_deg is None]
    assert share(target, seen(above)) > 0.995
    headings = sorted({stretch.yaw_deg for stretch in laid.stretches if stretch.yaw_deg is not None})
    np.testing.assert_allclose(np.diff(headings), 90.0, atol=0.02)
    for heading in headings:
        one = [stretch for stretch in laid.stretches if stretch.yaw_deg == heading]
        assert all(stretch.gimbal_pitch_deg == pitch for stretch in one)
        assert share(target, seen(one)) > 0.99


def test_oblique_passes_that_have_no_place_to_fly_say_so():
    laid = oblique(ground(beyond=5.0))
    assert len(laid.losses) == 4
    assert all("not seen" in loss.what.en for loss in laid.losses)


@pytest.mark.parametrize("target", [SLANTED, HOLED])
def test_crosshatch_covers_twice_at_right_angles(target):
    laid = crosshatch(ground(target))
    ways = np.array([np.subtract(*stretch.points[::-1]) for stretch in laid.stretches])
    ways /= np.hypot(*ways.T)[:, None]
    first = np.abs(ways @ ways[0]) > 0.5
    assert np.allclose(np.abs(ways @ ways[0]), first, atol=1e-6)
    assert first.any()
    assert not first.all()
    for which in (first, ~first):
        one = [stretch for stretch, chosen in zip(laid.stretches, which, strict=True) if chosen]
        assert share(target, seen(one)) > 0.99


@pytest.mark.parametrize("overlaps", [(0.0, 0.0), (0.8, 0.0), (0.0, 0.7)])
def test_plain_patrol_without_overlap_still_shows_everything(overlaps):
    laid = coverage(ground(overlaps=overlaps))
    assert share(SLANTED, seen(laid.stretches)) > 0.98


@pytest.mark.parametrize("offset", [-40.0, 0.0, 30.0])
def test_a_perimeter_goes_around_and_looks_in(offset):
    laid = perimeter(ground(perimeter_offset_m=offset))
    assert sum(stretch.length_m for stretch in laid.stretches) > 0.7 * SLANTED.exterior.length
    for stretch in laid.stretches:
        middle = stretch.points.mean(axis=0)
        rotation = camera_to_ned(stretch.yaw_deg, stretch.gimbal_pitch_deg, 0.0)
        looks_at = middle + pixels_to_ground(CAMERA, rotation, HEIGHT, [99.5, 74.5])
        assert SLANTED.contains(Point(looks_at))
        back = (stretch.points[-1] - middle) @ (looks_at - middle)
        assert back == pytest.approx(0.0, abs=1e-3 * stretch.length_m * HEIGHT)  # square to the flight


def test_a_perimeter_goes_round_a_no_fly_zone_at_the_border():
    closed = box(-50, 200, 60, 300)
    target = box(0, 0, 700, 600).difference(closed)
    where = ground(target, closed)
    laid = perimeter(where)
    assert stays_free(where, laid.stretches)
    assert not laid.losses


def test_a_perimeter_further_inside_than_the_area_is_wide_says_so():
    laid = perimeter(ground(perimeter_offset_m=-400.0))
    assert not laid.stretches
    assert "nothing is left of the area 400 m inside its border" in laid.losses[0].what.en
