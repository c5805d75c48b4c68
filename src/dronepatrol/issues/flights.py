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
    """Biases of F flights: ``mean_m`` (F, 2) and their joint ``covariance_m2`` (F, F, 2, 2)."""

    mean_m: Floats
    covariance_m2: Floats


def shared_bias_m2(s: Sightings) -> Floats:
    """Return (F, 2, 2) what all sightings of a flight share: the round part of their bias covariances.

    A bias of position is the same in every direction; one of height moves each sighting along its own ray, and what
    that adds is left to :func:`solved`.
    """
    least = np.full(int(s.flight.max()) + 1, np.inf)
    np.minimum.at(least, s.flight, np.linalg.eigvalsh(s.bias_m2)[:, 0])
    return np.asarray(np.maximum(least, 1e-6)[:, None, None] * np.eye(2))


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
    parts = _parts(s, labels)
    count = int(s.flight.max()) + 1
    normal, right = np.zeros((count, count, 2, 2)), np.zeros((count, 2))
    every, a, b = np.arange(count), parts.first, parts.second
    normal[every, every] = np.linalg.inv(shared_bias_m2(s))
    np.add.at(normal, (parts.flight, parts.flight), parts.information)
    coupled = parts.information[a] @ parts.covariance_m2[parts.thing[a]] @ parts.information[b]
    np.add.at(normal, (parts.flight[a], parts.flight[b]), -coupled)
    away = parts.moment - np.einsum("pij,pj->pi", parts.information, parts.mean_m[parts.thing])
    np.add.at(right, parts.flight, away)
    whole = np.linalg.inv(normal.swapaxes(1, 2).reshape(2 * count, 2 * count))
    covariance = np.asarray(whole.reshape(count, 2, count, 2).swapaxes(1, 2), dtype=float)
    return Biases((whole @ right.reshape(-1)).reshape(count, 2), covariance)


def solved(s: Sightings, labels: Ints, biases: Biases) -> Places:
    """Return the place of each thing with its whole covariance: photos, and what remains of the flights' biases.

    What a bias of height adds is counted as if all sightings of a thing shared it, which errs on the wide side for
    things seen from opposite sides.
    """
    parts = _parts(s, labels)
    a, b = parts.first, parts.second
    share = parts.covariance_m2[parts.thing] @ parts.information
    mean, covariance = parts.mean_m.copy(), parts.covariance_m2.copy()
    np.add.at(mean, parts.thing, -np.einsum("pij,pj->pi", share, biases.mean_m[parts.flight]))
    between = biases.covariance_m2[parts.flight[a], parts.flight[b]]
    np.add.at(covariance, parts.thing[a], share[a] @ between @ np.swapaxes(share[b], 1, 2))
    leaning = (s.bias_m2 - shared_bias_m2(s)[s.flight]) / np.bincount(labels)[labels][:, None, None]
    np.add.at(covariance, labels, leaning)
    return Places(mean, covariance)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What each flight saw of each thing: p parts, of ``thing`` (p,) by ``flight`` (p,), as sums over its sightings.

    ``information`` (p, 2, 2) and ``moment`` (p, 2), information times place; ``mean_m`` (k, 2) and ``covariance_m2``
    (k, 2, 2) are the things' own without the biases; ``first`` and ``second`` number all pairs of parts of one thing.
    """

    thing: Ints
    flight: Ints
    information: Floats
    moment: Floats
    mean_m: Floats
    covariance_m2: Floats
    first: Ints
    second: Ints


def _parts(s: Sightings, labels: Ints) -> _Parts:
    flights = int(s.flight.max()) + 1
    code, part = np.unique(labels * flights + s.flight, return_inverse=True)
    thing, flight = code // flights, code % flights
    each, weighted = information(s)
    total, moment = np.zeros((len(code), 2, 2)), np.zeros((len(code), 2))
    np.add.at(total, part, each)
    np.add.at(moment, part, weighted)
    group = places(s, labels)
    size = np.bincount(thing)
    start, many = (np.cumsum(size) - size)[thing], size[thing]
    first = np.repeat(np.arange(len(code)), many)
    second = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(start, many)
    return _Parts(thing, flight, total, moment, group.mean_m, group.covariance_m2, first, second)


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
    spread = np.trace(bias_m2, axis1=2, axis2=3).max()
    i, j = _pairs(s, labels, group, reach_m(group.covariance_m2, 2 * float(spread)))
    f, h = flight[i], flight[j]
    between = bias_m2[f, f] + bias_m2[h, h] - bias_m2[f, h] - bias_m2[h, f]
    cost = squared_distance(
        group.mean_m[i] - group.mean_m[j], group.covariance_m2[i] + group.covariance_m2[j] + between
    )
    order = np.lexsort((j, i, cost))
    order = order[cost[order] < GATE]
    own = [frozenset({int(number)}) for number in flight]
    return renumbered(joined(list(zip(i[order], j[order], strict=True)), own)[labels])
