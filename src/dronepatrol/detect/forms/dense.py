"""Networks that answer in every cell of their grids: the YOLO family."""

from functools import lru_cache

import numpy as np

from dronepatrol.detect.forms.form import RAW_BGR, UNIT_RGB, Floats, Form, Outputs, corners

STRIDES = (8, 16, 32)
MAX_LOG_SIZE = 10.0
"""e to the power of this, times the stride, is more than any input; keeps broken outputs finite."""


def anchors(input_wh: tuple[int, int]) -> int:
    """Return the number of cells of all grids."""
    return len(_grid(input_wh)[0])


@lru_cache(maxsize=8)
def _grid(input_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return (n, 2) column and row of each cell and (n, 1) its stride in pixels, finest grid first, row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        row, column = np.mgrid[:rows, :columns]
        cells.append(np.stack([column.ravel(), row.ravel()], axis=-1))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _yolox(outputs: Outputs, input_wh: tuple[int, int], _: int) -> tuple[Floats, Floats]:
    """Decode YOLOX (Ge et al. 2021): centre = (offset + cell) stride, size = exp(log size) stride."""
    values = outputs["finds"]
    cells, strides = _grid(input_wh)
    centre = (values[:, :2] + cells) * strides
    size = np.exp(np.minimum(values[:, 2:4], MAX_LOG_SIZE)) * strides
    return corners(centre, size), values[:, 4:5] * values[:, 5:]


def _yolov5(outputs: Outputs, _: tuple[int, int], __: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return corners(values[:, :2], values[:, 2:4]), values[:, 4:5] * values[:, 5:]


def _yolov8(outputs: Outputs, _: tuple[int, int], __: int) -> tuple[Floats, Floats]:
    values = outputs["finds"].T
    return corners(values[:, :2], values[:, 2:4]), values[:, 4:]


YOLOX = Form("yolox", RAW_BGR, _yolox)
YOLOV5 = Form("yolov5", UNIT_RGB, _yolov5)
YOLOV8 = Form("yolov8", UNIT_RGB, _yolov8)
