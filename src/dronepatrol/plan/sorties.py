"""Lanes into sorties: as few as the battery allows, each of about the same energy.

The order of the lanes is kept and cut (route first, cluster second; Beasley 1983), at lane ends where that needs no
more sorties, else also inside long lanes at a photo, which the next sortie takes again. Each sortie's lanes are then
put in the order that is quickest from the dock and back.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import PlanError
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.energy import Cost, EnergyModel
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.route import order

MIN_PIECE_PHOTOS = 4
"""A lane is not cut into pieces of fewer photos."""
_BISECTIONS = 24
_KICKS = 300
_UNREACHABLE_S = 1e6

Array = NDArray[np.float64]
Lanes = list[Array]
"""Each (2, 2) metres, entry and exit."""


@dataclass
class Splitter:
    """Cuts an ordered list of lanes into sorties from one dock."""

    airspace: Airspace
    model: EnergyModel
    photos: PhotoPlan
    dock: Array
    _between: dict[bytes, Cost] = field(default_factory=dict)

    def split(self, lanes: Lanes, usable_wh: float, seed: int) -> list[Lanes]:
        """Return the lanes of each sortie, in flying order.

        Parameters
        ----------
        lanes
            In flying order.
        usable_wh
            Energy that one sortie may use.
        seed
            For the order within sorties.

        Raises
        ------
        PlanError
            When a place is too far from the dock for one battery.
        """
        whole = self._greedy(lanes, usable_wh, cut=False)
        cut = self._greedy(lanes, usable_wh, cut=True)
        if cut is None:
            raise PlanError(
                self._too_far(lanes, usable_wh),
                hint="move the dock nearer to the area, or choose an aircraft with a larger battery",
            )
        cuts = whole is None or len(cut) < len(whole)
        best = cut if cuts or whole is None else whole
        low, high = 0.0, usable_wh
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            found = self._greedy(lanes, middle, cut=cuts)
            if found is not None and len(found) <= len(best):
                best, high = found, middle
            else:
                low = middle
        return [self._reordered(sortie, seed) for sortie in best]

    def cost(self, lanes: Lanes) -> Cost:
        """Return what a sortie over these lanes costs, from the dock and back to it."""
        return self.model.up_and_down() + self.model.path(self.line(lanes))

    def line(self, lanes: Lanes) -> Array:
        """Return (n, 2) the flight line from the dock over the lanes and back."""
        stops = [self.dock[None], *lanes, self.dock[None]]
        points = [stops[0]]
        for one, other in pairwise(stops):
            points += [self.airspace.way(one[-1], other[0])[1:-1], other]
        return np.vstack(points)

    def _greedy(self, lanes: Lanes, cap_wh: float, *, cut: bool) -> list[Lanes] | None:
        """Return sorties that each fly on as long as the cap allows, or None where a lane is too much for it."""
        left = list(reversed(lanes))
        sorties: list[Lanes] = []
        while left:
            sortie: Lanes = []
            spent = self.model.up_and_down()
            while left:
                lane = left[-1]
                here = sortie[-1][-1] if sortie else self.dock
                onward = spent + self._transit(here, lane[0])
                if (onward + self.model.path(lane) + self._transit(lane[-1], self.dock)).energy_wh <= cap_wh:
                    spent = onward + self.model.path(lane)
                    sortie.append(left.pop())
                    continue
                pieces = self._cut(lane, onward, cap_wh) if cut else None
                if pieces:
                    sortie.append(pieces[0])
                    left[-1] = pieces[1]
                break
            if not sortie:
                return None
            sorties.append(sortie)
        return sorties

    def _cut(self, lane: Array, spent: Cost, cap_wh: float) -> tuple[Array, Array] | None:
        """Return the longest affordable first piece of a lane, and the rest from its last photo on."""
        at = self.photos.photos(float(np.hypot(*(lane[-1] - lane[0]))))
        along = (lane[-1] - lane[0]) / max(float(np.hypot(*(lane[-1] - lane[0]))), 1e-9)
        for last in range(len(at) - MIN_PIECE_PHOTOS, MIN_PIECE_PHOTOS - 2, -1):
            photo = lane[0] + along * at[last]
            piece = np.stack([lane[0], photo])
            if (spent + self.model.path(piece) + self._transit(photo, self.dock)).energy_wh <= cap_wh:
                return piece, np.stack([photo, lane[-1]])
        return None

    def _transit(self, start: Array, end: Array) -> Cost:
        key = start.tobytes() + end.tobytes()
        if key not in self._between:
            self._between[key] = self.model.path(self.airspace.way(start, end))
        return self._between[key]

    def _reordered(self, lanes: Lanes, seed: int) -> Lanes:
        ends = np.vstack([self.dock, self.dock, *[lane[[0, -1]] for lane in lanes]])
        times = np.minimum(self.airspace.times_s(ends), _UNREACHABLE_S)
        entries, _ = order(times, _KICKS, seed)
        other = [lanes[e // 2 - 1] if e % 2 == 0 else lanes[e // 2 - 1][::-1] for e in entries[1:]]
        backwards = [lane[::-1] for lane in reversed(other)]
        return min((lanes, other, backwards), key=lambda way: self.cost(way).energy_wh)

    def _too_far(self, lanes: Lanes, usable_wh: float) -> str:
        away = max(lanes, key=lambda lane: self.cost([lane[:1].repeat(2, axis=0)]).energy_wh)
        needed = self.cost([away[:1].repeat(2, axis=0)])
        return (
            f"the battery's {usable_wh:.1f} Wh do not reach the area's furthest part: {needed.length_m:.0f} m"
            f" there and back need {needed.energy_wh:.1f} Wh before a photo lane is flown"
        )
