import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.local import WGS84
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.ingest.cameras import camera_of
from dronepatrol.ingest.metadata import read_metadata
from dronepatrol.ingest.photos import shots_from_photos, shots_table
from dronepatrol.model.camera import Camera

NADIR = {"RelativeAltitude": "+50", "GimbalYawDegree": "+30.0", "GimbalPitchDegree": "-90.0", "GimbalRollDegree": "0.0"}
DEWARP = "2018-09-07;390.0,391.0,2.0,-3.0,-0.26,0.11,0.0009,0.00008,-0.03"


def shot(path):
    return shots_table(list(shots_from_photos([path], root=None))).iloc[0]


def test_one_photo_in_full(make_photo):
    row = shot(make_photo(lonlat=(121.02, 30.70)))
    assert (row.lon_deg, row.lat_deg) == pytest.approx((121.02, 30.70), abs=1e-8)
    assert (row.altitude_m, row.altitude_reference, row.height_m) == (105.2, "AMSL", 100.0)
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg, row.attitude_of) == (30.0, -90.0, 0.0, "camera")
    assert row.time_utc == datetime(2025, 6, 1, 2, 0, tzinfo=UTC)
    assert math.hypot(row.position_sigma_m, row.position_bias_sigma_m) == pytest.approx(1.5)
    assert (row.height_sigma_m, row.height_bias_sigma_m) == (0.5, 1.0)
    assert (row.yaw_sigma_deg, row.pitch_sigma_deg, row.roll_sigma_deg) == (2.0, 0.7, 0.7)
    assert (row.image_width_px, row.image_height_px) == (400, 300)
    assert row.focal_source == "35 mm equivalent"
    assert row.fx_px == pytest.approx(24 / 43.2666 * 500, rel=1e-5)
    assert row.quality == ""
    assert row.geometry.is_valid


@given(st.floats(-180, 180), st.floats(-90, 90))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_position_comes_back(make_photo, lon, lat):
    meta = read_metadata(make_photo(lonlat=(lon, lat)))
    assert meta.lon_deg == pytest.approx(lon, abs=1e-7)
    assert meta.lat_deg == pytest.approx(lat, abs=1e-7)


def test_element_form_reads_as_attribute_form(make_photo):
    xmp = NADIR | {"RtkFlag": "50", "RtkStdLon": "0.0123", "DewarpData": DEWARP, "CalibratedFocalLength": "388.5"}
    attribute, element = (read_metadata(make_photo(xmp=xmp, as_elements=form)) for form in (False, True))
    assert replace(attribute, picture_at=0) == replace(element, picture_at=0)
    assert attribute.gimbal.yaw_deg == 30.0


@pytest.mark.parametrize("spelling", ["GpsLongtitude", "GpsLongitude", "GPSLongtitude", "GPSLongitude", "Longitude"])
def test_longitude_in_every_spelling(make_photo, spelling):
    meta = read_metadata(make_photo(lonlat=None, xmp={spelling: "+121.5", "GpsLatitude": "-30.25"}))
    assert (meta.xmp_lon_deg, meta.xmp_lat_deg) == (121.5, -30.25)


def test_xmp_position_serves_where_exif_has_none(make_photo):
    row = shot(make_photo(lonlat=None, xmp=NADIR | {"GpsLongtitude": "121.5", "GpsLatitude": "30.25"}))
    assert (row.lon_deg, row.lat_deg) == (121.5, 30.25)


def test_metadata_behind_megabytes_of_other_segments(make_photo):
    other = b"\xff\xe3\xff\xff" + b"\0" * 65_533
    near, far = read_metadata(make_photo()), read_metadata(make_photo(before=other * 40))
    assert far.picture_at == near.picture_at + len(other) * 40
    assert (far.gimbal, far.lon_deg, far.image_wh) == (near.gimbal, near.lon_deg, near.image_wh)


@pytest.mark.parametrize(
    ("exif", "gps", "expected"),
    [
        ({0x9011: "+08:00"}, {}, "2025-06-01T02:00:00"),
        ({0x9011: "-05:30"}, {}, "2025-06-01T15:30:00"),
        ({0x9011: "+08:00", 0x9291: "250"}, {}, "2025-06-01T02:00:00.250"),
        ({0x9011: ""}, {29: "2025:06:01", 7: (1.0, 0.0, 3.0)}, "2025-06-01T01:00:00"),
        ({0x9011: "", 0x9003: "    "}, {29: "2025:06:01", 7: (1.0, 0.0, 3.0)}, "2025-06-01T01:00:00"),
        ({0x9011: ""}, {29: "2025:06:01", 7: (1.0, 7.0, 3.0)}, "2025-06-01T01:07:03"),
    ],
)
def test_time_is_utc(make_photo, exif, gps, expected):
    """Without an offset GPS time tells the clock's zone in quarters of an hour; a clock that fits none is not used."""
    row = shot(make_photo(exif=exif, gps=gps))
    assert row.time_utc == pd.Timestamp(expected, tz="UTC")
    assert row.quality == ""


