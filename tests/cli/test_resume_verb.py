"""``dronepatrol resume``: the rest of a sortie as files that fly, and bad input named."""

import json

import pytest


@pytest.mark.slow
def test_the_rest_of_a_sortie_is_planned_and_written(dronepatrol, demo_spec, tmp_path):
    assert dronepatrol("plan", demo_spec, "--out", "patrol").returncode == 0
    result = dronepatrol("resume", "patrol", "sortie-02:57", "--json")
    assert result.returncode == 0, result.stderr
    rest = json.loads(result.stdout)
    assert rest["sortie"] == "sortie-02-from-057"
    mission = json.loads((tmp_path / "patrol/plan/mission.json").read_text())
    assert mission["sorties"][-1]["id"] == rest["sortie"]
    assert (tmp_path / "patrol/plan/sortie-02-from-057.plan").exists()
    assert (tmp_path / "patrol/plan/sortie-02-from-057.waypoints").read_text().startswith("QGC WPL 110")
    card = (tmp_path / "patrol/plan/sortie-02-from-057.card.html").read_text(encoding="utf-8")
    report = (tmp_path / "patrol/plan/report.html").read_text(encoding="utf-8")
    assert "<h1>sortie-02-from-057</h1>" in card
    assert "sortie-02-from-057" in report
    assert rest["start_s"] >= max(one["start_s"] + one["planned_time_s"] for one in mission["sorties"][:-1])
    figures = json.loads((tmp_path / "patrol/plan/figures.json").read_text())
    assert (figures["sorties"], figures["partly_flown"]) == (4, 1)
    assert figures["covered_share"] > 0.999
    for place, word in (("sortie-02:9999", "has no photo 9999"), ("sortie-99:1", "no sortie"), ("57", "sortie-03:57")):
        bad = dronepatrol("resume", "patrol", place)
        assert bad.returncode == 2
        assert word in bad.stderr
        assert "Traceback" not in bad.stderr
