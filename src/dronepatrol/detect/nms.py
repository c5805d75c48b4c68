"""One box per thing: overlapping boxes of one image and kind merged, boxes cut by a tile's border last.

Pure; a spatial index finds the pairs, so that thousands of boxes cost milliseconds.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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


def _shapes(boxes: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.box(*boxes.T), dtype=np.object_)


def keep_best(xyxy: Floats, score: Floats, kind: NDArray[np.intp], *, max_iou: float) -> NDArray[np.intp]:
    """Return the indices of the boxes that stay, best first: none overlaps a better one of its kind by more.

    Greedy non-maximum suppression. Equal scores keep the order given, so that the result is the same everywhere.

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
    """
    order = np.argsort(-score, kind="stable")
    alive = np.ones(len(order), dtype=bool)
    kept: list[NDArray[np.intp]] = []
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK][alive[start : start + _BLOCK]]
        best = block[_greedy(xyxy[block], kind[block], max_iou)]
        kept.append(best)
        rest = np.flatnonzero(alive[start + _BLOCK :]) + start + _BLOCK
        if len(rest) and len(best):
            alive[rest[_suppressed(xyxy, kind, order[rest], best, max_iou)]] = False
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.intp)


def _greedy(xyxy: Floats, kind: NDArray[np.intp], max_iou: float) -> NDArray[np.bool_]:
    """Return which of (n, 4) boxes stay; they stand best first."""
    boxes = _shapes(xyxy)
    lesser, better = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    pairs = (better < lesser) & (kind[better] == kind[lesser])
    lesser, better = lesser[pairs], better[pairs]
    close = iou(xyxy[lesser], xyxy[better]) > max_iou
    rivals: dict[int, list[int]] = {}
    for low, high in zip(lesser[close].tolist(), better[close].tolist(), strict=True):
        rivals.setdefault(low, []).append(high)
    stays = np.ones(len(xyxy), dtype=bool)
    for low in sorted(rivals):
        stays[low] = not any(stays[high] for high in rivals[low])
    return stays


def _suppressed(
    xyxy: Floats, kind: NDArray[np.intp], boxes: NDArray[np.intp], best: NDArray[np.intp], max_iou: float
) -> NDArray[np.bool_]:
    """Return which boxes (indices) overlap one of the best of their kind too much."""
    gone = np.zeros(len(boxes), dtype=bool)
    tree = shapely.STRtree(_shapes(xyxy[best]))
    for start in range(0, len(boxes), _BLOCK):
        part = boxes[start : start + _BLOCK]
        mine, theirs = tree.query(_shapes(xyxy[part]), predicate="intersects")
        close = (kind[part[mine]] == kind[best[theirs]]) & (iou(xyxy[part[mine]], xyxy[best[theirs]]) > max_iou)
        gone[start + mine[close]] = True
    return gone


def yield_to_whole(
    xyxy: Floats, kind: NDArray[np.intp], is_cut: NDArray[np.bool_], *, max_share: float
) -> NDArray[np.bool_]:
    """Return which boxes stay when one cut by a tile's border gives way to a whole one of its kind that covers it.

    Parameters
    ----------
    xyxy, kind
        (n, 4) boxes and (n,) class numbers.
    is_cut
        (n,) whether a box touches a border inside the image, so that it may show a part of its thing only.
    max_share
        Share of a cut box's own area inside a whole box above which it goes.
    """
    stays = np.ones(len(xyxy), dtype=bool)
    whole, cut = np.flatnonzero(~is_cut), np.flatnonzero(is_cut)
    if not len(whole) or not len(cut):
        return stays
    tree = shapely.STRtree(_shapes(xyxy[whole]))
    for start in range(0, len(cut), _BLOCK):
        part = cut[start : start + _BLOCK]
        mine, theirs = tree.query(_shapes(xyxy[part]), predicate="intersects")
        small, big = part[mine], whole[theirs]
        covered = _common(xyxy[small], xyxy[big]) > max_share * _area(xyxy[small])
        stays[small[covered & (kind[small] == kind[big])]] = False
    return stays
