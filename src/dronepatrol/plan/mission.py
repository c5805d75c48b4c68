"""The planner's front door: a patrol spec and its areas in, a checked mission out."""

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.model.mission import Finding, Mission, Ring, Rings, Sortie, Waypoint
from dronepatrol.model.patrol import Pattern
from dronepatrol.model.progress import Progress, Report, silent
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.checks import check
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.energy import EnergyModel, pace_in_wind, wind_m_s
from dronepatrol.plan.fleet.assign import Assigned, Flight, assigned
from dronepatrol.plan.fleet.levels import levels
from dronepatrol.plan.fleet.sorties import Base
from dronepatrol.plan.fleet.timetable import with_timetable
from dronepatrol.plan.fleet.tour import UNREACHABLE_S, Tour
from dronepatrol.plan.footprints import on_legs
from dronepatrol.plan.heights import with_heights
from dronepatrol.plan.home.ways import with_ways_home
from dronepatrol.plan.patterns import beyond_m, lay
from dronepatrol.plan.photogrammetry import PhotoPlan, photo_plan
from dronepatrol.plan.possible import check_open, check_places
from dronepatrol.plan.reach import Reach
from dronepatrol.plan.request import Request
from dronepatrol.plan.site import Site, closing_zones, site_of
from dronepatrol.plan.stretch import Group, Stretch
from dronepatrol.plan.validity import in_its_time
from dronepatrol.plan.zones import with_closed_zones

SECTOR_LANES = 45
"""Larger areas than a square of so many lanes are covered in sectors, each near one dock."""
REPLANS = 4
"""So often sorties are made shorter when climbs over the ground turn out to need more than the battery has."""
_IN_SECTORS = (Pattern.COVERAGE, Pattern.CROSSHATCH)
SAME_PLACE_M = 0.1
CUTS_PER_SORTIE = 40
"""About so many places inside long stretches are looked at for every sortie's length."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Plan:
    """What stands between the spec and its mission."""

    request: Request
    site: Site
    photos: PhotoPlan
    model: EnergyModel
    airspace: Airspace

    @property
    def cut_m(self) -> float:
        """How far apart cuts inside stretches are looked at."""
        model = self.model
        flown_s = self.request.aircraft.usable_wh * 3600.0 / self.request.aircraft.cruise_w
        return max(self.photos.photo_step_m, flown_s * model.pace.speed_m_s / CUTS_PER_SORTIE)


def plan_mission(request: Request, report: Report = silent) -> Mission:
    """Plan a patrol of all its areas, split into sorties from its docks that the battery allows.

    The mission comes with the findings of its checks; the same request gives the same mission. What cannot be flown is
    named in a finding, and the rest is planned.

    Raises
    ------
    PlanError
        When nothing can be planned: all areas are no-fly, the docks lie in no-fly zones, the battery does not reach
        any area, or the camera cannot follow.
    """
    check_places(request)
    return in_its_time(request, lambda asked: _planned_around(asked, report))


def _planned_around(request: Request, report: Report) -> Mission:
    """Return the checked mission around the zones in force until the request's ``over_by``."""
    plan = _plan(request)
    groups = lay(plan.request, plan.site, plan.photos, report)
    if not any(group.stretches for group in groups):
        raise _nothing(groups)
    report(Progress("plan", 0, 0, "sorties"))
    flown, mission = _planned(plan, groups)
    findings = [
        *plan.site.findings,
        *(finding for group in groups for finding in group.findings),
        *_left_out(plan, flown),
        *mission.findings,
    ]
    report(Progress("plan", 0, 0, f"timetable and ways home of {len(mission.sorties)} sorties"))
    mission = _timed(mission, request)
    report(Progress("plan", 0, 0, f"checks of {len(mission.sorties)} sorties"))
    return replace(mission, findings=(*findings, *check(mission, request, plan.photos)))


def _timed(mission: Mission, request: Request) -> Mission:
    """Return the mission with its timetable and ways home, which depend on each other: zones close by the clock."""
    fleet, craft = request.spec.fleet, request.aircraft
    timed = with_timetable(mission, fleet, craft, lambda sortie: levels(sortie, request))
    home = with_ways_home(timed, request)
    return home if home == timed else with_timetable(home, fleet, craft)


