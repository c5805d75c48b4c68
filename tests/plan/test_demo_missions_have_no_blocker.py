"""Every shipped mission plans without a blocker, and its findings speak both languages."""

from pathlib import Path

import pytest

from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.mission import plan_mission
from dronepatrol.store.spec import read_spec

MISSIONS = Path(__file__).resolve().parents[2] / "missions"
SLOW = {"pinghu-urban", "pinghu-21-towns"}
QUICK = sorted(path.stem for path in MISSIONS.glob("*.toml") if path.stem not in SLOW)


def looked_at(name):
    mission = plan_mission(read_request(read_spec(MISSIONS / f"{name}.toml")))
    assert [f"{f.rule}: {f.message}" for f in mission.findings if f.severity == "blocker"] == []
    assert [f.message for f in mission.findings if not (f.what_to_do and f.message_zh and f.what_to_do_zh)] == []


@pytest.mark.parametrize("name", QUICK)
def test_a_shipped_mission_may_be_flown_and_says_so_in_both_languages(name):
    looked_at(name)


@pytest.mark.campaign
@pytest.mark.parametrize("name", sorted(SLOW))
def test_a_shipped_city_may_be_flown_and_says_so_in_both_languages(name):
    looked_at(name)
