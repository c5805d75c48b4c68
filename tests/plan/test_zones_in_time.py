"""Planning around zones that are not always in force, and fences around rings."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box
from shapely.affinity import translate

from dronepatrol.errors import PlanError
from dronepatrol.model.mission import Command
from dronepatrol.model.patrol import ZoneKind
from dronepatrol.plan.fence import FLIGHT_MARGIN_M, fence, hull, without_holes
from dronepatrol.plan.home.returns import HomeWays
from dronepatrol.plan.items import fence_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.validity import window
from dronepatrol.plan.zones import closes

HALF = (0, 100, 150, 400)
WHOLE = (-200, -50, 200, 500)


@pytest.fixture(scope="module")
def kept():
    """Return what is planned once for several tests."""
    return {}


@pytest.fixture
def unzoned(patrol, kept):
    """Return the plan without any zone."""
    if "plan" not in kept:
        kept["plan"] = plan_mission(patrol().request)
    return kept["plan"]


def planned(patrol, corners, opens_min, closes_min, at_metres):
    """Return the request and its plan, with a zone in force between two times after the start."""
    plain = patrol()
    start = plain.request.spec.start
    times = (start + timedelta(minutes=minutes) if minutes is not None else None for minutes in (opens_min, closes_min))
    valid_from, valid_to = times
    asked = plain.zone(at_metres(*corners), valid_from=valid_from, valid_to=valid_to).request
    return asked, plan_mission(asked)


def meets(asked, mission):
    """Return whether any sortie's line meets the zone while it is in force, looked at independently."""
    (zone,) = asked.zones
    for sortie in mission.sorties:
        start, end = window(sortie, asked.spec)
        home = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        line = LineString([home, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), home])
        apart = (zone.valid_to is not None and zone.valid_to < start) or (
            zone.valid_from is not None and zone.valid_from > end
        )
        if not apart and line.intersects(zone.geometry):
            return True
    return False


@pytest.mark.parametrize(("opens_min", "closes_min"), [(None, 5), (2, 600), (2, None)])
def test_zones_in_force_during_the_patrol_are_kept_out_of(patrol, at_metres, opens_min, closes_min):
    asked, mission = planned(patrol, HALF, opens_min, closes_min, at_metres)
    assert mission.nofly
    assert not meets(asked, mission)
    assert not [f for f in mission.findings if f.rule == "NFZ_TEMP" and f.severity == "blocker"]


@pytest.mark.parametrize(("opens_min", "closes_min"), [(-600, -1), (240, None)])
def test_zones_in_force_before_or_after_it_are_flown_over(patrol, at_metres, unzoned, opens_min, closes_min):
    """4 hours after the start is within any fixed half day, and long after a patrol of minutes."""
    _, mission = planned(patrol, HALF, opens_min, closes_min, at_metres)
    assert mission.nofly == ()
    assert mission.sorties == unzoned.sorties
    told = [f for f in mission.findings if f.rule == "NFZ_TEMP"]
    assert [f.severity for f in told] == (["info"] if opens_min > 0 else [])  # in force later: do not be late


def test_an_area_that_is_closed_later_today_is_flown_now(patrol, at_metres):
    _, mission = planned(patrol, WHOLE, 300, 600, at_metres)
    assert mission.sorties
    with pytest.raises(PlanError, match="no-fly"):
        planned(patrol, WHOLE, 2, 600, at_metres)


def test_an_approved_zone_is_flown_through(patrol, at_metres, unzoned):
    closed = patrol().zone(at_metres(*HALF))
    opened = plan_mission(closed.approved("NFZ_POLY", "z0").request)
    assert opened.nofly == ()
    assert opened.sorties == unzoned.sorties
    assert [f.severity for f in opened.findings if f.rule == "NFZ_POLY"] == ["info"] * len(opened.sorties)


BEHIND = ((-100, 50), (-100, 350), (0, 350), (80, 350), (80, 50))  # around a zone in the middle
ZONE = (-60, 120, 40, 220)


def test_a_return_above_a_height_limit_crosses_its_zone(patrol, at_metres):
    """Lanes at 80 m keep beside the zone; straight home at 90 m would pass over it."""
    limited = patrol(BEHIND, return_height_m=90.0).zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=85.0)
    assert "blocker" in limited.found("way home")
    assert "blocker" not in limited.approved("NFZ_POLY", "z0").found("way home")
    at_its_height = patrol(BEHIND).zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=80.0)
    assert "blocker" not in at_its_height.found("way home")
    cleared = limited.with_ways_home()
    assert cleared.mission.sorties[0].rally
    assert "blocker" not in cleared.found("way home")


class Pit:
    """Flat at 4 m, but for a pit 30 m deep below the zone: a synthetic ground."""

    source = "synthetic"

    def height_m(self, lonlat):
        place = np.asarray(lonlat)
        inside = (np.abs(place[..., 0] - 121.0499) < 0.0008) & (np.abs(place[..., 1] - 30.70153) < 0.0006)
        return np.where(inside, -26.0, 4.0)


