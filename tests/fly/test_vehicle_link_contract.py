"""What every VehicleLink must do: the fake in memory, and two implementations to the embedded vehicle's process.

Over real sockets and a pseudo terminal; what an implementation declares not to have is skipped by name.
"""

import math
import socket
import time
from collections.abc import Callable

import pytest

from dronepatrol.errors import LinkError
from dronepatrol.fly.dronekit_link import DronekitLink
from dronepatrol.fly.fake import FakeVehicle
from dronepatrol.fly.link import (
    Arm,
    BatteryReport,
    Capability,
    ClockReport,
    Disarm,
    Do,
    Firmware,
    FixReport,
    GoToItem,
    Heartbeat,
    HomeReport,
    IdentityReport,
    LandedReport,
    MissionProgress,
    Mode,
    ParameterReport,
    PlanKind,
    PositionReport,
    ReadParameters,
    SetMode,
    SetParameter,
    Upload,
    VehicleEvent,
    VehicleLink,
)
from dronepatrol.fly.mavlink import MavlinkLink, parameters
from dronepatrol.model.mission import Command, Frame, MissionItem

WAYS = ["fake", "mavlink-udp", "mavlink-udpin", "mavlink-tcp", "mavlink-serial", "dronekit-udp", "dronekit-tcp"]


@pytest.fixture(params=WAYS)
def link(request, home) -> VehicleLink:
    if request.param == "fake":
        return FakeVehicle(home)
    kind, _, way = request.param.partition("-")
    if kind == "dronekit":
        pytest.importorskip("dronekit", reason="dronekit2 is not installed")
    url = request.getfixturevalue("standing")
    if way != "udp":
        url = request.getfixturevalue("reach")(url, way)
    return (DronekitLink if kind == "dronekit" else MavlinkLink)(url, system_id=1)


@pytest.fixture
def reach(radio):
    """Return a function that makes a vehicle on UDP reachable in another way."""

    def bridge(url: str, way: str) -> str:
        if way == "udpin":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            radio(url, ground=f"udp:127.0.0.1:{port}")
            return f"udpin:127.0.0.1:{port}"
        return radio(url, ground={"serial": "pty"}.get(way, way)).url

    return bridge


def need(link: VehicleLink, *capabilities: Capability) -> None:
    lacking = [capability.value for capability in capabilities if capability not in link.capabilities]
    if lacking:
        pytest.skip(f"{type(link).__name__} declares not to have: {', '.join(lacking)}")


def heard_until(link: VehicleLink, enough: Callable[[list[VehicleEvent]], bool]) -> list[VehicleEvent]:
    events: list[VehicleEvent] = []
    until = time.monotonic() + 8.0
    while not enough(events) and time.monotonic() < until:
        events += link.receive(0.2)
    assert enough(events), f"not heard in time; heard {sorted({type(event).__name__ for event in events})}"
    return events


def last_heartbeat(events: list[VehicleEvent]) -> Heartbeat | None:
    return next((event for event in reversed(events) if isinstance(event, Heartbeat)), None)


def has_fix(events: list[VehicleEvent]) -> bool:
    return any(isinstance(event, FixReport) and event.fix_3d for event in events)


def test_it_must_be_open_and_may_be_closed_twice(link):
    with pytest.raises(LinkError, match="is not open"):
        link.receive(0.0)
    with link:
        assert link.open() == 1
        link.close()
    with pytest.raises(LinkError, match="is not open"):
        link.send(Arm())


def test_it_says_all_that_the_checks_need(link, home):
    needed = {Heartbeat, ClockReport, PositionReport, BatteryReport, HomeReport, LandedReport}
    with link:
        link.open()
        events = heard_until(link, lambda heard: {type(e) for e in heard} >= needed and has_fix(heard))
    at = next(event for event in events if isinstance(event, PositionReport))
    assert (at.lon_deg, at.lat_deg, at.height_m) == pytest.approx((*home, 0.0), abs=1e-3)
    assert not next(event for event in events if isinstance(event, Heartbeat)).armed
    assert next(event for event in events if isinstance(event, LandedReport)).on_ground


def check_stored(kind, stored, items):
    first = 1 if kind is PlanKind.MISSION else 0  # home is the vehicle's
    assert len(stored) == len(items)
    for s, i in zip(stored[first:], items[first:], strict=True):
        assert (s.command, s.params) == (i.command, i.params)
        assert (s.lon_deg, s.lat_deg, s.altitude_m) == pytest.approx((i.lon_deg, i.lat_deg, i.altitude_m), abs=1e-6)


def test_a_mission_is_stored_read_back_replaced_and_cleared(link, survey):
    photo = MissionItem(Command.DO_DIGICAM_CONTROL, Frame.MISSION, lat_deg=1.0)
    with link:
        link.open()
        for items in (survey, (*survey[:4], photo, *survey[4:]), survey[:4]):
            answer = link.send(Upload(PlanKind.MISSION, items))
            assert answer.accepted, answer.reason
            check_stored(PlanKind.MISSION, link.download(PlanKind.MISSION), items)
        assert link.send(Upload(PlanKind.MISSION, ())).accepted
        assert len(link.download(PlanKind.MISSION)) <= 1
        assert link.send(Upload(PlanKind.MISSION, survey)).accepted