def _planned(plan: _Plan, groups: list[Group]) -> tuple[Assigned, Mission]:
    """Return the sorties at their heights; where climbs over the ground need more than a battery has, more of them."""
    usable_wh = most_wh = plan.request.aircraft.usable_wh
    for _ in range(REPLANS):
        flown = _flown(plan, groups, usable_wh)
        if not flown.flights:
            reasons = _reach(plan).reasons(flown.left_out)
            why = "; ".join(dict.fromkeys(one.why.en for one in reasons))
            msg = f"nothing of the patrol can be flown: {why}"
            raise PlanError(msg, hint=reasons[0].what_to_do.en)
        mission = with_heights(_mission(plan, flown.flights), plan.request)
        worst_wh = max(sortie.planned_energy_wh for sortie in mission.sorties)
        if worst_wh <= most_wh:
            break
        usable_wh *= 0.99 * most_wh / worst_wh
    return flown, mission


def _plan(request: Request) -> _Plan:
    spec, aircraft = request.spec, request.aircraft
    photos = photo_plan(spec, request.camera, aircraft)
    asked, request = request, with_closed_zones(request, photos)
    check_open(asked, request, photos)
    pace = pace_in_wind(aircraft, spec, photos.speed_m_s)
    sector_m2 = (SECTOR_LANES * photos.lane_spacing_m) ** 2 if spec.pattern in _IN_SECTORS else math.inf
    site = site_of(request, beyond_m(request, photos), sector_m2)
    model = EnergyModel(aircraft, pace, photos.height_m, wind_m_s(spec))
    return _Plan(request, site, photos, model, Airspace(site.free, pace))


def _nothing(groups: list[Group]) -> PlanError:
    """Return why the pattern has no stretch at all."""
    reasons = [finding for group in groups for finding in group.findings]
    hints = dict.fromkeys(finding.what_to_do for finding in reasons if finding.what_to_do)
    why = "; ".join(dict.fromkeys(finding.message for finding in reasons[:3])) or "there is nothing to fly"
    return PlanError(why, hint="; ".join(list(hints)[:2]) or "draw the area outside the no-fly zones")


def _flown(plan: _Plan, groups: list[Group], usable_wh: float) -> Assigned:
    """Return the sorties that fly the groups' stretches."""
    request = plan.request
    stretches = [stretch for group in _in_order(plan, groups) for stretch in group]
    tour = Tour(stretches, plan.photos, plan.model, plan.airspace, plan.cut_m)
    bases = [Base(at, plan.airspace, plan.model) for at in plan.site.at]
    return assigned(tour, bases, usable_wh, request.spec.fleet, request.spec.seed)


