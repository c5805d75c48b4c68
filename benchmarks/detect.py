"""How well and how fast things are seen: the shipped detector beside YOLOX-nano on the same images in one run.

``python -m benchmarks.detect [--only accuracy,speed,…]``; the last line of stdout is one JSON object. Accuracy is
measured on the recordings that ``training`` never learns from, at their own unknown scale; YOLOX-nano gets the same
tiles.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from shapely.geometry import shape
from training.data import AERIAL_CARS, CLASSES, UNCLEAR, VALIDATION, au_air, recording

from dronepatrol.detect.change import as_mask, compare, plain_difference
from dronepatrol.detect.evaluate import Seen, figures, look
from dronepatrol.detect.images import decode
from dronepatrol.detect.materials.detector import MaterialDetector
from dronepatrol.detect.models import DEFAULT, models
from dronepatrol.detect.nms import keep_best
from dronepatrol.detect.onnx import OnnxNetwork
from dronepatrol.detect.tiled import TiledDetector
from dronepatrol.detect.tiles import tile_sizes_px, tiles
from dronepatrol.detect.truth.labelled import Box, Labelled, labelled
from dronepatrol.detect.truth.read import read_truth
from dronepatrol.model.detection import Detections
from dronepatrol.model.progress import silent
from dronepatrol.patrol.change import change as find_changes
from dronepatrol.store.folder import PatrolFolder

DATA = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data"))
BRIGHTON = "imagery/brighton_beach_dji_fc300s"
MATERIALS = ("bare_soil", "dust_net", "blue_roof", "waste_heap", "garbage")
SEEDS = range(101, 121)
HEAPS, HEAP_SEEDS = ("waste_heap", "garbage"), range(101, 104)
LEAST_SCORE = 0.01
GSD_M = 0.065
"""Ground sample distance of the photos that speed and memory are measured on: tiles of 640 px."""
FigureValues = dict[str, object]


def held_back(name: str) -> list[Labelled]:
    """Return the images of one data set that the shipped detector never learned from."""
    root = DATA / "detection" / "auair"
    read: dict[str, Callable[[], list[Labelled]]] = {
        "aerial_cars": every_aerial_car,
        "auair": lambda: read_truth(root / "annotations.json", root / "images"),
        "auair_redrawn": redrawn,
    }
    return [one for one in read[name]() if recording(one.path.name) in VALIDATION]


def redrawn() -> list[Labelled]:
    """Return the images of AU-AIR with the boxes drawn anew around every vehicle; see ``training/README.md``."""
    found = []
    for one in au_air(DATA / "detection" / "auair"):
        names = ["" if kind == UNCLEAR else CLASSES[kind] for kind in one.kind]
        boxes = [
            Box(left, top, right, bottom, name, is_region=not name)
            for (left, top, right, bottom), name in zip(one.xyxy.tolist(), names, strict=True)
        ]
        found.append(labelled(one.path, boxes, "auair_boxes.csv"))
    return found


def every_aerial_car() -> list[Labelled]:
    """Return all images of the *aerial_cars* set."""
    root = DATA / "detection" / "aerial_cars"
    return read_truth(root / "labels", root / "images", [AERIAL_CARS[number] for number in range(4)])


def accuracy(weights: dict[str, Path]) -> FigureValues:
    """Return AP50 of *vehicle* and of each kind, for each network and data set; AU-AIR's labels also by drawn boxes."""
    found: FigureValues = {}
    for name, path in weights.items():
        detector = TiledDetector(path, least_score=LEAST_SCORE)
        for data in ("aerial_cars", "auair", "auair_redrawn"):
            seen = [one for one in look(detector, held_back(data), None) if isinstance(one, Seen)]
            found |= _told(name, data, seen, detector.threshold)
    return found | _told("drawn", "auair", _drawn(), 0.0)


def _drawn() -> list[Seen]:
    """Return AU-AIR's own labels beside the boxes drawn anew, larger ones first: how far the two agree."""
    seen = []
    drawn_of = {one.path: one for one in held_back("auair_redrawn")}
    for truth in held_back("auair"):
        drawn = drawn_of[truth.path]
        score = drawn.area_px2 / (drawn.area_px2.max(initial=0.0) + 1.0)
        vehicle = ~drawn.is_region
        seen.append(Seen(truth, Detections(drawn.xyxy[vehicle], score[vehicle], drawn.kind[vehicle])))
    return seen


