"""A reported position becomes a checked mission from the nearest free dock."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import InputError, PlanError
from dronepatrol.geo.local import WGS84
from dronepatrol.model.patrol import Datum, Pattern
from dronepatrol.patrol.plan import read_request
from dronepatrol.patrol.respond import respond
from dronepatrol.plan.mission import plan_mission
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission
from dronepatrol.store.spec import read_spec

MISSIONS = Path(__file__).resolve().parents[2] / "missions"
SPEC = read_spec(MISSIONS / "pinghu-urban.toml")
AT = (121.0215, 30.7040)
START = datetime(2026, 5, 18, 2, 0, tzinfo=UTC)


def metres(dock, at):
    return WGS84.inv(dock.lon_deg, dock.lat_deg, *at)[2]


@pytest.mark.parametrize("at", [AT, (121.0330, 30.6930), (121.0060, 30.7150)])
def test_it_flies_to_the_place_from_the_nearest_dock_and_looks_down_at_it(at, tmp_path):
    answer = respond(SPEC, at, START, PatrolFolder(tmp_path))
    assert answer.dock == min(SPEC.fleet.docks, key=lambda dock: metres(dock, at))
    (sortie,) = answer.mission.sorties
    photos = [waypoint for waypoint in sortie.waypoints if waypoint.photo_here]
    assert len(photos) == sortie.planned_photos == 5
    assert min(WGS84.inv(photo.lon_deg, photo.lat_deg, *at)[2] for photo in photos) < 0.1
    assert read_mission(PatrolFolder(tmp_path).mission) == answer.mission
    assert (tmp_path / "plan" / "sortie-01.plan").exists()


def test_a_busy_dock_is_passed_over(tmp_path):
    first = respond(SPEC, AT, START, PatrolFolder(tmp_path / "1"))
    second = respond(SPEC, AT, START, PatrolFolder(tmp_path / "2"), busy=[first.dock.id])
    order = sorted(SPEC.fleet.docks, key=lambda dock: metres(dock, AT))
    assert [first.dock, second.dock] == order[:2]


def test_the_folder_can_be_planned_again_whatever_the_datum_of_the_specs_files(tmp_path):
    moved = replace(SPEC, datum=Datum.GCJ02, nofly_file=None)
    answer = respond(moved, AT, START, PatrolFolder(tmp_path))
    spec = read_spec(tmp_path / "patrol.toml")
    assert spec.pattern is Pattern.RECHECK
    again = plan_mission(read_request(spec))
    for one, other in zip(answer.mission.sorties[0].waypoints, again.sorties[0].waypoints, strict=True):
        assert WGS84.inv(one.lon_deg, one.lat_deg, other.lon_deg, other.lat_deg)[2] < 0.1


def test_what_cannot_be_answered_says_why(tmp_path):
    folder = PatrolFolder(tmp_path)
    with pytest.raises(PlanError):
        respond(SPEC, (125.0, 30.7), START, folder)
    with pytest.raises(InputError, match="is none"):
        respond(SPEC, (30.7, 121.0), START, folder)
    with pytest.raises(InputError, match="no dock is called moon"):
        respond(SPEC, AT, START, folder, busy=["moon"])
    with pytest.raises(InputError, match="busy"):
        respond(SPEC, AT, START, folder, busy=[dock.id for dock in SPEC.fleet.docks])
    assert not list(tmp_path.iterdir())


def test_the_command_prints_how_long_planning_took(tmp_path):
    spec = str(MISSIONS / "pinghu-urban.toml")
    asked = ["respond", spec, "--at", "121.0215,30.7040", "--start", START.isoformat(), "--json"]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "r")])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["schema"], said["dock"]) == ("dronepatrol/respond/1", "urban-c")
    assert 0 < said["plan_s"] < 10  # under a second on an idle machine


@pytest.mark.parametrize("wrong", [["--at", "121.02"], ["--at", "a,b"], ["--at", "1,2", "--start", "noon"]])
def test_options_that_cannot_be_read_are_refused(wrong, tmp_path):
    spec = str(MISSIONS / "pinghu-urban.toml")
    done = CliRunner().invoke(app, ["respond", spec, *wrong, "--out", str(tmp_path)])
    assert isinstance(done.exception, InputError)
