"""Flights for the tests of formats: any flight, and what the planner makes of sorties."""

import math
from dataclasses import replace

from hypothesis import strategies as st

from dronepatrol.formats.flight import Flight, Home, flight_of, vertices
from dronepatrol.model.mission import Dock, Finding, Mission, MissionItem, RallyPoint, Sortie, Waypoint
from dronepatrol.plan.items import fence_items, rally_items, sortie_items

DOCK = Dock("d", "坞", 121.083, 30.8198, 3.5)
RING = ((121.08, 30.82), (121.09, 30.82), (121.09, 30.83), (121.08, 30.82))
HOME = Home(121.083, 30.8198, 3.5)

number = st.floats(-1e4, 1e4).map(lambda value: round(value, 6))
lon = st.floats(121.0, 121.2).map(lambda value: round(value, 8))
lat = st.floats(30.7, 30.9).map(lambda value: round(value, 8))


@st.composite
def items(draw):
    """Any item that a mission may have."""
    placed = draw(st.booleans())
    return MissionItem(
        draw(st.sampled_from([16, 19, 22, 31] if placed else [20, 112, 115, 177, 178, 203, 205, 206, 530, 2000])),
        draw(st.sampled_from([0, 3, 6, 10])) if placed else 2,
        draw(st.tuples(number, number, number, number | st.just(math.nan))),
        draw(lat if placed else number),
        draw(lon if placed else number),
        draw(number),
        draw(st.booleans()),
    )


@st.composite
def fences(draw):
    """Polygons, circles and a return point."""
    found = []
    for command in draw(st.lists(st.sampled_from([5001, 5002, 5003, 5004]), max_size=4)):
        if command < 5003:
            found += vertices(command, [(draw(lon), draw(lat)) for _ in range(draw(st.integers(3, 6)))])
    for command in draw(st.lists(st.sampled_from([5003, 5004]), max_size=2)):
        radius = (abs(draw(number)), 0.0, 0.0, 0.0)
        found.append(MissionItem(command, 0, radius, lat_deg=draw(lat), lon_deg=draw(lon)))
    if draw(st.booleans()):
        found.append(MissionItem(5000, 3, lat_deg=draw(lat), lon_deg=draw(lon), altitude_m=draw(number)))
    return tuple(found)


@st.composite
def flights(draw):
    """Any flight, with all that formats may carry."""
    rally = st.builds(MissionItem, command=st.just(5100), frame=st.just(3), lat_deg=lat, lon_deg=lon, altitude_m=number)
    return Flight(
        items=tuple(draw(st.lists(items(), max_size=8))),
        home=draw(st.none() | st.builds(Home, lon, lat, number)),
        fence=draw(fences()),
        rally=tuple(draw(st.lists(rally, max_size=3))),
        name=draw(st.sampled_from(["", "sortie-01", '坞 <1> & "2"'])),
        autopilot=draw(st.sampled_from(["", "ardupilot", "px4"])),
        speed_m_s=draw(st.none() | st.floats(0.1, 15.0)),
        return_height_m=draw(st.none() | st.floats(10, 120)),
        vehicle=draw(st.sampled_from([2, 13])),
        aircraft=draw(st.sampled_from(["", "m3e"])),
    )


@st.composite
def sorties(draw, most=6):
    """Sorties as planners of areas, networks and places make them."""
    waypoints = tuple(
        Waypoint(
            draw(lon),
            draw(lat),
            draw(st.floats(20.0, 120.0).map(lambda value: round(value, 6))),
            draw(st.sampled_from([0.0, 0.0, 20.0, 37.25])),
            draw(st.sampled_from([-90.0, -45.0, -60.0])),
            draw(st.none() | st.sampled_from([0.0, 87.25, 270.0])),
            draw(st.booleans()),
        )
        for _ in range(draw(st.integers(1, most)))
    )
    speed = draw(st.sampled_from([5.0, 9.87, 12.0]))
    rally = tuple(draw(st.lists(st.builds(RallyPoint, lon, lat, st.just(80.0)), max_size=2)))
    return Sortie("sortie-01", DOCK, waypoints, speed, 100.0, 1000.0, 100.0, 10.0, 4, rally=rally)


MISSION = Mission(
    "p", 1, "c", "a", "ardupilot", 100.0, 0.049, 50.0, 30.0, ((RING,),), ((RING,),), (),
    (Finding("way home", "warning", "m", "t", (121.08, 30.82)),),
)  # fmt: skip


def planned(sortie, autopilot, aircraft="m3e"):
    """Return a sortie as the planner hands it over."""
    mission = replace(MISSION, autopilot=autopilot, sorties=(sortie,))
    whole = (*sortie_items(sortie, autopilot), *fence_items(mission), *rally_items(sortie))
    return flight_of(mission, sortie, whole, aircraft)


def comparable(found):
    """Return items with "not given" as None, which is like itself."""
    return [
        tuple(
            None if isinstance(value, float) and math.isnan(value) else value
            for value in (i.command, i.frame, *i.params, i.lat_deg, i.lon_deg, i.altitude_m, i.autocontinue)
        )
        for i in found
    ]
