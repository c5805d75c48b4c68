"""Networks of lines: streets and canals drawn by hand in the urban area, and invented links between the places.

Lines are split where they meet, so that a network is a graph: every end that two lines share is the same position.
"""

import zlib

import numpy as np
import shapely
from shapely import LineString, wkt

from making.tables import Feature, Row, feature, origins, rows

_BENDS = 4
_OUTSIDE = {"roads": ("county road", 12.0), "canals": ("canal", 20.0)}
_GRID_M = 0.001


def network(layer: str) -> list[Feature]:
    """Return one network ("roads" or "canals"), one feature per edge."""
    frame = origins()["urban"]
    drawn = rows(f"{layer}.csv")
    lines = [wkt.loads(row["wkt_m"]) for row in drawn]
    links = [row for row in rows("links.csv") if row["layer"] == layer]
    nodes = shapely.points(np.unique(shapely.get_coordinates(_noded(lines)), axis=0))
    ends = {name: frame.to_metres([one.lon_deg, one.lat_deg]) for name, one in origins().items()}
    lines += [_link(layer, row, ends, nodes) for row in links]
    names = [
        {key: row[key] for key in ("name_zh", "name_en", "class")} | {"width_m": float(row["width_m"])} for row in drawn
    ]
    kind, width_m = _OUTSIDE[layer]
    names += [
        {"name_zh": f"演示连接线 {a}–{b}", "name_en": f"Demo link {a} to {b}", "class": kind, "width_m": width_m}
        for a, b in ((row["from"], row["to"]) for row in links)
    ]
    made = []
    for edge in shapely.get_parts(_noded(lines)):
        middle = edge.interpolate(0.5, normalized=True)
        owner = int(np.argmin(shapely.distance(np.array(lines), middle)))
        number = len(made) + 1
        made.append(feature(frame.geometry_to_lonlat(edge), {"id": f"{layer}-{number:03d}", **names[owner]}))
    return made


def _noded(lines: list[LineString]) -> shapely.MultiLineString:
    """Return the lines split where they meet, on a grid of a millimetre so that shared ends are the same."""
    return shapely.normalize(shapely.union_all(lines, grid_size=_GRID_M))


def _link(layer: str, row: Row, ends: dict[str, np.ndarray], nodes: np.ndarray) -> LineString:
    """Return an invented line between two places that winds a little; from the urban area it starts at its network."""
    start, end = row["from"], row["to"]
    stop = ends[end]
    place = nodes[int(np.argmin(shapely.distance(nodes, shapely.Point(stop))))] if start == "urban" else None
    begin = np.array([place.x, place.y]) if place is not None else ends[start]
    random = np.random.default_rng(zlib.crc32(f"{layer} {start} {end}".encode()))
    along = np.linspace(0.0, 1.0, _BENDS + 2)
    aside = np.zeros(_BENDS + 2)
    aside[1:-1] = random.uniform(-0.05, 0.05, _BENDS)
    ahead = stop - begin
    left = np.array([-ahead[1], ahead[0]])
    return LineString(np.round(begin + along[:, None] * ahead + aside[:, None] * left, 3))