def _in_order(plan: _Plan, groups: list[Group]) -> list[list[Stretch]]:
    """Return the groups one after the other, on a short way past all of them, backwards where that is shorter."""
    lists = [list(group.stretches) for group in groups if group.stretches]
    if len(lists) < 2:
        return lists
    ends = np.array([[stretches[0].points[0], stretches[-1].points[-1]] for stretches in lists]).reshape(-1, 2)
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # lane 0 is nowhere: the way is open
    times[2:, 2:] = np.minimum(plan.airspace.times_s(ends), UNREACHABLE_S)
    entries, _ = order(times, 100, plan.request.spec.seed)
    chosen = [(lists[e // 2 - 1], e % 2 == 0) for e in entries[1:]]
    return [
        stretches if forward or not all(one.reversible for one in stretches) else _backwards(stretches)
        for stretches, forward in chosen
    ]


def _backwards(stretches: list[Stretch]) -> list[Stretch]:
    return [stretch.backwards() for stretch in reversed(stretches)]


def _reach(plan: _Plan) -> Reach:
    return Reach(plan.request, plan.site, [Base(at, plan.airspace, plan.model) for at in plan.site.at])


def _left_out(plan: _Plan, flown: Assigned) -> list[Finding]:
    """Return findings for what is not reached from any dock."""
    flown_m = sum(stretch.length_m for flight in flown.flights for stretch in flight.stretches)
    return list(_reach(plan).findings(flown.left_out, flown_m)) if flown.left_out else []


def _mission(plan: _Plan, flights: list[Flight]) -> Mission:
    request, photos = plan.request, plan.photos
    zones = closing_zones(request)
    return Mission(
        patrol_id=request.spec.id,
        seed=request.spec.seed,
        camera_id=request.camera.id,
        aircraft_id=request.aircraft.id,
        autopilot=request.aircraft.autopilot,
        height_m=photos.height_m,
        gsd_m=photos.gsd_m,
        lane_spacing_m=photos.lane_spacing_m,
        photo_step_m=photos.photo_step_m,
        areas=tuple(rings for area in request.areas for rings in _rings(area.geometry)),
        nofly=tuple(rings for zone in zones for rings in _rings(zone.geometry)),
        sorties=tuple(_sortie(number, plan, flight) for number, flight in enumerate(flights, start=1)),
    )


def _sortie(number: int, plan: _Plan, flight: Flight) -> Sortie:
    photos, base = plan.photos, Base(plan.site.at[flight.dock], plan.airspace, plan.model)
    cost = base.cost(flight.stretches)
    waypoints = _waypoints(plan, base, flight.stretches)
    points = plan.site.frame.to_metres([(waypoint.lon_deg, waypoint.lat_deg) for waypoint in waypoints])
    return Sortie(
        id=f"sortie-{number:02d}",
        dock=plan.site.docks[flight.dock],
        waypoints=waypoints,
        speed_m_s=round(photos.speed_m_s, 2),
        return_height_m=round(photos.height_m, 2),
        planned_length_m=round(cost.length_m, 1),
        planned_time_s=round(cost.time_s, 1),
        planned_energy_wh=round(cost.energy_wh, 2),
        planned_photos=len(on_legs(points, waypoints)[0]),
    )


def _waypoints(plan: _Plan, base: Base, stretches: list[Stretch]) -> tuple[Waypoint, ...]:
    """Return the corners of the flight line, with what the camera does from each on."""
    points: list[Array] = []
    looks: list[Waypoint] = []
    transit = Waypoint(0.0, 0.0, round(plan.photos.height_m, 2))
    here = base.at
    for stretch in stretches:
        on_the_way = base.way(here, stretch.points[0])[1:-1]
        if looks and np.hypot(*(stretch.points[0] - here)) < SAME_PLACE_M and not looks[-1].photo_here:
            points.pop()  # this stretch begins where the last one ends
            looks.pop()
        points += [*on_the_way, *stretch.points]
        looks += [transit] * len(on_the_way) + _looks(stretch, plan.photos, transit)
        here = stretch.points[-1]
    home = base.way(here, base.at)[1:]
    if plan.request.terrain is None:
        home = home[:-1]  # the autopilot's own return is as good; over terrain the mission comes down with the ground
    lonlat = plan.site.frame.to_lonlat(np.vstack([*points, *home]))
    return tuple(
        replace(look, lon_deg=round(float(lon), 8), lat_deg=round(float(lat), 8))
        for (lon, lat), look in zip(lonlat, looks + [transit] * len(home), strict=True)
    )


def _looks(stretch: Stretch, photos: PhotoPlan, at: Waypoint) -> list[Waypoint]:
    """Return what the camera does from each point of a stretch on; positions are still to be filled in."""
    yaws = stretch.yaws_deg()
    if stretch.photo_step_m <= 0:
        pitch = stretch.gimbal_pitch_deg
        return [replace(at, gimbal_pitch_deg=pitch, yaw_deg=yaw, photo_here=True) for yaw in yaws]
    step = round(photos.lane_step_m(stretch.length_m, stretch.photo_step_m) - 0.005, 2)
    steps = [step] * (len(yaws) - 1) + [0.0]
    return [
        replace(at, photo_step_m=each, gimbal_pitch_deg=stretch.gimbal_pitch_deg, yaw_deg=yaw)
        for each, yaw in zip(steps, yaws, strict=True)
    ]


def _rings(geometry: Polygon | MultiPolygon) -> tuple[Rings, ...]:
    def ring(line: shapely.LinearRing) -> Ring:
        return tuple((float(x), float(y)) for x, y in np.asarray(line.coords)[:, :2])

    parts = shapely.get_parts(shapely.orient_polygons(geometry))
    return tuple((ring(part.exterior), *(ring(hole) for hole in part.interiors)) for part in parts)
