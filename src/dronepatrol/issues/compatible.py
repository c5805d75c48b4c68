"""Which sighting of one photo belongs to which thing, decided for neighbours together.

All sightings of a photo are off by nearly the same vector, because the pose is. So neighbours are matched jointly: one
shift is supposed, paid for once under the pose's covariance, and what is left must be as small as boxes disagree
(joint compatibility, after Neira and Tardos 2001, "Data association in stochastic mapping using the joint compatibility
test", with supposed shifts in place of a tree search).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dronepatrol.issues.sightings import GATE, Floats, Ints, Places, Sightings, squared_distance

_SHIFT_CHANGE = 0.05  # how much the shift may change per metre within one photo: yaw and scale, about 3 degrees or 5 %
_MOST_SHIFTS = 60  # shifts tried for one neighbourhood, the most likely first


def match(seen: Sightings, things: Places, same_kind: NDArray[np.bool_]) -> Ints:
    """Return for each of m sightings of one photo which of k things it shows, -1 for none of them; each at most once.

    Parameters
    ----------
    seen
        The m sightings.
    things
        The k things, from other photos only.
    same_kind
        (m, k) whether a sighting may be of a thing at all.
    """
    difference = things.mean_m[None] - seen.place_m[:, None]
    distance = squared_distance(difference, seen.photo_m2[:, None] + things.covariance_m2[None])
    possible = same_kind & (distance < GATE)
    chosen = np.full(len(seen), -1, dtype=np.intp)
    for rows, columns in _neighbourhoods(possible):
        if len(rows) == 1:
            chosen[rows[0]] = columns[np.argmin(distance[rows[0], columns])]
            continue
        part = np.ix_(rows, columns)
        best = _best(seen[rows], things.covariance_m2[columns], difference[part], distance[part], possible[part])
        chosen[rows] = np.where(best >= 0, columns[best], -1)
    return chosen


def _neighbourhoods(possible: NDArray[np.bool_]) -> list[tuple[Ints, Ints]]:
    """Return the rows and columns of each connected part of an (m, k) table of possible pairs."""
    rows, columns = np.nonzero(possible)
    m, k = possible.shape
    graph = coo_array((np.ones(len(rows)), (rows, m + columns)), shape=(m + k, m + k))
    count, part = connected_components(graph, directed=False)
    found = [(np.flatnonzero(part[:m] == i), np.flatnonzero(part[m:] == i)) for i in range(count)]
    return [(r, c) for r, c in found if len(r) and len(c)]


def _best(
    seen: Sightings, covariance: Floats, difference: Floats, distance: Floats, possible: NDArray[np.bool_]
) -> Ints:
    """Return the column for each row (-1 for none) under the shift that explains the neighbourhood at least cost."""
    rows, columns = np.nonzero(possible)
    order = np.argsort(distance[rows, columns], kind="stable")[:_MOST_SHIFTS]
    best, least = np.full(len(seen), -1, dtype=np.intp), GATE * len(seen)
    for row, column in zip(rows[order], columns[order], strict=True):
        if distance[row, column] >= least:
            break
        apart = np.linalg.norm(seen.place_m - seen.place_m[row], axis=-1)
        spread = (_SHIFT_CHANGE * apart) ** 2 + seen.box_sigma_m**2
        allowed = covariance[None] + spread[:, None, None, None] * np.eye(2)
        cost = squared_distance(difference - difference[row, column], allowed)
        cost = np.where(possible, np.minimum(cost, GATE), GATE)
        r, c = linear_sum_assignment(cost)
        total = distance[row, column] + cost[r, c].sum() + GATE * (len(seen) - len(r))
        if total < least:
            least = total
            best = np.full(len(seen), -1, dtype=np.intp)
            taken = cost[r, c] < GATE
            best[r[taken]] = c[taken]
    return best
