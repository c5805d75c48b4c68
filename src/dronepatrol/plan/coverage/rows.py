"""Where the lanes of one sweep direction lie: rows chosen by flying time, not at equal distances.

The region is turned so that lanes run along x. Rows may lie anywhere as long as neighbours are at most a lane width
apart; the cheapest set is found by dynamic programming over a fine grid of heights, where a row costs the time of the
lanes that the region cuts from it.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.plan.timing import Pace

STEPS = 12
"""Grid steps per lane width."""
_CHUNK = 256
_EPS = 1e-7

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What lanes are to do: ``width_m`` is covered across a lane, ``reach_m`` beyond each of its ends."""

    width_m: float
    reach_m: float
    pace: Pace
    stretch: float
    """Rows may lie this share of a width further apart where that saves a whole row."""

    def turned(self, angle_rad: float) -> "Sweep":
        """Return the sweep in a frame whose x axis lies at an angle, in radians counter-clockwise: for its wind."""
        return replace(self, pace=self.pace.turned(angle_rad))

    def lanes_s(self, lengths_m: Array) -> Array:
        """Return (…) seconds of lanes along x, flown either way."""
        if not self.pace.is_slowed:
            return self.pace.leg_s(lengths_m)
        speeds = self.pace.ground_m_s(np.array([[1.0, 0.0], [-1.0, 0.0]]))
        return np.asarray(sum(self.pace.leg_s(lengths_m, speed) for speed in speeds) / 2)

    @property
    def change_s(self) -> float:
        """Seconds of a change to the next lane, along y, flown either way."""
        return float(self.pace.either_way_s(np.array([0.0, self.width_m])))


def edges(region: Polygon | MultiPolygon) -> Array:
    """Return (e, 4) the edges x1, y1, x2, y2 of all rings."""
    rings = [ring for part in shapely.get_parts(region) for ring in (part.exterior, *part.interiors)]
    corners = [np.asarray(ring.coords)[:, :2] for ring in rings]
    return np.vstack([np.hstack([ring[:-1], ring[1:]]) for ring in corners])


def turned(edges_m: Array, angle_rad: float) -> Array:
    """Return (e, 4) edges turned so that lanes at ``angle_rad`` (from x, counter-clockwise) run along x."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    x, y = edges_m[:, 0::2], edges_m[:, 1::2]
    out = np.empty_like(edges_m)
    out[:, 0::2], out[:, 1::2] = x * cos + y * sin, y * cos - x * sin
    return out


def choose_rows(edges_m: Array, sweep: Sweep) -> tuple[Array, float]:
    """Return the heights of the cheapest rows, from low to high, and an estimate of the flying seconds.

    Parameters
    ----------
    edges_m
        (e, 4) edges of the region, turned.
    sweep
        Width, reach and pace of the lanes, turned likewise.
    """
    low, high = float(edges_m[:, 1::2].min()), float(edges_m[:, 1::2].max())
    extent, width = high - low, sweep.width_m
    fewest = int(np.ceil(extent / width - _EPS))
    if fewest > 1 and extent <= (fewest - 1) * width * (1 + sweep.stretch):
        fewest -= 1
        width = extent / fewest
    if fewest <= 1:
        middle = np.array([(low + high) / 2])
        return middle, float(_row_costs(edges_m, middle, sweep)[0])
    step = width / STEPS
    first = low + width / 2
    below = int((width / 2) // step)
    count = int(np.ceil((high - width / 2 - first) / step - _EPS))
    heights: Array = first + step * np.arange(-below, count + 1).astype(float)
    chosen, cost = _cheapest(_row_costs(edges_m, heights, sweep), below, count)
    return heights[chosen], cost


def mean_cost_s(edges_m: Array, sweep: Sweep) -> float:
    """Return a quick estimate of the seconds that a sweep takes: rows anywhere cost their average."""
    low, high = float(edges_m[:, 1::2].min()), float(edges_m[:, 1::2].max())
    samples = int(np.clip(4 * (high - low) / sweep.width_m, 8, 400))
    heights = low + (high - low) * (np.arange(samples) + 0.5) / samples
    rows = max((high - low) / sweep.width_m, 1.0)
    return float(_costs_at(edges_m, heights, sweep).mean() * rows)


def _cheapest(costs: Array, below: int, count: int) -> tuple[NDArray[np.intp], float]:
    """Return the cheapest places whose gaps are at most ``STEPS``, from the first ones to the last one or beyond."""
    last = below + count
    total, before = costs.copy(), np.full(len(costs), -1)
    for place in range(below + 1, len(costs)):
        window = slice(max(0, place - STEPS), place)
        best = int(np.argmin(total[window][::-1]))  # of equal ones the furthest up, for even gaps at the end
        before[place] = place - 1 - best
        total[place] = costs[place] + total[before[place]]
    places = [last]
    while before[places[-1]] >= 0:
        places.append(int(before[places[-1]]))
    return np.array(places[::-1]), float(total[last])


def _row_costs(edges_m: Array, heights: Array, sweep: Sweep) -> Array:
    """Return the seconds that each row takes: its lanes, and one change of lane for each."""
    low, high = float(edges_m[:, 1::2].min()), float(edges_m[:, 1::2].max())
    nudge = 1e-6 * sweep.width_m  # a row along an edge may count as on either side of it, but not as outside
    third = sweep.width_m / 3  # slanted borders: what the strip needs, not the row
    within = [np.clip(heights + side, low + nudge, high - nudge) for side in (-third, -nudge, nudge, third)]
    lowest, below, above, highest = (_costs_at(edges_m, at, sweep) for at in within)
    middle = np.where((below > 0) & (above > 0), np.minimum(below, above), np.maximum(below, above))
    return np.maximum(middle, np.maximum(lowest, highest))


def _costs_at(edges_m: Array, heights: Array, sweep: Sweep) -> Array:
    change_s = sweep.change_s
    costs = np.empty(len(heights))
    for start in range(0, len(heights), _CHUNK):
        lengths = cuts_m(edges_m, heights[start : start + _CHUNK])
        lane_s = sweep.lanes_s(np.maximum(lengths - 2 * sweep.reach_m, 0.0))
        costs[start : start + _CHUNK] = np.where(lengths > 0, lane_s + change_s, 0.0).sum(axis=1)
    return costs


def cuts_m(edges_m: Array, heights: Array) -> Array:
    """Return (m, k) lengths inside the region of horizontals at (m,) heights, from left to right, filled up with 0."""
    x1, y1, x2, y2 = edges_m.T
    at = heights[:, None]
    crossed = (y1 <= at) != (y2 <= at)
    with np.errstate(divide="ignore", invalid="ignore"):
        xs = np.where(crossed, x1 + (at - y1) * (x2 - x1) / (y2 - y1), np.inf)
    most = int(crossed.sum(axis=1).max(initial=0))  # even: a closed ring is crossed as often up as down
    xs = np.sort(np.partition(xs, most - 1, axis=1)[:, :most], axis=1) if most else np.empty((len(heights), 0))
    left, right = xs[:, 0::2], xs[:, 1::2]
    return np.subtract(right, left, out=np.zeros_like(left), where=np.isfinite(right))
