"""What every VehicleLink must do: the fake in memory, and MAVLink to the embedded vehicle's process."""

import time
from collections.abc import Callable

import pytest

from dronepatrol.errors import LinkError
from dronepatrol.fly.fake import FakeVehicle
from dronepatrol.fly.link import (
    Arm,
    BatteryReport,
    ClockReport,
    Disarm,
    FixReport,
    Heartbeat,
    HomeReport,
    LandedReport,
    Mode,
    PlanKind,
    PositionReport,
    SetMode,
    Upload,
    VehicleEvent,
    VehicleLink,
)
from dronepatrol.fly.mavlink import MavlinkLink


@pytest.fixture(params=["fake", "mavlink"])
def link(request, home) -> VehicleLink:
    if request.param == "fake":
        return FakeVehicle(home)
    return MavlinkLink(request.getfixturevalue("standing"), system_id=1)


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


def test_what_is_stored_can_be_read_back_replaced_and_cleared(link, survey, fence):
    with link:
        link.open()
        for kind, items in ((PlanKind.MISSION, survey), (PlanKind.FENCE, fence), (PlanKind.MISSION, survey[:4])):
            assert link.send(Upload(kind, items)).accepted
            stored = link.download(kind)
            assert len(stored) == len(items)
            first = 1 if kind is PlanKind.MISSION else 0  # home is the vehicle's
            assert [(s.command, s.params) for s in stored[first:]] == [(i.command, i.params) for i in items[first:]]
            for s, i in zip(stored[first:], items[first:], strict=True):
                assert (s.lon_deg, s.lat_deg, s.altitude_m) == pytest.approx(
                    (i.lon_deg, i.lat_deg, i.altitude_m), abs=1e-6
                )
        assert link.download(PlanKind.FENCE)
        for kind in (PlanKind.MISSION, PlanKind.FENCE, PlanKind.RALLY):
            assert link.send(Upload(kind, ())).accepted
            assert len(link.download(kind)) <= (1 if kind is PlanKind.MISSION else 0)


def test_modes_and_motors_obey_and_are_reported(link, survey):
    with link:
        link.open()
        heard_until(link, has_fix)
        assert link.send(Upload(PlanKind.MISSION, survey)).accepted
        assert link.send(SetMode(Mode.GUIDED)).accepted
        heard_until(link, lambda heard: last_heartbeat(heard) == Heartbeat("GUIDED", armed=False))
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
