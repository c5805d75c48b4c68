"""The scene's detector finds what the scene plants, and none of what only looks like it."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from dronepatrol.areas import read_areas, read_register, read_zones
from dronepatrol.detect.scene import SceneDetector
from dronepatrol.geo.ground import ground_to_pixels
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.detection import Detector
from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.objects import PROBLEMS
from dronepatrol.sim.scene.scene import Scene, build_scene

DEMO = Path(__file__).resolve().parents[2] / "geodata" / "pinghu" / "xindai-demo"
CAMERA = Camera.pinhole((2048, 1536), 2048.0)
KINDS = [kind for kind, _ in PROBLEMS.values()]


def demo_scene(seed: int) -> Scene:
    area = read_areas(DEMO / "area.geojson")[0].geometry
    nofly = [zone.geometry for zone in read_zones(DEMO / "nofly.geojson")]
    files = {kind: DEMO / "registers" / f"{kind}.geojson" for kind in RegisterKind}
    registers = {kind: read_register(kind, file) for kind, file in files.items() if file.exists()}
    return build_scene(area, nofly, registers, seed, datetime.fromisoformat("2026-05-18T09:40:00+08:00"))


@pytest.fixture(scope="module")
def renderer() -> tuple[Scene, Renderer]:
    scene = demo_scene(77)
    return scene, Renderer(scene, CAMERA)


class Tally:
    """Found, missed and false detections by kind over several photos."""

    def __init__(self) -> None:
        self.found, self.missed, self.false = Counter(), Counter(), Counter()

    def photo(self, scene: Scene, renderer: Renderer, place: np.ndarray, rng: np.random.Generator) -> None:
        height = 100.0 + rng.normal(0, 2)
        rotation = camera_to_ned(rng.uniform(0, 360), -90 + rng.normal(0, 1), rng.normal(0, 1))
        image = renderer.render(*scene.frame.to_lonlat(place).tolist(), height, rotation)
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        finds = SceneDetector()(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), height / CAMERA.fx_px)
        centres = (finds.xyxy[:, :2] + finds.xyxy[:, 2:]) / 2
        for kind in KINDS:
            self._match(kind, *_in_view(scene, kind, rotation, height, place), centres[finds.kind == kind])

    def _match(self, kind: str, seen: np.ndarray, whole: np.ndarray, centres: np.ndarray) -> None:
        away = np.linalg.norm(seen[:, None] - centres[None], axis=-1)
        rows, columns = linear_sum_assignment(np.minimum(away, 1e3))
        near = away[rows, columns] < 40  # pixels, 2 m
        self.found[kind] += int(near.sum())
        self.false[kind] += len(centres) - int(near.sum())
        self.missed[kind] += int(whole.sum() - whole[rows[near]].sum())


def _in_view(scene: Scene, kind: str, rotation: np.ndarray, height_m: float, place: np.ndarray):
    """Return pixels of the things of a kind that are at least partly in view, and which are wholly so."""
    plants = [plant for plant in scene.plants if plant.kind == kind]
    ground = np.array([plant.place.xy - place for plant in plants]).reshape(-1, 2)
    rise = np.array([plant.thing.height_m / 2 for plant in plants])
    pixels = ground_to_pixels(CAMERA, rotation, height_m - rise, ground)
    size = np.array([np.hypot(plant.thing.length_m, plant.thing.width_m) / 2 + 0.6 for plant in plants])
    radius = (size * CAMERA.fx_px / height_m)[:, None]
    wh = np.array(CAMERA.image_wh)
    partly = ((pixels > -radius) & (pixels < wh + radius)).all(axis=1)
    whole = ((pixels > radius) & (pixels < wh - radius)).all(axis=1)
    return pixels[partly], whole[partly]


def test_it_finds_each_kind_and_no_look_alike(renderer):
    scene, render = renderer
    rng, tally = np.random.default_rng(3), Tally()
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
    render, rng, tally = Renderer(scene, CAMERA), np.random.default_rng(seed), Tally()
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
