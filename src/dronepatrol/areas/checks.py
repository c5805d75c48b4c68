"""Is this feature fit to be planned on? Nothing is repaired in silence: what is wrong is said, and where."""

import re
from collections.abc import Callable
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, MultiPoint, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.errors import InputError
from dronepatrol.geo.local import area_m2

MIN_AREA_M2 = 1.0
MAX_VERTICES = 200_000
_REASON = re.compile(r"(?P<what>[^\[]+)\[(?P<x>\S+) (?P<y>[^\s\]]+)")

Transform = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Shape(Enum):
    """What the features of a file must be."""

    POLYGON = "polygon"
    LINE = "line"
    POINT = "point"
    ANY = "polygon, line or point"


_TYPES = {
    Shape.POLYGON: {"Polygon", "MultiPolygon"},
    Shape.LINE: {"LineString", "MultiLineString"},
    Shape.POINT: {"Point", "MultiPoint"},
}
_TYPES[Shape.ANY] = set().union(*_TYPES.values())
_COLLECTIONS: dict[Shape, Callable[..., BaseGeometry]] = {
    Shape.POLYGON: MultiPolygon,
    Shape.LINE: MultiLineString,
    Shape.POINT: MultiPoint,
}


def checked(
    where: str, geometry: BaseGeometry | None, shape: Shape, to_lonlat: Transform, to_wgs84: Transform
) -> BaseGeometry:
    """Return the geometry in WGS-84 (lon, lat): of the shape asked for, in the world, valid and not empty.

    Parameters
    ----------
    where
        The file and the feature, for messages.
    geometry
        In the file's coordinate reference system.
    shape
        What it must be; several of it in one feature will do.
    to_lonlat
        (n, 2) positions of the file to degrees longitude and latitude.
    to_wgs84
        (n, 2) degrees in the file's datum to WGS-84.

    Raises
    ------
    InputError
        When it is something else, lies outside the world, crosses itself (the message says where), or has no area.
    """
    found = _of_shape(where, geometry, shape)
    vertices = int(shapely.get_num_coordinates(found))
    if vertices > MAX_VERTICES:
        msg = f"{where} has {vertices:,} vertices; a feature has at most {MAX_VERTICES:,}"
        raise InputError(msg, hint="simplify it in your GIS, or split it")
    lonlat = shapely.transform(found, to_lonlat)
    _check_world(where, shapely.get_coordinates(lonlat))
    wgs84 = to_wgs84(shapely.get_coordinates(lonlat))
    if not np.isfinite(wgs84).all():
        msg = f"{where} lies outside China, where its datum has no places"
        raise InputError(msg, hint="leave --datum out for a file in WGS-84 or CGCS2000")
    placed = shapely.transform(lonlat, lambda _: wgs84)
    if found.geom_type in _TYPES[Shape.POLYGON]:
        _check_polygon(where, placed)
    return placed


def check_apart(path: str, polygons: list[Polygon | MultiPolygon]) -> None:
    """Refuse polygons that overlap.

    Raises
    ------
    InputError
        The message names the first two that do.
    """
    tree = shapely.STRtree(polygons)
    for one, other in zip(*tree.query(polygons, predicate="intersects"), strict=True):
        shared = shapely.intersection(polygons[one], polygons[other]) if one < other else Polygon()
        if shared.area > 0:
            shared_m2 = area_m2(shared)
            msg = f"{path}: features {one + 1} and {other + 1} overlap by {shared_m2:,.0f} m2; expected them apart"
            raise InputError(msg, hint="merge them into one polygon, or cut one by the other")


def _of_shape(where: str, geometry: BaseGeometry | None, shape: Shape) -> BaseGeometry:
    """Return the geometry if it is of the shape, a collection of nothing else as one feature of several parts."""
    if geometry is not None and not geometry.is_empty:
        if geometry.geom_type in _TYPES[shape]:
            return geometry
        parts = [leaf for part in shapely.get_parts(geometry) for leaf in shapely.get_parts(part)]
        if geometry.geom_type == "GeometryCollection":
            for kind, collect in _COLLECTIONS.items():
                if shape in {kind, Shape.ANY} and all(part.geom_type in _TYPES[kind] for part in parts):
                    return collect(parts)
    found = "no geometry" if geometry is None or geometry.is_empty else f"a {geometry.geom_type}"
    msg = f"{where} is {found}; expected a {shape.value}"
    raise InputError(msg, hint=f"draw it as a {shape.value}, or take this feature out of the file")


def _check_polygon(where: str, polygon: BaseGeometry) -> None:
    _check_valid(where, polygon)
    size_m2 = area_m2(polygon)
    if size_m2 < MIN_AREA_M2:
        msg = f"{where} covers {size_m2:.2f} m2; expected at least {MIN_AREA_M2:.0f} m2"
        raise InputError(msg, hint="draw the area larger, or take this feature out of the file")


def _check_world(where: str, lonlat: NDArray[np.float64]) -> None:
    if not np.isfinite(lonlat).all():
        msg = f"{where} has a position that is no number or has no place in WGS-84"
        raise InputError(msg, hint="check the file's coordinate reference system")
    wrong = np.flatnonzero((np.abs(lonlat) > (180.0, 90.0)).any(axis=1))
    if not len(wrong):
        return
    lon, lat = lonlat[wrong[0]]
    msg = f"{where} has the position {lon:.7g}, {lat:.7g}; expected longitude within 180 and latitude within 90 degrees"
    swapped = (np.abs(lonlat[:, ::-1]) <= (180.0, 90.0)).all()
    raise InputError(
        msg,
        hint="longitude and latitude look swapped: write longitude first"
        if swapped
        else "these look like metres: save the file with its coordinate reference system, or in EPSG:4326",
    )


def _check_valid(where: str, polygon: BaseGeometry) -> None:
    reason = str(shapely.is_valid_reason(polygon))
    if reason == "Valid Geometry":
        return
    found = _REASON.match(reason)
    if found is None:
        msg = f"{where} is no valid polygon: {reason.lower()}"
        raise InputError(msg, hint="redraw it in your GIS and save it again")
    what = {"Self-intersection": "crosses itself", "Ring Self-intersection": "touches itself"}.get(
        found["what"], f"is no valid polygon ({found['what'].lower()})"
    )
    place = f"{float(found['x']):.6f}, {float(found['y']):.6f}"
    msg = f"{where} {what} at {place} (lon, lat); expected a polygon whose edges meet only at their ends"
    raise InputError(msg, hint="move the corners there in your GIS and save the file again")
