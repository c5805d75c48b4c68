"""The local metric frame against the geodesic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Polygon, box

from dronepatrol.geo.local import LocalFrame, area_m2

GEOD = Geod(ellps="WGS84")
NEAR = st.floats(-5000, 5000)


@given(lon=st.floats(-179, 179), lat=st.floats(-70, 70), east=NEAR, north=NEAR)
def test_metres_to_degrees_and_back(lon, lat, east, north):
    frame = LocalFrame(lon, lat)
    back = frame.to_metres(frame.to_lonlat([east, north]))
    np.testing.assert_allclose(back, [east, north], atol=1e-6)


@given(east=NEAR, north=NEAR)
def test_lengths_and_directions_are_those_of_the_ellipsoid(east, north):
    frame = LocalFrame(121.08, 30.82)
    lon, lat = frame.to_lonlat([east, north])
    azimuth, _, distance = GEOD.inv(121.08, 30.82, lon, lat)
    assert distance == pytest.approx(np.hypot(east, north), abs=0.01)
    if distance > 1:
        turn = (azimuth - np.degrees(np.arctan2(east, north)) + 180) % 360 - 180
        assert abs(turn) < 0.001


def test_a_frame_around_a_geometry_has_its_middle_as_origin():
    frame = LocalFrame.around(box(121.0, 30.0, 121.2, 30.4))
    np.testing.assert_allclose([frame.lon_deg, frame.lat_deg], [121.1, 30.2])


def test_area_takes_holes_out_whatever_way_the_rings_turn():
    frame = LocalFrame(121.0, 30.7)
    outer = [(0, 0), (0, 400), (300, 400), (300, 0)]
    hole = [(50, 50), (150, 50), (150, 150), (50, 150)]
    for outer_ring in (outer, outer[::-1]):
        for hole_ring in (hole, hole[::-1]):
            polygon = frame.geometry_to_lonlat(Polygon(outer_ring, [hole_ring]))
            assert area_m2(polygon) == pytest.approx(110_000, rel=1e-6)
