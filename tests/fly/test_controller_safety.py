"""What the controller must never do, whatever happens in whatever order."""

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.fly.controller import advance, start
from dronepatrol.fly.fake import SAFE_PARAMETERS
from dronepatrol.fly.link import (
    Answer,
    Arm,
    BatteryReport,
    Capability,
    ClockReport,
    Disarm,
    Do,
    EstimatorReport,
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
    ReadyReport,
    SetMode,
    SetParameter,
    StartMission,
    StatusText,
    Upload,
    VehicleCommand,
)
from dronepatrol.fly.sortie import SortieFlight
from dronepatrol.fly.state import (
    Abort,
    CommandAnswered,
    FlightState,
    GoOn,
    Leave,
    LinkLost,
    Pause,
    Refusal,
    Skip,
)
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command, Frame, MissionItem

HOME = (121.02, 30.70)
FAR = (121.03, 30.70)
ITEMS = (
    MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=30.70, lon_deg=121.02, altitude_m=5.0),
    MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, altitude_m=50.0),
    MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=30.701, lon_deg=121.02, altitude_m=50.0),
    MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION),
)
FENCE = (MissionItem(Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, Frame.GLOBAL, (3.0, 0, 0, 0), 30.7, 121.0),) * 3
PLAN = SortieFlight(
    "s1", ITEMS, FENCE, HOME, 1, time_limit_s=600.0, battery_needed_share=0.5, return_height_m=60.0, rally_items=()
)
COPTER = IdentityReport(Firmware.ARDUPILOT, (4, 6, 0), multirotor=True)
OK = Answer(accepted=True)
NO = Answer(accepted=False, reason="denied")


def position(lonlat=HOME, height_m=0.0, boot_s=10.0) -> PositionReport:
    return PositionReport(boot_s, *lonlat, height_m + 5.0, height_m, 0.0)


READY = (
    Heartbeat("STABILIZE", armed=False),
    COPTER,
    ClockReport(10.0, None),
    FixReport(fix_3d=True, satellites=12),
    BatteryReport(1.0),
    HomeReport(*HOME, 5.0),
    ReadyReport(ready=True),
    LandedReport(on_ground=True, landing=False),
    position(),
)


@dataclass
class Run:
    """Drives a controller and keeps what it commanded."""

    state: FlightState
    given: list[VehicleCommand] = field(default_factory=list)

    def feed(self, *events) -> "Run":
        for event in events:
            self.state, commands = advance(self.state, event)
            self.given += commands
        return self

    def answer(self, answer: Answer = OK, *, silent: bool = False, parameters=SAFE_PARAMETERS) -> "Run":
        command = self.state.pending
        assert command is not None
        if isinstance(command, ReadParameters) and answer.accepted:
            self.feed(*(ParameterReport(name, parameters.get(name)) for name in command.names))
        return self.feed(CommandAnswered(command, answer, silent))

    def obey(self, times: int) -> "Run":
        for _ in range(times):
            self.answer()
        return self


STEPS = [ReadParameters, Upload, Upload, Upload, SetParameter, SetMode, Arm, SetMode, StartMission]
READ, STORED, GUIDED, ARMED = 1, 5, 6, 7  # so many answers until then


def flying(plan: SortieFlight = PLAN) -> Run:
    run = Run(start(plan)).feed(*READY).obey(len(STEPS))
    return run.feed(
        Heartbeat("AUTO", armed=True),
        LandedReport(on_ground=False, landing=False),
        position(height_m=50.0, boot_s=20.0),
        MissionProgress(2, complete=False),
    )


def landed(run: Run) -> Run:
    return run.feed(
        position(boot_s=100.0), LandedReport(on_ground=True, landing=False), Heartbeat(run.state.mode, armed=False)
    )


def test_the_way_from_standing_to_standing():
    run = flying()
    assert [type(command) for command in run.given] == STEPS
    assert [command.kind for command in run.given[1:4]] == [PlanKind.FENCE, PlanKind.RALLY, PlanKind.MISSION]
    assert run.given[4:6] == [SetParameter("RTL_ALT", 6000.0), SetMode(Mode.GUIDED)]
    landed(run.feed(MissionProgress(3, complete=False)))
    assert run.state.ending is not None
    assert (run.state.ending.outcome, run.state.ending.reason) == (Outcome.LANDED, "mission flown")
    assert len(run.given) == len(STEPS)


