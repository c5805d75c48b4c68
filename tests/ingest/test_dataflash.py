import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.ingest import dataflash


def description(kind, size, name, letters, fields):
    return dataflash.START + struct.pack("<BB4s16s64s", kind, size, name.encode(), letters.encode(), fields.encode())


def message(kind, layout, *values):
    return dataflash.HEAD + bytes([kind]) + struct.pack(layout, *values)


FORMATS = description(0x80, 89, "FMT", "BBnNZ", "Type,Length,Name,Format,Columns") + description(
    7, 3 + 14, "CAM", "QLh", "TimeUS,Lat,Roll"
)


def test_numbers_come_in_their_units():
    log = FORMATS + message(7, "<Qih", 5, 307_000_000, -250)
    assert list(dataflash.rows(log, "CAM")) == [{"TimeUS": 5, "Lat": pytest.approx(30.7), "Roll": -250}]


@given(st.lists(st.integers(0, 2**53), max_size=6), st.binary(max_size=60).filter(lambda b: b"\xa3" not in b))
@settings(max_examples=50)
def test_rubbish_between_messages_is_stepped_over(times, rubbish):
    log = FORMATS + rubbish.join(message(7, "<Qih", time, 1, 2) for time in times) + rubbish
    assert [row["TimeUS"] for row in dataflash.rows(log, "CAM")] == times


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_end(content):
    for log in (content, FORMATS + content, FORMATS + content.replace(b"\0", b"\xa3\x95\x07")):
        assert all(set(row) == {"TimeUS", "Lat", "Roll"} for row in dataflash.rows(log, "CAM"))


@pytest.mark.parametrize(
    "lie",
    [
        (7, 3, "CAM", "QLh", "a,b,c"),
        (7, 17, "CAM", "Q?h", "a,b,c"),
        (7, 17, "CAM", "QLh", "a,b"),
        (7, 0, "CAM", "", ""),
    ],
)
def test_description_that_contradicts_itself_is_not_believed(lie):
    assert list(dataflash.rows(description(*lie) + b"\xa3\x95\x07" * 20, "CAM")) == []


def test_every_row_equals_pymavlink(testdata):
    from pymavlink.DFReader import DFReader_binary  # noqa: PLC0415

    path = testdata("flights/copter47_survey.BIN")
    content = path.read_bytes()
    for name in ["CAM", "GPS", "ATT", "POS"]:
        ours = list(dataflash.rows(content, name))
        with DFReader_binary(str(path)) as log:
            theirs = []
            while (row := log.recv_match(type=[name])) is not None:
                theirs.append(row)
        assert len(ours) == len(theirs) > 0
        for mine, their in zip(ours, theirs, strict=True):
            assert mine == pytest.approx({field: getattr(their, field) for field in mine}, nan_ok=True)
