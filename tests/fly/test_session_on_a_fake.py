"""The session's own duties: confirmation, interrupts, silence, the record. The vehicle is a fake."""

import signal
from dataclasses import replace

import pytest

from dronepatrol.errors import LinkError, MissionRefusedError, SafetyError
from dronepatrol.fly import session
from dronepatrol.fly.fake import FakeVehicle
from dronepatrol.fly.link import Arm, Mode, SetMode, Upload
from dronepatrol.fly.session import FlyEvent, Phase, SortieFlight, Supervision, fly_sortie
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.model.tables import TRACK

HOME = (121.02, 30.70)


def waypoint(lat_deg: float) -> MissionItem:
    return MissionItem(
        Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=lat_deg, lon_deg=121.02, altitude_m=50.0
    )


ITEMS = (
    MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=30.70, lon_deg=121.02, altitude_m=5.0),
    MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, altitude_m=50.0),
    *(waypoint(30.701 + 0.001 * i) for i in range(10)),
    MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION),
)
PLAN = SortieFlight("s1", ITEMS, (), HOME, 10, time_limit_s=600.0)


def fly(vehicle: FakeVehicle, plan: SortieFlight = PLAN, on_event=lambda _: None, **how):
    return fly_sortie(vehicle, plan, Supervision(**({"simulated": True} | how), on_event=on_event))


def test_a_whole_flight_and_its_log():
    seen: list[FlyEvent] = []
    log = fly(FakeVehicle(HOME), on_event=seen.append)
    assert (log.sortie_id, log.outcome, log.photos) == ("s1", Outcome.LANDED, 10)
    assert list(log.track.columns) == list(TRACK.columns)
    assert str(log.track["time_utc"].dtype) == "datetime64[ms, UTC]"
    assert log.track["time_utc"].is_monotonic_increasing
    assert (log.track["event"] == "photo").sum() == 10
    assert log.track.loc[log.track["event"] == "photo", "ground_speed_m_s"].isna().all()
    assert log.length_m == pytest.approx(1109, abs=2)  # ten steps north; a fake jumps home
    phases = list(dict.fromkeys(event.phase for event in seen))
    assert phases == [Phase.CHECKING, Phase.UPLOADING, Phase.STARTING, Phase.FLYING, Phase.ENDED]
    assert [event.text for event in seen if event.text][-1] == "mission flown"


@pytest.mark.parametrize(("confirmed", "found"), [(None, "nothing was confirmed"), (2, "system id 2 was confirmed")])
def test_a_real_vehicle_asks_for_its_system_id(confirmed, found):
    vehicle = FakeVehicle(HOME, system_id=7)
    with pytest.raises(SafetyError, match=found) as caught:
        fly(vehicle, simulated=False, confirmed=confirmed)
    assert caught.value.hint.endswith("add --confirm 7")
    assert caught.value.exit_code == 4
    assert not vehicle.given
    assert fly(vehicle, simulated=False, confirmed=7).outcome is Outcome.LANDED


def test_a_plan_with_a_blocker_is_refused_before_the_vehicle_is_spoken_to():
    vehicle = FakeVehicle(HOME, silent=True)
    with pytest.raises(SafetyError, match="the plan forbids the flight: a zone is crossed"):
        fly(vehicle, replace(PLAN, blockers=("a zone is crossed",)))


def test_refusals_become_errors():
    with pytest.raises(SafetyError, match="battery at 50%; the sortie needs 80%"):
        fly(FakeVehicle(HOME, battery_share=0.5), replace(PLAN, battery_needed_share=0.8))
    with pytest.raises(SafetyError, match="the vehicle refused arming: denied"):
        fly(FakeVehicle(HOME, refuses=(Arm,)))
    with pytest.raises(MissionRefusedError, match="denied"):
        fly(FakeVehicle(HOME, refuses=(Upload,)))
    with pytest.raises(LinkError, match="no vehicle answered"):
        fly(FakeVehicle(HOME, silent=True))


class Press:
    """Presses Ctrl-C when a photo count is reached."""

    def __init__(self, *photos: int) -> None:
        self.photos = list(photos)

    def __call__(self, event: FlyEvent) -> None:
        while self.photos and event.photos >= self.photos[0]:
            self.photos.pop(0)
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def every_event(monkeypatch):
    monkeypatch.setattr(session, "_REPORT_S", 0.0)


@pytest.mark.usefixtures("every_event")
def test_ctrl_c_calls_the_vehicle_back_and_stays():
    before = signal.getsignal(signal.SIGINT)
    vehicle = FakeVehicle(HOME)
    log = fly(vehicle, on_event=Press(3))
    assert log.outcome is Outcome.RETURNED_EARLY
    assert "stopped by the operator" in log.reason
    assert vehicle.given[-1] == SetMode(Mode.RTL)
    assert not vehicle.armed
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("every_event")
def test_a_second_ctrl_c_leaves_and_says_so():
    vehicle = FakeVehicle(HOME)
    log = fly(vehicle, on_event=Press(3, 3))
    assert log.outcome is Outcome.UNSUPERVISED
    assert "the operator left while the vehicle was armed" in log.reason


@pytest.mark.usefixtures("every_event")
def test_a_keyboard_interrupt_from_a_callback_counts_too():
    raised = []

    def callback(event: FlyEvent) -> None:
        if event.photos == 3 and not raised:
            raised.append(event)
            raise KeyboardInterrupt

    vehicle = FakeVehicle(HOME)
    assert fly(vehicle, on_event=callback).outcome is Outcome.RETURNED_EARLY
    assert vehicle.given[-1] == SetMode(Mode.RTL)


@pytest.mark.usefixtures("every_event")
@pytest.mark.parametrize("photos", [0, 4])
def test_an_error_of_ours_brings_the_vehicle_back(photos):
    vehicle = FakeVehicle(HOME)

    def callback(event: FlyEvent) -> None:
        if vehicle.armed and event.photos == photos:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fly(vehicle, on_event=callback)
    assert vehicle.mode == Mode.RTL or not vehicle.armed


@pytest.mark.usefixtures("every_event")
def test_silence_in_flight_is_reported_as_unsupervised(monkeypatch):
    monkeypatch.setattr(session, "SILENCE_S", 0.05)
    monkeypatch.setattr(session, "LOST_S", 0.2)
    vehicle, said = FakeVehicle(HOME), []

    def callback(event: FlyEvent) -> None:
        said.append(event.text)
        vehicle.silent = vehicle.silent or event.photos == 3

    log = fly(vehicle, on_event=callback)
    assert log.outcome is Outcome.UNSUPERVISED
    assert "no heartbeat for 0 s while the vehicle was armed" in log.reason
    assert log.photos == 3
    assert any("its own failsafes must bring it home" in text for text in said)
