"""Coming home in an emergency: straight, at the return height, to home or to a rally point, from anywhere on the way.

An autopilot chooses by distance alone (ArduPilot, AP_Rally: the nearest rally point within RALLY_LIMIT_KM, home where
that is nearer; PX4, RTL_TYPE 0: the nearest of both). The flight line is cut into short pieces; from every place of a
piece to every target that the autopilot may choose there, the straight lines are a triangle, which has to be clear of
no-fly zones and of what stands up, and inside the fence.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.patrol import Zone, ZoneKind
from dronepatrol.plan.fence import fence
from dronepatrol.plan.items import line_lonlat
from dronepatrol.plan.obstacles import Obstacles, Skyline
from dronepatrol.plan.request import Request
from dronepatrol.plan.validity import in_force, window
from dronepatrol.plan.zones import closes

RALLY_LIMIT_M = {"ardupilot": 300.0}
"""ArduCopter's default of RALLY_LIMIT_KM: rally points further away are not chosen. PX4 has no such limit."""
CONE_SLOPE = {"ardupilot": 3.0}
"""ArduCopter's default of RTL_CONE_SLOPE: close to the target the return is no higher than slope times distance."""
PX4_CONE_SLOPE = 1.0
PIECE_M = 10.0
TIE_M = 5.0
"""Where two targets are about as near, both may be chosen: by this much, a default of ours for errors of position."""
BESIDE_M = 5.0
"""How far beside its line a return may be: a default of ours."""
FENCE_SLACK_M = 80.0
"""ArduCopter lands where it is when a return is 100 m outside the fence."""
GROUND_SAMPLES = 24
"""The ground below a zone with a height limit is looked at on a grid of so many places each way."""
LANDING_MARGIN_M = 20.0
"""Rally points keep this far from no-fly zones, buildings and the fence."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Which = NDArray[np.bool_] | NDArray[np.intp]
"""Pieces by flag or by number."""


@dataclass(frozen=True)
class Pieces:
    """Short pieces of a flight line in metres, with the lowest height above mean sea level on each."""

    start: Array
    end: Array
    lowest_m: Array

    @cached_property
    def middle(self) -> Array:
        """(n, 2) their middles."""
        return np.asarray((self.start + self.end) / 2)

    @classmethod
    def of(cls, points: Array, heights_m: Array) -> "Pieces":
        """Cut the legs between (n, 2) points at (n,) heights."""
        lengths = np.hypot(*np.diff(points, axis=0).T)
        counts = np.maximum(np.ceil(lengths / PIECE_M), 1).astype(int)
        leg = np.repeat(np.arange(len(counts)), counts)
        share = np.concatenate([np.arange(count) / count for count in counts])[:, None]
        step = (1.0 / counts[leg])[:, None]
        way, rise = np.diff(points, axis=0)[leg], np.diff(heights_m)[leg][:, None]
        low = heights_m[leg][:, None] + np.minimum(share * rise, (share + step) * rise)
        return cls(points[leg] + share * way, points[leg] + (share + step) * way, low[:, 0])


@dataclass(frozen=True)
class Sky:
    """What a return has to keep clear of, in metres."""

    nofly: BaseGeometry
    inside: BaseGeometry
    skyline: Skyline

    def __post_init__(self) -> None:
        shapely.prepare([self.nofly, self.inside])

    def free(self, regions: NDArray[np.object_]) -> Flags:
        """Return (n,) whether regions are clear of no-fly zones and inside the fence."""
        return np.asarray(~shapely.intersects(self.nofly, regions) & shapely.covers(self.inside, regions))


@dataclass(frozen=True)
class Returns:
    """The ways home of one sortie. ``targets`` is (1 + k, 2): home, then the rally points."""

    pieces: Pieces
    targets: Array
    limit_m: float
    ground_m: float
    return_m: float
    """Return height above mean sea level."""
    cone_slope: float

    def may_choose(self, targets: Array | None = None) -> Flags:
        """Return (1 + k, n) whether the autopilot may choose each target somewhere on each piece."""
        targets = self.targets if targets is None else targets
        away = _distances_m(targets, self.pieces.middle)
        if len(targets) == 1:
            return np.ones_like(away, dtype=bool)
        lengths = np.hypot(*(self.pieces.end - self.pieces.start).T)
        slack = lengths + TIE_M
        home, rally = away[0], away[1:]
        nearest = rally.min(axis=0)
        at_ends = [_distances_m(targets[1:], ends) for ends in (self.pieces.start, self.pieces.end)]
        furthest = np.maximum(*at_ends).min(axis=0)  # distance is convex: the largest on a piece is at an end
        within = rally - lengths / 2 <= self.limit_m + TIE_M
        near_rally = (rally <= nearest + slack) & within & (rally <= home + slack)
        near_home = (home <= nearest + slack) | (furthest >= self.limit_m - TIE_M)
        return np.vstack([near_home[None], near_rally])

    def regions(self, target: Array, which: Which) -> NDArray[np.object_]:
        """Return what the straight ways from some pieces to a target, or to one target each, sweep."""
        start, end = self.pieces.start[which], self.pieces.end[which]
        corners = np.stack([start, end, np.broadcast_to(target, start.shape)], axis=1)
        one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        flat = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) < 1e-3
        found = np.empty(len(corners), dtype=object)
        if flat.any():
            found[flat] = shapely.linestrings(corners[flat][:, [0, 1, 2]])
        if not flat.all():
            found[~flat] = shapely.polygons(corners[~flat])
        return found

    def heights_m(self, target: Array, which: Which) -> Array:
        """Return the least height above mean sea level at which some pieces are left for a target, or one each."""
        away = np.hypot(*(self.pieces.middle[which] - target).T) - PIECE_M
        cone = self.ground_m + self.cone_slope * np.maximum(away, 0.0)
        return np.asarray(np.maximum(self.pieces.lowest_m[which], np.minimum(self.return_m, cone)))

    def bad(self, sky: Sky) -> tuple[Flags, float]:
        """Return (n,) pieces from which a way home is not clear, and the return height that obstacles ask for."""
        bad = np.zeros(len(self.pieces.start), dtype=bool)
        needed = -np.inf
        for target, chosen in zip(self.targets, self.may_choose(), strict=True):
            regions = self.regions(target, chosen)
            floors = sky.skyline.floor_m(regions)
            low = floors > self.heights_m(target, chosen)
            bad[chosen] |= low | ~sky.free(regions)
            needed = max(needed, float(floors[low].max(initial=-np.inf)))
        return bad, needed


def _distances_m(targets: Array, places: Array) -> Array:
    """Return (k, n) distances of (n, 2) places from (k, 2) targets."""
    return np.asarray(np.hypot(*(targets[:, None] - places[None]).transpose(2, 0, 1)))


class HomeWays:
    """The ways home of a mission's sorties, in one frame."""

    def __init__(self, mission: Mission, request: Request) -> None:
        self.mission, self.request = mission, request
        docks = {(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in mission.sorties}
        areas = [area.geometry for area in request.areas]
        self.frame = LocalFrame.around(shapely.union_all([*areas, *map(Point, docks)]))
        docks_m = [Point(self.frame.to_metres(dock)) for dock in sorted(docks)]
        area = shapely.union_all([self.frame.geometry_to_metres(area) for area in areas])
        lines = MultiLineString([self.frame.to_metres(line_lonlat(sortie)) for sortie in mission.sorties])
        self.fence = fence(area, docks_m, lines)
        self._inside = self.fence.buffer(FENCE_SLACK_M, quad_segs=4)
        shapely.prepare(self._inside)
        self.obstacles = Obstacles.of(request, self.frame, mission.sorties[0].dock.ground_amsl_m)
        self._nofly: dict[tuple[int, ...], BaseGeometry] = {}
        self._lowest: dict[str, float] = {}

    def returns(self, sortie: Sortie) -> Returns:
        """Return the ways home of a sortie."""
        home = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        dock_m, waypoints = sortie.dock.ground_amsl_m, sortie.waypoints
        points = self.frame.to_metres([home, *((w.lon_deg, w.lat_deg) for w in waypoints), home])
        back_m = max(sortie.return_height_m, waypoints[-1].height_m)
        heights = np.array([waypoints[0].height_m, *(w.height_m for w in waypoints), back_m]) + dock_m
        targets = self.frame.to_metres([home, *((rally.lon_deg, rally.lat_deg) for rally in sortie.rally)])
        autopilot = self.mission.autopilot
        return Returns(
            Pieces.of(points, heights),
            targets,
            RALLY_LIMIT_M.get(autopilot, np.inf),
            dock_m,
            dock_m + sortie.return_height_m,
            CONE_SLOPE.get(autopilot, PX4_CONE_SLOPE),
        )

    def sky(self, sortie: Sortie, returns: Returns) -> Sky:
        """Return what a sortie's ways home have to keep clear of: zones of any time at which it may fly."""
        bounds = MultiPoint(np.vstack([returns.pieces.middle, returns.targets])).bounds
        lowest = float(min(returns.pieces.lowest_m.min(), returns.return_m))
        return Sky(self.nofly(sortie), self._inside, self.obstacles.near(bounds, above_m=lowest))

    def nofly(self, sortie: Sortie) -> BaseGeometry:
        """Return what a sortie's ways home must not cross, in metres, with the lateral error around it.

        No-fly zones in force while it flies, those whose height limit its return is above, and all that its fence
        excludes.
        """
        times, spec = window(sortie, self.request.spec), self.request.spec
        closed = tuple(
            number
            for number, zone in enumerate(self.request.zones)
            if in_force(zone, *times) and closes(zone, spec, self._above_ground_m(zone, sortie))
        )
        if closed not in self._nofly:
            shapes = [self.frame.geometry_to_metres(self.request.zones[number].geometry) for number in closed]
            fenced = [Polygon(rings[0], rings[1:]) for rings in self.mission.nofly]
            shapes += [self.frame.geometry_to_metres(polygon) for polygon in fenced]
            self._nofly[closed] = shapely.union_all(shapes).buffer(BESIDE_M)
            shapely.prepare(self._nofly[closed])
        return self._nofly[closed]

    def _above_ground_m(self, zone: Zone, sortie: Sortie) -> float:
        """Return how high above a zone's lowest known ground a return may be: autopilots climb to the return height."""
        highest = max(sortie.return_height_m, *(waypoint.height_m for waypoint in sortie.waypoints))
        return sortie.dock.ground_amsl_m + highest - self._lowest_m(zone, sortie)

    def _lowest_m(self, zone: Zone, sortie: Sortie) -> float:
        flat_m = sortie.dock.ground_amsl_m
        if self.request.terrain is None or zone.max_height_m is None:
            return flat_m
        if zone.id not in self._lowest:
            west, south, east, north = self.frame.geometry_to_metres(zone.geometry).bounds
            x, y = np.linspace(west, east, GROUND_SAMPLES), np.linspace(south, north, GROUND_SAMPLES)
            ground = self.obstacles.ground_m(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
            self._lowest[zone.id] = float(np.min(ground[np.isfinite(ground)], initial=np.inf))
        return self._lowest[zone.id] if np.isfinite(self._lowest[zone.id]) else flat_m

    def keep_clear(self, sortie: Sortie) -> BaseGeometry:
        """Return what nobody may land on, as far as is known: no-fly zones and buildings, in metres."""
        return shapely.union_all([self.nofly(sortie), self._buildings])

    @cached_property
    def advisory(self) -> BaseGeometry:
        """Sites near which the law asks for care, in metres."""
        sites = [zone.geometry for zone in self.request.zones if zone.kind is ZoneKind.ADVISORY]
        return shapely.union_all([self.frame.geometry_to_metres(site) for site in sites])

    @cached_property
    def _buildings(self) -> BaseGeometry:
        return shapely.union_all(self.obstacles.shapes)

    @cached_property
    def landing_fence(self) -> BaseGeometry:
        """What of the fence autopilots take rally points in, with a margin, in metres."""
        return self.fence.buffer(-LANDING_MARGIN_M)
