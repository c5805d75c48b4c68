"""Rotations, cameras and the way from pixel to ground and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dronepatrol.geo.camera import pixel_to_ray, ray_to_pixel
from dronepatrol.geo.ground import footprint, ground_to_pixels, pixels_to_ground
from dronepatrol.geo.rotation import body_to_ned, camera_to_ned, heading_deg, tilted
from dronepatrol.model.camera import Camera

PINHOLE = Camera.pinhole((2048, 1536), 2000.0)
BROWN = Camera((5472, 3648), 3660.0, 3665.0, 2720.0, 1830.0, (-0.27, 0.11, 0.0008, -0.0003, -0.03))
ANGLE = st.floats(-180, 180)
PIXEL = st.tuples(st.floats(0, 2047), st.floats(0, 1535))


@given(yaw=ANGLE, pitch=ANGLE, roll=ANGLE)
def test_rotations_are_rotations(yaw, pitch, roll):
    rotation = body_to_ned(yaw, pitch, roll)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_level_northbound_body_is_the_identity():
    np.testing.assert_allclose(body_to_ned(0, 0, 0), np.eye(3), atol=1e-15)


def test_nose_up_looks_up_and_yaw_turns_clockwise():
    np.testing.assert_allclose(body_to_ned(0, 90, 0) @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(body_to_ned(90, 0, 0) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


@given(yaw=ANGLE)
def test_nadir_image_top_points_to_the_yaw(yaw):
    rotation = camera_to_ned(yaw, -90, 0)
    np.testing.assert_allclose(rotation @ [0, 0, 1], [0, 0, 1], atol=1e-12)
    top = rotation @ [0, -1, 0]
    np.testing.assert_allclose(top[:2], [np.cos(np.radians(yaw)), np.sin(np.radians(yaw))], atol=1e-12)
    assert abs((heading_deg(yaw, -90, 0) - yaw + 180) % 360 - 180) < 1e-9


@given(yaw=ANGLE, pitch=st.floats(-89, 40))
def test_heading_of_a_looking_camera_is_its_yaw(yaw, pitch):
    assert abs((heading_deg(yaw, pitch, 0) - yaw + 180) % 360 - 180) < 1e-6


@given(heading=st.floats(0, 6.2), roll=st.floats(-0.05, 0.05), pitch=st.floats(-0.05, 0.05))
def test_tilts_move_the_nadir_ray_along_and_across_the_heading(heading, roll, pitch):
    rotation = tilted(camera_to_ned(np.degrees(heading), -90, 0), heading, roll, pitch, 0.0)
    north, east, down = rotation @ [0, 0, 1]
    ahead = (north * np.cos(heading) + east * np.sin(heading)) / down
    right = (-north * np.sin(heading) + east * np.cos(heading)) / down
    assert ahead == pytest.approx(np.tan(pitch) / 1, abs=2e-3)
    assert right == pytest.approx(-np.tan(roll), abs=2e-3)


@given(pixel=PIXEL)
def test_pixel_to_ray_and_back(pixel):
    for camera in (PINHOLE, BROWN):
        np.testing.assert_allclose(ray_to_pixel(camera, pixel_to_ray(camera, pixel)), pixel, atol=1e-4)


def test_brown_is_that_of_opencv():
    rays = np.random.default_rng(1).uniform(-0.6, 0.6, (200, 2))
    rays = np.column_stack([rays, np.ones(200)])
    matrix = np.array([[BROWN.fx_px, 0, BROWN.cx_px], [0, BROWN.fy_px, BROWN.cy_px], [0, 0, 1]])
    expected, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), matrix, np.array(BROWN.distortion))
    np.testing.assert_allclose(ray_to_pixel(BROWN, rays), expected[:, 0], atol=1e-6)


def test_behind_the_camera_is_nowhere():
    assert np.isnan(ray_to_pixel(PINHOLE, [0.1, 0.1, -1.0])).all()


@given(pixel=PIXEL, yaw=ANGLE, pitch=st.floats(-90, -60), roll=st.floats(-10, 10), height=st.floats(5, 500))
def test_pixel_to_ground_and_back(pixel, yaw, pitch, roll, height):
    rotation = camera_to_ned(yaw, pitch, roll)
    ground = pixels_to_ground(PINHOLE, rotation, height, pixel)
    if np.isfinite(ground).all():
        np.testing.assert_allclose(ground_to_pixels(PINHOLE, rotation, height, ground), pixel, atol=1e-6)


def test_rays_near_the_horizon_meet_no_ground():
    rotation = camera_to_ned(0, -10, 0)
    assert np.isnan(pixels_to_ground(PINHOLE, rotation, 100.0, [1023.5, 767.5])).all()


def test_nadir_footprint_is_the_image_at_its_gsd():
    corners = footprint(PINHOLE, camera_to_ned(0, -90, 0), 100.0)
    np.testing.assert_allclose(corners, [[-51.2, 38.4], [51.2, 38.4], [51.2, -38.4], [-51.2, -38.4]], atol=1e-9)


def test_shots_and_their_pixels_go_through_together():
    yaw = np.array([0.0, 90.0, 200.0])
    heights = np.array([80.0, 100.0, 120.0])
    pixels = np.array([[0.0, 0.0], [500.0, 700.0], [2047.0, 1535.0]])
    together = pixels_to_ground(PINHOLE, camera_to_ned(yaw, -85.0, 1.0), heights, pixels)
    for row in range(3):
        one = pixels_to_ground(PINHOLE, camera_to_ned(yaw[row], -85.0, 1.0), heights[row], pixels[row])
        np.testing.assert_allclose(together[row], one)
