"""The flight's own checks: one patrol that fails each, one that does not; and where the sun stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.model.mission import Waypoint
from dronepatrol.model.patrol import Pattern
from dronepatrol.plan.sun import sun_height_deg


class Hill:
    """Flat ground with one synthetic hill 200 m north and 70 m west of the dock."""

    source = "synthetic"

    def height_m(self, lonlat):
        place = np.asarray(lonlat)
        east, north = (place[..., 0] - 121.05) * 95_700, (place[..., 1] - 30.70) * 110_860
        return 4.0 + 75.0 * np.exp(-((east + 70) ** 2 + (north - 200) ** 2) / 60.0**2)


def test_wind(patrol):
    assert patrol().spec(wind_m_s=10.5).found("wind") == ["blocker"]
    assert patrol().spec(wind_m_s=9.5).found("wind") == []


def test_energy(patrol):
    assert patrol(planned_energy_wh=33.4).found("energy") == ["blocker"]  # 44.4 Wh less a quarter
    assert patrol(planned_energy_wh=33.2).found("energy") == []


def test_the_uploaded_fence_lets_the_route_through(patrol, at_metres):
    plain = patrol()
    assert plain.found("fence") == []
    ring = tuple(at_metres(-110, 100, -90, 200).exterior.coords)
    excluded = replace(plain, mission=replace(plain.mission, nofly=((ring,),)))
    assert excluded.found("fence") == ["blocker"]


def test_link_range(patrol):
    assert patrol().aircraft(link_range_m=300.0).found("link range") == ["blocker"]
    assert patrol().aircraft(link_range_m=400.0).found("link range") == []
    over_network = patrol().aircraft(link_range_m=300.0).operator(control_link="internet")
    assert over_network.found("link range") == ["info"]


def test_items_that_a_board_holds(patrol):
    many = [(-100 + 40 * (n % 2), 50 + 0.6 * n) for n in range(500)]
    assert patrol(many).found("items") == ["warning"]
    assert patrol().found("items") == []


def test_photo_interval(patrol):
    lane = patrol(((-100, 50), (-100, 350)))
    (sortie,) = lane.mission.sorties

    def every(step_m):
        first = replace(sortie.waypoints[0], photo_step_m=step_m)
        return lane.sortie(waypoints=(first, sortie.waypoints[1]))

    assert every(7.0).found("photo interval") == ["blocker"]  # 8 m/s, one photo a second
    assert every(8.0).found("photo interval") == []


def test_a_drone_flies_one_sortie_at_a_time(patrol):
    one = patrol()
    (sortie,) = one.mission.sorties

    def again(start_s):
        return replace(one, mission=replace(one.mission, sorties=(sortie, replace(sortie, id="s2", start_s=start_s))))

    assert again(299.0).found("timetable") == ["blocker"]
    assert again(300.0).found("timetable") == []


def test_buildings_are_cleared_with_a_margin(patrol, at_metres):
    tall = at_metres(-104, 200, -102, 210)  # 2 m beside the leg
    assert patrol().building(tall, 75.0).found("obstacle") == ["blocker"]
    assert patrol().building(tall, 69.0).found("obstacle") == []
    assert patrol().building(at_metres(-130, 200, -110, 210), 75.0).found("obstacle") == []
    assert patrol().found("obstacle") == ["info"]  # nothing known of what stands there: said


def test_ground_is_cleared_with_a_margin(patrol):
    def over(height_m):
        hilly = patrol(height_m=height_m)
        return replace(hilly, request=replace(hilly.request, terrain=Hill()))

    assert "blocker" in over(70.0).found("obstacle")
    assert "blocker" not in over(95.0).found("obstacle")


def test_the_area_is_seen_only_where_the_pattern_covers_it(patrol):
    assert patrol().found("seen") == ["warning"]
    assert patrol().spec(pattern=Pattern.POINTS).found("seen") == []


def test_a_low_waypoint_between_high_ones_is_found(patrol, at_metres):
    safe = patrol().building(at_metres(-104, 200, -102, 210), 60.0)
    (sortie,) = safe.mission.sorties
    low = Waypoint(sortie.waypoints[0].lon_deg, 30.7018, 62.0)  # about 200 m north
    dipping = safe.sortie(waypoints=(sortie.waypoints[0], low, *sortie.waypoints[1:]))
    assert safe.found("obstacle") == []
    assert dipping.found("obstacle") == ["blocker"]


def test_sun_against_a_published_position():
    """NREL's example of its solar position algorithm (Reda and Andreas 2008): zenith 50.11 degrees with refraction."""
    moment = datetime(2003, 10, 17, 19, 30, 30, tzinfo=UTC)
    assert sun_height_deg(-105.1786, 39.742476, moment) == pytest.approx(90.0 - 50.11162, abs=0.05)


def test_sun_rises_and_sets_when_almanacs_say():
    """Shanghai (121.47 E, 31.23 N), 2026-06-21: sunrise about 04:51, sunset about 19:02, China's time."""
    midnight = datetime(2026, 6, 21, tzinfo=timezone(timedelta(hours=8)))
    for hour, minute in ((4, 51), (19, 2)):
        moment = midnight + timedelta(hours=hour, minutes=minute)
        assert sun_height_deg(121.47, 31.23, moment) == pytest.approx(-0.83, abs=0.6)


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-66, 66),
    day=st.integers(0, 20_000),
)
def test_sun_laws(lon, lat, day):
    midnight = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(days=day)
    heights = [sun_height_deg(lon, lat, midnight + timedelta(minutes=20 * step)) for step in range(72)]
    opposite = [sun_height_deg((lon + 180.0), -lat, midnight + timedelta(minutes=20 * step)) for step in range(72)]
    assert max(heights) <= 90.0 - max(abs(lat) - 23.45, 0.0) + 1e-6  # never higher than the tropics allow
    assert max(heights) > 0 > min(heights)  # between the polar circles the sun rises and sets every day
    assert np.allclose(heights, -np.array(opposite), atol=1e-6)  # the other side of the world sees the other half
