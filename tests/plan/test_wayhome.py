"""Ways home in an emergency: what autopilots choose, what is free, rally points and return heights that make it so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import Area, ZoneKind
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.checks.returning import needed_wh
from dronepatrol.plan.home.returns import HomeWays, Pieces, Returns
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.zones import CEILING_M
from dronepatrol.store.spec import read_spec

BEHIND = ((-100, 50), (-100, 350), (0, 350), (80, 350), (80, 50))  # around a zone in the middle
ZONE = (-60, 120, 40, 220)


def chosen(autopilot, here, home, rally, limit_m):
    """Return the index of the target an autopilot takes: 0 is home (AP_Rally::calc_best_rally_or_home_location)."""
    away = [float(np.hypot(*(np.subtract(place, here)))) for place in rally]
    to_home = float(np.hypot(*np.subtract(home, here)))
    if not away or (autopilot == "ardupilot" and min(away) > limit_m):
        return 0
    return 1 + int(np.argmin(away)) if min(away) < to_home else 0


def free_from_everywhere(patrol):
    """Look at ways home as an autopilot flies them, from places along the sorties, on its own."""
    ways = HomeWays(patrol.mission, patrol.request)
    zones = [z for z in patrol.request.zones if z.kind is ZoneKind.NO_FLY]
    nofly = shapely.union_all([ways.frame.geometry_to_metres(zone.geometry) for zone in zones])
    for sortie in patrol.mission.sorties:
        dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        line = LineString(ways.frame.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), dock]))
        home = ways.frame.to_metres(dock)
        rally = [ways.frame.to_metres((point.lon_deg, point.lat_deg)) for point in sortie.rally]
        for along in np.arange(0.0, line.length, 3.7):
            here = np.array(line.interpolate(along).coords[0])
            target = [home, *rally][chosen(patrol.mission.autopilot, here, home, rally, 300.0)]
            if LineString([here, target]).intersects(nofly):
                return False
    return True


def test_a_zone_in_the_way_is_a_blocker_and_rally_points_clear_it(patrol, at_metres):
    shadowed = patrol(BEHIND).zone(at_metres(*ZONE))
    assert shadowed.found("way home") == ["blocker"]
    assert not free_from_everywhere(shadowed)
    cleared = shadowed.with_ways_home()
    assert 1 <= len(cleared.mission.sorties[0].rally) <= 3
    assert set(cleared.found("way home")) == {"info"}
    assert free_from_everywhere(cleared)


def test_without_a_zone_nothing_changes(patrol):
    plain = patrol(BEHIND)
    assert plain.with_ways_home().mission == plain.mission
    assert plain.found("way home") == []


def test_px4_takes_the_nearest_however_far(patrol, at_metres):
    shadowed = patrol(BEHIND).zone(at_metres(*ZONE))
    px4 = replace(shadowed, mission=replace(shadowed.mission, autopilot="px4")).with_ways_home()
    assert free_from_everywhere(px4)
    assert set(px4.found("way home")) == {"info"}


def test_rally_points_are_landable_and_inside_the_fence(patrol, at_metres):
    shadowed = patrol(BEHIND).zone(at_metres(*ZONE)).building(at_metres(-20, 300, 20, 340), 20.0)
    cleared = shadowed.with_ways_home()
    ways = HomeWays(cleared.mission, cleared.request)
    (sortie,) = cleared.mission.sorties
    assert sortie.rally
    for point in sortie.rally:
        place = shapely.Point(ways.frame.to_metres((point.lon_deg, point.lat_deg)))
        assert ways.keep_clear(sortie).distance(place) > 19.0
        assert ways.fence.contains(place)


def test_a_badly_placed_rally_point_is_found(patrol, at_metres, rally_at):
    """The nearest rally point is taken even where home would be free: that way has to be free too."""
    zone = patrol().zone(at_metres(0, 150, 60, 250))
    assert zone.found("way home") == []
    assert "blocker" in zone.sortie(rally=(rally_at(100, 220),)).found("way home")
    beyond = zone.sortie(rally=(rally_at(500, 220),))  # further than the limit from everywhere: never taken
    assert "blocker" not in beyond.found("way home")


def test_a_building_is_flown_over_by_a_higher_return(patrol, at_metres):
    tall = patrol(((-100, 50), (-100, 350), (80, 350), (80, 50))).building(at_metres(-40, 150, 20, 200), 75.0)
    assert tall.found("way home") == ["blocker"]
    raised = tall.with_ways_home()
    (sortie,) = raised.mission.sorties
    assert sortie.return_height_m == 85.0
    assert sortie.rally == ()
    assert sortie.planned_energy_wh > tall.mission.sorties[0].planned_energy_wh
    assert raised.found("way home") == []


def test_a_building_too_high_for_that_is_gone_around(patrol, at_metres):
    tower = patrol(BEHIND).building(at_metres(*ZONE), 115.0).with_ways_home()
    assert tower.mission.sorties[0].return_height_m == 80.0
    assert tower.mission.sorties[0].rally
    assert set(tower.found("way home")) == {"info"}


def test_where_nothing_helps_it_stays_a_blocker(patrol, at_metres):
    """All around the far end is closed but for the way in: nowhere to land there."""
    closed = patrol(((0, 30), (0, 380)))
    for box in ((-140, 100, -20, 395), (20, 100, 140, 395)):
        closed = closed.zone(at_metres(*box))
    hooked = closed.sortie(waypoints=closed.mission.sorties[0].waypoints)
    assert hooked.found("way home") == []  # straight down the corridor is free
    dogleg = patrol(((-120, 60), (-120, 380), (0, 380), (0, 300)))
    dogleg = dogleg.zone(at_metres(-100, 90, 140, 280)).zone(at_metres(-145, 90, -140, 395)).with_ways_home()
    free = free_from_everywhere(dogleg)
    assert free == ("blocker" not in dogleg.found("way home"))


def test_the_mission_ends_at_home_although_a_rally_point_is_nearer_its_last_lane(patrol, at_metres):
    around = ((-100, 50), (-100, 350), (0, 350), (80, 350), (80, 240))
    cleared = patrol(around).zone(at_metres(-60, 120, 40, 330)).with_ways_home()
    (sortie,) = cleared.mission.sorties
    last = sortie.waypoints[-1]
    ways = HomeWays(cleared.mission, cleared.request)
    here = ways.frame.to_metres((last.lon_deg, last.lat_deg))
    home = ways.frame.to_metres((sortie.dock.lon_deg, sortie.dock.lat_deg))
    rally = [ways.frame.to_metres((point.lon_deg, point.lat_deg)) for point in sortie.rally]
    assert rally
    assert chosen("ardupilot", here, home, rally, 300.0) == 0


def test_a_return_that_empties_the_battery_is_a_blocker(patrol):
    assert patrol(planned_energy_wh=36.0).found("way home") == ["blocker"], "the reserve is not planned with"
    assert patrol(planned_energy_wh=45.0).found("way home") == ["blocker"]
    assert patrol(planned_energy_wh=33.0).found("way home") == []


def test_a_return_against_the_wind_may_need_more_than_the_mission(patrol):
    """The mission drifts home downwind in the end; from its far end straight home is against the wind."""
    out_and_back = patrol(((-100, 50), (-100, 395)), planned_energy_wh=24.0).spec(wind_m_s=9.0, wind_from_deg=180.0)
    ways = HomeWays(out_and_back.mission, out_and_back.request)
    returns = ways.returns(out_and_back.mission.sorties[0])
    photos = photo_plan(out_and_back.request.spec, out_and_back.request.camera, out_and_back.request.aircraft)
    case = Case(out_and_back.mission, out_and_back.request, photos)
    headwind = needed_wh(case, out_and_back.mission.sorties[0], returns)
    calm = out_and_back.spec(wind_m_s=0.0)
    still = needed_wh(Case(calm.mission, calm.request, photos), calm.mission.sorties[0], returns)
    assert headwind[0] < headwind.max()
    assert (headwind > 0).all()
    assert (still <= 24.0 + 1.0).all()  # no wind: a straight return costs what the mission's own does, and a ramp


def test_temporary_zones_count_while_in_force(patrol, at_metres):
    plain = patrol(BEHIND)
    start = plain.request.spec.start
    past = plain.zone(at_metres(*ZONE), valid_to=start.replace(hour=8))
    assert past.found("way home") == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    west=st.integers(-80, 20),
    south=st.integers(60, 200),
    width=st.integers(20, 60),
    depth=st.integers(20, 90),
)
def test_what_is_called_clear_is_clear(patrol, at_metres, west, south, width, depth):
    """Whatever zone there is: no blocker means that no autopilot's choice crosses it, looked at independently."""
    shadowed = patrol(BEHIND).zone(at_metres(west, south, min(west + width, 65), south + depth)).with_ways_home()
    if "blocker" not in shadowed.found("way home"):
        assert free_from_everywhere(shadowed)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_choice_of_the_autopilot_is_among_those_looked_at(data):
    number = st.floats(-600, 600)
    targets = np.array(data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=5)))
    ends = np.array(data.draw(st.lists(st.tuples(number, number), min_size=2, max_size=2)))
    pieces = Pieces.of(ends, np.array([80.0, 80.0]))
    limit_m = data.draw(st.sampled_from([300.0, np.inf]))
    returns = Returns(pieces, targets, limit_m, 0.0, 80.0, 3.0)
    may = returns.may_choose()
    share = data.draw(st.floats(0, 1))
    piece = data.draw(st.integers(0, len(pieces.start) - 1))
    here = pieces.start[piece] + share * (pieces.end[piece] - pieces.start[piece])
    autopilot = "ardupilot" if np.isfinite(limit_m) else "px4"
    assert may[chosen(autopilot, here, targets[0], list(targets[1:]), limit_m), piece]


