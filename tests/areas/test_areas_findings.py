"""How areas lie: every odd thing has a name, a place, and what can still be flown."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from dronepatrol.areas import findings
from dronepatrol.areas.findings import gathered, of_files
from dronepatrol.geo.local import LocalFrame
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
    together = [zone(-1, -1, 501, 1001, id="west"), zone(499, -1, 1001, 1001)]
    assert rules([A], together) == [("area no-fly", "blocker")]


def test_only_no_fly_zones_count():
    over_a = zone(-100, -100, 1100, 1100)
    for kind in set(ZoneKind) - {ZoneKind.NO_FLY}:
        assert findings([A], [replace(over_a, kind=kind)]) == ()
    day = replace(over_a, valid_from=datetime(2026, 5, 23, tzinfo=UTC), valid_to=datetime(2026, 5, 24, tzinfo=UTC))
    assert rules([A], [day]) == [("area no-fly", "blocker")], "whenever it is in force: no time is known yet"


def test_many_of_a_kind_are_one_for_people():
    cells = [area(f"cell-{east}", (east * 100, 0, east * 100 + 100, 100)) for east in range(30)]
    told = findings(cells)
    assert {one.rule for one in told} == {"area touch"}
    assert len(told) == 29
    (one,) = gathered(told)
    assert one.message.startswith("29 times, first: ")
    assert one.message_zh.startswith("共 29 处")
    assert one.lonlat == told[0].lonlat
    assert gathered(told[:20]) == told[:20]


def test_ids_that_stand_twice_are_named():
    (area_id,) = findings([A, replace(B, id="a")])
    assert (area_id.rule, area_id.severity) == ("area id", "warning")
    assert "2 areas have the id a" in area_id.message
    assert shapely.Point(area_id.lonlat).within(B.geometry)
    far = [zone(5000, 5000, 6000, 6000), zone(7000, 5000, 8000, 6000), zone(9000, 5000, 9500, 6000, id="other")]
    assert rules([A, B], far) == [("zone id", "warning")]
    assert rules([], far) == [("zone id", "warning")]


def test_every_finding_speaks_both_languages_and_says_what_to_do():
    odd = [A, area("a", (900, 0, 1900, 1000)), area("c", (1900, 0, 2500, 100)), area("d", (2503, 0, 2506, 99))]
    told = findings([*odd, area("e", (90000, 0, 90100, 9))], [zone(0, 0, 500, 1000)])
    told += findings([B], [zone(0, -9, 4000, 4000)]) + of_files(
        {Path("a.shp"): ("EPSG:4549",), Path("b.geojson"): ("EPSG:4326",)}, ()
    )
    assert len({one.rule for one in told}) == 8
    for one in told:
        assert one.what_to_do, one
        assert one.what_to_do_zh, one
        assert re.search("[\u4e00-\u9fff]", one.message_zh), one
        numbers = re.findall(r"\d+(?:[.,]\d+)*", one.message.replace("m2", ""))
        assert not [number for number in numbers if number not in one.message_zh], one


def test_files_in_other_reference_systems_and_empty_ones_are_named():
    same = {Path("a.shp"): ("EPSG:4549 x",), Path("b.shp"): ("EPSG:4549 x",)}
    assert of_files(same, set(same)) == ()
    (crs,) = of_files({**same, Path("c.geojson"): ("EPSG:4326 y",)}, {*same, Path("c.geojson")})
    assert (crs.rule, crs.severity) == ("area crs", "info")
    assert "EPSG:4326 y, EPSG:4549 x" in crs.message
    (empty,) = of_files(same, {Path("a.shp")})
    assert (empty.rule, "b.shp has no features" in empty.message) == ("zone file", True)
