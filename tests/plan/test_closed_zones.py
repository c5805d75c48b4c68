"""Zones that close although they are no no-fly zones, and those that an approval opens."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import APPROVABLE, APPROVABLE_BY_ZONE, Layout, Pattern, ZoneKind
from dronepatrol.plan.checks.rules import load_rules
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.zones import SEEN_BEYOND_M, TALLEST_M, shown_m, with_closed_zones

BOX = (0, 100, 50, 150)


def photos_of(patrol):
    request = patrol.request
    return photo_plan(request.spec, request.camera, request.aircraft)


def closed(patrol):
    return with_closed_zones(patrol.request, photos_of(patrol)).zones


def test_a_height_limit_closes_where_the_plan_is_higher(patrol, at_metres):
    low = patrol().zone(at_metres(*BOX), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)
    assert [zone.kind for zone in closed(low)] == [ZoneKind.NO_FLY]
    assert closed(patrol().zone(at_metres(*BOX), ZoneKind.HEIGHT_LIMIT, max_height_m=80.0)) == ()
    assert closed(low.approved("NFZ_POLY", "z0")) == ()


def test_an_approval_opens_the_zone_that_it_names_and_no_other(patrol, at_metres):
    two = patrol().zone(at_metres(*BOX)).zone(at_metres(*BOX), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)
    assert [zone.id for zone in closed(two)] == ["z0", "z1"]
    assert [zone.id for zone in closed(two.approved("NFZ_POLY", "z0"))] == ["z1"]
    assert [zone.id for zone in closed(two.approved("NFZ_POLY", "z1"))] == ["z0"]
    temporary = patrol().zone(at_metres(*BOX), valid_to=two.request.spec.start)
    assert [zone.id for zone in closed(temporary.approved("NFZ_POLY", "z0"))] == ["z0"]


def test_an_approval_for_no_zone_or_an_unclear_one_is_refused(patrol, at_metres):
    one = patrol().zone(at_metres(*BOX))
    with pytest.raises(InputError, match="no zone has this id; the zones are z0"):
        closed(one.approved("NFZ_POLY", "z9"))
    twins = replace(one.request, zones=(*one.request.zones, one.request.zones[0]))
    with pytest.raises(InputError, match="2 zones have this id"):
        closed(replace(one, request=twins).approved("NFZ_POLY", "z0"))


def test_what_an_approval_can_be_for_is_what_the_rules_say():
    assert {rule.id for rule in load_rules().values() if rule.approvable} == {*APPROVABLE, *APPROVABLE_BY_ZONE}


def margin_m(patrol, at_metres):
    (zone,) = closed(patrol.zone(at_metres(*BOX), ZoneKind.SENSITIVE))
    west, _, east, _ = LocalFrame.around(zone.geometry).geometry_to_metres(zone.geometry).bounds
    return (east - west - 50.0) / 2


def test_what_must_not_be_seen_closes_with_what_photos_show_around_it(patrol, at_metres):
    photos = photos_of(patrol())
    half_diagonal = float(np.hypot(photos.across_m, photos.along_m)) / 2
    assert margin_m(patrol(), at_metres) == pytest.approx(half_diagonal + SEEN_BEYOND_M, rel=0.01)
    assert closed(patrol().zone(at_metres(*BOX), ZoneKind.ADVISORY)) == ()


@pytest.mark.parametrize("pattern", [Pattern.OBLIQUE, Pattern.PERIMETER])
def test_tilted_cameras_close_more(patrol, at_metres, pattern):
    """The far corner: a ray (pitch + half the view's height) down, half the view's width aside."""
    tilted = patrol().spec(pattern=pattern, layout=Layout(oblique_pitch_deg=-50.0))
    photos = photos_of(tilted)
    up = np.radians(40.0) + np.arctan(photos.along_m / 2 / photos.height_m)
    slant = photos.height_m / np.cos(up) * np.cos(up - np.radians(40.0))
    corner = np.hypot(photos.height_m * np.tan(up), slant * photos.across_m / 2 / photos.height_m)
    assert shown_m(tilted.request, photos) == pytest.approx(corner, rel=1e-6)
    assert margin_m(tilted, at_metres) > margin_m(patrol(), at_metres) + 50.0


def test_a_wider_orbit_looks_flatter_and_closes_more(patrol, at_metres):
    near, far = (
        margin_m(patrol().spec(pattern=Pattern.POINTS, layout=Layout(orbit_radius_m=radius)), at_metres)
        for radius in (20.0, 80.0)
    )
    assert far > near > margin_m(patrol(), at_metres)


def test_a_building_too_tall_to_be_flown_over_is_flown_around_unless_the_ceiling_is_lifted(patrol, at_metres):
    tower = patrol().building(at_metres(*BOX), TALLEST_M + 1.0)
    assert [zone.kind for zone in closed(tower)] == [ZoneKind.NO_FLY]
    assert closed(patrol().building(at_metres(*BOX), TALLEST_M)) == ()
    assert closed(tower.approved("ALT120")) == ()
    request = tower.request
    mission = plan_mission(request)
    shape = at_metres(*BOX)
    for sortie in mission.sorties:
        line = LineString([(waypoint.lon_deg, waypoint.lat_deg) for waypoint in sortie.waypoints])
        assert not line.intersects(shape)
    told = [finding for finding in mission.findings if "are flown around" in finding.message]
    assert [finding.severity for finding in told] == ["info"]
    assert not [finding for finding in mission.findings if finding.severity == "blocker"]
