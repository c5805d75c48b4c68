"""The scene's detector finds what the scene plants, and none of what only looks like it."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dronepatrol.detect.scene import SceneDetector
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.detection import Detector
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.objects import PROBLEMS
from dronepatrol.sim.scene.scene import Scene

_SPEC = importlib.util.spec_from_file_location("scenes", Path(__file__).with_name("scenes.py"))
scenes = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(scenes)
CAMERA, demo_scene = scenes.CAMERA, scenes.demo_scene
KINDS = [kind for kind, _ in PROBLEMS.values()]


@pytest.fixture(scope="module")
def renderer() -> tuple[Scene, Renderer]:
    scene = demo_scene(77)
    return scene, Renderer(scene, CAMERA)


def test_it_finds_each_kind_and_no_look_alike(renderer):
    scene, render = renderer
    rng, tally = np.random.default_rng(3), scenes.Tally(SceneDetector(), KINDS)
    for index in rng.permutation(len(scene.plants))[:16]:
        tally.photo(scene, render, scene.plants[index].place.xy + rng.uniform(-25, 25, 2), rng)
    found, missed, false = (sum(counter.values()) for counter in (tally.found, tally.missed, tally.false))
    assert found > 25
    assert found / (found + missed) >= 0.95, tally.missed
    assert found / (found + false) >= 0.95, tally.false


@pytest.mark.campaign
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_every_kind_on_many_scenes(seed):
    scene = demo_scene(seed)
    render, rng, tally = Renderer(scene, CAMERA), np.random.default_rng(seed), scenes.Tally(SceneDetector(), KINDS)
    for plant in scene.plants:
        tally.photo(scene, render, plant.place.xy + rng.uniform(-25, 25, 2), rng)
    for kind in KINDS:
        assert tally.found[kind] >= 0.95 * (tally.found[kind] + tally.missed[kind]), kind
        assert tally.found[kind] >= 0.95 * (tally.found[kind] + tally.false[kind]), kind


def test_boxes_are_tight(renderer):
    scene, render = renderer
    detect, rotation = SceneDetector(), camera_to_ned(0.0, -90.0, 0.0)
    for kind in ("car", "stall", "blue_roof", "clutter"):
        plant = next(plant for plant in scene.plants if plant.kind == kind)
        image = render.render(*scene.frame.to_lonlat(plant.place.xy).tolist(), 100.0, rotation)
        finds = detect(image, 100.0 / CAMERA.fx_px)
        middle = (finds.xyxy[:, :2] + finds.xyxy[:, 2:]) / 2 - (CAMERA.cx_px, CAMERA.cy_px)
        nearest = int(np.argmin(np.where(finds.kind == kind, np.hypot(*middle.T), np.inf)))
        half = np.array([plant.thing.length_m, plant.thing.width_m]) / 2
        extent = np.ptp(plant.place.points(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half), axis=0)
        seen = (finds.xyxy[nearest, 2:] - finds.xyxy[nearest, :2]) * 100.0 / CAMERA.fx_px
        assert seen == pytest.approx(extent, abs=0.75), kind
        assert np.hypot(*middle[nearest]) < 8, kind


def test_what_the_border_cuts_is_left_to_another_photo(renderer):
    scene, render = renderer
    plant = next(plant for plant in scene.plants if plant.kind == "bare_soil")
    lon, lat = scene.frame.to_lonlat(plant.place.xy)
    image = render.render(lon, lat, 100.0, camera_to_ned(0.0, -90.0, 0.0))
    column, row = round(CAMERA.cx_px), round(CAMERA.cy_px)
    detect = SceneDetector()
    assert "bare_soil" in detect(image[row - 300 : row + 300, column - 300 : column + 300], 0.0488).kind
    assert "bare_soil" not in detect(image[row - 300 : row + 300, column - 10 : column + 600], 0.0488).kind


@pytest.mark.parametrize("gsd_m", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_without_a_ground_sample_distance_it_finds_nothing(renderer, gsd_m):
    scene, render = renderer
    lon, lat = scene.frame.to_lonlat(scene.plants[0].place.xy)
    assert len(SceneDetector()(render.render(lon, lat, 100.0, camera_to_ned(0.0, -90.0, 0.0)), gsd_m)) == 0


def test_it_says_what_it_is():
    assert "synthetic" in SceneDetector.name
    assert "no detector for real photos" in (SceneDetector.__call__.__globals__["__doc__"] or "")


def test_contract(detector_contract: Callable[[Detector], None]):
    detector_contract(SceneDetector())
