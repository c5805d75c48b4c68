"""Photos to camera events: the clock's offset comes out, and what could be either way is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.ingest.match import match

DAY = 86_400.0


def flown(seed: int, photos: int) -> np.ndarray:
    """Return times of a flight's pictures: even along lanes of uneven length, pauses at the turns."""
    dice = np.random.default_rng(seed)
    gaps = np.where(dice.random(photos) < 0.12, dice.uniform(5, 25, photos), 2.0 + 0.1 * dice.standard_normal(photos))
    return 1.7e9 + np.cumsum(gaps)


@given(st.integers(0, 10_000), st.integers(12, 120), st.floats(-2 * DAY, 2 * DAY), st.booleans())
@settings(max_examples=60)
def test_all_photos_meet_their_events_whatever_the_clock(seed, count, offset, whole_seconds):
    events = flown(seed, count)
    photos = events - offset
    photos = np.floor(photos) if whole_seconds else photos
    found = match(photos, events)
    assert found.event_of.tolist() == list(range(count))
    assert found.offset_s == pytest.approx(offset + (0.5 if whole_seconds else 0.0), abs=0.55)
    assert found.residual_s <= found.tolerance_s


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=40)
def test_missing_photos_leave_their_events_open(seed, data):
    events = flown(seed, 60)
    gone = data.draw(st.sets(st.integers(0, 59), min_size=1, max_size=6))
    kept = [n for n in range(60) if n not in gone]
    try:
        found = match(events[kept] - 3601.5, events)
    except InputError:  # never guessed
        return
    assert found.event_of.tolist() == kept
    assert found.offset_s == pytest.approx(3601.5, abs=0.4)


def test_missing_photos_of_a_flight_with_turns_are_found():
    events = flown(7, 80)
    kept = [n for n in range(80) if n not in {0, 1, 17, 40, 79}]
    assert match(np.floor(events[kept] + 28_800), events).event_of.tolist() == kept


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=40)
def test_order_of_the_files_does_not_matter(seed, data):
    events = flown(seed, 40)
    order = data.draw(st.permutations(range(40)))
    assert match(events[list(order)] + 100.0, events).event_of.tolist() == list(order)


def test_even_spacing_with_one_missing_is_refused_not_guessed():
    events = 1.7e9 + 2.0 * np.arange(50)
    with pytest.raises(InputError, match=r"fit the 50 camera events with a clock offset of .* and with one of"):
        match(events[:-1], events)
    assert match(events - 7.3, events).event_of.tolist() == list(range(50))  # the counts decide


@pytest.mark.parametrize(
    ("photos", "events", "reason"),
    [
        ([], [1.0, 2.0, 3.0], "0 of 0 photos and 3 of 3 camera events have a time"),
        ([np.nan] * 5, [1.0, 2.0, 3.0], "0 of 5 photos"),
        (
            np.cumsum([1, 9, 2, 8, 3, 7, 1, 1, 5, 6]),
            np.cumsum([5, 1, 1, 9, 30, 2, 2, 2, 40, 1]),
            "no clock offset makes",
        ),
        (np.arange(30_000.0), np.arange(10.0), "too many"),
    ],
)
def test_what_cannot_be_matched_is_said(photos, events, reason):
    with pytest.raises(InputError, match=reason) as raised:
        match(photos, events)
    assert raised.value.hint


def test_photos_without_a_time_stay_open():
    events = flown(3, 40)
    photos = events.copy()
    photos[[4, 9]] = np.nan
    found = match(photos, events)
    assert found.event_of[[4, 9]].tolist() == [-1, -1]
    assert found.matched == 38


def test_times_of_a_real_survey_meet_its_own_log(testdata):
    """Pictures as a camera with its clock 8 h and 3.4 s ahead would stamp them, five of them lost."""
    from dronepatrol.ingest.logs import shots_from_log  # noqa: PLC0415

    shots = shots_from_log(testdata("flights/copter47_survey.BIN"))
    events = shots["time_utc"].astype("int64").to_numpy() / 1e3
    kept = [n for n in range(len(events)) if n not in {0, 11, 12, 30, 53}]
    found = match(np.floor(events[kept] + 28_803.4), events)
    assert found.event_of.tolist() == kept
    assert found.offset_s == pytest.approx(-28_803.4 + 0.5, abs=0.55)
