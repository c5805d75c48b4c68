"""Zones that close although they are no no-fly zones."""

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import ZoneKind
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.zones import with_closed_zones


def closed(patrol):
    request = patrol.request
    (zone,) = with_closed_zones(request, photo_plan(request.spec, request.camera, request.aircraft)).zones
    return zone


def test_a_height_limit_closes_where_the_plan_is_higher(patrol, at_metres):
    box = at_metres(0, 100, 50, 150)
    assert closed(patrol().zone(box, ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)).kind is ZoneKind.NO_FLY
    assert closed(patrol().zone(box, ZoneKind.HEIGHT_LIMIT, max_height_m=80.0)).kind is ZoneKind.HEIGHT_LIMIT
    low = patrol().zone(box, ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)
    assert closed(low.approved("NFZ_POLY")).kind is ZoneKind.HEIGHT_LIMIT


def test_what_must_not_be_seen_closes_with_half_a_photo_around_it(patrol, at_metres):
    zone = closed(patrol().zone(at_metres(0, 100, 50, 150), ZoneKind.SENSITIVE))
    assert zone.kind is ZoneKind.NO_FLY
    frame = LocalFrame.around(zone.geometry)
    west, _, east, _ = frame.geometry_to_metres(zone.geometry).bounds
    assert (east - west - 50.0) / 2 > 50.0  # half the diagonal of an 80 m by 60 m photo, and a margin
    assert closed(patrol().zone(at_metres(0, 100, 50, 150), ZoneKind.ADVISORY)).kind is ZoneKind.ADVISORY
