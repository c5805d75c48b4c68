"""How well and how fast things are seen: the shipped detector beside YOLOX-nano on the same images in one run.

``python -m benchmarks.detect [--only accuracy,speed,…]``; the last line of stdout is one JSON object. Accuracy is
measured on the recordings that ``training`` never learns from, at their own unknown scale; YOLOX-nano gets the same
tiles.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from training.data import AERIAL_CARS, VALIDATION, recording

from dronepatrol.detect.evaluate import Seen, figures, look
from dronepatrol.detect.images import decode
from dronepatrol.detect.models import DEFAULT, models
from dronepatrol.detect.nms import keep_best
from dronepatrol.detect.onnx import OnnxNetwork
from dronepatrol.detect.tiled import TiledDetector
from dronepatrol.detect.tiles import tile_sizes_px, tiles
from dronepatrol.detect.truth.labelled import Labelled
from dronepatrol.detect.truth.read import read_truth

DATA = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data"))
LEAST_SCORE = 0.01
GSD_M = 0.065
"""Ground sample distance of the photos that speed and memory are measured on: tiles of 640 px."""
FigureValues = dict[str, object]


def held_back(name: str) -> list[Labelled]:
    """Return the images of one data set that the shipped detector never learned from."""
    root = DATA / "detection"
    if name == "aerial_cars":
        names = [AERIAL_CARS[number] for number in range(4)]
        images = read_truth(root / name / "labels", root / name / "images", names)
    else:
        images = read_truth(root / name / "annotations.json", root / name / "images")
    return [one for one in images if recording(one.path.name) in VALIDATION]


def accuracy(weights: dict[str, Path]) -> FigureValues:
    """Return AP50 of *vehicle* and of each kind, for each network and data set."""
    found: FigureValues = {}
    for name, path in weights.items():
        detector = TiledDetector(path, least_score=LEAST_SCORE)
        for data in ("aerial_cars", "auair"):
            seen = [one for one in look(detector, held_back(data), None) if isinstance(one, Seen)]
            for one in figures(seen, detector.threshold):
                if one.kind in {"vehicle", *AERIAL_CARS.values()}:
                    print(
                        f"{name:12} {data:12} {one.kind:8} {one.labels:5} labels  AP50 {one.ap50:.3f}  "
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
    parser.add_argument("--only", default="accuracy,speed,merging,memory", help="parts, with commas between")
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
    }
    found: FigureValues = {"benchmark": "detect"}
    for name in options.only.split(","):
        found |= parts[name]()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
