"""How well finds agree with the truth: average precision as COCO defines it. Pure.

The matching and the averaging are those of the COCO detection task (Lin et al. 2014, and its public evaluation code):
in each image the finds of a kind, best first, take the best free label above the overlap; precision is made to fall
with recall and read at 101 recalls. Labels that are no single countable thing neither help nor harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MAX_FINDS = 100
"""Finds of one kind in one image that average precision counts, as COCO has it; the rest has the lowest scores."""
SIZES_PX2 = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}


@dataclass(frozen=True, slots=True)
class Scene:
    """Labels and finds of one kind in one image.

    ``label`` (m, 4) and ``find`` (n, 4) edges in pixels; ``area_px2`` (m,); ``is_crowd`` and ``is_ignored`` (m,): boxes
    around many things, and all that does not count; ``score`` (n,).
    """

    label: Floats
    area_px2: Floats
    is_crowd: Bools
    is_ignored: Bools
    find: Floats
    score: Floats

    def sure(self, threshold: float) -> "Scene":
        """Return the scene with the finds of at least this score alone."""
        used = self.score >= threshold
        return replace(self, find=self.find[used], score=self.score[used])


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of the finds of one image, best first.

    ``is_true`` and ``is_ignored`` are (overlaps, n); ``score`` is (n,); ``labels`` counts what there was to find.
    """

    score: Floats
    is_true: Bools
    is_ignored: Bools
    labels: int


def match(scene: Scene, size_px2: tuple[float, float] = SIZES_PX2["all"], max_finds: int | None = MAX_FINDS) -> Matched:
    """Return which finds of an image are true, for each of :data:`OVERLAPS`, among things of an area from to.

    Of more than ``max_finds`` those with the lowest scores are left out; None keeps them all.
    """
    order = np.argsort(-scene.score, kind="mergesort")[:max_finds]
    find, score = scene.find[order], scene.score[order]
    ignored = scene.is_ignored | scene.is_crowd | (scene.area_px2 < size_px2[0]) | (scene.area_px2 > size_px2[1])
    order = np.argsort(ignored, kind="mergesort")
    ignored, crowd = ignored[order], scene.is_crowd[order]
    overlap = overlaps(find, scene.label[order], crowd)
    owner = _assign(overlap, ignored, crowd)
    taken = owner >= 0
    harmless = taken & (ignored[owner] if len(ignored) else False)
    area = np.prod(find[:, 2:] - find[:, :2], axis=1)
    harmless |= ~taken & ((area < size_px2[0]) | (area > size_px2[1]))
    return Matched(score, taken, harmless, int(np.count_nonzero(~ignored)))


def overlaps(find: Floats, label: Floats, is_crowd: Bools) -> Floats:
    """Return (n, m) intersection over union; with a crowd, intersection over the find's own area."""
    low = np.maximum(find[:, None, :2], label[None, :, :2])
    high = np.minimum(find[:, None, 2:], label[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=2)
    area = np.prod(find[:, 2:] - find[:, :2], axis=1)[:, None]
    whole = area + np.prod(label[:, 2:] - label[:, :2], axis=1)[None] - common
    divisor = np.where(is_crowd[None], area, whole)
    return np.asarray(np.divide(common, divisor, out=np.zeros_like(common), where=divisor > 0))


def _assign(overlap: Floats, ignored: Bools, crowd: Bools) -> NDArray[np.intp]:
    """Return (overlaps, n) the label that each find takes, -1 for none; labels that count come first."""
    finds, labels = overlap.shape
    owner = np.full((len(OVERLAPS), finds), -1, dtype=np.intp)
    if not labels:
        return owner
    need = np.minimum(OVERLAPS, 1 - 1e-10)[:, None]
    free = np.ones((len(OVERLAPS), labels), dtype=bool)
    rows = np.arange(len(OVERLAPS))
    for number in range(finds):
        usable = np.where(free & (overlap[number][None] >= need), overlap[number][None], -1.0)
        best = _last_best(np.where(ignored[None], -1.0, usable))
        second = _last_best(np.where(ignored[None], usable, -1.0))
        chosen = np.where(best >= 0, best, second)
        owner[:, number] = chosen
        took = chosen >= 0
        free[rows[took], chosen[took]] = crowd[chosen[took]]
    return owner


def _last_best(values: Floats) -> NDArray[np.intp]:
    """Return the last place of each row's largest value, -1 where that is negative."""
    last = values.shape[1] - 1 - values[:, ::-1].argmax(axis=1)
    return np.where(values.max(axis=1) >= 0, last, -1)


def average_precision(matched: Sequence[Matched]) -> Floats:
    """Return (overlaps,) average precision over all images; NaN where there was nothing to find."""
    wanted = sum(one.labels for one in matched)
    if not wanted:
        return np.full(len(OVERLAPS), np.nan)
    order = np.argsort(-np.concatenate([one.score for one in matched]), kind="mergesort")
    is_true = np.concatenate([one.is_true for one in matched], axis=1)[:, order]
    ignored = np.concatenate([one.is_ignored for one in matched], axis=1)[:, order]
    return np.array([_one_curve(good, skip, wanted) for good, skip in zip(is_true, ignored, strict=True)])


def _one_curve(is_true: Bools, ignored: Bools, wanted: int) -> float:
    good = np.cumsum(is_true & ~ignored)
    bad = np.cumsum(~is_true & ~ignored)
    if not len(good):
        return 0.0
    recall = good / wanted
    precision = good / (good + bad + np.spacing(1))
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    return float(np.where(at < len(falling), falling[np.minimum(at, len(falling) - 1)], 0.0).mean())


def counts_at(
    scenes: Sequence[Scene], threshold: float, size_px2: tuple[float, float] = SIZES_PX2["all"]
) -> tuple[int, int, int]:
    """Return how many finds of at least this score are true and false, and how many labels were missed, at IoU 0.5.

    Every such find counts, however many there are in an image.
    """
    good = bad = labels = 0
    for scene in scenes:
        one = match(scene.sure(threshold), size_px2, max_finds=None)
        good += int(np.count_nonzero(one.is_true[0] & ~one.is_ignored[0]))
        bad += int(np.count_nonzero(~one.is_true[0] & ~one.is_ignored[0]))
        labels += one.labels
    return good, bad, labels - good
