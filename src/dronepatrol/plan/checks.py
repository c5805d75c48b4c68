"""Checks of a finished plan, made from the mission itself and not from what the planner believes about it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Finding, LonLat, Mission, Sortie
from dronepatrol.model.patrol import Area, Zone
from dronepatrol.plan.fence import fence
from dronepatrol.plan.footprints import photo_footprints
from dronepatrol.plan.items import sortie_items
from dronepatrol.plan.photogrammetry import PhotoPlan

MAX_HEIGHT_M = 120.0
"""Ceiling of suitable airspace for light and small drones (Interim Regulations on UAV Flight, article 19)."""
MAX_ITEMS = {"ardupilot": 700, "px4": 500}
"""Mission items that fit the usual boards: ArduPilot's storage holds about 718, PX4's 500."""
SEEN_SHARE = 0.999
RETURN_SAMPLE_M = 10.0


@dataclass(frozen=True)
class _Case:
    """The mission in metres, and what it was planned for."""

    mission: Mission
    frame: LocalFrame
    area: BaseGeometry
    nofly: BaseGeometry
    photos: PhotoPlan
    aircraft: AircraftProfile
    wind_m_s: float

    def line(self, sortie: Sortie) -> NDArray[np.float64]:
        """Return (n, 2) metres: dock, waypoints, and straight back, as the autopilot returns."""
        dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        return self.frame.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), dock])

    def lonlat(self, point: BaseGeometry) -> LonLat:
        """Return where a point in metres is."""
        lon, lat = self.frame.to_lonlat([point.centroid.x, point.centroid.y])
        return round(float(lon), 7), round(float(lat), 7)


def check(
    mission: Mission,
    area: Area,
    zones: tuple[Zone, ...],
    photos: PhotoPlan,
    aircraft: AircraftProfile,
    wind_m_s: float,
) -> tuple[Finding, ...]:
    """Return what the flight's own checks find; blockers first.

    Parameters
    ----------
    mission
        As planned.
    area, zones
        What it was planned for, WGS-84.
    photos
        Height, step and footprint of its photos.
    aircraft
        Its profile.
    wind_m_s
        Forecast wind.
    """
    frame = LocalFrame.around(area.geometry)
    nofly = shapely.union_all([frame.geometry_to_metres(zone.geometry) for zone in zones])
    case = _Case(mission, frame, frame.geometry_to_metres(area.geometry), nofly, photos, aircraft, wind_m_s)
    checks = (_height, _wind, _energy, _trespass, _inside_fence, _way_home, _items, _seen)
    found = [finding for one in checks for finding in one(case)]
    severities = ("blocker", "warning", "info")
    return tuple(sorted(found, key=lambda finding: severities.index(finding.severity)))


def _height(case: _Case) -> Iterator[Finding]:
    highest = max(w.height_m for sortie in case.mission.sorties for w in sortie.waypoints)
    if highest >= MAX_HEIGHT_M:
        yield Finding(
            "height",
            "blocker",
            f"flies at {highest:.1f} m above the dock; below {MAX_HEIGHT_M:.0f} m is free of approval",
            "ask for a smaller gsd_cm, or hold an approval for the height",
        )


def _wind(case: _Case) -> Iterator[Finding]:
    most = case.aircraft.max_wind_m_s
    if case.wind_m_s > most:
        message = f"forecast wind is {case.wind_m_s:.1f} m/s; {case.aircraft.name} flies in at most {most:.1f} m/s"
        yield Finding("wind", "blocker", message, "wait for less wind, or choose another aircraft")


def _energy(case: _Case) -> Iterator[Finding]:
    usable = case.aircraft.usable_wh
    for sortie in case.mission.sorties:
        if sortie.planned_energy_wh > usable:
            message = f"{sortie.id} needs {sortie.planned_energy_wh:.1f} Wh; the battery gives {usable:.1f} Wh"
            yield Finding("energy", "blocker", message, "plan with an aircraft that has a larger battery")


def _trespass(case: _Case) -> Iterator[Finding]:
    for sortie in case.mission.sorties:
        inside = LineString(case.line(sortie)).intersection(case.nofly)
        if inside.length > 0:
            message = f"{sortie.id} flies {inside.length:.1f} m inside a no-fly zone"
            yield Finding("no-fly", "blocker", message, "plan again; if it stays, report it", case.lonlat(inside))


def _inside_fence(case: _Case) -> Iterator[Finding]:
    docks = [Point(case.line(sortie)[0]) for sortie in case.mission.sorties]
    allowed = fence(case.area, docks)
    for sortie in case.mission.sorties:
        outside = LineString(case.line(sortie)).difference(allowed)
        if outside.length > 0:
            message = f"{sortie.id} leaves the fence for {outside.length:.1f} m"
            yield Finding("fence", "blocker", message, "plan again; if it stays, report it", case.lonlat(outside))


def _way_home(case: _Case) -> Iterator[Finding]:
    """Find where a return in an emergency, straight as autopilots fly it, would cross a no-fly zone."""
    shapely.prepare(case.nofly)
    for sortie in case.mission.sorties:
        line = LineString(case.line(sortie)[:-1])
        steps = np.append(np.arange(0.0, line.length, RETURN_SAMPLE_M), line.length)
        places = shapely.get_coordinates(shapely.line_interpolate_point(line, steps))
        home = np.broadcast_to(places[0], places.shape)
        crossing = shapely.intersects(case.nofly, shapely.linestrings(np.stack([places, home], axis=1)))
        if crossing.any():
            share = float(crossing.mean())
            message = (
                f"{sortie.id}: from {share:.0%} of its way a straight return in an emergency crosses a no-fly zone"
            )
            todo = "move the dock, or set a rally point, so that no straight return crosses it"
            yield Finding("way home", "warning", message, todo, case.lonlat(Point(places[np.argmax(crossing)])))


def _items(case: _Case) -> Iterator[Finding]:
    most = MAX_ITEMS.get(case.mission.autopilot)
    for sortie in case.mission.sorties:
        count = len(sortie_items(sortie, case.mission.autopilot))
        if most is not None and count > most:
            message = f"{sortie.id} has {count} items; {case.mission.autopilot} boards hold about {most}"
            yield Finding("items", "warning", message, "check the board's storage, or plan smaller areas")


def _seen(case: _Case) -> Iterator[Finding]:
    target = case.area.difference(case.nofly)
    photos = photo_footprints(case.mission, case.frame, case.photos.across_m, case.photos.along_m)
    missed = target.difference(shapely.union_all(photos, grid_size=1e-4))
    share = 1.0 - missed.area / target.area
    if share < SEEN_SHARE:
        largest = max((part for part in shapely.get_parts(missed) if isinstance(part, Polygon)), key=lambda p: p.area)
        message = f"photos show {share:.2%} of the area; {missed.area:,.0f} m2 are in none"
        yield Finding(
            "seen", "warning", message, "ask for more overlap, or move the no-fly zones", case.lonlat(largest)
        )
    else:
        yield Finding("seen", "info", f"photos show {share:.2%} of the area outside no-fly zones")
