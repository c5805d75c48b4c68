"""In which order, and in which direction each, lanes are flown: a travelling salesman over lane ends.

Every lane is a pair of nodes (its two ends) joined by a link that no move may break. Local search by 2-opt and Or-opt
with neighbour lists, kicked by local double bridges (Lourenco, Martin and Stuetzle, "Iterated Local Search"). It stops
by a count of kicks, never by the clock, so that a seed always gives the same order.
"""

from collections import deque
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
IDLE = 150
"""The search ends after so many kicks in a row that led to nothing, or one for every end where there are more."""
_BOUND = -1e7
_LEAST = -1e6
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
    best, best_s = tour.copy(), tour.seconds
    idle, most_idle = 0, max(IDLE, len(times_s))
    for _ in range(kicks if len(times_s) > 8 else 0):
        tour.settle(tour.kick(random))
        if tour.seconds < best_s - _EPS:
            best, best_s, idle = tour.copy(), tour.seconds, 0
            continue
        if tour.seconds > best_s + _EPS:
            tour.restore(best, best_s)
        idle += 1
        if idle >= most_idle:
            break
    nodes = best[0]
    between_s = sum(float(times_s[a, b]) for a, b in pairwise([*nodes, nodes[0]]) if a ^ 1 != b)
    return _entries(nodes), between_s


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
    """A closed tour over all ends, improved in place; ``seconds`` keeps its length, bound links included."""

    def __init__(self, times_s: NDArray[np.float64]) -> None:
        bound = times_s.copy()
        lanes = np.arange(len(bound))
        bound[lanes, lanes ^ 1] = _BOUND
        self.cost: list[list[float]] = bound.tolist()
        apart = times_s + np.where(np.eye(len(bound), dtype=bool), np.inf, 0.0)
        apart[lanes, lanes ^ 1] = np.inf
        near = np.argsort(apart, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(bound) - 2)]
        far = np.take_along_axis(bound, near, axis=1)
        self.near = [list(zip(*row, strict=True)) for row in zip(near.tolist(), far.tolist(), strict=True)]
        self.nodes = _greedy(apart)
        self.place: list[int] = [0] * len(bound)
        self._renumber(0, len(bound))
        self.seconds = sum(self.cost[a][b] for a, b in pairwise([*self.nodes, self.nodes[0]]))

    def copy(self) -> tuple[list[int], list[int]]:
        """Return the nodes in order, and the place of every node."""
        return self.nodes[:], self.place[:]

    def restore(self, kept: tuple[list[int], list[int]], seconds: float) -> None:
        """Go back to a tour that was copied."""
        self.nodes[:], self.place[:] = kept
        self.seconds = seconds

    def _renumber(self, first: int, end: int) -> None:
        nodes, place = self.nodes, self.place
        for at in range(first, end):
            place[nodes[at]] = at

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
        nodes, cost = self.nodes, self.cost
        lanes = len(nodes) // 2
        odd = int(cost[nodes[0]][nodes[1]] != _BOUND)  # cut between lanes, not within one
        run = min(30, lanes - 1)
        start = random.randrange(lanes - run) if lanes > run + 1 else 0
        a, b, c = (2 * at + odd for at in sorted(random.sample(range(start, start + run + 1), 3)))
        before, first, left, right, last, after = touched = [nodes[at] for at in (a - 1, a, b - 1, b, c - 1, c)]
        nodes[a:c] = nodes[b:c] + nodes[a:b]
        self._renumber(a, c)
        self.seconds += cost[before][right] + cost[last][first] + cost[left][after]
        self.seconds -= cost[before][first] + cost[left][right] + cost[last][after]
        return touched

    def _reverse(self, first: int, last: int) -> None:
        """Reverse the run from place ``first`` to place ``last``, cyclic; the shorter side is turned."""
        nodes, place, count = self.nodes, self.place, len(self.nodes)
        inside = (last - first) % count + 1
        if 2 * inside > count:
            first, last, inside = (last + 1) % count, (first - 1) % count, count - inside
        if first <= last:
            nodes[first : last + 1] = nodes[first : last + 1][::-1]
            self._renumber(first, last + 1)
            return
        for _ in range(inside // 2):
            one, other = nodes[last], nodes[first]
            nodes[first], nodes[last] = one, other
            place[one], place[other] = first, last
            first, last = (first + 1) % count, (last - 1) % count

    def _two_opt(self, a: int) -> tuple[int, ...]:
        nodes, place, cost, near = self.nodes, self.place, self.cost, self.near[a]
        count = len(nodes)
        for step in (1, -1):
            b = nodes[(place[a] + step) % count]
            leaving, from_b = cost[a][b] - _EPS, cost[b]
            if leaving < _LEAST:
                continue
            for c, joining in near:
                if joining >= leaving:
                    break
                d = nodes[(place[c] + step) % count]
                broken = cost[c][d]
                gain = leaving - joining + broken - from_b[d]
                if gain <= 0.0 or broken == _BOUND:
                    continue
                if step == 1:
                    self._reverse(place[b], place[c])
                else:
                    self._reverse(place[c], place[b])
                self.seconds -= gain + _EPS
                return a, b, c, d
        return ()

    def _or_opt(self, a: int) -> tuple[int, ...]:
        """Move a run of one to three lanes that starts at ``a`` to between two neighbours elsewhere."""
        nodes, place, cost, near = self.nodes, self.place, self.cost, self.near[a]
        count, at = len(nodes), place[a]
        step = 1 if nodes[(at + 1) % count] == a ^ 1 else -1
        before = nodes[(at - step) % count]
        for size in (2, 4, 6):
            if size + 4 > count:
                break
            end = nodes[(at + step * (size - 1)) % count]
            after = nodes[(at + step * size) % count]
            freed = cost[before][a] + cost[end][after] - cost[before][after] - _EPS
            from_end = cost[end]
            for c, joining in near:
                if joining >= freed:
                    break
                there = place[c]
                if (there - at) * step % count < size:
                    continue  # inside the run
                for d in (nodes[(there + 1) % count], nodes[there - 1]):
                    broken = cost[c][d]
                    gain = freed - joining + broken - from_end[d]
                    if gain > 0.0 and broken != _BOUND and d not in (a, end) and c not in (a, end):
                        self._move(a, size, step, (c, d))
                        self.seconds -= gain + _EPS
                        return a, end, before, after, c, d
        return ()

    def _move(self, a: int, size: int, step: int, between: tuple[int, int]) -> None:
        """Put the run of nodes that starts at ``a`` between two adjacent nodes, ``a`` beside the first of them."""
        nodes, place, count = self.nodes, self.place, len(self.nodes)
        low = place[a] if step == 1 else place[a] - size + 1
        if low < 0 or low + size > count:  # the run goes over the end of the list: number the nodes anew
            nodes[:] = nodes[count // 2 :] + nodes[: count // 2]
            self._renumber(0, count)
            low = place[a] if step == 1 else place[a] - size + 1
        run = nodes[low : low + size]
        c, d = between
        rising = (place[c] + 1) % count == place[d]
        if rising != (step == 1):
            run.reverse()
        left = place[c] if rising else place[d]
        if left > low:
            nodes[low : left + 1] = nodes[low + size : left + 1] + run
            self._renumber(low, left + 1)
        else:
            nodes[left + 1 : low + size] = run + nodes[left + 1 : low]
            self._renumber(left + 1, low + size)


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