modes = st.sampled_from(["STABILIZE", "GUIDED", "AUTO", "RTL", "LAND", "LOITER", "BRAKE"])
events = st.one_of(
    st.sampled_from(READY),
    st.builds(Heartbeat, modes, st.booleans()),
    st.builds(ClockReport, st.floats(0, 2000), st.none()),
    st.builds(position, st.sampled_from([HOME, FAR]), st.sampled_from([0.0, 1.0, 50.0]), st.floats(0, 2000)),
    st.builds(FixReport, st.booleans(), st.just(9)),
    st.builds(BatteryReport, st.sampled_from([0.1, 0.49, 0.5, 1.0])),
    st.builds(ReadyReport, st.booleans()),
    st.builds(LandedReport, st.booleans(), st.booleans()),
    st.builds(MissionProgress, st.integers(0, 4), st.booleans()),
    st.builds(StatusText, st.integers(0, 7), st.sampled_from(["Battery failsafe", "hello"])),
    st.sampled_from([Abort("stop"), Heartbeat("LOITER", armed=True), Heartbeat("AUTO", armed=True)]),
    st.sampled_from([Pause(), GoOn(), GoOn(1), Skip(), Pause(), GoOn()]),
    st.builds(EstimatorReport, st.booleans(), st.just(0.5)),
    st.builds(ParameterReport, st.sampled_from(sorted(SAFE_PARAMETERS)), st.sampled_from([None, 0.0, 1.0, 2.0])),
    st.sampled_from([COPTER, COPTER, COPTER, IdentityReport(Firmware.OTHER, (0, 0, 0), multirotor=True)]),
    st.sampled_from(
        [LandedReport(on_ground=False, landing=False), position(height_m=50.0), FixReport(fix_3d=True, satellites=9)]
    ),
)
rare = st.one_of(st.just(LinkLost("no heartbeat for 10 s")), st.just(Leave()))
answers = st.sampled_from([("answer", OK, False)] * 6 + [("answer", NO, False), ("answer", NO, True)])
moves = st.integers(0, 30).flatmap(lambda n: rare if n == 0 else answers if n < 8 else events)
stories = st.lists(moves, min_size=8, max_size=40)
TAKEN_OFF = (Heartbeat("AUTO", armed=True), LandedReport(on_ground=False, landing=False), position(height_m=50.0))
READING = (*READY, *(ParameterReport(name, value) for name, value in SAFE_PARAMETERS.items()))
beginnings = st.one_of(
    st.just(()),
    st.integers(0, len(STEPS)).map(lambda n: (*READING, *[("answer", OK, False)] * n)),
    st.just((*READING, *[("answer", OK, False)] * len(STEPS), *TAKEN_OFF)),
)
plans = st.sampled_from([PLAN] * 4 + [replace(PLAN, blockers=("a no-fly zone is crossed",))])


MUST_BE_SET = ("FS_GCS_ENABLE", "FS_THR_ENABLE", "BATT_FS_LOW_ACT", "BATT_FS_CRT_ACT", "FS_EKF_ACTION", "FENCE_ENABLE")


