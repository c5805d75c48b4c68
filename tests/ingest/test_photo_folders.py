import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.ingest.photos import find_photos, shots_from_photos
from dronepatrol.ingest.shots import ShotRow, flight_ids, shots_table
from dronepatrol.model.batch import Skipped
from dronepatrol.model.tables import SHOTS

DTYPES = {"str": "str", "float": "float64", "int": "int64", "time": "datetime64[ms, UTC]", "geometry": "geometry"}


def test_photos_are_found_sorted_wherever_they_lie(tmp_path):
    for name in ["b/2.JPG", "a/1.jpeg", "3.tif", "b/x/4.TIFF", "照片/5.jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ["notes.txt", "b/.hidden.jpg", "._3.tif", "video.mp4", "flight.SRT"]:
        (tmp_path / name).touch()
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails/6.jpg").touch()
    photos, skipped = find_photos(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in photos]
    assert found == ["3.tif", "a/1.jpeg", "b/2.JPG", "b/x/4.TIFF", "照片/5.jpg"]
    assert skipped == []


def test_loops_of_links_end_and_nothing_comes_twice(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").touch()
    (tmp_path / "a/back").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(tmp_path / "a/self")
    (tmp_path / "z").symlink_to(tmp_path / "a")
    photos, _ = find_photos(tmp_path)
    assert [path.name for path in photos] == ["1.jpg"]


def test_pipes_are_not_waited_for_and_dead_links_are_named(tmp_path, some_photo):
    (tmp_path / "1.jpg").write_bytes(some_photo)
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "gone.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    photos, skipped = find_photos(tmp_path)
    assert [item.reason for item in skipped] == ["is no regular file"]
    _, dead = shots_from_photos(photos, root=None)
    assert dead == Skipped("dead.jpg", "cannot be read: No such file or directory", "check the file's permissions")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "does not exist"),
        (lambda folder: folder.write_text("x"), "is not a folder"),
        (
            lambda folder: folder.mkdir(),
            "has no photos; looked for .dng, .heic, .heif, .jpeg, .jpg, .tif, .tiff, .webp",
        ),
    ],
)
def test_folder_without_photos_is_named(tmp_path, make, message):
    folder = tmp_path / "card"
    make(folder)
    with pytest.raises(InputError, match=message) as raised:
        find_photos(folder)
    assert str(folder) in raised.value.message
    assert raised.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder_is_named(tmp_path):
    (tmp_path / "1.jpg").touch()
    (tmp_path / "locked").mkdir(mode=0o000)
    _, skipped = find_photos(tmp_path)
    assert [item.reason for item in skipped] == ["cannot be read: Permission denied"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("照片", "gbk"),
        ("照片", "big5"),
        ("写真", "shift_jis"),
        ("사진", "euc_kr"),
        ("Фото", "koi8_r"),
        ("été", "latin_1"),
    ],
)
def test_names_that_are_no_utf8_are_skipped_by_name(tmp_path, some_photo, text, encoding):
    name = os.fsdecode(f"{text}.jpg".encode(encoding))
    (tmp_path / name).write_bytes(some_photo)
    photos, _ = find_photos(tmp_path)
    (row,) = shots_from_photos(photos, root=None)
    assert isinstance(row, Skipped)
    assert row.item.isprintable()
    assert row.reason == "its name is no valid UTF-8"
    row.item.encode("utf-8")


@pytest.mark.parametrize("name", ["照片 1", "a\nb", "-rf", "a'b\"c", "%00", "e\u0301té", "\u202ecod", "x" * 250])
def test_names_in_any_letters_are_read(tmp_path, some_photo, name):
    (tmp_path / f"{name}.jpg").write_bytes(some_photo)
    photos, skipped = find_photos(tmp_path)
    assert skipped == []
    (row,) = shots_from_photos(photos, root=tmp_path)
    assert isinstance(row, ShotRow)
    assert (row.shot_id, row.photo) == (f"{name}.jpg", f"{name}.jpg")


HEAD, PICTURE = "the file is cut off or broken before its picture", "the file ends in the middle of the picture"


@pytest.mark.parametrize(
    ("share", "reason"),
    [(0.0, "the file is empty"), (0.0001, HEAD), (0.02, HEAD), (0.2, PICTURE), (0.5, PICTURE), (0.999, PICTURE)],
)
def test_photo_that_is_cut_off_is_skipped(tmp_path, some_photo, share, reason):
    path = tmp_path / "cut.jpg"
    path.write_bytes(some_photo[: int(len(some_photo) * share)])
    (row,) = shots_from_photos([path], root=None)
    assert isinstance(row, Skipped)
    assert (row.item, row.reason) == ("cut.jpg", reason)
    assert row.hint


def test_card_pulled_half_way_leaves_zeros(tmp_path, some_photo):
    path = tmp_path / "zeros.jpg"
    half = len(some_photo) * 9 // 10
    path.write_bytes(some_photo[:half] + bytes(len(some_photo) - half))
    (row,) = shots_from_photos([path], root=None)
    assert row == Skipped("zeros.jpg", "the file ends in the middle of the picture", "copy it again from the card")