def _told(name: str, data: str, seen: list[Seen], threshold: float) -> FigureValues:
    found: FigureValues = {}
    for one in figures(seen, threshold):
        if one.kind in {"vehicle", *AERIAL_CARS.values()}:
            print(
                f"{name:12} {data:13} {one.kind:8} {one.labels:5} labels  AP50 {one.ap50:.3f}  "
                f"AP50:95 {one.ap:.3f}  precision {one.precision:.2f}  recall {one.recall:.2f}"
            )
            found[f"{name}_{data}_{one.kind}_ap50"] = round(one.ap50, 4)
    return found


def speed(path: Path) -> FigureValues:
    """Return tiles per second with decoding and merging, and those of the session alone on ready tiles."""
    photo = cv2.imencode(".jpg", _photo(12), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    detector = TiledDetector(path)
    image = decode(photo)
    assert image is not None
    wh = (image.shape[1], image.shape[0])
    count = sum(len(tiles(wh, size)) for size in tile_sizes_px(wh, max(detector.input_wh), GSD_M))
    whole_s = _best(lambda: detector(_decoded(photo), GSD_M))
    ready = np.random.default_rng(0).uniform(0, 255, (1, 3, *detector.input_wh[::-1])).astype(np.float32)
    threads = os.cpu_count() or 1
    usual = OnnxNetwork(path, threads=threads)

    def one_by_one() -> None:
        for _ in range(count):
            _run(usual, ready)

    usual_s = _best(one_by_one)
    single = OnnxNetwork(path, threads=1)

    def side_by_side() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: _run(single, ready), range(count)))

    parallel_s = _best(side_by_side)
    print(f"12 MP JPEG, {count} tiles: {count / whole_s:.1f} tiles/s with decoding and merging")
    print(f"bare session, {threads} threads: {count / usual_s:.1f} tiles/s; side by side {count / parallel_s:.1f}")
    return {
        "tiles_per_s": round(count / whole_s, 1),
        "bare_tiles_per_s": round(count / usual_s, 1),
        "share_of_bare": round(usual_s / whole_s, 3),
        "share_of_bare_side_by_side": round(parallel_s / whole_s, 3),
    }


def merging() -> FigureValues:
    """Return the processor seconds that merging 20,000 boxes takes, spread over an image and crowded into a corner."""
    found: FigureValues = {}
    for name, spread in (("spread", 20_000.0), ("crowded", 1_000.0)):
        random = np.random.default_rng(2)
        corner = random.uniform(0, spread, (20_000, 2))
        xyxy = np.concatenate([corner, corner + 30], axis=1)
        score, kind = random.random(20_000), random.integers(0, 5, 20_000)
        seconds = min(
            _timed(lambda: keep_best(xyxy, score, kind, max_iou=0.5), time.process_time)  # noqa: B023 run at once
            for _ in range(5)
        )
        print(f"merging 20,000 boxes, {name}: {seconds:.3f} processor seconds")
        found[f"merge_20000_{name}_cpu_s"] = round(seconds, 4)
    return found