class Facts:
    """What the story said last, kept apart from the controller's own book-keeping."""

    def __init__(self) -> None:
        self.last: dict[type, object] = {}
        self.accepted: list[VehicleCommand] = []
        self.modes: list[str] = []
        self.parameters: dict[str, float | None] = {}

    def note(self, event) -> None:
        self.last[type(event)] = event
        if isinstance(event, CommandAnswered) and event.answer.accepted:
            self.accepted.append(event.command)
        if isinstance(event, Heartbeat):
            self.modes.append(event.mode)
        if isinstance(event, ParameterReport):
            self.parameters[event.name] = event.value

    def clear_to_arm(self, plan: SortieFlight) -> bool:
        fix, battery, ready, place = (self.last.get(k) for k in (FixReport, BatteryReport, ReadyReport, PositionReport))
        return (
            not plan.blockers
            and fix is not None
            and fix.fix_3d
            and battery is not None
            and battery.remaining_share >= plan.battery_needed_share
            and (ready is None or ready.ready)
            and place is not None
            and place.lon_deg == HOME[0]
            and {type(c) for c in self.accepted} >= {ReadParameters, Upload, SetParameter, SetMode}
            and sum(isinstance(c, Upload) for c in self.accepted) == 3
            and all(self.parameters.get(name) not in {None, 0.0} for name in MUST_BE_SET)
            and self.last.get(IdentityReport) == COPTER
            and self.estimator_is_sure()
        )

    def estimator_is_sure(self) -> bool:
        told = self.last.get(EstimatorReport)
        return told is None or told.healthy

    def surely_flying(self) -> bool:
        landed, place = self.last.get(LandedReport), self.last.get(PositionReport)
        return landed is not None and not landed.on_ground and place is not None and place.height_m > 2.0


@settings(max_examples=400, deadline=None)
@given(plan=plans, beginning=beginnings, story=stories)
def test_no_order_of_events_makes_it_unsafe(plan, beginning, story):
    run, facts = Run(start(plan)), Facts()
    for told in (*beginning, *story):
        if isinstance(told, tuple) and run.state.pending is None:
            continue
        event = CommandAnswered(run.state.pending, *told[1:]) if isinstance(told, tuple) else told
        before, given_before = run.state, len(run.given)
        facts.note(event)
        run.feed(event)
        new = run.given[given_before:]
        assert len(new) <= 1
        if before.ending or before.hands_off or (before.pending and not isinstance(event, CommandAnswered)):
            assert not new
        for command in new:
            check_command(command, plan, before, facts, run)


def check_command(command, plan, before, facts, run):
    assert run.state.pending == command
    match command:
        case Arm():
            assert facts.clear_to_arm(plan)
            assert not before.armed
        case Upload() | StartMission():
            assert not before.abort
            assert isinstance(command, StartMission) or not before.armed
        case SetParameter(name, _):
            assert name == "RTL_ALT"
            assert not before.armed
        case Do() | GoToItem():
            assert before.held
            assert before.armed
        case Disarm():
            assert run.state.abort
            assert not (facts.surely_flying() and before.on_ground is not True)
        case SetMode(mode) if mode in {Mode.RTL, Mode.LAND}:
            assert run.state.abort
            fix = facts.last.get(FixReport)
            sure = PositionReport in facts.last and fix is not None and fix.fix_3d and facts.estimator_is_sure()
            assert mode is Mode.LAND or sure
    assert len(facts.modes) < 2 or not stolen(facts, before)


