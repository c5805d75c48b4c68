"""Several drones on one timetable, and the operator's desk; the vehicles are fakes."""

import threading
import time

import pytest

from dronepatrol.errors import SafetyError
from dronepatrol.fly.fake import FakeVehicle
from dronepatrol.fly.fleet import Desk, Job, Timetable, fly_fleet
from dronepatrol.fly.interrupts import Interrupts
from dronepatrol.fly.session import SortieFlight, Supervision, fly_sortie
from dronepatrol.fly.state import Pause, Skip
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command, Frame, MissionItem

HOME = (121.02, 30.70)
ITEMS = (
    MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=30.70, lon_deg=121.02, altitude_m=5.0),
    MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, altitude_m=50.0),
    MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=30.701, lon_deg=121.02, altitude_m=50.0),
    MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION),
)


class Fleet:
    """Makes jobs and notes when each was flown, on the patrol's clock."""

    def __init__(self, *drones_and_starts: tuple[str, float], factor: float = 1.0, skips_idle: bool = False) -> None:
        self.begun: dict[str, float] = {}
        self.interrupts = Interrupts(tears=False)
        self.vehicles = {f"s{n}": FakeVehicle(HOME) for n in range(1, len(drones_and_starts) + 1)}
        jobs = [self.job(f"s{n}", *one) for n, one in enumerate(drones_and_starts, start=1)]
        self.timetable = Timetable(jobs, factor, skips_idle=skips_idle)
        self.jobs = jobs

    def job(self, sortie_id: str, drone: str, start_s: float) -> Job:
        def fly():
            self.begun[sortie_id] = self.timetable.now_s()
            plan = SortieFlight(sortie_id, ITEMS, (), HOME, 1, time_limit_s=600.0, drone=drone)
            how = Supervision(simulated=True, interrupts=self.interrupts)
            return fly_sortie(self.vehicles[sortie_id], plan, how)

        return Job(sortie_id, drone, start_s, fly)

    def fly(self):
        return fly_fleet(self.jobs, self.timetable, self.interrupts)


def test_drones_start_at_their_times_side_by_side():
    fleet = Fleet(("a", 100.0), ("b", 130.0), ("a", 200.0), factor=200.0)
    flown = fleet.fly()
    assert {log.sortie_id for log in flown.flights} == {"s1", "s2", "s3"}
    assert all(log.outcome is Outcome.LANDED for log in flown.flights)
    assert not flown.refused
    for sortie_id, start_s in {"s1": 100.0, "s2": 130.0, "s3": 200.0}.items():
        assert start_s <= fleet.begun[sortie_id] < start_s + 60.0


def test_times_at_which_every_drone_stands_are_left_out():
    before = time.monotonic()
    flown = Fleet(("a", 0.0), ("b", 3600.0), ("a", 7200.0), skips_idle=True).fly()
    assert len(flown.flights) == 3
    assert time.monotonic() - before < 20.0


def test_a_refused_drone_flies_no_further_and_the_others_go_on():
    fleet = Fleet(("a", 0.0), ("b", 0.0), ("a", 10.0), factor=100.0)
    fleet.vehicles["s1"].battery_share = 0.0
    fleet.vehicles["s1"].parameters["FS_GCS_ENABLE"] = 0.0
    flown = fleet.fly()
    assert [log.sortie_id for log in flown.flights] == ["s2"]
    assert isinstance(flown.refused["s1"], SafetyError)
    assert "s3" not in fleet.begun


def test_ctrl_c_ends_the_waiting_too():
    fleet = Fleet(("a", 0.0), ("b", 3600.0))
    threading.Timer(0.3, lambda: fleet.interrupts.bring_home("stopped by the operator")).start()
    before = time.monotonic()
    fleet.fly()
    assert time.monotonic() - before < 10.0
    assert "s2" not in fleet.begun


def test_an_error_of_ours_calls_the_others_home_and_is_raised():
    fleet = Fleet(("a", 0.0), ("b", 3600.0))
    fleet.vehicles["s1"].receive = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        fleet.fly()
    assert fleet.interrupts.reason == "an error on the ground"
    assert "s2" not in fleet.begun


def test_orders_wait_on_the_desk_for_their_drone():
    desk = Desk()
    desk.give("a", Pause())
    desk.give("a", Skip())
    assert desk.take("b") == ()
    assert desk.take("a") == (Pause(), Skip())
    assert desk.take("a") == ()
