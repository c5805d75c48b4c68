"""Files as offices have them: Chinese attribute tables, shifted datums, archives; and files made to do harm."""

import json
import struct
import zipfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import geopandas
import pytest
import shapely
from shapely import LineString, MultiLineString, MultiPoint, Point, box

from dronepatrol.areas import read_areas, read_buildings, read_lines, read_places, read_register, read_zones
from dronepatrol.areas.layer import read_layer
from dronepatrol.errors import InputError
from dronepatrol.geo.datum import from_wgs84
from dronepatrol.geo.local import WGS84
from dronepatrol.model.patrol import Datum, RegisterKind, ZoneKind

PINGHU = Path(__file__).resolve().parents[2] / "geodata" / "pinghu"
SQUARE = box(121.0, 30.8, 121.01, 30.81)
RING = "121.0,30.8,0 121.01,30.8,0 121.01,30.81,0 121.0,30.81,0 121.0,30.8,0"
PLACEMARK = (
    "<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    "</outerBoundaryIs></Polygon></Placemark>"
)


def kml(*names: str, head: str = "", folders: bool = False) -> str:
    marks = [PLACEMARK.format(name=name, ring=RING) for name in names]
    if folders:
        marks = [f"<Folder><name>f{number}</name>{mark}</Folder>" for number, mark in enumerate(marks)]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"{''.join(marks)}</Document></kml>"
    )


def kmz(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write(path: Path, geometries, crs="EPSG:4326", **columns) -> Path:
    frame = geopandas.GeoDataFrame(columns, geometry=list(geometries), crs="EPSG:4326").to_crs(crs)
    frame.to_file(path, driver={".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}[path.suffix])
    return path


@pytest.mark.parametrize("encoding", ["GB18030", "GBK", "UTF-8"])
@pytest.mark.parametrize("said_by", ["cpg", "language driver", "nothing"])
def test_chinese_attribute_tables(tmp_path, encoding, said_by):
    if said_by == "language driver" and encoding == "UTF-8":
        pytest.skip("dBASE has no language driver for UTF-8")
    frame = geopandas.GeoDataFrame({"编号": ["甲-1"], "名称": ["新埭镇泖河村"]}, geometry=[SQUARE], crs="EPSG:4549")
    path = tmp_path / "区域.shp"
    frame.set_crs("EPSG:4326", allow_override=True).to_crs("EPSG:4549").to_file(path, encoding=encoding)
    if said_by != "cpg":
        path.with_suffix(".cpg").unlink(missing_ok=True)
    if said_by == "language driver":
        table = bytearray(path.with_suffix(".dbf").read_bytes())
        table[29] = 0x4D
        path.with_suffix(".dbf").write_bytes(table)
    (area,) = read_areas(path)
    assert (area.id, area.name) == ("甲-1", "新埭镇泖河村")
    assert area.geometry.equals_exact(SQUARE, 1e-7, normalize=True)


def test_a_wrong_cpg_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "a.shp"
    write(path, [SQUARE], name=["x"])
    geopandas.GeoDataFrame({"name": ["平湖市"]}, geometry=[SQUARE], crs="EPSG:4326").to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(InputError, match="not in utf-8") as caught:
        read_areas(path)
    assert ".cpg" in caught.value.hint


@pytest.mark.parametrize("said", [b"hex", b"\0\xff", b"ANSI936", b"", b"936", b"GB 2312"])
def test_a_cpg_that_nobody_understands_is_passed_over(tmp_path, said):
    path = tmp_path / "a.shp"
    geopandas.GeoDataFrame({"name": ["平湖市"]}, geometry=[SQUARE], crs="EPSG:4326").to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").write_bytes(said)
    assert read_areas(path)[0].name == "平湖市"


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.shp"])
def test_shifted_files_end_as_wgs84_within_a_centimetre(tmp_path, datum, name):
    shifted = shapely.transform(SQUARE, lambda points: from_wgs84(points, datum))
    path = write(tmp_path / name, [shifted], name=["x"], crs="EPSG:4490" if name != "a.geojson" else "EPSG:4326")
    geometry = read_areas(path, datum)[0].geometry
    corners, expected = shapely.get_coordinates([geometry.normalize(), SQUARE.normalize()]).reshape(2, -1, 2)
    assert WGS84.inv(*corners.T, *expected.T)[2].max() < 0.01
    away_m = WGS84.inv(*shapely.get_coordinates(read_areas(path)[0].geometry)[0], *corners[0])[2]
    assert away_m > 400


def test_a_datum_for_a_file_from_elsewhere_is_refused(tmp_path):
    path = write(tmp_path / "paris.geojson", [box(2.3, 48.8, 2.4, 48.9)], name=["x"])
    with pytest.raises(InputError, match="lies outside China") as caught:
        read_areas(path, Datum.GCJ02)
    assert "--datum" in caught.value.hint


def test_layers_with_different_reference_systems_end_in_one_place(tmp_path):
    path = tmp_path / "a.gpkg"
    for layer, crs in (("one", "EPSG:4549"), ("two", "EPSG:4528"), ("three", "EPSG:4490")):
        geopandas.GeoDataFrame({"name": [layer]}, geometry=[SQUARE], crs="EPSG:4326").to_crs(crs).to_file(
            path, layer=layer, driver="GPKG"
        )
    areas = read_areas(path)
    assert [area.name for area in areas] == ["one", "two", "three"]
    assert all(area.geometry.equals_exact(SQUARE, 1e-7, normalize=True) for area in areas)
    assert [name.partition(" ")[0] for name in read_layer(path).crs] == ["EPSG:4549", "EPSG:4528", "EPSG:4490"]


def test_kml_folders_and_kmz_are_read_whole(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(kml("甲", "乙", folders=True), encoding="utf-8")
    assert [area.name for area in read_areas(path)] == ["甲", "乙"]
    packed = kmz(tmp_path / "a.kmz", {"files/x.png": b"\x89PNG", "other.kml": kml("no"), "doc.kml": kml("甲", "乙")})
    assert [area.name for area in read_areas(packed)] == ["甲", "乙"]
    assert read_areas(packed)[0].geometry.equals(SQUARE)


@pytest.mark.parametrize("encoding", ["GB18030", "gb2312", "GBK"])
def test_kml_in_chinese_encodings(tmp_path, encoding):
    path = tmp_path / "a.kml"
    path.write_bytes(kml("新埭镇").replace("UTF-8", encoding).encode(encoding))
    assert read_areas(path)[0].name == "新埭镇"
    path.write_bytes(path.read_bytes().replace("新埭镇".encode(encoding), b"\xff\xff"))
    with pytest.raises(InputError, match="not in the encoding that it says"):
        read_areas(path)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"doc.kml": kml("x", head=BOMB + "]>").replace("x</name>", "&i;</name>")}, "document type or entities"),
        ({"doc.kml": " " * 70_000_000}, "unpacks to more than"),
        ({"../../etc/doc.kml": kml("x")}, "points out of the archive"),
        ({"/etc/doc.kml": kml("x")}, "points out of the archive"),
        ({"..\\doc.kml": kml("x")}, "points out of the archive"),
        ({"C:\\doc.kml": kml("x")}, "points out of the archive"),
        ({f"{number}.kml": "" for number in range(1001)}, "holds 1,001 files"),
        ({"readme.txt": "x"}, "holds no .kml file"),
        ({"doc.kml": "PK\x03\x04"}, "does not begin like a .kml"),
        ({"doc.kml": kml("x").encode("utf-16")}, "does not begin like a .kml|not UTF-8"),
        ({"doc.kml": "<kml><Document>"}, "cannot be read|has no features"),
    ],
)
def test_archives_made_to_do_harm_are_refused(tmp_path, members, message):
    with pytest.raises(InputError, match=message) as caught:
        read_areas(kmz(tmp_path / "a.kmz", members))
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.kmz"]


