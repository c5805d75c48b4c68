"""Which dock flies which part of a tour, in how many sorties.

The tour is cut by the shortest path over its places: an edge is a sortie from some dock, its price the time and the
charging that it costs times the dock's price (split of a giant tour with several depots; Prins, Lacomme and Prodhon
2014). Docks with more to do per drone than others become dearer, until what the busiest drones have to do shrinks no
more. Runs of one dock are then cut again into sorties of about equal energy.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.patrol import Fleet, Objective
from dronepatrol.plan.fleet.sorties import Base, Splitter
from dronepatrol.plan.fleet.tour import Tour
from dronepatrol.plan.stretch import Stretch

ROUNDS = 12
"""How often the docks' prices are looked at again."""
STEP = 0.35
NEAREST_DOCKS = 4
"""Sorties begin at a place from so many of its nearest docks."""
CUT_S = 20.0
"""Dividing a stretch costs this much in the choice: its photo there is taken twice."""
LEFT_OUT_S = 1e7
"""What leaving out a piece of the tour costs: more than all that can be flown."""

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Flight:
    """What one sortie flies, and from which dock (its number in the site)."""

    dock: int
    stretches: list[Stretch]


@dataclass(frozen=True)
class Assigned:
    """The sorties of a tour, and what no dock's battery reaches."""

    flights: list[Flight]
    left_out: list[Stretch]


@dataclass(frozen=True)
class _Cut:
    """Places (from, to) of the sorties along a tour, the dock of each (-1: not flown), and each drone's load."""

    sorties: list[tuple[int, int, int]]
    loads_s: Array


def assigned(tour: Tour, bases: list[Base], usable_wh: float, fleet: Fleet, seed: int) -> Assigned:
    """Return the sorties that fly a tour.

    Parameters
    ----------
    tour
        Stretches in flying order.
    bases
        The docks.
    usable_wh
        Energy that one sortie may use.
    fleet
        Drones per dock, charging time, and what is to be small.
    seed
        For the order of stretches within sorties.
    """
    splitters = [Splitter(tour, base, near) for base, near in zip(bases, _near(tour, bases), strict=True)]
    flights: list[Flight] = []
    left_out: list[Stretch] = []
    for dock, cut in _runs(_best(tour, splitters, usable_wh, fleet).sorties):
        first, last = cut[0][0], cut[-1][1]
        if dock < 0:
            left_out += tour.pieces(first, last)
            continue
        balanced = splitters[dock].balanced(first, last, usable_wh)
        for one, other in balanced if balanced and len(balanced) <= len(cut) else cut:
            flights.append(Flight(dock, bases[dock].quickest(tour.pieces(one, other), seed)))
    return Assigned(flights, left_out)


def _near(tour: Tour, bases: list[Base]) -> list[Ints]:
    """Return for every dock the places of a tour that it is one of the nearest docks to."""
    apart = np.stack([np.hypot(*(tour.entries - base.at).T) for base in bases])
    rank = np.argsort(np.argsort(apart, axis=0, kind="stable"), axis=0, kind="stable")
    return [np.flatnonzero(row < NEAREST_DOCKS) for row in rank]


def _runs(sorties: list[tuple[int, int, int]]) -> list[tuple[int, list[tuple[int, int]]]]:
    """Return runs of sorties in a row from one dock: the dock, and places from and to of each."""
    runs: list[tuple[int, list[tuple[int, int]]]] = []
    for first, last, dock in sorties:
        if not runs or runs[-1][0] != dock:
            runs.append((dock, []))
        runs[-1][1].append((first, last))
    return runs


def _best(tour: Tour, splitters: list[Splitter], usable_wh: float, fleet: Fleet) -> _Cut:
    """Return the cut with the least load on the busiest drone, or with the fewest sorties."""
    costs = [(splitter.near, _sortie_s(tour, splitter, usable_wh, fleet)) for splitter in splitters]
    prices = np.ones(len(splitters))
    best = cut = _shortest(len(tour) - 1, costs, prices, fleet)
    if fleet.objective is Objective.SORTIES or len(splitters) == 1:
        return best
    for _ in range(ROUNDS):
        prices *= np.exp(STEP * (cut.loads_s / max(cut.loads_s.max(), 1.0) - 0.5))
        prices /= prices.mean()
        cut = _shortest(len(tour) - 1, costs, prices, fleet)
        if _merit(cut) < _merit(best):
            best = cut
    return _levelled(best, costs, fleet)


