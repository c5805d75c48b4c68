"""What YOLOX is trained for: SimOTA assignment (Ge et al. 2021, section 2.3), IoU, objectness and class losses."""

import torch
from torch import Tensor
from torch.nn import functional

from training.network import STRIDES

IOU_WEIGHT = 5.0
CENTRE_RADIUS = 1.5
"""Cells within this many strides of a box's centre may answer for it."""
CANDIDATES = 10
_FAR = 1e5


def flatten(outputs: list[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return what all cells say in one row: boxes, objectness and classes, with the cells' centres and strides.

    Boxes (b, n, 4) are edges in pixels, objectness is (b, n), classes (b, n, c), centres (n, 2), strides (n,).
    """
    boxes, objects, classes, centres, strides = [], [], [], [], []
    for (box, obj, cls), stride in zip(outputs, STRIDES, strict=True):
        height, width = box.shape[2:]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        cells = torch.stack([columns.flatten(), rows.flatten()], dim=1).float()
        flat = box.flatten(2).transpose(1, 2)
        middle = (flat[..., :2] + cells) * stride
        size = torch.exp(flat[..., 2:].clamp(max=8.0)) * stride
        boxes.append(torch.cat([middle - size / 2, middle + size / 2], dim=-1))
        objects.append(obj.flatten(1))
        classes.append(cls.flatten(2).transpose(1, 2))
        centres.append((cells + 0.5) * stride)
        strides.append(torch.full((len(cells),), float(stride)))
    return torch.cat(boxes, 1), torch.cat(objects, 1), torch.cat(classes, 1), torch.cat(centres), torch.cat(strides)


def loss(outputs: list[tuple[Tensor, Tensor, Tensor]], truth: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the loss of a batch; ``truth`` is (edges (m, 4), kinds (m,)) for each image."""
    boxes, objects, classes, centres, strides = flatten(outputs)
    total = boxes.new_zeros(())
    wanted_object = torch.zeros_like(objects)
    count = 0
    for number, (edges, kinds) in enumerate(truth):
        if not len(edges):
            continue
        cells, owner, overlap = _assign(
            boxes[number].detach(), objects[number].detach(), classes[number].detach(), centres, strides, edges, kinds
        )
        count += len(cells)
        wanted_object[number, cells] = 1.0
        fit = _paired_iou(boxes[number, cells], edges[owner])
        total = total + IOU_WEIGHT * (1 - fit**2).sum()
        wanted = functional.one_hot(kinds[owner], classes.shape[2]).float() * overlap[:, None]
        total = total + functional.binary_cross_entropy_with_logits(classes[number, cells], wanted, reduction="sum")
    total = total + functional.binary_cross_entropy_with_logits(objects, wanted_object, reduction="sum")
    return total / max(count, 1)


def _assign(
    boxes: Tensor, objects: Tensor, classes: Tensor, centres: Tensor, strides: Tensor, edges: Tensor, kinds: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the cells that answer for a box, whose box, and their overlap with it."""
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    inside = ((centres[None] > edges[:, None, :2]) & (centres[None] < edges[:, None, 2:])).all(-1)
    near = ((centres[None] - middle[:, None]).abs() < CENTRE_RADIUS * strides[None, :, None]).all(-1)
    allowed = torch.nonzero((inside | near).any(0)).flatten()
    both = (inside & near)[:, allowed]
    overlap = _iou(edges, boxes[allowed])
    score = (classes[allowed].sigmoid() * objects[allowed, None].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    one_hot = functional.one_hot(kinds, classes.shape[1]).float()
    negative = functional.binary_cross_entropy(score, torch.zeros_like(score), reduction="none").sum(1)
    logit = score.log() - (1 - score).log()
    class_cost = negative[None] - one_hot @ logit.T
    cost = class_cost - 3.0 * torch.log(overlap + 1e-8) + _FAR * (~both)
    matching = torch.zeros_like(cost, dtype=torch.bool)
    top = overlap.topk(min(CANDIDATES, overlap.shape[1]), dim=1).values.sum(1).int().clamp(min=1)
    for row, k in enumerate(top.tolist()):
        matching[row, cost[row].topk(min(k, cost.shape[1]), largest=False).indices] = True
    several = matching.sum(0) > 1
    if several.any():
        best = cost[:, several].argmin(0)
        matching[:, several] = False
        matching[best, torch.nonzero(several).flatten()] = True
    owner, cell = torch.nonzero(matching, as_tuple=True)
    return allowed[cell], owner, overlap[owner, cell]


def _iou(a: Tensor, b: Tensor) -> Tensor:
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(-1), (b[:, 2:] - b[:, :2]).prod(-1)
    return shared / (area_a[:, None] + area_b[None] - shared + 1e-9)


def _paired_iou(a: Tensor, b: Tensor) -> Tensor:
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(-1) + (b[:, 2:] - b[:, :2]).prod(-1) - shared + 1e-9)