def stolen(facts, before) -> bool:
    """Say whether the last two heartbeats show a mode that we never ask for and that was not there before we began."""
    return (
        before.wanted is not None and facts.modes[-1] == facts.modes[-2] == "LOITER" and "LOITER" not in before.before
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (FixReport(fix_3d=False, satellites=3), "no 3D satellite fix"),
        (BatteryReport(0.4), "battery at 40%; the sortie needs 50%"),
        (ReadyReport(ready=False), "own checks fail"),
        (position(FAR), "958 m from the planned dock"),
        (HomeReport(*FAR, 5.0), "home is 958 m from the planned dock"),
        (Heartbeat("STABILIZE", armed=True), "armed already"),
        (EstimatorReport(healthy=False, variance=1.3), "(EKF) is not sure of its position (worst test ratio 1.30)"),
        (IdentityReport(Firmware.PX4, (1, 15, 0), multirotor=True), "planned for ardupilot; the vehicle is px4"),
        (IdentityReport(Firmware.OTHER, (0, 0, 0), multirotor=True), "neither ArduPilot nor PX4"),
        (IdentityReport(Firmware.ARDUPILOT, (4, 6, 0), multirotor=False), "for a multirotor; the vehicle is none"),
    ],
)
def test_a_blocker_keeps_the_vehicle_on_the_ground(event, reason):
    plan = replace(PLAN, autopilot=Firmware.ARDUPILOT)
    run = Run(start(plan)).feed(event, *(e for e in READY if type(e) is not type(event)), event)
    while run.state.pending:  # what the vehicle's own checks find may pass with the new fence
        run.answer()
    run.feed(ClockReport(10.0 + PLAN.ready_limit_s + 1, None), event)
    assert run.state.ending is not None
    assert run.state.ending.refusal is Refusal.SAFETY
    assert reason in run.state.ending.reason
    assert not run.given or isinstance(event, ReadyReport)
    assert Arm() not in run.given


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"FS_GCS_ENABLE": 0.0}, "FS_GCS_ENABLE is 0; expected return or land without a ground station"),
        ({"FS_OPTIONS": 2.0}, "FS_OPTIONS is 2; expected bit 1"),
        ({"FS_THR_ENABLE": 0.0}, "FS_THR_ENABLE is 0; expected"),
        ({"BATT_FS_LOW_ACT": 0.0}, "BATT_FS_LOW_ACT is 0; expected an action that lands or returns"),
        ({"BATT_FS_CRT_ACT": 5.0}, "BATT_FS_CRT_ACT is 5; expected"),
        ({"BATT_LOW_MAH": 0.0}, "BATT_LOW_MAH is 0; expected a charge or a voltage"),
        ({"FS_EKF_ACTION": 0.0}, "FS_EKF_ACTION is 0; expected"),
        ({"FS_EKF_ACTION": 2.0}, "FS_EKF_ACTION is 2; expected landing"),  # AltHold needs a pilot
        ({"FENCE_ENABLE": 0.0}, "FENCE_ENABLE is 0; expected 1"),
        ({"FENCE_ACTION": 0.0}, "FENCE_ACTION is 0; expected"),
        ({"FENCE_TYPE": 3.0}, "FENCE_TYPE is 3; expected bit 2"),
        ({"FS_GCS_ENABLE": None}, "FS_GCS_ENABLE is missing; expected"),
        ({"RTL_ALT": None}, "no parameter for its return height"),
        ({"RTL_ALT_FINAL": 1000.0}, "RTL_ALT_FINAL is 1000; expected 0 (a return ends with a landing)"),
        ({"RALLY_INCL_HOME": 0.0}, "RALLY_INCL_HOME is 0; expected 1"),
        ({"RALLY_LIMIT_KM": 5.0}, "RALLY_LIMIT_KM is 5; expected 0.3"),
    ],
)
def test_a_failsafe_that_is_off_or_missing_is_a_blocker(changed, said):
    rally = (MissionItem(Command.NAV_RALLY_POINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=30.701, lon_deg=121.02),)
    run = Run(start(replace(PLAN, rally_items=rally))).feed(*READY).answer(parameters=SAFE_PARAMETERS | changed)
    assert run.state.ending is not None
    assert run.state.ending.refusal is Refusal.SAFETY
    assert said in run.state.ending.reason
    assert [type(command) for command in run.given] == [ReadParameters]


PX4_SAFE = {
    "NAV_DLL_ACT": 2.0,
    "NAV_RCL_ACT": 2.0,
    "GF_ACTION": 3.0,
    "COM_LOW_BAT_ACT": 3.0,
    "RTL_RETURN_ALT": 30.0,
    "RTL_TYPE": 0.0,
}


@pytest.mark.parametrize("off", [None, "NAV_DLL_ACT", "NAV_RCL_ACT", "GF_ACTION", "COM_LOW_BAT_ACT"])
def test_px4_has_names_of_its_own(off):
    px4 = IdentityReport(Firmware.PX4, (1, 15, 0), multirotor=True)
    run = Run(start(replace(PLAN, autopilot=Firmware.PX4))).feed(px4, *(e for e in READY if e is not COPTER))
    run.answer(parameters=PX4_SAFE | ({off: 0.0} if off else {}))
    if off:
        assert run.state.ending is not None
        assert f"{off} is 0; expected" in run.state.ending.reason
    else:
        run.obey(STORED - READ)
        assert run.given[-2:] == [SetParameter("RTL_RETURN_ALT", 60.0), SetMode(Mode.LOITER)]


