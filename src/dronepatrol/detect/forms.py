"""The forms in which detection networks put out their finds, recognised by shape and brought into one. Pure.

``n`` anchors (cells of the grids with strides 8, 16 and 32) of an input of w by h pixels:

=========  ==================  =========================================================================
YOLOX      (1, n, 5 + c)       offsets and log sizes per cell, objectness and class scores; BGR, 0 to 255
YOLOv5     (1, 3 n, 5 + c)     centre and size in pixels, objectness and class scores; RGB, 0 to 1
YOLOv8     (1, 4 + c, n)       centre and size in pixels, class scores (also v11); RGB, 0 to 1
=========  ==================  =========================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Decoder = Callable[[NDArray[np.float32], tuple[int, int]], tuple[Floats, Floats]]

STRIDES = (8, 16, 32)
MAX_LOG_SIZE = 10.0
"""e to the power of this, times the stride, is more than any input; keeps broken outputs finite."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a network of one family takes an image and puts out its finds.

    ``decode`` takes an output without its batch and the input's (w, h); it returns (n, 4) left, top, right, bottom in
    input pixels from the edge, and (n, c) scores.
    """

    name: str
    is_rgb: bool
    divisor: float
    centred: bool
    decode: Decoder


def recognise(shape: tuple[int, ...], input_wh: tuple[int, int]) -> tuple[Form, int] | None:
    """Return the form of an output of this shape and its number of classes, None where it is none of the known."""
    if len(shape) != 3 or shape[0] != 1:
        return None
    _, rows, columns = shape
    anchors = len(_grid(input_wh)[0])
    if rows == anchors and columns > 5:
        return YOLOX, columns - 5
    if rows == 3 * anchors and columns > 5:
        return YOLOV5, columns - 5
    if columns == anchors and rows > 4:
        return YOLOV8, rows - 4
    return None


def _grid(input_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return (n, 2) column and row of each cell and (n, 1) its stride in pixels, finest grid first, row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        row, column = np.mgrid[:rows, :columns]
        cells.append(np.stack([column.ravel(), row.ravel()], axis=-1))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(float), np.concatenate(strides).astype(float)


def _corners(centre: Floats, size: Floats) -> Floats:
    return np.concatenate([centre - size / 2, centre + size / 2], axis=-1)


def _yolox(output: NDArray[np.float32], input_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Decode YOLOX (Ge et al. 2021): centre = (offset + cell) stride, size = exp(log size) stride."""
    values = output.astype(float)
    cells, strides = _grid(input_wh)
    centre = (values[:, :2] + cells) * strides
    size = np.exp(np.minimum(values[:, 2:4], MAX_LOG_SIZE)) * strides
    return _corners(centre, size), values[:, 4:5] * values[:, 5:]


def _yolov5(output: NDArray[np.float32], input_wh: tuple[int, int]) -> tuple[Floats, Floats]:  # noqa: ARG001
    values = output.astype(float)
    return _corners(values[:, :2], values[:, 2:4]), values[:, 4:5] * values[:, 5:]


def _yolov8(output: NDArray[np.float32], input_wh: tuple[int, int]) -> tuple[Floats, Floats]:  # noqa: ARG001
    values = output.astype(float).T
    return _corners(values[:, :2], values[:, 2:4]), values[:, 4:]


YOLOX = Form("YOLOX", is_rgb=False, divisor=1.0, centred=False, decode=_yolox)
YOLOV5 = Form("YOLOv5", is_rgb=True, divisor=255.0, centred=True, decode=_yolov5)
YOLOV8 = Form("YOLOv8", is_rgb=True, divisor=255.0, centred=True, decode=_yolov8)
