"""The planner's front door: a patrol spec and its areas in, a checked mission out."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Mission, Ring, Rings, Sortie, Waypoint
from dronepatrol.model.patrol import Area, PatrolSpec, Zone
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.checks import check
from dronepatrol.plan.coverage import Task, cover
from dronepatrol.plan.energy import EnergyModel
from dronepatrol.plan.fence import free_airspace
from dronepatrol.plan.photogrammetry import PhotoPlan, photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.plan.sorties import Lanes, Splitter
from dronepatrol.plan.timing import Pace

UNCOVERED_SHARE = 0.002
"""Lanes may miss the asked side overlap on this share of the area, in slim corners; photos overlap there anyway."""
MAX_AREA_M2 = 2e9
SAME_PLACE_M = 0.1

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Site:
    """The patrol's places in metres."""

    frame: LocalFrame
    target: Polygon | MultiPolygon
    free: Polygon | MultiPolygon
    dock: Array


def plan_mission(request: Request) -> Mission:
    """Plan a coverage patrol of an area with no-fly zones, split into sorties that the battery allows.

    The mission comes with the findings of its checks; the same request gives the same mission.

    Raises
    ------
    PlanError
        When nothing can be planned: all of the area is no-fly, the dock lies in a no-fly zone, the battery does not
        reach the area, or the camera cannot follow.
    """
    spec, zones, camera, aircraft = request.spec, request.zones, request.camera, request.aircraft
    area, dock = request.areas[0], spec.fleet.docks[0]
    photos = photo_plan(spec, camera, aircraft)
    site = _site(dock, area, zones)
    pace = Pace(photos.speed_m_s, aircraft.acceleration_m_s2)
    airspace = Airspace(site.free, pace)
    task = Task(site.target, site.free, photos.lane_spacing_m, photos.reach_m, pace, UNCOVERED_SHARE, spec.seed)
    lanes = list(cover(task).lanes)
    model = EnergyModel(aircraft, pace, photos.height_m, _wind(spec))
    splitter = Splitter(airspace, model, photos, site.dock)
    sorties = splitter.split(lanes, aircraft.usable_wh, spec.seed)
    mission = Mission(
        patrol_id=spec.id,
        seed=spec.seed,
        camera_id=camera.id,
        aircraft_id=aircraft.id,
        autopilot=aircraft.autopilot,
        height_m=photos.height_m,
        gsd_m=photos.gsd_m,
        lane_spacing_m=photos.lane_spacing_m,
        photo_step_m=photos.photo_step_m,
        areas=_rings(area.geometry),
        nofly=tuple(rings for zone in zones for rings in _rings(zone.geometry)),
        sorties=tuple(
            _sortie(number, spec, site, flown, photos, splitter) for number, flown in enumerate(sorties, start=1)
        ),
    )
    return replace(mission, findings=check(mission, area, zones, photos, aircraft, spec.wind_m_s))


def _site(dock: Dock, area: Area, zones: tuple[Zone, ...]) -> _Site:
    if not isinstance(area.geometry, Polygon):
        msg = f"the area {area.name} has {len(area.geometry.geoms)} separate parts; a patrol has one"
        raise PlanError(msg, hint="plan each part as a patrol of its own")
    dock_lonlat = Point(dock.lon_deg, dock.lat_deg)
    frame = LocalFrame.around(shapely.union_all([area.geometry, dock_lonlat]))
    region = frame.geometry_to_metres(area.geometry)
    if region.area > MAX_AREA_M2:
        msg = f"the area {area.name} has {region.area / 1e6:,.0f} km2; one patrol has at most {MAX_AREA_M2 / 1e6:,.0f}"
        raise PlanError(msg, hint="split the area into several patrols")
    nofly = shapely.union_all([frame.geometry_to_metres(zone.geometry) for zone in zones])
    at = frame.to_metres([dock.lon_deg, dock.lat_deg])
    target = _polygons(region.difference(nofly))
    if target.is_empty:
        msg = f"the area {area.name} lies wholly inside no-fly zones"
        raise PlanError(msg, hint="draw the area outside the no-fly zones")
    free = free_airspace(region, [Point(at)], nofly)
    if not free.covers(Point(at)):
        msg = f"the dock {dock.id} lies in a no-fly zone or within its margin"
        raise PlanError(msg, hint="move the dock in the patrol spec")
    return _Site(frame, target, free, at)


def _sortie(number: int, spec: PatrolSpec, site: _Site, lanes: Lanes, photos: PhotoPlan, splitter: Splitter) -> Sortie:
    cost = splitter.cost(lanes)
    points, steps, taken = _waypoints(lanes, photos, splitter, site.dock)
    lonlat = site.frame.to_lonlat(points)
    return Sortie(
        id=f"sortie-{number:02d}",
        dock=spec.fleet.docks[0],
        waypoints=tuple(
            Waypoint(round(float(lon), 8), round(float(lat), 8), round(photos.height_m, 2), step)
            for (lon, lat), step in zip(lonlat, steps, strict=True)
        ),
        speed_m_s=round(photos.speed_m_s, 2),
        return_height_m=round(photos.height_m, 2),
        planned_length_m=round(cost.length_m, 1),
        planned_time_s=round(cost.time_s, 1),
        planned_energy_wh=round(cost.energy_wh, 2),
        planned_photos=taken,
    )


def _waypoints(lanes: Lanes, photos: PhotoPlan, splitter: Splitter, dock: Array) -> tuple[Array, list[float], int]:
    """Return (n, 2) waypoints in metres, the photo step of the leg from each, and how many photos are due."""
    points: list[Array] = []
    steps: list[float] = []
    taken = 0
    here = dock
    for lane in lanes:
        length = float(np.hypot(*(lane[-1] - lane[0])))
        on_the_way = splitter.airspace.way(here, lane[0])[1:-1]
        if steps and np.hypot(*(lane[0] - here)) < SAME_PLACE_M:  # this lane begins where the last one ends
            points.pop()
            steps.pop()
        points += [*on_the_way, lane[0], lane[-1]]
        steps += [0.0] * len(on_the_way) + [round(photos.lane_step_m(length) - 0.005, 2), 0.0]
        taken += len(photos.photos(length))
        here = lane[-1]
    home = splitter.airspace.way(here, dock)[1:-1]
    return np.vstack([*points, *home]), steps + [0.0] * len(home), taken


def _wind(spec: PatrolSpec) -> tuple[float, float]:
    towards = np.radians(spec.wind_from_deg + 180.0)
    return float(spec.wind_m_s * np.sin(towards)), float(spec.wind_m_s * np.cos(towards))


def _polygons(geometry: shapely.Geometry) -> Polygon | MultiPolygon:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and part.area > 1.0]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _rings(geometry: Polygon | MultiPolygon) -> tuple[Rings, ...]:
    def ring(line: shapely.LinearRing) -> Ring:
        return tuple((float(x), float(y)) for x, y in np.asarray(line.coords)[:, :2])

    parts = shapely.get_parts(shapely.orient_polygons(geometry))
    return tuple((ring(part.exterior), *(ring(hole) for hole in part.interiors)) for part in parts)