def test_a_newer_vehicle_has_its_return_height_in_metres():
    parameters = SAFE_PARAMETERS | {"RTL_ALT_M": 15.0, "RTL_ALT": None}
    run = Run(start(PLAN)).feed(*READY).answer(parameters=parameters).obey(STORED - READ)
    assert run.given[-2] == SetParameter("RTL_ALT_M", 60.0)


def test_without_radio_control_its_failsafe_may_be_off():
    run = Run(start(replace(PLAN, has_rc=False))).feed(*READY)
    run.answer(parameters=SAFE_PARAMETERS | {"FS_THR_ENABLE": 0.0})
    assert isinstance(run.given[-1], Upload)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"items": (*ITEMS[:2], replace(ITEMS[2], lat_deg=math.nan))}, "item 2: latitude nan, longitude 121.02"),
        ({"items": (*ITEMS[:2], replace(ITEMS[2], lat_deg=121.02, lon_deg=30.7))}, "item 2: latitude 121.02"),
        ({"items": (*ITEMS[:2], replace(ITEMS[2], altitude_m=math.inf))}, "height inf m is no place"),
        ({"fence_items": (replace(FENCE[0], lon_deg=math.nan),) * 3}, "fence item 0: latitude 30.7, longitude nan"),
        ({"rally_items": (replace(FENCE[0], lon_deg=999.0),)}, "rally point 0: latitude 30.7, longitude 999"),
        ({"items": ()}, "there is nothing to fly"),
        ({"items": ITEMS[:1]}, "there is nothing to fly"),
        ({"items": (ITEMS[0], ITEMS[2])}, "the first thing to fly is command 16; expected take-off (22)"),
    ],
)
def test_a_mission_that_cannot_be_flown_is_a_blocker(changed, said):
    run = Run(start(replace(PLAN, **changed))).feed(*READY)
    assert run.state.ending is not None
    assert run.state.ending.refusal is Refusal.SAFETY
    assert said in run.state.ending.reason
    assert not run.given


@pytest.mark.parametrize("simulator", [False, True])
def test_what_forbids_the_flight_now_is_a_blocker_in_the_real_sky(simulator):
    run = Run(start(replace(PLAN, forbidden_now=("now: it is night",)))).feed(*READY)
    run.answer(parameters=SAFE_PARAMETERS | ({"SIM_SPEEDUP": 1.0} if simulator else {}))
    if simulator:
        assert isinstance(run.given[-1], Upload)
        assert "the vehicle is a simulator, so this does not hold it back: now: it is night" in run.state.notices
        return
    assert run.state.ending is not None
    assert run.state.ending.reason == "plan: now: it is night"
    assert [type(command) for command in run.given] == [ReadParameters]


@pytest.mark.parametrize(
    ("lacking", "said"),
    [(Capability.PARAMETERS, "cannot read the vehicle's failsafes"), (Capability.FENCE, "cannot store the fence")],
)
def test_a_link_that_cannot_do_what_safety_needs_flies_nothing(lacking, said):
    run = Run(start(PLAN, frozenset(Capability) - {lacking})).feed(*READY)
    assert run.state.ending is not None
    assert said in run.state.ending.reason
    assert not run.given


def test_a_blocker_that_opens_during_the_upload_holds_the_arming_back():
    run = Run(start(PLAN)).feed(*READY).obey(STORED).feed(FixReport(fix_3d=False, satellites=3)).answer()
    assert run.given[-1] == SetMode(Mode.GUIDED)
    run.feed(FixReport(fix_3d=True, satellites=9))
    assert run.given[-1] == Arm()


def test_it_waits_for_what_may_pass():
    run = Run(start(PLAN)).feed(*READY, ReadyReport(ready=False)).obey(GUIDED)
    assert [type(command) for command in run.given] == STEPS[:GUIDED]  # the mission is stored, which arms nothing
    run.feed(ReadyReport(ready=True))
    assert run.given[-1] == Arm()


