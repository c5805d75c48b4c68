"""Networks that put out a set of finds: the DETR family, and those with non-maximum suppression in their graph."""

import numpy as np

from dronepatrol.detect.forms.form import (
    IMAGENET_STRETCHED,
    RAW_BGR,
    UNIT_RGB,
    UNIT_RGB_STRETCHED,
    Floats,
    Form,
    Outputs,
    corners,
    one_hot,
)
from dronepatrol.errors import DronePatrolError

SURE = 0.3
"""Score of finds whose boxes are looked at."""
MOST_SHARE = 4.0
"""Centres and sizes beyond so many times the input's side are no shares of it."""


def _shares(boxes: Floats, scores: Floats, input_wh: tuple[int, int]) -> Floats:
    """Return edges in pixels of boxes given by centre and size as shares of the input.

    Raises
    ------
    DronePatrolError
        When finds have boxes that cannot be shares.
    """
    largest = np.abs(boxes[scores.max(axis=1, initial=0.0) > SURE]).max(initial=0.0)
    if largest > MOST_SHARE:
        msg = f"put out boxes up to {largest:.3g} times its input's side; expected shares from 0 to 1"
        raise DronePatrolError(msg, hint="it may be another kind of network, such as one for rotated boxes")
    sides = np.array(input_wh, dtype=np.float32)
    return corners(boxes[:, :2] * sides, boxes[:, 2:4] * sides)


def _rtdetr(outputs: Outputs, input_wh: tuple[int, int], _: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return _shares(values[:, :4], values[:, 4:], input_wh), values[:, 4:]


def _detr(outputs: Outputs, input_wh: tuple[int, int], _: int) -> tuple[Floats, Floats]:
    """Decode boxes and logits; the scores are sigmoids, as in Deformable DETR, RT-DETR and RF-DETR."""
    scores = (1 / (1 + np.exp(-np.clip(outputs["logits"], -50, 50)))).astype(np.float32)
    return _shares(outputs["boxes"], scores, input_wh), scores


def _end2end(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return values[:, :4], one_hot(values[:, 4], values[:, 5], classes)


def _end2end7(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return values[:, 1:5], one_hot(values[:, 6], values[:, 5], classes)


def _sets(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    boxes, score, label = outputs["boxes"], outputs["scores"].ravel(), outputs["labels"].ravel()
    count = int(outputs["count"].ravel()[0]) if "count" in outputs else len(score)
    if not 0 <= count <= len(score):
        msg = f"put out {count} as the number of its finds; expected 0 to {len(score)}"
        raise DronePatrolError(msg, hint="export the network again, or use another one")
    return boxes[:count], one_hot(score[:count], label[:count], classes)


def _mmdet(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return values[:, :4], one_hot(values[:, 4], outputs["labels"].ravel(), classes)


RTDETR = Form("rtdetr", UNIT_RGB_STRETCHED, _rtdetr)
DETR = Form("detr", IMAGENET_STRETCHED, _detr)
END2END = Form("end2end", UNIT_RGB, _end2end)
END2END7 = Form("end2end7", UNIT_RGB, _end2end7)
SETS = Form("sets", UNIT_RGB, _sets)
MMDET = Form("mmdet", RAW_BGR, _mmdet)
