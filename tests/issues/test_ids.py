"""Ids: the same for the same input, unique, and kept on a re-run."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.match import keep_ids, new_ids
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus

FRAME = LocalFrame(121.0824, 30.8230)
CLASSES = {problem.id: problem for problem in load_taxonomy().problems}
NOW = datetime(2026, 11, 20, tzinfo=UTC)

places = st.lists(
    st.tuples(st.sampled_from(sorted(CLASSES)), st.floats(121.08, 121.09), st.floats(30.82, 30.83)), max_size=30
)


def issues_at(*places, patrol="p") -> list[Issue]:
    found = []
    names = new_ids(patrol, places)
    for name, (problem, lon, lat) in zip(names, places, strict=True):
        evidence = (Evidence("s", "p.jpg", (0, 0, 1, 1), 0.5),)
        where = (lon, lat, (1.0, 0.0, 1.0), 2.45, Ellipse95(2.45, 2.45, 0.0))
        rest = (0.5, IssueStatus.SUSPECTED, NOW, NOW, None, 1, 1.0, 1.0, "", evidence)
        found.append(Issue(name, CLASSES[problem], *where, *rest))
    return found


@settings(max_examples=50)
@given(places)
def test_ids_are_unique_and_the_same_again(found) -> None:
    names = new_ids("patrol", found)
    assert len(set(names)) == len(found)
    assert names == new_ids("patrol", found)
    assert not set(names) & set(new_ids("other", found))


def test_two_in_one_cell_are_told_apart() -> None:
    assert len(set(new_ids("p", [("clutter", 121.0, 30.0)] * 3))) == 3


@settings(max_examples=50, deadline=None)
@given(places)
def test_a_re_run_with_the_same_result_keeps_every_id(found) -> None:
    before = issues_at(*found)
    again = keep_ids(before, before)
    assert sorted(issue.id for issue in again) == sorted(issue.id for issue in before)
    assert again == before or len({(i.lon_deg, i.lat_deg) for i in before}) < len(before)


@settings(max_examples=50, deadline=None)
@given(places, places)
def test_ids_stay_unique_and_are_inherited_once(old, new) -> None:
    before, after = issues_at(*old), keep_ids(issues_at(*old), issues_at(*new))
    assert len({issue.id for issue in after}) == len(after) == len(new)
    assert [i.problem for i in after] == [CLASSES[name] for name, _, _ in new]
    for issue in after:
        same = [i for i in before if i.id == issue.id]
        assert all(i.problem == issue.problem for i in same)


def test_an_issue_that_moved_a_little_keeps_its_id_and_one_of_another_class_does_not() -> None:
    (lon, lat), far_away = FRAME.to_lonlat([(1.0, 0.5), (30.0, 0.0)]).tolist()
    before = issues_at(("clutter", 121.0824, 30.8230))
    near, other, far = issues_at(("clutter", lon, lat), ("waste_pile", 121.0824, 30.8230), ("clutter", *far_away))
    kept = keep_ids(before, [near, other, far])
    assert kept[0].id == before[0].id
    assert kept[1].id == other.id
    assert kept[2].id == far.id


def test_what_a_person_said_of_an_issue_outlives_a_re_run() -> None:
    before = [replace(issue, status=IssueStatus.REJECTED) for issue in issues_at(("clutter", 121.0824, 30.8230))]
    near, far = issues_at(("clutter", 121.0824, 30.82301), ("clutter", 121.0924, 30.8230))
    kept = keep_ids(before, [near, far])
    assert [issue.status for issue in kept] == [IssueStatus.REJECTED, IssueStatus.SUSPECTED]


def test_the_nearest_inherits_and_a_clash_gets_another_id() -> None:
    before = issues_at(("clutter", 121.0824, 30.8230))
    moved = replace(before[0], lon_deg=float(FRAME.to_lonlat((1.5, 0.0))[0]))
    kept = keep_ids(before, [moved, replace(before[0], confidence=0.9)])
    assert kept[1].id == before[0].id
    assert kept[0].id != before[0].id
    assert np.isclose(kept[0].lon_deg, moved.lon_deg)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_before_or_nothing_now(count) -> None:
    some = issues_at(*[("clutter", 121.0824, 30.8230)] * count)
    assert keep_ids([], some) == some
    assert keep_ids(some, []) == []
