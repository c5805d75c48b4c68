"""Make the demo's geodata from the tables in ``geodata/sources``: run ``python geodata/make.py``.

Nothing here is official. Town positions are public points rounded to 0.001 degrees, outlines are invented blobs of a
plausible size, and everything inside the Xindai demo area is invented. Every feature says so (``demo: true``).
"""

import csv
import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import Polygon, wkt
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame, area_m2

HERE = Path(__file__).parent
OUT = HERE / "pinghu"
DEMO_ORIGIN = LocalFrame(121.082, 30.823)
"""The table of the Xindai demo is in metres east and north of here."""
INVENTED = "invented for the demo by geodata/make.py"
CORNERS = 48

Row = dict[str, str]
Feature = dict[str, Any]


def rows(name: str) -> list[Row]:
    """Return the rows of one source table."""
    with (HERE / "sources" / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def blob(number: int, area_km2: float) -> Polygon:
    """Return an invented outline around (0, 0) in metres; the same number gives the same outline."""
    random = np.random.default_rng(number)
    angle = np.linspace(0.0, 2 * np.pi, CORNERS, endpoint=False)
    radius = np.ones(CORNERS)
    for wave in (2, 3, 5):
        radius += random.uniform(0.02, 0.12) * np.cos(wave * angle + random.uniform(0.0, 2 * np.pi))
    outline = Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None])
    scale = float(np.sqrt(area_km2 * 1e6 / outline.area))
    return Polygon(np.asarray(outline.exterior.coords) * scale)


def shape(row: Row) -> BaseGeometry:
    """Return the geometry of one row of the demo table in metres: a polygon, a widened line, or a rectangle."""
    geometry = wkt.loads(row["wkt_m"])
    if geometry.geom_type == "LineString":
        return geometry.buffer(float(row["width_m"]) / 2, cap_style="flat", join_style="mitre")
    if geometry.geom_type == "Point":
        half_length, half_width = float(row["length_m"]) / 2, float(row["width_m"]) / 2
        box = shapely.box(-half_width, -half_length, half_width, half_length)
        turned = shapely.affinity.rotate(box, -float(row["azimuth_deg"]), origin=(0, 0))
        return shapely.affinity.translate(turned, geometry.x, geometry.y)
    return geometry


def feature(geometry: BaseGeometry, properties: dict[str, Any]) -> Feature:
    """Return a GeoJSON feature: seven decimals, outer rings counter-clockwise (RFC 7946)."""
    lonlat = shapely.orient_polygons(shapely.transform(geometry, lambda points: np.round(points, 7)))
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(lonlat)}


def write(name: str, features: list[Feature]) -> None:
    """Write a FeatureCollection with one feature per line."""
    path = OUT / f"{name}.geojson"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{path.relative_to(HERE)}: {len(features)} features")


def towns() -> list[Feature]:
    """Return the 21 towns, invented outlines around public positions."""
    made = []
    for row in rows("pinghu_towns.csv"):
        frame = LocalFrame(float(row["lon"]), float(row["lat"]))
        outline = frame.geometry_to_lonlat(blob(int(row["no"]), float(row["area_km2"])))
        names = {key: row[key] for key in ("name_zh", "name_en", "division_zh", "division_code")}
        source = f"position: {row['source']}; outline: {INVENTED}"
        made.append(feature(outline, {"id": f"town-{row['no']}", **names, "demo": True, "source": source}))
    return made


def demo_layers() -> dict[str, list[Feature]]:
    """Return the layers of the Xindai demo by file name."""
    layers: dict[str, list[Feature]] = defaultdict(list)
    for row in rows("xindai_demo.csv"):
        texts = {key: row[key] for key in ("id", "name_zh", "name_en", "hours")}
        validity = {key: row[key] or None for key in ("valid_from", "valid_to")}
        geometry = DEMO_ORIGIN.geometry_to_lonlat(shape(row))
        layers[row["layer"]].append(feature(geometry, {**texts, **validity, "demo": True, "source": INVENTED}))
    return dict(layers)


def check(town_features: list[Feature], layers: dict[str, list[Feature]]) -> None:
    """Stop where the made data break what the demo relies on; print the figures that matter."""
    outlines = [shapely.geometry.shape(one["geometry"]) for one in town_features]
    sizes = [area_m2(outline) / 1e6 for outline in outlines]
    assert all(0.5 <= size <= 2.5 for size in sizes), sizes
    assert not any(a.intersects(b) for a, b in combinations(outlines, 2)), "towns overlap"
    metres = {
        (layer, one["properties"]["id"]): DEMO_ORIGIN.geometry_to_metres(shapely.geometry.shape(one["geometry"]))
        for layer, features in layers.items()
        for one in features
    }
    area, hole = metres["area", "xindai-demo"], metres["nofly", "substation-1"]
    xindai = next(o for o, t in zip(outlines, town_features, strict=True) if t["properties"]["name_en"] == "Xindai")
    assert DEMO_ORIGIN.geometry_to_metres(xindai).contains(area), "the demo area leaves its town"
    net_km2 = area_m2(DEMO_ORIGIN.geometry_to_lonlat(area.difference(hole))) / 1e6
    assert 0.5 <= net_km2 <= 0.7, net_km2
    places = {key: one for key, one in metres.items() if key[0].startswith("registers/")}
    for key, one in [*places.items(), (("nofly", ""), hole)]:
        assert area.contains(one), f"{key} is not inside the area"
    for (left, one), (right, other) in combinations([*places.items(), (("nofly", ""), hole)], 2):
        roads = sum("strict_parking" in key[0] for key in (left, right))
        gap_m = one.distance(other)
        assert roads == 2 or gap_m >= (2 if roads and "nofly" not in (left[0], right[0]) else 20), (left, right, gap_m)
    print(f"{len(outlines)} towns, {sum(sizes):.1f} km2; demo area {net_km2:.3f} km2 without its no-fly zone")


def main() -> None:
    """Make and check everything."""
    town_features, layers = towns(), demo_layers()
    check(town_features, layers)
    write("towns", town_features)
    for name, features in layers.items():
        write(f"xindai-demo/{name}", features)


if __name__ == "__main__":
    main()
