"""Layers that follow row by row from their tables: towns, the urban area, zones, registers, docks, cameras, towers."""

from collections import defaultdict

import numpy as np
import shapely
from shapely import Polygon

from dronepatrol.geo.local import LocalFrame
from making.tables import INVENTED, Feature, Layers, Row, blob, feature, origins, rows, scaled, shape, texts

XINDAI = LocalFrame(121.082, 30.823)
"""The table of the Xindai demo is in metres east and north of here."""
_NAMES = ("id", "name_zh", "name_en")
_VALID = ("valid_from", "valid_to")


def towns() -> list[Feature]:
    """Return the 21 towns, invented outlines around public positions."""
    made = []
    for row in rows("pinghu_towns.csv"):
        outline = origins()[f"town-{row['no']}"].geometry_to_lonlat(blob(int(row["no"]), float(row["area_km2"])))
        names = texts(row, "name_zh", "name_en", "division_zh", "division_code")
        source = f"position: {row['source']}; outline: {INVENTED}"
        made.append(feature(outline, {"id": f"town-{row['no']}", **names}, source))
    return made


def urban() -> list[Feature]:
    """Return the urban area, drawn by hand and scaled to its size."""
    made = []
    for row in rows("urban.csv"):
        outline = scaled(shape(row), float(row["area_km2"]))
        made.append(feature(origins()[row["origin"]].geometry_to_lonlat(outline), texts(row, *_NAMES)))
    return made


def registers() -> Layers:
    """Return the Xindai demo's area, zone and registers, and the urban area's registers."""
    layers: Layers = defaultdict(list)
    for row in rows("xindai_demo.csv"):
        properties = {key: row[key] for key in (*_NAMES, "hours")} | texts(row, *_VALID)
        layers[f"xindai-demo/{row['layer']}"].append(feature(XINDAI.geometry_to_lonlat(shape(row)), properties))
    for row in rows("urban_registers.csv"):
        layers[row["layer"]].append(feature(_placed(row), texts(row, *_NAMES, "hours", *_VALID)))
    return layers


def zones() -> list[Feature]:
    """Return the zones of the airspace; none of them is official, and no distance in them is a legal one."""
    made = []
    for row in rows("zones.csv"):
        limit_m = float(row["max_height_m"]) if row["max_height_m"] else None
        properties = texts(row, *_NAMES, "kind") | {"max_height_m": limit_m} | texts(row, *_VALID)
        made.append(feature(_placed(row), properties))
    return made


def docks() -> list[Feature]:
    """Return the docks; their ground heights are typical of the plain, not measured."""
    made = []
    for row in rows("docks.csv"):
        lonlat = origins()[row["origin"]].to_lonlat([float(row["east_m"]), float(row["north_m"])])
        properties = texts(row, *_NAMES) | {"ground_amsl_m": float(row["ground_amsl_m"])}
        made.append(feature(shapely.Point(lonlat), properties))
    return made


def cameras() -> list[Feature]:
    """Return what fixed cameras see, as sectors."""
    made = []
    for row in rows("cameras.csv"):
        place = np.array([float(row["east_m"]), float(row["north_m"])])
        view, towards, range_m = float(row["view_deg"]), float(row["azimuth_deg"]), float(row["range_m"])
        azimuth = np.radians(np.linspace(towards - view / 2, towards + view / 2, 13))
        arc = place + range_m * np.column_stack([np.sin(azimuth), np.cos(azimuth)])
        sector = origins()[row["origin"]].geometry_to_lonlat(Polygon([place, *arc]))
        numbers = {"azimuth_deg": towards, "view_deg": view, "range_m": range_m}
        made.append(feature(sector, texts(row, *_NAMES) | numbers))
    return made


def buildings() -> list[Feature]:
    """Return what stands higher than the rest."""
    return [
        feature(_placed(row), texts(row, *_NAMES) | {"height_m": float(row["height_m"])})
        for row in rows("buildings.csv")
    ]


def _placed(row: Row) -> shapely.geometry.base.BaseGeometry:
    return origins()[row["origin"]].geometry_to_lonlat(shape(row))