def test_height_limits_of_returns_count_from_the_lowest_ground_of_their_zone(patrol, at_metres):
    limited = patrol(BEHIND).zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=100.0)
    assert "blocker" not in limited.found("way home")
    hollow = replace(limited, request=replace(limited.request, terrain=Pit()))
    assert "blocker" in hollow.found("way home")


def test_a_zone_not_in_force_is_no_obstacle_for_returns(patrol, at_metres):
    plain = patrol(BEHIND, return_height_m=90.0)
    past = plain.request.spec.start - timedelta(hours=1)
    over = plain.zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0, valid_to=past)
    assert "blocker" not in over.found("way home")


def test_what_closes(patrol, at_metres):
    (zone,) = patrol().zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0).request.zones
    spec = patrol().request.spec
    assert closes(zone, spec, 60.1)
    assert not closes(zone, spec, 60.0)
    assert not closes(replace(zone, kind=ZoneKind.ADVISORY), spec, 100.0)
    assert not closes(replace(zone, kind=ZoneKind.SENSITIVE), spec, 100.0)


@settings(max_examples=60, deadline=None)
@given(
    holes=st.lists(st.tuples(st.integers(5, 80), st.integers(5, 80), st.integers(2, 12)), max_size=7),
    turn=st.floats(0, 360),
)
def test_polygons_without_holes_make_up_the_one_with_holes(holes, turn):
    whole = Polygon(box(0, 0, 100, 100))
    for x, y, radius in holes:
        whole = whole.difference(Point(x, y).buffer(radius, quad_segs=3))
    largest = max(shapely.get_parts(shapely.affinity.rotate(whole, turn)), key=lambda part: part.area)
    parts = without_holes(largest)
    assert not any(part.interiors for part in parts)
    assert all(part.is_valid for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(largest.area)
    assert shapely.union_all(parts).symmetric_difference(largest).area < 1e-6


def test_a_ring_of_many_holes_is_cut_quickly():
    many = shapely.union_all([translate(Point(0, 0).buffer(0.3), 2 * x, 2 * y) for x in range(40) for y in range(25)])
    parts = without_holes(box(-2, -2, 82, 52).difference(many))
    assert not any(part.interiors for part in parts)
    assert len(parts) < 2100


@pytest.mark.parametrize("gap_m", [40, 100, 200])
def test_the_fence_holds_all_that_is_planned_in_however_far_parts_lie_from_each_other(gap_m):
    """Parts that the fence's margin joins, but not that of the ways, are ways' hull all the same."""
    parts = shapely.union_all([box(0, 0, 300, 100), box(0, 100 + gap_m, 100, 400 + gap_m)])
    ways = hull(parts, [Point(-20, -20)], FLIGHT_MARGIN_M)
    beyond = LineString([(300, 50), (420, 50)])
    around = fence(parts, [Point(-20, -20)], beyond)
    assert around.covers(ways)
    assert around.covers(beyond.buffer(40))
    assert around.within(ways.union(beyond).buffer(80))


def test_the_uploaded_fence_leaves_the_middle_of_a_ring_open(patrol, at_metres):
    """A dock in the middle of a ring-shaped zone: its own sorties stay inside the uploaded fence."""
    outer, inner = at_metres(-400, -300, 400, 700), at_metres(-200, -100, 200, 500)
    ring = outer.difference(inner)
    rings = tuple(tuple((float(x), float(y)) for x, y in line.coords) for line in (ring.exterior, *ring.interiors))
    plain = patrol()
    ringed = replace(plain, mission=replace(plain.mission, nofly=(rings,)))
    items = fence_items(ringed.mission)
    excluded = [item for item in items if item.command == Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION]
    assert len(excluded) > 4
    assert all(item.params[0] >= 3 for item in excluded)
    assert ringed.found("fence") == []
    assert ringed.found("way home") == []  # the middle is open for returns too
    solid = replace(plain, mission=replace(plain.mission, nofly=(rings[:1],)))
    assert solid.found("fence") == ["blocker"]


def test_a_patrol_inside_a_ring_is_planned(patrol, at_metres):
    ring = at_metres(-400, -300, 400, 700).difference(at_metres(-200, -100, 200, 500))
    mission = plan_mission(patrol().zone(ring).request)
    assert {f.rule for f in mission.findings if f.severity == "blocker"} == set()


def test_terrain_of_home_ways_is_looked_at_once_per_zone(patrol, at_metres):
    limited = patrol(BEHIND).zone(at_metres(*ZONE), ZoneKind.HEIGHT_LIMIT, max_height_m=100.0)
    calls = []

    class Counted(Pit):
        def height_m(self, lonlat):
            calls.append(len(lonlat))
            return super().height_m(lonlat)

    ways = HomeWays(limited.mission, replace(limited.request, terrain=Counted()))
    for _ in range(3):
        ways.nofly(limited.mission.sorties[0])
    assert len(calls) == 1
