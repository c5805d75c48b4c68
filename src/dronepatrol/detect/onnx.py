"""Detectors in ONNX files [onnxruntime], tile by tile."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.classes import class_names, kind_of
from dronepatrol.detect.forms import Form, recognise
from dronepatrol.detect.images import Image, fitted
from dronepatrol.detect.nms import keep_best, yield_to_whole
from dronepatrol.detect.tiles import BORDER_PX, tile_size_px, tiles, touches_inner_border
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.model.detection import Detections

MIN_SCORE = 0.3
"""Finds below are left out; the working threshold, not tuned to any data set."""
MAX_IOU = 0.5
MAX_COVERED_SHARE = 0.6
"""Share of a cut box inside a whole one above which they show the same thing."""
DEFAULT_INPUT_PX = 640
"""Where the network leaves its input's size open."""
MAX_MODEL_BYTES = 2_000_000_000

Finds = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_]]


class OnnxDetector:
    """A network of the YOLO family on tiles of the image, and on the whole of it where that is more than one tile."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load the weights.

        Raises
        ------
        InputError
            When the file is no ONNX network, or its input or output is of no form that is understood.
        """
        content = _read(path)
        self.name = path.stem
        self.weights_sha256 = hashlib.sha256(content).hexdigest()
        self._session = _session(path, content, threads)
        self._input, self._input_wh = _input_of(path, self._session)
        self._output, self._form, count = self._output_of(path)
        metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        names = [kind_of(name) for name in class_names(path, metadata, count)]
        self._wanted = np.array([number for number, kind in enumerate(names) if kind is not None], dtype=np.intp)
        self._kinds = np.array([kind for kind in names if kind is not None], dtype=np.str_)

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
        finds = [self._in_tile(image, tile) for tile in self._tiles((width, height), gsd_m)]
        xyxy, score, kind, is_cut = (np.concatenate(column) for column in zip(*finds, strict=True))
        stays = np.flatnonzero(yield_to_whole(xyxy, kind, is_cut, max_share=MAX_COVERED_SHARE))
        best = stays[keep_best(xyxy[stays], score[stays], kind[stays], max_iou=MAX_IOU)]
        return Detections(xyxy[best], score[best], self._kinds[kind[best]])

    def _tiles(self, image_wh: tuple[int, int], gsd_m: float | None) -> Iterator[NDArray[np.intp]]:
        cut = tiles(image_wh, tile_size_px(max(self._input_wh), gsd_m))
        yield from cut
        if len(cut) > 1:
            yield np.array([0, 0, *image_wh], dtype=np.intp)

    def _in_tile(self, image: NDArray[np.uint8], tile: NDArray[np.intp]) -> Finds:
        """Return boxes in image pixels, scores, class numbers, and whether a box is cut by the tile's border."""
        left, top, right, bottom = tile
        canvas, scale, offset = fitted(image[top:bottom, left:right], self._input_wh, centred=self._form.centred)
        boxes, scores = self._form.decode(self._run(canvas), self._input_wh)
        scores = scores[:, self._wanted]
        kind = scores.argmax(axis=1) if scores.size else np.zeros(len(scores), dtype=np.intp)
        score = scores.max(axis=1, initial=0.0)
        found = score >= MIN_SCORE
        kept = np.flatnonzero(found)[keep_best(boxes[found], score[found], kind[found], max_iou=MAX_IOU)]
        edge = np.array([left, top, left, top], dtype=float)
        xyxy = (boxes[kept] - np.tile(offset, 2)) / scale + edge - 0.5  # edges to pixel centres
        xyxy = np.clip(xyxy, edge - 0.5, np.array([right, bottom, right, bottom]) - 0.5)
        size = image.shape[1], image.shape[0]
        is_cut = touches_inner_border(xyxy, tile, size, BORDER_PX / scale)
        real = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
        return xyxy[real], np.minimum(score[kept], 1.0)[real], kind[kept][real], is_cut[real]

    def _run(self, canvas: Image) -> NDArray[np.float32]:
        pixels = canvas[..., ::-1] if self._form.is_rgb else canvas
        blob = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(self._form.divisor)
        try:
            (output,) = self._session.run([self._output], {self._input: blob})
        except _runtime_errors() as error:
            msg = f"detector {self.name} failed: {_first_line(error)}"
            raise DronePatrolError(msg, hint="run again with --jobs 1, or use another network") from error
        if not np.isfinite(output).all():
            msg = f"detector {self.name} put out values that are no numbers"
            raise DronePatrolError(msg, hint="export the network again in 32-bit floats, or use another one")
        return np.asarray(output[0])

    def _output_of(self, path: Path) -> tuple[str, Form, int]:
        """Return the name, form and number of classes of the one output that is understood, by shape, not by order."""
        blank = np.zeros((1, 3, self._input_wh[1], self._input_wh[0]), dtype=np.float32)
        try:
            values = self._session.run(None, {self._input: blank})
        except _runtime_errors() as error:
            raise _not_understood(path, f"does not run: {_first_line(error)}") from error
        names = [output.name for output in self._session.get_outputs()]
        shapes = [tuple(getattr(value, "shape", ())) for value in values]
        known = [
            (name, found)
            for name, shape in zip(names, shapes, strict=True)
            if (found := recognise(shape, self._input_wh))
        ]
        if len(known) != 1:
            listed = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
            raise _not_understood(path, f"outputs of no known form: {listed}")
        name, (form, count) = known[0]
        return name, form, count


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise _not_understood(path, "is larger than 2 GB")
        return path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error


def _session(path: Path, content: bytes, threads: int) -> Any:
    import onnxruntime  # noqa: PLC0415 heavy

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if threads > 0:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(content, options, providers=onnxruntime.get_available_providers())
    except _runtime_errors() as error:
        raise _not_understood(path, f"is no ONNX network that runs here: {_first_line(error)}") from error


def _runtime_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415 heavy

    named = (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NotImplemented",
        "RuntimeException",
    )
    return (RuntimeError, ValueError, *(getattr(state, name) for name in named))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _not_understood(path: Path, what: str) -> InputError:
    return InputError(f"{path.name}: {what}", hint="give an ONNX export of a YOLOX, YOLOv5, YOLOv8 or YOLO11 network")


def _input_of(path: Path, session: Any) -> tuple[str, tuple[int, int]]:
    """Return the name of the image input and its (width, height)."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        listed = ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs)
        raise _not_understood(path, f"expected one input (1, 3, height, width) of 32-bit floats; found {listed}")
    batch, channels, height, width = inputs[0].shape
    sizes = [side if isinstance(side, int) and side > 0 else DEFAULT_INPUT_PX for side in (width, height)]
    if (isinstance(batch, int) and batch != 1) or channels not in {3, "channels", None} or any(s % 32 for s in sizes):
        raise _not_understood(
            path, f"expected an input (1, 3, height, width), sides multiples of 32; found {inputs[0].shape}"
        )
    return inputs[0].name, (sizes[0], sizes[1])