def test_a_pilot_who_takes_over_is_left_alone():
    run = flying().feed(*[Heartbeat("LOITER", armed=True)] * 2)
    run.feed(Abort("stopped"), *[Heartbeat("AUTO", armed=True)] * 3, ClockReport(5000.0, None))
    assert len(run.given) == len(STEPS)
    landed(run)
    assert run.state.ending is not None
    assert run.state.ending.outcome is Outcome.RETURNED_EARLY
    assert "the pilot took over: mode LOITER" in run.state.ending.reason


def test_one_late_heartbeat_is_no_pilot():
    run = flying().feed(Heartbeat("GUIDED", armed=True), Heartbeat("AUTO", armed=True), Heartbeat("AUTO", armed=True))
    assert not run.state.hands_off
    assert run.feed(Abort("stopped")).given[-1] == SetMode(Mode.RTL)


def test_a_battery_failsafe_is_the_vehicles_own_decision():
    run = flying().feed(StatusText(2, "Battery 1 is low 14.2V used 3000 mAh"), *[Heartbeat("RTL", armed=True)] * 2)
    landed(run)
    assert len(run.given) == len(STEPS)
    assert run.state.ending is not None
    assert run.state.ending.outcome is Outcome.RETURNED_EARLY
    assert "by itself: Battery 1 is low" in run.state.ending.reason


def test_a_failsafe_after_the_last_lane_is_still_a_mission_flown():
    run = flying().feed(MissionProgress(3, complete=False), StatusText(2, "Battery failsafe"))
    landed(run.feed(*[Heartbeat("RTL", armed=True)] * 2))
    assert run.state.ending is not None
    assert run.state.ending.outcome is Outcome.LANDED


class TestAbort:
    def test_before_arming_nothing_is_left_to_do(self):
        run = Run(start(PLAN)).feed(*READY).feed(Abort("stopped")).answer()
        assert run.state.ending is not None
        assert run.state.ending.outcome is Outcome.NOT_FLOWN
        assert [type(command) for command in run.given] == STEPS[:1]

    def test_on_the_ground_it_disarms(self):
        run = Run(start(PLAN)).feed(*READY).obey(ARMED).feed(Abort("stopped")).answer()
        assert run.given[-1] == Disarm()
        run.answer()
        assert run.state.ending is not None
        assert run.state.ending.outcome is Outcome.RETURNED_EARLY

    def test_flying_it_returns_and_is_watched_until_it_stands(self):
        run = flying().feed(Abort("stopped by the operator")).answer()
        run.feed(*[Heartbeat("RTL", armed=True)] * 5, position(height_m=20.0, boot_s=60.0))
        assert run.given[len(STEPS) :] == [SetMode(Mode.RTL)]
        assert run.state.ending is None
        landed(run)
        assert run.state.ending is not None
        assert run.state.ending.outcome is Outcome.RETURNED_EARLY
        assert "stopped by the operator" in run.state.ending.reason

    def test_landing_it_is_let_land(self):
        run = flying().feed(LandedReport(on_ground=False, landing=True), Abort("stopped"))
        assert len(run.given) == len(STEPS)

    def test_without_a_position_it_lands_where_it_is(self):
        run = flying().feed(FixReport(fix_3d=False, satellites=0), Abort("stopped"))
        assert run.given[-1] == SetMode(Mode.LAND)

    def test_with_an_unsure_estimator_it_lands_where_it_is(self):
        run = flying().feed(EstimatorReport(healthy=False, variance=2.0), Abort("stopped"))
        assert run.given[-1] == SetMode(Mode.LAND)

    def test_refused_return_becomes_a_landing_and_then_an_honest_word(self):
        run = flying().feed(Abort("stopped"))
        for _ in range(20):
            if run.state.pending is not None:
                run.answer(NO)
            run.feed(Heartbeat("AUTO", armed=True))
        returns = run.given[len(STEPS) :]
        assert returns == [SetMode(Mode.RTL)] * 3 + [SetMode(Mode.LAND)] * 3
        assert "does not come back" in run.state.hands_off

    def test_an_accepted_return_that_is_not_taken_is_commanded_again(self):
        run = flying().feed(Abort("stopped")).answer().feed(*[Heartbeat("AUTO", armed=True)] * 3)
        assert run.given[-2:] == [SetMode(Mode.RTL)] * 2

    def test_over_the_time_limit_it_is_called_back(self):
        run = flying().feed(ClockReport(10.0 + PLAN.time_limit_s + 1.0, None))
        assert run.given[-1] == SetMode(Mode.RTL)
        assert "over the time limit of 600 s" in run.state.abort


