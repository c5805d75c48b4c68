"""Sightings into things: photos' and flights' errors taken out, then what lies together is one thing."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from dronepatrol.issues.candidates import candidates
from dronepatrol.issues.frames import Frames
from dronepatrol.issues.shifts import Corrected, corrected
from dronepatrol.issues.sightings import GATE, Floats, Ints, Sightings, renumbered
from dronepatrol.issues.unions import joined

_UNKNOWN_M = 0.15
"""1 sigma of what corrections leave between two sightings beside their boxes: an assumption."""


def group_views(s: Sightings, frames: Frames) -> Ints:
    """Return a group number (n,) for each sighting; a group holds at most one sighting of a photo, all of one kind."""
    if not len(s):
        return np.empty(0, dtype=np.intp)
    pairs = candidates(s)
    now = corrected(s, pairs, frames)
    off2 = ((now.place_m[pairs.i] - now.place_m[pairs.j]) ** 2).sum(axis=1) / _between(s, now, pairs.i, pairs.j)
    near = off2 < GATE
    labels = _grouped(s, now, (pairs.i[near], pairs.j[near], off2[near]))
    return renumbered(_joined(s, now, renumbered(labels)))


def _between(s: Sightings, now: Corrected, i: Ints, j: Ints) -> Floats:
    """Return (c,) variances of the difference of two sightings, per axis."""
    own = s.box_sigma_m**2 + now.sigma_m**2
    return np.asarray(own[i] + own[j] + _UNKNOWN_M**2)


def _grouped(s: Sightings, now: Corrected, links: tuple[Ints, Ints, Floats]) -> Ints:
    """Return labels: what is linked is one thing, where no photo shows it twice; elsewhere the nearest join first."""
    i, j, off2 = links
    n = len(s)
    count, numbers = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(n, n)), directed=False)
    labels = numbers.astype(np.intp)
    code = labels.astype(np.int64) * (int(s.photo.max()) + 1) + s.photo
    once, seen = np.unique(code, return_counts=True)
    doubtful = np.zeros(count, dtype=bool)
    doubtful[(once[seen > 1] // (int(s.photo.max()) + 1))] = True
    centre = _means(now.place_m, labels, count)
    doubtful[
        labels[((now.place_m - centre[labels]) ** 2).sum(axis=1) > GATE * _between(s, now, *[np.arange(n)] * 2)]
    ] = True
    open_rows = np.flatnonzero(doubtful[labels])
    if not len(open_rows):
        return labels
    place_of = np.full(n, -1, dtype=np.intp)
    place_of[open_rows] = np.arange(len(open_rows))
    inner = np.flatnonzero(doubtful[labels[i]])
    inner = inner[np.lexsort((j[inner], i[inner], off2[inner]))]
    within = joined(
        zip(place_of[i[inner]].tolist(), place_of[j[inner]].tolist(), strict=True),
        [frozenset({photo}) for photo in s.photo[open_rows].tolist()],
    )
    found = labels.copy()
    found[open_rows] = count + within
    return found


def _means(place_m: Floats, labels: Ints, count: int) -> Floats:
    size = np.maximum(np.bincount(labels, minlength=count), 1)
    return np.stack([np.bincount(labels, place_m[:, axis], count) / size for axis in (0, 1)], axis=-1)


def _joined(s: Sightings, now: Corrected, labels: Ints) -> Ints:
    """Return the labels after joining groups whose middles lie together and which share no photo."""
    count = int(labels.max()) + 1
    middle = _means(now.place_m, labels, count)
    size = np.bincount(labels, minlength=count)
    own = np.bincount(labels, s.box_sigma_m**2 + now.sigma_m**2, count) / size**2 + _UNKNOWN_M**2 / 2
    kind = np.empty(count, dtype=np.intp)
    kind[labels] = s.kind
    reach = float(np.sqrt(2 * GATE * np.quantile(own, 0.95)))
    i, j = cKDTree(middle).query_pairs(reach, output_type="ndarray").astype(np.intp).T
    off2 = ((middle[i] - middle[j]) ** 2).sum(axis=1) / (own[i] + own[j])
    keep = (kind[i] == kind[j]) & (off2 < GATE)
    if not keep.any():
        return labels
    order = np.flatnonzero(keep)[np.lexsort((j[keep], i[keep], off2[keep]))]
    photos: list[set[int]] = [set() for _ in range(count)]
    for label, photo in zip(labels.tolist(), s.photo.tolist(), strict=True):
        photos[label].add(photo)
    pairs = zip(i[order].tolist(), j[order].tolist(), strict=True)
    return joined(pairs, [frozenset(held) for held in photos])[labels]
