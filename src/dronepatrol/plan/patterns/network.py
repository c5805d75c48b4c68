"""A network of lines as a graph, and a tour that flies every edge with the least dead flying.

A rural postman: a tour along all edges exists where every junction has an even number of them, so dead ways join odd
junctions in pairs. The cheapest pairs are a minimum-weight perfect matching (Edmonds and Johnson 1973, "Matching, Euler
tours and the Chinese postman"), here solved as an integer program. Dead ways go straight through the free air, not
along the network. Parts of the network that no pair joins are joined there and back where they are nearest.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString

GRID_M = 0.01
"""Lines are noded on this grid: ends closer than it are one junction."""
EXACT_ODD = 120
"""Up to so many odd junctions all pairs are looked at, which makes the matching exact; above, the nearest ones."""
NEAREST = 12
MATCHING_NODES = 2000
"""The integer program's search stops after so many nodes: it seldom needs more than one."""

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Network:
    """Junctions (n, 2) in metres; every edge is a line (k, 2) from one junction to another, or back to itself."""

    junctions: Array
    ends: Ints
    lines: tuple[Array, ...]


def network_of(lines: list[LineString], tolerance_m: float) -> Network:
    """Return the network of lines: cut where they cross, joined where just two meet, straightened within a tolerance.

    Parameters
    ----------
    lines
        In metres; may cross, overlap and touch.
    tolerance_m
        Curves become straight legs that stay this close.
    """
    noded = shapely.union_all(lines, grid_size=GRID_M)
    merged = shapely.line_merge(noded) if isinstance(noded, MultiLineString) else noded
    parts = [part for part in shapely.get_parts(merged) if isinstance(part, LineString) and part.length > GRID_M]
    straight = [np.asarray(part.simplify(tolerance_m).coords)[:, :2] for part in parts]
    if not straight:
        return Network(np.empty((0, 2)), np.empty((0, 2), dtype=np.intp), ())
    ends = np.round(np.vstack([line[[0, -1]] for line in straight]) / GRID_M).astype(np.int64)
    junctions, which = np.unique(ends, axis=0, return_inverse=True)
    return Network(
        np.asarray(junctions * GRID_M, dtype=np.float64), which.reshape(-1, 2).astype(np.intp), tuple(straight)
    )


def tour(network: Network, copies: int, apart_m: Array) -> list[tuple[int, bool]]:
    """Return the edges in flying order, (number, whether backwards), each ``copies`` times.

    Parameters
    ----------
    network
        The network.
    copies
        How often every edge is flown.
    apart_m
        (n, n) metres of the ways through the air from junction to junction; infinite where there is none.
    """
    flown = np.repeat(network.ends, copies, axis=0)
    dead = dead_ways(len(network.junctions), flown, apart_m)
    ends = np.vstack([flown, dead])
    number = np.concatenate([np.repeat(np.arange(len(network.ends)), copies), np.full(len(dead), -1)])
    way = _opened(_euler(network, ends, number), ends, number, apart_m)
    return [(int(number[edge]), backwards) for edge, backwards in way if number[edge] >= 0]


def dead_ways(junctions: int, ends: Ints, apart_m: Array) -> Ints:
    """Return (m, 2) pairs of junctions to be joined by dead ways, so that a tour along all edges and them exists."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 heavy
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 heavy

    odd = np.flatnonzero(np.bincount(ends.ravel(), minlength=junctions) % 2)
    pairs = odd[matching(apart_m[np.ix_(odd, odd)])] if len(odd) else np.empty((0, 2), dtype=np.intp)
    used = np.unique(ends)
    joined = np.vstack([ends, pairs])
    links = coo_matrix((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(junctions, junctions))
    _, part = connected_components(links, directed=False)
    nearest = _nearest(used, np.asarray(part[used], dtype=np.intp), apart_m)
    return np.vstack([pairs, nearest, nearest])


def matching(apart: Array) -> Ints:
    """Return (n / 2, 2) the pairs of a minimum-weight perfect matching of n places, n even.

    Exact up to ``EXACT_ODD`` places; with more, the best among each one's nearest and a greedy matching.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 heavy
    from scipy.sparse import coo_matrix  # noqa: PLC0415 heavy

    count = len(apart)
    one, other = np.triu_indices(count, 1)
    weight = np.minimum(apart[one, other], 1e9)
    if count > EXACT_ODD:
        keep = _promising(apart)[one, other]
        one, other, weight = one[keep], other[keep], weight[keep]
    rows = np.concatenate([one, other])
    columns = np.tile(np.arange(len(one)), 2)
    degree = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, len(one)))
    solved = milp(
        weight,
        constraints=LinearConstraint(degree.tocsr(), 1, 1),
        integrality=np.ones(len(one), dtype=np.intp),
        bounds=Bounds(0, 1),
        options={"node_limit": MATCHING_NODES},
    )
    if solved.x is None:
        return _greedy(apart)
    chosen = solved.x > 0.5
    return np.stack([one[chosen], other[chosen]], axis=1)


