"""Pairs of sightings that may be one thing, and those of them that are worth comparing photos by."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from dronepatrol.issues.sightings import GATE, Floats, Ints, Sightings, reach_m, shared_bias_m2, squared_distance

_MOST_PROPOSALS = 40  # of two photos: the likeliest
_MOST_NEIGHBOURS = 8  # photos that a photo is compared with: those that share most with it


@dataclass(frozen=True, slots=True)
class Pairs:
    """c pairs of sightings that may be one thing: ``i`` and ``j`` (c,) with the lower photo first, by their photos."""

    i: Ints
    j: Ints


def candidates(s: Sightings) -> Pairs:
    """Return pairs of sightings of one kind and two photos that are as near as their errors allow."""
    even = shared_bias_m2(s)[:, 0, 0]
    flights = len(np.unique(s.flight))
    reach = reach_m(s.apart_m2, 2 * float(even.max(initial=0.0)) if flights > 1 else 0.0)
    pairs = cKDTree(s.place_m).query_pairs(reach, output_type="ndarray").astype(np.intp)
    i, j = pairs[:, 0], pairs[:, 1]
    keep = (s.kind[i] == s.kind[j]) & (s.photo[i] != s.photo[j])
    i, j = i[keep], j[keep]
    near = squared_distance(s.place_m[i] - s.place_m[j], _apart_m2(s, i, j, even)) < GATE
    i, j = i[near], j[near]
    swap = s.photo[i] > s.photo[j]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    order = np.lexsort((j, i, s.photo[j], s.photo[i]))
    return Pairs(i[order], j[order])


def _apart_m2(s: Sightings, i: Ints, j: Ints, even: Floats) -> Floats:
    """Return (c, 2, 2) covariances of the difference of two sightings; flights' biases count between flights alone."""
    between = np.where(s.flight[i] != s.flight[j], even[s.flight[i]] + even[s.flight[j]], 0.0)
    return np.asarray(s.apart_m2[i] + s.apart_m2[j] + between[:, None, None] * np.eye(2))


def group_starts(s: Sightings, pairs: Pairs) -> Ints:
    """Return where the pairs of each two photos begin, and the end."""
    new = (np.diff(s.photo[pairs.i]) != 0) | (np.diff(s.photo[pairs.j]) != 0)
    return np.concatenate([[0], np.flatnonzero(new) + 1, [len(pairs.i)]]).astype(np.intp)


def strongest(s: Sightings, pairs: Pairs, photos: int) -> Pairs:
    """Return the pairs of photos that share most, a few neighbours for each photo, and the likeliest pairs of those."""
    starts = group_starts(s, pairs)
    size = np.diff(starts)
    first, second = s.photo[pairs.i[starts[:-1]]], s.photo[pairs.j[starts[:-1]]]
    keep = np.zeros(len(size), dtype=bool)
    for one in (first, second):
        order = np.lexsort((-size, one))
        begin = np.searchsorted(one[order], np.arange(photos))
        rank = np.arange(len(order)) - begin[one[order]]
        keep[order[rank < _MOST_NEIGHBOURS]] = True
    which = np.repeat(keep, size)
    difference = s.place_m[pairs.i] - s.place_m[pairs.j]
    cost = squared_distance(difference, _apart_m2(s, pairs.i, pairs.j, shared_bias_m2(s)[:, 0, 0]))
    group = np.repeat(np.arange(len(size)), size)
    order = np.lexsort((cost, group))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts[:-1], size)
    which &= rank < _MOST_PROPOSALS
    return Pairs(pairs.i[which], pairs.j[which])
