"""Areas as people send them: shifted datums and several reference systems, areas that touch, overlap, or are closed."""

import json
from dataclasses import replace
from pathlib import Path

import geopandas
import pytest
import shapely
from shapely import box

from dronepatrol.areas import read_areas, read_zones
from dronepatrol.errors import InputError
from dronepatrol.geo.datum import from_wgs84
from dronepatrol.geo.local import WGS84, LocalFrame
from dronepatrol.model.patrol import Datum
from dronepatrol.patrol.plan import plan, read_request
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
FRAME = LocalFrame(121.082, 30.823)


def write(path: Path, crs: str = "EPSG:4326", **boxes: tuple[float, float, float, float]) -> Path:
    """Write boxes in metres around the demo's origin."""
    shapes = [FRAME.geometry_to_lonlat(box(*one)) for one in boxes.values()]
    frame = geopandas.GeoDataFrame({"id": list(boxes), "name": list(boxes)}, geometry=shapes, crs="EPSG:4326")
    frame.to_crs(crs).to_file(path, driver="GeoJSON" if path.suffix == ".geojson" else "GPKG")
    return path


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_spec_in_a_shifted_datum_asks_for_the_same_ground(tmp_path, datum):
    assert SPEC.nofly_file is not None
    for name, file in (("area", SPEC.area_files[0]), ("nofly", SPEC.nofly_file)):
        shape = shapely.transform(geopandas.read_file(file).geometry.item(), lambda points: from_wgs84(points, datum))
        geopandas.GeoDataFrame({"id": [name]}, geometry=[shape], crs="EPSG:4490").to_file(tmp_path / f"{name}.gpkg")
    spec = replace(SPEC, area_files=(tmp_path / "area.gpkg",), nofly_file=tmp_path / "nofly.gpkg", datum=datum)
    asked, shifted = read_request(SPEC), read_request(spec)
    for one, other in ((asked.areas, shifted.areas), (asked.zones, shifted.zones)):
        pairs = [shapely.get_coordinates(shapely.normalize(of[0].geometry)) for of in (one, other)]
        assert WGS84.inv(*pairs[0].T, *pairs[1].T)[2].max() < 0.01


def test_odd_areas_are_named_and_the_rest_is_flown(tmp_path):
    one = write(tmp_path / "one.geojson", left=(0, 0, 200, 200), right=(200, 0, 400, 200), over=(350, 0, 550, 200))
    two = write(tmp_path / "two.gpkg", "EPSG:4549", closed=(0, 400, 150, 550), thin=(0, 700, 3, 900))
    nofly = write(tmp_path / "nofly.geojson", zone=(-20, 380, 170, 570))
    mission = plan(replace(SPEC, area_files=(one, two), nofly_file=nofly), PatrolFolder(tmp_path / "p"), lambda _: None)
    said = [f"{finding.rule}: {finding.message}" for finding in mission.findings]
    assert any("left and right touch" in text for text in said)
    assert any("right and over overlap by 10,0" in text or "right and over overlap by 9,9" in text for text in said)
    assert any("thin has 1 part nowhere wider than 5 m" in text for text in said)
    assert any("closed" in text and "wholly inside no-fly" in text for text in said)
    assert mission.sorties
    places = shapely.points([(w.lon_deg, w.lat_deg) for sortie in mission.sorties for w in sortie.waypoints])
    (zone,) = read_zones(nofly)
    assert not shapely.intersects(places, zone.geometry).any()
    for area in read_areas(one):
        assert shapely.dwithin(area.geometry, shapely.multipoints(places), 1e-4)
    checks = json.loads((tmp_path / "p" / "plan" / "checks.json").read_text(encoding="utf-8"))
    assert any(one["rule"] == "area touch" for one in checks["findings"])


def test_a_self_crossing_area_is_refused_with_what_is_left(tmp_path):
    tie = shapely.Polygon([(121.08, 30.82), (121.09, 30.83), (121.09, 30.82), (121.08, 30.83)])
    path = tmp_path / "a.geojson"
    shapes = [FRAME.geometry_to_lonlat(box(0, 0, 200, 200)), tie]
    geopandas.GeoDataFrame(geometry=shapes, crs="EPSG:4326").to_file(path, driver="GeoJSON")
    with pytest.raises(InputError, match="feature 2 crosses itself") as caught:
        read_request(replace(SPEC, area_files=(path,)))
    assert "other 1 can be used" in caught.value.hint
