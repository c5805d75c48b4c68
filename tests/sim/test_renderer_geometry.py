"""The renderer puts every point where the camera model says it is, and gives the same picture every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.geo.ground import ground_to_pixels
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.scene import Scene
from dronepatrol.sim.scene.shapes import Place, Sketch, box

FRAME = LocalFrame(121.08, 30.82)
CAMERA = Camera.pinhole((640, 480), 625.0)
MARKERS = np.array([[-20.0, -12.0, 0.0], [18.0, -15.0, 0.0], [3.0, 14.0, 0.0], [-14.0, 10.0, 2.5], [22.0, 6.0, 6.0]])


def plain_scene(ground_texture: int = 0, markers: np.ndarray = MARKERS) -> Scene:
    flat, raised = Sketch(), Sketch()
    flat.add(box(Place(0, 0), 600, 600), (90, 90, 90), ground_texture)
    for east, north, up in markers:
        raised.add(box(Place(east, north, 0.4), 0.9, 0.9), (255, 255, 255), 0, up)
    return Scene(5, FRAME, flat.faces(), Sketch().faces(), raised.faces(), ())


POSES = st.tuples(
    st.floats(-8, 8), st.floats(-8, 8), st.floats(60, 110), st.floats(0, 360), st.floats(-96, -84), st.floats(-6, 6)
)


@settings(max_examples=12, deadline=None)
@given(POSES)
def test_markers_land_where_the_camera_model_says(pose):
    east, north, height, yaw, pitch, roll = pose
    rotation = camera_to_ned(yaw, pitch, roll)
    lon, lat = FRAME.to_lonlat([east, north])
    image = Renderer(plain_scene(), CAMERA).render(lon, lat, height, rotation)
    for marker in MARKERS:
        expected = ground_to_pixels(CAMERA, rotation, height - marker[2], marker[:2] - (east, north))
        if not ((expected > 12) & (expected < np.array(CAMERA.image_wh) - 12)).all():
            continue
        column, row = np.rint(expected).astype(int)
        patch = image[row - 10 : row + 11, column - 10 : column + 11, 0].astype(float) - 90
        centre = [(patch.sum(axis=k) * np.arange(-10, 11)).sum() / patch.sum() for k in (0, 1)]
        assert np.abs(np.array([column, row]) + centre - expected).max() < 0.5


def test_the_texture_lies_still_on_the_ground():
    scene = plain_scene(255, np.empty((0, 3)))
    points = np.random.default_rng(1).uniform(-7, 7, (300, 2))
    seen = []
    for east, north, yaw in ((0.0, 0.0, 0.0), (6.0, -4.0, 130.0)):
        rotation = camera_to_ned(yaw, -88.0, 1.0)
        lon, lat = FRAME.to_lonlat([east, north])
        image = Renderer(scene, CAMERA).render(lon, lat, 50.0, rotation)
        column, row = np.rint(ground_to_pixels(CAMERA, rotation, 50.0, points - (east, north))).astype(int).T
        seen.append(image[row, column, 0].astype(float))
    assert np.corrcoef(seen)[0, 1] > 0.8


def test_the_same_scene_gives_the_same_picture():
    rotation = camera_to_ned(20.0, -90.0, 0.0)
    pictures = [Renderer(plain_scene(120), CAMERA).render(121.08, 30.82, 80.0, rotation) for _ in range(2)]
    assert np.array_equal(*pictures)
    assert pictures[0].shape == (480, 640, 3)
    assert pictures[0].dtype == np.uint8


def test_faces_far_away_are_not_drawn_but_tall_ones_at_the_edge_are():
    tall = np.array([[33.0, 0.0, 20.0]])  # beyond the footprint's edge at 26 m of 80 m; its top leans further out
    inside = np.array([[24.0, 0.0, 0.0]])
    picture = [Renderer(plain_scene(0, m), CAMERA).render(121.08, 30.82, 80.0, camera_to_ned(0, -90, 0)) for m in
               (tall, inside)]  # fmt: skip
    assert picture[0].max() == 90
    assert picture[1].max() == 255


@pytest.mark.parametrize("pitch", [-20.0, 0.0, 45.0])
def test_a_view_of_the_horizon_is_refused(pitch):
    with pytest.raises(InputError, match="horizon"):
        Renderer(plain_scene(), CAMERA).render(121.08, 30.82, 80.0, camera_to_ned(0, pitch, 0))


def test_a_camera_with_distortion_is_refused():
    with pytest.raises(InputError, match="distortion"):
        Renderer(plain_scene(), Camera((640, 480), 625.0, 625.0, 320.0, 240.0, (0.1, 0, 0, 0, 0)))


def test_an_oblique_view_is_drawn_without_what_lies_behind_the_camera():
    image = Renderer(plain_scene(0), CAMERA).render(121.08, 30.82, 40.0, camera_to_ned(0.0, -50.0, 0.0))
    assert image.shape == (480, 640, 3)
    assert image.any()
