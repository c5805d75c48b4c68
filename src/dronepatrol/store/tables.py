"""Tables of the patrol folder: Parquet, and GeoParquet 1.1 where there is a geometry."""

from pathlib import Path

import geopandas
import pandas as pd
import pyarrow as pa

from dronepatrol.errors import StorageError
from dronepatrol.model.tables import TableSchema
from dronepatrol.store.atomic import replacing

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
        When columns are missing; the message names them.
    """
    missing = [name for name in schema.columns if name not in rows]
    if missing:
        msg = f"{schema.name}: columns missing: {', '.join(missing)}; found {', '.join(map(str, rows.columns))}"
        raise StorageError(msg, hint="run the stage that writes this table again")
    plain = {name: kind for name, kind in schema.columns.items() if kind != "geometry"}
    table = pd.DataFrame({name: rows[name].astype(_DTYPES[kind]) for name, kind in plain.items()})
    if "geometry" in schema.columns:
        geometry = geopandas.GeoSeries(rows["geometry"], crs="EPSG:4326")
        return geopandas.GeoDataFrame(table, geometry=geometry)
    return table


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
        raise StorageError(msg, hint="run the stage before this one first")
    try:
        rows = geopandas.read_parquet(path) if "geometry" in schema.columns else pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        msg = f"{path} cannot be read as {schema.name}: {error}"
        raise StorageError(msg, hint="run the stage that writes it again") from error
    return typed(rows, schema)
