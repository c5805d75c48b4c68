"""Gimbal, heading and single photos in an autopilot's items."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.fly.mavlink.wire import from_message, to_fields
from dronepatrol.formats.wpl import read_wpl, write_wpl
from dronepatrol.model.mission import Command, Dock, Frame, RallyPoint, Sortie, Waypoint
from dronepatrol.plan.items import rally_items, sortie_items

DOCK = Dock("d", "d", 121.0, 30.7, 4.0)


def sortie(*waypoints, rally=()):
    return Sortie("s", DOCK, tuple(waypoints), 8.0, 60.0, 0.0, 0.0, 0.0, 0, rally=rally)


@st.composite
def waypoints(draw):
    """Legs with photos by distance, places with one photo, and ways between, each with a view of its own."""
    count = draw(st.integers(1, 8))
    found = []
    for number in range(count):
        kind = draw(st.sampled_from(["step", "here", "way"]))
        found.append(
            Waypoint(
                121.0 + number * 1e-3,
                30.7,
                60.0,
                photo_step_m=20.0 if kind == "step" else 0.0,
                gimbal_pitch_deg=draw(st.sampled_from([-90.0, -45.0])),
                yaw_deg=draw(st.sampled_from([None, 0.0, 90.0])),
                photo_here=kind == "here",
            )
        )
    return found


def seen(items, autopilot):
    """Fly the items in thought: return (what, where, pitch, heading) of every photo and every start of a photo leg."""
    pitch, heading, place, photos, step = None, None, None, [], 0.0
    for item in items:
        if item.command == Command.DO_MOUNT_CONTROL:
            assert step == 0.0, "the mount moves while photos are taken"
            pitch = item.params[0]
        elif item.command == Command.CONDITION_YAW:
            heading = item.params[0]
        elif item.command == Command.NAV_WAYPOINT:
            place = item.lon_deg
            arrived = item.params[3] if autopilot == "px4" else heading
            arrived = None if arrived is None or math.isnan(arrived) else arrived
            heading = None  # ArduPilot forgets it here
        elif item.command == Command.DO_SET_CAM_TRIGG_DIST:
            step = item.params[0]
            if step:
                photos.append(("step", place, pitch, arrived))
        elif item.command in (Command.DO_DIGICAM_CONTROL, Command.IMAGE_START_CAPTURE):
            photos.append(("here", place, pitch, arrived))
    assert step == 0.0
    return photos


@given(waypoints(), st.sampled_from(["ardupilot", "px4"]))
@settings(max_examples=200, deadline=None)
def test_every_photo_is_taken_with_its_view(places, autopilot):
    items = sortie_items(sortie(*places), autopilot)
    got = seen(items[1:] if autopilot == "ardupilot" else items, autopilot)
    wanted = []
    step = 0.0
    for one in places:
        view = (one.lon_deg, one.gimbal_pitch_deg, one.yaw_deg)
        if one.photo_here:
            wanted.append(("here", *view))
        elif one.photo_step_m:
            wanted.append(("step", *view))
        step = one.photo_step_m
    # a trigger that goes on from leg to leg with the same view is not switched again
    kept = [photo for number, photo in enumerate(wanted) if not (photo[0] == "step" and _goes_on(places, photo[1]))]
    assert got == kept
    assert step >= 0.0


def _goes_on(places, lon):
    number = next(n for n, one in enumerate(places) if one.lon_deg == lon)
    before = places[number - 1] if number else None
    return (
        before is not None
        and before.photo_step_m > 0
        and (before.gimbal_pitch_deg, before.yaw_deg) == (places[number].gimbal_pitch_deg, places[number].yaw_deg)
    )


@given(waypoints())
@settings(max_examples=50, deadline=None)
def test_the_mount_is_told_only_what_is_new(places):
    pitches = [i.params[0] for i in sortie_items(sortie(*places), "px4") if i.command == Command.DO_MOUNT_CONTROL]
    assert all(one != other for one, other in pairwise(pitches))


def test_a_heading_is_held_again_on_every_leg_for_ardupilot_and_is_in_the_waypoint_for_px4():
    strip = [Waypoint(121.0 + n * 1e-3, 30.7, 60.0, 20.0 if n < 2 else 0.0, -45.0, 270.0) for n in range(3)]
    ardupilot = [item.command for item in sortie_items(sortie(*strip), "ardupilot")]
    assert ardupilot.count(Command.CONDITION_YAW) == 3
    px4 = [item for item in sortie_items(sortie(*strip), "px4") if item.command == Command.NAV_WAYPOINT]
    assert [item.params[3] for item in px4] == [270.0] * 3


@pytest.mark.parametrize(
    ("autopilot", "command", "p3", "p5"),
    [("ardupilot", Command.DO_DIGICAM_CONTROL, 0.0, 1.0), ("px4", Command.IMAGE_START_CAPTURE, 1.0, 0.0)],
)
def test_a_photo_here_is_one_photo_after_a_short_stop(autopilot, command, p3, p5):
    items = sortie_items(sortie(Waypoint(121.0, 30.7, 60.0, photo_here=True)), autopilot)
    number = next(n for n, item in enumerate(items) if item.command == command)
    assert items[number - 1].command == Command.NAV_WAYPOINT
    assert items[number - 1].params[0] > 0
    assert (items[number].params[2], items[number].lat_deg, items[number].frame) == (p3, p5, Frame.MISSION)


def test_parameter_5_of_an_item_without_a_place_goes_over_the_link_and_into_files_as_it_is():
    items = sortie_items(sortie(Waypoint(121.0, 30.7, 60.0, photo_here=True)), "ardupilot")
    shoot = next(item for item in items if item.command == Command.DO_DIGICAM_CONTROL)
    fields = to_fields(shoot)
    assert fields["x"] == 1

    class Message:
        def __init__(self, values):
            self.__dict__.update(values)

    assert from_message(Message(fields)) == shoot
    assert read_wpl(write_wpl(items)) == items


def test_rally_points_are_items_above_home():
    points = (RallyPoint(121.001, 30.701, 80.0), RallyPoint(121.002, 30.702, 90.0))
    items = rally_items(sortie(Waypoint(121.0, 30.7, 60.0), rally=points))
    assert [(i.command, i.frame, i.lon_deg, i.lat_deg, i.altitude_m) for i in items] == [
        (Command.NAV_RALLY_POINT, Frame.GLOBAL_RELATIVE_ALT, 121.001, 30.701, 80.0),
        (Command.NAV_RALLY_POINT, Frame.GLOBAL_RELATIVE_ALT, 121.002, 30.702, 90.0),
    ]
