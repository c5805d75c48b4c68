"""The biases that flights carry: estimated from what more than one flight has seen, and what remains of them.

Sighting i of thing g in flight f is ``place_i = x_g + b_f + e_i``. Things and biases are unknown, biases have a prior
from the pose's own sigmas; the things are eliminated (Schur complement), so that only the flights are solved for.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

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

_MOST_SHIFTS = 300  # shifts tried between two flights, the most likely first


@dataclass(frozen=True, slots=True)
class Biases:
    """Biases of F flights: ``mean_m`` (F, 2) and their joint ``covariance_m2`` (F, 2, F, 2)."""

    mean_m: Floats
    covariance_m2: Floats


def shared_bias_m2(s: Sightings) -> Floats:
    """Return (F, 2, 2) what all sightings of a flight share: the least of their bias covariances.

    A bias of height moves sightings in different directions; what it adds to the least is left to :func:`solved`.
    """
    order = np.lexsort((np.trace(s.bias_m2, axis1=1, axis2=2), s.flight))
    first = np.unique(s.flight[order], return_index=True)[1]
    return np.asarray(s.bias_m2[order[first]])


def join_flights(s: Sightings, labels: Ints) -> Ints:
    """Return the labels after joining groups of different flights that are one thing."""
    if len(np.unique(s.flight)) < 2:
        return labels
    prior = shared_bias_m2(s)
    first = _first_join(s, labels, prior)
    biases = estimated(s, first)
    group = places(s, labels)
    mean = group.mean_m - biases.mean_m[_flight_of(s, labels)]
    return _join(s, labels, Places(mean, group.covariance_m2), biases.covariance_m2)


def estimated(s: Sightings, labels: Ints) -> Biases:
    """Return the flights' biases given which sightings are of one thing; ``labels`` are 0 to k-1."""
    count = int(s.flight.max()) + 1
    by_flight, moment = _sums(s, labels, count)
    total = np.linalg.inv(by_flight.sum(axis=1))
    normal = -np.einsum("gfij,gjk,ghkl->fihl", by_flight, total, by_flight, optimize=True)
    diagonal = np.arange(count)
    normal[diagonal, :, diagonal, :] += np.linalg.inv(shared_bias_m2(s)) + by_flight.sum(axis=0)
    right = moment.sum(axis=0) - np.einsum("gfij,gjk,gk->fi", by_flight, total, moment.sum(axis=1), optimize=True)
    covariance = np.linalg.inv(normal.reshape(2 * count, 2 * count))
    return Biases((covariance @ right.reshape(-1)).reshape(count, 2), covariance.reshape(count, 2, count, 2))


def solved(s: Sightings, labels: Ints, biases: Biases) -> Places:
    """Return the place of each thing with its whole covariance: photos, and what remains of the flights' biases.

    What a bias of height adds is counted as if all sightings of a thing shared it, which errs on the wide side for
    things seen from opposite sides.
    """
    by_flight, moment = _sums(s, labels, len(biases.mean_m))
    own = np.linalg.inv(by_flight.sum(axis=1))
    share = np.einsum("gij,gfjk->gfik", own, by_flight)
    mean = np.einsum("gij,gj->gi", own, moment.sum(axis=1)) - np.einsum("gfij,fj->gi", share, biases.mean_m)
    remaining = np.einsum("gfij,fjhk,ghlk->gil", share, biases.covariance_m2, share, optimize=True)
    leaning = np.zeros_like(own)
    np.add.at(leaning, labels, s.bias_m2 - shared_bias_m2(s)[s.flight])
    return Places(mean, own + remaining + leaning / np.bincount(labels)[:, None, None])


def _sums(s: Sightings, labels: Ints, flights: int) -> tuple[Floats, Floats]:
    """Return for k things and F flights the information (k, F, 2, 2) and information times place (k, F, 2)."""
    inverse, weighted = information(s)
    by_flight, moment = np.zeros((labels.max() + 1, flights, 2, 2)), np.zeros((labels.max() + 1, flights, 2))
    np.add.at(by_flight, (labels, s.flight), inverse)
    np.add.at(moment, (labels, s.flight), weighted)
    return by_flight, moment


