"""Planned against flown: one sortie of the demo on the embedded vehicle, which has its own dynamics and battery."""

from dataclasses import replace
from pathlib import Path

import pytest

from dronepatrol.model.progress import silent
from dronepatrol.patrol.fly import fly_simulated
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.mission import plan_mission
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

SPEC = Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml"


@pytest.mark.slow
def test_a_sortie_takes_the_time_that_was_planned(tmp_path):
    spec = read_spec(SPEC)
    mission = plan_mission(read_request(spec))
    sortie = mission.sorties[0]
    folder = PatrolFolder(tmp_path)
    (flight,) = fly_simulated(spec, replace(mission, sorties=(sortie,)), folder, 100.0, silent)
    assert sortie.planned_time_s == pytest.approx(flight.time_s, rel=0.05)
    assert sortie.planned_length_m == pytest.approx(flight.length_m, rel=0.03)
