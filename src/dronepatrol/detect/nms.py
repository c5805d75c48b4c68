"""One box per thing: overlapping boxes of one image and kind merged, boxes cut by a tile's border last.

Pure; a spatial index finds the pairs, so that thousands of boxes cost milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Boxes:
    """(n, 4) boxes, best first, their (n,) class numbers, the same boxes as (n,) geometries, and what two may share."""

    xyxy: Floats
    kind: NDArray[np.intp]
    shapes: Shapes
    max_iou: float
    max_inside: float


_BLOCK = 1024  # boxes decided at a time: bounds the pairs that are held


def iou(first: Floats, second: Floats) -> Floats:
    """Return (n,) intersection over union of (n, 4) boxes with (n, 4) boxes, pair by pair."""
    common = _common(first, second)
    union = _area(first) + _area(second) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def _common(first: Floats, second: Floats) -> Floats:
    size = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    return np.asarray(np.prod(np.maximum(size, 0.0), axis=1))


def _area(boxes: Floats) -> Floats:
    return np.asarray(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1))


def _shapes(boxes: Floats) -> Shapes:
    return np.asarray(shapely.box(*boxes.T), dtype=np.object_)


def keep_best(
    xyxy: Floats, score: Floats, kind: NDArray[np.intp], *, max_iou: float, max_inside: float = 1.0
) -> NDArray[np.intp]:
    """Return the indices of the boxes that stay, best first: none overlaps a better one of its kind by more.

    Greedy non-maximum suppression, also of boxes that lie inside a better one: parts of the thing. Equal scores keep
    the order given, so that the result is the same everywhere.

    Parameters
    ----------
    xyxy
        (n, 4) left, top, right, bottom.
    score
        (n,).
    kind
        (n,) class numbers; only boxes of one kind compete.
    max_iou
        Intersection over union above which the lesser box goes.
    max_inside
        Share of the lesser box's own area inside the better one above which it goes.
    """
    order = np.argsort(-score, kind="stable")
    boxes = _Boxes(xyxy[order], kind[order], _shapes(xyxy[order]), max_iou, max_inside)
    stays = np.ones(len(order), dtype=bool)
    for start in range(0, len(order), _BLOCK):
        block = np.flatnonzero(stays[start : start + _BLOCK]) + start
        stays[block] = _greedy(block, boxes)
        best = block[stays[block]]
        rest = np.flatnonzero(stays[start + _BLOCK :]) + start + _BLOCK
        for lesser, _ in _rivals(rest, best, boxes):
            stays[lesser] = False
    return order[stays]


def _rivals(
    some: NDArray[np.intp], others: NDArray[np.intp], boxes: _Boxes
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (k,) of some boxes and (k,) of the others of their kind that they overlap by more, as indices, in parts."""
    if not len(some) or not len(others):
        return
    tree = shapely.STRtree(boxes.shapes[others])
    for start in range(0, len(some), _BLOCK):
        part = some[start : start + _BLOCK]
        mine, theirs = tree.query(boxes.shapes[part])
        box, other = part[mine], others[theirs]
        same = boxes.kind[box] == boxes.kind[other]
        box, other = box[same], other[same]
        mine_px, theirs_px = boxes.xyxy[box], boxes.xyxy[other]
        close = iou(mine_px, theirs_px) > boxes.max_iou
        if boxes.max_inside < 1:
            close |= _common(mine_px, theirs_px) > boxes.max_inside * _area(mine_px)
        yield box[close], other[close]


def _greedy(block: NDArray[np.intp], boxes: _Boxes) -> NDArray[np.bool_]:
    """Return which boxes of a block, best first, stay: none overlaps one that stays before it."""
    before: dict[int, list[int]] = {}
    for lesser, better in _rivals(block, block, boxes):
        ahead = better < lesser
        for low, high in zip(lesser[ahead].tolist(), better[ahead].tolist(), strict=True):
            before.setdefault(low, []).append(high)
    gone: set[int] = set()
    for low in sorted(before):
        if not gone.issuperset(before[low]):
            gone.add(low)
    return ~np.isin(block, list(gone))


def yield_to_whole(
    xyxy: Floats, score: Floats, kind: NDArray[np.intp], is_cut: NDArray[np.bool_], *, max_share: float, sure: float
) -> NDArray[np.bool_]:
    """Return which boxes stay when one cut by a tile's border gives way to a whole one of its kind that covers it.

    Parameters
    ----------
    xyxy, score, kind
        (n, 4) boxes, (n,) scores and (n,) class numbers.
    is_cut
        (n,) whether a box touches a border inside the image, so that it may show a part of its thing only.
    max_share
        Share of a cut box's own area inside a whole box above which it goes.
    sure
        Score from which a whole box may be less sure than the cut one. So boxes below it, which are there for measuring
        alone, change nothing of those above.
    """
    stays = np.ones(len(xyxy), dtype=bool)
    whole, cut = np.flatnonzero(~is_cut), np.flatnonzero(is_cut)
    if not len(whole) or not len(cut):
        return stays
    tree = shapely.STRtree(_shapes(xyxy[whole]))
    for start in range(0, len(cut), _BLOCK):
        part = cut[start : start + _BLOCK]
        mine, theirs = tree.query(_shapes(xyxy[part]))
        small, big = part[mine], whole[theirs]
        covered = _common(xyxy[small], xyxy[big]) > max_share * _area(xyxy[small])
        counts = score[big] >= np.minimum(score[small], sure)
        stays[small[covered & counts & (kind[small] == kind[big])]] = False
    return stays
