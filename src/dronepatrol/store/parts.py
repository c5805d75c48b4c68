"""A table that grows part by part: what was read is kept, and the whole is written in a stream."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dronepatrol.errors import StorageError
from dronepatrol.files import clear, replacing, write_text
from dronepatrol.model.batch import Skipped
from dronepatrol.model.tables import TableSchema
from dronepatrol.store.tables import read_table, typed, write_table

_GEO = b"geo"


class Parts:
    """Parts of a table in a folder, by key; a part is there whole or not at all.

    Parameters
    ----------
    folder
        Where they are kept.
    schema
        Of every part.
    """

    def __init__(self, folder: Path, schema: TableSchema) -> None:
        self._folder = folder
        self._schema = schema

    def __contains__(self, key: str) -> bool:
        return self._table(key).is_file()

    def write(self, key: str, rows: geopandas.GeoDataFrame, skipped: list[Skipped]) -> None:
        """Keep a part, and what was skipped in it."""
        write_text(self._folder / f"{key}.json", json.dumps([asdict(item) for item in skipped]))
        write_table(self._table(key), rows, self._schema)  # last: with it the part is there

    def read(self, key: str) -> geopandas.GeoDataFrame:
        """Return the rows of a part."""
        return read_table(self._table(key), self._schema)

    def columns(self, key: str, names: list[str]) -> pd.DataFrame:
        """Return some columns of a part, without reading the others."""
        path = self._table(key)
        try:
            return pd.read_parquet(path, columns=names)
        except (OSError, ValueError, pa.ArrowException) as error:
            msg = f"{path} is damaged"
            raise StorageError(msg, hint=f"remove {self._folder} and run the same command again") from error

    def skipped(self, key: str) -> list[Skipped]:
        """Return what was skipped in a part."""
        path = self._folder / f"{key}.json"
        try:
            return [Skipped(**item) for item in json.loads(path.read_text("utf-8"))]
        except (OSError, ValueError, TypeError) as error:
            msg = f"{path} is damaged"
            raise StorageError(msg, hint=f"remove {self._folder} and run the same command again") from error

    def clear(self) -> None:
        """Remove them all."""
        clear(self._folder)

    def _table(self, key: str) -> Path:
        return self._folder / f"{key}.parquet"


def write_stream(path: Path, tables: Iterable[geopandas.GeoDataFrame], schema: TableSchema) -> None:
    """Write tables, one after the other, as one GeoParquet 1.1 file; whole or not at all, one at a time in memory.

    Parameters
    ----------
    path
        The file.
    tables
        At least one, each with the schema's columns.
    schema
        Of the whole.
    """
    with replacing(path) as temporary:
        writer: pq.ParquetWriter | None = None
        whole: dict[str, Any] = {}
        try:
            for table in tables:
                part = _as_arrow(typed(table, schema))
                geo = json.loads(part.schema.metadata[_GEO])
                if writer is None:
                    plain = {key: value for key, value in part.schema.metadata.items() if key != _GEO}
                    first = part.schema.with_metadata(plain)
                    writer = pq.ParquetWriter(temporary, first)
                whole = _merged(whole, geo)
                writer.write_table(part.cast(first))
            if writer is not None:
                writer.add_key_value_metadata({"geo": json.dumps(whole)})
        finally:
            if writer is not None:
                writer.close()


def _as_arrow(table: geopandas.GeoDataFrame) -> pa.Table:
    buffer = BytesIO()
    table.to_parquet(buffer, index=False, compression=None, schema_version="1.1.0", write_covering_bbox=True)
    buffer.seek(0)
    return pq.read_table(buffer)


def _merged(whole: dict[str, Any], geo: dict[str, Any]) -> dict[str, Any]:
    """Return GeoParquet's description of two parts together: bounds that hold both, kinds of geometry of either."""
    if not whole:
        return geo
    for name, column in geo["columns"].items():
        before = whole["columns"][name]
        boxes = [box for one in (before, column) if (box := one.get("bbox")) and all(map(math.isfinite, box))]
        if boxes:
            west, south, east, north = zip(*boxes, strict=True)
            before["bbox"] = [min(west), min(south), max(east), max(north)]
        before["geometry_types"] = sorted({*before["geometry_types"], *column["geometry_types"]})
    return whole
