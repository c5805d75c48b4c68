"""The scorer: what it calls found, false, double, and inside."""

from datetime import UTC, datetime

import pytest

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.issue import Ellipse95, Issue, IssueStatus, ProblemClass
from dronepatrol.sim.score import score_issues

FRAME = LocalFrame(121.08, 30.82)


def lonlat(east, north):
    return tuple(FRAME.to_lonlat([east, north]).tolist())


def planted(name, east, north, planted=True):
    properties = {"planted": planted, "class": name}
    geometry = {"type": "Point", "coordinates": list(lonlat(east, north))}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def issue(name, east, north, sigma_m=1.0):
    problem = ProblemClass(name, name, name, "06010", "test", local_extension=False)
    lon, lat = lonlat(east, north)
    now = datetime(2026, 5, 18, tzinfo=UTC)
    covariance = (sigma_m**2, 0.0, sigma_m**2)
    return Issue(
        f"{name}{east}{north}", problem, lon, lat, covariance, 2.45 * sigma_m, Ellipse95(2.45, 2.45, 0.0), 0.9,
        IssueStatus.SUSPECTED, now, now, None, 1, 1.0, 1.0, "", (),
    )  # fmt: skip


def truth(*features):
    return {"type": "FeatureCollection", "features": [planted("garbage", 0, 0), *features]}


def test_found_missed_false_and_wrong_class():
    scene = truth(planted("garbage", 50, 0), planted("heap", 100, 0), planted("heap", 150, 0, planted=False))
    score = score_issues(scene, [issue("garbage", 1, 1), issue("heap", 150, 0), issue("garbage", 100, 0)])
    assert (score.total.planted, score.total.issues, score.total.matched) == (3, 3, 1)
    assert score.total.recall == pytest.approx(1 / 3)
    assert score.by_class["heap"].precision == 0.0
    assert score.duplicates == 0
    assert score.error_m == pytest.approx([2**0.5], abs=1e-3)


def test_a_second_issue_for_the_same_problem_is_a_duplicate():
    score = score_issues(truth(), [issue("garbage", 1, 0), issue("garbage", 4, 0), issue("garbage", 40, 0)])
    assert score.duplicates == 1
    assert score.duplicate_share == pytest.approx(1 / 3)
    assert score.error_m == pytest.approx([1.0], abs=1e-3)


def test_neighbours_are_given_out_so_that_both_are_found():
    scene = truth(planted("garbage", 7, 0))
    score = score_issues(scene, [issue("garbage", 6, 0), issue("garbage", 9, 0)])
    assert score.total.matched == 2


def test_inside_the_ellipse():
    score = score_issues(truth(planted("garbage", 50, 0)), [issue("garbage", 2.4, 0), issue("garbage", 52.5, 0)])
    assert score.inside_95.tolist() == [True, False]


def test_nothing_found_and_nothing_planted():
    assert score_issues(truth(), []).total.recall == 0.0
    empty = score_issues({"features": [planted("garbage", 0, 0, planted=False)]}, [issue("garbage", 0, 0)])
    assert (empty.total.recall, empty.total.precision) == (None, 0.0)
    assert empty.duplicate_share == 0.0