def test_leaving_or_losing_an_armed_vehicle_is_said():
    for event, word in ((Leave(), "left"), (LinkLost("no heartbeat for 10 s"), "no heartbeat")):
        run = flying().feed(event)
        assert run.state.ending is not None
        assert run.state.ending.outcome is Outcome.UNSUPERVISED
        assert word in run.state.ending.reason


def test_silence_after_the_arming_command_counts_as_armed():
    run = Run(start(PLAN)).feed(*READY).obey(GUIDED).answer(NO, silent=True)
    assert run.given[-1] == Disarm()
    run.answer(NO, silent=True).feed(LinkLost("no heartbeat for 10 s"))
    assert run.state.ending is not None
    assert run.state.ending.outcome is Outcome.UNSUPERVISED


@pytest.mark.parametrize(
    ("step", "refusal"),
    [(0, Refusal.SAFETY), *[(n, Refusal.MISSION) for n in (1, 2, 3)], *[(n, Refusal.SAFETY) for n in (4, 5)]],
)
def test_a_refused_step_before_arming_ends_it(step, refusal):
    run = Run(start(PLAN)).feed(*READY).obey(step).feed(StatusText(2, "Arm: compass not healthy")).answer(NO)
    assert run.state.ending is not None
    assert run.state.ending.refusal is refusal


def test_refused_arming_is_asked_for_again_unforced_for_a_minute():
    run = Run(start(PLAN)).feed(*READY).obey(GUIDED)
    for second in range(0, 63, 3):
        assert run.given[-1] == Arm()
        assert run.state.ending is None
        run.feed(StatusText(2, "Arm: Need Position Estimate")).answer(NO)
        run.feed(ClockReport(10.0 + second + 1.0, None))
        assert run.state.pending is None  # not at once
        run.feed(ClockReport(10.0 + second + 3.0, None))
    assert run.state.ending is not None
    assert run.state.ending.refusal is Refusal.SAFETY
    assert run.state.ending.reason == "the vehicle refused arming: denied; Arm: Need Position Estimate"
    assert "it is asked again" in run.state.notices[0]


def test_a_vehicle_whose_checks_lag_behind_is_armed_when_they_have_caught_up():
    run = Run(start(PLAN)).feed(*READY).obey(GUIDED).answer(NO).feed(ClockReport(14.0, None))
    run.obey(len(STEPS) - GUIDED)
    assert [type(command) for command in run.given] == [*STEPS[:ARMED], *STEPS[GUIDED:]]


@pytest.mark.parametrize("step", [7, 8])
def test_a_refused_step_after_arming_disarms(step):
    run = Run(start(PLAN)).feed(*READY).obey(step).answer(NO)
    assert run.given[-1] == Disarm()


def test_a_mission_flown_before_does_not_count():
    run = Run(start(PLAN)).feed(*READY, MissionProgress(0, complete=True)).obey(len(STEPS))
    run.feed(Heartbeat("AUTO", armed=True), MissionProgress(0, complete=True))
    assert not run.state.complete
    run.feed(MissionProgress(2, complete=False), MissionProgress(0, complete=True))
    assert run.state.complete


def test_a_vehicle_down_elsewhere_is_not_home():
    run = flying().feed(MissionProgress(3, complete=False), position(FAR, boot_s=100.0))
    run.feed(LandedReport(on_ground=True, landing=False), Heartbeat("AUTO", armed=False))
    assert run.state.ending is not None
    assert run.state.ending.outcome is Outcome.RETURNED_EARLY
    assert "landed 958 m from the dock" in run.state.ending.reason


def test_one_late_disarmed_heartbeat_does_not_end_the_watch():
    run = flying().feed(Heartbeat("AUTO", armed=False))
    assert run.state.ending is None
    assert run.feed(Heartbeat("AUTO", armed=True)).state.armed
