"""MAVLink itself, against the embedded vehicle's process: bad radios, wrong addresses, what is refused."""

import math
import socket
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink import mavutil

from dronepatrol.errors import InputError, LinkError, StorageError
from dronepatrol.fly.link import Firmware, Heartbeat, Mode, PlanKind, SetMode, Upload
from dronepatrol.fly.mavlink import MavlinkLink, exchange, read_tlog
from dronepatrol.fly.mavlink.readback import Fidelity, differences
from dronepatrol.model.mission import Command, Frame, MissionItem

RALLY = tuple(
    MissionItem(
        Command.NAV_RALLY_POINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=30.7 + n / 1e3, lon_deg=121.02, altitude_m=40
    )
    for n in range(3)
)


def test_loss_repeats_and_swaps_delay_an_upload_but_do_not_spoil_it(standing, radio, survey, fence, monkeypatch):
    monkeypatch.setattr(exchange, "ITEM_RESEND_S", 0.1)
    air = radio(standing, loss=0.3, repeats=0.1, swaps=0.1, seed=1)
    with MavlinkLink(air.url, system_id=1) as link:
        link.open()
        for kind, items in {PlanKind.FENCE: fence, PlanKind.RALLY: RALLY, PlanKind.MISSION: survey[:6]}.items():
            assert link.send(Upload(kind, items)).accepted  # reads back and compares
            assert len(link.download(kind)) == len(items)
        assert link.send(SetMode(Mode.GUIDED)).accepted
        assert link.send(Upload(PlanKind.FENCE, ())).accepted
        assert link.download(PlanKind.FENCE) == ()
    assert air.lost > 20


def test_a_vehicle_that_stores_something_else_is_found_out(standing, radio, survey):
    with MavlinkLink(radio(standing, raises=5).url, system_id=1) as link:
        link.open()
        answer = link.send(Upload(PlanKind.MISSION, survey))
        assert not answer.accepted
        assert "the mission read back differs: item 5: altitude is 55; expected 50" in answer.reason
        assert link.send(Upload(PlanKind.MISSION, survey[:5])).accepted


def test_more_items_than_it_has_room_for_are_refused(standing, fence):
    with MavlinkLink(standing, system_id=1) as link:
        link.open()
        answer = link.send(Upload(PlanKind.FENCE, fence[:4] * 150))
    assert not answer.accepted
    assert answer.reason.endswith("the vehicle refused 600 fence items: no space; expected: accepted")


@pytest.mark.parametrize(
    "wrong", [{"lat_deg": math.nan}, {"lat_deg": 121.0, "lon_deg": 30.7}, {"altitude_m": math.inf}]
)
def test_a_place_that_is_none_is_never_sent(standing, survey, wrong):
    with MavlinkLink(standing, system_id=1) as link:
        link.open()
        assert link.send(Upload(PlanKind.MISSION, survey)).accepted
        answer = link.send(Upload(PlanKind.MISSION, (*survey[:3], replace(survey[3], **wrong))))
        assert not answer.accepted
        assert "mission item 3: latitude" in answer.reason
        assert len(link.download(PlanKind.MISSION)) == len(survey)


def test_a_port_in_use_is_said():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        url = f"udpin:127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(LinkError, match=f"{url} cannot be opened: Address already in use") as caught:
            MavlinkLink(url, system_id=1).open()
    assert "another ground station listens there" in caught.value.hint


def test_a_stream_that_nobody_serves_yet_is_waited_for():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    late = threading.Timer(0.6, lambda: server.append(socket.create_server(("127.0.0.1", port))))
    server: list[socket.socket] = []
    late.start()
    with pytest.raises(LinkError, match="no vehicle answered"):  # it is no vehicle, but somebody listened
        MavlinkLink(f"tcp:127.0.0.1:{port}", system_id=1, open_timeout_s=1.5).open()
    server[0].close()


def test_nobody_there_is_said_in_time():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"udp:127.0.0.1:{silent.getsockname()[1]}"
        before = time.monotonic()
        with pytest.raises(LinkError, match=f"{url}: no vehicle answered within 1 s") as caught:
            MavlinkLink(url, system_id=1, open_timeout_s=1.0).open()
    assert time.monotonic() - before < 2.0
    assert "is the address right?" in caught.value.hint


def test_a_closed_port_is_said_too():
    with pytest.raises(LinkError, match="no vehicle answered"):
        MavlinkLink("udp:127.0.0.1:9", system_id=1, open_timeout_s=0.5).open()
    with pytest.raises(LinkError, match=r"tcp:127\.0\.0\.1:9 cannot be opened: Connection refused"):
        MavlinkLink("tcp:127.0.0.1:9", system_id=1, open_timeout_s=0.5).open()


@pytest.mark.parametrize("url", ["", "udp", "udp:nowhere", "udp:127.0.0.1:0", "udp:h:70000", "http://drone", "tcp::"])
def test_a_bad_address_is_named(url):
    with pytest.raises(InputError, match="is no vehicle address; expected udp:HOST:PORT"):
        MavlinkLink(url, system_id=1).open()


