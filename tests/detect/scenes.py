"""Rendered scenes with their truth, and a tally of what a detector finds in them; tests load this file by path."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment

from dronepatrol.areas import read_areas, read_register, read_zones
from dronepatrol.geo.ground import ground_to_pixels
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.detection import Detections, Detector
from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.ground import WATER
from dronepatrol.sim.scene.scene import Scene, build_scene

DEMO = Path(__file__).resolve().parents[2] / "geodata" / "pinghu" / "xindai-demo"
CAMERA = Camera.pinhole((2048, 1536), 2048.0)
HEIGHT_M = 100.0
GSD_M = HEIGHT_M / CAMERA.fx_px


def demo_scene(seed: int) -> Scene:
    area = read_areas(DEMO / "area.geojson")[0].geometry
    nofly = [zone.geometry for zone in read_zones(DEMO / "nofly.geojson")]
    files = {kind: DEMO / "registers" / f"{kind}.geojson" for kind in RegisterKind}
    registers = {kind: read_register(kind, file) for kind, file in files.items() if file.exists()}
    return build_scene(area, nofly, registers, seed, datetime.fromisoformat("2026-05-18T09:40:00+08:00"))


class Tally:
    """Found, missed and false detections by kind over several photos."""

    def __init__(self, detector: Detector, kinds: Sequence[str], planted: dict[str, str] | None = None) -> None:
        """Take a detector, its kinds, and for kinds that the scene calls otherwise, what it calls them."""
        self.detector, self.kinds, self.planted = detector, kinds, planted or {}
        self.found, self.missed, self.false = Counter(), Counter(), Counter()

    def photo(self, scene: Scene, renderer: Renderer, place: np.ndarray, rng: np.random.Generator) -> None:
        height = 100.0 + rng.normal(0, 2)
        rotation = camera_to_ned(rng.uniform(0, 360), -90 + rng.normal(0, 1), rng.normal(0, 1))
        image = renderer.render(*scene.frame.to_lonlat(place).tolist(), height, rotation)
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        finds = self.detector(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), height / CAMERA.fx_px)
        centres = (finds.xyxy[:, :2] + finds.xyxy[:, 2:]) / 2
        for kind in self.kinds:
            self._match(
                kind,
                *in_view(scene, self.planted.get(kind, kind), rotation, height, place),
                centres[finds.kind == kind],
            )

    def _match(self, kind: str, seen: np.ndarray, whole: np.ndarray, centres: np.ndarray) -> None:
        away = np.linalg.norm(seen[:, None] - centres[None], axis=-1)
        rows, columns = linear_sum_assignment(np.minimum(away, 1e3))
        near = away[rows, columns] < 40  # pixels, 2 m
        self.found[kind] += int(near.sum())
        self.false[kind] += len(centres) - int(near.sum())
        self.missed[kind] += int(whole.sum() - whole[rows[near]].sum())


def in_view(scene: Scene, kind: str, rotation: np.ndarray, height_m: float, place: np.ndarray):
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


def with_puddle(image: np.ndarray, rng: np.random.Generator, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo with a puddle of 3 to 10 m painted on it, and the puddle's centre in pixels."""
    height, width = image.shape[:2]
    centre = rng.uniform(0.25, 0.75, 2) * (width, height)
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = rng.uniform(1.5, 5.0) * (1 + 0.18 * np.sin(2 * turns + rng.uniform(0, 6)) + 0.08 * np.sin(5 * turns))
    ring = centre + (radius / gsd_m)[:, None] * np.column_stack([np.cos(turns), rng.uniform(0.6, 1.0) * np.sin(turns)])
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(ring).astype(np.int32)], 255, cv2.LINE_AA)
    cover = cv2.GaussianBlur(mask, (0, 0), 1.0)[:, :, None] / 255 * rng.uniform(0.9, 1.0)
    under = image[mask > 0].reshape(-1, 3).mean(axis=0)
    water = under * rng.uniform(0.3, 0.5) + np.array([14.0, 12.0, 10.0])
    return np.clip(image * (1 - cover) + water * cover, 0, 255).astype(np.uint8), centre


def _from_above(scene: Scene, renderer: Renderer, xy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rotation = camera_to_ned(rng.uniform(0, 360), -90.0, 0.0)
    return renderer.render(*scene.frame.to_lonlat(xy).tolist(), HEIGHT_M, rotation)


def _finds(detector: Detector, image: np.ndarray) -> Detections:
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return detector(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), GSD_M)


