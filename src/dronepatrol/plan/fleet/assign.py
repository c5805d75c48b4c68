"""Which dock flies which part of a tour, in how many sorties.

The tour is cut by the shortest path over its places: an edge is a sortie from some dock, its price the time and the
charging that it costs times the dock's price (split of a giant tour with several depots; Prins, Lacomme and Prodhon
2014). Docks with more to do per drone than others become dearer, until what the busiest drones have to do shrinks no
more. Runs of one dock are then cut again into sorties of about equal energy. PyVRP begins with these sorties.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.patrol import Fleet, Objective
from dronepatrol.plan.fleet.routing import TOTAL_SHARE, last_landing_s, rerouted
from dronepatrol.plan.fleet.sorties import Base, Flight, Splitter
from dronepatrol.plan.fleet.tour import Tour
from dronepatrol.plan.stretch import Stretch

__all__ = ["Assigned", "Flight", "assigned", "split"]

ROUNDS = 12
"""How often the docks' prices are looked at again."""
STEP = 0.35
SHARES = (1.0, 0.93, 0.85)
"""Of the usable energy, at most this much per sortie is tried."""
NEAREST_DOCKS = 4
"""Sorties begin at a place from so many of its nearest docks."""
CUT_S = 20.0
"""Dividing a stretch costs this much in the choice: its photo there is taken twice."""
LEFT_OUT_S = 1e7
"""What leaving out a piece of the tour costs: more than all that can be flown."""

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Assigned:
    """The sorties of a tour, and what no dock's battery reaches."""

    flights: list[Flight]
    left_out: list[Stretch]


@dataclass(frozen=True)
class _Cut:
    """Places (from, to) of the sorties along a tour, and the dock of each (-1: not flown)."""

    sorties: list[tuple[int, int, int]]
    seconds: list[float]
    """Flying and charging of each sortie."""
    loads_s: Array
    """(d,) seconds of flying and charging per drone of each dock."""

    @classmethod
    def of(cls, sorties: list[tuple[int, int, int]], seconds: list[float], docks: int, fleet: Fleet) -> "_Cut":
        """Return the cut of these sorties."""
        loads = np.zeros(docks)
        for (_, _, dock), each in zip(sorties, seconds, strict=True):
            if dock >= 0:
                loads[dock] += each / fleet.drones_per_dock
        return cls(sorties, seconds, loads)


def assigned(tour: Tour, bases: list[Base], usable_wh: float, fleet: Fleet, seed: int) -> Assigned:
    """Return the sorties that fly a tour: the split's, made better by PyVRP; parameters as for :func:`split`."""
    cut = split(tour, bases, usable_wh, fleet, seed)
    if len(cut.flights) < 2:
        return cut
    return Assigned(rerouted(cut.flights, bases, tour.photos, usable_wh, fleet, seed), cut.left_out)


def split(tour: Tour, bases: list[Base], usable_wh: float, fleet: Fleet, seed: int) -> Assigned:
    """Return the sorties that a tour is cut into.

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
    best, most_wh = _best(tour, splitters, usable_wh, fleet)
    for dock, cut in _runs(best.sorties):
        first, last = cut[0][0], cut[-1][1]
        if dock < 0:
            left_out += tour.pieces(first, last)
            continue
        balanced = splitters[dock].balanced(first, last, most_wh)
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


def _best(tour: Tour, splitters: list[Splitter], usable_wh: float, fleet: Fleet) -> tuple[_Cut, float]:
    """Return the cut whose last drone lands first, or the one with the fewest sorties, and what each may use.

    Shorter sorties than the battery allows may be better: the drones that fly most often set the time, and the others
    can take some of theirs.
    """
    shares = (1.0,) if fleet.objective is Objective.SORTIES else SHARES
    found = []
    flown_s = [_flown_s(tour, splitter, fleet) for splitter in splitters]
    for share in shares:
        costs = _costs(splitters, flown_s, share * usable_wh)
        found.append((_priced(len(tour) - 1, costs, fleet), share * usable_wh))
        if _most_flights(found[-1][0], fleet) == 1:
            break
    return min(found, key=lambda one: _merit(one[0], fleet))


def _priced(count: int, costs: list[tuple[Ints, Array]], fleet: Fleet) -> _Cut:
    """Return the best cut found for these costs, docks with more to do than others made dearer."""
    prices = np.ones(len(costs))
    best = cut = _shortest(count, costs, prices, fleet)
    if fleet.objective is Objective.SORTIES or len(costs) == 1:
        return best
    for _ in range(ROUNDS):
        prices *= np.exp(STEP * (cut.loads_s / max(cut.loads_s.max(), 1.0) - 0.5))
        prices /= prices.mean()
        cut = _shortest(count, costs, prices, fleet)
        if _merit(cut, fleet) < _merit(best, fleet):
            best = cut
    return _levelled(best, costs, fleet)


def _levelled(cut: _Cut, costs: list[tuple[Ints, Array]], fleet: Fleet) -> _Cut:
    """Return the cut after handing sorties of the busiest dock to others, one by one, while that makes it better.

    Prices alone turn every sortie of like docks at once.
    """
    while True:
        busiest = int(np.argmax(_ends_s(cut, fleet)))
        others = [
            other
            for at, sortie in enumerate(cut.sorties)
            if sortie[2] == busiest
            for dock in range(len(costs))
            if (other := _handed(cut, costs, fleet, at, dock)) is not None
        ]
        better = min(others, key=lambda one: _merit(one, fleet), default=cut)
        if _merit(better, fleet) >= _merit(cut, fleet):
            return cut
        cut = better


def _handed(cut: _Cut, costs: list[tuple[Ints, Array]], fleet: Fleet, at: int, dock: int) -> _Cut | None:
    """Return the cut with another dock for a sortie, None where that cannot fly it."""
    first, last, flown_from = cut.sorties[at]
    there_s = _cost_s(costs[dock], first, last)
    if dock == flown_from or not np.isfinite(there_s):
        return None
    sorties = [*cut.sorties[:at], (first, last, dock), *cut.sorties[at + 1 :]]
    seconds = [*cut.seconds[:at], there_s, *cut.seconds[at + 1 :]]
    return _Cut.of(sorties, seconds, len(costs), fleet)


def _cost_s(cost: tuple[Ints, Array], first: int, last: int) -> float:
    """Return what a dock's sortie over these places takes, infinite where it flies none."""
    near, seconds = cost
    row = int(np.searchsorted(near, first))
    return float(seconds[row, last - first - 1]) if row < len(near) and near[row] == first else np.inf


