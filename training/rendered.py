"""Rendered scenes with cars, from straight above and tilted: synthetic, and labelled exactly."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dronepatrol.areas import read_areas, read_register, read_zones
from dronepatrol.geo.ground import ground_to_pixels
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.garden import Plant
from dronepatrol.sim.scene.scene import Scene, build_scene
from training.data import CLASSES, RENDERED, Labelled

DEMO = Path(__file__).resolve().parents[1] / "geodata" / "pinghu" / "xindai-demo"
CAMERA = Camera.pinhole((1280, 960), 1100.0)
SCENES = range(1001, 1005)
"""Seeds of the scenes; tests and benchmarks use others."""
PHOTOS = 12
"""Photos of each scene, every third of them tilted."""
MIN_SHOWN = 0.4
"""Share of a car's box that must lie in the photo to be labelled."""
Floats = NDArray[np.float64]


def rendered(folder: Path) -> Iterator[Labelled]:
    """Yield photos of rendered scenes, drawing them into the folder where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SCENES:
        scene, rng = _scene(seed), np.random.default_rng(seed)
        renderer = Renderer(scene, CAMERA)
        cars = [plant for plant in scene.plants if plant.kind == "car"]
        for number in range(PHOTOS):
            path = folder / f"rendered_{seed}-{number:02d}.png"
            tilted = number % 3 == 2
            height_m = rng.uniform(15, 40) if tilted else rng.uniform(40, 120)
            place = cars[rng.integers(len(cars))].place.xy + rng.uniform(-10, 10, 2)
            rotation = camera_to_ned(rng.uniform(0, 360), rng.uniform(-60, -45) if tilted else -90.0, 0.0)
            if not path.exists():
                lon_deg, lat_deg = scene.frame.to_lonlat(place).tolist()
                cv2.imwrite(str(path), renderer.render(lon_deg, lat_deg, height_m, rotation))
            xyxy = _boxes(cars, rotation, height_m, place)
            kind = np.full(len(xyxy), CLASSES.index("car"), dtype=np.intp)
            yield Labelled(path, RENDERED, not tilted, xyxy, kind)


def _scene(seed: int) -> Scene:
    area = read_areas(DEMO / "area.geojson")[0].geometry
    nofly = [zone.geometry for zone in read_zones(DEMO / "nofly.geojson")]
    files = {kind: DEMO / "registers" / f"{kind}.geojson" for kind in RegisterKind}
    registers = {kind: read_register(kind, file) for kind, file in files.items() if file.exists()}
    return build_scene(area, nofly, registers, seed, datetime.fromisoformat("2026-05-18T09:40:00+08:00"))


def _boxes(cars: list[Plant], rotation: Floats, height_m: float, place: Floats) -> NDArray[np.float32]:
    """Return (n, 4) edges in pixels of the cars that a photo shows."""
    wh = np.array(CAMERA.image_wh, dtype=np.float64)
    found = []
    for car in cars:
        nose, side = car.thing.length_m / 2, car.thing.width_m / 2
        ring = car.place.points([[-nose, -side], [nose, -side], [nose, side], [-nose, side]]) - place
        rise = np.repeat([0.0, car.thing.height_m], 4)
        pixels = ground_to_pixels(CAMERA, rotation, height_m - rise, np.vstack([ring, ring]))
        if not np.isfinite(pixels).all():
            continue
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        inside = np.clip(np.minimum(high, wh) - np.maximum(low, 0.0), 0.0, None)
        if inside.prod() >= MIN_SHOWN * (high - low).prod():
            found.append([*np.maximum(low, 0.0), *np.minimum(high, wh)])
    return np.array(found, dtype=np.float32).reshape(-1, 4)
