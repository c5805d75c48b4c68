"""What photos will cover: the grid against exact geometry, and photos against the trigger's law."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import LocalFrame, area_m2
from dronepatrol.model.mission import Dock, Mission, Sortie, Waypoint
from dronepatrol.model.patrol import Area, Pattern
from dronepatrol.model.proof import MOST_OVERLAP
from dronepatrol.plan.footprints import due_photos, photo_footprints, seen_quads
from dronepatrol.plan.proof import prove
from dronepatrol.plan.request import Request
from dronepatrol.store import profiles
from dronepatrol.store.spec import read_spec

FRAME = LocalFrame(121.05, 30.70)
SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
CAMERA, CRAFT = profiles.camera("embedded-3mp"), profiles.aircraft("small-quad")
DOCK = Dock("d", "dock", 121.05, 30.70, 5.0)


def sortie_of(corners, height_m=60.0, number=1, **more) -> Sortie:
    """Return a sortie over (east, north, photo step) corners."""
    waypoints = []
    for east, north, step in corners:
        lon, lat = FRAME.to_lonlat((east, north))
        waypoints.append(Waypoint(float(lon), float(lat), height_m, step, **more))
    return Sortie(f"sortie-{number:02d}", DOCK, tuple(waypoints), 10.0, height_m, 1.0, 1.0, 1.0, 1)


def mission_of(*sorties) -> Mission:
    return Mission("p", 1, CAMERA.id, CRAFT.id, "ardupilot", 60.0, 0.03, 40.0, 20.0, (), (), sorties)


def request_of(shape, **more) -> Request:
    area = Area("a", "area", FRAME.geometry_to_lonlat(shape))
    return Request(more.pop("spec", SPEC), (area,), (), CAMERA, CRAFT, **more)


def lanes(count, spacing=40.0, length=300.0, step=20.0) -> list:
    corners = []
    for lane in range(count):
        ends = [(0.0, lane * spacing), (length, lane * spacing)]
        (x0, y0), (x1, y1) = ends if lane % 2 == 0 else ends[::-1]
        corners += [(x0, y0, step), (x1, y1, 0.0)]
    return corners


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.sampled_from([0.0, 15.0, 30.0])), min_size=2,
             max_size=6, unique=True),
    st.floats(30, 110),
    st.integers(0, 5),
)  # fmt: skip
def test_the_grid_agrees_with_exact_polygons(corners, height_m, seed):
    rng = np.random.default_rng(seed)
    outline = shapely.Point(0, 0).buffer(150).difference(shapely.Point(rng.uniform(-80, 80, 2)).buffer(50))
    mission = mission_of(sortie_of(corners, height_m))
    target = prove(mission, request_of(outline)).targets[0]
    across, along = CAMERA.footprint_m(height_m)
    seen = shapely.union_all(photo_footprints(mission, FRAME, across, along))
    exact = outline.intersection(seen).area / outline.area
    assert target.covered_share == pytest.approx(exact, abs=0.01)
    assert sum(target.overlap_shares) == pytest.approx(1.0)
    holes = sum(area_m2(shapely.Polygon(rings[0], rings[1:])) for rings in target.holes)
    assert holes == pytest.approx((1 - target.covered_share) * outline.area, abs=0.005 * outline.area)
    mean = sum(k * share for k, share in enumerate(target.overlap_shares))
    if target.overlap_shares[MOST_OVERLAP] == 0:
        each = [photo.intersection(outline).area for photo in photo_footprints(mission, FRAME, across, along)]
        assert mean == pytest.approx(sum(each) / outline.area, abs=0.02 * max(mean, 1))


def test_gsd_and_overlap_of_a_plain_grid_of_lanes():
    across, along = CAMERA.footprint_m(60.0)
    mission = mission_of(sortie_of(lanes(9, across / 2, 400.0, along / 4)))
    proof = prove(mission, request_of(shapely.box(100, across * 1.2, 300, across * 2.8)))
    target = proof.targets[0]
    assert target.covered_share == 1.0
    assert target.holes == ()
    assert target.gsd_m == pytest.approx((60 / CAMERA.focal_px,) * 3)
    assert sum(target.overlap_shares[6:]) > 0.95  # 4 photos along times 2 lanes
    assert len(proof.lonlat) == len(proof.sortie) == len(proof.footprint_lonlat) == len(proof.above_ground_m)


def test_a_place_that_no_photo_sees_is_a_hole_at_its_place():
    along = CAMERA.footprint_m(60.0)[1]
    ends = [(0, 0, along / 2), (120, 0, 0.0), (320, 0, along / 2), (440, 0, 0.0)]
    target = prove(mission_of(sortie_of(ends)), request_of(shapely.box(0, -20, 440, 20))).targets[0]
    assert len(target.holes) == 1
    hole = FRAME.geometry_to_metres(shapely.Polygon(target.holes[0][0]))
    assert hole.contains(shapely.Point(220, 0))
    assert hole.area == pytest.approx((1 - target.covered_share) * 440 * 40, rel=0.01)


def test_what_is_kept_out_of_is_no_hole():
    area = shapely.box(0, -20, 440, 20)
    middle = FRAME.geometry_to_lonlat(shapely.box(100, -30, 340, 30))
    mission = mission_of(sortie_of([(0, 0, 20.0), (101, 0, 0.0), (340, 0, 20.0), (440, 0, 0.0)]))
    open_everywhere = prove(mission, request_of(area)).targets[0]
    assert open_everywhere.covered_share < 0.9
    kept_out = replace(mission, nofly=((tuple(middle.exterior.coords),),))
    target = prove(kept_out, request_of(area)).targets[0]
    assert target.covered_share == 1.0
    assert target.size == pytest.approx(200 * 40, rel=1e-4)


def test_photos_go_on_over_waypoints_that_keep_the_step():
    whole = due_photos(sortie_of([(0, 0, 30.0), (1000, 0, 0.0)]), FRAME)
    pieces = due_photos(
        sortie_of([(0, 0, 30.0), (333, 0, 30.0), (335, 0, 30.0), (701, 0, 30.0), (1000, 0, 0.0)]), FRAME
    )
    np.testing.assert_allclose(pieces.places, whole.places, atol=1e-6)
    again = due_photos(sortie_of([(0, 0, 30.0), (100, 0, 0.0), (110, 0, 30.0), (200, 0, 0.0)]), FRAME)
    assert again.places[:, 0].round(3).tolist() == [0, 30, 60, 90, 110, 140, 170, 200]


def test_photo_here_is_one_photo_even_at_the_end():
    sortie = sortie_of([(0, 0, 0.0), (100, 0, 0.0)], photo_here=True, yaw_deg=90.0, gimbal_pitch_deg=-45.0)
    photos = due_photos(sortie, FRAME)
    assert photos.places[:, 0].round(3).tolist() == [0, 100]
    assert photos.yaw_deg.tolist() == [90, 90]
    assert photos.pitch_deg.tolist() == [-45, -45]


def test_oblique_photos_look_where_they_are_turned():
    nadir = sortie_of([(0, 0, 0.0)], photo_here=True)
    oblique = sortie_of([(0, 0, 0.0)], photo_here=True, yaw_deg=90.0, gimbal_pitch_deg=-45.0)
    under, ahead = (seen_quads(due_photos(one, FRAME), CAMERA, [60.0])[0] for one in (nadir, oblique))
    across, along = CAMERA.footprint_m(60.0)
    assert np.ptp(under, axis=0) == pytest.approx((across, along))
    middle = np.array([60.0, 0.0])  # at 45 degrees as far ahead as high
    assert shapely.Polygon(ahead).contains(shapely.Point(middle))
    assert ahead[:, 0].min() > 0
    level = sortie_of([(0, 0, 0.0)], photo_here=True, yaw_deg=90.0, gimbal_pitch_deg=0.0)
    assert np.isfinite(seen_quads(due_photos(level, FRAME), CAMERA, [60.0])).all()
    assert prove(mission_of(oblique), request_of(shapely.box(40, -5, 60, 5))).targets[0].covered_share == 1.0


def test_over_a_hill_photos_show_less_and_finer():
    class Hill:
        source = "hill"

        def height_m(self, lonlat):
            return np.where(FRAME.to_metres(lonlat)[..., 0] > 150, 35.0, 5.0)

    mission = mission_of(sortie_of([(0, 0, 20.0), (300, 0, 0.0)]))
    proof = prove(mission, request_of(shapely.box(0, -5, 300, 5), terrain=Hill()))
    assert proof.targets[0].gsd_m[0] == pytest.approx(30 / CAMERA.focal_px)
    assert proof.targets[0].gsd_m[2] == pytest.approx(60 / CAMERA.focal_px)
    assert set(proof.above_ground_m.round(6)) == {30.0, 60.0}


def test_networks_are_proved_by_length_and_places_by_number():
    line = FRAME.geometry_to_lonlat(shapely.LineString([(0, 0), (400, 0)]))
    mission = mission_of(sortie_of([(0, 0, 20.0), (185, 0, 0.0)]))
    corridor = request_of(shapely.box(0, -50, 500, 50), lines=(line,), spec=replace(SPEC, pattern=Pattern.CORRIDOR))
    target = prove(mission, corridor).targets[0]
    half_along = CAMERA.footprint_m(60.0)[1] / 2
    assert (target.unit, target.size) == ("m", pytest.approx(400, rel=1e-4))
    assert target.covered_share == pytest.approx((180 + half_along) / 400, abs=0.02)
    assert len(target.holes) >= 1
    places = tuple(shapely.Point(FRAME.to_lonlat(place)) for place in [(10, 0), (100, 3), (390, 0), (0, 300)])
    recheck = request_of(shapely.box(0, 0, 1, 1), places=places, spec=replace(SPEC, pattern=Pattern.RECHECK))
    target = prove(mission, recheck).targets[0]
    assert (target.unit, target.size, target.covered_share) == ("places", 4, 0.5)


def test_a_mission_without_photos_covers_nothing():
    target = prove(mission_of(sortie_of([(0, 0, 0.0), (100, 0, 0.0)])), request_of(shapely.box(0, 0, 50, 50))).targets[
        0
    ]
    assert target.covered_share == 0.0
    assert np.isnan(target.gsd_m).all()
    assert len(target.holes) == 1


def test_a_city_takes_seconds():
    sorties = [
        sortie_of([(x, y + 4000 * n, s) for x, y, s in lanes(100, 40.0, 4005.0, 40.0)], number=n) for n in (0, 1)
    ]
    began = time.perf_counter()
    proof = prove(mission_of(*sorties), request_of(shapely.box(0, 0, 4000, 8000)))
    assert len(proof.lonlat) > 20000
    assert proof.targets[0].covered_share > 0.998
    assert time.perf_counter() - began < 10  # about one second on an idle core
