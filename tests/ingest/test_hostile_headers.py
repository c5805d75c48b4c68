"""No header, however broken, may crash, hang or fill the memory: it is read, or refused by name."""

import random
import struct
import time
import tracemalloc
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.ingest.metadata import PhotoMetadata, read_metadata
from dronepatrol.ingest.photos import ShotRow, shots_from_photos, shots_table
from dronepatrol.model.batch import Skipped

READ_IN_S = 2.0  # of processor time: the machine may be busy with other tests


def check(path: Path, content: bytes) -> bool:
    """Take a file through ingest; return whether it gave a shot."""
    path.write_bytes(content)
    start = time.process_time()
    refused = ""
    try:
        assert isinstance(read_metadata(path), PhotoMetadata)
    except InputError as error:
        refused = error.message
    assert refused == "" or path.name in refused
    (row,) = shots_from_photos([path], root=None)
    assert isinstance(row, ShotRow | Skipped)
    if isinstance(row, ShotRow):
        assert len(shots_table([row])) == 1
    elif isinstance(row, Skipped):
        assert row.item == path.name
        assert row.reason
    assert time.process_time() - start < READ_IN_S
    return isinstance(row, ShotRow)


def mutated(content: bytes, seed: int) -> bytes:
    """Return a header with a few bytes changed, cut out, doubled or overwritten by telling numbers."""
    dice = random.Random(seed)
    data = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(min(len(data), 12_000))
        match dice.randrange(5):
            case 0:
                data[place] = dice.randrange(256)
            case 1:
                data[place : place + 4] = dice.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\x08"])
            case 2:
                del data[place : place + dice.randint(1, 40)]
            case 3:
                data[place:place] = data[place : place + dice.randint(1, 40)]
            case 4:
                del data[dice.randrange(len(data) // 2, len(data)) :]
        if len(data) < 16:
            break
    return bytes(data)


def tiff(entries: list[tuple[int, int, int, bytes]], order: str = "<", rest: bytes = b"") -> bytes:
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return head + b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries) + rest


def jpeg_with(exif: bytes) -> bytes:
    body = b"Exif\0\0" + exif
    frame = b"\xff\xc0\x00\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00"
    app1 = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b"\xff\xd8" + app1 + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00abc\xff\xd9"


LOOP = struct.pack("<I", 8)
HOSTILE = {
    "empty": b"",
    "one byte": b"\xff",
    "start only": b"\xff\xd8\xff",
    "fill bytes": b"\xff\xd8" + b"\xff" * 200_000,
    "zero length segments": b"\xff\xd8" + b"\xff\xe1\x00\x02" * 50_000,
    "length below two": b"\xff\xd8\xff\xe1\x00\x01" + b"a" * 50,
    "directory points at itself": jpeg_with(tiff([(0x8769, 4, 1, LOOP), (0x8825, 4, 1, LOOP)])),
    "huge count": jpeg_with(tiff([(0x010F, 2, 0xFFFFFFFF, b"\xff" * 4), (0x9003, 5, 0x7FFFFFFF, LOOP)])),
    "offset beyond the end": jpeg_with(tiff([(0x8825, 4, 1, b"\xff\xff\xff\x7f")])),
    "directory of 65535 tags": jpeg_with(b"II*\0" + struct.pack("<IH", 8, 65_535) + b"\x0f\x01\x02\0" * 9000),
    "tiff without size": tiff([]),
    "tiff of sides 4 billion": tiff([(0x0100, 4, 1, b"\xff" * 4), (0x0101, 4, 1, b"\xff" * 4)]),
    "tiff directory far away": b"II*\0\xff\xff\xff\xff" + b"\0" * 300_000,
    "nan for a focal length": jpeg_with(tiff([(0x920A, 12, 1, LOOP), (0xA405, 11, 1, b"\0\0\xc0\x7f")])),
    "no picture": b"\xff\xd8\xff\xd9",
    "another format": b"%PDF-1.7" * 1000,
    "text": "照片".encode() * 1000,
}


CUT_OFF, NO_SIZE = (
    "the file is cut off or broken before its picture",
    "the file is cut off or broken: it has no image size",
)
NEITHER, NO_PLACE = "is neither JPEG nor TIFF", "no GPS position in the file"
REASONS = {
    "empty": "the file is empty",
    "one byte": NEITHER,
    "start only": CUT_OFF,
    "fill bytes": CUT_OFF,
    "zero length segments": CUT_OFF,
    "length below two": CUT_OFF,
    "directory points at itself": NO_PLACE,
    "huge count": NO_PLACE,
    "offset beyond the end": NO_PLACE,
    "directory of 65535 tags": NO_PLACE,
    "tiff without size": NO_SIZE,
    "tiff of sides 4 billion": NO_SIZE,
    "tiff directory far away": NO_SIZE,
    "nan for a focal length": NO_PLACE,
    "no picture": CUT_OFF,
    "another format": NEITHER,
    "text": NEITHER,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_by_name(tmp_path, name):
    path = tmp_path / "hostile.jpg"
    assert not check(path, HOSTILE[name])
    (row,) = shots_from_photos([path], root=None)
    assert (row.item, row.reason) == ("hostile.jpg", REASONS[name])
    assert row.hint


STARTS = [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\x00\xffExif\0\0II*\0", b"MM\0*"]


@given(st.binary(max_size=400), st.sampled_from(STARTS))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes(tmp_path, content, start):
    check(tmp_path / "random.jpg", start + content)


@pytest.mark.campaign
@given(st.binary(max_size=4000), st.sampled_from(STARTS), st.sampled_from([".jpg", ".tif", ".dng"]))
@settings(max_examples=5000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_bytes_campaign(tmp_path, content, start, suffix):
    check(tmp_path / f"random{suffix}", start + content)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("RelativeAltitude", "GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"),
                *("CalibratedFocalLength", "CalibratedOpticalCenterX", "CalibratedOpticalCenterY"),
                *("DewarpData", "DewarpFlag", "RtkFlag", "RtkStdLon"),
            ]
        ),
        st.one_of(
            st.sampled_from(["", "nan", "inf", "-inf", "+-1", "1e999", "1e300", "-1e-300", "0", "١٢", "1_0", ";;;"]),
            st.floats(allow_nan=True).map(str),
            st.lists(st.floats(), min_size=9, max_size=9).map(lambda v: "2020-01-01;" + ",".join(map(str, v))),
        ),
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_strange_numbers_never_reach_the_table_unchecked(make_photo, xmp):
    (row,) = shots_from_photos([make_photo(xmp=xmp)], root=None)
    assert isinstance(row, ShotRow)
    shot = shots_table([row]).iloc[0]
    assert not any(abs(shot[name]) == float("inf") for name in ["height_m", "yaw_deg", "fx_px", "k1"])
    assert shot.geometry is None or shot.geometry.is_valid


def test_mutated_photo(tmp_path, some_photo):
    shots = sum(check(tmp_path / "mutated.jpg", mutated(some_photo, seed)) for seed in range(300))
    assert 20 < shots < 300  # some still work, some do not: the mutations hit


@pytest.mark.campaign
def test_mutated_real_files_campaign(tmp_path, testdata, some_photo):
    folders = ["brighton_beach_dji_fc300s", "dji_exif_stubs", "gps_no_gimbal", "p4rtk_truth", "dronetm_agung1"]
    found = chain.from_iterable(sorted(testdata(f"imagery/{folder}").iterdir()) for folder in folders)
    files = [path for path in found if path.suffix.lower() in {".jpg", ".tif"} and path.stat().st_size < 8_000_000]
    heads = [some_photo, *(path.read_bytes()[:60_000] + b"\xff\xda\x00\x02\xff\xd9" for path in files)]
    for seed in range(20_000):
        check(tmp_path / "mutated.jpg", mutated(heads[seed % len(heads)], seed))


@pytest.mark.parametrize(
    ("start", "reason"), [(b"", NEITHER), (b"\xff\xd8\xff\xe0", CUT_OFF), (b"II*\0", NO_SIZE)], ids=["", "jpeg", "tiff"]
)
def test_garbage_of_100_mb_costs_neither_time_nor_memory(tmp_path, start, reason):
    path = tmp_path / "garbage.jpg"
    with path.open("wb") as file:
        file.write(start)
        dice = random.Random(3)
        for _ in range(100):
            file.write(dice.randbytes(1_000_000))
    tracemalloc.start()
    begin = time.process_time()
    (row,) = shots_from_photos([path], root=None)
    took_s = time.process_time() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(row, Skipped)
    assert (row.item, row.reason) == ("garbage.jpg", reason)
    assert took_s < READ_IN_S
    assert peak < 16_000_000