def test_gps_time_alone_serves(make_photo):
    gps = {29: "2025:06:01", 7: (1.0, 2.0, 3.5)}
    row = shot(make_photo(image={0x0132: ""}, exif={0x9003: "", 0x9011: ""}, gps=gps))
    assert row.time_utc == pd.Timestamp("2025-06-01T01:02:03.5", tz="UTC")


def test_assumed_time_zone_is_said(make_photo):
    row = shot(make_photo(exif={0x9011: ""}))
    assert row.time_utc == datetime(2025, 6, 1, 2, 0, tzinfo=UTC)
    assert row.quality == "time zone assumed UTC+08:00"


@pytest.mark.parametrize(
    ("flag", "expected_m", "bias_m", "reference"),
    [
        ("50", 0.02, 1.0, "ELLIPSOID"),
        ("34", 0.02, 1.0, "ELLIPSOID"),
        ("16", 1.06, 1.06, "AMSL"),
        ("0", 1.06, 1.06, "AMSL"),
    ],
)
def test_position_sigma_by_source(make_photo, flag, expected_m, bias_m, reference):
    xmp = NADIR | {"RtkFlag": flag, "RtkStdLon": "0.01", "RtkStdLat": "0.02", "AbsoluteAltitude": "+77.5"}
    row = shot(make_photo(xmp=xmp))
    assert row.position_sigma_m == pytest.approx(expected_m, abs=0.01)
    assert row.position_bias_sigma_m == pytest.approx(bias_m, abs=0.01)
    assert (row.altitude_m, row.altitude_reference) == (77.5, reference)


def test_altitude_below_sea_level(make_photo):
    row = shot(make_photo(xmp={}, gps={5: b"\1", 6: 12.5}))
    assert (row.altitude_m, row.altitude_reference) == (-12.5, "AMSL")
    assert math.isnan(row.height_m)


def test_only_a_relative_altitude_is_said_to_be_one(make_photo):
    row = shot(make_photo(xmp={"RelativeAltitude": "+40"}))
    assert (row.altitude_m, row.altitude_reference, row.height_m) == (40.0, "HOME", 40.0)


@pytest.mark.parametrize("roll", ["+180.00", "-180.00", "179.5"])
def test_roll_180_at_nadir_is_half_a_turn(make_photo, roll):
    plain = shot(make_photo(xmp=NADIR))
    row = shot(make_photo(xmp=NADIR | {"GimbalRollDegree": roll}))
    assert row.yaw_deg % 360 == pytest.approx((plain.yaw_deg + 180) % 360)
    assert abs(row.roll_deg) < 1
    same = camera_to_ned(30.0, -90.0, float(roll))  # as rotations they are the same, straight down
    assert camera_to_ned(row.yaw_deg, row.pitch_deg, row.roll_deg) == pytest.approx(same, abs=1e-9)


def test_no_gimbal_means_no_attitude_and_no_footprint(make_photo):
    row = shot(make_photo(xmp={"RelativeAltitude": "+40", "FlightYawDegree": "10", "FlightPitchDegree": "0"}))
    assert all(math.isnan(row[name]) for name in ["yaw_deg", "pitch_deg", "roll_deg", "yaw_sigma_deg"])
    assert row.attitude_of == ""
    assert row.geometry is None
    assert row.quality == "no attitude"


def test_gimbal_without_yaw_follows_the_vehicle(make_photo):
    row = shot(make_photo(xmp={"RelativeAltitude": "+40", "GimbalPitchDegree": "-80", "FlightYawDegree": "-90.8"}))
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg) == (-90.8, -80.0, 0.0)
    assert row.pose_source == "GNSS; gimbal, vehicle's yaw, roll assumed level"
    assert (row.yaw_sigma_deg, row.roll_sigma_deg) == (4.0, 1.5)


def test_looking_at_the_horizon_has_no_footprint(make_photo):
    row = shot(make_photo(xmp=NADIR | {"GimbalPitchDegree": "-5"}))
    assert row.quality == "gimbal at the horizon"
    assert row.geometry is None


def test_edited_after_it_was_taken_leaves_the_heading_open(make_photo):
    row = shot(make_photo(image={0x0131: "Some Viewer 10", 0x0132: "2025:06:01 13:00:00"}))
    assert row.quality == "edited by Some Viewer 10: may be turned, heading unknown"
    assert row.yaw_sigma_deg > 90
    assert shot(make_photo(image={0x0131: "Some Viewer 10"})).quality == ""  # written with the photo: its own


