"""``dronepatrol check``: a table for people, JSON for programs, exit 4 while there is a blocker."""

import json

import pytest
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import SafetyError
from dronepatrol.model.mission import Dock, Finding, Mission, Sortie, Waypoint
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import write_mission

SORTIE = Sortie("s", Dock("d", "d", 121.0, 30.7, 3.0), (Waypoint(121.0, 30.7, 80.0),), 8.0, 80.0, 1.0, 1.0, 1.0, 1)
INFO = Finding("CLASS", "info", "counts as light")
BLOCKER = Finding("ALT120", "blocker", "too high", "fly lower", (121.5, 30.25))


def folder(tmp_path, *findings):
    mission = Mission("p", 1, "c", "a", "ardupilot", 80.0, 0.04, 40.0, 20.0, (), (), (SORTIE,), findings)
    write_mission(PatrolFolder(tmp_path).mission, mission)
    return str(tmp_path)


def test_a_plan_with_a_blocker_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["check", folder(tmp_path, INFO, BLOCKER)])
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["blocker", "ALT120", "121.50000", "30.25000", "too", "high"]
    assert lines[2].split() == ["→", "fly", "lower"]
    assert lines[-1] == "1 blocker, 0 warning, 1 info"
    assert isinstance(result.exception, SafetyError)
    assert result.exception.exit_code == 4


def test_the_table_speaks_chinese_where_asked(tmp_path):
    said = Finding("ALT120", "warning", "too high", "fly lower", (121.5, 30.25), "太高", "飞低一些")
    result = CliRunner().invoke(app, ["check", folder(tmp_path, said, INFO), "--lang", "zh"])
    assert result.exit_code == 0
    assert "太高" in result.stdout
    assert "飞低一些" in result.stdout
    assert "too high" not in result.stdout
    assert "counts as light" in result.stdout, "English where there is no Chinese"
    assert CliRunner().invoke(app, ["check", folder(tmp_path, said), "--lang", "fr"]).exit_code != 0


def test_a_plan_without_blockers_passes_and_speaks_json(tmp_path):
    result = CliRunner().invoke(app, ["check", folder(tmp_path, INFO), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "dronepatrol/checks/1"
    assert [finding["rule"] for finding in document["findings"]] == ["CLASS"]


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_nothing_found(tmp_path, as_json):
    assert CliRunner().invoke(app, ["check", folder(tmp_path), *as_json]).exit_code == 0
