"""What is written reads back the same, to the resolution that each format states; the rest is named."""

import math
from dataclasses import replace

import pytest
from formats_flights import DOCK, HOME, comparable, flights, planned, sorties
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymavlink import mavwp

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.registry import content_of, mission_of, read, write
from dronepatrol.formats.route import items_of
from dronepatrol.formats.route_read import route_of
from dronepatrol.model.mission import Command, MissionItem, Sortie, Waypoint

AUTOPILOTS = st.sampled_from(["ardupilot", "px4"])


def back(suffix, flight):
    """Write and read a flight; return what came back and what was said to be lost."""
    content, losses = content_of(suffix, flight)
    return mission_of(suffix, content, flight.autopilot or "ardupilot").flight, losses


def same_lists(one, other):
    return all(comparable(getattr(one, n)) == comparable(getattr(other, n)) for n in ("items", "fence", "rally"))


def rest(flight):
    return replace(flight, items=(), fence=(), rally=())


@given(flight=flights(), suffix=st.sampled_from([".kml", ".geojson"]))
@settings(max_examples=60)
def test_map_files_give_back_everything(flight, suffix):
    found, losses = back(suffix, flight)
    ordered = sorted(flight.fence, key=lambda item: item.command not in {5001, 5002})
    assert same_lists(found, replace(flight, fence=tuple(ordered)))
    assert rest(found) == rest(flight)
    assert losses == ()


@given(flight=flights())
@settings(max_examples=60)
def test_a_plan_gives_back_items_fence_rally_home_and_speed_and_names_the_rest(flight):
    found, losses = back(".plan", flight)
    order = [(5001, 5002), (5003, 5004), (5000,)]
    fence = tuple(item for group in order for item in flight.fence if item.command in group)
    assert same_lists(found, replace(flight, fence=fence))
    assert (found.home, found.autopilot, found.vehicle) == (flight.home, flight.autopilot, flight.vehicle)
    assert found.speed_m_s == (5.0 if flight.speed_m_s is None else flight.speed_m_s)
    kept = {
        "name": not flight.name,
        "return height": flight.return_height_m is None,
        "DJI aircraft": not flight.aircraft,
    }
    kept["no speed: 5 m/s is written, QGroundControl's own"] = flight.speed_m_s is not None
    assert set(losses) == {what for what, whole in kept.items() if not whole}


@given(flight=flights())
@settings(max_examples=60)
def test_a_mission_text_gives_back_the_items_and_ardupilots_home(flight):
    px4 = flight.autopilot == "px4"
    assume(not (px4 and flight.items and flight.items[0].command == 16 and flight.items[0].frame == 0))
    found, losses = back(".waypoints", flight)
    assert comparable(found.items) == comparable(flight.items)
    if not px4:
        assert found.home == flight.home
    assert ("home" in losses) == (px4 and flight.home is not None)
    assert ("fence" in losses, "rally points" in losses) == (bool(flight.fence), bool(flight.rally))
    said = any(item.command == 178 for item in flight.items)
    assert ("speed" in losses) == (flight.speed_m_s is not None and not said)
    assert ("name" in losses, "return height" in losses) == (bool(flight.name), flight.return_height_m is not None)
    assert ("kind of vehicle" in losses) == (flight.vehicle != 2)
    assert not found.fence
    assert not found.rally


def test_a_mission_text_that_would_be_misread_is_refused():
    with pytest.raises(InputError, match="would make home"):
        content_of(".waypoints", Flight((MissionItem(16, 0, lat_deg=1.0),), autopilot="px4"))


@given(sortie=sorties(), autopilot=AUTOPILOTS)
@settings(max_examples=80)
def test_a_route_says_all_of_what_is_planned(sortie, autopilot):
    flight = planned(sortie, autopilot)
    route, losses = route_of(flight)
    assert losses == []
    assert comparable(items_of(route, autopilot, flight.home)) == comparable(flight.items)


@given(sortie=sorties(), autopilot=AUTOPILOTS, aircraft=st.sampled_from(["m30t", "m3e", "m3td", "m4d"]))
@settings(max_examples=60)
def test_a_dji_file_gives_back_every_planned_sortie(sortie, autopilot, aircraft):
    flight = planned(sortie, autopilot, aircraft)
    found, losses = back(".kmz", flight)
    assert comparable(found.items) == comparable(flight.items)
    assert (found.home, found.speed_m_s, found.aircraft) == (flight.home, flight.speed_m_s, aircraft)
    assert found.return_height_m == flight.return_height_m
    named = " ".join(losses)
    assert ("fence" in named, "rally" in named, "name" in named) == (True, bool(flight.rally), True)
    assert ("third parties" in named) == (aircraft == "m4d")


