"""Which photos overlap, and which of their tie points hold them together: a few hundred each, the longest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from dronepatrol.locate.error import Floats
from dronepatrol.locate.project import ground_of
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.ties import Features, Match, tracks
from dronepatrol.locate.view import Ints, Views

TIE_SIGMA_PX = 1.0
"""1 sigma of a tie point, per axis, in pixels of the reduced photo (``ties.LONG_SIDE_PX``): an assumption."""
_NEIGHBOURS = 8
_MOST_TIES = 250  # per photo: more hold it no better
_HELD_OUT = 5  # every fifth tie point is kept from the solve, and says what was gained


def overlapping(views: Views, ground: Ground) -> list[tuple[int, int]]:
    """Return pairs of photos that surely overlap, by where their middles look; a photo has its nearest few."""
    n = len(views.enu_m)
    every = np.arange(n, dtype=np.intp)
    size = np.array([camera.image_wh for camera in views.cameras], dtype=float)[views.camera_of]
    middle = ground_of(views, ground, every, (size - 1) / 2)[:, :2]
    edges = [ground_of(views, ground, every, (size - 1) / 2 + size * side)[:, :2] for side in ((0.3, 0), (0, 0.3))]
    reach = np.mean([np.linalg.norm(edge - middle, axis=1) for edge in edges], axis=0) / 0.3  # half a side and more
    known = np.flatnonzero(np.isfinite(middle).all(axis=1) & np.isfinite(reach))
    if len(known) < 2:
        return []
    distance, near = map(np.asarray, cKDTree(middle[known]).query(middle[known], k=min(_NEIGHBOURS + 1, len(known))))
    pairs = set()
    for row, (apart, others) in enumerate(zip(distance, near, strict=True)):
        for far, other in zip(apart, others, strict=True):
            if other != row and far < min(reach[known[row]], reach[known[other]]):
                pairs.add((min(int(known[row]), int(known[other])), max(int(known[row]), int(known[other]))))
    return sorted(pairs)


@dataclass(frozen=True, slots=True)
class Ties:
    """m sightings of tie points: ``track``, ``photo`` (m,), ``pixels`` (m, 2), ``px`` (m,) 1 sigma, ``held_out``."""

    track: Ints
    photo: Ints
    pixels: Floats
    px: Floats
    held_out: Ints
    count: int

    @classmethod
    def of(cls, views: Views, ground: Ground, found: Sequence[Features | None], matches: Sequence[Match]) -> "Ties":
        """Return the tie points of matched photos that meet the ground, each seen by two photos or more."""
        counts = [len(one.pixels) if one is not None else 0 for one in found]
        track, photo, keypoint = tracks(matches, counts)
        pixels, px = np.empty((len(track), 2)), np.empty(len(track))
        for number, one in enumerate(found):
            rows = photo == number
            if one is not None and rows.any():
                pixels[rows], px[rows] = one.pixels[keypoint[rows]], TIE_SIGMA_PX * one.scale
        keep = np.isfinite(ground_of(views, ground, photo, pixels)).all(axis=1)
        size = np.bincount(track[keep], minlength=int(track.max(initial=-1)) + 1)
        keep &= size[track] > 1
        track, photo, pixels, px = track[keep], photo[keep], pixels[keep], px[keep]
        chosen = _thinned(track, photo, len(found))
        track, photo, pixels, px = track[chosen], photo[chosen], pixels[chosen], px[chosen]
        names, track = np.unique(track, return_inverse=True)
        held_out = (names % _HELD_OUT == 0).astype(np.intp)[track] if len(track) else np.empty(0, dtype=np.intp)
        return cls(track.astype(np.intp), photo, pixels, px, held_out, len(names))


def _thinned(track: Ints, photo: Ints, photos: int) -> Ints:
    """Return the sightings of tracks that are kept: the longest first, until every photo of them has enough."""
    size = np.bincount(track, minlength=1)
    order = np.argsort(-size, kind="stable")
    by_track = np.argsort(track, kind="stable")
    starts = np.concatenate([[0], np.cumsum(size)])
    have, keep = np.zeros(photos, dtype=np.intp), np.zeros(len(size), dtype=bool)
    for number in order:
        shown = photo[by_track[starts[number] : starts[number + 1]]]
        if len(shown) and (have[shown] < _MOST_TIES).any():
            keep[number] = True
            have[shown] += 1
    return np.flatnonzero(keep[track]).astype(np.intp)
