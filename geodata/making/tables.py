"""Source tables: rows, the places that their metres count from, and the shapes that they describe."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import Polygon, wkt
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame

SOURCES = Path(__file__).resolve().parents[1] / "sources"
INVENTED = "invented for the demo by geodata/make.py"
_CORNERS = 48

Row = dict[str, str]
Feature = dict[str, Any]
Layers = dict[str, list[Feature]]
"""Features by the name of their file below ``geodata/pinghu``, without its suffix."""


def rows(name: str) -> list[Row]:
    """Return the rows of one source table."""
    with (SOURCES / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@cache
def origins() -> dict[str, LocalFrame]:
    """Return the frames that tables may count metres from: places by name, towns as ``town-NUMBER``."""
    places = {row["name"]: row for row in rows("origins.csv")}
    places |= {f"town-{row['no']}": row for row in rows("pinghu_towns.csv")}
    return {name: LocalFrame(float(row["lon"]), float(row["lat"])) for name, row in places.items()}


def shape(row: Row) -> BaseGeometry:
    """Return the geometry of a row in metres: a polygon, a widened line, a rectangle, or a circle.

    A point with a length and a width is a rectangle whose length lies along the azimuth, one with a length alone a
    circle of that diameter.
    """
    geometry = wkt.loads(row["wkt_m"])
    if geometry.geom_type == "LineString":
        return geometry.buffer(float(row["width_m"]) / 2, cap_style="flat", join_style="mitre")
    if geometry.geom_type != "Point":
        return geometry
    if not row["width_m"]:
        return geometry.buffer(float(row["length_m"]) / 2, quad_segs=8)
    half_length, half_width = float(row["length_m"]) / 2, float(row["width_m"]) / 2
    box = shapely.box(-half_width, -half_length, half_width, half_length)
    turned = shapely.affinity.rotate(box, -float(row["azimuth_deg"]), origin=(0, 0))
    return shapely.affinity.translate(turned, geometry.x, geometry.y)


def blob(number: int, area_km2: float) -> Polygon:
    """Return an invented outline around (0, 0) in metres; the same number gives the same outline."""
    random = np.random.default_rng(number)
    angle = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
    radius = np.ones(_CORNERS)
    for wave in (2, 3, 5):
        radius += random.uniform(0.02, 0.12) * np.cos(wave * angle + random.uniform(0.0, 2 * np.pi))
    return scaled(Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]), area_km2)


def scaled(outline: Polygon, area_km2: float) -> Polygon:
    """Return the outline with all metres multiplied so that it has the size."""
    scale = float(np.sqrt(area_km2 * 1e6 / outline.area))
    return Polygon(np.asarray(outline.exterior.coords) * scale)


def feature(geometry: BaseGeometry, properties: dict[str, Any], source: str = INVENTED) -> Feature:
    """Return a GeoJSON feature of degrees: seven decimals, outer rings counter-clockwise (RFC 7946), marked demo."""
    rounded = shapely.transform(geometry, lambda points: np.round(points, 7))
    lonlat = shapely.orient_polygons(rounded) if "Polygon" in rounded.geom_type else rounded
    said = {**properties, "demo": True, "source": source}
    return {"type": "Feature", "properties": said, "geometry": shapely.geometry.mapping(lonlat)}


def texts(row: Row, *keys: str) -> dict[str, Any]:
    """Return columns of a row as properties; an empty one is null."""
    return {key: row[key] or None for key in keys}
