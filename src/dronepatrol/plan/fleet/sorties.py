"""A tour into sorties from one dock: as few as the battery allows, each of about the same energy.

The order of the stretches is kept and cut (route first, cluster second; Beasley 1983), at their ends where that needs
no more sorties, else also inside long ones at a photo, which the next sortie takes again. Each sortie's stretches are
then put in the order that is quickest from the dock and back.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.energy import Cost, EnergyModel
from dronepatrol.plan.fleet.tour import UNREACHABLE_S, Tour
from dronepatrol.plan.stretch import Stretch, turning_s

_BISECTIONS = 24
KICKS_PER_STRETCH, MOST_KICKS = 5, 100

Array = NDArray[np.float64]


@dataclass
class Base:
    """A dock to fly from: what ways to it and back cost."""

    at: Array
    airspace: Airspace
    model: EnergyModel
    _ways: dict[bytes, Array] = field(default_factory=dict)

    def ways(self, places: Array) -> tuple[Array, Array, Array]:
        """Return (n,) seconds between the dock and (n, 2) places, watt-hours out, and watt-hours back.

        Ways around no-fly zones are taken to be against the wind all along, which is on the safe side.
        """
        times = np.minimum(self.airspace.times_from_s(self.at, places), UNREACHABLE_S)
        apart = places - self.at
        straight = np.abs(times - self.model.pace.leg_s(np.hypot(*apart.T))) < 1e-6
        out, back = (np.where(straight, self.model.watts(way), self.model.most_w) for way in (apart, -apart))
        return times, times * out / 3600.0, times * back / 3600.0

    def cost(self, stretches: list[Stretch]) -> Cost:
        """Return what a sortie over these stretches costs, from the dock and back to it."""
        standing_s = sum(stretch.standing_s for stretch in stretches)
        standing_s += sum(turning_s(one, other) for one, other in pairwise(stretches))
        return self.model.up_and_down() + self.model.path(self.line(stretches)) + self.model.standing(standing_s)

    def line(self, stretches: list[Stretch]) -> Array:
        """Return (n, 2) the flight line from the dock over the stretches and back."""
        stops = [self.at[None], *(stretch.points for stretch in stretches), self.at[None]]
        points = [stops[0]]
        for one, other in pairwise(stops):
            points += [self.way(one[-1], other[0])[1:-1], other]
        return np.vstack(points)

    def way(self, start: Array, end: Array) -> Array:
        """Return (k, 2) points of the quickest way between two places."""
        key = start.tobytes() + end.tobytes()
        if key not in self._ways:
            self._ways[key] = self.airspace.way(start, end)
        return self._ways[key]

    def quickest(self, stretches: list[Stretch], seed: int) -> list[Stretch]:
        """Return the stretches in the order, each in the direction, that needs least energy."""
        turned = [stretch.backwards() for stretch in reversed(stretches)]
        ways = [stretches, *([turned] if all(stretch.reversible for stretch in stretches) else [])]
        if len(stretches) > 1 and all(stretch.reversible for stretch in stretches):
            ends = np.vstack([self.at, self.at, *[stretch.points[[0, -1]] for stretch in stretches]])
            times = np.minimum(self.airspace.times_s(ends), UNREACHABLE_S)
            entries, _ = order(times, min(MOST_KICKS, KICKS_PER_STRETCH * len(stretches)), seed)
            chosen = [(stretches[e // 2 - 1], e % 2 == 0) for e in entries[1:]]
            other = [stretch if forward else stretch.backwards() for stretch, forward in chosen]
            ways += [other, [stretch.backwards() for stretch in reversed(other)]]
        return min(ways, key=lambda way: self.cost(way).energy_wh)


@dataclass(frozen=True)
class Flight:
    """What one sortie flies, and from which dock (its number in the site)."""

    dock: int
    stretches: list[Stretch]


@dataclass(frozen=True)
class Sums:
    """What sorties from one dock cost: in a place's row, column k is the one that flies on over k + 1 places.

    Infinite where the tour has no such place, or no energy would do.
    """

    time_s: Array
    energy_wh: Array
    away_m: Array
    """How far from the dock they begin or end a stretch."""


class Splitter:
    """Cuts a tour into sorties from one dock, which begin at some of its places only: those it is near to."""

    def __init__(self, tour: Tour, base: Base, near: NDArray[np.intp]) -> None:
        self.tour = tour
        self.base = base
        self.near = near
        """(r,) rising numbers of the places where sorties from this dock may begin."""
        self._row = {int(place): row for row, place in enumerate(near)}

    @cached_property
    def sums(self) -> Sums:
        """What all sorties cost that span at most as many places as ``tour.runs``; a row per place of ``near``."""
        tour, fixed = self.tour, self.base.model.up_and_down()
        runs, near, count = tour.runs, self.near, len(tour) - 1
        ends = np.minimum(near[:, None] + np.arange(runs.time_s.shape[1]), count - 1)
        to_s, to_wh, _ = self.base.ways(tour.entries[near])
        met = np.unique(ends)
        from_s, from_wh = np.full(count, np.inf), np.full(count, np.inf)
        from_s[met], _, from_wh[met] = self.base.ways(tour.exits[met])
        time = fixed.time_s + to_s[:, None] + runs.time_s[near] + from_s[ends]
        energy = fixed.energy_wh + to_wh[:, None] + runs.energy_wh[near] + from_wh[ends]
        furthest_m = np.maximum(*(np.hypot(*(at - self.base.at).T) for at in (tour.entries, tour.exits)))
        away = np.maximum.accumulate(furthest_m[ends], axis=1)
        return Sums(time, energy, away)

    def balanced(self, first: int, last: int, usable_wh: float) -> list[tuple[int, int]] | None:
        """Return the places from which and to which the fewest sorties fly, or None where one cannot be flown.

        Among plans of so many sorties, the largest one is about as small as can be.
        """
        whole = self._greedy(first, last, usable_wh, cut=False)
        best = self._greedy(first, last, usable_wh, cut=True)
        if best is None:
            return None
        cut = whole is None or len(best) < len(whole)
        best = best if cut or whole is None else whole
        low, high = 0.0, usable_wh
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            found = self._greedy(first, last, middle, cut=cut)
            if found is not None and len(found) <= len(best):
                best, high = found, middle
            else:
                low = middle
        return best

    def _greedy(self, first: int, last: int, cap_wh: float, *, cut: bool) -> list[tuple[int, int]] | None:
        """Return sorties that each fly on as long as the cap allows, cut inside stretches or not."""
        found = []
        while first < last:
            if first not in self._row:
                return None
            row = self.sums.energy_wh[self._row[first], : last - first]
            fits = row <= cap_wh
            if not cut:
                ends = np.arange(first + 1, first + 1 + len(row))
                fits &= ~self.tour.inside[ends] | (ends == last)
            if not fits.any():
                return None
            onward = first + 1 + int(np.flatnonzero(fits)[-1])
            found.append((first, onward))
            first = onward
        return found