def test_pieces_keep_the_line_and_its_lowest_height():
    pieces = Pieces.of(np.array([(0.0, 0.0), (100.0, 0.0), (100.0, 35.0)]), np.array([50.0, 80.0, 60.0]))
    lengths = np.hypot(*(pieces.end - pieces.start).T)
    assert lengths.sum() == pytest.approx(135.0)
    assert lengths.max() <= 10.0 + 1e-9
    assert pieces.lowest_m[0] == 50.0
    assert pieces.lowest_m[-1] == pytest.approx(60.0)


def test_rally_points_are_not_put_on_a_school_where_another_place_helps(patrol, at_metres):
    shadowed = patrol(BEHIND).zone(at_metres(*ZONE))
    (first, *_) = shadowed.with_ways_home().mission.sorties[0].rally
    here = LocalFrame(121.05, 30.70).to_metres([first.lon_deg, first.lat_deg])
    school = at_metres(here[0] - 25, here[1] - 25, here[0] + 25, here[1] + 25)
    spared = shadowed.zone(school, kind=ZoneKind.ADVISORY).with_ways_home()
    assert "blocker" not in spared.found("way home")
    assert spared.mission.sorties[0].rally
    assert not any(
        school.intersects(shapely.Point(one.lon_deg, one.lat_deg)) for one in spared.mission.sorties[0].rally
    )


