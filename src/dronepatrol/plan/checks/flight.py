"""The flight's own checks, whatever the law says: fence, obstacles, energy, link, wind, items, photos."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.mission import Command, Finding, Sortie
from dronepatrol.model.patrol import Pattern
from dronepatrol.plan.checks.aircraft import over_network
from dronepatrol.plan.checks.case import Case, Line
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.plan.obstacles import CLEARANCE_M

MAX_ITEMS = {"ardupilot": 700, "px4": 500}
"""Mission items that fit the usual boards: ArduPilot's storage holds about 718, PX4's 500."""
SEEN_SHARE = 0.999
_AREA_PATTERNS = (Pattern.COVERAGE, Pattern.CROSSHATCH, Pattern.OBLIQUE)
_NEAR_DOCK_M = 30.0
"""Beside the dock an aircraft climbs and lands: what stands there is the dock's own, and a person's to look at."""


def wind(case: Case) -> Iterator[Finding]:
    """Compare the forecast with what the aircraft flies in."""
    most, forecast = case.request.aircraft.max_wind_m_s, case.request.spec.wind_m_s
    if forecast > most:
        message = f"forecast wind is {forecast:.1f} m/s; {case.request.aircraft.name} flies in at most {most:.1f} m/s"
        yield Finding("wind", "blocker", message, "wait for less wind, or choose another aircraft")


def energy(case: Case) -> Iterator[Finding]:
    """Compare what sorties need with what a battery gives without its reserve."""
    usable = case.request.aircraft.usable_wh
    for sortie in case.mission.sorties:
        if sortie.planned_energy_wh > usable:
            message = f"{sortie.id} needs {sortie.planned_energy_wh:.1f} Wh; the battery gives {usable:.1f} Wh"
            yield Finding("energy", "blocker", message, "plan with an aircraft that has a larger battery")


def inside_fence(case: Case) -> Iterator[Finding]:
    """Compare the route with the fence as it is uploaded: inside what it includes, outside what it excludes."""
    allowed = _uploaded_fence(case)
    for sortie in case.mission.sorties:
        outside = case.lines[sortie.id].ground_line.difference(allowed)
        if outside.length > 0:
            message = f"{sortie.id} leaves the fence for {outside.length:.1f} m; the autopilot would stop it there"
            yield Finding("fence", "blocker", message, "plan again; if it stays, report it", case.place(outside))


def obstacles(case: Case) -> Iterator[Finding]:
    """Compare every piece of every leg with buildings and ground, with a clearance."""
    if not len(case.obstacles.shapes) and case.request.terrain is None:
        message = f"no buildings and no terrain model: nothing that stands below {_lowest(case):.0f} m was checked"
        yield Finding("obstacle", "info", message, "name buildings and a dem in [files], or know the place")
        return
    for sortie in case.mission.sorties:
        pieces, heights = _pieces(case.lines[sortie.id])
        if not len(pieces):
            continue
        skyline = case.obstacles.near(MultiLineString(list(pieces)).bounds, above_m=float(heights.min()))
        short = skyline.floor_m(pieces) - heights
        if short.max() > 0:
            at = pieces[int(np.argmax(short))]
            message = (
                f"{sortie.id} passes {CLEARANCE_M - short.max():.1f} m above what stands below;"
                f" at least {CLEARANCE_M:.0f} m (our default)"
            )
            yield Finding("obstacle", "blocker", message, "fly higher, or take the place out", case.place(at))


def link_range(case: Case) -> Iterator[Finding]:
    """Find places too far from the dock, where the link's ground end is taken to stand."""
    if over_network(case.operator("control_link")):
        message = "controlled over a network: its coverage along the route cannot be checked from a plan"
        yield Finding("link range", "info", message, "fly the route's edge once with somebody watching the link")
        return
    most = case.request.aircraft.link_range_m
    for sortie in case.mission.sorties:
        points = case.lines[sortie.id].points
        away = np.hypot(*(points - points[0]).T)
        if away.max() > most:
            message = f"{sortie.id} goes {away.max():.0f} m from the dock; the link is counted on up to {most:.0f} m"
            at = case.place(Point(points[int(np.argmax(away))]))
            yield Finding(
                "link range", "blocker", message, "put a dock nearer, or choose an aircraft with more range", at
            )


