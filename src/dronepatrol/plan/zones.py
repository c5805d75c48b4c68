"""Zones that a plan keeps out of although they are no no-fly zones: too low for its height, or not to be seen."""

from dataclasses import replace

import numpy as np

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import Zone, ZoneKind
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request

SEEN_BEYOND_M = 10.0
"""Photos keep this far from what must not be seen: a default of ours for tilt and position."""
HEIGHT_LIMIT_RULE = "NFZ_POLY"


def with_closed_zones(request: Request, photos: PhotoPlan) -> Request:
    """Return the request with such zones as no-fly zones, so that lanes and ways are laid outside them.

    A height limit below the planned height closes its zone unless there is an approval; a site that must not be seen is
    closed with half a photo around it.
    """
    return replace(request, zones=tuple(_closed(zone, request, photos) for zone in request.zones))


def _closed(zone: Zone, request: Request, photos: PhotoPlan) -> Zone:
    if zone.kind is ZoneKind.HEIGHT_LIMIT:
        limit_m = zone.max_height_m or 0.0
        is_open = limit_m >= photos.height_m or HEIGHT_LIMIT_RULE in request.spec.approvals
        return zone if is_open else replace(zone, kind=ZoneKind.NO_FLY, max_height_m=None)
    if zone.kind is ZoneKind.SENSITIVE:
        reach_m = float(np.hypot(photos.across_m, photos.along_m)) / 2 + SEEN_BEYOND_M
        frame = LocalFrame.around(zone.geometry)
        around = frame.geometry_to_lonlat(frame.geometry_to_metres(zone.geometry).buffer(reach_m, quad_segs=2))
        return replace(zone, kind=ZoneKind.NO_FLY, geometry=around)
    return zone