def test_edited_files_of_a_real_flight(testdata):
    paths = sorted(testdata("imagery/brighton_beach_dji_fc300s").glob("*.JPG"))
    shots = shots_table(list(shots_from_photos(paths, root=None)))
    edited = shots[shots["quality"].str.contains("edited by Microsoft Windows Photo Viewer")]
    assert edited["shot_id"].tolist() == [f"DJI_00{number}.JPG" for number in range(24, 30)]
    assert shots["fx_px"].tolist() == pytest.approx([3.61 / 6.17 * 4000] * 18)
    assert shots.geometry.notna().all()
    assert shots["flight_id"].nunique() == 1


CALIBRATED = {"CalibratedFocalLength": "388.5", "CalibratedOpticalCenterX": "201", "CalibratedOpticalCenterY": "151"}


@pytest.mark.parametrize(
    ("image", "xmp", "source", "fx_px"),
    [
        ({}, {}, "35 mm equivalent", 24 / 43.266615 * 500),
        ({0x0110: "FC6310"}, {}, "FocalLength and sensor width", 8.0 / 13.2 * 400),
        ({0x0110: "FC6310"}, CALIBRATED, "CalibratedFocalLength", 388.5),
        ({0x0110: "FC6310"}, CALIBRATED | {"DewarpData": DEWARP}, "DewarpData", 390.0),
        ({0x0110: "FC6310"}, CALIBRATED | {"DewarpData": "2018-09-07;1,2"}, "CalibratedFocalLength", 388.5),
    ],
)
def test_focal_length_by_the_best_source(make_photo, image, xmp, source, fx_px):
    known = camera_of(read_metadata(make_photo(image=image, xmp=xmp)))
    assert known.source == source
    assert known.camera.fx_px == pytest.approx(fx_px)


def test_dewarp_data_is_relative_to_the_optical_centre_and_ends_with_the_flag(make_photo):
    known = camera_of(read_metadata(make_photo(xmp=CALIBRATED | {"DewarpData": DEWARP, "DewarpFlag": "0"})))
    assert known.camera == Camera(
        (400, 300), 390.0, 391.0, 201 + 2 - 0.5, 151 - 3 - 0.5, (-0.26, 0.11, 0.0009, 0.00008, -0.03)
    )
    done = camera_of(read_metadata(make_photo(xmp=CALIBRATED | {"DewarpData": DEWARP, "DewarpFlag": "1"})))
    assert done.camera.distortion == (0.0,) * 5


def test_distortion_that_nobody_states_widens_the_focal_length(make_photo):
    row = shot(make_photo(xmp=NADIR | CALIBRATED | {"DewarpFlag": "0"}))
    assert row.focal_sigma_share == 0.05
    assert row.quality == "lens distortion not corrected"


def test_scaled_picture_has_a_scaled_camera_with_the_same_rays(make_photo):
    """Corners of the picture see the same, however many pixels it has."""
    xmp = CALIBRATED | {"DewarpData": DEWARP}
    full = camera_of(read_metadata(make_photo(xmp=xmp))).camera
    half = camera_of(read_metadata(make_photo(xmp=xmp, size=(200, 150), exif={0xA002: 400, 0xA003: 300}))).camera
    corner = np.array([[-0.5, -0.5], [399.5, 299.5]])
    assert pixel_to_ray(half, (corner + 0.5) / 2 - 0.5) == pytest.approx(pixel_to_ray(full, corner))


def test_cut_or_turned_picture_has_no_camera(make_photo):
    row = shot(make_photo(size=(300, 400), exif={0xA002: 400, 0xA003: 300}))
    assert row.quality == "cut or turned: camera unknown"
    assert row.geometry is None


def test_real_photos_point_at_surveyed_ground(testdata):
    """Phantom 4 RTK at 60 degrees over hills: the header's pose and lens put pixels where bundle adjustment has them.

    Published for these frames with EXIF pose, DewarpData and surface model: median 3.4 m, 90 % within 6.0 m.
    """
    truth = pd.read_csv(testdata("imagery/p4rtk_truth/truth.csv"))
    errors = []
    for name, points in truth.groupby("image"):
        row = shot(testdata(f"imagery/p4rtk_truth/{name}"))
        camera = camera_of(read_metadata(testdata(f"imagery/p4rtk_truth/{name}"))).camera
        rays = pixel_to_ray(camera, points[["column_px", "row_px"]])
        ned = rays @ camera_to_ned(row.yaw_deg, row.pitch_deg, row.roll_deg).T
        scale = (row.altitude_m - points["dsm_height_m"].to_numpy()) / ned[:, 2]
        azimuth, _, distance = WGS84.inv(
            *(np.full(len(points), value) for value in (row.lon_deg, row.lat_deg)), points["lon_deg"], points["lat_deg"]
        )
        north, east = distance * np.cos(np.radians(azimuth)), distance * np.sin(np.radians(azimuth))
        errors.append(np.hypot(north - ned[:, 0] * scale, east - ned[:, 1] * scale))
    errors = np.concatenate(errors)
    assert np.median(errors) < 3.6
    assert np.quantile(errors, 0.9) < 6.3
