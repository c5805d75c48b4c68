"""Shots as a static STAC catalogue (SpatioTemporal Asset Catalog 1.0+), a collection for each flight [pystac]."""

import json
import math
import os
from pathlib import Path
from typing import Any

import geopandas
import shapely

from dronepatrol.files import replacing_folder
from dronepatrol.model.batch import Skipped

_PROPERTIES = (
    "altitude_m", "altitude_reference", "height_m", "yaw_deg", "pitch_deg", "roll_deg", "attitude_of",
    "position_sigma_m", "position_bias_sigma_m", "camera_model", "focal_source", "pose_source", "quality", "sha256",
)  # fmt: skip
_MEDIA = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff", ".tiff": "image/tiff"}


def write_stac(shots: geopandas.GeoDataFrame, folder: Path, root: Path) -> list[Skipped]:
    """Write the shots as a self-contained catalogue; return those that have no time, which STAC wants.

    Parameters
    ----------
    shots
        Rows of ``tables.SHOTS``.
    folder
        What to write; an earlier one gives way once the new one is whole.
    root
        The patrol folder, to which photos' paths may be relative.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    import pystac  # noqa: PLC0415 heavy

    catalogue = pystac.Catalog("shots", "Photos of a drone patrol, with their poses and footprints")
    timed = shots["time_utc"].notna()
    for flight, rows in shots[timed].groupby("flight_id", sort=True):
        catalogue.add_child(_collection(pystac, str(flight), rows, root))
    with replacing_folder(folder) as new:
        catalogue.normalize_and_save(str(new), pystac.CatalogType.SELF_CONTAINED)
    why = "no time in the file: a STAC item needs one"
    return [Skipped(name, why, "it is in shots.parquet all the same") for name in shots.loc[~timed, "shot_id"]]


def _collection(pystac: Any, flight: str, rows: geopandas.GeoDataFrame, root: Path) -> Any:
    items = [_item(pystac, row, root) for row in rows.to_dict("records")]
    boxes = [item.bbox for item in items]
    bounds = [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]
    first, last = (moment.to_pydatetime() for moment in (rows["time_utc"].min(), rows["time_utc"].max()))
    extent = pystac.Extent(pystac.SpatialExtent([bounds]), pystac.TemporalExtent([[first, last]]))
    collection = pystac.Collection(_id(flight), f"Flight {flight}", extent, license="other")
    collection.add_items(items)
    return collection


def _item(pystac: Any, row: dict[str, Any], root: Path) -> Any:
    place = row["geometry"] if row["geometry"] is not None else shapely.Point(row["lon_deg"], row["lat_deg"])
    properties = {name: row[name] for name in _PROPERTIES if not _is_nothing(row[name])}
    item = pystac.Item(
        _id(row["shot_id"]),
        json.loads(shapely.to_geojson(place)),
        [round(value, 9) for value in place.bounds],
        row["time_utc"].to_pydatetime(),
        {f"dronepatrol:{name}": value for name, value in properties.items()},
    )
    if row["photo"]:
        href = os.path.abspath(root / row["photo"])  # noqa: PTH100 photos stay where they are, links too
        media = _MEDIA.get(Path(row["photo"]).suffix.lower())
        item.add_asset("photo", pystac.Asset(href, media_type=media, roles=["data"]))
    return item


def _is_nothing(value: Any) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))


def _id(name: str) -> str:
    """Return a name that can be a folder's."""
    return name.replace("/", "_").replace("#", "-")
