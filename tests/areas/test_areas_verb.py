"""``dronepatrol areas``: lists what is there, draws it, and names what cannot be used."""

import json
import re
from pathlib import Path

import geopandas
import pytest
import shapely
from shapely import box

from dronepatrol.__main__ import main
from dronepatrol.cli.areas import DATUMS
from dronepatrol.model.patrol import Datum

PINGHU = Path(__file__).resolve().parents[2] / "geodata" / "pinghu"
EVIL = """</script><img src=x onerror="window.evil=1">`${1}`{{7*7}}{% endraw %}"""


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["dronepatrol", "areas", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    told = capsys.readouterr()
    return left.value.code or 0, told.out, told.err


def write(path: Path, geometries, **columns) -> Path:
    geopandas.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4326").to_file(path, driver="GeoJSON")
    return path


def test_lists_the_demo(capsys):
    code, out, err = run(capsys, PINGHU / "urban.geojson", "--zones", PINGHU / "zones.geojson")
    assert code == 0
    assert "EPSG:4326 WGS 84  1 area, 30.0000 km2" in out
    assert re.search(r"pinghu-urban +area +30\.0000 km2, 21\.9\d\d km +平湖市城区", out)
    assert "18 no_fly, 3 height_limit, 2 sensitive, 3 advisory" in out
    assert err == ""


def test_one_json_document_has_everything(capsys):
    code, out, _ = run(capsys, PINGHU / "towns.geojson", PINGHU / "roads.geojson", PINGHU / "docks.geojson", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["schema"] == "dronepatrol/areas/1"
    assert [one["datum"] for one in found["files"]] == ["wgs84"] * 3
    whats = [one["what"] for one in found["features"]]
    assert (whats.count("area"), whats.count("place")) == (21, 26)
    assert sum(one["km2"] for one in found["features"]) == pytest.approx(24.3, abs=0.01)
    assert all((one["length_m"] > 0) == (one["what"] != "place") for one in found["features"])


def test_datum_moves_what_is_listed(capsys):
    plain, moved = (
        json.loads(run(capsys, PINGHU / "urban.geojson", "--json", *more)[1])["features"][0]["bounds_deg"]
        for more in ([], ["--datum", "gcj02"])
    )
    assert plain[0] - moved[0] == pytest.approx(0.0043, abs=0.0004)


def test_what_cannot_be_used_is_named_and_the_rest_listed(capsys, tmp_path):
    tie = shapely.Polygon([(121.02, 30.8), (121.03, 30.81), (121.03, 30.8), (121.02, 30.81)])
    square = box(121, 30.8, 121.01, 30.81)
    path = write(tmp_path / "a.geojson", [square, tie, box(121.005, 30.8, 121.015, 30.81)], name=["a", "b", "c"])
    code, out, err = run(capsys, path, tmp_path / "none.shp")
    assert code == 3
    assert "2 area" in out
    assert "feature 2: crosses itself at 121.025000, 30.805000" in err
    assert "none.shp" in err
    assert "overlap by" in err
    assert "Traceback" not in err


def test_nothing_usable_is_an_error(capsys, tmp_path):
    code, out, err = run(capsys, tmp_path / "none.geojson")
    assert (code, out) == (2, "")
    assert "cannot read" in err
    code, _, err = run(capsys, PINGHU / "urban.geojson", "--out", tmp_path / "map.png")
    assert code == 2
    assert ".html" in err
    code, _, err = run(capsys, PINGHU / "urban.geojson", "--datum", "wgs72")
    assert code == 2
    assert "expected one of wgs84, gcj02, bd09" in err
    assert set(DATUMS) == set(Datum)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_draws_a_map_that_fetches_nothing_and_takes_names_as_text(capsys, tmp_path, lang):
    path = write(tmp_path / "a.geojson", [box(121, 30.8, 121.01, 30.81)], name=[EVIL], id=[EVIL])
    out = tmp_path / "map.html"
    code, _, _ = run(
        capsys, path, PINGHU / "roads.geojson", "--zones", PINGHU / "zones.geojson", "--out", out, "--lang", lang
    )
    assert code == 0
    text = out.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']?(?!data:)""", text)
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text
    assert ("height limit" in text) == (lang == "en")
    assert not list(tmp_path.glob(".*part"))