def _merit(cut: _Cut, fleet: Fleet) -> tuple[int, float]:
    """Return what cuts are compared by: how much is left out, then when the last drone lands."""
    left_out = sum(dock < 0 for _, _, dock in cut.sorties)
    return left_out, float(_ends_s(cut, fleet).max() + TOTAL_SHARE * cut.loads_s.sum())


def _ends_s(cut: _Cut, fleet: Fleet) -> Array:
    """Return (d,) when each dock's last drone lands, if they fly the longest sorties first and charge in between."""
    flown: list[list[float]] = [[] for _ in cut.loads_s]
    for seconds, (_, _, dock) in zip(cut.seconds, cut.sorties, strict=True):
        if dock >= 0:
            flown[dock].append(seconds)
    return np.array([last_landing_s(each, fleet) for each in flown])


def _most_flights(cut: _Cut, fleet: Fleet) -> int:
    """Return how often the busiest drone flies."""
    counts = np.bincount([dock for _, _, dock in cut.sorties if dock >= 0], minlength=1)
    return math.ceil(int(counts.max()) / fleet.drones_per_dock)


def _flown_s(tour: Tour, splitter: Splitter, fleet: Fleet) -> Array:
    """Return (r, k) seconds of flying and charging of sorties within the link's range, as :class:`Sums` has them."""
    sums = splitter.sums
    near = sums.away_m <= splitter.base.model.aircraft.link_range_m
    seconds = np.where(near, sums.time_s + fleet.charge_s, np.inf)
    if fleet.objective is Objective.SORTIES:
        seconds += 1e5  # fewest first, then quickest
    ends = splitter.near[:, None] + 1 + np.arange(seconds.shape[1])[None]
    seconds += CUT_S * tour.inside[np.minimum(ends, len(tour) - 1)]
    return seconds


def _costs(splitters: list[Splitter], flown_s: list[Array], usable_wh: float) -> list[tuple[Ints, Array]]:
    """Return each dock's places and the seconds of the sorties that the energy allows, none longer than any can be."""
    fits = [splitter.sums.energy_wh <= usable_wh for splitter in splitters]
    width = max((int(np.flatnonzero(one.any(axis=0)).max(initial=0)) + 1 for one in fits), default=1)
    return [
        (splitter.near, np.where(one[:, :width], seconds[:, :width], np.inf))
        for splitter, one, seconds in zip(splitters, fits, flown_s, strict=True)
    ]


def _shortest(count: int, costs: list[tuple[Ints, Array]], prices: Array, fleet: Fleet) -> _Cut:
    """Return the cheapest cut for these prices of the docks, by dynamic programming along the tour."""
    width = costs[0][1].shape[1]
    cheapest = np.full((count, width), np.inf)
    for price, (near, seconds) in zip(prices, costs, strict=True):
        cheapest[near] = np.minimum(cheapest[near], seconds * price)
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
    sorties, seconds_of = [], []
    for first, last in pairwise(places[::-1]):
        flown_s = np.array([_cost_s(cost, first, last) for cost in costs])
        dock = int(np.argmin(flown_s * prices))
        flies = bool(np.isfinite(flown_s[dock]))
        sorties.append((first, last, dock if flies else -1))
        seconds_of.append(float(flown_s[dock]) if flies else 0.0)
    return _Cut.of(sorties, seconds_of, len(costs), fleet)
