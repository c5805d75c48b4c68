"""The mission protocol, without a link and with a clock of our own."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.outbox import Outbox

PEER = (255, 190)
HOME = MissionItem(16, 0, lat_deg=30.7, lon_deg=121.0, altitude_m=5.0)


class Desk:
    """A store, what it says, and what it is asked."""

    def __init__(self):
        self.outbox, self.running, self.stored = Outbox(), False, []
        self.missions = Missions(self.outbox, lambda: HOME, lambda: self.running, self.stored.append)

    def said(self, name):
        return [fields for said, fields in self.outbox.take() if said == name]


@pytest.fixture
def desk():
    return Desk()


def waypoint(n):
    return MissionItem(16, 3, (0.0, 0.0, 0.0, math.nan), 30.7 + n * 1e-4, 121.0, 80.0 + n)


def upload(desk, items, kind=0):
    desk.missions.count(PEER, kind, len(items), 0.0)
    for n, item in enumerate(items):
        desk.missions.item(PEER, kind, n, item, 0.0)
    return desk.said("mission_ack")[-1]["type"]


def test_what_was_uploaded_is_read_back_but_item_0_is_home(desk):
    assert upload(desk, [waypoint(n) for n in range(4)]) == 0
    desk.missions.request_list(PEER, 0)
    assert desk.said("mission_count")[0]["count"] == 4
    for n in range(4):
        desk.missions.request(PEER, 0, n)
    read = desk.said("mission_item_int")
    assert [item["seq"] for item in read] == [0, 1, 2, 3]
    assert (read[0]["x"], read[0]["z"]) == (307000000, 5.0)
    assert (read[3]["x"], read[3]["z"]) == (307003000, 83.0)
    assert read[3]["param4"] == 0.0


def test_a_lost_item_is_asked_for_again_on_the_links_clock(desk):
    desk.missions.count(PEER, 0, 2, 0.0)
    assert [m["seq"] for m in desk.said("mission_request")] == [0]
    desk.missions.tick(0.2)
    assert desk.said("mission_request") == []
    desk.missions.tick(0.3)
    assert [m["seq"] for m in desk.said("mission_request")] == [0]


def test_after_a_long_silence_the_upload_is_given_up_and_the_old_mission_stays(desk):
    upload(desk, [waypoint(0), waypoint(1)])
    desk.missions.count(PEER, 0, 5, 0.0)
    desk.missions.tick(8.1)
    assert desk.said("mission_ack")[-1]["type"] == 15
    assert len(desk.missions.items(0)) == 2


@given(st.permutations(range(8)))
@settings(max_examples=30)
def test_items_out_of_order_and_twice_still_make_the_mission(order):
    desk = Desk()
    items = [waypoint(n) for n in range(8)]
    desk.missions.count(PEER, 0, len(items), 0.0)
    clock = 0.0
    while not (acks := [f for name, f in desk.outbox.take() if name == "mission_ack"]):
        for n in order:
            desk.missions.item(PEER, 0, n, items[n], clock)
            desk.missions.item(PEER, 0, n, items[n], clock)
            if desk.stored:
                break
        clock += 0.3
        desk.missions.tick(clock)
    assert acks[0]["type"] == 0
    assert [item.lat_deg for item in desk.missions.items(0)] == [item.lat_deg for item in items]


def test_the_last_item_again_gets_the_lost_acknowledgement_again(desk):
    items = [waypoint(0), waypoint(1)]
    upload(desk, items)
    desk.missions.item(PEER, 0, 1, items[1], 0.1)
    assert desk.said("mission_ack") == [{"target_system": 255, "target_component": 190, "type": 0, "mission_type": 0}]


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (MissionItem(16, 1, lat_deg=30.0, lon_deg=121.0, altitude_m=10.0), 2),
        (MissionItem(16, 3, lat_deg=121.0, lon_deg=30.0, altitude_m=10.0), 10),
        (MissionItem(16, 3, lat_deg=30.0, lon_deg=200.0, altitude_m=10.0), 11),
        (MissionItem(16, 3, lat_deg=30.0, lon_deg=121.0, altitude_m=math.nan), 5),
    ],
)
def test_an_item_that_cannot_be_flown_is_refused(desk, item, result):
    assert upload(desk, [waypoint(0), item]) == result
    assert desk.missions.items(0) == ()


def test_refusals(desk):
    desk.missions.count(PEER, 0, 100_000, 0.0)
    assert desk.said("mission_ack")[0]["type"] == 4
    desk.missions.count(PEER, 9, 1, 0.0)
    assert desk.said("mission_ack")[0]["type"] == 3
    desk.missions.request(PEER, 0, 3)
    assert desk.said("mission_ack")[0]["type"] == 13
    desk.missions.item(PEER, 0, 0, waypoint(0), 0.0)
    assert desk.said("mission_ack")[0]["type"] == 1
    assert upload(desk, [waypoint(0)], kind=1) == 3
    desk.running = True
    desk.missions.count(PEER, 0, 2, 0.0)
    desk.missions.clear(PEER, 0)
    assert [ack["type"] for ack in desk.said("mission_ack")] == [1, 1]


def test_the_three_kinds_are_kept_apart_and_cleared_together(desk):
    fence = [MissionItem(5001, 3, (3.0, 0, 0, 0), 30.7 + n, 121.0) for n in range(3)]
    assert upload(desk, fence, kind=1) == 0
    assert upload(desk, [MissionItem(5100, 3, lat_deg=30.7, lon_deg=121.0)], kind=2) == 0
    assert upload(desk, [waypoint(0), waypoint(1)]) == 0
    assert [len(desk.missions.items(kind)) for kind in (0, 1, 2)] == [2, 3, 1]
    desk.missions.clear(PEER, 1)
    assert [len(desk.missions.items(kind)) for kind in (0, 1, 2)] == [2, 0, 1]
    desk.missions.clear(PEER, 255)
    assert [len(desk.missions.items(kind)) for kind in (0, 1, 2)] == [0, 0, 0]


def test_a_part_of_a_mission_is_replaced_and_the_rest_stays(desk):
    upload(desk, [waypoint(n) for n in range(6)])
    desk.missions.write_partial(PEER, 0, 2, 3, 0.0)
    assert [m["seq"] for m in desk.said("mission_request")] == [2]
    for n in (2, 3):
        desk.missions.item(PEER, 0, n, waypoint(100 + n), 0.0)
    assert desk.said("mission_ack")[-1]["type"] == 0
    heights = [item.altitude_m for item in desk.missions.items(0)]
    assert heights == [80.0, 81.0, 182.0, 183.0, 84.0, 85.0]


def test_a_part_that_is_none_or_spoiled_leaves_all_as_it_was(desk):
    upload(desk, [waypoint(n) for n in range(4)])
    for first, last in ((2, 4), (3, 2), (-1, 1)):
        desk.missions.write_partial(PEER, 0, first, last, 0.0)
        assert desk.said("mission_ack")[-1]["type"] == 1
    desk.missions.write_partial(PEER, 0, 1, 2, 0.0)
    desk.missions.item(PEER, 0, 1, waypoint(50), 0.0)
    desk.missions.item(PEER, 0, 2, MissionItem(16, 3, lat_deg=200.0, altitude_m=1.0), 0.0)
    assert desk.said("mission_ack")[-1]["type"] == 10
    assert [item.altitude_m for item in desk.missions.items(0)] == [80.0, 81.0, 82.0, 83.0]
    desk.missions.write_partial(PEER, 1, 0, 0, 0.0)
    assert desk.said("mission_ack")[-1]["type"] == 3
    desk.running = True
    desk.missions.write_partial(PEER, 0, 1, 2, 0.0)
    assert desk.said("mission_ack")[-1]["type"] == 1


@pytest.mark.parametrize(("command", "result"), [(223, 0), (42702, 0), (214, 3), (43000, 3), (31010, 3)])
def test_what_ardupilot_knows_is_taken_and_what_it_does_not_is_refused(desk, command, result):
    assert upload(desk, [waypoint(0), MissionItem(command, 2)]) == result


@pytest.mark.parametrize(
    "fence",
    [
        [MissionItem(5001, 3, (4.0, 0, 0, 0), 30.7 + n, 121.0) for n in range(3)],
        [MissionItem(5001, 3, (2.0, 0, 0, 0), 30.7 + n, 121.0) for n in range(2)],
        [MissionItem(5003, 3, (0.0, 0, 0, 0), 30.7, 121.0)],
        [MissionItem(5001 + n % 2, 3, (3.0, 0, 0, 0), 30.7 + n, 121.0) for n in range(3)],
    ],
)
def test_a_fence_that_is_none_is_refused_as_a_whole(desk, fence):
    assert upload(desk, fence, kind=1) == 5
    assert desk.missions.items(1) == ()
