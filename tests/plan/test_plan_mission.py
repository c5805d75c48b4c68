"""The whole planner on the demo patrol, and on patrols that cannot be."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from dronepatrol.areas import read_areas, read_zones
from dronepatrol.errors import InputError, PlanError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Command, Frame, Mission, Sortie
from dronepatrol.model.patrol import Zone
from dronepatrol.model.progress import silent
from dronepatrol.patrol.fly import Flights, RealVehicle, fly_real, not_flown
from dronepatrol.plan.checks import check
from dronepatrol.plan.fleet.resume import resume, resumed
from dronepatrol.plan.footprints import due_photos, photo_footprints
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.store import profiles
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
AREA = read_areas(SPEC.area_files[0])[0]
ZONES = read_zones(SPEC.nofly_file)
CAMERA = profiles.camera(SPEC.camera)
CRAFT = profiles.aircraft(SPEC.aircraft)
FRAME = LocalFrame.around(AREA.geometry)


@cache
def demo() -> Mission:
    return plan_mission(Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT))


def line(sortie: Sortie) -> np.ndarray:
    dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    return FRAME.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), dock])


def test_demo_is_of_the_size_that_was_asked():
    mission = demo()
    assert 200 <= sum(sortie.planned_photos for sortie in mission.sorties) <= 450
    assert len(mission.sorties) == 4
    assert mission.gsd_m <= 0.05
    assert [f for f in mission.findings if f.severity == "blocker"] == []


def test_photos_show_all_of_the_area():
    mission = demo()
    across, along = CAMERA.footprint_m(mission.height_m)
    seen = shapely.union_all(photo_footprints(mission, FRAME, across, along), grid_size=1e-4)
    target = FRAME.geometry_to_metres(AREA.geometry.difference(ZONES[0].geometry))
    assert target.difference(seen).area < 1e-4 * target.area


def test_no_leg_comes_near_the_no_fly_zone_or_leaves_the_fence():
    nofly = FRAME.geometry_to_metres(ZONES[0].geometry)
    inclusion = [i for i in fence_items(demo()) if i.command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION]
    fence = Polygon(FRAME.to_metres([(i.lon_deg, i.lat_deg) for i in inclusion]))
    for sortie in demo().sorties:
        flown = LineString(line(sortie))
        assert flown.distance(nofly) > 9.0
        assert fence.contains(flown)


def test_sorties_stay_within_the_battery_and_are_balanced():
    energies = [sortie.planned_energy_wh for sortie in demo().sorties]
    assert max(energies) <= CRAFT.usable_wh
    assert min(energies) > 0.7 * max(energies)


def test_planned_figures_are_those_of_the_waypoints():
    for sortie in demo().sorties:
        length = np.hypot(*np.diff(line(sortie), axis=0).T).sum()
        assert sortie.planned_length_m == pytest.approx(length, rel=1e-4)
        assert sortie.planned_time_s > length / sortie.speed_m_s


def test_the_same_input_gives_the_same_mission():
    assert plan_mission(Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)) == demo()


@pytest.mark.parametrize("autopilot", ["ardupilot", "px4"])
def test_sortie_items_are_self_contained(autopilot):
    for sortie in demo().sorties:
        items = list(sortie_items(sortie, autopilot))
        if autopilot == "ardupilot":
            home = items.pop(0)
            assert (home.frame, home.altitude_m) == (Frame.GLOBAL, sortie.dock.ground_amsl_m)
        commands = [item.command for item in items]
        assert commands[:3] == [Command.NAV_TAKEOFF, Command.DO_CHANGE_SPEED, Command.DO_MOUNT_CONTROL]
        assert commands[-1] == Command.NAV_RETURN_TO_LAUNCH
        assert items[2].params[0] == -90
        assert items[2].altitude_m == 2  # parameter 7: the mode
        places = [i for i in items if i.command == Command.NAV_WAYPOINT]
        assert [(i.lon_deg, i.lat_deg) for i in places] == [(w.lon_deg, w.lat_deg) for w in sortie.waypoints]
        steps = [item.params[0] for item in items if item.command == Command.DO_SET_CAM_TRIGG_DIST]
        assert steps[-1] == 0
        assert sum(step > 0 for step in steps) == sum(w.photo_step_m > 0 for w in sortie.waypoints)


def test_a_small_battery_splits_lanes_with_a_photo_taken_twice():
    small = replace(CRAFT, battery_wh=22.0)
    mission = plan_mission(Request(SPEC, (AREA,), ZONES, CAMERA, small))
    assert len(mission.sorties) > 2 * len(demo().sorties)
    assert max(sortie.planned_energy_wh for sortie in mission.sorties) <= small.usable_wh
    across, along = CAMERA.footprint_m(mission.height_m)
    seen = shapely.union_all(photo_footprints(mission, FRAME, across, along), grid_size=1e-4)
    target = FRAME.geometry_to_metres(AREA.geometry.difference(ZONES[0].geometry))
    assert target.difference(seen).area < 1e-4 * target.area


def test_a_way_home_over_a_no_fly_zone_is_found():
    assert {f.rule for f in demo().findings if f.severity == "warning"} <= {"way home"}


def test_height_and_wind_are_blockers():
    windy = plan_mission(Request(replace(SPEC, wind_m_s=20.0), (AREA,), (), CAMERA, replace(CRAFT, battery_wh=2000.0)))
    assert {f.rule for f in windy.findings if f.severity == "blocker"} == {"wind"}
    high = plan_mission(Request(replace(SPEC, gsd_m=0.08), (AREA,), (), CAMERA, replace(CRAFT, battery_wh=2000.0)))
    assert {f.rule for f in high.findings if f.severity == "blocker"} == {"ALT120"}


def test_what_cannot_be_planned_is_said():
    west, south, east, north = AREA.geometry.bounds
    everywhere = (Zone("all", "all", box(west, south, east, north)),)
    with pytest.raises(PlanError, match="lies wholly inside no-fly zones"):
        plan_mission(Request(SPEC, (AREA,), everywhere, CAMERA, CRAFT))
    at_dock = (Zone("d", "d", shapely.Point(SPEC.fleet.docks[0].lon_deg, SPEC.fleet.docks[0].lat_deg).buffer(1e-4)),)
    with pytest.raises(PlanError, match="the dock xindai-south lies in a no-fly zone"):
        plan_mission(Request(SPEC, (AREA,), at_dock, CAMERA, CRAFT))
    with pytest.raises(PlanError, match="do not reach the area's furthest part"):
        plan_mission(Request(SPEC, (AREA,), ZONES, CAMERA, replace(CRAFT, battery_wh=6.0)))
    with pytest.raises(PlanError, match="expected at least 1 m/s"):
        plan_mission(Request(SPEC, (AREA,), ZONES, replace(CAMERA, min_interval_s=100.0), CRAFT))


def test_what_can_still_be_flown_is_flown():
    far = replace(
        AREA, id="far", name="far", geometry=shapely.transform(AREA.geometry, lambda at: at + np.array([0.3, 0.0]))
    )
    closed = replace(AREA, id="closed", name="closed", geometry=ZONES[0].geometry)
    again = replace(AREA, id="again", name="again")
    mission = plan_mission(Request(SPEC, (AREA, far, closed, again), ZONES, CAMERA, CRAFT))
    said = {(f.rule, f.severity): f.message for f in mission.findings if f.rule in ("area", "reach")}
    assert "left out" in said["reach", "warning"]
    assert "closed lies wholly inside no-fly zones" in said["area", "warning"]
    assert "again lie in areas before it" in said["area", "info"]
    assert sum(sortie.planned_photos for sortie in mission.sorties) == pytest.approx(
        sum(sortie.planned_photos for sortie in demo().sorties), rel=0.05
    )


def test_the_rest_of_a_sortie_is_a_sortie_of_its_own():
    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)
    whole = demo().sorties[1]
    rest = resume(demo(), request, whole.id, 57)
    before, after = due_photos(whole, FRAME).places, due_photos(rest, FRAME).places
    assert len(after) == rest.planned_photos == whole.planned_photos - 56 + 2
    np.testing.assert_allclose(after, before[54:], atol=0.5)
    assert rest.waypoints[-1] == whole.waypoints[-1]
    assert rest.planned_time_s < whole.planned_time_s
    nofly = FRAME.geometry_to_metres(ZONES[0].geometry)
    assert LineString(line(rest)).distance(nofly) > 9.0
    assert resume(demo(), request, whole.id, 1).planned_photos == whole.planned_photos
    with pytest.raises(InputError, match="has no photo 0; it plans"):
        resume(demo(), request, whole.id, 0)
    with pytest.raises(InputError, match="no sortie sortie-77"):
        resume(demo(), request, "sortie-77", 1)


def test_the_rest_of_a_sortie_takes_its_place_in_the_timetable():
    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)
    mission = resumed(demo(), request, "sortie-02", 57)
    *others, rest = mission.sorties
    assert rest.id == "sortie-02-from-057"
    assert [one.id for one in others] == [one.id for one in demo().sorties]
    charge_s = SPEC.fleet.charge_s
    for one in others:
        if one.drone == rest.drone:
            assert rest.start_s >= one.start_s + one.planned_time_s + charge_s
    whole = mission.sorties[1]
    assert rest.start_s >= whole.start_s + whole.planned_time_s + charge_s
    assert (whole.rest_from_photo, whole.due) == (57, 56)
    assert [one.id for one in mission.to_fly] == ["sortie-01", "sortie-03", "sortie-04", rest.id]
    assert len(due_photos(whole, FRAME)) == 56  # what it took, and no photo that the rest takes
    found = check(mission, request, photo_plan(SPEC, CAMERA, CRAFT))
    assert not [one for one in found if one.severity == "blocker"]


def test_a_resumed_plan_still_shows_the_whole_area():
    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)
    mission = resumed(demo(), request, "sortie-02", 57)
    across, along = CAMERA.footprint_m(mission.height_m)
    seen = shapely.union_all(photo_footprints(mission, FRAME, across, along), grid_size=1e-4)
    target = FRAME.geometry_to_metres(AREA.geometry.difference(ZONES[0].geometry))
    assert target.difference(seen).area < 1e-4 * target.area
    alone = replace(mission, sorties=mission.sorties[:-1])
    seen = shapely.union_all(photo_footprints(alone, FRAME, across, along), grid_size=1e-4)
    assert target.difference(seen).area > 0.02 * target.area  # the rest is what is missing


def test_a_rest_may_be_planned_again_and_come_home_early_itself():
    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)
    first = resumed(demo(), request, "sortie-02", 57)
    again = resumed(first, request, "sortie-02", 60)
    assert [one.id for one in again.sorties][-1] == "sortie-02-from-060"
    assert len(again.sorties) == len(first.sorties)
    twice = resumed(again, request, "sortie-02-from-060", 9)
    assert [one.id for one in twice.to_fly][-1] == "sortie-02-from-060-from-009"
    with pytest.raises(InputError, match="the rest of sortie-02, sortie-02-from-060, came home early itself"):
        resumed(twice, request, "sortie-02", 50)


def test_a_rest_over_a_hill_flies_as_high_above_it_as_the_patrol():
    class Hill:
        source = "a hill"

        def height_m(self, lonlat):
            east, north = np.moveaxis(FRAME.to_metres(lonlat), -1, 0)
            return 3.5 + 30.0 * np.exp(-(east**2 + north**2) / 300.0**2)

    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT, terrain=Hill())
    mission = plan_mission(request)
    rest = resume(mission, request, "sortie-02", 30)
    whole = next(one for one in mission.sorties if one.id == "sortie-02")
    assert max(w.height_m for w in rest.waypoints) <= max(w.height_m for w in whole.waypoints) + 12.0
    ground = Hill().height_m(np.array([(w.lon_deg, w.lat_deg) for w in rest.waypoints]))
    above = np.array([w.height_m for w in rest.waypoints]) + rest.dock.ground_amsl_m - ground
    assert above.min() > 0.9 * mission.height_m


def test_fly_leaves_out_what_was_flown_in_part(tmp_path):
    request = Request(SPEC, (AREA,), ZONES, CAMERA, CRAFT)
    mission = resumed(demo(), request, "sortie-02", 57)
    assert "sortie-02" not in [one.item for one in not_flown(mission, [])]
    flights = Flights(mission, PatrolFolder(tmp_path), silent)
    with pytest.raises(InputError, match="sortie-02 was flown in part; its rest, from photo 57"):
        fly_real(flights, ["sortie-02"], {"": RealVehicle("udpin:127.0.0.1:1", 1)})
