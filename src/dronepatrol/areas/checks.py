"""Is this polygon fit to be planned on? Nothing is repaired in silence: what is wrong is said, and where."""

import re
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.errors import InputError
from dronepatrol.geo.local import area_m2

MIN_AREA_M2 = 1.0
MAX_VERTICES = 200_000
_REASON = re.compile(r"(?P<what>[^\[]+)\[(?P<x>\S+) (?P<y>[^\s\]]+)")

ToWgs84 = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def checked_polygon(where: str, geometry: Polygon | MultiPolygon, to_wgs84: ToWgs84) -> Polygon | MultiPolygon:
    """Return the polygon in WGS-84 (lon, lat), valid and not empty.

    Parameters
    ----------
    where
        The file and the feature, for messages.
    geometry
        In the file's coordinate reference system.
    to_wgs84
        (n, 2) positions of the file to degrees longitude and latitude.

    Raises
    ------
    InputError
        When it lies outside the world, crosses itself (the message says where), or has no area.
    """
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > MAX_VERTICES:
        msg = f"{where} has {vertices:,} vertices; an area has at most {MAX_VERTICES:,}"
        raise InputError(msg, hint="simplify it in your GIS, or split it")
    polygon = shapely.transform(geometry, to_wgs84)
    _check_world(where, shapely.get_coordinates(polygon))
    _check_valid(where, polygon)
    size_m2 = area_m2(polygon)
    if size_m2 < MIN_AREA_M2:
        msg = f"{where} covers {size_m2:.2f} m2; expected at least {MIN_AREA_M2:.0f} m2"
        raise InputError(msg, hint="draw the area larger, or take this feature out of the file")
    return polygon


def check_apart(path: str, polygons: list[Polygon | MultiPolygon]) -> None:
    """Refuse polygons of one area that overlap.

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


def _check_valid(where: str, polygon: Polygon | MultiPolygon) -> None:
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
