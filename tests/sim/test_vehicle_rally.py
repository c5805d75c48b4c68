"""The embedded vehicle returns to the nearest of home and rally points, as ArduCopter does."""

import math
from dataclasses import replace

import pytest

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.numbers import Mode, Result
from dronepatrol.sim.vehicle.place import Origin

HOME = (121.0830, 30.8198, 3.5)
CONFIG = VehicleConfig(home=HOME, flight_id="s", seed=3, gps_after_s=0.0, perfect_sensors=True)


def item(command, north, east, height):
    lon, lat = Origin(*HOME).to_lonlat(north, east)
    return MissionItem(command, Frame.GLOBAL_RELATIVE_ALT, lat_deg=lat, lon_deg=lon, altitude_m=height)


def landed_after_return(rally, north=200.0, **parameters):
    """Fly north, return to launch there; return where it came down and how high it was on the way."""
    pilot = Autopilot(replace(CONFIG, parameters=tuple(parameters.items())))
    pilot.auto.load(
        (item(16, 0, 0, 0), MissionItem(22, 3, altitude_m=20.0), item(16, north + 100, 0, 20.0), MissionItem(20, 2))
    )
    pilot.load_rally(tuple(item(Command.NAV_RALLY_POINT, *place) for place in rally))
    pilot.step()
    assert pilot.set_mode(Mode.GUIDED) is Result.ACCEPTED
    assert pilot.arm(force=False) is Result.ACCEPTED
    assert pilot.start_mission() is Result.ACCEPTED
    while pilot.state.body.n < north:
        pilot.step()
    assert pilot.set_mode(Mode.RTL) is Result.ACCEPTED
    highest = 0.0
    for _ in range(30_000):
        pilot.step()
        highest = max(highest, pilot.state.height_m)
        if not pilot.state.armed:
            break
    assert not pilot.state.armed
    return (pilot.state.body.n, pilot.state.body.e), highest


def near(place, north, east):
    return math.hypot(place[0] - north, place[1] - east) < 1.0


def test_a_nearer_rally_point_is_taken():
    place, highest = landed_after_return([(190.0, 60.0, 20.0), (120.0, -150.0, 20.0)], RTL_ALT=3000.0)
    assert near(place, 190.0, 60.0)
    assert highest == pytest.approx(30.0, abs=1.0)


def test_home_is_taken_where_it_is_nearer_or_the_rally_point_too_far():
    assert near(landed_after_return([(450.0, 0.0, 20.0)])[0], 0.0, 0.0)  # 50 m further than home
    assert near(landed_after_return([(250.0, 0.0, 20.0)], RALLY_LIMIT_KM=0.02)[0], 0.0, 0.0)
    assert near(landed_after_return([])[0], 0.0, 0.0)


def test_without_home_the_rally_point_is_taken_however_near_home_is():
    place, _ = landed_after_return([(460.0, 0.0, 20.0)], RALLY_INCL_HOME=0.0, RALLY_LIMIT_KM=1.0)
    assert near(place, 460.0, 0.0)


def test_a_rally_point_may_ask_for_more_height():
    _, highest = landed_after_return([(190.0, 80.0, 45.0)], RTL_ALT=3000.0)
    assert highest == pytest.approx(45.0, abs=1.0)
