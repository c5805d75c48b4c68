"""``dronepatrol convert`` and ``check FILE``: what a file holds, other formats, losses named, nothing overwritten."""

import json

import pytest
from click.exceptions import Exit

from dronepatrol.cli.app import app
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.formats.registry import read

PLAN = "mavros/simple.plan"


def said(result):
    assert "Traceback" not in result.stderr
    return result.stdout, result.stderr


def test_what_a_file_holds(dronepatrol, testdata):
    path = testdata("missions/wpml_codec/waypoint.kmz")
    result = dronepatrol("convert", path, "--json")
    found = json.loads(result.stdout)
    assert (result.returncode, found["schema"], found["format"]) == (0, "dronepatrol/mission-file/1", "DJI WPML")
    assert (found["items"], found["aircraft"], found["version"]) == (53, "m3t", "1.0.6")
    checked = dronepatrol("check", path)
    assert (checked.returncode, "DJI aircraft  m3t" in checked.stdout) == (0, True)
    assert "warning: action zoom" in checked.stdout


def test_a_file_becomes_others_and_losses_are_named(dronepatrol, testdata, tmp_path):
    path = testdata(f"missions/{PLAN}")
    formats = [part for name in ("waypoints", "kml", "geojson", "kmz", "csv") for part in ("--to", name)]
    result = dronepatrol("convert", path, *formats, "--aircraft", "m3e", "--out", "made")
    out, _err = said(result)
    assert "not in it: fence" in out
    made = {one.suffix for one in (tmp_path / "made").iterdir()}
    skipped = set() if result.returncode == 0 else {".kmz", ".csv"}
    assert result.returncode == (3 if skipped - made else 0)
    assert made >= {".waypoints", ".kml", ".geojson"}
    back = json.loads(dronepatrol("convert", "made/simple.geojson", "--json").stdout)
    assert (back["items"], back["fence_items"], back["rally_points"]) == (10, 6, 3)


def run(*arguments):
    """Run the verb in this process; what is refused is raised."""
    code = app(["convert", *map(str, arguments)], standalone_mode=False)
    if code:
        raise Exit(code)


def test_nothing_is_overwritten(testdata, tmp_path):
    path = tmp_path / "a.plan"
    path.write_bytes(testdata(f"missions/{PLAN}").read_bytes())
    before = path.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        run(path, "--to", "plan")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none.plan",), "is not there"),
        (("a.exe",), "no format of missions"),
        (("a.kml", "--to", "gpx"), "'gpx' is no format that missions are written in"),
        (("a.kml", "--to", "plan"), "holds no mission, but 1 areas and 0 lines"),
        (("a.kml", "--near", "x"), "expected longitude,latitude"),
        (("a.kml", "--speed", "-1"), "expected metres per second"),
        (("a.kml", "--autopilot", "dji"), "expected one of ardupilot, px4"),
        ((".",), "--to says what to write"),
        ((".", "--to", "kmz"), "cannot read the mission"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    ring = "121.0,30.0 121.1,30.0 121.1,30.1 121.0,30.0"
    shape = f"<Polygon><outerBoundaryIs><coordinates>{ring}</coordinates></outerBoundaryIs></Polygon>"
    (tmp_path / "a.kml").write_text(f"<kml>{shape}</kml>")
    with pytest.raises(DronePatrolError, match=reason):
        run(*arguments)
    assert capsys.readouterr().out == ""


def test_what_cannot_be_written_is_skipped_and_named(testdata, tmp_path, capsys):
    with pytest.raises(Exit) as left:
        run(testdata(f"missions/{PLAN}"), "--to", "kml", "--to", "kmz", "--out", tmp_path)
    assert left.value.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["simple.kml"]
    assert (
        "simple.kmz: a DJI file needs the aircraft that shall fly it (name one of m30, m30t" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_patrols_sorties_become_dji_files_and_stale_ones_go(dronepatrol, demo_spec, tmp_path):
    stale = tmp_path / "patrol/plan/sortie-01.kmz"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of a plan before")
    assert dronepatrol("plan", demo_spec, "--out", "patrol").returncode == 0
    assert not stale.exists(), "a new plan leaves no file of the old one"
    sorties = {path.stem for path in stale.parent.glob("*.plan")}
    result = dronepatrol("convert", "patrol", "--to", "kmz", "--aircraft", "m3td", "--json")
    assert result.returncode == 0, result.stderr
    files = json.loads(result.stdout)["files"]
    assert {path.stem for path in stale.parent.glob("*.kmz")} == sorties
    assert len(files) == len(sorties) > 1
    assert any("custom flight area" in loss for loss in files[0]["losses"])
    for name in sorties:
        one, other = (read(stale.parent / f"{name}{suffix}").flight for suffix in (".plan", ".kmz"))
        assert [(i.command, i.lat_deg, i.lon_deg) for i in one.items] == [
            (i.command, i.lat_deg, i.lon_deg) for i in other.items
        ]
        assert one.home == other.home
