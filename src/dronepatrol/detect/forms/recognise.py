"""Which form a network's outputs have, by their shapes and names."""

from collections.abc import Mapping
from dataclasses import dataclass

from dronepatrol.detect.forms.dense import YOLOV5, YOLOV8, YOLOX, anchors
from dronepatrol.detect.forms.form import Form
from dronepatrol.detect.forms.sets import DETR, END2END, END2END7, MMDET, RTDETR, SETS

FORMS = {form.name: form for form in (YOLOX, YOLOV5, YOLOV8, RTDETR, DETR, END2END, END2END7, SETS, MMDET)}
_BOXES = ("boxes", "pred_boxes", "dets", "det_boxes", "bboxes")
_LOGITS = ("logits", "labels", "pred_logits", "class_logits")
_SCORES = ("scores", "det_scores")
_LABELS = ("labels", "det_classes", "classes", "class_ids")
_COUNT = ("num_dets", "num_detections", "num")
_RF_DETR = {"dets", "labels"}
"""What RF-DETR's own export calls boxes and logits; it alone is known to take ImageNet's mean and deviation."""
_DETR_PIXELS = (
    "RT-DETR and D-FINE of Hugging Face: rgb = true, mean = [0, 0, 0], std = [255, 255, 255]; RF-DETR and "
    "Deformable DETR: rgb = true, mean = [123.675, 116.28, 103.53], std = [58.395, 57.12, 57.375]"
)
_MMDET_PIXELS = "mean, std and bgr_to_rgb (here: rgb) stand in data_preprocessor of its MMDetection configuration"
MOST = 1000
"""Networks that put out a set of finds put out at most so many, of fewer classes."""

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A form, which output plays which role in it, and the number of classes where the shapes tell it.

    ``pixels`` is empty where such networks take the pixels that are usual for the form, else it says where to look.
    """

    form: Form
    roles: Mapping[str, str]
    classes: int | None
    pixels: str = ""


def recognise(shapes: Shapes, input_wh: tuple[int, int], classes: int | None = None) -> list[Recognised]:
    """Return every form that outputs of these shapes (with their batch of one) and names may have.

    ``classes`` is how many classes are named somewhere, None where none are.
    """
    together = _with_scores(shapes) or _several(shapes)
    taken = {name for one in together for name in one.roles.values()}
    alone = (one for name, shape in shapes.items() for one in _single(name, shape, input_wh, classes))
    return [*together, *(one for one in alone if one.roles["finds"] not in taken)]


def _single(name: str, shape: tuple[int, ...], input_wh: tuple[int, int], classes: int | None) -> list[Recognised]:
    """Return the forms that one output alone may have."""
    roles = {"finds": name}
    if len(shape) == 2 and shape[1] == 7:
        return [Recognised(END2END7, roles, None)]
    if len(shape) != 3 or shape[0] != 1:
        return []
    rows, columns = shape[1:]
    if form := _dense(rows, columns, anchors(input_wh)):
        return [Recognised(form[0], roles, form[1])]
    if not 4 < columns <= MOST or rows > MOST:
        return []
    sets = [Recognised(RTDETR, roles, columns - 4)]
    if columns != 6:
        return sets
    ended = [Recognised(END2END, roles, None)]
    return [*ended, *sets] if classes == 2 else ended


def _dense(rows: int, columns: int, cells: int) -> tuple[Form, int] | None:
    """Return the form of an output with so many rows and columns, and its number of classes."""
    if rows == cells and columns > 5:
        return YOLOX, columns - 5
    if rows == 3 * cells and columns > 5:
        return YOLOV5, columns - 5
    return (YOLOV8, rows - 4) if columns == cells and rows > 4 else None


def _with_scores(shapes: Shapes) -> list[Recognised]:
    """Return the form of boxes that have their score as a fifth column, with their labels beside (MMDeploy)."""
    finds, labels = _called(shapes, _BOXES, last=5), _called(shapes, _LABELS)
    if finds is None or labels is None or shapes[labels] != shapes[finds][:-1]:
        return []
    return [Recognised(MMDET, {"finds": finds, "labels": labels}, None, _MMDET_PIXELS)]


def _several(shapes: Shapes) -> list[Recognised]:
    """Return the forms that several outputs have together, each called by one of its usual names."""
    boxes = _called(shapes, _BOXES, last=4)
    if boxes is None:
        return []
    scores, labels = _called(shapes, _SCORES), _called(shapes, _LABELS)
    count = shapes[boxes][-2]
    if scores and labels and shapes[scores][-1] == count and shapes[labels][-1] == count:
        roles = {"boxes": boxes, "scores": scores, "labels": labels}
        if number := _called(shapes, _COUNT):
            roles["count"] = number
        return [Recognised(SETS, roles, None)]
    logits = _called(shapes, _LOGITS)
    if logits and len(shapes[boxes]) == 3 and len(shapes[logits]) == 3 and shapes[logits][1] == count:
        pixels = "" if {boxes, logits} == _RF_DETR else _DETR_PIXELS
        return [Recognised(DETR, {"boxes": boxes, "logits": logits}, shapes[logits][2], pixels)]
    return []


def _called(shapes: Shapes, names: tuple[str, ...], last: int | None = None) -> str | None:
    for name, shape in shapes.items():
        if name.lower() in names and shape and len(shape) >= (2 if last else 1) and last in {None, shape[-1]}:
            return name
    return None