@pytest.mark.parametrize("top_m", [30.0, -40.0])
def test_a_dock_above_or_below_its_area_stays_under_the_ceiling_all_the_way_home(top_m):
    """A return as high above a hill's dock as the lanes are above ground would be too high above what lies below."""
    request = read_request(read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml"))
    (dock,) = request.spec.fleet.docks
    frame = LocalFrame(dock.lon_deg, dock.lat_deg)

    class Hill:
        source = "a hill"

        def height_m(self, lonlat):
            away_m = np.hypot(*np.moveaxis(frame.to_metres(lonlat), -1, 0))
            return 3.5 + top_m * np.exp(-((away_m / 250.0) ** 2))

    docks = (replace(dock, ground_amsl_m=3.5 + top_m),)
    spec = replace(request.spec, fleet=replace(request.spec.fleet, docks=docks))
    field = Area("a", "a", frame.geometry_to_lonlat(shapely.box(-250, 250, 250, 600)))
    mission = plan_mission(replace(request, spec=spec, areas=(field,), zones=(), terrain=Hill()))
    assert not [finding for finding in mission.findings if finding.severity == "blocker"]
    for sortie in mission.sorties:
        ground_m = Hill().height_m(np.array([(point.lon_deg, point.lat_deg) for point in sortie.waypoints]))
        assert sortie.dock.ground_amsl_m + sortie.return_height_m - ground_m.min() <= CEILING_M + 0.5