def _flight_of(s: Sightings, labels: Ints) -> Ints:
    flight = np.empty(labels.max() + 1, dtype=np.intp)
    flight[labels] = s.flight
    return flight


def _pairs(s: Sightings, labels: Ints, group: Places, reach: float) -> tuple[Ints, Ints]:
    """Return near groups of one kind and different flights, the lower flight first."""
    flight, kind = _flight_of(s, labels), np.empty(labels.max() + 1, dtype=np.intp)
    kind[labels] = s.kind
    i, j = cKDTree(group.mean_m).query_pairs(reach, output_type="ndarray").astype(np.intp).T
    keep = (flight[i] != flight[j]) & (kind[i] == kind[j])
    i, j = i[keep], j[keep]
    swap = flight[i] > flight[j]
    return np.where(swap, j, i), np.where(swap, i, j)


def _first_join(s: Sightings, labels: Ints, prior: Floats) -> Ints:
    """Return the labels joined across flights by the one shift between each two flights that explains most."""
    group, flight = places(s, labels), _flight_of(s, labels)
    widest = 2 * float(np.linalg.eigvalsh(prior)[:, 1].max())
    i, j = _pairs(s, labels, group, reach_m(group.covariance_m2, widest))
    order = np.lexsort((j, i, flight[j], flight[i]))
    i, j = i[order], j[order]
    links: list[tuple[float, int, int]] = []
    starts = np.flatnonzero(np.diff(flight[i] * len(prior) + flight[j])) + 1
    for a, b in zip(np.split(i, starts), np.split(j, starts), strict=True):
        if len(a):
            links += _voted(group, a, b, prior[flight[a[0]]] + prior[flight[b[0]]])
    own = [frozenset({int(number)}) for number in flight]
    return renumbered(joined([(a, b) for _, a, b in sorted(links)], own)[labels])


def _voted(group: Places, i: Ints, j: Ints, prior: Floats) -> list[tuple[float, int, int]]:
    """Return (cost, i, j) of the pairs between two flights that agree with the best shift; ``i`` is sorted."""
    difference = group.mean_m[i] - group.mean_m[j]
    allowed = group.covariance_m2[i] + group.covariance_m2[j]
    alone = squared_distance(difference, allowed + prior)
    starts = np.flatnonzero(np.diff(i, prepend=-1))
    best, agreed = np.inf, np.full(len(i), GATE)
    for number in np.argsort(alone, kind="stable")[:_MOST_SHIFTS]:
        cost = np.minimum(squared_distance(difference - difference[number], allowed + allowed[number]), GATE)
        total = alone[number] + np.minimum.reduceat(cost, starts).sum()
        if alone[number] < GATE and total < best:
            best, agreed = total, cost
    return [(float(agreed[number]), int(i[number]), int(j[number])) for number in np.flatnonzero(agreed < GATE)]


def _join(s: Sightings, labels: Ints, group: Places, bias_m2: Floats) -> Ints:
    """Return the labels joined across flights where corrected places pass the gate, nearest first."""
    flight = _flight_of(s, labels)
    spread = np.einsum("fifi->fi", bias_m2).max()
    i, j = _pairs(s, labels, group, reach_m(group.covariance_m2, 2 * float(spread)))
    f, h = flight[i], flight[j]
    between = bias_m2[f, :, f] + bias_m2[h, :, h] - bias_m2[f, :, h] - bias_m2[h, :, f]
    cost = squared_distance(
        group.mean_m[i] - group.mean_m[j], group.covariance_m2[i] + group.covariance_m2[j] + between
    )
    order = np.lexsort((j, i, cost))
    order = order[cost[order] < GATE]
    own = [frozenset({int(number)}) for number in flight]
    return renumbered(joined(list(zip(i[order], j[order], strict=True)), own)[labels])
