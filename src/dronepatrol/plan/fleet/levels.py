"""Height levels: a sortie's ways from its dock and back may be flown higher, above the flights of others.

Photos are taken at the height that they were planned for: above the first of them the aircraft descends to it, behind
the last it climbs again. The levels are an alternative to a later start; the timetable chooses.
"""

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Sortie, Waypoint
from dronepatrol.model.patrol import ZoneKind
from dronepatrol.plan.request import Request
from dronepatrol.plan.zones import CEILING_M

LEVEL_M = 15.0
"""Levels are so far from each other: what has to be between two drones, and a margin for barometers and gusts."""
MOST_LEVELS = 4

Array = NDArray[np.float64]


def levels(sortie: Sortie, request: Request) -> list[Sortie]:
    """Return the sortie as it is, then with its ways one level higher each, as far as ceiling and battery allow.

    The ceiling above the lowest ground below is :data:`CEILING_M`, or that of a height limit which the sortie or a
    straight return from it may cross.
    """
    found = [sortie]
    highest = max(sortie.return_height_m, *(waypoint.height_m for waypoint in sortie.waypoints))
    most_m = ceiling_m(sortie, request)
    for number in range(1, MOST_LEVELS):
        other = raised(sortie, number * LEVEL_M, request.aircraft)
        if highest + number * LEVEL_M > most_m or other.planned_energy_wh > request.aircraft.usable_wh:
            break
        found.append(other)
    return found


def ceiling_m(sortie: Sortie, request: Request) -> float:
    """Return how high above its take-off point a sortie may be raised."""
    dock = sortie.dock
    places = np.array([(dock.lon_deg, dock.lat_deg), *((w.lon_deg, w.lat_deg) for w in sortie.waypoints)])
    around = shapely.MultiPoint(places).convex_hull
    limits = [
        zone.max_height_m
        for zone in request.zones
        if zone.kind is ZoneKind.HEIGHT_LIMIT and zone.max_height_m is not None and zone.geometry.intersects(around)
    ]
    ground = request.terrain.height_m(places) if request.terrain is not None else np.array([dock.ground_amsl_m])
    known = ground[np.isfinite(ground)]
    lowest_m = min(float(known.min()) if len(known) else dock.ground_amsl_m, dock.ground_amsl_m)
    return min([CEILING_M, *limits]) - (dock.ground_amsl_m - lowest_m)


def raised(sortie: Sortie, by_m: float, aircraft: AircraftProfile) -> Sortie:
    """Return the sortie with its ways to the first photo and from the last one so much higher, and what that costs."""
    first, end = _span(sortie.waypoints)
    before, after = sortie.waypoints[: first + 1], sortie.waypoints[end:]
    waypoints = (
        *(_way(waypoint, by_m) for waypoint in before),
        *sortie.waypoints[first : end + 1],
        *(_way(waypoint, by_m) for waypoint in (after if len(after) > 1 else ())),
    )
    up_s, down_s = 2 * by_m / aircraft.climb_m_s, 2 * by_m / aircraft.descent_m_s
    energy_wh = (up_s * aircraft.climb_w + down_s * aircraft.hover_w) / 3600.0
    return replace(
        sortie,
        waypoints=waypoints,
        return_height_m=round(sortie.return_height_m + by_m, 2),
        planned_time_s=round(sortie.planned_time_s + up_s + down_s, 1),
        planned_energy_wh=round(sortie.planned_energy_wh + energy_wh, 2),
    )


def _span(waypoints: tuple[Waypoint, ...]) -> tuple[int, int]:
    """Return the waypoint of the first photo, and the one where the last photos end."""
    taking = [number for number, one in enumerate(waypoints) if one.photo_step_m > 0 or one.photo_here]
    last = taking[-1]
    return taking[0], min(last + (waypoints[last].photo_step_m > 0), len(waypoints) - 1)


def _way(waypoint: Waypoint, by_m: float) -> Waypoint:
    """Return the place of a waypoint on a way without photos, so much higher."""
    return Waypoint(waypoint.lon_deg, waypoint.lat_deg, round(waypoint.height_m + by_m, 2))
