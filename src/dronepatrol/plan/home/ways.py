"""Ways home made clear: a higher return height where something stands in the way, rally points around no-fly zones."""

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.mission import Mission, RallyPoint, Sortie, Waypoint
from dronepatrol.plan.home.returns import LANDING_MARGIN_M, HomeWays, Returns, Sky
from dronepatrol.plan.request import Request
from dronepatrol.plan.zones import CEILING_M

LEAST_RETURN_M = 15.0
"""Return heights are not lowered below this, ArduCopter's own default; nor raised above the ceiling."""
MOST_RALLY_POINTS = 20
"""Boards with 8 KB for settings hold 26 of ArduCopter's (its StorageManager), those with 16 KB 46."""
TRIES = 150
"""About so many places are tried for each rally point, …"""
REACHES_M = (150.0, 60.0)
"""… up to this far around where one is needed, then closer."""
_TURNS = np.arange(0.0, 2 * np.pi, np.pi / 8)
NUDGES_M = np.concatenate(
    [radius * np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1) for radius in (2, 4, 8, 16, 32, 64)]
)
"""By so much rally points are moved where adding more does not help."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def with_ways_home(mission: Mission, request: Request) -> Mission:
    """Return the mission with return heights and rally points such that ways home are clear, as far as can be.

    A sortie with rally points flies back to above its dock itself, so that the return at its end is to the dock.
    Whether all ways are clear is for the checks to say, which look at the mission again.
    """
    ways = HomeWays(mission, request)
    known: list[tuple[float, float]] = []
    sorties = []
    for planned in mission.sorties:
        lowest_m = _lowest_ground_m(ways, planned, ways.returns(planned))
        sortie, bad, needed_m = _low(planned, lowest_m, ways)
        if not bad.any():
            sorties.append(sortie)
            continue
        raised = _raised(sortie, needed_m, lowest_m, request)
        sorties.append(_ending_at_home(_rallied(raised, ways, known), ways))
    return replace(mission, sorties=tuple(sorties))


def _low(sortie: Sortie, lowest_ground_m: float, ways: HomeWays) -> tuple[Sortie, Flags, float]:
    """Return the sortie, its bad pieces and the height that they ask for, its return lowered to the ceiling.

    A dock on a hill would otherwise have returns too high above the ground below it. A return that is no clearer when
    it is lower stays as it was.
    """
    bad, needed_m = _bad(sortie, ways)
    least_m = LEAST_RETURN_M if ways.request.terrain is not None else sortie.return_height_m
    height_m = max(CEILING_M - (sortie.dock.ground_amsl_m - lowest_ground_m), least_m)
    if height_m >= sortie.return_height_m:
        return sortie, bad, needed_m
    lowered = replace(sortie, return_height_m=round(height_m, 2))
    bad_low, needed_low_m = _bad(lowered, ways)
    return (lowered, bad_low, needed_low_m) if bad_low.sum() <= bad.sum() else (sortie, bad, needed_m)


def _bad(sortie: Sortie, ways: HomeWays) -> tuple[Flags, float]:
    returns = ways.returns(sortie)
    return returns.bad(ways.sky(sortie, returns))


def _lowest_ground_m(ways: HomeWays, sortie: Sortie, returns: Returns) -> float:
    ground = ways.obstacles.ground_m(np.vstack([returns.pieces.middle, returns.targets]))
    if ways.request.terrain is None:
        return sortie.dock.ground_amsl_m
    known = ground[np.isfinite(ground)]
    return float(known.min()) if len(known) else sortie.dock.ground_amsl_m


def _raised(sortie: Sortie, needed_m: float, lowest_ground_m: float, request: Request) -> Sortie:
    """Return the sortie with the return height that obstacles ask for, where that is low enough."""
    height = math.ceil(needed_m - sortie.dock.ground_amsl_m) if math.isfinite(needed_m) else 0
    extra = height - max(sortie.return_height_m, sortie.waypoints[-1].height_m)
    if height <= sortie.return_height_m or sortie.dock.ground_amsl_m + height - lowest_ground_m > CEILING_M:
        return sortie
    craft = request.aircraft
    up_s, down_s = max(extra, 0.0) / craft.climb_m_s, max(extra, 0.0) / craft.descent_m_s
    energy_wh = (up_s * craft.climb_w + down_s * craft.hover_w) / 3600.0
    return replace(
        sortie,
        return_height_m=float(height),
        planned_time_s=round(sortie.planned_time_s + up_s + down_s, 1),
        planned_energy_wh=round(sortie.planned_energy_wh + energy_wh, 2),
    )


def _rallied(sortie: Sortie, ways: HomeWays, known: list[tuple[float, float]]) -> Sortie:
    """Return the sortie with as few rally points as a greedy search finds; those of earlier sorties come first.

    Sites near which the law asks for care, schools and waterworks, are landed on only where no other place helps.
    """
    returns = ways.returns(sortie)
    for keep_clear in (ways.keep_clear(sortie).union(ways.advisory), ways.keep_clear(sortie)):
        search = _Search(returns, ways.sky(sortie, returns), keep_clear)
        targets, bad = _searched(_Places(search, ways, known))
        if not bad.any() or ways.advisory.is_empty:
            break
    rally = targets[1:]
    known += [tuple(place) for place in rally.tolist() if tuple(place) not in known]
    return replace(
        sortie,
        rally=tuple(
            RallyPoint(round(float(lon), 7), round(float(lat), 7), sortie.return_height_m)
            for lon, lat in ways.frame.to_lonlat(rally)
        ),
    )


def _searched(places: "_Places") -> tuple[Array, Flags]:
    """Return home with rally points added and moved as long as that helps, and what stays bad."""
    targets = places.search.returns.targets[:1]
    bad = places.search.bad(targets)
    while bad.any():
        found = _added(places, targets, bad) or _moved(places, targets, bad)
        if found is None:
            break
        targets, bad = found
    return targets, bad


def _added(places: "_Places", targets: Array, bad: Flags) -> tuple[Array, Flags] | None:
    """Return the targets with one more rally point, and what stays bad then; None where none helps."""
    if len(targets) > MOST_RALLY_POINTS:
        return None
    for reach_m in REACHES_M:
        found = _best(places.search, targets, bad, places.near(bad, reach_m))
        if found is not None:
            return found
    return None


def _moved(places: "_Places", targets: Array, bad: Flags) -> tuple[Array, Flags] | None:
    """Return the targets with one rally point moved a little, and what stays bad then; None where none helps."""
    for which in range(1, len(targets)):
        others = np.delete(targets, which, axis=0)
        left = places.search.bad(others)
        around = places.landable(targets[which] + NUDGES_M)
        found = _best(places.search, others, left, around)
        if found is not None and found[1].sum() < bad.sum():
            return found
    return None


@dataclass
class _Search:
    """Which pieces have a clear way to which place, looked up once."""

    returns: Returns
    sky: Sky
    keep_clear: BaseGeometry

    def __post_init__(self) -> None:
        self._clear: dict[bytes, Flags] = {}
        """By target, (2, n): which pieces were looked at, and which of them have a clear way."""

    def bad(self, targets: Array) -> Flags:
        """Return (n,) pieces from which the autopilot may choose a target whose way is not clear."""
        chosen = self.returns.may_choose(targets)
        bad = np.zeros(chosen.shape[1], dtype=bool)
        for ways, which in zip(self._clear_ways(targets, chosen), chosen, strict=True):
            bad[which] |= ~ways[which]
        return bad

    def mended(self, candidates: Array, bad: Flags) -> NDArray[np.intp]:
        """Return (k,) how many bad pieces have a clear way to each of (k, 2) candidates that is near enough."""
        away = np.hypot(*(candidates[:, None] - self.returns.pieces.middle[None, bad]).transpose(2, 0, 1))
        near = np.zeros((len(candidates), len(bad)), dtype=bool)
        near[:, bad] = away <= self.returns.limit_m
        return np.asarray((self._clear_ways(candidates, near) & near).sum(axis=1))

    def _clear_ways(self, targets: Array, which: Flags) -> Flags:
        """Return (k, n) whether the way from pieces to (k, 2) targets is clear, for those of (k, n) asked for."""
        keys = [target.tobytes() for target in targets]
        nothing = np.zeros((2, which.shape[1]), dtype=bool)
        known = np.array([self._clear.get(key, nothing) for key in keys], dtype=bool).reshape(
            len(keys), 2, which.shape[1]
        )
        looked, clear = known[:, 0], known[:, 1]
        target, piece = np.nonzero(which & ~looked)
        if len(target):
            regions = self.returns.regions(targets[target], piece)
            high = self.sky.skyline.floor_m(regions) <= self.returns.heights_m(targets[target], piece)
            clear[target, piece] = high & self.sky.free(regions)
            looked |= which
            self._clear.update(zip(keys, known, strict=True))
        return np.asarray(clear)


def _best(search: _Search, targets: Array, bad: Flags, candidates: Array) -> tuple[Array, Flags] | None:
    """Return the targets with the candidate that leaves the fewest bad pieces, the first of equals, and those pieces.

    None where no candidate leaves fewer than there are. Candidates are looked at in the order of how many bad pieces
    they could mend at most, until no other can be better.
    """
    most = search.mended(candidates, bad)
    total, best = int(bad.sum()), None
    fewest = total
    for which in np.argsort(-most, kind="stable"):
        if total - most[which] >= fewest:
            break
        more = np.vstack([targets, candidates[which]])
        left = search.bad(more)
        if left.sum() < fewest:
            best, fewest = (more, left), int(left.sum())
    return best


@dataclass(frozen=True)
class _Places:
    """Where to look for rally points: those of earlier sorties, and a grid."""

    search: _Search
    ways: HomeWays
    known: list[tuple[float, float]]

    def near(self, bad: Flags, reach_m: float) -> Array:
        """Return (n, 2) places to land on near bad pieces: known ones first, then those furthest from obstacles."""
        west, south, east, north = shapely.total_bounds(shapely.multipoints(self.search.returns.pieces.middle[bad]))
        width, height = east - west + 2 * reach_m, north - south + 2 * reach_m
        step = max(10.0, math.sqrt(width * height / TRIES))
        x, y = np.arange(west - reach_m, east + reach_m, step), np.arange(south - reach_m, north + reach_m, step)
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        known = np.array(self.known).reshape(-1, 2)
        return self.landable(np.vstack([known, grid]), first=len(known))

    def landable(self, places: Array, first: int = 0) -> Array:
        """Return those of (n, 2) places that may be landed on: the first ones first, then the roomiest."""
        points = np.asarray(shapely.points(places))
        room = np.nan_to_num(shapely.distance(points, self.search.keep_clear), nan=np.inf)
        usable = (room > LANDING_MARGIN_M) & shapely.covers(self.ways.landing_fence, points)
        order = np.lexsort((-np.minimum(np.round(room, -1), 60.0), np.arange(len(places)) >= first))
        return np.asarray(places[order[usable[order]]])


def _ending_at_home(sortie: Sortie, ways: HomeWays) -> Sortie:
    """Return the sortie with its own way back to the dock, where the return at its end might be to a rally point."""
    last, dock = sortie.waypoints[-1], sortie.dock
    returns = ways.returns(sortie)
    if not sortie.rally or (last.lon_deg, last.lat_deg) == (dock.lon_deg, dock.lat_deg):
        return sortie
    at_last = ways.frame.to_metres([last.lon_deg, last.lat_deg])
    away = np.hypot(*(returns.targets - at_last).T)
    if away[1:].min() > away[0] + 20.0:
        return sortie
    height = max(last.height_m, sortie.return_height_m)
    up = [Waypoint(last.lon_deg, last.lat_deg, height)] if height > last.height_m else []
    home = Waypoint(dock.lon_deg, dock.lat_deg, height)
    return replace(sortie, waypoints=(*sortie.waypoints, *up, home))