def _promising(apart: Array) -> NDArray[np.bool_]:
    near = np.argsort(apart + np.diag(np.full(len(apart), np.inf)), axis=1, kind="stable")[:, :NEAREST]
    keep = np.zeros(apart.shape, dtype=bool)
    keep[np.arange(len(apart))[:, None], near] = True
    greedy = _greedy(apart)
    keep[greedy[:, 0], greedy[:, 1]] = True  # so that there is a perfect matching among them
    return np.asarray(keep | keep.T)


def _greedy(apart: Array) -> Ints:
    one, other = np.triu_indices(len(apart), 1)
    free = np.ones(len(apart), dtype=bool)
    pairs = []
    for pair in np.argsort(apart[one, other], kind="stable"):
        if free[one[pair]] and free[other[pair]]:
            pairs.append((one[pair], other[pair]))
            free[[one[pair], other[pair]]] = False
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _nearest(used: Ints, part: Ints, apart_m: Array) -> Ints:
    """Return (m, 2) the shortest ways that join all parts into one (a minimum spanning tree of the parts)."""
    from scipy.sparse.csgraph import minimum_spanning_tree  # noqa: PLC0415 heavy

    names, part = np.unique(part, return_inverse=True)
    count = len(names)
    if count < 2:
        return np.empty((0, 2), dtype=np.intp)
    apart = np.minimum(apart_m[np.ix_(used, used)], 1e9) + 1e-6  # a way of no length would be none to the tree
    nearest = np.full((count, count), np.inf)
    np.minimum.at(nearest, (part[:, None], part[None, :]), apart)
    tree = minimum_spanning_tree(np.triu(nearest, 1)).tocoo()
    links = []
    for one, other in zip(tree.row, tree.col, strict=True):
        here, there = np.flatnonzero(part == one), np.flatnonzero(part == other)
        best = np.unravel_index(np.argmin(apart[np.ix_(here, there)]), (len(here), len(there)))
        links.append((used[here[best[0]]], used[there[best[1]]]))
    return np.array(links, dtype=np.intp)


def _euler(network: Network, ends: Ints, number: Ints) -> list[tuple[int, bool]]:
    """Return an Euler tour as (edge, whether backwards), going straight on where it can (Hierholzer 1873)."""
    at: list[list[int]] = [[] for _ in network.junctions]
    for edge, (one, other) in enumerate(ends):
        at[one].append(edge)
        at[other].append(edge)
    leaving = _directions(network, ends, number)
    used = np.zeros(len(ends), dtype=bool)
    done: list[tuple[int, bool]] = []
    stack: list[tuple[int, int, bool]] = [(int(ends[0, 0]), -1, False)]
    while stack:
        here, came, backwards = stack[-1]
        at[here] = [edge for edge in at[here] if not used[edge]]
        if not at[here]:
            stack.pop()
            if came >= 0:
                done.append((came, backwards))
            continue
        heading = -leaving[came, 0 if backwards else 1] if came >= 0 else np.zeros(2)
        edge = max(at[here], key=lambda e: float(heading @ leaving[e, 0 if ends[e, 0] == here else 1]))
        turned = bool(ends[edge, 0] != here)
        used[edge] = True
        stack.append((int(ends[edge, 0] if turned else ends[edge, 1]), edge, turned))
    return [(edge, backwards) for edge, backwards in reversed(done)]


def _directions(network: Network, ends: Ints, number: Ints) -> Array:
    """Return (e, 2, 2) unit vectors in which edges leave their first and their last junction."""
    vectors = np.empty((len(ends), 2, 2))
    for edge, which in enumerate(number):
        line = network.lines[which] if which >= 0 else network.junctions[ends[edge]]
        vectors[edge] = line[1] - line[0], line[-2] - line[-1]
    lengths = np.maximum(np.hypot(vectors[..., 0], vectors[..., 1]), 1e-9)
    return np.asarray(vectors / lengths[..., None])


def _opened(way: list[tuple[int, bool]], ends: Ints, number: Ints, apart_m: Array) -> list[tuple[int, bool]]:
    """Return the closed tour started behind its longest dead way, which then needs not be flown."""
    dead = [float(apart_m[tuple(ends[edge])]) if number[edge] < 0 else -1.0 for edge, _ in way]
    start = int(np.argmax(dead)) + 1
    return way[start:] + way[:start]