def _levelled(cut: _Cut, costs: list[tuple[Ints, Array]], fleet: Fleet) -> _Cut:
    """Return the cut after handing sorties of the busiest dock to others, one by one, while that lowers its load.

    Prices alone turn every sortie of like docks at once.
    """
    while True:
        busiest = int(np.argmax(cut.loads_s))
        others = [
            _Cut([*cut.sorties[:at], (first, last, dock), *cut.sorties[at + 1 :]], loads)
            for at, (first, last, flown_from) in enumerate(cut.sorties)
            if flown_from == busiest
            for dock in range(len(costs))
            if (loads := _loads_after(cut, costs, fleet, at, dock)) is not None
        ]
        better = min(others, key=_merit, default=cut)
        if _merit(better) >= _merit(cut):
            return cut
        cut = better


def _loads_after(cut: _Cut, costs: list[tuple[Ints, Array]], fleet: Fleet, at: int, dock: int) -> Array | None:
    """Return the docks' loads when another dock flies a sortie, None where it cannot."""
    first, last, flown_from = cut.sorties[at]
    here_s, there_s = (_cost_s(costs[number], first, last) for number in (flown_from, dock))
    if dock == flown_from or not np.isfinite(there_s):
        return None
    loads = cut.loads_s.copy()
    loads[flown_from] -= here_s / fleet.drones_per_dock
    loads[dock] += there_s / fleet.drones_per_dock
    return loads


def _cost_s(cost: tuple[Ints, Array], first: int, last: int) -> float:
    """Return what a dock's sortie over these places takes, infinite where it flies none."""
    near, seconds = cost
    row = int(np.searchsorted(near, first))
    return float(seconds[row, last - first - 1]) if row < len(near) and near[row] == first else np.inf


def _merit(cut: _Cut) -> tuple[int, float]:
    """Return what cuts are compared by: how much is left out, then the load of the busiest drone."""
    return sum(dock < 0 for _, _, dock in cut.sorties), float(cut.loads_s.max() + 0.02 * cut.loads_s.sum())


def _sortie_s(tour: Tour, splitter: Splitter, usable_wh: float, fleet: Fleet) -> Array:
    """Return (r, k) seconds of flying and charging of sorties, row and column as in :class:`Sums`."""
    sums = splitter.sums
    link_m = splitter.base.model.aircraft.link_range_m
    fits = (sums.energy_wh <= usable_wh) & (sums.away_m <= link_m)
    seconds = np.where(fits, sums.time_s + fleet.charge_s, np.inf)
    if fleet.objective is Objective.SORTIES:
        seconds += 1e5  # fewest first, then quickest
    ends = splitter.near[:, None] + 1 + np.arange(seconds.shape[1])[None]
    seconds += CUT_S * tour.inside[np.minimum(ends, len(tour) - 1)]
    return seconds


def _shortest(count: int, costs: list[tuple[Ints, Array]], prices: Array, fleet: Fleet) -> _Cut:
    """Return the cheapest cut for these prices of the docks, by dynamic programming along the tour."""
    width = costs[0][1].shape[1]
    cheapest = np.full((count, width), np.inf)
    plain, dock = np.zeros((count, width)), np.full((count, width), -1)
    for number, (near, seconds) in enumerate(costs):
        better = seconds * prices[number] < cheapest[near]
        cheapest[near] = np.where(better, seconds * prices[number], cheapest[near])
        plain[near] = np.where(better, seconds, plain[near])
        dock[near] = np.where(better, number, dock[near])
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    before = np.zeros(count + 1, dtype=np.intp)
    for first in range(count):
        ends = slice(first + 1, min(first + width, count) + 1)
        now = best[first] + cheapest[first, : ends.stop - ends.start]
        now[0] = min(now[0], best[first] + LEFT_OUT_S)
        better = now < best[ends]
        best[ends][better] = now[better]
        before[ends][better] = first
    places = [count]
    while places[-1]:
        places.append(int(before[places[-1]]))
    sorties, loads = [], np.zeros(len(costs))
    for first, last in pairwise(places[::-1]):
        span = last - first - 1
        flown_from = int(dock[first, span])
        sorties.append((first, last, flown_from))
        if flown_from >= 0:
            loads[flown_from] += plain[first, span]
    return _Cut(sorties, loads / fleet.drones_per_dock)
