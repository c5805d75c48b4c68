"""Observations to issues, end to end within the room."""

import numpy as np
import pytest
import shapely

from dronepatrol.issues.confidence import confidence, support
from dronepatrol.issues.find import find_issues
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.locate.observe import observe
from dronepatrol.model.patrol import Area, RegisterEntry, RegisterKind

THINGS = np.array([(50.0, 50.0), (120.0, 60.0), (60.0, 150.0), (150.0, 160.0), (100.0, 100.0)])
KINDS = ["car", "car", "garbage", "tree", "shared_bike"]


@pytest.fixture
def patrol(synthetic):
    return synthetic(THINGS, kinds=KINDS, flights=2, seed=3, miss_share=0.0)


def entry(patrol, kind: RegisterKind, west, south, east, north) -> RegisterEntry:
    return RegisterEntry(kind, "E1", "entry", patrol.frame.geometry_to_lonlat(shapely.box(west, south, east, north)))


def found_in(patrol, **changes):
    observations, _ = observe(patrol.detections, patrol.shots, object_height_m=load_taxonomy().object_height_m)
    return find_issues("p1", observations, patrol.shots, changes.pop("registers", {}), **changes)


def test_without_registers_everything_that_may_be_a_problem_stays_and_says_so(patrol) -> None:
    issues = found_in(patrol)
    assert [issue.problem.id for issue in issues] == ["car_parking", "car_parking", "shared_bikes", "exposed_garbage"]
    rules = {issue.problem.id: issue.rule for issue in issues}
    assert "not checked: no register of strict parking given" in rules["car_parking"]
    assert "no register" in rules["exposed_garbage"]
    for issue in issues:
        assert issue.observations == len(issue.evidence) > 2
        assert issue.error95_m > 0
        assert issue.ellipse95.semi_major_m >= issue.ellipse95.semi_minor_m > 0
        assert issue.first_seen is not None
        assert issue.first_seen.tzinfo is not None
        assert issue.first_seen <= issue.last_seen
        assert 0.5 < issue.confidence <= 0.8 + 1e-9


def test_registers_and_towns_decide(patrol) -> None:
    road = entry(patrol, RegisterKind.STRICT_PARKING, 30, 30, 70, 70)
    bay = entry(patrol, RegisterKind.BIKE_BAYS, 80, 80, 120, 120)
    town = Area("t1", "新埭镇", patrol.frame.geometry_to_lonlat(shapely.box(0, 0, 100, 300)))
    registers = {RegisterKind.STRICT_PARKING: [road], RegisterKind.BIKE_BAYS: [bay]}
    issues = found_in(patrol, registers=registers, towns=[town])
    assert [issue.problem.id for issue in issues] == ["car_parking", "exposed_garbage"]
    assert "inside strict parking E1" in issues[0].rule
    assert {issue.town for issue in issues} == {"新埭镇"}


def test_the_same_input_gives_the_same_issues_and_a_re_run_keeps_ids(patrol, synthetic) -> None:
    first = found_in(patrol)
    assert found_in(patrol) == first
    fewer = patrol.detections[patrol.detections["shot_id"] != patrol.detections["shot_id"].iloc[0]]
    observations, _ = observe(fewer, patrol.shots, object_height_m=load_taxonomy().object_height_m)
    again = find_issues("p1", observations, patrol.shots, {}, previous=first)
    assert {issue.id for issue in again} == {issue.id for issue in first}


def test_what_one_photo_of_many_shows_is_left_out(patrol) -> None:
    observations, _ = observe(patrol.detections, patrol.shots, object_height_m={})
    one = observations[observations["kind"] == "garbage"].iloc[:1]
    assert find_issues("p1", one, patrol.shots, {}) == []
    without = patrol.shots.assign(geometry=None)
    (alone,) = find_issues("p1", one, without.set_geometry("geometry"), {})
    assert alone.observations == 1


def test_no_observations_no_issues(patrol) -> None:
    observations, _ = observe(patrol.detections, patrol.shots, object_height_m={})
    assert find_issues("p1", observations.iloc[:0], patrol.shots, {}) == []
    assert find_issues("p1", observations[observations["kind"] == "tree"], patrol.shots, {}) == []


def test_confidence_grows_with_score_support_and_certainty() -> None:
    assert confidence(0.8, 1.0, 1.0) == pytest.approx(0.8)
    assert confidence(0.8, 0.25, 1.0) == pytest.approx(0.4)
    assert confidence(0.8, 1.0, 0.5) == pytest.approx(0.4)
    assert support(np.array([3, 2]), np.array([2, 8])).tolist() == [1.0, 0.25]
