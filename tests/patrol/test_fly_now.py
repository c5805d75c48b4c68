"""A plan that is flown at another time than it was made for."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from dronepatrol.patrol.fly_now import as_of
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission
from dronepatrol.store.spec import read_spec

SPEC = Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml"


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return the folder of a planned patrol."""
    out = tmp_path_factory.mktemp("planned") / "o"
    command = [sys.executable, "-m", "dronepatrol", "plan", str(SPEC), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return PatrolFolder(out)


def parts(folder):
    mission = read_mission(folder.mission)
    first = timedelta(seconds=mission.sorties[0].start_s)
    return folder, mission, read_spec(folder.spec).start + first


def test_at_its_own_time_nothing_is_asked(planned):
    folder, mission, start = parts(planned)
    now = as_of(start + timedelta(minutes=10), mission, mission.sorties, folder)
    assert (now.forbidden, now.warning) == ((), "")


def test_at_night_a_plan_for_the_day_is_forbidden_and_says_why(planned):
    folder, mission, start = parts(planned)
    now = as_of(start + timedelta(hours=12), mission, mission.sorties, folder)
    assert now.forbidden
    assert all(text.startswith("now: ") for text in now.forbidden)
    assert "the plan was made for" in now.warning


def test_on_another_day_at_the_same_hour_it_is_said(planned):
    folder, mission, start = parts(planned)
    now = as_of(start + timedelta(days=1), mission, mission.sorties, folder)
    assert now.forbidden == ()
    assert f"{start:%Y-%m-%d}" in now.warning


def test_where_it_cannot_be_decided_that_is_said(planned, tmp_path):
    folder, mission, start = parts(planned)
    bare = PatrolFolder(tmp_path)
    bare.mission.parent.mkdir(parents=True)
    shutil.copy(folder.mission, bare.mission)
    now = as_of(start + timedelta(hours=12), mission, mission.sorties, bare)
    assert now.forbidden == ()
    assert "whether temporary zones and daylight allow the flight now is not known" in now.warning


def test_a_real_vehicle_is_not_flown_unconfirmed(planned):
    command = [sys.executable, "-m", "dronepatrol", "fly", str(planned.root), "--connect", "udp:127.0.0.1:9"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4
    assert "udp:127.0.0.1:9 is not simulated and nobody confirmed which vehicle may fly" in done.stderr
    assert "--confirm SYSID" in done.stderr
