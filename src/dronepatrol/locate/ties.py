"""Tie points: places that overlapping photos share, found by SIFT and kept where a plane's geometry holds [opencv]."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

LONG_SIDE_PX = 1000
"""Photos are looked at in this size: finer detail costs time and gains nothing for a pose."""
_MOST_FEATURES = 1500
_RATIO = 0.8  # Lowe's ratio test
_NEAR_PX = 4.0  # of the reduced photo: how far a match may lie from where its pair's homography puts it
_LEAST = 15  # fewer matches that agree are chance, or water
_REDUCED = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4}


@dataclass(frozen=True, slots=True)
class Features:
    """Keypoints of one photo: ``pixels`` (n, 2) of the full photo, ``words`` (n, 128) what they look like.

    ``scale`` is pixels of the full photo per pixel of the reduced one.
    """

    pixels: Floats
    words: NDArray[np.float32]
    scale: float


@dataclass(frozen=True, slots=True)
class Match:
    """Keypoints that two photos share, (m, 2) numbers of theirs, and how many looked alike before geometry spoke."""

    first: int
    second: int
    pairs: Ints
    alike: int


def features(path: Path, image_wh: tuple[int, int]) -> Features | None:
    """Return a photo's keypoints, in the pixels of the file as stored; None where the file is no picture of this size.

    The picture is not turned by its EXIF orientation: poses and boxes speak of the pixels as stored.
    """
    long = max(image_wh)
    factor = 4 if long >= 4 * LONG_SIDE_PX else 2 if long >= 2 * LONG_SIDE_PX else 1
    cv2.utils.logging.setLogLevel(2)  # errors alone: OpenCV warns on stderr of each metadata tag that it does not know
    picture = cv2.imread(str(path), _REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or abs(picture.shape[1] * image_wh[1] - picture.shape[0] * image_wh[0]) > 0.02 * long**2:
        return None
    shrink = LONG_SIDE_PX / max(picture.shape)
    if shrink < 1:
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    points, words = cv2.SIFT.create(_MOST_FEATURES).detectAndCompute(picture, None)
    scale = image_wh[0] / picture.shape[1]
    if not points:
        return Features(np.empty((0, 2)), np.empty((0, 128), np.float32), scale)
    places = np.array([point.pt for point in points], dtype=float)
    words = np.sqrt(
        words / np.maximum(words.sum(axis=1, keepdims=True), 1e-9)
    )  # RootSIFT (Arandjelovic, Zisserman 2012)
    return Features((places + 0.5) * scale - 0.5, np.ascontiguousarray(words, np.float32), scale)


def all_features(
    photos: Sequence[tuple[Path, tuple[int, int]]], jobs: int, done: Callable[[int], None]
) -> list[Features | None]:
    """Return the keypoints of all photos, in their order; ``done`` is told how many there are."""
    found = []
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        for one in pool.map(lambda photo: features(*photo), photos):
            found.append(one)
            done(len(found))
    return found


def all_matches(
    found: Sequence[Features | None], pairs: Iterable[tuple[int, int]], jobs: int, done: Callable[[int], None]
) -> list[Match]:
    """Return what pairs of photos share; pairs that share too little have no keypoints left."""
    matches = []
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        for one in pool.map(partial(_match, found), pairs):
            matches.append(one)
            done(len(matches))
    return matches


def _match(found: Sequence[Features | None], pair: tuple[int, int]) -> Match:
    a, b = (found[number] for number in pair)
    nothing = Match(*pair, np.empty((0, 2), dtype=np.intp), 0)
    if a is None or b is None or min(len(a.pixels), len(b.pixels)) < _LEAST:
        return nothing
    likeness = a.words @ b.words.T  # unit vectors: the larger, the nearer
    best, back = likeness.argmax(axis=1), likeness.argmax(axis=0)
    top = likeness[np.arange(len(best)), best]
    likeness[np.arange(len(best)), best] = -1.0
    next_best = likeness.max(axis=1)
    mutual = back[best] == np.arange(len(best))
    clear = (2 - 2 * top) < _RATIO**2 * (2 - 2 * next_best)
    rows = np.flatnonzero(mutual & clear)
    if len(rows) < _LEAST:
        return Match(*pair, np.empty((0, 2), dtype=np.intp), len(rows))
    columns = best[rows]
    here, there = a.pixels[rows] / a.scale, b.pixels[columns] / b.scale
    _, inside = cv2.findHomography(here, there, cv2.USAC_MAGSAC, _NEAR_PX, maxIters=2000, confidence=0.999)
    keep = np.zeros(len(rows), dtype=bool) if inside is None else inside.ravel().astype(bool)
    if keep.sum() < _LEAST:
        return Match(*pair, np.empty((0, 2), dtype=np.intp), len(rows))
    return Match(*pair, np.stack([rows[keep], columns[keep]], axis=-1), len(rows))


def tracks(matches: Sequence[Match], counts: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """Return which keypoints show one place: (m,) track, photo and keypoint numbers; tracks are 0 to k-1.

    Tracks that hold two keypoints of one photo contradict themselves and are left out.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    empty = np.empty(0, dtype=np.intp)
    left = np.concatenate([empty, *(first[match.first] + match.pairs[:, 0] for match in matches)])
    right = np.concatenate([empty, *(first[match.second] + match.pairs[:, 1] for match in matches)])
    total = int(first[-1])
    _, label = connected_components(
        coo_array((np.ones(len(left)), (left, right)), shape=(total, total)), directed=False
    )
    size = np.bincount(label, minlength=1)
    nodes = np.flatnonzero(size[label] > 1)
    photo = np.searchsorted(first, nodes, side="right") - 1
    once = np.unique(np.stack([label[nodes], photo]), axis=1, return_counts=True)
    bad = np.unique(once[0][0][once[1] > 1])
    keep = ~np.isin(label[nodes], bad)
    nodes, photo = nodes[keep], photo[keep]
    _, track = np.unique(label[nodes], return_inverse=True)
    return track.astype(np.intp), photo.astype(np.intp), (nodes - first[photo]).astype(np.intp)