@pytest.mark.parametrize("where", [4, 18, 40, -30, -4])
def test_damaged_archives_are_refused(tmp_path, where):
    path = kmz(tmp_path / "a.kmz", {"doc.kml": kml("x")})
    content = bytearray(path.read_bytes())
    content[where : where + 4] = struct.pack("<I", 0xFFFFFFFF)[: len(content[where : where + 4])]
    path.write_bytes(content)
    with suppress(InputError):  # some damage does not matter
        assert read_areas(path)[0].name == "x"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_areas(path)


VIRTUAL = (
    f'<OGRVRTDataSource><OGRVRTLayer name="towns"><SrcDataSource>{PINGHU / "towns.geojson"}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
PIPELINE = json.dumps(
    {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {PINGHU / 'towns.geojson'}"}
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.kml", "<!-- <kml> -->" + VIRTUAL),
        ("a.kml", f"<!-- {VIRTUAL} -->" + kml("x")),
        ("a.geojson", PIPELINE),
        ("a.gdalg.json", PIPELINE),
    ],
)
def test_files_that_point_at_other_files_are_not_followed(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"points at other files|does not begin like"):
        read_areas(path)


def test_a_small_file_with_a_million_attributes_is_refused_at_once(tmp_path):
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [121, 30]}}
    features = [{**feature, "properties": {f"k{number}": 1}} for number in range(20_000)]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    with pytest.raises(InputError, match="20,000 different attributes"):
        read_places(path)


