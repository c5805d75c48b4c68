"""Vector files read by pyogrio: the one file that knows it. Features come out in WGS-84, checked."""

import math
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from dronepatrol.areas.checks import Shape, checked
from dronepatrol.areas.source import Source, open_source
from dronepatrol.errors import InputError
from dronepatrol.geo.datum import to_wgs84
from dronepatrol.model.batch import Skipped
from dronepatrol.model.patrol import Datum

CLOSE_RINGS = "close every ring: its last position equals its first"
_NUMBERED = re.compile(r"[A-Z]+:\w+")
_DRIVERS = {"GeoJSON", "GeoJSONSeq", "TopoJSON", "ESRIJSON", "JSONFG", "GPKG", "ESRI Shapefile", "KML", "LIBKML"}
_NANS = struct.pack("<d", math.nan), struct.pack("<d", -math.nan)
_MAX_LAYERS = 100
_MAX_FIELDS = 300
_MAX_CELLS = 10_000_000


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: its place in the file (from 1), its geometry in WGS-84 (lon, lat), and its attributes."""

    number: int
    geometry: BaseGeometry
    properties: dict[str, Any]

    def text(self, *names: str) -> str:
        """Return the first of these attributes that is given, as text; empty where none is."""
        for name in names:
            value = self.properties.get(name)
            if value is not None and str(value).strip() not in ("", "nan", "NaT"):
                return str(value).strip()
        return ""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file holds: the features that can be used, those that cannot and why, and the file's reference systems."""

    features: tuple[Feature, ...]
    skipped: tuple[Skipped, ...]
    crs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    crs: str | None
    geometries: list[BaseGeometry | None]
    columns: dict[str, list[Any]]


def read_features(
    path: Path, shape: Shape = Shape.POLYGON, datum: Datum = Datum.WGS84, *, may_be_empty: bool = False
) -> tuple[Feature, ...]:
    """Read every feature of a GeoJSON, GeoPackage, Shapefile, KML or KMZ file, checked and in WGS-84.

    Parameters
    ----------
    path
        The file; its coordinate reference system is read from it.
    shape
        What its features must be.
    datum
        What its positions are counted from.
    may_be_empty
        Whether a layer without features says something: that there are none.

    Raises
    ------
    InputError
        When the file is missing, unreadable, empty, without a coordinate reference system, or has a feature of another
        shape, that crosses itself, or that lies outside the world.
    """
    layer = read_layer(path, shape, datum, may_be_empty=may_be_empty)
    if layer.skipped:
        first = layer.skipped[0]
        others = len(layer.features)
        usable = f"; the file's other {others} can be used: take this one out" if others else ""
        msg = f"{first.item} {first.reason}"
        raise InputError(msg, hint=first.hint + usable)
    return layer.features


def read_layer(
    path: Path, shape: Shape = Shape.POLYGON, datum: Datum = Datum.WGS84, *, may_be_empty: bool = False
) -> Layer:
    """Read a file as :func:`read_features` does, but go on after a feature that cannot be used.

    Raises
    ------
    InputError
        When the file as a whole cannot be used.
    """
    tables = _read(open_source(path))
    if not may_be_empty and not any(table.geometries for table in tables):
        msg = f"{path} has no features; expected at least one {shape.value}"
        raise InputError(msg, hint=f"draw the {shape.value} and save the file again")
    features: list[Feature] = []
    skipped: list[Skipped] = []
    number = 0
    for table in tables:
        to_lonlat = _transformation(path, table.crs)
        for row, geometry in enumerate(table.geometries):
            number += 1
            where = f"{path}: feature {number}"
            try:
                found = checked(where, geometry, shape, to_lonlat, lambda points: to_wgs84(points, datum))
            except InputError as error:
                skipped.append(Skipped(where, error.message.removeprefix(where).lstrip(), error.hint))
                continue
            features.append(Feature(number, found, {name: column[row] for name, column in table.columns.items()}))
    return Layer(tuple(features), tuple(skipped), tuple(dict.fromkeys(_crs_name(table.crs) for table in tables)))


