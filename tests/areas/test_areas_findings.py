"""How areas lie: every odd thing has a name, a place, and what can still be flown."""

from dataclasses import replace
from datetime import UTC, datetime

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from dronepatrol.areas import findings
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock
from dronepatrol.model.patrol import Area, Zone, ZoneKind

FRAME = LocalFrame(121.02, 30.70)


def area(name: str, *boxes) -> Area:
    shape = box(*boxes[0]) if len(boxes) == 1 else MultiPolygon([box(*one) for one in boxes])
    return Area(name, name, FRAME.geometry_to_lonlat(shape))


def zone(*corners, **changes) -> Zone:
    return replace(Zone("z", "z", FRAME.geometry_to_lonlat(box(*corners))), **changes)


def rules(*args, **kwargs) -> list[tuple[str, str]]:
    return [(one.rule, one.severity) for one in findings(*args, **kwargs)]


A, B = area("a", (0, 0, 1000, 1000)), area("b", (2000, 0, 3000, 1000))


def test_areas_apart_have_no_findings():
    assert findings([]) == ()
    assert findings([A, B]) == ()
    assert findings([A, B], [zone(5000, 5000, 6000, 6000)]) == ()


@given(east=st.integers(-1200, 1200))
@settings(max_examples=60, deadline=None)
def test_two_squares_overlap_touch_have_a_gap_or_nothing(east):
    found = rules([A, area("b", (1000 + east, 0, 2000 + east, 1000))])
    gap = east if east >= 0 else max(0, -2000 - east)
    if gap > 5:
        assert found == []
    elif -2000 < east < 0:
        assert found == [("area overlap", "warning")]
    elif gap == 0:
        assert found == [("area touch", "info")]
    elif gap < 5:
        assert found == [("area gap", "warning")]


def test_an_overlap_is_measured_and_placed():
    (found,) = findings([A, area("b", (900, 0, 1900, 1000))])
    assert "a and b overlap by 100,000 m2" in found.message
    assert found.lonlat is not None
    east, north = FRAME.to_metres(found.lonlat)
    assert 900 < east < 1000
    assert 0 < north < 1000


def test_slivers_say_what_is_left():
    sliver = area("a", (0, 0, 1000, 1000), (0, 2000, 3, 2900))
    (found,) = findings([sliver, B])
    assert (found.rule, found.severity) == ("area sliver", "warning")
    assert "1 part nowhere wider than 5 m (2,700 m2)" in found.message
    assert "1 other part can be flown" in found.what_to_do
    (whole,) = findings([area("road", (0, 0, 4, 1000))])
    assert "corridor" in whole.what_to_do


def test_inside_a_no_fly_zone():
    over_a = zone(-100, -100, 1100, 1100)
    (found,) = findings([A, B], [over_a])
    assert (found.rule, found.severity) == ("area no-fly", "warning")
    assert "1 other area can be flown" in found.what_to_do
    assert rules([A], [over_a]) == [("area no-fly", "blocker")]
    (part,) = findings([A], [zone(0, 0, 500, 1000)])
    assert part.severity == "info"
    assert "50.0%" in part.message
    assert "0.500 km2" in part.what_to_do
    together = [zone(-1, -1, 501, 1001), zone(499, -1, 1001, 1001)]
    assert rules([A], together) == [("area no-fly", "blocker")]


def test_only_no_fly_zones_in_force_count():
    over_a = zone(-100, -100, 1100, 1100)
    for kind in set(ZoneKind) - {ZoneKind.NO_FLY}:
        assert findings([A], [replace(over_a, kind=kind)]) == ()
    day = replace(over_a, valid_from=datetime(2026, 5, 23, tzinfo=UTC), valid_to=datetime(2026, 5, 24, tzinfo=UTC))
    assert rules([A], [day], when=datetime(2026, 5, 23, 12, tzinfo=UTC)) == [("area no-fly", "blocker")]
    assert rules([A], [day]) == [("area no-fly", "blocker")]
    assert findings([A], [day], when=datetime(2026, 5, 25, tzinfo=UTC)) == ()


def test_too_far_from_every_dock():
    lon, lat = FRAME.to_lonlat([500, 500])
    dock = Dock("d", "d", float(lon), float(lat), 3.0)
    assert findings([A, B], docks=[dock]) == ()
    assert findings([A, B], docks=[dock], reach_m=3000) == ()
    (found,) = findings([A, B], docks=[dock], reach_m=1000)
    assert (found.rule, found.severity) == ("area too far", "warning")
    assert "b is 1.5 km from the nearest dock" in found.message
    assert "1 other area can be flown" in found.what_to_do
    assert rules([B], docks=[dock], reach_m=1000) == [("area too far", "blocker")]
    (part,) = findings([A, B], docks=[dock], reach_m=2000)
    assert "of it is further than 2.0 km" in part.message
    assert "km2 of it can be flown" in part.what_to_do
    assert part.lonlat is not None
    assert shapely.Point(part.lonlat).within(B.geometry)
