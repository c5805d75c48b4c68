"""The rest of a sortie that came home early, as a sortie of its own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import InputError, PlanError
from dronepatrol.model.mission import Mission, Sortie, Waypoint
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.energy import EnergyModel, wind_m_s
from dronepatrol.plan.footprints import due_photos, on_legs
from dronepatrol.plan.patterns import beyond_m
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.plan.site import site_of
from dronepatrol.plan.timing import Pace
from dronepatrol.plan.zones import with_closed_zones

REPEATED = 2
"""So many photos before the one asked for are taken again."""

Array = NDArray[np.float64]


def resume(mission: Mission, request: Request, sortie_id: str, photo_number: int) -> Sortie:
    """Return a self-contained sortie from a photo of a planned one on, repeating the two photos before it.

    Parameters
    ----------
    mission, request
        The plan, and what it was planned for.
    sortie_id
        Which sortie.
    photo_number
        The first photo that is missing, counted from 1.

    Raises
    ------
    InputError
        When there is no such sortie or photo.
    PlanError
        When no way from the dock leads there.
    """
    known = {sortie.id: sortie for sortie in mission.sorties}
    if sortie_id not in known:
        msg = f"no sortie {sortie_id} in the patrol {mission.patrol_id}; it has {', '.join(known)}"
        raise InputError(msg, hint="name one of them, such as sortie-01:57")
    sortie = known[sortie_id]
    photos = photo_plan(request.spec, request.camera, request.aircraft)
    site = site_of(with_closed_zones(request, photos), beyond_m(request, photos))
    points = site.frame.to_metres([(w.lon_deg, w.lat_deg) for w in sortie.waypoints])
    legs, shares = on_legs(points, sortie.waypoints)
    if not 1 <= photo_number <= len(legs):
        msg = f"{sortie_id} has no photo {photo_number}; it plans {len(legs)}"
        raise InputError(msg, hint="name the first photo that is missing, counted from 1")
    first = max(photo_number - 1 - REPEATED, 0)
    leg, place = int(legs[first]), due_photos(sortie, site.frame).places[first]
    pace = Pace(sortie.speed_m_s, request.aircraft.acceleration_m_s2)
    dock = site.frame.to_metres([sortie.dock.lon_deg, sortie.dock.lat_deg])
    way = Airspace(site.free, pace).way(dock, place)
    if not len(way):
        msg = f"no way from the dock {sortie.dock.id} leads to photo {photo_number} of {sortie_id}"
        raise PlanError(msg, hint="plan the patrol again with the zones of today")
    began = _began(sortie, leg, float(shares[first]))
    lonlat = site.frame.to_lonlat(way[1:])
    transit = Waypoint(0.0, 0.0, max(began.height_m, sortie.waypoints[0].height_m))
    there = [
        replace(look, lon_deg=round(float(lon), 8), lat_deg=round(float(lat), 8))
        for (lon, lat), look in zip(lonlat, [*[transit] * (len(way) - 2), began], strict=True)
    ]
    model = EnergyModel(request.aircraft, pace, photos.height_m, wind_m_s(request.spec))
    rest = np.vstack([way, points[leg + 1 :], dock[None]])
    whole = np.vstack([dock[None], points, dock[None]])
    return _costed(
        replace(
            sortie,
            id=f"{sortie.id}-from-{photo_number:03d}",
            waypoints=(*there, *sortie.waypoints[leg + 1 :]),
            planned_photos=len(legs) - first,
            start_s=0.0,
        ),
        model,
        rest,
        whole,
    )


def _began(sortie: Sortie, leg: int, share: float) -> Waypoint:
    """Return the waypoint where the sortie goes on: what the camera does on that leg, at the height there."""
    here, after = sortie.waypoints[leg], sortie.waypoints[min(leg + 1, len(sortie.waypoints) - 1)]
    return replace(here, height_m=round(here.height_m + share * (after.height_m - here.height_m), 2))


def _costed(sortie: Sortie, model: EnergyModel, rest: Array, whole: Array) -> Sortie:
    """Return the sortie with its share of what the whole one was planned to take."""
    one, other = model.up_and_down() + model.path(rest), model.up_and_down() + model.path(whole)
    return replace(
        sortie,
        planned_length_m=round(one.length_m, 1),
        planned_time_s=round(sortie.planned_time_s * one.time_s / other.time_s, 1),
        planned_energy_wh=round(sortie.planned_energy_wh * one.energy_wh / other.energy_wh, 2),
    )