@given(sortie=sorties(), autopilot=AUTOPILOTS)
@settings(max_examples=60)
def test_a_litchi_file_gives_back_what_is_between_take_off_and_return(sortie, autopilot):
    """A number for the heading along the flight, and photos that begin where they end, are named elsewhere."""
    flight = planned(sortie, autopilot)
    assume(len({stop.yaw_deg is None for stop in route_of(flight)[0].stops}) == 1)
    assume(sortie.waypoints[-1].photo_step_m == 0.0)
    found, losses = back(".csv", flight)
    assert [loss for loss in losses if "set them in the app" not in loss] == ["fence", "rally points"][
        : 1 + bool(flight.rally)
    ]
    first, last = flight.items[0], flight.items[-1]
    assert (first.command, last.command) == (Command.NAV_TAKEOFF, Command.NAV_RETURN_TO_LAUNCH)
    assert comparable(found.items) == comparable(flight.items[1:-1])


def test_what_litchi_cannot_say_is_named():
    west, north = Waypoint(121.0, 30.8, 60.0, 20.0, -45.0, 270.0), Waypoint(121.0, 30.81, 60.0, 20.0, -45.0)
    _content, losses = content_of(".csv", planned(Sortie("s", DOCK, (west, north), 8.0, 60.0, 0, 0, 0, 0), "ardupilot"))
    assert losses[0].endswith("heading mode (Custom): set them in the app")
    assert losses[1:] == (
        "fence",
        "headings along the flight are written as numbers",
        "order of switching repeated photos among other actions at a waypoint",
    )


acts = st.sampled_from(
    [
        MissionItem(206, 2, (20.0, 0.0, 1.0, 0.0)),
        MissionItem(206, 2, (15.5, 0.0, 1.0, 0.0)),
        MissionItem(206, 2, (0.0, 0.0, 1.0, 0.0)),
        MissionItem(2000, 2, (0.0, 2.5, 0.0, 0.0)),
        MissionItem(2001, 2),
        MissionItem(214, 2, (3000.0, 0.0, 0.0, 0.0)),
        MissionItem(203, 2, lat_deg=1.0),
        MissionItem(205, 2, (-45.0, 0.0, 0.0, 0.0), altitude_m=2.0),
        MissionItem(115, 2, (90.0, 0.0, 0.0, 0.0)),
        MissionItem(178, 2, (1.0, 7.0, -1.0, 0.0)),
        MissionItem(178, 2, (1.0, 4.0, -1.0, 0.0)),
        MissionItem(16, 3, (1.5, 0.0, 0.0, 0.0), 30.82, 121.08, 60.0),
        MissionItem(16, 0, (0.0, 0.0, 0.0, 0.0), 30.82, 121.09, 60.0),
    ]
)


@given(found=st.lists(acts, max_size=14), end=st.sampled_from([(), (20,), (21,)]))
@settings(max_examples=150)
def test_what_others_plan_has_one_normal_form_that_a_dji_file_keeps(found, end):
    first = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)
    start = [MissionItem(22, 3, (0.0,) * 4, 30.8198, 121.083, 60.0), MissionItem(178, 2, (1.0, 8.0, -1.0, 0.0))]
    flight = Flight(
        (*start, first, *found, *(MissionItem(c, 2) for c in end)), HOME, autopilot="ardupilot", aircraft="m3e"
    )
    route, _losses = route_of(flight)
    normal = items_of(route, "ardupilot", HOME)
    again, losses = route_of(replace(flight, items=normal))
    assert (again, losses) == (route, [])
    assert comparable(back(".kmz", flight)[0].items) == comparable(normal)


@given(found=st.lists(acts, max_size=14))
@settings(max_examples=150)
def test_a_litchi_file_gives_back_the_normal_form_or_names_what_it_cannot_say(found):
    first = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)
    start = [MissionItem(178, 2, (1.0, 8.0, -1.0, 0.0)), MissionItem(205, 2, (-90.0, 0.0, 0.0, 0.0), altitude_m=2.0)]
    flight = Flight((*start, first, *found), HOME, autopilot="ardupilot", speed_m_s=8.0)
    route, named = route_of(flight)
    again, losses = back(".csv", flight)
    said = " ".join(losses)
    unsaid = any(word in said for word in ("headings along", "order of switching", "fractions", "another speed"))
    assert unsaid or comparable(again.items) == comparable(items_of(route, "ardupilot", HOME))
    assert list(losses[: len(named)]) == named


