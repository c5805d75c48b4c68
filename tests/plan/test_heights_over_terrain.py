"""Flying heights over ground and buildings: laws on made-up sorties, looked at far more closely than planned."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Mission, Sortie, Waypoint
from dronepatrol.model.patrol import Building
from dronepatrol.plan import heights
from dronepatrol.plan.heights import above_take_off_m, amsl_m, limited, with_heights
from dronepatrol.plan.request import Request
from dronepatrol.store import profiles
from dronepatrol.terrain.flat import FlatTerrain

FRAME = LocalFrame(121.05, 30.70)
CAMERA, CRAFT = profiles.camera("embedded-3mp"), profiles.aircraft("small-quad")
SPEED = 10.0
LOOK_M = 1.5
BULGE_M = 0.6
"""What ground as round as here may rise between two samples of the planner."""
at = st.tuples(st.floats(-600, 600), st.floats(-600, 600))


class Hills:
    """Rolling ground: bells of at least 120 m width, so that it bends less than BULGE_M within a sample."""

    source = "hills made up for a test"

    def __init__(self, bells, base_m=10.0):
        self.bells, self.base_m = bells, base_m

    def height_m(self, lonlat):
        metres = FRAME.to_metres(lonlat)
        ground = np.full(metres.shape[:-1], self.base_m)
        for (east, north), height, width in self.bells:
            ground = ground + height * np.exp(-((metres - (east, north)) ** 2).sum(axis=-1) / width**2)
        return ground


bells = st.lists(st.tuples(at, st.floats(-25, 45), st.floats(120, 400)), max_size=4)
houses = st.lists(st.tuples(at, st.floats(5, 90), st.floats(8, 60)), max_size=6)
routes = st.lists(at, min_size=2, max_size=6, unique=True)


def mission_of(route, height_m=60.0, step_m=20.0, ground_m=10.0) -> Mission:
    lonlat = FRAME.to_lonlat(np.array(route, dtype=float))
    waypoints = tuple(
        Waypoint(float(lon), float(lat), height_m, step_m if number % 2 == 0 else 0.0)
        for number, (lon, lat) in enumerate(lonlat)
    )
    dock = Dock("d", "dock", 121.05, 30.70, ground_m)
    sortie = Sortie("sortie-01", dock, waypoints, SPEED, height_m, 1000.0, 300.0, 15.0, 50)
    return Mission("p", 1, CAMERA.id, CRAFT.id, "ardupilot", height_m, 0.03, 40.0, step_m, (), (), (sortie,))


def request_of(terrain=None, buildings=()) -> Request:
    return Request(None, (), (), CAMERA, CRAFT, buildings=tuple(buildings), terrain=terrain)


def building(east, north, height_m, side_m) -> Building:
    half = side_m / 2
    box = shapely.box(east - half, north - half, east + half, north + half)
    return Building(FRAME.geometry_to_lonlat(box), height_m)


def looked_at(sortie: Sortie) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (n, 2) metres, heights above sea level and the leg's slope, every LOOK_M from the dock's sky on."""
    corners = np.array(
        [(sortie.dock.lon_deg, sortie.dock.lat_deg)] + [(w.lon_deg, w.lat_deg) for w in sortie.waypoints]
    )
    corners = FRAME.to_metres(corners)
    tall = [amsl_m(sortie.dock, h) for h in (sortie.waypoints[0].height_m, *(w.height_m for w in sortie.waypoints))]
    places, amsl, slopes = [], [], []
    for leg in range(len(corners) - 1):
        length = np.hypot(*(corners[leg + 1] - corners[leg]))
        share = np.linspace(0, 1, max(int(length / LOOK_M), 1) + 1)
        places.append(corners[leg] + share[:, None] * (corners[leg + 1] - corners[leg]))
        amsl.append(tall[leg] + share * (tall[leg + 1] - tall[leg]))
        slopes.append(np.full(len(share), (tall[leg + 1] - tall[leg]) / max(length, 1e-9) if length > 0.5 else 0.0))
    return np.vstack(places), np.concatenate(amsl), np.concatenate(slopes)


