"""A picture of what a detector got wrong [opencv]: cut-outs with the label or the find drawn in."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dronepatrol.detect.evaluate import Miss
from dronepatrol.detect.images import Image, decode
from dronepatrol.errors import DronePatrolError
from dronepatrol.files import write_bytes

CELL_PX = 240
COLUMNS = 6
CAPTION_PX = 40
_ROUND = 3.0  # a cut-out shows this many times the size of its box, and at least _LEAST_PX
_LEAST_PX = 48
_MISSED, _FALSE = (60, 200, 255), (80, 80, 255)  # amber and red, BGR


def write_worst(path: Path, misses: Sequence[Miss]) -> None:
    """Write a sheet of cut-outs: amber boxes were missed, red ones are false finds with their score.

    Raises
    ------
    StorageError
        When the picture cannot be written.
    """
    cells = [_cell(miss) for miss in misses] or [_words(["nothing was missed,", "nothing found is false"])]
    rows = -(-len(cells) // COLUMNS)
    columns = min(COLUMNS, len(cells))
    sheet = np.zeros((rows * (CELL_PX + CAPTION_PX), columns * CELL_PX, 3), dtype=np.uint8)
    for number, cell in enumerate(cells):
        top, left = number // columns * (CELL_PX + CAPTION_PX), number % columns * CELL_PX
        sheet[top : top + CELL_PX + CAPTION_PX, left : left + CELL_PX] = cell
    done, coded = cv2.imencode(".png" if path.suffix.lower() == ".png" else ".jpg", sheet)
    if not done:  # pragma: no cover - an image of this type and size is always coded
        msg = f"{path}: the picture could not be coded"
        raise DronePatrolError(msg)
    write_bytes(path, coded.tobytes())


def _cell(miss: Miss) -> Image:
    image = decode(miss.path.read_bytes())
    text = "missed" if miss.score is None else f"false {miss.score:.2f}"
    cell = _words([f"{text} {miss.kind}", _ascii(miss.path.name)[-36:]])
    if image is None:
        return cell
    centre = (miss.xyxy[:2] + miss.xyxy[2:]) / 2
    side = max(float((miss.xyxy[2:] - miss.xyxy[:2]).max()) * _ROUND, _LEAST_PX)
    scale = CELL_PX / side
    shift = CELL_PX / 2 - centre * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    cell[:CELL_PX] = cv2.warpAffine(image, matrix, (CELL_PX, CELL_PX), flags=how)
    corners = np.rint(miss.xyxy.reshape(2, 2) * scale + shift).astype(int).tolist()
    cv2.rectangle(cell[:CELL_PX], corners[0], corners[1], _MISSED if miss.score is None else _FALSE, 2)
    return cell


def _words(lines: Sequence[str]) -> Image:
    cell = np.full((CELL_PX + CAPTION_PX, CELL_PX, 3), 32, dtype=np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(cell, line, (6, CELL_PX + 16 + 16 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (240, 240, 240), 1)
    return cell


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