def puddles_found(detector: Detector, seeds: Sequence[int], photos: int) -> tuple[int, int]:
    """Return how many puddles painted on photos of rendered scenes are found, and how many there are."""
    found = 0
    for seed in seeds:
        scene, rng = demo_scene(seed), np.random.default_rng(seed)
        renderer = Renderer(scene, CAMERA)
        for _ in range(photos):
            plant = scene.plants[rng.integers(len(scene.plants))]
            image, centre = with_puddle(_from_above(scene, renderer, plant.place.xy, rng), rng, GSD_M)
            finds = _finds(detector, image)
            boxes = finds.xyxy[finds.kind == "standing_water"]
            found += bool(np.any((boxes[:, :2] < centre).all(axis=1) & (boxes[:, 2:] > centre).all(axis=1)))
    return found, len(seeds) * photos


def with_debris(image: np.ndarray, rng: np.random.Generator, gsd_m: float) -> np.ndarray:
    """Return a photo with a ragged patch of pale scraps, 1 to 4 m across, painted on its middle."""
    height, width = image.shape[:2]
    spread = rng.uniform(0.5, 2.0) / 2 * np.array([1.0, rng.uniform(0.5, 1.0)])
    mask = np.zeros((height, width), dtype=np.uint8)
    out = image.copy()
    for _ in range(int(rng.integers(15, 60))):
        at = np.array([width, height]) / 2 + np.clip(rng.normal(0, 1, 2), -2, 2) * spread / gsd_m
        size = rng.uniform(0.1, 0.4, 2) / gsd_m
        colour = rng.uniform(130, 230) * rng.uniform(0.8, 1.0, 3)
        scrap = (at.tolist(), size.tolist(), rng.uniform(0, 180))
        cv2.ellipse(out, scrap, colour.tolist(), -1, cv2.LINE_AA)
        cv2.ellipse(mask, scrap, 255, -1)
    return np.where(cv2.dilate(mask, np.ones((3, 3)))[:, :, None] > 0, cv2.GaussianBlur(out, (0, 0), 0.8), image)


def open_water(scene: Scene, rng: np.random.Generator) -> np.ndarray | None:
    """Return a place on a scene's canals, 4 m from banks and from whatever lies or stands over them; None without."""
    flat = [shapely.Polygon(ring[:, :2]) for ring in np.split(scene.flat.xyz, scene.flat.start[1:-1])]
    water = (scene.flat.paint[:, :3] == np.array(WATER)).all(axis=1)
    if not water.any():
        return None
    over = [face for face, wet in zip(flat, water, strict=True) if not wet][np.flatnonzero(water)[0] :]
    over = [shapely.make_valid(face) for face in over]
    open_m2 = shapely.union_all(np.array(flat)[water]).buffer(-4.0)
    open_m2 = open_m2.difference(shapely.union_all([face for face in over if face.intersects(open_m2)]).buffer(4.0))
    west, south, east, north = open_m2.bounds
    for place in rng.uniform((west, south), (east, north), (20_000, 2)):
        if open_m2.contains(shapely.Point(place)):
            return place
    return None


def debris_found(detector: Detector, seeds: Sequence[int], photos: int) -> tuple[int, int]:
    """Return how many patches painted on canals of rendered scenes are found, and how many there are."""
    found = there = 0
    for seed in seeds:
        scene, rng = demo_scene(seed), np.random.default_rng(seed)
        renderer = Renderer(scene, CAMERA)
        for _ in range(photos):
            place = open_water(scene, rng)
            if place is None:
                continue
            finds = _finds(detector, with_debris(_from_above(scene, renderer, place, rng), rng, GSD_M))
            boxes, centre = finds.xyxy[finds.kind == "floating_debris"], np.array(CAMERA.image_wh) / 2
            middle = (boxes[:, :2] + boxes[:, 2:]) / 2
            found += bool(np.any(np.linalg.norm(middle - centre, axis=1) < 40))  # pixels, 2 m
            there += 1
    return found, there


