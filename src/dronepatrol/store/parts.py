"""A table that grows part by part: what was read is kept, and the whole is written in a stream."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dronepatrol.errors import StorageError
from dronepatrol.files import clear, replacing, write_bytes, write_text
from dronepatrol.model.batch import Skipped
from dronepatrol.model.tables import TableSchema
from dronepatrol.store.tables import typed

_GEO = b"geo"
_BBOX = "bbox"
"""The covering of every row's geometry, of GeoParquet 1.1."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as it is kept: the bytes of its GeoParquet file, and what was skipped in it."""

    content: bytes
    skipped: list[Skipped]

    @classmethod
    def of(cls, rows: geopandas.GeoDataFrame, skipped: list[Skipped], schema: TableSchema) -> "StoredPart":
        """Return the part of these rows."""
        return cls(_as_parquet(typed(rows, schema)), skipped)


class Parts:
    """Parts of a table in a folder, by key; a part is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that they are kept in."""
        self._folder = folder

    def __contains__(self, key: str) -> bool:
        return self._table(key).is_file()

    def write(self, key: str, part: StoredPart) -> None:
        """Keep a part."""
        write_text(self._folder / f"{key}.json", json.dumps([asdict(item) for item in part.skipped]))
        write_bytes(self._table(key), part.content)  # last: with it the part is there

    def read(self, key: str) -> pa.Table:
        """Return the rows of a part, geometry as WKB, as GeoParquet has them."""
        path = self._table(key)
        try:
            return pq.read_table(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._damaged(path) from error

    def columns(self, key: str, names: list[str]) -> pd.DataFrame:
        """Return some columns of a part, without reading the others."""
        path = self._table(key)
        try:
            return pd.read_parquet(path, columns=names)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._damaged(path) from error

    def skipped(self, key: str) -> list[Skipped]:
        """Return what was skipped in a part."""
        path = self._folder / f"{key}.json"
        try:
            return [Skipped(**item) for item in json.loads(path.read_text("utf-8"))]
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(path) from error

    def clear(self) -> None:
        """Remove them all."""
        clear(self._folder)

    def _damaged(self, path: Path) -> StorageError:
        hint = f"remove {self._folder} and run the same command again"
        return StorageError(f"{path} is damaged", hint=hint)

    def _table(self, key: str) -> Path:
        return self._folder / f"{key}.parquet"


def as_frame(table: pa.Table) -> geopandas.GeoDataFrame:
    """Return the rows of a part to work with."""
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="NONE")
    buffer.seek(0)
    return geopandas.read_parquet(buffer)


def as_table(rows: geopandas.GeoDataFrame, schema: TableSchema) -> pa.Table:
    """Return rows as a part has them."""
    return pq.read_table(BytesIO(_as_parquet(typed(rows, schema))))


def write_stream(path: Path, tables: Iterable[pa.Table], schema: TableSchema) -> None:
    """Write tables, one after the other, as one GeoParquet 1.1 file; whole or not at all, one at a time in memory.

    Parameters
    ----------
    path
        The file.
    tables
        At least one, as :meth:`Parts.read` returns them, with the schema's columns and perhaps others.
    schema
        Of the whole.
    """
    with replacing(path) as temporary:
        writer: pq.ParquetWriter | None = None
        whole: dict[str, Any] = {}
        try:
            for table in tables:
                part = table.select([*schema.columns, *([_BBOX] if _BBOX in table.column_names else [])])
                if writer is None:
                    first = part.schema.remove_metadata()
                    writer = pq.ParquetWriter(temporary, first)
                whole = _merged(whole, json.loads(table.schema.metadata[_GEO]))
                writer.write_table(part.replace_schema_metadata().cast(first))
            if writer is not None:
                writer.add_key_value_metadata({"geo": json.dumps(whole)})
        finally:
            if writer is not None:
                writer.close()


def _as_parquet(table: geopandas.GeoDataFrame) -> bytes:
    buffer = BytesIO()
    table.to_parquet(buffer, index=False, schema_version="1.1.0", write_covering_bbox=True)
    return buffer.getvalue()


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