@pytest.mark.parametrize("kind", [PlanKind.FENCE, PlanKind.RALLY])
def test_fence_and_rally_points_are_stored_read_back_and_cleared(link, kind, fence, home):
    need(link, Capability.FENCE if kind is PlanKind.FENCE else Capability.RALLY)
    lon, lat = home
    rally = tuple(
        MissionItem(
            Command.NAV_RALLY_POINT,
            Frame.GLOBAL_RELATIVE_ALT,
            lat_deg=lat + n / 1e4,
            lon_deg=lon,
            altitude_m=40.0 + n,
        )
        for n in range(3)
    )
    items = fence if kind is PlanKind.FENCE else rally
    with link:
        link.open()
        for some in (items, items[: 4 if kind is PlanKind.FENCE else 2]):
            answer = link.send(Upload(kind, some))
            assert answer.accepted, answer.reason
            check_stored(kind, link.download(kind), some)
        assert link.send(Upload(kind, ())).accepted
        assert link.download(kind) == ()


def test_it_knows_what_flies(link):
    with link:
        link.open()
        events = heard_until(link, lambda heard: any(isinstance(e, IdentityReport) and e.version[0] for e in heard))
    identity = [event for event in events if isinstance(event, IdentityReport)][-1]
    assert (identity.firmware, identity.multirotor) == (Firmware.ARDUPILOT, True)
    assert identity.version >= (4, 6, 0)


def test_parameters_are_read_written_and_verified(link, monkeypatch):
    monkeypatch.setattr(parameters, "_TRIES", 4)  # nothing is lost here
    need(link, Capability.PARAMETERS)
    with link:
        link.open()
        link.receive(0.0)
        assert link.send(ReadParameters(("RTL_ALT", "NO_SUCH_NAME", "FS_GCS_ENABLE"))).accepted
        told = {e.name: e.value for e in link.receive(0.0) if isinstance(e, ParameterReport)}
        assert told["NO_SUCH_NAME"] is None
        assert told["FS_GCS_ENABLE"] == 1.0
        value = told["RTL_ALT"] + 500.0
        assert link.send(SetParameter("RTL_ALT", value)).accepted
        assert link.send(ReadParameters(("RTL_ALT",))).accepted
        assert ParameterReport("RTL_ALT", value) in link.receive(0.0)
        refused = link.send(SetParameter("NO_SUCH_NAME", 1.0))
        assert not refused.accepted
        assert "no parameter NO_SUCH_NAME" in refused.reason


def test_the_mission_goes_on_where_it_is_told_and_commands_are_done_at_once(link, survey):
    with link:
        link.open()
        assert link.send(Upload(PlanKind.MISSION, survey)).accepted
        assert link.send(GoToItem(5)).accepted
        if not isinstance(link, FakeVehicle):  # which tells its progress in flight only
            heard_until(link, lambda heard: MissionProgress(5, complete=False) in heard)
        assert not link.send(GoToItem(500)).accepted
        for command, p1, p2 in ((Command.DO_CHANGE_SPEED, 1.0, 8.0), (Command.DO_MOUNT_CONTROL, -90.0, 0.0)):
            assert link.send(Do(MissionItem(command, Frame.MISSION, (p1, p2, 0.0, math.nan)))).accepted


def test_a_log_is_fetched_whole_or_said_not_to_be_there(link, tmp_path):
    need(link, Capability.LOGS)
    path = tmp_path / "flight.BIN"
    told: list[tuple[int, int]] = []
    with link:
        link.open()
        fetched = link.fetch_log(path, lambda done, whole: told.append((done, whole)))
    assert fetched == path.exists()
    if fetched:
        assert told[-1] == (path.stat().st_size, path.stat().st_size)


def test_modes_and_motors_obey_and_are_reported(link, survey):
    with link:
        link.open()
        heard_until(link, has_fix)
        assert link.send(Upload(PlanKind.MISSION, survey)).accepted
        for mode in (Mode.LOITER, Mode.GUIDED):
            assert link.send(SetMode(mode)).accepted
            heard_until(link, lambda heard, mode=mode: last_heartbeat(heard) == Heartbeat(mode, armed=False))
        assert link.send(Arm()).accepted
        heard_until(link, lambda heard: last_heartbeat(heard) == Heartbeat("GUIDED", armed=True))
        assert link.send(Disarm()).accepted
        heard_until(link, lambda heard: last_heartbeat(heard) == Heartbeat("GUIDED", armed=False))


def test_what_arrives_while_a_command_waits_is_kept(link, survey):
    with link:
        link.open()
        link.receive(0.0)
        for _ in range(3):
            link.send(Upload(PlanKind.MISSION, survey * 8))
            time.sleep(0.4)
            link.send(SetMode(Mode.GUIDED))
        assert any(isinstance(event, PositionReport) for event in link.receive(0.0))