def test_photos_by_time_are_kept_as_such():
    place = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)
    east = replace(place, lon_deg=121.09)
    timed, stop = MissionItem(2000, 2, (0.0, 2.5, 0.0, 0.0)), MissionItem(2001, 2)
    start = [MissionItem(22, 3, (0.0,) * 4, 30.8198, 121.083, 60.0), MissionItem(178, 2, (1.0, 8.0, -1.0, 0.0))]
    flight = Flight((*start, place, timed, east, stop), HOME, autopilot="ardupilot", speed_m_s=8.0, aircraft="m3e")
    for suffix, skipped in ((".kmz", 0), (".csv", 1)):
        assert comparable(back(suffix, flight)[0].items) == comparable(flight.items[skipped:])
    both = replace(flight, items=(*start, place, MissionItem(206, 2, (20.0, 0.0, 1.0, 0.0)), timed, east, stop))
    assert route_of(both)[1] == ["photos by distance and by time at once (1)"]


def test_what_a_route_cannot_say_is_named_and_counted():
    waypoint = MissionItem(16, 3, (0.0, 0.0, 0.0, 0.0), 30.82, 121.08, 60.0)
    found = (
        waypoint,
        MissionItem(530, 2),
        MissionItem(530, 2),
        MissionItem(177, 2),
        MissionItem(206, 2, (10.0, 0.0, 0.0, 0.0)),
        MissionItem(20, 2),
        waypoint,
    )
    _route, losses = route_of(Flight(found, HOME, autopilot="ardupilot"))
    assert losses == [
        "command 530 (2)",
        "command 177 (1)",
        "shutter time, and whether a photo is taken when photos by distance are switched on (1)",
        "items behind the end of the flight (1)",
    ]


@pytest.mark.parametrize(
    ("change", "suffix", "message"),
    [
        ({"aircraft": ""}, ".kmz", "needs the aircraft"),
        ({"aircraft": "phantom"}, ".kmz", "no DJI aircraft whose WPML numbers are known"),
        ({"speed_m_s": None}, ".kmz", "a speed of None m/s"),
        ({"speed_m_s": 20.0}, ".kmz", "a speed of 20.0 m/s"),
        ({"speed_m_s": None}, ".csv", "no speed, which Litchi needs"),
        ({"items": ()}, ".kmz", "0 waypoints"),
        ({"items": ()}, ".csv", "0 waypoints"),
        ({"items": (MissionItem(16, 3, lat_deg=1, lon_deg=1, altitude_m=60.0),) * 100}, ".csv", "100 waypoints"),
        ({"items": (MissionItem(16, 3, lat_deg=1, lon_deg=1, altitude_m=5.0),)}, ".kmz", "take-off goes to 5 m"),
        ({"items": (MissionItem(16, 3, lat_deg=1, lon_deg=1, altitude_m=600.0),)}, ".csv", "600 m high"),
        ({"items": (MissionItem(16, 10, lat_deg=1, lon_deg=1, altitude_m=60.0),)}, ".kmz", "above terrain"),
        ({"items": (MissionItem(16, 0, lat_deg=1, lon_deg=1),), "home": None}, ".csv", "without home's height"),
        ({"items": (MissionItem(16, 3, altitude_m=math.inf),)}, ".plan", "infinite"),
        ({"items": (MissionItem(16, 3, altitude_m=math.inf),)}, ".kml", "infinite"),
        ({"items": (MissionItem(16, 3, altitude_m=math.inf),)}, ".waypoints", "infinite"),
        ({"items": (MissionItem(16, 3, altitude_m=math.inf),)}, ".geojson", "infinite"),
        ({}, ".gpx", "no format of missions"),
    ],
)
def test_what_a_format_cannot_hold_at_all_is_refused(change, suffix, message):
    item = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)
    flight = Flight((item,), HOME, autopilot="ardupilot", speed_m_s=8.0, aircraft="m3e")
    with pytest.raises(InputError, match=message):
        content_of(suffix, replace(flight, **change))


def test_pymavlink_reads_our_mission_text_to_the_millimetre(tmp_path):
    item = MissionItem(16, 3, lat_deg=30.82345678, lon_deg=121.08765432, altitude_m=100.35)
    path = tmp_path / "m.waypoints"
    assert write(path, Flight((item,), HOME, autopilot="ardupilot")) == ()
    loader = mavwp.MAVWPLoader()
    assert loader.load(str(path)) == 2
    assert loader.wp(1).x == pytest.approx(30.82345678, abs=1e-8)
    assert loader.wp(1).y == pytest.approx(121.08765432, abs=1e-8)
    assert read(path).flight.items == (item,)


@given(flight=flights(), suffix=st.sampled_from([".plan", ".waypoints", ".kml", ".geojson"]))
@settings(max_examples=20)
def test_the_same_flight_gives_the_same_bytes(flight, suffix):
    assume(not (suffix == ".waypoints" and flight.autopilot == "px4"))
    assert content_of(suffix, flight) == content_of(suffix, flight)
