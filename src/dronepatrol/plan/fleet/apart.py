"""Who meets whom, and when: where sorties are in the air, second by second, and which starts bring two together."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Sortie
from dronepatrol.plan.energy import descent_s
from dronepatrol.plan.timing import Pace

APART_M = 40.0
"""Two drones nearer to each other than this on the map …"""
APART_UP_M = 10.0
"""… and nearer than this in height are not planned …"""
APART_S = 30.0
"""… within this time of each other; it also takes up how far a flight is late or early."""
SAMPLE_S = 2.0
_VERTICAL_M = 0.5
"""Legs shorter than this on the map are climbs or descents on the spot."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """Where a sortie is when: (n,) seconds after its start, and (n, 3) metres east, north and above sea level."""

    time_s: Array
    at: Array

    @property
    def line(self) -> shapely.LineString:
        """The flight line on the map."""
        return shapely.LineString(self.at[:, :2])


def track(sortie: Sortie, frame: LocalFrame, aircraft: AircraftProfile) -> Track:
    """Return where a sortie is when: climb, legs at an even pace, the return at its height, descent.

    The legs are stretched to the planned time, which knows of stops for photos and turns.
    """
    dock, waypoints = (sortie.dock.lon_deg, sortie.dock.lat_deg), sortie.waypoints
    last = waypoints[-1]
    lonlat = [dock, dock, *((w.lon_deg, w.lat_deg) for w in waypoints), (last.lon_deg, last.lat_deg), dock, dock]
    back_m = max(sortie.return_height_m, last.height_m)
    heights = np.array([0.0, waypoints[0].height_m, *(w.height_m for w in waypoints), back_m, back_m, 0.0])
    at = np.column_stack([frame.to_metres(lonlat), heights + sortie.dock.ground_amsl_m])
    lengths, rises = np.hypot(*np.diff(at[:, :2], axis=0).T), np.diff(at[:, 2])
    upright_s = np.where(rises > 0, rises / aircraft.climb_m_s, -rises / aircraft.descent_m_s)
    legs_s = Pace(sortie.speed_m_s, aircraft.acceleration_m_s2).leg_s(lengths)
    taken = np.where(lengths < _VERTICAL_M, upright_s, legs_s)
    taken[-1] = descent_s(aircraft, back_m)
    flown_s = sortie.planned_time_s - taken[0] - taken[-1]
    if flown_s > 0 and taken[1:-1].sum() > 0:
        taken[1:-1] *= flown_s / taken[1:-1].sum()
    else:
        taken *= sortie.planned_time_s / taken.sum()
    return Track(np.concatenate([[0.0], np.cumsum(taken)]), at)


@dataclass(frozen=True)
class Sampled:
    """A track every :data:`SAMPLE_S`; ``slack_m`` (n,) is how far in height it may be from a sample until the next."""

    time_s: Array
    at: Array
    slack_m: Array
    step_m: float
    """The longest way on the map from one sample to the next."""

    @classmethod
    def of(cls, one: Track) -> "Sampled":
        """Return the samples of a track, its last place among them."""
        times = np.append(np.arange(0.0, one.time_s[-1], SAMPLE_S), one.time_s[-1])
        at = np.column_stack([np.interp(times, one.time_s, one.at[:, axis]) for axis in range(3)])
        rises = np.pad(np.abs(np.diff(at[:, 2])), 1)
        steps = np.hypot(*np.diff(at[:, :2], axis=0).T)
        return cls(times, at, np.maximum(rises[:-1], rises[1:]) / 2, float(steps.max(initial=0.0)))


def meetings_s(before: Sampled, after: Sampled) -> list[float]:
    """Return how much later than the first the second would start to meet it, where they are near each other.

    Rising whole seconds; none where they may start whenever they like.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 heavy

    reach_m = APART_M + max(before.step_m, after.step_m)
    pairs = cKDTree(before.at[:, :2]).query_ball_tree(cKDTree(after.at[:, :2]), reach_m)
    count = [len(found) for found in pairs]
    if not sum(count):
        return []
    one = np.repeat(np.arange(len(before.at)), count)
    other = np.concatenate([np.array(found, dtype=np.intp) for found in pairs])
    high = np.abs(before.at[one, 2] - after.at[other, 2])
    near = high < APART_UP_M + before.slack_m[one] + after.slack_m[other]
    offsets: list[float] = np.unique(np.round(before.time_s[one[near]] - after.time_s[other[near]])).tolist()
    return offsets


def first_open_s(ready_s: float, closed: list[float]) -> float:
    """Return the first whole second, from ``ready_s`` on, that is away from all closed starts (rising)."""
    start = float(np.ceil(ready_s))
    for middle in closed:
        if middle - APART_S - SAMPLE_S < start < middle + APART_S + SAMPLE_S:
            start = float(np.ceil(middle + APART_S + SAMPLE_S))
    return start