def memory(path: Path) -> FigureValues:
    """Return the peak memory of a process that detects in one 48 MP JPEG."""
    command = [sys.executable, "-m", "benchmarks.detect", "--peak-of", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = float(done.stdout.split()[-1])
    print(f"48 MP JPEG: peak memory {peak:.0f} MB")
    return {"peak_48mp_mb": round(peak)}


def materials() -> FigureValues:
    """Return false alarms per real image without such things, and recall on rendered scenes, of the material rules."""
    detector, alarms = MaterialDetector(), Counter[str]()
    images = [(path, 40.0 / 2222.0) for path in sorted((DATA / BRIGHTON).rglob("*")) if path.suffix.lower() == ".jpg"]
    images += [(one.path, _gsd_of_cars(one)) for one in every_aerial_car()]
    for path, gsd_m in images:
        alarms.update(detector(_decoded(path.read_bytes()), gsd_m).kind.tolist())
    per_image = sum(alarms.values()) / len(images)
    print(f"materials: {per_image:.3f} false alarms per image over {len(images)}: {dict(alarms)}")
    found: FigureValues = {"material_false_alarms_per_image": round(per_image, 4)}
    scenes = _scenes()
    tally = _tally_of_scenes(detector, scenes)
    for kind in MATERIALS:
        there = tally.found[kind] + tally.missed[kind]
        print(f"materials: {kind}: {tally.found[kind]} of {there} found, {tally.false[kind]} false, on rendered scenes")
        found[f"material_{kind}_recall"] = round(tally.found[kind] / there, 4)
    seen, there = scenes.puddles_found(detector, SEEDS, 2)
    print(f"materials: standing_water: {seen} of {there} found, painted on rendered scenes")
    found["material_standing_water_recall"] = round(seen / there, 4)
    seen, there = scenes.debris_found(detector, SEEDS, 1)
    print(f"materials: floating_debris: {seen} of {there} found, painted on canals of rendered scenes")
    found["material_floating_debris_recall"] = round(seen / there, 4)
    seen, there, false = scenes.smoke_found(detector, SEEDS, 2)
    print(f"materials: smoke: {seen} of {there} found, {false} false, painted on rendered scenes")
    return found | {"material_smoke_recall": round(seen / there, 4)}


def _gsd_of_cars(one: Labelled) -> float:
    """Return the ground sample distance that makes the labelled vehicles of a picture 4.5 m long."""
    if not len(one.xyxy):
        return float("nan")
    return 4.5 / (0.92 * float(np.median(np.hypot(*(one.xyxy[:, 2:] - one.xyxy[:, :2]).T))))


def _scenes() -> Any:
    """Return the tests' rendered scenes."""
    return _test_file("detect/scenes.py")


def _test_file(name: str) -> Any:
    """Return a file of the tests, which are no package, as a module."""
    path = Path(__file__).parents[1] / "tests" / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tally_of_scenes(detector: MaterialDetector, scenes: Any) -> Any:
    """Return what is found on photos of 20 rendered scenes, one around a thing of each kind."""
    tally = scenes.Tally(detector, MATERIALS, {"dust_net": "netted_soil"})
    for seed in SEEDS:
        scene, rng = scenes.demo_scene(seed), np.random.default_rng(seed)
        render = scenes.Renderer(scene, scenes.CAMERA)
        for kind in MATERIALS:
            plants = [plant for plant in scene.plants if plant.kind == tally.planted.get(kind, kind)]
            for plant in plants[:1]:
                tally.photo(scene, render, plant.place.xy + rng.uniform(-25, 25, 2), rng)
    return tally


def change() -> FigureValues:
    """Return how well new structures are found on the pairs, and heaps that came and went on rendered visits."""
    return _new_structures() | _heaps_that_came_and_went()


def _new_structures() -> FigureValues:
    """Return the pixel F1 of new structures on the pairs, beside plain differencing."""
    ours, plain = np.zeros(2), np.zeros(2)
    for path in sorted((DATA / "detection" / "change_pairs" / "A").glob("*.png")):
        before, after = (_decoded((path.parents[1] / side / path.name).read_bytes()) for side in "AB")
        there = _decoded((path.parents[1] / "label" / path.name).read_bytes())[:, :, 0] > 0
        wh = (there.shape[1], there.shape[0])
        for sums, mask in (
            (ours, as_mask(compare(before, after, 0.5), wh, appeared=True)),
            (plain, plain_difference(before, after)),
        ):
            sums[:] += np.count_nonzero(mask & there), np.count_nonzero(mask ^ there)
    f1_ours, f1_plain = (float(2 * true / (2 * true + wrong)) for true, wrong in (ours, plain))
    print(f"change: pixel F1 {f1_ours:.3f}, plain differencing {f1_plain:.3f}: {f1_ours / f1_plain:.2f} times")
    return {"change_f1": round(f1_ours, 4), "plain_difference_f1": round(f1_plain, 4)}


def _heaps_that_came_and_went() -> FigureValues:
    """Return the share of heaps found, and what else is said, between rendered visits under two suns."""
    visits = _test_file("patrol/visits.py")
    found, there, false = Counter[str](), Counter[str](), Counter[str]()
    for seed in HEAP_SEEDS:
        town = visits.Town(seed)
        came, went, stays = ([one for kind in HEAPS for one in town.of(kind)[n : n + 2]] for n in (0, 2, 4))
        left = _said_of(visits, town, (came, went, stays), np.random.default_rng(seed))
        for kind, heap in [("appeared", one) for one in came] + [("disappeared", one) for one in went]:
            place = shapely.Point(heap.place.xy)
            near = [number for number, one in left.items() if one[0] == kind and one[2].distance(place) < 3.0]
            there[heap.kind] += 1
            found[heap.kind] += bool(near)
            left = {number: one for number, one in left.items() if number not in near}
        false.update(what for _, what, _ in left.values())
    counts = ", ".join(f"{found[kind]} of {there[kind]} {kind}" for kind in HEAPS)
    print(f"change: came or went on {len(HEAP_SEEDS)} rendered places: {counts} found; false: {dict(false)}")
    share: FigureValues = {f"change_{kind}_recall": round(found[kind] / there[kind], 4) for kind in HEAPS}
    return share | {"change_rendered_false": sum(false.values())}


def _said_of(visits: Any, town: Any, heaps: tuple[list[Any], ...], rng: np.random.Generator) -> dict[str, Any]:
    """Return kind, what and outline in metres of what is said of two visits; the second under a lower sun, duller."""
    came, went, _ = heaps
    places = np.concatenate([one.place.xy + rng.uniform(-8, 8, (3, 2)) for three in heaps for one in three])
    with tempfile.TemporaryDirectory() as root:
        for name, gone, sun, light in (("a", came, visits.NOON, (1, 0)), ("b", went, visits.EVENING, (0.85, 6))):
            options = {"height_m": visits.LOW_M, "off_m": rng.normal(0, 1.5, 2), "light": light}
            yaws = rng.uniform(0, 360, len(places))
            visits.photograph(Path(root, name), town.without(*gone, sun=sun), places, yaws, **options)
        said, _ = find_changes(PatrolFolder(Path(root, "b")), Path(root, "a"), 40.0, silent)
    return {
        one["id"]: (
            one["properties"]["kind"],
            one["properties"]["what"],
            town.frame.geometry_to_metres(shape(one["geometry"])),
        )
        for one in said["features"]
    }


def _peak_of(path: Path) -> None:
    content = cv2.imencode(".jpg", _photo(48))[1].tobytes()
    TiledDetector(path)(_decoded(content), GSD_M)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _photo(megapixels: int) -> np.ndarray:
    """Return a 4:3 photo made of real ones, side by side."""
    height = int((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = height * 4 // 3
    source = _decoded(min((DATA / "detection" / "auair" / "images").glob("*.jpg")).read_bytes())
    rows, columns = -(-height // source.shape[0]), -(-width // source.shape[1])
    return np.tile(source, (rows, columns, 1))[:height, :width]


def _decoded(content: bytes) -> np.ndarray:
    image = decode(content)
    assert image is not None
    return image


def _run(network: OnnxNetwork, ready: np.ndarray) -> None:
    network.run(ready, {"finds": next(iter(network.shapes))})


def _best(work: Callable[[], object], rounds: int = 3) -> float:
    return min(_timed(work, time.perf_counter) for _ in range(rounds))


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="accuracy,speed,merging,memory,materials,change", help="parts, with commas between"
    )
    parser.add_argument(
        "--model", type=Path, default=models().get(DEFAULT), help="weights to measure; the shipped ones"
    )
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        _peak_of(options.peak_of)
        return
    weights = {"ours": options.model, "yolox_nano": DATA / "detection" / "models" / "yolox_nano.onnx"}
    parts: dict[str, Callable[[], FigureValues]] = {
        "accuracy": lambda: accuracy(weights),
        "speed": lambda: speed(options.model),
        "merging": merging,
        "memory": lambda: memory(options.model),
        "materials": materials,
        "change": change,
    }
    found: FigureValues = {"benchmark": "detect"}
    for name in options.only.split(","):
        found |= parts[name]()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
