"""Artefacts are there whole or not at all, and are what their schema says."""

import resource
import signal
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from dronepatrol.errors import StorageError
from dronepatrol.files import replacing_folder, write_bytes, write_text
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS
from dronepatrol.store.tables import read_table, write_table


@pytest.fixture
def tiny_disk():
    """Let no file of this process grow beyond 4 KiB, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def detections(count):
    columns = {name: ["x"] * count for name, kind in DETECTIONS.columns.items() if kind == "str"}
    numbers = {name: np.linspace(0, 1, count) for name, kind in DETECTIONS.columns.items() if kind == "float"}
    return pd.DataFrame(columns | numbers)


def test_a_full_disk_is_named_and_leaves_the_old_file_alone(tmp_path, tiny_disk):
    path = tmp_path / "deep" / "summary.json"
    write_text(path, "old")
    with pytest.raises(StorageError, match=r"cannot write .*summary\.json") as caught:
        write_bytes(path, b"x" * 100_000)
    assert "free space" in caught.value.hint
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def _folder(path, text):
    with replacing_folder(path) as new:
        (new / "sub").mkdir()
        (new / "sub" / "file.txt").write_text(text)


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "stac"
    _folder(path, "old")
    (path / "left over").touch()
    _folder(path, "new")
    assert [one.name for one in path.iterdir()] == ["sub"]
    assert (path / "sub" / "file.txt").read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == path.parent.stat().st_mode & 0o777


def _left_alone(path):
    assert (path / "sub" / "file.txt").read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_folder_and_nothing_else(tmp_path, tiny_disk):
    _folder(tmp_path / "stac", "old")
    with pytest.raises(StorageError, match=r"cannot write .*stac"):
        _folder(tmp_path / "stac", "x" * 100_000)
    _left_alone(tmp_path / "stac")


def test_an_interrupt_leaves_the_old_folder_and_nothing_else(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    _folder(tmp_path / "stac", "old")
    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _folder(tmp_path / "stac", "new")
    _left_alone(tmp_path / "stac")


def test_a_new_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    _folder(tmp_path / "stac", "old")
    rename = Path.rename

    def busy(self, target):
        if self.name == "new":
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(StorageError, match="Device or resource busy"):
        _folder(tmp_path / "stac", "new")
    _left_alone(tmp_path / "stac")


def test_a_file_where_the_folder_should_be_is_left_alone(tmp_path):
    (tmp_path / "stac").write_text("a file")
    with pytest.raises(StorageError, match=r"cannot write .*stac"):
        _folder(tmp_path / "stac", "new")
    assert (tmp_path / "stac").read_text() == "a file"
    assert [one.name for one in tmp_path.iterdir()] == ["stac"]


def test_a_table_on_a_full_disk_is_a_named_error(tmp_path, tiny_disk):
    with pytest.raises(StorageError, match=r"detections\.parquet"):
        write_table(tmp_path / "detections.parquet", detections(5000), DETECTIONS)
    assert list(tmp_path.iterdir()) == []


def test_tables_come_back_as_they_went(tmp_path):
    path = tmp_path / "detections.parquet"
    rows = detections(3)
    write_table(path, rows.assign(extra=1), DETECTIONS)
    back = read_table(path, DETECTIONS)
    assert list(back.columns) == list(DETECTIONS.columns)
    pd.testing.assert_frame_equal(back, rows[list(DETECTIONS.columns)], check_dtype=False)


def test_geometry_and_times_survive_empty_and_missing(tmp_path):
    path = tmp_path / "observations.parquet"
    kinds = {"str": "a", "float": 0.5, "time": pd.Timestamp(datetime(2026, 5, 18, 1, 30, tzinfo=UTC))}
    row = {name: kinds[kind] for name, kind in OBSERVATIONS.columns.items() if kind in kinds}
    places = [Point(121, 30.8), Point(121, 30.9)]
    rows = geopandas.GeoDataFrame([row, row | {"time_utc": pd.NaT}], geometry=places, crs="EPSG:4326")
    write_table(path, rows, OBSERVATIONS)
    back = read_table(path, OBSERVATIONS)
    assert str(back["time_utc"].dtype) == "datetime64[ms, UTC]"
    assert back["time_utc"].isna().tolist() == [False, True]
    assert back.crs == "EPSG:4326"
    write_table(path, rows.iloc[:0], OBSERVATIONS)
    assert len(read_table(path, OBSERVATIONS)) == 0


def test_what_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(StorageError, match="is missing; expected the detections"):
        read_table(tmp_path / "no.parquet", DETECTIONS)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not a table PAR1")
    with pytest.raises(StorageError, match=r"broken\.parquet cannot be read as detections"):
        read_table(broken, DETECTIONS)
    with pytest.raises(StorageError, match="columns missing: score"):
        write_table(tmp_path / "less.parquet", detections(2).drop(columns="score"), DETECTIONS)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("score", 7.0, "column score holds 7; expected 0 to 1"),
        ("x1_px", np.nan, "column x1_px has rows without a number"),
        ("x1_px", "left", "column x1_px holds what is no float"),
    ],
)
def test_values_that_cannot_be_are_named(tmp_path, column, value, message):
    path = tmp_path / "detections.parquet"
    detections(3).assign(**{column: value}).to_parquet(path)
    with pytest.raises(StorageError) as caught:
        read_table(path, DETECTIONS)
    assert str(path) in caught.value.message
    assert message in caught.value.message


def test_another_reference_system_and_missing_places_are_named(tmp_path):
    now = pd.Timestamp(datetime(2026, 5, 18, tzinfo=UTC))
    row = {name: {"str": "a", "float": 0.5, "time": now}[kind] for name, kind in OBSERVATIONS.columns.items()
           if kind != "geometry"}  # fmt: skip
    for geometry, crs, message in (
        ([Point(1, 2)], "EPSG:3857", "expected WGS-84"),
        ([None], "EPSG:4326", "1 rows have"),
    ):
        with pytest.raises(StorageError, match=message):
            write_table(tmp_path / "o.parquet", geopandas.GeoDataFrame([row], geometry=geometry, crs=crs), OBSERVATIONS)
