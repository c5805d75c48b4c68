"""What registers say: inside, outside, hours, validity, and how sure that is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.rules import Registers, in_force, open_at
from dronepatrol.issues.taxonomy import Rule
from dronepatrol.model.patrol import RegisterEntry, RegisterKind

FRAME = LocalFrame(121.0824, 30.8230)
SITES = RegisterKind.STALL_SITES
SQUARE = FRAME.geometry_to_lonlat(shapely.box(0, 0, 10, 10))
ENTRY = RegisterEntry(SITES, "M1", "早市", SQUARE)
INSIDE, OUTSIDE = Rule("inside", SITES), Rule("outside", SITES)
NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 09:00 in Asia/Shanghai


def registers(*entries: RegisterEntry) -> Registers:
    return Registers({SITES: list(entries)}, FRAME)


@pytest.mark.parametrize(
    ("rule", "x", "problem"), [(INSIDE, 5, True), (INSIDE, 15, False), (OUTSIDE, 5, False), (OUTSIDE, 15, True)]
)
def test_inside_and_outside(rule, x, problem) -> None:
    verdict = registers(ENTRY).check(rule, shapely.Point(x, 5), 1.0, NINE)
    assert verdict.problem is problem
    assert verdict.probability > 0.99
    assert ("M1" in verdict.rule) is (x == 5)


@given(st.floats(-30, 40), st.floats(-30, 40), st.floats(0.01, 20))
def test_the_edge_is_even_odds_and_far_from_it_is_sure(x, y, sigma) -> None:
    place = shapely.Point(x, y)
    verdict = registers(ENTRY).check(INSIDE, place, sigma, NINE)
    assert 0.5 <= verdict.probability <= 1.0
    surer = registers(ENTRY).check(INSIDE, place, sigma / 2, NINE)
    assert surer.problem is verdict.problem
    assert surer.probability >= verdict.probability


def test_on_the_edge_the_odds_are_even() -> None:
    assert registers(ENTRY).check(OUTSIDE, shapely.Point(10.0001, 5), 1.0, NINE).probability == pytest.approx(
        0.5, abs=1e-3
    )


def test_a_register_that_was_not_given_and_one_that_is_empty() -> None:
    verdict = Registers({}, FRAME).check(OUTSIDE, shapely.Point(0, 0), 1.0, NINE)
    assert verdict.problem
    assert "not checked: no register of stall sites given" in verdict.rule
    assert registers().check(OUTSIDE, shapely.Point(0, 0), 1.0, NINE).problem
    assert not registers().check(INSIDE, shapely.Point(0, 0), 1.0, NINE).problem
    assert registers().check(None, shapely.Point(0, 0), 1.0, NINE).problem


def test_outside_its_hours_and_validity_an_entry_does_not_count() -> None:
    place = shapely.Point(5, 5)
    early = replace(ENTRY, hours="06:00-08:30")
    assert registers(early).check(OUTSIDE, place, 1.0, NINE).problem
    assert not registers(early).check(OUTSIDE, place, 1.0, NINE - timedelta(hours=2)).problem
    assert registers(replace(ENTRY, valid_to=NINE - timedelta(days=1))).check(OUTSIDE, place, 1.0, NINE).problem
    assert not registers(replace(ENTRY, valid_from=NINE - timedelta(days=1))).check(OUTSIDE, place, 1.0, NINE).problem


def test_at_an_unknown_time_hours_are_not_asked_and_the_rule_says_so() -> None:
    verdict = registers(replace(ENTRY, hours="06:00-06:01")).check(OUTSIDE, shapely.Point(5, 5), 1.0, None)
    assert not verdict.problem
    assert "time unknown" in verdict.rule


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_ranges_hold_their_start_and_not_their_end_also_past_midnight(start, end, now) -> None:
    hours = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    when = datetime(2026, 11, 19, 16, 0, tzinfo=UTC) + timedelta(minutes=now)  # midnight in Asia/Shanghai and on
    inside = (now - start) % 1440 < (end - start) % 1440 if start != end else True
    assert open_at(hours, when) is inside


def test_hours_to_midnight_and_several_ranges() -> None:
    assert open_at("06:00-08:00, 08:59-24:00", NINE)
    assert open_at("", NINE)
    assert not open_at("06:00-09:00", NINE)
    with pytest.raises(InputError, match="8am"):
        in_force(replace(ENTRY, hours="8am"), NINE)
