"""Flights told apart on the rows of a real survey."""

import time

import pandas as pd
import pytest

from dronepatrol.ingest.flights import FLIGHT_GAP_S, flights_of

IN_S, MANY_IN_S = 1.0, 5.0
"""Of processor time: the machine may be busy with other tests."""


@pytest.fixture(scope="module")
def rows(testdata):
    """Return 1,817 photos of four folders: seconds and folder."""
    table = pd.read_csv(testdata("imagery/dronetm_agung2_metadata") / "image_metadata.csv")
    taken = pd.to_datetime(table["DateTimeOriginal"], format="%Y:%m:%d %H:%M:%S")
    folder = table["SourceFile"].str.removeprefix("./images/").str.rpartition("/")[0]
    return pd.DataFrame({"second": (taken - taken.min()).dt.total_seconds(), "folder": folder})


def flights(rows, folders=None):
    return pd.Series(flights_of(rows["second"], folders or rows["folder"].tolist(), ["M3M"] * len(rows)), rows.index)


def test_real_survey_falls_into_five_flights_in_no_time(rows):
    assert len(rows) == 1817
    begin = time.process_time()
    found = flights(rows)
    assert time.process_time() - begin < IN_S
    assert found.value_counts().to_dict() == {
        "task-ne#1": 417,
        "task-ne#2": 57,
        "task-nw#1": 442,
        "task-se#1": 457,
        "task-sw#1": 444,
    }


def test_they_are_five_in_one_folder_too(rows):
    """The folders play no part in it: the gaps alone make five."""
    found = flights(rows, ["card"] * len(rows))
    spans = rows["second"].groupby(found).agg(["min", "max"]).sort_values("min")
    assert len(spans) == 5
    pauses = spans["min"].to_numpy()[1:] - spans["max"].to_numpy()[:-1]
    assert (pauses > 20 * 60).all()
    inside = rows["second"].groupby(found).apply(lambda seconds: seconds.sort_values().diff().max())
    assert inside.max() == 42 < FLIGHT_GAP_S  # the longest pause within a flight


def test_order_of_the_rows_plays_no_part(rows):
    mixed = rows.sample(frac=1.0, random_state=3)
    assert flights(mixed).sort_index().tolist() == flights(rows).tolist()


def test_time_grows_no_faster_than_the_photos(rows):
    """Fifty surveys, 90,850 photos, within seconds."""
    many = pd.concat([rows.assign(folder=rows["folder"] + str(n)) for n in range(50)], ignore_index=True)
    begin = time.process_time()
    assert flights(many).nunique() == 5 * 50
    assert time.process_time() - begin < MANY_IN_S