@pytest.mark.parametrize("head", ["<!---->" * 500, "<?a?>" * 700, " " * 4000])
def test_a_long_head_is_no_hang(tmp_path, head):
    path = tmp_path / "a.kml"
    path.write_text(head + "<gpx/>", encoding="utf-8")
    with pytest.raises(InputError, match="does not begin like"):
        read_areas(path)


def test_entities_far_into_a_kml_are_found(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(kml("x", head=f"<!-- {'x' * 3000} -->" + BOMB + "]>"), encoding="utf-8")
    with pytest.raises(InputError, match="entities"):
        read_areas(path)


def test_unusable_features_are_named_with_what_is_left(tmp_path):
    tie = shapely.Polygon([(121.02, 30.8), (121.03, 30.81), (121.03, 30.8), (121.02, 30.81)])
    path = write(tmp_path / "a.geojson", [SQUARE, tie, shapely.affinity.translate(SQUARE, 0.1)], name=["a", "b", "c"])
    with pytest.raises(InputError, match=r"feature 2 crosses itself at 121\.025000, 30\.805000") as caught:
        read_areas(path)
    assert "the file's other 2 can be used" in caught.value.hint
    layer = read_layer(path)
    assert [feature.number for feature in layer.features] == [1, 3]
    assert layer.skipped[0].item.endswith("feature 2")


def test_lines_and_places_come_one_by_one(tmp_path):
    roads = [
        LineString([(121, 30), (121.1, 30)]),
        MultiLineString([[(121, 31), (121.1, 31)], [(121, 32), (121.1, 32)]]),
    ]
    assert len(read_lines(write(tmp_path / "roads.geojson", roads))) == 3
    places = [Point(121, 30.8), MultiPoint([(121.1, 30.8), (121.2, 30.8)])]
    path = write(tmp_path / "places.geojson", places)
    assert [place.x for place in read_places(path)] == [121, 121.1, 121.2]
    with pytest.raises(InputError, match="feature 1 is a Point; expected a line"):
        read_lines(path)
    moved = read_places(path, Datum.GCJ02)[0]
    assert 400 < WGS84.inv(moved.x, moved.y, 121, 30.8)[2] < 520


def test_building_heights_by_their_names(tmp_path):
    columns = {"height_m": [12.5, None, None, None], "高度": [None, "33", None, None], "levels": [2.0, None, 5.0, None]}
    path = write(tmp_path / "b.geojson", [SQUARE] * 3, **{name: values[:3] for name, values in columns.items()})
    assert [one.height_m for one in read_buildings(path)] == [12.5, 33.0, 15.0]
    with pytest.raises(InputError, match="feature 4 has neither height_m"):
        read_buildings(write(tmp_path / "c.geojson", [SQUARE] * 4, **columns))
    for wrong in ("-3", "nan", "inf", "high", "5000"):
        with pytest.raises(InputError, match=r"expected a number from 0 to 1000|has neither"):
            read_buildings(write(tmp_path / "d.geojson", [SQUARE], height=[wrong]))


def test_zones_have_kinds_heights_and_times(tmp_path):
    path = write(
        tmp_path / "z.geojson",
        [SQUARE] * 3,
        kind=["height_limit", "sensitive", None],
        max_height_m=[60, None, None],
        valid_from=["2026-05-23 12:00", None, None],
        valid_to=["2026-05-23T23:00:00Z", None, None],
    )
    limit, sensitive, plain = read_zones(path)
    assert (limit.kind, limit.max_height_m) == (ZoneKind.HEIGHT_LIMIT, 60.0)
    assert limit.valid_from is not None
    assert limit.valid_from.utcoffset() == timedelta(hours=8)
    assert limit.valid_to is not None
    assert limit.valid_to.utcoffset() == timedelta(0)
    assert (sensitive.kind, sensitive.max_height_m, sensitive.valid_to) == (ZoneKind.SENSITIVE, None, None)
    assert plain.kind is ZoneKind.NO_FLY
    for columns, message in (
        ({"kind": ["forbidden"]}, "kind = 'forbidden'; expected one of no_fly"),
        ({"kind": ["height_limit"]}, "without max_height_m"),
        ({"kind": ["height_limit"], "max_height_m": [-5]}, "max_height_m = '-5"),
    ):
        with pytest.raises(InputError, match=message):
            read_zones(write(tmp_path / "y.geojson", [SQUARE], **columns))


def test_outdoor_adverts_are_a_register(tmp_path):
    path = write(tmp_path / "r.geojson", [SQUARE], name=["大屏"], hours=["06:00-22:00"])
    (entry,) = read_register(RegisterKind.OUTDOOR_ADVERTS, path)
    assert (entry.name, entry.hours) == ("大屏", "06:00-22:00")
