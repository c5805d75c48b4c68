"""Reading the user's areas: what is good comes out in WGS-84, what is not is refused by name, nothing is repaired."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
from shapely import Point, Polygon, box

from dronepatrol.areas import read_areas, read_lines, read_register, read_towns, read_zones
from dronepatrol.areas.survey import survey
from dronepatrol.errors import InputError
from dronepatrol.geo.local import area_m2
from dronepatrol.model.patrol import RegisterKind

GEODATA = Path(__file__).resolve().parents[2] / "geodata" / "pinghu"
DEMO = GEODATA / "xindai-demo"
SQUARE = [[121.0, 30.8], [121.01, 30.8], [121.01, 30.81], [121.0, 30.81], [121.0, 30.8]]


def geojson(path: Path, *rings: list[list[float]], kind: str = "Polygon", **properties: object) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": kind, "coordinates": [ring] if kind == "Polygon" else ring},
        }
        for ring in rings
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_demo_area_is_as_large_as_the_issue_asks():
    area = read_areas(DEMO / "area.geojson")[0]
    (zone,) = read_zones(DEMO / "nofly.geojson")
    assert (area.id, area.name) == ("xindai-demo", "新埭镇中心区（演示）")
    assert 0.5e6 <= area_m2(area.geometry.difference(zone.geometry)) <= 0.7e6
    assert area.geometry.contains(zone.geometry)


def test_towns_are_the_21_in_8_divisions():
    towns = read_towns(GEODATA / "towns.geojson")
    assert len(towns) == len({town.id for town in towns}) == 21
    assert len({town.id[:9] for town in towns}) == 8
    assert all(0.5 <= area_m2(town.geometry) / 1e6 <= 2.5 for town in towns)
    xindai = next(town for town in towns if town.name == "新埭")
    assert xindai.geometry.contains(read_areas(DEMO / "area.geojson")[0].geometry)


@pytest.mark.parametrize("kind", [kind for kind in RegisterKind if kind is not RegisterKind.OUTDOOR_ADVERTS])
def test_registers_lie_in_the_area_and_off_the_no_fly_zone(kind):
    area = read_areas(DEMO / "area.geojson")[0].geometry
    (zone,) = read_zones(DEMO / "nofly.geojson")
    entries = read_register(kind, DEMO / "registers" / f"{kind}.geojson")
    assert entries
    for entry in entries:
        assert entry.kind is kind
        assert area.contains(entry.geometry)
        assert entry.geometry.disjoint(zone.geometry)
        assert entry.valid_from is not None
        assert entry.valid_from.utcoffset() == timedelta(hours=8)


def test_times_without_offset_are_chinas(tmp_path):
    path = geojson(tmp_path / "r.geojson", SQUARE, hours="06:00-09:00, 17:00-24:00", valid_from="2026-01-01T08:00:00")
    (entry,) = read_register(RegisterKind.STALL_SITES, path)
    assert entry.hours == "06:00-09:00,17:00-24:00"
    assert entry.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert entry.valid_to is None


@pytest.mark.parametrize("attribute", [{"hours": "6-9"}, {"hours": "25:00-26:00"}, {"valid_to": "next week"}])
def test_attributes_that_mean_nothing_are_refused(tmp_path, attribute):
    path = geojson(tmp_path / "r.geojson", SQUARE, **attribute)
    with pytest.raises(InputError, match=f"feature 1: {next(iter(attribute))}"):
        read_register(RegisterKind.STALL_SITES, path)


@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", "GPKG"), ("shp", "ESRI Shapefile"), ("geojson", "GeoJSON")])
@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4528", "EPSG:4490", "EPSG:32651"])
def test_reads_every_format_in_its_own_reference_system(tmp_path, suffix, driver, crs):
    asked = box(121.0, 30.8, 121.01, 30.81)
    frame = geopandas.GeoDataFrame({"name": ["x"]}, geometry=[asked], crs="EPSG:4326").to_crs(crs)
    path = tmp_path / f"area.{suffix}"
    frame.to_file(path, driver=driver)
    assert read_areas(path)[0].geometry.equals_exact(asked, 1e-7, normalize=True)


def test_reads_kml(tmp_path):
    places = " ".join(f"{lon},{lat},0" for lon, lat in SQUARE)
    path = tmp_path / "area.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{places}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
        "</Placemark></Document></kml>",
        encoding="utf-8",
    )
    area = read_areas(path)[0]
    assert area.name == "a"
    assert area.geometry.equals(Polygon(SQUARE))


def test_self_crossing_is_refused_with_its_place(tmp_path):
    bow_tie = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]
    with pytest.raises(InputError, match=r"crosses itself at 121\.005000, 30\.805000 \(lon, lat\)"):
        read_areas(geojson(tmp_path / "area.geojson", bow_tie))


@pytest.mark.parametrize(
    ("ring", "hint"),
    [([[lat, lon] for lon, lat in SQUARE], "swapped"), ([[lon * 1e5, lat * 1e5] for lon, lat in SQUARE], "metres")],
)
def test_positions_outside_the_world_are_refused_with_a_guess_why(tmp_path, ring, hint):
    with pytest.raises(InputError) as caught:
        read_areas(geojson(tmp_path / "area.geojson", ring))
    assert "expected longitude within 180" in caught.value.message
    assert hint in caught.value.hint


def test_overlapping_towns_are_refused_and_areas_kept_apart(tmp_path):
    moved = [[lon + 0.005, lat] for lon, lat in SQUARE]
    with pytest.raises(InputError, match="features 1 and 2 overlap"):
        read_towns(geojson(tmp_path / "towns.geojson", SQUARE, moved))
    assert len(read_areas(geojson(tmp_path / "area.geojson", SQUARE, moved))) == 2
    beside = [[lon + 0.01, lat] for lon, lat in SQUARE]
    areas = read_areas(geojson(tmp_path / "area.geojson", SQUARE, beside))
    assert len({area.id for area in areas}) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.geojson", b"", "is empty"),
        ("a.geojson", b"\x00\xff garbage", "does not begin like a .geojson"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "cannot be read"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "has no features"),
        ("a.geojson", b"{}", "cannot be read"),
        ("a.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>", "does not begin like"),
        ("a.shp", b"\x00\x00\x27\x0a" + b"\x00" * 10, "cannot be read"),
        ("a.gpkg", b"SQLite format 3\0" + b"\x00" * 100, "cannot be read"),
        ("a.vrt", b"<OGRVRTDataSource></OGRVRTDataSource>", "is not one of"),
        ("a.kml", b"<kml><Document>", "cannot be read|has no features"),
    ],
)
def test_unusable_files_are_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_areas(path)
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_missing_file_folder_and_other_geometries_are_refused(tmp_path):
    for path in (tmp_path / "none.geojson", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            read_areas(path)
    with pytest.raises(InputError, match="feature 1 is a LineString; expected a polygon"):
        read_areas(geojson(tmp_path / "line.geojson", SQUARE, kind="LineString"))
    with pytest.raises(InputError):
        read_areas(geojson(tmp_path / "flat.geojson", [[121, 30], [121, 30.1], [121, 30]]))
    with pytest.raises(InputError, match="ring"):
        read_areas(geojson(tmp_path / "open.geojson", SQUARE[:-1]))


def test_shapefile_without_reference_system_is_refused(tmp_path):
    path = tmp_path / "area.shp"
    geopandas.GeoDataFrame(geometry=[Point(121, 30.8).buffer(0.01)], crs="EPSG:4326").to_file(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(InputError, match="does not say its coordinate reference system"):
        read_areas(path)


def test_times_in_the_wrong_order_are_refused_not_dropped(tmp_path):
    path = tmp_path / "zones.geojson"
    feature = {
        "type": "Feature",
        "properties": {"name": "z", "valid_from": "2026-06-01T00:00:00+08:00", "valid_to": "2026-05-01T00:00:00+08:00"},
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(InputError, match=r"feature 1: valid_to 2026-05-01.* is not after valid_from"):
        read_zones(path)


@pytest.mark.parametrize("driver", ["GeoJSON", "GPKG", "ESRI Shapefile"])
def test_a_layer_without_features_says_that_there_are_no_zones(tmp_path, driver):
    path = tmp_path / f"none{ {'GeoJSON': '.geojson', 'GPKG': '.gpkg', 'ESRI Shapefile': '.shp'}[driver] }"
    none = np.array([], dtype=object)
    pyogrio.raw.write(path, none, [], [], geometry_type="Polygon", crs="EPSG:4326", driver=driver)
    assert read_zones(path) == ()
    for read in (read_areas, read_lines):
        with pytest.raises(InputError, match="has no features"):
            read(path)
    (empty,) = survey([DEMO / "area.geojson"], [path]).findings
    assert "has no features" in empty.message
    with pytest.raises(InputError, match="has no features"):
        survey([path])
    with pytest.raises(InputError, match="no features"):
        survey([path], [path])
