"""The biases that flights carry: estimated from what more than one flight has seen, and what remains of them.

Sighting i of thing g in flight f is ``place_i = x_g + b_f + e_i``. Things and biases are unknown, biases have a prior
from the pose's own sigmas; the things are eliminated (Schur complement), so that only the flights are solved for.
"""

from dataclasses import dataclass

import numpy as np

from dronepatrol.issues.sightings import Floats, Ints, Places, Sightings, information, places, shared_bias_m2


@dataclass(frozen=True, slots=True)
class Biases:
    """Biases of F flights: ``mean_m`` (F, 2) and their joint ``covariance_m2`` (F, F, 2, 2)."""

    mean_m: Floats
    covariance_m2: Floats


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
