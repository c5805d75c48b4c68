"""Networks that put out a set of finds: the DETR family, and those with non-maximum suppression in their graph."""

import numpy as np

from dronepatrol.detect.forms.form import (
    IMAGENET_STRETCHED,
    UNIT_RGB,
    UNIT_RGB_STRETCHED,
    Floats,
    Form,
    Outputs,
    corners,
    one_hot,
)


def _shares(boxes: Floats, input_wh: tuple[int, int]) -> Floats:
    """Return edges in pixels of boxes given by centre and size as shares of the input."""
    sides = np.array(input_wh, dtype=np.float32)
    return corners(boxes[:, :2] * sides, boxes[:, 2:4] * sides)


def _rtdetr(outputs: Outputs, input_wh: tuple[int, int], _: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return _shares(values[:, :4], input_wh), values[:, 4:]


def _detr(outputs: Outputs, input_wh: tuple[int, int], _: int) -> tuple[Floats, Floats]:
    """Decode boxes and logits; the scores are sigmoids, as in Deformable DETR, RT-DETR and RF-DETR."""
    scores = 1 / (1 + np.exp(-np.clip(outputs["logits"], -50, 50)))
    return _shares(outputs["boxes"], input_wh), scores.astype(np.float32)


def _end2end(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return values[:, :4], one_hot(values[:, 4], values[:, 5], classes)


def _end2end7(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    values = outputs["finds"]
    return values[:, 1:5], one_hot(values[:, 6], values[:, 5], classes)


def _sets(outputs: Outputs, _: tuple[int, int], classes: int) -> tuple[Floats, Floats]:
    boxes, score, label = outputs["boxes"], outputs["scores"].ravel(), outputs["labels"].ravel()
    count = min(int(outputs["count"].ravel()[0]), len(score)) if "count" in outputs else len(score)
    return boxes[:count], one_hot(score[:count], label[:count], classes)


RTDETR = Form("rtdetr", UNIT_RGB_STRETCHED, _rtdetr)
DETR = Form("detr", IMAGENET_STRETCHED, _detr)
END2END = Form("end2end", UNIT_RGB, _end2end)
END2END7 = Form("end2end7", UNIT_RGB, _end2end7)
SETS = Form("sets", UNIT_RGB, _sets)
