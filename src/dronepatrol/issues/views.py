"""Sightings of one flight into things: links between near sightings first, then photo by photo until nothing moves.

The flight's biases cancel between its own sightings, so only what is new in every photo counts here.
"""

import numpy as np
from scipy.spatial import cKDTree

from dronepatrol.issues.compatible import match
from dronepatrol.issues.sightings import (
    GATE,
    Floats,
    Ints,
    Places,
    Sightings,
    information,
    places,
    reach_m,
    renumbered,
    squared_distance,
)
from dronepatrol.issues.unions import joined

_MOST_SWEEPS = 6


def group_views(s: Sightings) -> Ints:
    """Return a group number (n,) for each sighting; a group holds at most one sighting of a photo, all of one kind."""
    if not len(s):
        return np.empty(0, dtype=np.intp)
    labels = renumbered(_linked(s))
    for _ in range(_MOST_SWEEPS):
        before = labels
        labels = renumbered(_reassigned(s, labels))
        labels = renumbered(_joined(s, labels))
        if np.array_equal(before, labels):
            break
    return labels


def near_pairs(mean_m: Floats, covariance_m2: Floats, apart: tuple[Ints, ...], same: Ints, reach: float) -> Ints:
    """Return (p, 2) pairs that pass the gate, nearest first: within reach, of the same kind, of different ``apart``."""
    pairs = cKDTree(mean_m).query_pairs(reach, output_type="ndarray").astype(np.intp)
    i, j = pairs[:, 0], pairs[:, 1]
    keep = same[i] == same[j]
    for number in apart:
        keep &= number[i] != number[j]
    i, j = i[keep], j[keep]
    distance = squared_distance(mean_m[i] - mean_m[j], covariance_m2[i] + covariance_m2[j])
    inside = distance < GATE
    i, j, distance = i[inside], j[inside], distance[inside]
    order = np.lexsort((j, i, distance))
    return np.stack([i[order], j[order]], axis=-1)


def _linked(s: Sightings) -> Ints:
    """Return the first guess: the nearest sightings of different photos joined, each photo once in a group."""
    pairs = near_pairs(s.place_m, s.photo_m2, (s.photo,), s.kind, reach_m(s.photo_m2))
    return joined(pairs, [frozenset({int(photo)}) for photo in s.photo])


def _joined(s: Sightings, labels: Ints) -> Ints:
    """Return the labels after joining groups that pass the gate and share no photo."""
    where = places(s, labels)
    kind = np.empty(len(where.mean_m), dtype=np.intp)
    kind[labels] = s.kind
    photos: list[set[int]] = [set() for _ in range(len(kind))]
    for label, photo in zip(labels, s.photo, strict=True):
        photos[label].add(int(photo))
    pairs = near_pairs(where.mean_m, where.covariance_m2, (), kind, reach_m(where.covariance_m2))
    return joined(pairs, [frozenset(held) for held in photos])[labels]


class _Groups:
    """Groups of sightings as running sums, from which sightings can be taken out and put back."""

    def __init__(self, s: Sightings, labels: Ints) -> None:
        self.labels = labels.copy()
        self._inverse, self._weighted = information(s)
        self._total, self._moment = np.zeros((len(s), 2, 2)), np.zeros((len(s), 2))
        self.size, self.kind = np.zeros(len(s), dtype=np.intp), np.full(len(s), -1, dtype=np.intp)
        self._kind_of = s.kind
        np.add.at(self._total, labels, self._inverse)
        np.add.at(self._moment, labels, self._weighted)
        np.add.at(self.size, labels, 1)
        self.kind[labels] = s.kind
        self._free = list(np.flatnonzero(self.size == 0)[::-1])

    def take_out(self, rows: Ints) -> None:
        """Take sightings of different groups out of their groups."""
        groups = self.labels[rows]
        self._total[groups] -= self._inverse[rows]
        self._moment[groups] -= self._weighted[rows]
        self.size[groups] -= 1

    def put(self, row: int, group: int) -> None:
        """Put one sighting into a group, or into a new one where ``group`` is -1."""
        if group < 0:
            own = int(self.labels[row])
            group = own if self.size[own] == 0 else int(self._free.pop())
            self._total[group], self._moment[group] = 0.0, 0.0
        elif self.size[self.labels[row]] == 0 and group != self.labels[row]:
            self._free.append(self.labels[row])
        self._total[group] += self._inverse[row]
        self._moment[group] += self._weighted[row]
        self.size[group] += 1
        self.kind[group] = self._kind_of[row]
        self.labels[row] = group

    def places(self, groups: Ints) -> Places:
        """Return where groups are that have sightings left."""
        covariance = np.asarray(np.linalg.inv(self._total[groups]), dtype=float)
        return Places(np.einsum("kij,kj->ki", covariance, self._moment[groups]), covariance)


def _reassigned(s: Sightings, labels: Ints) -> Ints:
    """Return the labels after matching each photo anew against the groups as its other photos make them."""
    groups, where = _Groups(s, labels), places(s, labels)
    tree = cKDTree(where.mean_m)
    near = np.asarray(tree.query_ball_point(s.place_m, reach_m(s.photo_m2), return_sorted=True), dtype=object)
    doubtful = np.array([len(candidates) > 1 for candidates in near])
    order = np.argsort(s.photo, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(s.photo[order])) + 1):
        if not doubtful[rows].any():
            continue
        groups.take_out(rows)
        found = np.unique(np.concatenate([np.asarray(near[row], dtype=np.intp) for row in rows]))
        candidates = found[groups.size[found] > 0]
        same_kind = s.kind[rows][:, None] == groups.kind[candidates][None]
        chosen = match(s[rows], groups.places(candidates), same_kind)
        for row, choice in zip(rows, chosen, strict=True):
            groups.put(int(row), int(candidates[choice]) if choice >= 0 else -1)
    return groups.labels
