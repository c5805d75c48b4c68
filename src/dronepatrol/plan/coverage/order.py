"""In which order, and in which direction each, lanes are flown: a travelling salesman over lane ends.

Every lane is a pair of nodes (its two ends) joined by a link that no move may break. Local search by 2-opt and Or-opt
with neighbour lists, kicked by local double bridges (Lourenco, Martin and Stuetzle, "Iterated Local Search"). It stops
by a count of kicks, never by the clock, so that a seed always gives the same order.
"""

from collections import deque
from random import Random

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
_BOUND = -1e7
_EPS = 1e-7


def order(times_s: NDArray[np.float64], kicks: int, seed: int) -> tuple[list[int], float]:
    """Return the ends at which the lanes are entered, in flying order, and the seconds between lanes.

    Parameters
    ----------
    times_s
        (2n, 2n) symmetric seconds between ends; ends 2 i and 2 i + 1 belong to lane i. Where lane 0 is a dock (both
        ends the same place, or zero away from everything for an open route) the order starts with it.
    kicks
        How often the search is kicked out of a local optimum.
    seed
        The same seed gives the same order.
    """
    if len(times_s) <= 4:
        return _small(times_s)
    tour = _Tour(times_s)
    tour.settle(list(range(len(times_s))))
    random = Random(seed)
    best = list(tour.nodes)
    best_s = tour.length()
    for _ in range(kicks if len(times_s) > 8 else 0):
        touched = tour.kick(random)
        tour.settle(touched)
        length = tour.length()
        if length < best_s - _EPS:
            best, best_s = list(tour.nodes), length
        elif length > best_s + _EPS:
            tour.replace(best)
    return _entries(best), best_s - _BOUND * (len(times_s) // 2)


def _small(times_s: NDArray[np.float64]) -> tuple[list[int], float]:
    if len(times_s) == 2:
        return [0], 0.0
    entries = min(([0, 2], [0, 3]), key=lambda e: times_s[1, e[1]] + times_s[e[1] ^ 1, 0])
    return entries, float(times_s[1, entries[1]] + times_s[entries[1] ^ 1, 0])


def _entries(nodes: list[int]) -> list[int]:
    """Return entered ends of a closed tour of nodes, from lane 0's end 0 on."""
    start = nodes.index(0)
    turned = nodes[start:] + nodes[:start]
    if turned[1] != 1:
        turned = [turned[0], *turned[:0:-1]]
    return turned[::2]


class _Tour:
    """A closed tour over all ends, improved in place."""

    def __init__(self, times_s: NDArray[np.float64]) -> None:
        bound = times_s.copy()
        lanes = np.arange(len(bound))
        bound[lanes, lanes ^ 1] = _BOUND
        self.cost: list[list[float]] = bound.tolist()
        apart = times_s + np.where(np.eye(len(bound), dtype=bool), np.inf, 0.0)
        apart[lanes, lanes ^ 1] = np.inf
        near = np.argsort(apart, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(bound) - 2)]
        self.near: list[list[int]] = near.tolist()
        self.nodes: list[int] = []
        self.place: list[int] = [0] * len(bound)
        self.replace(_greedy(apart))

    def replace(self, nodes: list[int]) -> None:
        self.nodes = list(nodes)
        for place, node in enumerate(self.nodes):
            self.place[node] = place

    def length(self) -> float:
        nodes, cost = self.nodes, self.cost
        return sum(cost[a][b] for a, b in zip(nodes, nodes[1:] + nodes[:1], strict=True))

    def settle(self, touched: list[int]) -> None:
        """Improve until no move around the touched nodes, and those they touch, helps."""
        queue, queued = deque(touched), set(touched)
        while queue:
            node = queue.popleft()
            queued.discard(node)
            while changed := self._two_opt(node) or self._or_opt(node):
                for other in changed:
                    if other not in queued:
                        queued.add(other)
                        queue.append(other)

    def kick(self, random: Random) -> list[int]:
        """Swap two neighbouring runs of lanes somewhere; return the nodes at the cuts."""
        lanes = len(self.nodes) // 2
        if self.cost[self.nodes[0]][self.nodes[1]] != _BOUND:  # cut between lanes, not within one
            self.replace(self.nodes[1:] + self.nodes[:1])
        run = min(30, lanes - 1)
        start = random.randrange(lanes - run) if lanes > run + 1 else 0
        a, b, c = sorted(random.sample(range(start, start + run + 1), 3))
        a, b, c = 2 * a, 2 * b, 2 * c
        nodes = self.nodes
        touched = [nodes[a - 1], nodes[a], nodes[b - 1], nodes[b], nodes[c - 1], nodes[c % len(nodes)]]
        self.replace(nodes[:a] + nodes[b:c] + nodes[a:b] + nodes[c:])
        return touched

    def _reverse(self, first: int, last: int) -> None:
        """Reverse the run from place ``first`` to place ``last``, cyclic; the shorter side is turned."""
        nodes, count = self.nodes, len(self.nodes)
        inside = (last - first) % count + 1
        if 2 * inside > count:
            first, last, inside = (last + 1) % count, (first - 1) % count, count - inside
        for _ in range(inside // 2):
            nodes[first], nodes[last] = nodes[last], nodes[first]
            self.place[nodes[first]], self.place[nodes[last]] = first, last
            first, last = (first + 1) % count, (last - 1) % count

    def _two_opt(self, a: int) -> tuple[int, ...]:
        nodes, place, cost, count = self.nodes, self.place, self.cost, len(self.nodes)
        for step in (1, -1):
            b = nodes[(place[a] + step) % count]
            leaving = cost[a][b]
            if leaving == _BOUND:
                continue
            for c in self.near[a]:
                gain = leaving - cost[a][c]
                if gain <= _EPS:
                    break
                d = nodes[(place[c] + step) % count]
                if cost[c][d] == _BOUND or gain + cost[c][d] - cost[b][d] <= _EPS:
                    continue
                if step == 1:
                    self._reverse(place[b], place[c])
                else:
                    self._reverse(place[c], place[b])
                return a, b, c, d
        return ()

    def _or_opt(self, a: int) -> tuple[int, ...]:
        """Move a run of one to three lanes that starts at ``a`` to between two neighbours elsewhere."""
        nodes, place, cost, count = self.nodes, self.place, self.cost, len(self.nodes)
        step = 1 if nodes[(place[a] + 1) % count] == a ^ 1 else -1
        before = nodes[(place[a] - step) % count]
        for lanes in (1, 2, 3):
            if 2 * lanes + 4 > count:
                break
            end = nodes[(place[a] + step * (2 * lanes - 1)) % count]
            after = nodes[(place[end] + step) % count]
            freed = cost[before][a] + cost[end][after] - cost[before][after]
            for c in self.near[a]:
                if freed - cost[a][c] <= _EPS:
                    break
                if (place[c] - place[a]) * step % count < 2 * lanes:
                    continue  # inside the run
                for d in (nodes[(place[c] + 1) % count], nodes[(place[c] - 1) % count]):
                    if cost[c][d] == _BOUND or {c, d} & {a, end}:
                        continue
                    if freed + cost[c][d] - cost[c][a] - cost[end][d] > _EPS:
                        self._move(a, lanes, step, (c, d))
                        return a, end, before, after, c, d
        return ()

    def _move(self, a: int, lanes: int, step: int, between: tuple[int, int]) -> None:
        """Put the run that starts at ``a`` between two adjacent nodes, ``a`` beside the first of them."""
        nodes, count = self.nodes, len(self.nodes)
        run = [nodes[(self.place[a] + step * k) % count] for k in range(2 * lanes)]
        inside = set(run)
        rest = [node for node in nodes if node not in inside]
        c, d = between
        at_c, at_d = rest.index(c), rest.index(d)
        if (at_c + 1) % len(rest) == at_d:
            self.replace(rest[: at_c + 1] + run + rest[at_c + 1 :])
        else:
            self.replace(rest[: at_d + 1] + run[::-1] + rest[at_d + 1 :])


def _greedy(apart: NDArray[np.float64]) -> list[int]:
    """Return a tour that always goes on to the nearest end of a lane not yet flown."""
    left = np.ones(len(apart), dtype=bool)
    nodes = [0, 1]
    left[:2] = False
    while left.any():
        nearest = int(np.argmin(np.where(left, apart[nodes[-1]], np.inf)))
        if not left[nearest]:  # nothing can be reached: any one that is left
            nearest = int(np.flatnonzero(left)[0])
        nodes += [nearest, nearest ^ 1]
        left[[nearest, nearest ^ 1]] = False
    return nodes