def with_smoke(image: np.ndarray, rng: np.random.Generator, gsd_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo with a plume of 12 to 40 m painted on it, and the box (xyxy, pixels) of where it hides over half.

    Puffs drift downwind from a fire and widen by 0.08 to 0.2 of their way; the light that passes falls exponentially
    with the smoke in its path, whose turbulence has Kolmogorov's spectrum. About one plume in five is dark; all are 40
    grey levels or more lighter or darker than the ground, so that they can be seen.
    """
    step_m = 0.25
    wh = np.array([image.shape[1], image.shape[0]])
    columns, rows = np.ceil(wh * gsd_m / step_m).astype(int)
    fire = rng.uniform(0.25, 0.75, 2) * (columns, rows) * step_m
    length, widening, turn = rng.uniform(12, 40), rng.uniform(0.08, 0.2), rng.uniform(0, 2 * np.pi)
    along = np.linspace(0, length, 80)
    bend = rng.uniform(-0.4, 0.4) * along / length
    drift = np.cumsum(rng.normal(0, 0.06, 80)) * widening / 0.15 + rng.normal(0, 0.3, 80) * widening * along
    path = fire + np.column_stack([np.cos(turn + bend), np.sin(turn + bend)]) * along[:, None]
    path += drift[:, None] * np.array([-np.sin(turn), np.cos(turn)])
    x, y = np.meshgrid(np.arange(columns) * step_m, np.arange(rows) * step_m)
    depth = np.zeros((rows, columns))
    for at, way in zip(path, along, strict=True):
        wide = 0.6 + widening * way
        depth += rng.lognormal(0, 0.3) / wide**2 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * wide**2))
    middle = depth[tuple(np.clip(path[40] / step_m, 0, (columns - 1, rows - 1)).astype(int)[::-1])]
    depth *= rng.uniform(0.7, 2.0) / middle * np.exp(rng.uniform(0.3, 0.7) * _turbulence(rng, rows, columns))
    thin = cv2.resize(1 - np.exp(-depth), wh.tolist(), interpolation=cv2.INTER_CUBIC).clip(0, 1)[:, :, None]
    covered = thin[:, :, 0] > 0.5
    ground = grey = float(image[covered].mean())
    while abs(grey - ground) < 40:
        grey = rng.uniform(50, 90) if rng.random() < 0.2 else rng.uniform(165, 235)
    shade = cv2.resize(_turbulence(rng, rows, columns), wh.tolist(), interpolation=cv2.INTER_CUBIC)[:, :, None]
    smoke = grey * rng.uniform(0.96, 1.04, 3) * (1 + 0.05 * shade)
    hidden = np.argwhere(covered)[:, ::-1]
    painted = np.clip(image * (1 - thin) + smoke * thin, 0, 255).astype(np.uint8)
    return painted, np.concatenate([hidden.min(axis=0), hidden.max(axis=0)]).astype(float)


def same(xyxy: np.ndarray, there: np.ndarray) -> bool:
    """Return whether boxes that touch another share with it, together, a quarter or more of what all cover."""
    thing = shapely.box(*there)
    touching = [box for box in (shapely.box(*one) for one in xyxy) if box.intersects(thing)]
    found = shapely.union_all(touching)
    return bool(found.intersection(thing).area >= 0.25 * found.union(thing).area)


def smoke_found(detector: Detector, seeds: Sequence[int], photos: int) -> tuple[int, int, int]:
    """Return how many plumes painted on photos of rendered scenes are found, how many there are, and false finds.

    False are finds beside the plume, and all on the same photo without smoke.
    """
    found = false = 0
    for seed in seeds:
        scene, rng = demo_scene(seed), np.random.default_rng(seed)
        renderer = Renderer(scene, CAMERA)
        for _ in range(photos):
            plant = scene.plants[rng.integers(len(scene.plants))]
            clear = _from_above(scene, renderer, plant.place.xy, rng)
            image, there = with_smoke(clear, rng, GSD_M)
            finds = _finds(detector, image)
            plume = shapely.box(*there)
            boxes = [shapely.box(*xyxy) for xyxy in finds.xyxy[finds.kind == "smoke"]]
            found += same(finds.xyxy[finds.kind == "smoke"], there)
            false += sum(not box.intersects(plume) for box in boxes)
            false += int((detector(clear, GSD_M).kind == "smoke").sum())
    return found, len(seeds) * photos, false


def _turbulence(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return noise of mean 0 and deviation 1 whose power falls with the wave number to the 11/3, as in air."""
    across, down = np.meshgrid(np.fft.rfftfreq(columns), np.fft.fftfreq(rows))
    number = np.maximum(np.hypot(across, down), 1 / 60)
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(0, 1, (rows, columns))) * number ** (-11 / 6), (rows, columns))
    return (field - field.mean()) / field.std()
