import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import Point

from dronepatrol.geo.local import WGS84, area_m2
from dronepatrol.ingest.photos import shots_from_photos, shots_table

GIVEN = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None, "max_examples": 30}


def shot(make_photo, *, lonlat=(121.0, 30.7), height=80.0, yaw=0.0, pitch=-90.0):
    xmp = {
        "RelativeAltitude": f"+{height:.2f}",
        "GimbalYawDegree": f"{yaw:.2f}",
        "GimbalPitchDegree": f"{pitch:.2f}",
        "GimbalRollDegree": "+0.00",
    }
    return shots_table(list(shots_from_photos([make_photo(lonlat=lonlat, xmp=xmp)], root=None))).iloc[0]


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(5, 500), st.floats(-180, 180))
@settings(**GIVEN)
def test_nadir_footprint_has_the_size_of_the_picture_around_the_camera(make_photo, lon, lat, height, yaw):
    assume(abs(lon) + abs(lat) > 1e-3)  # (0, 0) is no position
    row = shot(make_photo, lonlat=(lon, lat), height=height, yaw=yaw)
    gsd_m = row.height_m / row.fx_px
    assert area_m2(row.geometry) == pytest.approx(400 * 300 * gsd_m**2, rel=2e-3)
    middle = row.geometry.centroid
    assert WGS84.inv(middle.x, middle.y, lon, lat)[2] < 0.01 * height
    assert row.geometry.exterior.is_ccw


@given(st.floats(-180, 180), st.floats(-85, -40))
@settings(**GIVEN)
def test_looking_forward_shifts_the_footprint_ahead(make_photo, yaw, pitch):
    row = shot(make_photo, yaw=yaw, pitch=pitch)
    assume(row.geometry is not None)
    distance_m = row.height_m / math.tan(math.radians(-row.pitch_deg))
    lon, lat, _ = WGS84.fwd(row.lon_deg, row.lat_deg, row.yaw_deg, distance_m)
    assert row.geometry.contains(Point(lon, lat)), "the optical axis meets the ground inside"


def test_long_side_lies_across_the_heading(make_photo):
    west, south, east, north = shot(make_photo, yaw=0.0).geometry.bounds
    assert (east - west) * math.cos(math.radians(30.7)) > 1.3 * (north - south)
    west, south, east, north = shot(make_photo, yaw=90.0).geometry.bounds
    assert (north - south) > 1.3 * (east - west) * math.cos(math.radians(30.7))


@pytest.mark.parametrize(("height", "pitch"), [(0.0, -90.0), (80.0, -10.0), (80.0, 0.0), (80.0, 30.0)])
def test_no_footprint_where_there_is_none(make_photo, height, pitch):
    assert shot(make_photo, height=height, pitch=pitch).geometry is None


def test_neighbours_overlap_on_a_real_flight(testdata):
    paths = sorted(testdata("imagery/brighton_beach_dji_fc300s").glob("*.JPG"))[:6]  # one lane, as flown
    prints = shots_table(list(shots_from_photos(paths, root=None))).geometry.tolist()
    shared = [one.intersection(other).area / one.area for one, other in pairwise(prints)]
    assert np.min(shared) > 0.5
