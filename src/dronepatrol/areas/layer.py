"""Vector files read by pyogrio: the one file that knows it. Features come out as polygons in WGS-84, checked."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.areas.checks import checked_polygon
from dronepatrol.errors import InputError

_MAX_BYTES = 256 * 1024 * 1024
_HEAD_BYTES = 4096
CLOSE_RINGS = "close every ring: its last position equals its first"
_ALWAYS_WGS84 = (".geojson", ".json", ".kml")


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: its place in the file (from 1), a polygon in WGS-84 (lon, lat), and its attributes."""

    number: int
    geometry: Polygon | MultiPolygon
    properties: dict[str, Any]

    def text(self, *names: str) -> str:
        """Return the first of these attributes that is given, as text; empty where none is."""
        for name in names:
            value = self.properties.get(name)
            if value is not None and str(value).strip() not in ("", "nan", "NaT"):
                return str(value).strip()
        return ""


def _starts_with(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(heads)


# What a file of each kind starts with: a name alone would let the reader open formats that point at other files.
_HEADS: dict[str, Callable[[bytes], bool]] = {
    ".geojson": _starts_with(b"{"),
    ".json": _starts_with(b"{"),
    ".gpkg": _starts_with(b"SQLite format 3\0"),
    ".shp": _starts_with(b"\x00\x00\x27\x0a"),
    ".kml": lambda head: head.startswith(b"<") and b"<kml" in head and b"<!ENTITY" not in head,
}


def read_features(path: Path) -> tuple[Feature, ...]:
    """Read every feature of a GeoJSON, GeoPackage, Shapefile or KML file as a checked polygon in WGS-84.

    Parameters
    ----------
    path
        The file; its coordinate reference system is read from it.

    Raises
    ------
    InputError
        When the file is missing, unreadable, empty, without a coordinate reference system, or has a feature that is
        no polygon, crosses itself, or lies outside the world.
    """
    _check_file(path)
    crs, geometries, columns = _read(path)
    if not geometries:
        msg = f"{path} has no features; expected at least one polygon"
        raise InputError(msg, hint="draw the polygon and save the file again")
    to_wgs84 = _transformation(path, crs)
    features = []
    for row, geometry in enumerate(geometries):
        where = f"{path}: feature {row + 1}"
        polygon = checked_polygon(where, _only_polygon(where, geometry), to_wgs84)
        features.append(Feature(row + 1, polygon, {name: values[row] for name, values in columns.items()}))
    return tuple(features)


def _check_file(path: Path) -> None:
    hint = "name a GeoJSON, GeoPackage, Shapefile or KML file that holds polygons"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = f"cannot read {path}: {reason}"
        raise InputError(msg, hint=hint) from error
    if not head:
        msg = f"{path} is empty; expected a file with polygons"
        raise InputError(msg, hint=hint)
    if size > _MAX_BYTES:
        msg = f"{path} has {size:,} bytes; an area file has at most {_MAX_BYTES:,}"
        raise InputError(msg, hint="leave out what is not part of the area")
    looks_right = _HEADS.get(path.suffix.lower())
    if looks_right is None:
        msg = f"{path}: {path.suffix or 'no suffix'} is not one of {', '.join(_HEADS)}"
        raise InputError(msg, hint=hint)
    if not looks_right(head):
        msg = f"{path} does not begin like a {path.suffix.lower()} file"
        raise InputError(msg, hint=hint)


def _read(path: Path) -> tuple[str | None, list[BaseGeometry | None], dict[str, list[Any]]]:
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            meta, _, wkb, values = pyogrio.raw.read(path, force_2d=True, datetime_as_string=True)
        geometries = shapely.from_wkb(wkb) if wkb is not None else []
    except shapely.errors.GEOSException as error:
        msg = f"{path}: {_one_line(error)}"
        raise InputError(msg, hint=CLOSE_RINGS) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        msg = f"{path} cannot be read as polygons: {_one_line(error)}"
        raise InputError(msg, hint="save it again from your GIS as GeoJSON") from error
    repaired = [_one_line(one.message) for one in warned if "ring" in str(one.message).lower()]
    if repaired:
        msg = f"{path}: {repaired[0].partition('.')[0]}"
        raise InputError(msg, hint=CLOSE_RINGS)
    columns = {str(name): list(column) for name, column in zip(meta["fields"], values, strict=True)}
    return meta["crs"], list(geometries), columns


def _only_polygon(where: str, geometry: BaseGeometry | None) -> Polygon | MultiPolygon:
    if isinstance(geometry, Polygon | MultiPolygon) and not geometry.is_empty:
        return geometry
    found = "no geometry" if geometry is None or geometry.is_empty else f"a {geometry.geom_type}"
    msg = f"{where} is {found}; expected a polygon"
    raise InputError(msg, hint="draw the area as a closed polygon, or take this feature out of the file")


def _transformation(path: Path, crs: str | None) -> Callable[[np.ndarray], np.ndarray]:
    if crs is None and path.suffix.lower() in _ALWAYS_WGS84:
        return lambda points: points
    if crs is None:
        msg = f"{path} does not say its coordinate reference system"
        raise InputError(msg, hint="for a Shapefile put the .prj file beside it, or save it as GeoJSON")
    try:
        source = CRS.from_user_input(crs)
        if source == CRS.from_epsg(4326):
            return lambda points: points
        transformer = Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    except ProjError as error:
        msg = f"{path}: coordinate reference system not understood: {_one_line(error)}"
        raise InputError(msg, hint="save the file in EPSG:4326 (WGS 84)") from error
    return lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())[:300]
