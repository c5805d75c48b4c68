"""Buildings near legs."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import Building
from dronepatrol.terrain.buildings import Skyline
from dronepatrol.terrain.flat import FlatTerrain

FRAME = LocalFrame(121.05, 30.7)
place = st.tuples(st.floats(-500, 500), st.floats(-500, 500))


def building(east, north, height_m, side_m=20.0) -> Building:
    box = shapely.box(east - side_m / 2, north - side_m / 2, east + side_m / 2, north + side_m / 2)
    return Building(FRAME.geometry_to_lonlat(box), height_m)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(place, st.floats(3, 120)), min_size=1, max_size=12), place, place, st.floats(0, 30))
def test_the_highest_building_near_a_leg_is_found(houses, start, end, beside_m):
    buildings = [building(*at, height) for at, height in houses]
    skyline = Skyline(buildings, FlatTerrain(4.0), FRAME, 0.0)
    leg = shapely.LineString([start, end])
    near = [
        one.height_m for one in buildings if FRAME.geometry_to_metres(one.geometry).distance(leg) <= beside_m - 1e-6
    ]
    maybe = [
        one.height_m for one in buildings if FRAME.geometry_to_metres(one.geometry).distance(leg) <= beside_m + 1e-6
    ]
    found = skyline.highest_near_legs(np.array([start]), np.array([end]), beside_m)[0]
    assert found >= max(near, default=-np.inf) + 4.0
    assert found <= max(maybe, default=-np.inf) + 4.0


def test_heights_above_ground_and_ground_that_is_not_known():
    class Nowhere:
        source = "nothing"

        def height_m(self, lonlat):
            return np.full(np.asarray(lonlat).shape[:-1], np.nan)

    skyline = Skyline([building(0, 0, 30.0), building(100, 0, 12.0)], Nowhere(), FRAME, 7.0)
    assert skyline.height_m([[0, 0], [100, 5], [50, 0]]).tolist() == [30.0, 12.0, 0.0]
    assert skyline.tops_amsl_m.tolist() == [37.0, 19.0]


def test_no_buildings_are_no_obstacle():
    skyline = Skyline([], None, FRAME, 0.0)
    assert skyline.highest_near_legs(np.zeros((2, 2)), np.ones((2, 2)), 10.0).tolist() == [-np.inf, -np.inf]
