"""Which zones a plan keeps out of: closed ones, too low ones, and what must not be seen; and which are approved."""

from collections import Counter
from dataclasses import replace

import numpy as np
import shapely
from shapely import Point

from dronepatrol.errors import InputError, PlanError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import PatrolSpec, Pattern, Zone, ZoneKind
from dronepatrol.plan.fence import NOFLY_MARGIN_M
from dronepatrol.plan.footprints import DuePhotos, seen_quads
from dronepatrol.plan.heights import CLEARANCE_M, TOLERANCE_SHARE
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request

SEEN_BEYOND_M = 10.0
"""Photos keep this far from what must not be seen: a default of ours for tilt and position."""
ZONE_RULE = "NFZ_POLY"
"""The rule that an approval lifts for the zone that it names; temporary zones are another rule's."""
CEILING_M = 118.0
"""Nothing is planned higher above ground than this, for the ceiling of 120 m and errors of height."""
TALLEST_M = CEILING_M - CLEARANCE_M
"""Taller buildings are flown around: below the ceiling there is no clearance left above them."""
_BESIDE_TALL_M = 1.0
_NADIR_DEG = -90.0


def with_closed_zones(request: Request, photos: PhotoPlan) -> Request:
    """Return the request with no-fly zones alone: those that lanes and ways have to be laid outside of.

    A height limit below the planned height closes its zone. A site that must not be seen is closed with what photos
    show around it, for ways without photos too: in an emergency a camera that triggers by distance goes on. Places
    to be rechecked in there are left out, as they would be looked at from aside, towards the site. A building that is
    too tall to be flown over is closed like a no-fly zone.

    Raises
    ------
    InputError
        When an approval is for a zone that is not there, or there twice.
    PlanError
        When every place to be rechecked is left out.
    """
    _check_approvals(request)
    margin_m = shown_m(request, photos) + SEEN_BEYOND_M
    closed = [zone for zone in request.zones if closes(zone, request.spec, photos.height_m)]
    unseen = [_around(zone, margin_m) for zone in request.zones if zone.kind is ZoneKind.SENSITIVE]
    return replace(
        request,
        zones=tuple(
            replace(zone, kind=ZoneKind.NO_FLY, max_height_m=None) for zone in [*closed, *unseen, *tall(request)]
        ),
        places=_beside_sites(request, margin_m) if request.spec.pattern is Pattern.RECHECK else request.places,
    )


def tall(request: Request) -> list[Zone]:
    """Return the buildings that are too tall to be flown over, as zones; none where an approval lifts the ceiling."""
    if request.spec.approval("ALT120"):
        return []
    zones = [
        Zone(f"building-{number}", f"建筑物 building {one.height_m:g} m", one.geometry)
        for number, one in enumerate(request.buildings, start=1)
        if one.height_m > TALLEST_M
    ]
    return [_around(zone, _BESIDE_TALL_M) for zone in zones]


def beside_m(request: Request, photos: PhotoPlan) -> float:
    """Return how near to a site that must not be seen places are not rechecked, in metres."""
    return shown_m(request, photos) + SEEN_BEYOND_M + NOFLY_MARGIN_M


def closes(zone: Zone, spec: PatrolSpec, height_m: float) -> bool:
    """Return whether a zone must not be flown through at a height above ground, whenever it is in force."""
    if approval(zone, spec):
        return False
    return zone.kind is ZoneKind.NO_FLY or (
        zone.kind is ZoneKind.HEIGHT_LIMIT and (zone.max_height_m or 0.0) < height_m
    )


def approval(zone: Zone, spec: PatrolSpec) -> str:
    """Return the reference of the written approval for a zone, or nothing; none lifts a temporary no-fly zone."""
    temporary = zone.kind is ZoneKind.NO_FLY and zone.valid_to is not None
    return "" if temporary else spec.approval(ZONE_RULE, zone.id)


def shown_m(request: Request, photos: PhotoPlan) -> float:
    """Return how far from the place below the aircraft the pattern's photos show level ground, in metres."""
    pitches = np.array(_pitches_deg(request, photos))
    count = len(pitches)
    here = np.zeros((count, 2))
    height = photos.height_m * (1.0 if request.terrain is None else 1.0 + 2 * TOLERANCE_SHARE)
    due = DuePhotos(here, here, np.full(count, height), pitches, np.zeros(count))
    return float(np.hypot(*seen_quads(due, request.camera, due.height_m).reshape(-1, 2).T).max())


def _pitches_deg(request: Request, photos: PhotoPlan) -> list[float]:
    """Return how the camera looks; a recheck's looks aside only at places near other zones."""
    layout = request.spec.layout
    around = -float(np.degrees(np.arctan2(photos.height_m, layout.orbit_radius_m)))
    return {
        Pattern.OBLIQUE: [_NADIR_DEG, layout.oblique_pitch_deg],
        Pattern.PERIMETER: [layout.oblique_pitch_deg],
        Pattern.POINTS: [around],
    }.get(request.spec.pattern, [_NADIR_DEG])


def _around(zone: Zone, margin_m: float) -> Zone:
    """Return a zone with at least this much around it, in few corners: boards hold few of a fence."""
    frame = LocalFrame.around(zone.geometry)
    around = frame.geometry_to_metres(zone.geometry).buffer(margin_m, join_style="mitre", mitre_limit=1.5)
    return replace(zone, geometry=frame.geometry_to_lonlat(around))


def _beside_sites(request: Request, margin_m: float) -> tuple[Point, ...]:
    sites = [zone for zone in request.zones if zone.kind is ZoneKind.SENSITIVE]
    near = shapely.union_all([_around(site, margin_m + NOFLY_MARGIN_M).geometry for site in sites])
    left = tuple(place for place in request.places if not near.intersects(place))
    if request.places and not left:
        names = ", ".join(site.name for site in sites)
        msg = f"all {len(request.places)} places lie where photos would show {names}, which must not be seen"
        raise PlanError(msg, hint="name places further from it")
    return left


def _check_approvals(request: Request) -> None:
    counts = Counter(zone.id for zone in request.zones)
    for key in request.spec.approvals:
        rule, _, zone_id = key.partition(".")
        if not zone_id or counts[zone_id] == 1:
            continue
        found = f"{counts[zone_id]} zones have this id" if counts[zone_id] else "no zone has this id"
        known = ", ".join(sorted(counts)[:10]) or "none: the spec names no zones"
        msg = f'approvals.{rule}."{zone_id}": {found}; the zones are {known}'
        raise InputError(msg, hint="name the approved zone by its id in the zones file, which no other zone has")
