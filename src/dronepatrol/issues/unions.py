"""Groups that grow by joining, nearest first, as long as no two members exclude each other."""

from collections.abc import Iterable, Sequence

import numpy as np

from dronepatrol.issues.sightings import Ints


def joined(pairs: Iterable[Sequence[int]], exclusive: Sequence[frozenset[int]]) -> Ints:
    """Return a group number for each of n items after joining pairs in the order given.

    Parameters
    ----------
    pairs
        (i, j), the most convincing first.
    exclusive
        For each item what it holds (its photos, or its flight); two groups that hold the same are never joined.
    """
    parent = list(range(len(exclusive)))
    holds: dict[int, set[int]] = {}

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for first, second in pairs:
        a, b = root(int(first)), root(int(second))
        if a == b:
            continue
        of_a, of_b = holds.get(a) or set(exclusive[a]), holds.get(b) or set(exclusive[b])
        if of_a.isdisjoint(of_b):
            a, b = min(a, b), max(a, b)
            parent[b] = a
            holds[a] = of_a | of_b
    return np.array([root(item) for item in range(len(parent))], dtype=np.intp)