def test_another_vehicle_is_named_and_not_spoken_to(embedded):
    with pytest.raises(LinkError, match="system 3 answers; expected system 1") as caught:
        MavlinkLink(embedded(system_id=3).url, system_id=1, open_timeout_s=1.5).open()
    assert caught.value.hint == "to fly that vehicle, name it: --system-id 3"


def test_a_stream_gets_our_heartbeat():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        link = MavlinkLink(f"tcp:127.0.0.1:{server.getsockname()[1]}", system_id=1, open_timeout_s=0.5)
        with pytest.raises(LinkError, match="no vehicle answered"):
            link.open()
        with server.accept()[0] as ours:
            assert ours.recv(1) == b"\xfd"  # MAVLink 2, our heartbeat


def test_the_log_has_both_directions(standing, survey, tmp_path):
    path = tmp_path / "s1.tlog"
    with MavlinkLink(standing, system_id=1, tlog=path) as link:
        link.open()
        link.send(Upload(PlanKind.MISSION, survey))
        link.receive(0.5)
    kinds = set()
    reader = mavutil.mavlink_connection(str(path))
    while (message := reader.recv_match()) is not None:
        kinds.add((message.get_srcSystem(), message.get_type()))
        assert abs(message._timestamp - time.time()) < 30
    reader.close()
    assert {(255, "HEARTBEAT"), (255, "MISSION_ITEM_INT"), (1, "HEARTBEAT"), (1, "MISSION_ACK")} <= kinds
    assert not [kind for kind in kinds if kind[1] == "BAD_DATA"]
    assert any(isinstance(event, Heartbeat) for _, event in read_tlog(path))


def test_a_log_that_cannot_be_written_is_said_before_the_flight(standing, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot write .*file/s1\.tlog"):
        MavlinkLink(standing, system_id=1, tlog=tmp_path / "file" / "s1.tlog").open()


def test_a_mission_without_home_is_refused_for_this_autopilot(standing, survey):
    with MavlinkLink(standing, system_id=1) as link:
        link.open()
        answer = link.send(Upload(PlanKind.MISSION, survey[1:]))
    assert not answer.accepted
    assert "item 0 is command 22; ArduPilot expects home there" in answer.reason


def test_a_vehicle_that_falls_silent_during_the_upload_is_an_error(standing, radio, survey, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE_S", 1.0)
    air = radio(standing, loss=0.0)
    with MavlinkLink(air.url, system_id=1) as link:
        link.open()
        air.cut()
        with pytest.raises(LinkError, match="upload of 12 mission items: no answer to MISSION_COUNT for 1 s"):
            link.send(Upload(PlanKind.MISSION, survey))


EXACT = Fidelity(Firmware.PX4)  # which keeps everything
COPTER = Fidelity(Firmware.ARDUPILOT)

items = st.builds(
    MissionItem,
    command=st.sampled_from([Command.NAV_WAYPOINT, Command.NAV_TAKEOFF, Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION]),
    frame=st.just(Frame.GLOBAL_RELATIVE_ALT),
    params=st.tuples(*[st.one_of(st.just(math.nan), st.floats(-1000, 1000, width=32))] * 4),
    lat_deg=st.floats(-80, 80).filter(lambda v: abs(v) > 1e-3),
    lon_deg=st.floats(-179, 179).filter(lambda v: abs(v) > 1e-3),
    altitude_m=st.floats(-100, 5000),
)


@settings(max_examples=100)
@given(st.lists(items, min_size=1, max_size=5))
def test_what_the_protocol_rounds_is_no_difference(asked):
    stored = [
        replace(
            item,
            lat_deg=round(item.lat_deg, 7),
            lon_deg=round(item.lon_deg, 7),
            altitude_m=round(item.altitude_m, 2),
            params=tuple(0.0 if math.isnan(p) else p for p in item.params),
        )
        for item in asked
    ]
    assert differences(PlanKind.MISSION, asked, stored, EXACT) == []
    assert differences(PlanKind.MISSION, asked, stored[:-1], EXACT)


@settings(max_examples=60)
@given(
    items.filter(lambda item: item.command == Command.NAV_WAYPOINT),
    st.sampled_from(["command", "lat_deg", "lon_deg", "altitude_m", "params"]),
)
def test_what_is_stored_wrongly_is_found(item, name):
    wrong = {
        "command": Command.NAV_LAND,
        "lat_deg": item.lat_deg + 1e-5,
        "lon_deg": item.lon_deg - 1e-5,
        "altitude_m": item.altitude_m + 1.0,
        "params": tuple(p + 1.0 for p in item.params),
    }[name]
    for fidelity, matters in ((EXACT, item.params), (COPTER, item.params[:1])):  # of a waypoint Copter keeps the hold
        found = differences(PlanKind.MISSION, [item], [replace(item, **{name: wrong})], fidelity)
        assert bool(found) is not (name == "params" and all(math.isnan(p) for p in matters))