def items(case: Case) -> Iterator[Finding]:
    """Count a mission's items against what the usual boards hold."""
    most = MAX_ITEMS.get(case.mission.autopilot)
    for sortie in case.mission.sorties:
        count = len(sortie_items(sortie, case.mission.autopilot))
        if most is not None and count > most:
            message = f"{sortie.id} has {count} items; {case.mission.autopilot} boards hold about {most}"
            yield Finding("items", "warning", message, "check the board's storage, or plan smaller areas")


def photo_interval(case: Case) -> Iterator[Finding]:
    """Compare the shortest distance between photos with the camera's shortest interval."""
    camera = case.request.camera
    for sortie in case.mission.sorties:
        steps = [waypoint.photo_step_m for waypoint in sortie.waypoints if waypoint.photo_step_m > 0]
        if steps and min(steps) < sortie.speed_m_s * camera.min_interval_s * 0.99:
            interval = min(steps) / sortie.speed_m_s
            message = (
                f"{sortie.id} asks for a photo every {interval:.2f} s; {camera.name} takes {camera.min_interval_s} s"
            )
            yield Finding("photo interval", "blocker", message, "ask for less front overlap, or fly slower")


def timetable(case: Case) -> Iterator[Finding]:
    """Find drones that would fly two sorties at a time."""
    by_drone: dict[str, list[Sortie]] = {}
    for sortie in sorted(case.mission.sorties, key=lambda sortie: sortie.start_s):
        by_drone.setdefault(sortie.drone, []).append(sortie)
    for drone, sorties in by_drone.items():
        for one, other in pairwise(sorties):
            if drone and other.start_s < one.start_s + one.planned_time_s:
                message = f"{drone} has to start {other.id} before it is back from {one.id}"
                yield Finding("timetable", "blocker", message, "plan again; if it stays, report it")


def seen(case: Case) -> Iterator[Finding]:
    """Find what of the areas outside no-fly zones the photos do not show."""
    if case.request.spec.pattern not in _AREA_PATTERNS:
        return
    kept_out = [Polygon(rings[0], rings[1:]) for rings in case.mission.nofly]
    target = case.area.difference(case.frame.geometry_to_metres(shapely.union_all(kept_out)))
    photos = [photo for shown in case.footprints.values() for photo in shown]
    if not photos or target.is_empty:
        return
    missed = target.difference(shapely.union_all(photos, grid_size=1e-4))
    share = 1.0 - missed.area / target.area
    if share < SEEN_SHARE:
        largest = max((part for part in shapely.get_parts(missed) if isinstance(part, Polygon)), key=lambda p: p.area)
        message = f"photos show {share:.2%} of the area; {missed.area:,.0f} m2 are in none"
        yield Finding("seen", "warning", message, "ask for more overlap, or move the no-fly zones", case.place(largest))
    else:
        yield Finding("seen", "info", f"photos show {share:.2%} of the area outside no-fly zones")


def _uploaded_fence(case: Case) -> BaseGeometry:
    """Return where the uploaded fence lets the aircraft fly, in metres."""
    vertices = list(fence_items(case.mission))
    included: list[Polygon] = []
    excluded: list[Polygon] = []
    while vertices:
        count = int(vertices[0].params[0])
        ring = Polygon(case.frame.to_metres([(vertex.lon_deg, vertex.lat_deg) for vertex in vertices[:count]]))
        is_inclusion = vertices[0].command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION
        (included if is_inclusion else excluded).append(ring)
        vertices = vertices[count:]
    return shapely.union_all(included).difference(shapely.union_all(excluded))


def _lowest(case: Case) -> float:
    return min(waypoint.height_m for sortie in case.mission.sorties for waypoint in sortie.waypoints)


def _pieces(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Return short pieces of the legs away from the dock, and the least height above mean sea level of each."""
    points, heights = line.samples
    away = np.hypot(*(points - points[0]).T) > _NEAR_DOCK_M
    keep = away[1:] & away[:-1]
    pieces = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[keep])
    return np.asarray(pieces), np.minimum(heights[:-1], heights[1:])[keep]
