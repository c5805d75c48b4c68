"""The taxonomy that comes with the package."""

import re

from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.patrol import RegisterKind


def test_every_class_has_a_code_of_one_system_and_both_names() -> None:
    known = load_taxonomy()
    assert len({problem.id for problem in known.problems}) == len(known.problems) == 11
    for problem in known.problems:
        assert re.fullmatch(r"\d{5}", problem.code)
        assert problem.code_system == "GB/T 47678.5-2026"
        assert re.search(r"[\u4e00-\u9fff]", problem.zh)
        assert problem.en.isascii()
    assert [problem.id for problem in known.problems if problem.local_extension] == ["bare_soil"]


def test_kinds_lead_to_problems_and_rules() -> None:
    known = load_taxonomy()
    codes = {kind: problem.code for kind, problem in known.problem_of.items()}
    assert codes["bus"] == codes["car"] == "09009"
    assert codes["motorcycle"] == "09010"
    assert codes["shared_bike"] == "09011"
    assert codes["blue_roof"] == "06001"
    assert codes["smoke"] == "06020"
    assert known.rule_of["car_parking"].where == "inside"
    assert known.rule_of["car_parking"].register is RegisterKind.STRICT_PARKING
    assert known.rule_of["road_vending"].where == "outside"
    assert "exposed_garbage" not in known.rule_of
    assert set(known.object_height_m) == set(known.problem_of)
    assert all(0 <= height < 10 for height in known.object_height_m.values())