def test_real_photo_cut_off_anywhere_in_its_picture(testdata, tmp_path):
    whole = testdata("imagery/brighton_beach_dji_fc300s/DJI_0018.JPG").read_bytes()
    path = tmp_path / "DJI_0018.JPG"
    for size in [60_000, 1_000_000, 3_000_000]:  # thumbnails with end markers of their own stand before the picture
        path.write_bytes(whole[:size])
        (row,) = shots_from_photos([path], root=None)
        assert isinstance(row, Skipped), size


def test_cut_off_tiff_is_skipped(testdata, tmp_path):
    path = tmp_path / "a.tif"
    whole = testdata("imagery/p4rtk_truth/100_0005_0018.tif").read_bytes()
    path.write_bytes(whole)
    assert isinstance(next(shots_from_photos([path], root=None)), ShotRow)
    for size, reason in ((len(whole) - 5000, "the file ends in the middle of the picture"), (0, "the file is empty")):
        path.write_bytes(whole[:size])
        assert next(shots_from_photos([path], root=None)).reason == reason


@pytest.mark.parametrize(("lonlat", "reason"), [(None, "no GPS position"), ((0.0, 0.0), "zero position")])
def test_photo_without_position_is_skipped(make_photo, lonlat, reason):
    (row,) = shots_from_photos([make_photo(lonlat=lonlat)], root=None)
    assert isinstance(row, Skipped)
    assert row.reason.startswith(reason)


def test_one_bad_photo_does_not_stop_the_others(make_photo, tmp_path):
    paths = [make_photo(f"a/{n}.jpg", lonlat=(121.0 + n * 1e-4, 30.7)) for n in range(5)]
    (tmp_path / "a/2.jpg").write_bytes(b"")
    (tmp_path / "a/3.jpg").unlink()
    one = list(shots_from_photos(paths, root=None))
    assert [type(row) for row in one] == [ShotRow, ShotRow, Skipped, Skipped, ShotRow]
    assert [row.item for row in one if isinstance(row, Skipped)] == ["2.jpg", "3.jpg"]
    assert "empty" in one[2].reason


def test_table_is_exactly_shots(make_photo):
    shots = shots_table(list(shots_from_photos([make_photo()], root=None)))
    assert {name: str(dtype) for name, dtype in shots.dtypes.items()} == {
        name: DTYPES[kind] for name, kind in SHOTS.columns.items()
    }
    assert shots.crs == "EPSG:4326"
    empty = shots_table([])
    assert list(empty.columns) == list(SHOTS.columns)
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == {
        name: str(dtype) for name, dtype in shots.dtypes.items()
    }


def test_paths_are_kept_relative_to_the_patrol_folder(make_photo, tmp_path):
    inside, outside = make_photo("patrol/photos/1.jpg"), make_photo("other/1.jpg")
    rows = list(shots_from_photos([inside, outside], root=tmp_path / "patrol"))
    assert [row.photo for row in rows] == ["photos/1.jpg", outside.as_posix()]
    assert [row.shot_id for row in rows] == ["patrol/photos/1.jpg", "other/1.jpg"]
    assert rows[0].sha256 == rows[1].sha256 != ""


def test_no_paths_no_shots():
    assert list(shots_from_photos([], root=None)) == []


@given(st.lists(st.integers(0, 400), max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_flights_break_at_gaps_of_more_than_a_minute(shot_row, seconds, dice):
    start = datetime(2025, 6, 1, tzinfo=UTC)
    rows = [replace(shot_row, time_utc=start + timedelta(seconds=second)) for second in seconds]
    in_order = sorted(seconds)
    gaps = sum(later - earlier > 60 for earlier, later in pairwise(in_order))
    flights = flight_ids(rows)
    assert len(set(flights)) == (gaps + 1 if rows else 0)
    for (a, flight_a), (b, flight_b) in pairwise(zip(seconds, flights, strict=True)):
        if abs(a - b) <= 60:
            assert flight_a == flight_b
    mixed = list(zip(rows, flights, strict=True))
    dice.shuffle(mixed)
    assert flight_ids([row for row, _ in mixed]) == [flight for _, flight in mixed]  # whatever the order of the files


@pytest.fixture(scope="module")
def shot_row(some_photo, tmp_path_factory):
    path = tmp_path_factory.mktemp("flight") / "1.jpg"
    path.write_bytes(some_photo)
    return next(shots_from_photos([path], root=None))


def test_folders_and_cameras_are_flights_of_their_own(shot_row):
    rows = [replace(shot_row, shot_id=name) for name in ["a/1.jpg", "a/2.jpg", "b/1.jpg"]]
    rows[1] = replace(rows[1], body="another camera")
    assert flight_ids(rows) == ["a#1", "a#2", "b#1"]
