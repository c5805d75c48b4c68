"""Stretches in flying order, and what flying from one place on them to another costs.

The places are where a sortie may begin or end: between two stretches, and at photos inside long stretches. Between
places m and n lies a run; costs of runs are sums of prefixes, so that all of them can be looked at.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.energy import EnergyModel
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch, turning_s
from dronepatrol.plan.timing import straightened

MIN_PIECE_PHOTOS = 4
"""A stretch is not cut into pieces of fewer photos."""
UNREACHABLE_S = 1e6
LOOK_AHEAD = 160
"""No sortie spans more places of a tour."""

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Seconds:
    """Seconds and watt-hours, arrays of one shape."""

    time_s: Array
    energy_wh: Array


@dataclass(frozen=True)
class _Legs:
    """The legs of one stretch: metres along it where they end (the first 0), and watts on each."""

    ends_m: Array
    watts: Array


class Tour:
    """An ordered list of stretches with the places where it may be cut.

    Parameters
    ----------
    stretches
        In flying order.
    photos
        How photos are taken: stretches are cut at a photo, which both pieces take.
    model
        What legs cost.
    airspace
        For the ways between stretches.
    cut_m
        About how far apart cuts inside stretches are looked at; 0 for none.
    """

    def __init__(
        self, stretches: list[Stretch], photos: PhotoPlan, model: EnergyModel, airspace: Airspace, cut_m: float
    ) -> None:
        self.stretches = stretches
        self.photos = photos
        self.model = model
        self.airspace = airspace
        self._legs = [self._legs_of(stretch) for stretch in stretches]
        before, before_m, after, after_m = [], [], [], []
        for number, stretch in enumerate(stretches):
            inside = self._cuts(stretch, cut_m)
            before += [number - 1] + [number] * len(inside)
            before_m += [self._legs[number - 1].ends_m[-1], *inside]
            after += [number] * (1 + len(inside))
            after_m += [0.0, *inside]
        last = len(stretches) - 1
        self.before = np.array([*before, last])
        """(m,) the stretch that ends at each place, and (m,) metres along it; the first place ends none (-1)."""
        self.before_m = np.array([*before_m, self._legs[last].ends_m[-1]])
        self.after = np.array([*after, len(stretches)])
        """(m,) the stretch that begins at each place, and (m,) metres along it; the last place begins none."""
        self.after_m = np.array([*after_m, 0.0])
        self.inside = self.before == self.after
        """(m,) whether a cut there divides a stretch."""

    def __len__(self) -> int:
        return len(self.before)

    @cached_property
    def entries(self) -> Array:
        """(m - 1, 2) where the run after each place begins."""
        return np.array([self._at(s, x) for s, x in zip(self.after[:-1], self.after_m[:-1], strict=True)])

    @cached_property
    def exits(self) -> Array:
        """(m - 1, 2) where the run before each place but the first ends."""
        return np.array([self._at(s, x) for s, x in zip(self.before[1:], self.before_m[1:], strict=True)])

    def run(self, first: int, last: Ints) -> Seconds:
        """Return what flying from place ``first`` to each of (k,) later places costs, standstill to standstill."""
        start, start_m = int(self.after[first]), float(self.after_m[first])
        end, end_m = self.before[last], self.before_m[last]
        same = end == start
        head = self._within(start, start_m, np.where(same, end_m, self._legs[start].ends_m[-1]))
        further = np.maximum(end, start + 1) if start + 1 < len(self.stretches) else end
        totals = []
        for cost, tails, sums, hops in zip((head.time_s, head.energy_wh), self._tails, *self._sums, strict=True):
            between = sums[further] - sums[min(start + 1, len(sums) - 1)] + hops[further] - hops[start]
            totals.append(np.where(same, cost, cost + between + tails[last]))
        return Seconds(totals[0], totals[1])

    @cached_property
    def runs(self) -> Seconds:
        """(m - 1, k) what flying from each place on over 1 to k places costs, infinite beyond the last place."""
        count = len(self) - 1
        width = min(LOOK_AHEAD, count)
        time, energy = np.full((count, width), np.inf), np.full((count, width), np.inf)
        for first in range(count):
            last = np.arange(first + 1, min(first + width, count) + 1)
            run = self.run(first, last)
            time[first, : len(last)], energy[first, : len(last)] = run.time_s, run.energy_wh
        return Seconds(time, energy)

    def pieces(self, first: int, last: int) -> list[Stretch]:
        """Return the stretches, whole or cut, from one place to a later one."""
        start, end = int(self.after[first]), int(self.before[last])
        found = []
        for number in range(start, end + 1):
            length = float(self._legs[number].ends_m[-1])
            low = float(self.after_m[first]) if number == start else 0.0
            high = float(self.before_m[last]) if number == end else length
            stretch = self.stretches[number]
            found.append(stretch if low == 0.0 and high == length else stretch.between(low, high))
        return found

    def _legs_of(self, stretch: Stretch) -> _Legs:
        points = straightened(stretch.points)
        if len(points) < 2:
            return _Legs(np.zeros(1), np.zeros(0))
        ways = np.diff(points, axis=0)
        return _Legs(np.concatenate([[0.0], np.cumsum(np.hypot(*ways.T))]), self.model.watts(ways))

    def _cuts(self, stretch: Stretch, cut_m: float) -> list[float]:
        """Return the metres along a stretch at which it may be cut."""
        if cut_m <= 0 or not stretch.cuttable or stretch.photo_step_m <= 0:
            return []
        at = self.photos.photos(stretch.length_m, stretch.photo_step_m)
        every = max(1, round(cut_m / max(float(at[1] - at[0]), 1e-9))) if len(at) > 1 else 1
        return [float(x) for x in at[MIN_PIECE_PHOTOS - 1 : len(at) - MIN_PIECE_PHOTOS + 1][::every]]

    def _at(self, stretch: int, along_m: float) -> Array:
        points, ends = straightened(self.stretches[stretch].points), self._legs[stretch].ends_m
        if len(points) < 2:
            return np.asarray(points[0])
        return np.array([np.interp(along_m, ends, points[:, 0]), np.interp(along_m, ends, points[:, 1])])

    def _within(self, stretch: int, start_m: float, ends_m: Array) -> Seconds:
        """Return what flying along one stretch costs from one place on it to (k,) later ones."""
        legs = self._legs[stretch]
        standing = self.model.standing(self.stretches[stretch].standing_s)  # for single photos, and these are not cut
        time, energy = np.full(len(ends_m), standing.time_s), np.full(len(ends_m), standing.energy_wh)
        for low, high, watts in zip(legs.ends_m, legs.ends_m[1:], legs.watts, strict=False):
            length = np.clip(np.minimum(ends_m, high) - max(start_m, low), 0.0, None)
            seconds = self.model.pace.leg_s(length)
            time += seconds
            energy += seconds * watts / 3600.0
        return Seconds(time, energy)

    @cached_property
    def _tails(self) -> tuple[Array, Array]:
        """(m,) seconds and watt-hours from the start of the stretch that ends at each place up to that place."""
        time, energy = np.zeros(len(self)), np.zeros(len(self))
        for number in range(len(self.stretches)):
            here = self.before == number
            cost = self._within(number, 0.0, self.before_m[here])
            time[here], energy[here] = cost.time_s, cost.energy_wh
        return time, energy

    @cached_property
    def _hops(self) -> tuple[Array, Array]:
        """(n,) seconds and watt-hours of the way to each stretch from the one before it; 0 for the first."""
        time, energy = np.zeros(len(self.stretches)), np.zeros(len(self.stretches))
        for number, (one, other) in enumerate(pairwise(self.stretches), start=1):
            way = self.airspace.way(one.points[-1], other.points[0])
            cost = self.model.path(way) + self.model.standing(turning_s(one, other))
            time[number], energy[number] = (cost.time_s, cost.energy_wh) if len(way) else (UNREACHABLE_S, UNREACHABLE_S)
        return time, energy

    @cached_property
    def _sums(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """(n + 1,) seconds and watt-hours of the stretches before each, and (n,) of the ways up to each."""
        whole = [self._within(number, 0.0, legs.ends_m[-1:]) for number, legs in enumerate(self._legs)]
        times = np.concatenate([[0.0], *(cost.time_s for cost in whole)])
        energies = np.concatenate([[0.0], *(cost.energy_wh for cost in whole)])
        hops = self._hops
        return (np.cumsum(times), np.cumsum(energies)), (np.cumsum(hops[0]), np.cumsum(hops[1]))
