"""The demo's geodata: made from its tables byte for byte, honest about what it is, and fit for the readers."""

import json
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import Polygon

from dronepatrol.areas import read_areas, read_buildings, read_lines, read_places, read_register, read_towns, read_zones
from dronepatrol.geo.local import LocalFrame, area_m2
from dronepatrol.model.patrol import RegisterKind, ZoneKind

GEODATA = Path(__file__).resolve().parents[2] / "geodata"
PINGHU = GEODATA / "pinghu"
FILES = sorted(PINGHU.rglob("*.geojson"))
FRAME = LocalFrame(121.02, 30.70)


def features(name: str) -> list[dict]:
    return json.loads((PINGHU / f"{name}.geojson").read_text(encoding="utf-8"))["features"]


def test_made_again_the_bytes_are_the_same(tmp_path):
    subprocess.run([sys.executable, GEODATA / "make.py", "--out", tmp_path], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(PINGHU): path.read_bytes() for path in PINGHU.rglob("*") if path.is_file()}
    assert made.keys() == kept.keys()
    assert [str(name) for name in made if made[name] != kept[name]] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_feature_says_that_it_is_a_demo_in_the_form_of_rfc_7946(path):
    text = path.read_text(encoding="utf-8")
    collection = json.loads(text, parse_float=str)
    assert "crs" not in collection
    ids = set()
    for feature in collection["features"]:
        properties = feature["properties"]
        assert properties["demo"] is True
        assert properties["source"]
        assert properties["id"] not in ids
        ids.add(properties["id"])
    shapes = [shapely.geometry.shape(one["geometry"]) for one in json.loads(text)["features"]]
    assert all(shapely.is_valid(shapes))
    points = shapely.get_coordinates(shapes)
    assert np.array_equal(points, np.round(points, 7))
    assert (np.abs(points - (121.1, 30.7)) < (0.25, 0.25)).all()
    rings = [part.exterior for one in shapes for part in shapely.get_parts(one) if isinstance(part, Polygon)]
    assert all(shapely.is_ccw(rings))
    assert path.stat().st_size < 300_000


def test_urban_area_is_30_km2_in_one_piece_with_bays():
    (urban,) = read_areas(PINGHU / "urban.geojson")
    assert isinstance(urban.geometry, Polygon)
    assert area_m2(urban.geometry) / 1e6 == pytest.approx(30.0, abs=0.5)
    assert urban.geometry.contains(shapely.Point(121.02, 30.70))
    assert 0.85 < urban.geometry.area / urban.geometry.convex_hull.area < 0.97


def test_towns_and_urban_area_lie_apart_and_have_a_dock_each():
    areas = [area.geometry for area in (*read_areas(PINGHU / "urban.geojson"), *read_towns(PINGHU / "towns.geojson"))]
    assert len(areas) == 22
    docks = read_places(PINGHU / "docks.geojson")
    closed = shapely.union_all(
        [zone.geometry for zone in read_zones(PINGHU / "zones.geojson") if zone.kind is ZoneKind.NO_FLY]
    )
    for number, area in enumerate(areas):
        assert not any(area.intersects(other) for other in areas[:number])
        assert any(area.contains(dock) for dock in docks)
    assert not any(closed.contains(dock) for dock in docks)
    assert all(1.0 < one["properties"]["ground_amsl_m"] < 10.0 for one in features("docks"))


def test_zones_are_of_every_kind_and_one_is_for_a_day():
    zones = read_zones(PINGHU / "zones.geojson")
    assert {zone.kind for zone in zones} == set(ZoneKind)
    assert all((zone.max_height_m is not None) == (zone.kind is ZoneKind.HEIGHT_LIMIT) for zone in zones)
    (temporary,) = [zone for zone in zones if zone.valid_to is not None]
    assert temporary.kind is ZoneKind.NO_FLY
    assert temporary.valid_from == datetime.fromisoformat("2026-05-23T12:00+08:00")
    names = "".join(zone.name for zone in zones)
    assert all(word in names for word in ("变电站", "加油站", "水厂", "港区", "直升机坪", "演示"))


@pytest.mark.parametrize("name", ["roads", "canals"])
def test_networks_are_connected_graphs(name):
    lines = read_lines(PINGHU / f"{name}.geojson")
    parent = {}

    def root(node):
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for line in lines:
        parent[root(line.coords[0])] = root(line.coords[-1])
    assert len({root(node) for node in parent}) == 1
    metres = [FRAME.geometry_to_metres(line) for line in lines]
    tree = shapely.STRtree(metres)
    for one, other in zip(*tree.query(metres, predicate="crosses"), strict=True):
        shared = set(lines[one].coords[:: len(lines[one].coords) - 1]) & set(lines[other].coords)
        assert shared, f"{name}: edges {one} and {other} cross away from their ends"
    urban = FRAME.geometry_to_metres(read_areas(PINGHU / "urban.geojson")[0].geometry)
    assert sum(line.intersection(urban).length for line in metres) > (50e3 if name == "roads" else 15e3)


def test_roads_reach_every_town():
    network = shapely.union_all(read_lines(PINGHU / "roads.geojson"))
    assert all(town.geometry.intersects(network) for town in read_towns(PINGHU / "towns.geojson"))


def test_unit_grids_are_numbered_from_west_to_east_and_north_to_south():
    grids = features("unit_grids")
    codes = {row.split(",")[0] for row in (GEODATA / "sources/communities.csv").read_text("utf-8").splitlines()[1:]}
    rows = defaultdict(list)
    for one in grids:
        code = one["properties"]["id"]
        assert len(code) == 15
        assert code[:12] in codes
        square = shapely.geometry.shape(one["geometry"])
        assert area_m2(square) == pytest.approx(10_000, rel=5e-4)
        east, north = FRAME.to_metres([square.centroid.x, square.centroid.y])
        rows[code[:12]].append((int(code[12:]), (-int(north // 100), int(east // 100))))
    assert set(rows) == codes
    for numbered in rows.values():
        numbered.sort()
        assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
        assert [place for _, place in numbered] == sorted(place for _, place in numbered)
    seamless = shapely.union_all([shapely.geometry.shape(one["geometry"]) for one in grids])
    assert area_m2(seamless) == pytest.approx(4e6, rel=1e-4)


@pytest.mark.parametrize("kind", list(RegisterKind))
def test_urban_registers_are_read_with_validity_and_lie_in_the_area(kind):
    urban = read_areas(PINGHU / "urban.geojson")[0].geometry
    entries = read_register(kind, PINGHU / f"registers/{kind}.geojson")
    assert len(entries) >= 5
    assert all(urban.contains(entry.geometry) and entry.valid_from is not None for entry in entries)
    with_hours = {RegisterKind.STALL_SITES, RegisterKind.STRICT_PARKING, RegisterKind.OUTDOOR_ADVERTS}
    assert any(entry.hours for entry in entries) == (kind in with_hours)


def test_cameras_and_buildings_have_what_they_are_for():
    for one in features("cameras"):
        sector, said = shapely.geometry.shape(one["geometry"]), one["properties"]
        full_m2 = np.pi * said["range_m"] ** 2 * said["view_deg"] / 360
        assert area_m2(sector) == pytest.approx(full_m2, rel=0.01)
    towers = read_buildings(PINGHU / "buildings.geojson")
    assert 100 < max(tower.height_m for tower in towers) < 120