def _read(source: Source) -> list[_Table]:
    """Return one table per layer that has geometry."""
    path = source.path
    try:
        return list(_tables(source))
    except shapely.errors.GEOSException as error:
        msg = f"{path}: {_one_line(error)}"
        raise InputError(msg, hint=CLOSE_RINGS) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: its attribute table is not in {error.encoding}"
        raise InputError(
            msg, hint="put a .cpg file beside it that holds the encoding's name, such as GB18030"
        ) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        msg = f"{path} cannot be read as polygons, lines or points: {_one_line(error).partition('; It might help')[0]}"
        raise InputError(msg, hint="save it again from your GIS as GeoJSON") from error


def _tables(source: Source) -> Iterator[_Table]:
    cells = 0
    for layer in _layers(source):
        with _quiet() as warned:
            cells += _cells(source, layer)
            if cells > _MAX_CELLS:
                msg = f"{source.path} has more than {_MAX_CELLS:,} attributes in all its features"
                raise InputError(msg, hint="leave out what is not needed")
            meta, _, wkb, values = pyogrio.raw.read(
                _target(source), layer=layer, force_2d=True, datetime_as_string=True, encoding=source.encoding
            )
            geometries = _geometries(source, wkb)
        repaired = [_one_line(str(one.message)) for one in warned if "ring" in str(one.message).lower()]
        if repaired:
            msg = f"{source.path}: {repaired[0].partition('.')[0]}"
            raise InputError(msg, hint=CLOSE_RINGS)
        columns = {str(field): list(column) for field, column in zip(meta["fields"], values, strict=True)}
        yield _Table(meta["crs"], geometries, columns)


def _geometries(source: Source, wkb: NDArray[np.object_]) -> list[BaseGeometry | None]:
    """Return the geometries; a ring that begins with no number counts as open, which is not what is wrong with it."""
    try:
        return list(shapely.from_wkb(wkb))
    except shapely.errors.GEOSException as error:
        if not any(nan in one for one in wkb if one is not None for nan in _NANS):
            raise
        msg = f"{source.path}: a position is no number"
        raise InputError(msg, hint="correct the position; NaN and infinity are none") from error


def _layers(source: Source) -> list[int]:
    """Return the numbers of the layers that have geometry, of a file that the right driver opened."""
    with _quiet():
        driver = pyogrio.read_info(_target(source), encoding=source.encoding)["driver"]
        if driver not in _DRIVERS:
            msg = f"{source.path} is a {driver} file; expected GeoJSON, GeoPackage, Shapefile, KML or KMZ"
            raise InputError(msg, hint="save it again from your GIS as GeoJSON")
        layers = [number for number, (_, kind) in enumerate(pyogrio.list_layers(_target(source))) if kind is not None]
    if len(layers) > _MAX_LAYERS:
        msg = f"{source.path} has {len(layers):,} layers; expected at most {_MAX_LAYERS}"
        raise InputError(msg, hint="leave out what is not needed")
    return layers


def _cells(source: Source, layer: int) -> int:
    """Return how many attributes a layer has in all its features: a small file may have many of a name each."""
    info = pyogrio.read_info(_target(source), layer=layer, encoding=source.encoding, force_feature_count=True)
    fields = len(info["fields"])
    if fields > _MAX_FIELDS:
        msg = f"{source.path} has {fields:,} different attributes; a feature has at most {_MAX_FIELDS}"
        raise InputError(msg, hint="leave out what is not needed")
    return int(info["features"]) * (fields + 1)


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Keep what the library says to itself; what matters of it is said by us."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield warned


def _target(source: Source) -> Path | BytesIO:
    return source.path if source.content is None else BytesIO(source.content)


def _transformation(path: Path, crs: str | None) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    if crs is None and Source(path).always_wgs84:
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


def _crs_name(crs: str | None) -> str:
    """Return a reference system as a person knows it: its number, where it has one, and its name."""
    if crs is None:
        return "EPSG:4326 WGS 84"
    found = CRS.from_user_input(crs)
    number = crs if _NUMBERED.fullmatch(crs) else ":".join(found.to_authority(min_confidence=70) or ())
    return f"{number} {found.name}".lstrip()


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())[:300]
