"""Lenses: the same as OpenCV's, there and back, and nothing where a polynomial turns back."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dronepatrol.geo.calibration import Calibration, camera_for, from_dewarp
from dronepatrol.geo.camera import in_image, pixel_to_ray, ray_to_pixel
from dronepatrol.geo.lens import Brown, lens_of
from dronepatrol.model.camera import FISHEYE, Camera

WH = (1368, 912)
DEWARP = "2018-09-07;3657.02,3650.62,-4.03,23.1,-0.267098,0.111977,0.000924881,0.0000882056,-0.0331614"
share = st.floats(0.0, 1.0)
small = st.floats(-1.0, 1.0)


def brown(k1: float, k2: float, p1: float, p2: float) -> Camera:
    return Camera(WH, 914.0, 912.0, 682.0, 461.0, (0.25 * k1, 0.05 * k2, 0.002 * p1, 0.002 * p2, 0.0))


def fisheye(k1: float, k2: float) -> Camera:
    return Camera(WH, 520.0, 518.0, 684.0, 455.0, (0.05 * k1, 0.01 * k2, 0.0, 0.0), FISHEYE)


@given(small, small, small, small, share, share)
def test_brown_there_and_back(k1, k2, p1, p2, right, down) -> None:
    camera = brown(k1, k2, p1, p2)
    pixel = np.array([right * WH[0], down * WH[1]]) - 0.5
    ray = pixel_to_ray(camera, pixel)
    if np.isfinite(ray).all():
        assert ray_to_pixel(camera, ray) == pytest.approx(pixel, abs=1e-6)


@given(small, small, share, share)
def test_fisheye_there_and_back(k1, k2, right, down) -> None:
    camera = fisheye(k1, k2)
    pixel = np.array([right * WH[0], down * WH[1]]) - 0.5
    ray = pixel_to_ray(camera, pixel)
    assert np.linalg.norm(ray) == pytest.approx(1.0)
    assert ray_to_pixel(camera, ray) == pytest.approx(pixel, abs=1e-6)


def matrix(camera: Camera) -> np.ndarray:
    return np.array([[camera.fx_px, 0, camera.cx_px], [0, camera.fy_px, camera.cy_px], [0, 0, 1.0]])


@given(small, small, small, small)
def test_brown_is_opencvs_both_ways(k1, k2, p1, p2) -> None:
    camera = brown(k1, k2, p1, p2)
    pixels = np.random.default_rng(1).uniform((100, 60), (1268, 852), (50, 2))
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-14)
    distortion = np.array(camera.distortion)
    ideal = cv2.undistortPoints(pixels[:, None], matrix(camera), distortion, None, None, None, criteria)[:, 0]
    assert pixel_to_ray(camera, pixels)[:, :2] == pytest.approx(ideal, abs=1e-7)
    rays = np.column_stack([ideal, np.ones(50)])
    seen, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), matrix(camera), distortion)
    assert ray_to_pixel(camera, rays) == pytest.approx(seen[:, 0], abs=1e-8)


@given(small, small)
def test_fisheye_is_opencvs(k1, k2) -> None:
    camera = fisheye(k1, k2)
    rays = np.column_stack([np.random.default_rng(2).uniform(-1.5, 1.5, (50, 2)), np.ones(50)])
    seen, _ = cv2.fisheye.projectPoints(
        rays[:, None], np.zeros((1, 3)), np.zeros((1, 3)), matrix(camera), np.array(camera.distortion)
    )
    assert ray_to_pixel(camera, rays) == pytest.approx(seen[:, 0], abs=1e-8)


def test_a_fisheye_looks_sideways() -> None:
    wide = Camera((1000, 1000), 300.0, 300.0, 499.5, 499.5, (0.0, 0.0, 0.0, 0.0), FISHEYE)
    assert ray_to_pixel(wide, [1.0, 0.0, 0.0]) == pytest.approx([499.5 + 300 * np.pi / 2, 499.5])


@pytest.mark.parametrize("kind", [Camera.pinhole(WH, 900.0), fisheye(0.0, 0.0)])
def test_a_longer_focal_length_moves_rays_as_told(kind) -> None:
    step = 1e-6
    pixels = np.random.default_rng(3).uniform(0, WH, (30, 2))
    longer = replace(kind, fx_px=kind.fx_px * (1 + step), fy_px=kind.fy_px * (1 + step))
    rays = pixel_to_ray(kind, pixels)
    moved = (pixel_to_ray(longer, pixels) - rays) / step
    assert lens_of(kind).per_focal(rays) == pytest.approx(moved, abs=1e-4)


def test_nothing_is_seen_where_the_polynomial_turns_back() -> None:
    lens = Brown(-0.267, 0.112, 0.0009, 0.00009, -0.033)
    camera = Camera((5472, 3648), 3657.0, 3650.0, 2732.0, 1847.0, (-0.267, 0.112, 0.0009, 0.00009, -0.033))
    rays = np.column_stack([np.linspace(0, 5, 500), np.zeros(500), np.ones(500)])
    seen = lens.image_of(rays)[:, 0]
    known = np.isfinite(seen)
    assert (np.diff(seen[known]) > -1e-3).all()
    assert not known[-1]
    far = ray_to_pixel(camera, [3.0, 0.0, 1.0])
    assert np.isnan(far).all()
    assert not in_image(camera, far)


def test_dewarp_data_is_scaled_to_the_photo_and_cuts_are_told() -> None:
    full = from_dewarp(DEWARP, (5472, 3648), (2736.0, 1824.0), corrected=False)
    assert full is not None
    small_copy = camera_for(full, WH)
    assert small_copy is not None
    assert small_copy.fx_px == pytest.approx(3657.02 / 4)
    assert small_copy.cx_px == pytest.approx((2736.0 - 4.03) / 4 - 0.5)
    assert small_copy.distortion == pytest.approx((-0.267098, 0.111977, 0.000924881, 0.0000882056, -0.0331614))
    assert camera_for(full, (5472, 3078)) is None  # 16:9, cut out of 3:2
    assert camera_for(full, (3648, 5472)) is None  # turned
    undone = from_dewarp(DEWARP, (5472, 3648), (2736.0, 1824.0), corrected=True)
    assert undone is not None
    assert not any(undone.distortion)


@given(share, share, st.sampled_from([0.25, 0.5, 2.0]))
def test_a_scaled_copy_sees_the_same_directions(right, down, scale) -> None:
    full = Calibration((5472, 3648), (3657.0, 3650.0), (2732.0, 1847.0), (-0.1, 0.05, 0.0, 0.0, 0.0))
    one, copy = camera_for(full, (5472, 3648)), camera_for(full, (round(5472 * scale), round(3648 * scale)))
    corner = np.array([right * 5472, down * 3648])  # counted from the corner of the top-left pixel
    assert pixel_to_ray(copy, corner * scale - 0.5) == pytest.approx(pixel_to_ray(one, corner - 0.5), abs=1e-9)


@pytest.mark.parametrize(
    "text", ["", "x", "a;1,2", "a;1,2,3,4,5,6,7,8,x", "a;0,1,0,0,0,0,0,0,0", "a;nan,1,0,0,0,0,0,0,0"]
)
def test_what_is_no_dewarp_data_is_none(text) -> None:
    assert from_dewarp(text, (5472, 3648), (2736.0, 1824.0), corrected=False) is None
