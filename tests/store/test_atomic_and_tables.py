"""Artefacts are there whole or not at all, and are what their schema says."""

import resource
import signal
from datetime import UTC, datetime

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from dronepatrol.errors import StorageError
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS
from dronepatrol.store.atomic import write_bytes, write_text
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
    numbers = {name: np.arange(count, dtype=float) for name, kind in DETECTIONS.columns.items() if kind == "float"}
    return pd.DataFrame(columns | numbers)


def test_a_full_disk_is_named_and_leaves_the_old_file_alone(tmp_path, tiny_disk):
    path = tmp_path / "deep" / "summary.json"
    write_text(path, "old")
    with pytest.raises(StorageError, match=r"cannot write .*summary\.json") as caught:
        write_bytes(path, b"x" * 100_000)
    assert "free space" in caught.value.hint
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


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
    kinds = {"str": "a", "float": 1.5, "time": pd.Timestamp(datetime(2026, 5, 18, 1, 30, tzinfo=UTC))}
    row = {name: kinds[kind] for name, kind in OBSERVATIONS.columns.items() if kind in kinds}
    rows = geopandas.GeoDataFrame([row, row | {"time_utc": pd.NaT}], geometry=[Point(121, 30.8), None], crs="EPSG:4326")
    write_table(path, rows, OBSERVATIONS)
    back = read_table(path, OBSERVATIONS)
    assert str(back["time_utc"].dtype) == "datetime64[ms, UTC]"
    assert back["time_utc"].isna().tolist() == [False, True]
    assert back.geometry.iloc[1] is None
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
