"""The synthetic scene keeps its promises: what is planted, where, and that the truth says so."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from dronepatrol.areas import read_areas, read_register, read_zones
from dronepatrol.model.patrol import RegisterEntry, RegisterKind
from dronepatrol.sim.scene.look_alikes import LOOK_ALIKES
from dronepatrol.sim.scene.objects import PROBLEMS
from dronepatrol.sim.scene.scene import Scene, build_scene, in_force

DEMO = Path(__file__).resolve().parents[2] / "geodata" / "pinghu" / "xindai-demo"
AT = datetime.fromisoformat("2026-05-18T09:40:00+08:00")
SEED = 20260518
SMALL = shapely.box(121.0800, 30.8200, 121.0840, 30.8235)
REGISTER_OF = {
    "car": RegisterKind.STRICT_PARKING,
    "shared_bike": RegisterKind.BIKE_BAYS,
    "stall": RegisterKind.STALL_SITES,
    "blue_roof": RegisterKind.BUILDING_SITES,
}


@pytest.fixture(scope="module")
def demo():
    area = read_areas(DEMO / "area.geojson")[0].geometry
    nofly = [zone.geometry for zone in read_zones(DEMO / "nofly.geojson")]
    files = {kind: DEMO / "registers" / f"{kind}.geojson" for kind in RegisterKind}
    registers = {kind: read_register(kind, file) for kind, file in files.items() if file.exists()}
    return area, nofly, registers


@pytest.fixture(scope="module")
def scene(demo) -> Scene:
    return build_scene(*demo, SEED, AT)


@pytest.fixture(scope="module")
def features(scene: Scene) -> list[dict]:
    return scene.truth_geojson()["features"]


def metres(scene: Scene, feature: dict) -> np.ndarray:
    return scene.frame.to_metres(feature["geometry"]["coordinates"])


def test_enough_is_planted_of_every_class_and_as_many_look_alikes(features):
    planted = Counter(f["properties"]["class"] for f in features if f["properties"]["planted"])
    alike = [f for f in features if not f["properties"]["planted"]]
    assert set(planted) == set(PROBLEMS)
    assert min(planted.values()) >= 6
    assert sum(planted.values()) >= 64
    assert len(alike) >= sum(planted.values())
    assert set(LOOK_ALIKES) <= {f["properties"]["kind"] for f in alike}


def test_the_truth_is_geojson_with_every_property(features, scene):
    document = json.loads(json.dumps(scene.truth_geojson()))
    assert document["type"] == "FeatureCollection"
    assert document["synthetic"] is True
    assert len({f["properties"]["truth_id"] for f in features}) == len(features)
    for feature in features:
        properties = feature["properties"]
        assert feature["geometry"]["type"] == "Point"
        assert ("class" in properties) == properties["planted"] != ("look_alike_of" in properties)
        if properties["planted"]:
            assert properties["kind"] == PROBLEMS[properties["class"]][0]
        assert len(properties["size_m"]) == 2
        assert min(properties["size_m"]) > 0
        assert properties["height_m"] >= 0


def test_everything_lies_well_inside_the_area(demo, scene, features):
    area, nofly, _ = demo
    edge = scene.frame.geometry_to_metres(area.difference(shapely.union_all(nofly)))
    for feature in features:
        point = shapely.Point(metres(scene, feature))
        assert edge.contains(point)
        assert edge.boundary.distance(point) >= 8.0 - 1e-3


def test_things_lie_apart_except_for_cars_in_a_row(scene, features):
    places = np.array([metres(scene, f) for f in features])
    kinds = [f["properties"]["kind"] for f in features]
    near = [(i, j) for i, j in combinations(range(len(places)), 2) if np.hypot(*(places[i] - places[j])) < 12.0]
    for i, j in near:
        assert kinds[i] == kinds[j] == "car"
        assert np.hypot(*(places[i] - places[j])) >= 6.0


def test_registers_decide_what_is_planted(demo, scene, features):
    registers = demo[2]
    for feature in features:
        properties = feature["properties"]
        if properties["kind"] not in REGISTER_OF:
            continue
        register = REGISTER_OF[properties["kind"]]
        now = [e for e in registers[register] if in_force(e, AT)]
        areas = scene.frame.geometry_to_metres(shapely.union_all([entry.geometry for entry in now]))
        point = shapely.Point(metres(scene, feature))
        wrong_inside = register is RegisterKind.STRICT_PARKING
        assert areas.contains(point) == (properties["planted"] == wrong_inside)
        if register is RegisterKind.STRICT_PARKING and not properties["planted"]:
            assert areas.distance(point) >= 6.0


def test_what_is_flat_lies_in_nobodys_shadow(scene):
    flat = [plant for plant in scene.plants if plant.thing.height_m == 0.0]
    faces = scene.shadows
    shadows = shapely.STRtree([shapely.Polygon(ring) for ring in rings(faces)])
    for plant in flat:
        length, width = plant.thing.length_m, plant.thing.width_m
        half = 0.45 * np.array([[-length, 0], [length, 0], [0, -width], [0, width], [0, 0]])
        assert len(shadows.query(shapely.multipoints(plant.place.points(half)), predicate="intersects")) == 0


def rings(faces) -> Iterator[np.ndarray]:
    for start, end in zip(faces.start, faces.start[1:], strict=False):
        yield faces.xyz[start:end, :2]


def test_the_seed_decides_everything():
    one, again, other = (build_scene(SMALL, [], {}, seed) for seed in (8, 8, 9))
    assert again.truth_geojson() == one.truth_geojson()
    for layer in ("flat", "shadows", "raised"):
        assert np.array_equal(getattr(again, layer).xyz, getattr(one, layer).xyz)
        assert np.array_equal(getattr(again, layer).paint, getattr(one, layer).paint)
    assert other.truth_geojson() != one.truth_geojson()


def test_a_stall_on_a_site_out_of_hours_is_planted(demo):
    by_night = build_scene(*demo, 1, datetime.fromisoformat("2026-05-18T23:30:00+08:00"))
    kinds = [(p.kind, bool(p.problem)) for p in by_night.plants]
    assert ("stall", False) not in kinds
    assert kinds.count(("stall", True)) > kinds.count(("stall", False))


def test_an_area_without_registers_still_gets_a_scene():
    scene = build_scene(SMALL, [], {}, 3)
    problems = {plant.problem for plant in scene.plants}
    assert problems - {""} == set(PROBLEMS) - {"car_parking"}


def test_a_tiny_area_gets_what_fits():
    tiny = shapely.box(121.0800, 30.8200, 121.0806, 30.8205)
    scene = build_scene(tiny, [], {}, 3)
    assert len(scene.plants) < 30


@pytest.mark.parametrize(
    ("hours", "clock", "open_"),
    [
        ("", "03:00", True),
        ("06:00-09:00,16:30-22:00", "08:59", True),
        ("06:00-09:00,16:30-22:00", "09:00", False),
        ("06:00-09:00, 16:30-22:00", "16:30", True),
        ("18:00-02:00", "01:00", True),
        ("18:00-02:00", "12:00", False),
    ],
)
def test_hours(hours, clock, open_):
    entry = RegisterEntry(RegisterKind.STALL_SITES, "a", "a", shapely.box(0, 0, 1, 1), hours)
    assert in_force(entry, datetime.fromisoformat(f"2026-05-18T{clock}:00+08:00")) is open_


def test_validity():
    start, end = (datetime.fromisoformat(f"2026-0{m}-01T00:00:00+08:00") for m in (3, 4))
    entry = RegisterEntry(RegisterKind.STALL_SITES, "a", "a", shapely.box(0, 0, 1, 1), "", start, end)
    assert [in_force(entry, datetime.fromisoformat(f"2026-0{m}-15T12:00:00+08:00")) for m in (2, 3, 4)] == [
        False,
        True,
        False,
    ]