@settings(max_examples=40, deadline=None)
@given(routes, bells, houses, st.floats(25, 110))
def test_every_leg_is_clear_and_within_the_climb_rates(route, hills, blocks, height_m):
    terrain = Hills(hills)
    buildings = [building(*place, tall, side) for place, tall, side in blocks]
    ground_m = float(terrain.height_m([121.05, 30.70]))
    planned = with_heights(mission_of(route, height_m, ground_m=ground_m), request_of(terrain, buildings)).sorties[0]
    places, amsl, slopes = looked_at(planned)
    ground = terrain.height_m(FRAME.to_lonlat(places))
    assert (amsl >= ground + min(heights.CLEARANCE_M, 0.95 * height_m) - BULGE_M).all()
    assert (amsl >= ground + 0.95 * height_m - BULGE_M).all()
    for one in buildings:
        shape = FRAME.geometry_to_metres(one.geometry)
        top = float(terrain.height_m(shapely.get_coordinates(one.geometry)).max()) + one.height_m
        near = shapely.dwithin(shape, shapely.points(places), heights.BESIDE_M - 0.01)
        assert (amsl[near] >= top + heights.CLEARANCE_M - 1e-6).all()
    assert slopes.max() * SPEED <= CRAFT.climb_m_s
    assert slopes.min() * SPEED >= -CRAFT.descent_m_s


@settings(max_examples=30, deadline=None)
@given(routes, bells, st.floats(25, 110))
def test_lanes_are_as_high_as_asked_where_the_aircraft_can_follow(route, hills, height_m):
    gentle = [(place, tall * 0.3, width + 250) for place, tall, width in hills]  # slopes below 0.9 * 1.5 / 10
    terrain = Hills(gentle)
    ground_m = float(terrain.height_m([121.05, 30.70]))
    before = mission_of(route, height_m, ground_m=ground_m)
    after = with_heights(before, request_of(terrain))
    places, amsl, _ = looked_at(after.sorties[0])
    above = amsl - terrain.height_m(FRAME.to_lonlat(places))
    assert above.max() <= height_m * (1 + heights.TOLERANCE_SHARE) + BULGE_M
    assert above.min() >= height_m * (1 - heights.TOLERANCE_SHARE) - BULGE_M
    assert not [finding for finding in after.findings if finding.severity != "info"]


@settings(max_examples=20, deadline=None)
@given(routes, bells)
def test_waypoints_are_only_added_and_photos_stay(route, hills):
    mission = mission_of(route)
    before = mission.sorties[0]
    after = with_heights(mission, request_of(Hills(hills))).sorties[0]
    onwards = iter(replace(w, height_m=60.0) for w in after.waypoints)
    assert all(waypoint in onwards for waypoint in before.waypoints)  # in their order, others between them
    assert {w.photo_step_m for w in after.waypoints} <= {0.0, 20.0}
    assert after.planned_photos == before.planned_photos


@settings(max_examples=20, deadline=None)
@given(routes, st.floats(5, 110), st.floats(-5, 4000))
def test_flat_terrain_changes_nothing(route, height_m, ground_m):
    before = mission_of(route, round(height_m, 2), ground_m=ground_m)
    assert with_heights(before, request_of(FlatTerrain(ground_m))).sorties == before.sorties


@given(st.floats(-400, 5000), st.floats(-100, 500))
def test_heights_above_sea_level_and_back(ground_m, height_m):
    dock = Dock("d", "dock", 0.0, 0.0, ground_m)
    assert above_take_off_m(dock, amsl_m(dock, height_m)) == pytest.approx(height_m, abs=1e-9)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.floats(-100, 100)), min_size=1, max_size=40),
    st.floats(0.05, 1), st.floats(0.05, 1),
)  # fmt: skip
def test_limited_is_the_least_line_above_within_the_slopes(steps, climb, sink):
    along = np.cumsum([step for step, _ in steps])
    aim = np.array([height for _, height in steps])
    line = limited(along, aim, climb, sink)
    assert (line >= aim - 1e-9).all()
    slopes = np.diff(line) / np.diff(along)
    assert (slopes <= climb + 1e-6).all()
    assert (slopes >= -sink - 1e-6).all()
    ahead = along[:, None] - along[None, :]
    cones = aim[None, :] - np.where(ahead < 0, -climb * ahead, sink * ahead)
    np.testing.assert_allclose(line, cones.max(axis=1), atol=1e-6)


