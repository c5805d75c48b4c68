"""What lies under the issues on the map: footprints, routes, areas, ellipses, as plain GeoJSON with safe texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from dronepatrol.errors import InputError
from dronepatrol.export.map_text import local_time, names, safe
from dronepatrol.geo.local import WGS84
from dronepatrol.model.issue import Issue

MOST_SHAPES = 1500
"""More footprints or positions than this make a map slow: only one of every so many is drawn, and the map says so."""

_ELLIPSE_CORNERS = 36


@dataclass(frozen=True, slots=True)
class Route:
    """The parts of a mission's GeoJSON, by what they are: (label, geometry) each."""

    areas: list[tuple[str, BaseGeometry]]
    nofly: list[tuple[str, BaseGeometry]]
    sorties: list[tuple[str, BaseGeometry]]
    docks: list[tuple[str, BaseGeometry]]


def collection(shapes: Sequence[tuple[str, BaseGeometry]]) -> dict[str, Any]:
    """Return (label, geometry) pairs as a FeatureCollection with 7 decimals; labels must be safe already."""
    features = [
        {"type": "Feature", "properties": {"label": label}, "geometry": mapping(shapely.set_precision(shape, 1e-7))}
        for label, shape in shapes
        if not shape.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


def footprints(shots: pd.DataFrame, lang: str) -> tuple[list[tuple[str, BaseGeometry]], int]:
    """Return the photos' footprints with their names, and of how many one is shown."""
    table = geopandas.GeoDataFrame(shots)
    table = table[table.geometry.notna() & ~table.geometry.is_empty]
    return _labelled(table, table.geometry.to_numpy(), lang)


def positions(shots: pd.DataFrame, lang: str) -> tuple[list[tuple[str, BaseGeometry]], int]:
    """Return where photos were taken, with their names, and of how many one is shown."""
    table = shots[np.isfinite(shots["lon_deg"]) & np.isfinite(shots["lat_deg"])]
    return _labelled(table, shapely.points(table["lon_deg"], table["lat_deg"]), lang)


def _labelled(table: pd.DataFrame, shapes: Any, lang: str) -> tuple[list[tuple[str, BaseGeometry]], int]:
    step = max(1, -(-len(table) // MOST_SHAPES))
    found = []
    for row, shape in zip(table.iloc[::step].itertuples(), shapes[::step], strict=True):
        when = None if pd.isna(row.time_utc) else row.time_utc
        name = str(row.photo).rsplit("/", 1)[-1] or str(row.shot_id)
        found.append((f"{safe(name)}<br>{local_time(when, lang)}", shape))
    return found, step


def ellipses(issues: Sequence[Issue], lang: str) -> list[tuple[str, BaseGeometry]]:
    """Return the 95 % ellipses of the issues as polygons."""
    angle = np.linspace(0.0, 2 * np.pi, _ELLIPSE_CORNERS, endpoint=False)
    found: list[tuple[str, BaseGeometry]] = []
    for issue in issues:
        e = issue.ellipse95
        along, across = e.semi_major_m * np.cos(angle), e.semi_minor_m * np.sin(angle)
        azimuth = e.azimuth_deg + np.degrees(np.arctan2(across, along))
        lon, lat = np.full_like(angle, issue.lon_deg), np.full_like(angle, issue.lat_deg)
        east, north, _ = WGS84.fwd(lon, lat, azimuth, np.hypot(along, across))
        found.append((f"{names(issue.problem, lang)[0]} {issue.error95_m:.1f} m", shapely.Polygon(np.c_[east, north])))
    return found


def read_route(route: dict[str, Any] | None) -> Route:
    """Return the parts of a mission's GeoJSON, as ``kind`` names them; lanes and transits of a sortie become one shape.

    Raises
    ------
    InputError
        When it is no FeatureCollection or a geometry cannot be read.
    """
    found, lines = Route([], [], [], []), dict[str, list[BaseGeometry]]()
    try:
        for feature in (route or {}).get("features", []):
            properties = feature["properties"]
            kind, shape = properties["kind"], shapely.geometry.shape(feature["geometry"])
            if kind in {"lane", "transit"}:
                lines.setdefault(str(properties["sortie"]), []).append(shape)
            elif kind in {"area", "no-fly", "dock"}:
                layer = {"area": found.areas, "no-fly": found.nofly, "dock": found.docks}[kind]
                layer.append((safe(properties.get("name", "")), shape))
    except (AttributeError, KeyError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        msg = f"the route is not GeoJSON that can be drawn: {type(error).__name__} {error}"
        raise InputError(msg, hint="plan the patrol again") from error
    found.sorties.extend((safe(name), shapely.union_all(shapes)) for name, shapes in lines.items())
    return found
