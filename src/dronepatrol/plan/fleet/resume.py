"""The rest of a sortie that came home early, as a sortie of its own."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import InputError, PlanError
from dronepatrol.model.mission import Mission, Sortie, Waypoint
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.energy import EnergyModel, pace_in_wind, wind_m_s
from dronepatrol.plan.fleet.timetable import placed
from dronepatrol.plan.footprints import on_legs
from dronepatrol.plan.heights import with_heights
from dronepatrol.plan.home.ways import with_ways_home
from dronepatrol.plan.patterns import beyond_m
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.plan.site import Site, site_of
from dronepatrol.plan.timing import Pace
from dronepatrol.plan.zones import with_closed_zones

REPEATED = 2
"""So many photos before the one asked for are taken again."""
_SAME_HEIGHT_M = 0.05

Array = NDArray[np.float64]


def resumed(mission: Mission, request: Request, sortie_id: str, photo_number: int) -> Mission:
    """Return the mission with the rest of a sortie as its last one, from a photo on, in the timetable.

    The sortie itself is marked as partly flown. A rest of it that was planned before gives way to the new one.

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
        When there is no such sortie or photo, or its rest came home early itself.
    PlanError
        When no way from the dock leads there.
    """
    whole = _sortie(mission, sortie_id)
    earlier = _rest_id(whole, whole.rest_from_photo)
    others = tuple(one for one in mission.sorties if one.id != earlier)
    rest = resume(mission, request, sortie_id, photo_number)
    rest = with_ways_home(replace(mission, sorties=(rest,)), request).sorties[0]
    craft, fleet = request.aircraft, request.spec.fleet
    flying = [one for one in others if one.id != whole.id and not one.rest_from_photo]
    rest = placed(rest, flying, fleet, craft, whole.start_s + whole.planned_time_s + fleet.charge_s)
    partly = replace(whole, rest_from_photo=photo_number)
    return replace(mission, sorties=(*(partly if one is whole else one for one in others), rest))


def resume(mission: Mission, request: Request, sortie_id: str, photo_number: int) -> Sortie:
    """Return a self-contained sortie from a photo of a planned one on, repeating the two photos before it.

    Its time and its ways home are still to be planned; see :func:`resumed`.
    """
    sortie = _sortie(mission, sortie_id)
    ground = _Ground.of(request, sortie)
    legs, shares = on_legs(ground.points, sortie.waypoints)
    if not 1 <= photo_number <= len(legs):
        msg = f"{sortie_id} has no photo {photo_number}; it plans {len(legs)}"
        raise InputError(msg, hint="name the first photo that is missing, counted from 1")
    if _sortie_or_none(mission, _rest_id(sortie, sortie.rest_from_photo), partly=True):
        msg = f"the rest of {sortie_id}, {_rest_id(sortie, sortie.rest_from_photo)}, came home early itself"
        raise InputError(msg, hint="resume that one, by its own photos")
    first = max(photo_number - 1 - REPEATED, 0)
    leg, share = int(legs[first]), float(shares[first])
    there = _there(ground, request, mission.height_m, _began(sortie, leg, share))
    rest = replace(
        sortie,
        id=_rest_id(sortie, photo_number),
        waypoints=(*there, *sortie.waypoints[leg + 1 :]),
        planned_photos=len(legs) - first,
        rally=(),
        rest_from_photo=0,
    )
    return _costed(rest, sortie, request, ground.site)


@dataclass(frozen=True)
class _Ground:
    """The patrol's places of today, and a planned sortie among them: (n, 2) its waypoints in metres."""

    site: Site
    sortie: Sortie
    points: Array

    @classmethod
    def of(cls, request: Request, sortie: Sortie) -> "_Ground":
        photos = photo_plan(request.spec, request.camera, request.aircraft)
        site = site_of(with_closed_zones(request, photos), beyond_m(request, photos))
        return cls(site, sortie, site.frame.to_metres([(w.lon_deg, w.lat_deg) for w in sortie.waypoints]))


