"""Do the made data hold what the demo relies on? A wrong table stops here, by name."""

from itertools import combinations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame, area_m2
from making.places import XINDAI
from making.tables import Feature, Layers, origins


def check(layers: Layers) -> None:
    """Raise an AssertionError for the first thing that is wrong."""
    _areas(layers)
    _xindai(layers)
    _urban_registers(layers)
    _docks(layers)
    for name in ("roads", "canals"):
        _connected(name, layers[name])
    codes = [one["properties"]["id"] for one in layers["unit_grids"]]
    assert len(codes) == len(set(codes))
    assert all(len(code) == 15 and code.isdigit() for code in codes)


def shapes(features: list[Feature], frame: LocalFrame | None = None) -> dict[str, BaseGeometry]:
    """Return the geometries by id, in the frame's metres or in degrees."""
    found = {one["properties"]["id"]: shapely.geometry.shape(one["geometry"]) for one in features}
    return {name: frame.geometry_to_metres(one) for name, one in found.items()} if frame else found


def _areas(layers: Layers) -> None:
    towns, (urban,) = shapes(layers["towns"]), shapes(layers["urban"]).values()
    sizes = {name: area_m2(town) / 1e6 for name, town in towns.items()}
    assert len(towns) == 21
    assert all(0.5 <= size <= 2.5 for size in sizes.values()), sizes
    assert not any(a.intersects(b) for a, b in combinations([*towns.values(), urban], 2)), "areas overlap"
    assert urban.is_valid
    assert abs(area_m2(urban) / 1e6 - 30.0) < 0.5


def _xindai(layers: Layers) -> None:
    metres = {
        (layer, name): one
        for layer, features in layers.items()
        if layer.startswith("xindai-demo/")
        for name, one in shapes(features, XINDAI).items()
    }
    area = metres.pop(("xindai-demo/area", "xindai-demo"))
    hole = metres["xindai-demo/nofly", "substation-1"]
    town = shapes(layers["towns"], XINDAI)["town-5"]
    assert town.contains(area), "the demo area leaves its town"
    net_km2 = area_m2(XINDAI.geometry_to_lonlat(area.difference(hole))) / 1e6
    assert 0.5 <= net_km2 <= 0.7, net_km2
    for key, one in metres.items():
        assert area.contains(one), f"{key} is not inside the area"
    for (left, one), (right, other) in combinations(metres.items(), 2):
        roads = sum("strict_parking" in key[0] for key in (left, right))
        gap_m = one.distance(other)
        beside_road = roads == 1 and not any(key[0].endswith("nofly") for key in (left, right))
        assert roads == 2 or gap_m >= (2 if beside_road else 20), (left, right, gap_m)


def _urban_registers(layers: Layers) -> None:
    frame = origins()["urban"]
    (urban,) = shapes(layers["urban"], frame).values()
    closed = shapely.union_all(list(shapes(_of_kind(layers, "no_fly"), frame).values()))
    for layer, features in layers.items():
        if layer.startswith("registers/") or layer in {"cameras", "unit_grids"}:
            for name, one in shapes(features, frame).items():
                assert urban.contains(one), f"{layer} {name} is not inside the urban area"
                assert layer in {"unit_grids", "cameras"} or one.disjoint(closed), f"{layer} {name} is in a zone"


def _docks(layers: Layers) -> None:
    frame = origins()["urban"]
    closed = shapely.union_all(list(shapes(_of_kind(layers, "no_fly"), frame).values()))
    docks = shapes(layers["docks"], frame)
    for name, place in docks.items():
        assert place.distance(closed) > 50.0, f"dock {name} is {place.distance(closed):.0f} m from a no-fly zone"
    places = np.array(list(docks.values()))
    for name, area in (shapes(layers["towns"], frame) | shapes(layers["urban"], frame)).items():
        assert any(area.contains(places)), f"no dock in {name}"


def _of_kind(layers: Layers, kind: str) -> list[Feature]:
    return [one for one in layers["zones"] if one["properties"]["kind"] == kind]


def _connected(name: str, edges: list[Feature]) -> None:
    """Check that from one end every other end can be reached."""
    ends = [(tuple(line[0]), tuple(line[-1])) for line in (one["geometry"]["coordinates"] for one in edges)]
    reached, grew = {ends[0][0]}, True
    while grew:
        size = len(reached)
        for pair in ends:
            if reached.intersection(pair):
                reached.update(pair)
        grew = len(reached) > size
    assert all(reached.issuperset(pair) for pair in ends), f"{name} fall apart"
