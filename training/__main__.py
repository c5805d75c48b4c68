"""Train the default detector: ``python -m training --data DIR --start yolox_nano.onnx --out DIR``.

Resumable: run the same command again and it goes on from the last checkpoint. Deterministic for a seed on one machine.
"""

import argparse
import copy
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from training.augment import Crops
from training.data import CLASSES, aerial_cars, au_air, split
from training.loss import loss
from training.network import COCO_BUS, COCO_CAR, COCO_TRUCK, Network
from training.pair import pair
from training.rendered import rendered

CLASS_ROWS = (COCO_CAR, COCO_CAR, COCO_TRUCK, COCO_BUS)
SAVE_EVERY = 50
KEEP_EVERY = 400
EMA = 0.998


def main() -> None:
    """Train and write ``vehicles.onnx``."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    images = [*aerial_cars(options.data / "aerial_cars"), *au_air(options.data / "auair")]
    learned, held_back = split(images)
    drawn = list(rendered(options.out / "rendered"))
    _say(f"{len(learned)} photos and {len(drawn)} rendered ones to learn from, {len(held_back)} held back by recording")
    network = Network(options.start, CLASS_ROWS)
    average = copy.deepcopy(network)
    crops = Crops([*learned, *drawn], options.size, options.seed)
    optimizer = torch.optim.AdamW(_groups(network), lr=options.rate)
    state = options.out / "checkpoint.pt"
    first = _resume(state, network, average, optimizer, crops)
    began = time.monotonic()
    for step in range(first, options.steps):
        rate = options.rate * _schedule(step, options.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        value = _step(network, optimizer, crops, options.batch)
        _follow(average, network, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == options.steps:
            _save(state, step + 1, network, average, optimizer, crops)
            if (step + 1) % KEEP_EVERY == 0 or step + 1 == options.steps:
                average.save(options.out / f"trained-{step + 1:05d}.onnx", CLASSES, {"author": "dronepatrol"})
            minutes = (time.monotonic() - began) / 60
            _say(f"step {step + 1} of {options.steps}  loss {value:.3f}  {minutes:.1f} min")
    Network(options.start, CLASS_ROWS).save(options.out / "started.onnx", CLASSES, {})
    trained = _mean(options.out, options.steps)
    onnx.save(pair(trained, onnx.load(options.out / "started.onnx")), options.out / "vehicles.onnx")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _step(network: Network, optimizer: torch.optim.Optimizer, crops: Crops, count: int) -> float:
    pixels, boxes, kinds = crops.batch(count)
    truth = [(torch.from_numpy(edges), torch.from_numpy(kind)) for edges, kind in zip(boxes, kinds, strict=True)]
    value = loss(network(torch.from_numpy(pixels).float()), truth)
    optimizer.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 20.0)
    optimizer.step()
    return float(value.detach())


def _schedule(step: int, steps: int) -> float:
    """Return the share of the full rate: a short warm-up, then a cosine down to 2 %."""
    warm = min(100, steps // 10 + 1)
    if step < warm:
        return (step + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


def _groups(network: Network) -> list[dict[str, Any]]:
    weights = [p for p in network.parameters() if p.ndim > 1]
    return [
        {"params": weights, "weight_decay": 5e-4},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _follow(average: Network, network: Network, step: int) -> None:
    share = min(EMA, (1 + step) / (10 + step))
    with torch.no_grad():
        for old, new in zip(average.parameters(), network.parameters(), strict=True):
            old.lerp_(new, 1 - share)


def _save(
    path: Path, step: int, network: Network, average: Network, optimizer: torch.optim.Optimizer, crops: Crops
) -> None:
    content = {
        "step": step,
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": crops.random.bit_generator.state,
    }
    temporary = path.with_suffix(".tmp")
    torch.save(content, temporary)
    temporary.replace(path)


def _mean(out: Path, steps: int) -> onnx.ModelProto:
    """Return the mean of the networks that were kept in the last third of the steps."""
    last = [path for path in sorted(out.glob("trained-*.onnx")) if 2 * steps / 3 <= int(path.stem[8:]) <= steps]
    models = [onnx.load(path) for path in last]
    for parts in zip(*(model.graph.initializer for model in models), strict=True):
        values = [numpy_helper.to_array(part) for part in parts]
        if values[0].dtype == np.float32:
            parts[0].CopyFrom(numpy_helper.from_array(np.mean(values, axis=0, dtype=np.float32), parts[0].name))
    return models[0]


def _resume(path: Path, network: Network, average: Network, optimizer: torch.optim.Optimizer, crops: Crops) -> int:
    if not path.is_file():
        return 0
    content = torch.load(path, weights_only=True)
    network.load_state_dict(content["network"])
    average.load_state_dict(content["average"])
    optimizer.load_state_dict(content["optimizer"])
    crops.random.bit_generator.state = content["random"]
    return int(content["step"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with aerial_cars/ and auair/")
    parser.add_argument("--start", type=Path, required=True, help="yolox_nano.onnx (Apache-2.0) to start from")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for what is drawn, kept and made; vehicles.onnx in the end"
    )
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--size", type=int, default=256, help="side of the crops in pixels, a multiple of 64")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
