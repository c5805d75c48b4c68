"""Tables of the patrol folder: Parquet, and GeoParquet 1.1 where there is a geometry."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa

from dronepatrol.errors import StorageError
from dronepatrol.files import replacing
from dronepatrol.model.tables import TableSchema

_CRS = "EPSG:4326"
_STAGE = {
    "shots": "ingest",
    "detections": "detect",
    "observations": "locate",
    "adjustment": "locate --adjust",
    "simulated truth": "fly --sim",
    "track": "fly",
}
_DTYPES = {"str": "str", "float": "float64", "int": "int64", "time": "datetime64[ms, UTC]"}


def typed(rows: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return the rows with exactly the schema's columns, in its order and types.

    Parameters
    ----------
    rows
        Any frame that has at least the schema's columns.
    schema
        What the table is.

    Raises
    ------
    StorageError
        When columns are missing, or hold what the schema does not allow; the message names them.
    """
    rows = rows.assign(**{name: value for name, value in schema.defaults.items() if name not in rows})
    missing = [name for name in schema.columns if name not in rows]
    if missing:
        raise _wrong(schema, f"columns missing: {', '.join(missing)}; found {', '.join(map(str, rows.columns))}")
    columns = {name: _column(rows, name, schema) for name, kind in schema.columns.items() if kind != "geometry"}
    table = pd.DataFrame(columns)
    if "geometry" not in schema.columns:
        return table
    geometry = geopandas.GeoSeries(rows["geometry"], crs=getattr(rows, "crs", None) or _CRS)
    if geometry.crs != _CRS:
        raise _wrong(schema, f"geometry is in {geometry.crs.name}; expected WGS-84 longitude and latitude")
    if schema.complete and geometry.isna().any():
        raise _wrong(schema, f"{int(geometry.isna().sum())} rows have no geometry")
    return geopandas.GeoDataFrame(table, geometry=geometry)


def _column(rows: pd.DataFrame, name: str, schema: TableSchema) -> pd.Series:
    kind = schema.columns[name]
    try:
        column = rows[name].astype(_DTYPES[kind])
    except (TypeError, ValueError) as error:
        raise _wrong(schema, f"column {name} holds what is no {kind}: {error}") from error
    if kind == "float":
        if schema.complete and not np.isfinite(column).all():
            raise _wrong(schema, f"column {name} has rows without a number")
        low, high = schema.within.get(name, (-np.inf, np.inf))
        outside = column[(column < low) | (column > high)]
        if len(outside):
            raise _wrong(schema, f"column {name} holds {outside.iloc[0]:g}; expected {low:g} to {high:g}")
    return column


def _wrong(schema: TableSchema, what: str) -> StorageError:
    return StorageError(f"{schema.name}: {what}", hint=f"run the stage again that writes the {schema.name}")


def write_table(path: Path, rows: pd.DataFrame, schema: TableSchema) -> None:
    """Write a table, whole or not at all."""
    table = typed(rows, schema)
    with replacing(path) as temporary:
        if isinstance(table, geopandas.GeoDataFrame):
            table.to_parquet(temporary, index=False, schema_version="1.1.0", write_covering_bbox=True)
        else:
            table.to_parquet(temporary, index=False)


def read_table(path: Path, schema: TableSchema) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote.

    Raises
    ------
    StorageError
        When the file is missing, is no Parquet, or lacks columns.
    """
    if not path.is_file():
        msg = f"{path} is missing; expected the {schema.name} of a patrol"
        raise StorageError(msg, hint=f"run `dronepatrol {_STAGE[schema.name]}` first")
    try:
        rows = geopandas.read_parquet(path) if "geometry" in schema.columns else pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].split(". Use ")[0]
        msg = f"{path} cannot be read as {schema.name}: {reason}"
        raise StorageError(msg, hint="run the stage that writes it again") from error
    try:
        return typed(rows, schema)
    except StorageError as error:
        error.message = f"{path}: {error.message}"
        raise