def _sortie(mission: Mission, sortie_id: str) -> Sortie:
    sortie = _sortie_or_none(mission, sortie_id)
    if sortie is None:
        known = ", ".join(one.id for one in mission.sorties)
        msg = f"no sortie {sortie_id} in the patrol {mission.patrol_id}; it has {known}"
        raise InputError(msg, hint="name one of them, such as sortie-01:57")
    return sortie


def _sortie_or_none(mission: Mission, sortie_id: str, *, partly: bool = False) -> Sortie | None:
    """Return a sortie by its id; with ``partly`` only one that came home early."""
    found = (one for one in mission.sorties if one.id == sortie_id and (one.rest_from_photo or not partly))
    return next(found, None)


def _rest_id(sortie: Sortie, photo_number: int) -> str:
    return f"{sortie.id}-from-{photo_number:03d}"


def _began(sortie: Sortie, leg: int, share: float) -> Waypoint:
    """Return the waypoint where the sortie goes on: what the camera does on that leg, at the place and height there."""
    here, after = sortie.waypoints[leg], sortie.waypoints[min(leg + 1, len(sortie.waypoints) - 1)]
    lon, lat, height = (
        one + share * (other - one)
        for one, other in (
            (here.lon_deg, after.lon_deg),
            (here.lat_deg, after.lat_deg),
            (here.height_m, after.height_m),
        )
    )
    return replace(here, lon_deg=round(lon, 8), lat_deg=round(lat, 8), height_m=round(height, 2))


def _there(ground: _Ground, request: Request, height_m: float, began: Waypoint) -> tuple[Waypoint, ...]:
    """Return the way from the dock to where the rest begins, as high above the ground as the patrol flies."""
    sortie, frame = ground.sortie, ground.site.frame
    dock = frame.to_metres([sortie.dock.lon_deg, sortie.dock.lat_deg])
    place = frame.to_metres([began.lon_deg, began.lat_deg])
    way = Airspace(ground.site.free, Pace(sortie.speed_m_s, request.aircraft.acceleration_m_s2)).way(dock, place)
    if not len(way):
        msg = f"no way from the dock {sortie.dock.id} leads to where {sortie.id} is to go on"
        raise PlanError(msg, hint="plan the patrol again with the zones of today")
    height = round(max(height_m, sortie.waypoints[0].height_m if request.terrain is None else 0.0), 2)
    corners = [(round(float(lon), 8), round(float(lat), 8)) for lon, lat in frame.to_lonlat(way[1:])]
    alone = replace(sortie, waypoints=tuple(Waypoint(lon, lat, height) for lon, lat in corners))
    bare = Mission("", 0, "", "", "", height, 0.0, 0.0, 0.0, (), (), (alone,))
    (flown,) = with_heights(bare, request).sorties
    arriving = flown.waypoints[-1]
    level = abs(arriving.height_m - began.height_m) < _SAME_HEIGHT_M
    return (*flown.waypoints[:-1], *(() if level else (arriving,)), began)


def _costed(rest: Sortie, whole: Sortie, request: Request, site: Site) -> Sortie:
    """Return the rest with its share, by the energy model, of what the whole sortie was planned to take."""
    craft = request.aircraft
    costs = []
    for one in (rest, whole):
        highest_m = max(waypoint.height_m for waypoint in one.waypoints)
        model = EnergyModel(craft, pace_in_wind(craft, request.spec, one.speed_m_s), highest_m, wind_m_s(request.spec))
        dock = (one.dock.lon_deg, one.dock.lat_deg)
        line = site.frame.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in one.waypoints), dock])
        costs.append(model.up_and_down() + model.path(line))
    mine, all_ = costs
    return replace(
        rest,
        planned_length_m=round(mine.length_m, 1),
        planned_time_s=round(whole.planned_time_s * mine.time_s / all_.time_s, 1),
        planned_energy_wh=round(whole.planned_energy_wh * mine.energy_wh / all_.energy_wh, 2),
    )