def test_without_a_terrain_model_nothing_changes_and_it_says_so():
    mission = mission_of([(0, 100), (400, 100)])
    planned = with_heights(mission, request_of())
    assert planned.sorties == mission.sorties
    assert [(f.severity, f.message) for f in planned.findings] == [
        ("info", "no terrain model: the ground is taken to be level with the dock")
    ]


def test_a_tower_is_climbed_over_early_and_said():
    mission = mission_of([(0, 50), (900, 50)])
    planned = with_heights(mission, request_of(buildings=[building(450, 50, 90.0, 20.0)]))
    sortie = planned.sorties[0]
    assert len(sortie.waypoints) <= 7
    assert max(w.height_m for w in sortie.waypoints) == pytest.approx(105.0)
    assert [w.photo_step_m for w in sortie.waypoints[:-1]] == [20.0] * (len(sortie.waypoints) - 1)
    assert sortie.planned_energy_wh > mission.sorties[0].planned_energy_wh
    said = [finding for finding in planned.findings if finding.severity == "warning"]
    assert len(said) == 1
    assert "105 m above ground, where 60 m were asked" in said[0].message
    assert np.hypot(*(FRAME.to_metres(said[0].lonlat) - (450, 50))) < 40


def test_a_climb_that_does_not_fit_into_its_leg_starts_before_it():
    """A cliff 40 m behind the first waypoint: the climb has begun above the dock already."""

    class Cliff:
        source = "a cliff"

        def height_m(self, lonlat):
            return np.where(FRAME.to_metres(lonlat)[..., 0] > 140, 70.0, 10.0)

    sortie = with_heights(mission_of([(100, 0), (600, 0)]), request_of(Cliff())).sorties[0]
    places, amsl, slopes = looked_at(sortie)
    assert slopes.max() * SPEED <= CRAFT.climb_m_s
    assert (amsl[places[:, 0] > 140 + heights.SAMPLE_M] >= 70 + 0.95 * 60).all()
    assert sortie.waypoints[0].height_m > 60 + 20
    assert sortie.waypoints[0].photo_step_m == 0
    assert (sortie.waypoints[0].lon_deg, sortie.waypoints[0].lat_deg) == pytest.approx((121.05, 30.70))


def test_straight_up_is_allowed_where_the_plan_asks_for_it():
    mission = mission_of([(0, 100), (400, 100), (400, 100.001), (0, 140)])
    waypoints = mission.sorties[0].waypoints
    low = [replace(w, height_m=h) for w, h in zip(waypoints, (60.0, 60.0, 90.0, 90.0), strict=True)]
    mission = replace(mission, sorties=(replace(mission.sorties[0], waypoints=tuple(low)),))
    planned = with_heights(mission, request_of(FlatTerrain(10.0)))
    assert [w.height_m for w in planned.sorties[0].waypoints] == [60.0, 60.0, 90.0, 90.0]


def test_ground_that_is_not_known_is_filled_in_and_said():
    class Half:
        source = "half a model"

        def height_m(self, lonlat):
            return np.where(FRAME.to_metres(lonlat)[..., 0] > 200, np.nan, 10.0)

    planned = with_heights(mission_of([(0, 100), (400, 100)]), request_of(Half()))
    assert [w.height_m for w in planned.sorties[0].waypoints] == [60.0, 60.0]
    assert "knows no height" in next(f for f in planned.findings if f.severity == "warning").message


def test_a_dock_at_another_height_than_the_model_says_is_found():
    planned = with_heights(mission_of([(0, 100), (400, 100)], ground_m=40.0), request_of(FlatTerrain(10.0)))
    assert any("dock d stands at 40.0 m" in finding.message for finding in planned.findings)
    assert {w.height_m for w in planned.sorties[0].waypoints} == {30.0}  # 60 m above the ground there
