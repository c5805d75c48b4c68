"""A network on tiles of an image, and what the tiles show merged into one box per thing."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.classes import rivals
from dronepatrol.detect.forms.form import Floats, Intake, Outputs
from dronepatrol.detect.images import fitted
from dronepatrol.detect.nms import keep_best, yield_to_whole
from dronepatrol.detect.onnx import OnnxNetwork
from dronepatrol.detect.sidecar import read_sidecar
from dronepatrol.detect.tiles import (
    BORDER_PX,
    CAR_IN_NETWORK_PX,
    tile_sizes_px,
    tiles,
    touches_inner_border,
    trusted_px,
)
from dronepatrol.detect.understand import understand
from dronepatrol.errors import DronePatrolError
from dronepatrol.model.detection import Detections

THRESHOLD = 0.3
"""The working threshold of networks whose sidecar names none; not tuned to any data set."""
MAX_IOU = 0.5
MAX_INSIDE = 0.8
"""Share of a box inside a better one above which it shows a part of the same thing."""
MAX_COVERED_SHARE = 0.6
"""Share of a cut box inside a whole one above which they show the same thing."""
WHOLE_SHARE = 1 / 3
"""Share of the working threshold from which a whole box tells that a cut one shows a part, however sure that is."""
MAX_THREADS = 8
ROUNDING = 0.001
"""How far below 0 or above 1 a score may be, in floats of 16 bits."""

Tile = tuple[NDArray[np.intp], tuple[float, float]]
"""Left, top, right, bottom, and from which to which length in network pixels finds in it count."""


@dataclass(frozen=True, slots=True)
class Finds:
    """Boxes in image pixels, scores, class numbers, and whether a box is cut by its tile's border, as columns."""

    xyxy: NDArray[np.float64]
    score: NDArray[np.float64]
    kind: NDArray[np.intp]
    is_cut: NDArray[np.bool_]

    def __getitem__(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Finds":
        return Finds(self.xyxy[which], self.score[which], self.kind[which], self.is_cut[which])

    @classmethod
    def joined(cls, parts: Sequence["Finds"]) -> "Finds":
        """Return the finds of several tiles."""
        columns = ([getattr(part, name) for part in parts] for name in ("xyxy", "score", "kind", "is_cut"))
        return cls(*(np.concatenate(column) for column in columns))


class TiledDetector:
    """A network of a known form on tiles that show things at the size it knows; see ``detect.tiles``."""

    def __init__(self, path: Path, *, threads: int = 0, least_score: float | None = None) -> None:
        """Load the weights.

        Parameters
        ----------
        path
            An ONNX file, with a sidecar TOML beside it where its weights do not say enough.
        threads
            Tiles looked at side by side; 0 takes one per processor.
        least_score
            Finds below are left out; None takes the working threshold.

        Raises
        ------
        InputError
            When the file is no ONNX network, or its input or output is of no form that is understood.
        """
        sidecar = read_sidecar(path)
        self._network = OnnxNetwork(path, input_px=sidecar.input_px)
        self.name = self._network.name
        self.weights_sha256 = self._network.sha256
        self.threshold = sidecar.threshold or THRESHOLD
        self._least_score = self.threshold if least_score is None else least_score
        self._least_whole = self.threshold * WHOLE_SHARE
        self.understood = understand(path, self._network, sidecar)
        self._network.find_batch(self.understood.roles)
        self.batch, self.input_wh = self._network.batch, self._network.input_wh
        self._car_px = sidecar.car_px or CAR_IN_NETWORK_PX
        self._threads = threads or min(os.cpu_count() or 1, MAX_THREADS)
        names, kinds = self.understood.names, self.understood.kinds
        self.kind_of_class = dict(zip(names, kinds, strict=True))
        self._wanted = np.array([number for number, kind in enumerate(kinds) if kind], dtype=np.intp)
        self.kinds = np.array([kind for kind in kinds if kind], dtype=np.str_)
        self._rivals = rivals(self.kinds)

    def __call__(self, image: NDArray[np.uint8], gsd_m: float | None) -> Detections:
        """Detect in one image; see ``model.detection.Detector``.

        Raises
        ------
        DronePatrolError
            When the network fails, or puts out values that are no numbers.
        """
        height, width = image.shape[:2]
        if height == 0 or width == 0:
            return Detections.empty()
        sizes = tile_sizes_px((width, height), max(self.input_wh), gsd_m, self._car_px)
        cut = [
            (tile, trusted_px(sizes, number))
            for number, size in enumerate(sizes)
            for tile in tiles((width, height), size)
        ]
        found = Finds.joined(list(self._looked_at(image, cut)))
        columns = found.xyxy, found.score, self._rivals[found.kind], found.is_cut
        found = found[yield_to_whole(*columns, max_share=MAX_COVERED_SHARE, sure=self._least_whole)]
        found = found[found.score >= self._least_score]
        found = found[
            keep_best(found.xyxy, found.score, self._rivals[found.kind], max_iou=MAX_IOU, max_inside=MAX_INSIDE)
        ]
        return Detections(found.xyxy, found.score, self.kinds[found.kind])

    def _looked_at(self, image: NDArray[np.uint8], cut: Sequence[Tile]) -> Iterator[Finds]:
        """Yield what is found in the tiles, in their order; several are looked at side by side."""
        size = self._network.batch
        groups = [cut[start : start + size] for start in range(0, len(cut), size)]
        if self._threads == 1 or len(groups) == 1:
            for group in groups:
                yield from self._in_tiles(image, group)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            for found in pool.map(lambda group: self._in_tiles(image, group), groups):
                yield from found

    def _in_tiles(self, image: NDArray[np.uint8], group: Sequence[Tile]) -> list[Finds]:
        intake = self.understood.intake
        fits = [fitted(image[t[1] : t[3], t[0] : t[2]], self.input_wh, intake.fit) for t, _ in group]
        pixels = _normalised([canvas for canvas, _, _ in fits], intake)
        outputs = self._network.run(pixels, self.understood.roles)
        found = []
        for tile, (_, scale, offset), output in zip(group, fits, outputs, strict=True):
            boxes, scores = self._decoded(output)
            found.append(self._placed(image, tile, (boxes, scores[:, self._wanted]), (scale, offset)))
        return found

    def _decoded(self, output: Outputs) -> tuple[Floats, Floats]:
        """Return (n, 4) edges in input pixels and (n, c) scores of one tile.

        Raises
        ------
        DronePatrolError
            When the values are none that this form has; the message names the network.
        """
        form, classes = self.understood.form, len(self.understood.names)
        try:
            boxes, scores = form.decode(output, self.input_wh, classes)
        except DronePatrolError as error:
            msg = f"detector {self.name} ({form.name}) {error.message}"
            raise DronePatrolError(msg, hint=error.hint) from error
        low, high = scores.min(initial=0.0), scores.max(initial=0.0)
        if low < -ROUNDING or high > 1 + ROUNDING:
            msg = f"detector {self.name} ({form.name}) put out scores from {low:.3g} to {high:.3g}; expected 0 to 1"
            raise DronePatrolError(msg, hint="export it with its sigmoid or softmax, or use another network")
        return boxes, scores

    def _placed(
        self,
        image: NDArray[np.uint8],
        tile: Tile,
        answer: tuple[NDArray[np.float32], NDArray[np.float32]],
        fit: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> Finds:
        """Return a tile's finds in the image's pixels; ``fit`` is the scale and offset, x and y, of the tile."""
        (edges, scores), (scale, offset) = answer, fit
        kind = scores.argmax(axis=1) if len(scores) else np.empty(0, dtype=np.intp)
        score = scores.max(axis=1, initial=0.0).astype(np.float64)
        (least_px, most_px), length = tile[1], (edges[:, 2:] - edges[:, :2]).max(axis=1, initial=0.0)
        counts = score >= min(self._least_score, self._least_whole)
        found = np.flatnonzero(counts & (length >= least_px) & (length <= most_px))
        boxes, score, kind = edges[found].astype(np.float64), score[found], kind[found]
        kept = keep_best(boxes, score, self._rivals[kind], max_iou=MAX_IOU)
        left, top, right, bottom = tile[0]
        edge = np.array([left, top, left, top], dtype=float)
        xyxy = (boxes[kept] - np.tile(offset, 2)) / np.tile(scale, 2) + edge - 0.5  # edges to pixel centres
        xyxy = np.clip(xyxy, edge - 0.5, np.array([right, bottom, right, bottom]) - 0.5)
        is_cut = touches_inner_border(xyxy, tile[0], (image.shape[1], image.shape[0]), BORDER_PX / float(scale.min()))
        real = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
        return Finds(xyxy, np.minimum(score[kept], 1.0), kind[kept], is_cut)[real]


def _normalised(canvases: Sequence[NDArray[np.uint8]], intake: Intake) -> NDArray[np.float32]:
    """Return (b, 3, height, width) values as the network wants them."""
    height, width = canvases[0].shape[:2]
    pixels = np.empty((len(canvases), 3, height, width), dtype=np.float32)
    for canvas, out in zip(canvases, pixels, strict=True):
        for channel in range(3):
            out[channel] = canvas[:, :, 2 - channel if intake.is_rgb else channel]
    if any(intake.mean):
        pixels -= np.array(intake.mean, dtype=np.float32)[:, None, None]
    if intake.std != (1.0, 1.0, 1.0):
        pixels /= np.array(intake.std, dtype=np.float32)[:, None, None]
    return pixels
