"""What an event tells: from the state before it to the state after it, without deciding anything. All pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dronepatrol.fly import orders
from dronepatrol.fly.checks import alerts
from dronepatrol.fly.failsafes import is_simulator
from dronepatrol.fly.link import (
    Arm,
    AttitudeReport,
    BatteryReport,
    ClockReport,
    Disarm,
    EstimatorReport,
    FenceReport,
    Firmware,
    FixReport,
    Heartbeat,
    HomeReport,
    IdentityReport,
    ItemReached,
    LandedReport,
    MissionProgress,
    ParameterReport,
    PositionReport,
    ReadyReport,
    SetMode,
    StatusText,
    TrackReport,
    Upload,
    VehicleEvent,
    WindReport,
)
from dronepatrol.fly.state import (
    Abort,
    CommandAnswered,
    Ending,
    FlightState,
    GoOn,
    GroundEvent,
    Leave,
    LinkLost,
    Pause,
    Refusal,
    Skip,
)
from dronepatrol.fly.watch import watch
from dronepatrol.fly.words import name_of
from dronepatrol.model.flight import Outcome

PATIENT_HEARTBEATS = 3
"""In so many a commanded mode may be missing before it is commanded again."""
ARM_PATIENCE_S = 60.0
"""On the vehicle's clock; for so long a vehicle that refuses to arm is asked again (never forced)."""
FLYING_HEIGHT_M = 2.0
"""Above home; an armed vehicle higher than this has taken off."""
_TEXTS_KEPT = 6
_NOTICE = 5  # severity
_RESTART_S = 20.0  # a clock that goes back by more than any late packet
_FAILSAFE_MODES = {"RTL", "SMART_RTL", "AUTO_RTL", "LAND", "BRAKE"}
_FAILSAFE_WORDS = ("failsafe", "fence", "breach", "battery", "recovery")


def hear(state: FlightState, event: VehicleEvent | GroundEvent) -> FlightState:
    """Return the state that knows of the event."""
    absorb = _ABSORB.get(type(event))
    return absorb(state, event) if absorb else state


def end(state: FlightState, outcome: Outcome, reason: str, refusal: Refusal | None = None) -> FlightState:
    """Return the state of a flight that is over."""
    return replace(state, ending=Ending(outcome, reason, refusal))


def _heartbeat(state: FlightState, event: Heartbeat) -> FlightState:
    state = _mode_heard(state, event.mode)
    if event.armed:
        return _armed(state, disarmed_heartbeats=0)
    count = state.disarmed_heartbeats + 1 if state.armed else 0
    # one late packet must not end the supervision of a flying vehicle: believe the second, or one from the ground
    landed = state.has_flown and state.on_ground is True
    believed = count >= (1 if landed else 2 if state.has_flown else PATIENT_HEARTBEATS)
    return replace(state, armed=state.armed and not believed, disarmed_heartbeats=count)


def _armed(state: FlightState, **more: Any) -> FlightState:
    at_s = state.boot_s if state.armed_at_s is None else state.armed_at_s
    battery = state.battery_share if state.battery_at_arming is None else state.battery_at_arming
    return replace(state, armed=True, armed_at_s=at_s, battery_at_arming=battery, **more)


def _mode_heard(state: FlightState, mode: str) -> FlightState:
    state, first = replace(state, mode=mode), state.mode == ""
    if state.wanted is None or first or state.hands_off:
        return state
    if mode == state.wanted:
        return replace(state, wanted_seen=True, before=frozenset(), strange="", waited=0)
    if not state.wanted_seen and mode in state.before:
        return replace(state, strange="", waited=state.waited + 1)
    if state.strange == mode:  # twice: it is no late packet
        return replace(state, hands_off=_who_changed(state, mode))
    return replace(state, strange=mode)


def _who_changed(state: FlightState, mode: str) -> str:
    said = [text.text for text in state.texts if any(word in text.text.lower() for word in _FAILSAFE_WORDS)]
    if not said and state.fence is not None and state.fence.breached:
        said = ["outside the fence"]
    if mode in _FAILSAFE_MODES and said:
        return f"the vehicle changed to {mode} by itself: {said[-1]}"
    return f"the pilot took over: mode {mode}"


def _clock(state: FlightState, event: ClockReport | PositionReport | AttitudeReport) -> FlightState:
    first = event.boot_s if state.first_boot_s is None else state.first_boot_s
    if state.boot_s is not None and state.boot_s - event.boot_s > _RESTART_S:
        hands_off = state.hands_off or ("the vehicle restarted while it was armed" if state.armed else "")
        return replace(state, boot_s=event.boot_s, first_boot_s=event.boot_s, hands_off=hands_off)
    return replace(state, boot_s=max(event.boot_s, state.boot_s or 0.0), first_boot_s=first)


def _position(state: FlightState, event: PositionReport) -> FlightState:
    flown = state.has_flown or (state.armed and event.height_m > FLYING_HEIGHT_M)
    height_m = event.height_m if state.armed else state.last_height_m
    return watch(replace(_clock(state, event), position=event, has_flown=flown, last_height_m=height_m))


def _landed(state: FlightState, event: LandedReport) -> FlightState:
    flown = state.has_flown or (state.armed and not event.on_ground)
    return replace(state, on_ground=event.on_ground, landing=event.landing, has_flown=flown)


def _progress(state: FlightState, event: MissionProgress) -> FlightState:
    if not state.armed or not state.steps or state.step < len(state.steps):
        return state  # still about an earlier mission
    running = state.progressing or not event.complete
    done = state.complete or (running and (event.complete or event.current >= state.plan.work_end))
    return replace(state, progressing=running, complete=done, current=max(state.current, event.current))


def _text(state: FlightState, event: StatusText) -> FlightState:
    if event.severity > _NOTICE:
        return state
    return replace(state, texts=(*state.texts, event)[-_TEXTS_KEPT:])


def _parameter(state: FlightState, event: ParameterReport) -> FlightState:
    parameters = {**state.parameters, event.name: event.value}
    firmware = state.identity.firmware if state.identity else Firmware.OTHER
    if state.simulated or not is_simulator(firmware, parameters):
        return replace(state, parameters=parameters)
    notices = [f"the vehicle is a simulator, so this does not hold it back: {t}" for t in state.plan.forbidden_now]
    return replace(state, parameters=parameters, simulated=True, notices=(*state.notices, *notices))


def _answered(state: FlightState, event: CommandAnswered) -> FlightState:
    state = replace(state, pending=None)
    answer, command = event.answer, event.command
    is_step = state.step < len(state.steps) and state.steps[state.step] == command and not state.abort
    if isinstance(command, Arm) and (answer.accepted or event.silent):
        state = replace(_armed(state), we_armed=True, armed_at_s=state.boot_s)
    if is_step and answer.accepted:
        return replace(state, step=state.step + 1)
    if is_step:
        return _step_refused(state, event, answer.reason)
    if state.script[:1] == (command,) and not state.abort:
        state = orders.answered(state, command, "" if answer.accepted else answer.reason or "no reason given")
    if isinstance(command, Disarm):
        return replace(state, armed=not answer.accepted, on_ground=answer.accepted)  # it knows whether it flies
    if isinstance(command, SetMode) and not answer.accepted:
        return replace(state, waited=PATIENT_HEARTBEATS)  # try again, or otherwise
    return state


def _step_refused(state: FlightState, event: CommandAnswered, reason: str) -> FlightState:
    what = name_of(event.command)
    if state.armed:  # armed by us (or perhaps so): it must not be left like that
        return replace(state, abort=f"{what} was refused: {reason}")
    said = f"{reason}; {alerts(state)}" if alerts(state) else reason
    if event.silent:
        return end(state, Outcome.NOT_FLOWN, f"{what}: {said}", Refusal.LINK)
    if isinstance(event.command, Arm) and _may_arm_later(state):
        notice = f"the vehicle refused {what}: {said}; it is asked again"
        return replace(state, refused_s=(*state.refused_s, state.boot_s or 0.0), notices=(*state.notices, notice))
    if isinstance(event.command, Upload):
        return end(state, Outcome.NOT_FLOWN, reason, Refusal.MISSION)
    return end(state, Outcome.NOT_FLOWN, f"the vehicle refused {what}: {said}", Refusal.SAFETY)


def _may_arm_later(state: FlightState) -> bool:
    """Say whether a refusal to arm may pass: a vehicle's checks lag behind its sensors and behind what it was given."""
    now_s = state.boot_s or 0.0
    return not state.refused_s or now_s - state.refused_s[0] < ARM_PATIENCE_S


def _link_lost(state: FlightState, event: LinkLost) -> FlightState:
    if state.armed or isinstance(state.pending, Arm):
        return end(state, Outcome.UNSUPERVISED, f"{event.what} while the vehicle was armed")
    return end(state, Outcome.NOT_FLOWN, event.what, Refusal.LINK)


def _leave(state: FlightState, _: Leave) -> FlightState:
    if state.armed or isinstance(state.pending, Arm):
        return end(state, Outcome.UNSUPERVISED, "the operator left while the vehicle was armed")
    return end(state, Outcome.NOT_FLOWN, state.abort or "the operator left")


_ABSORB: dict[type[Any], Callable[[FlightState, Any], FlightState]] = {
    Heartbeat: _heartbeat,
    ClockReport: _clock,
    AttitudeReport: _clock,
    PositionReport: _position,
    LandedReport: _landed,
    MissionProgress: _progress,
    ItemReached: lambda state, event: replace(state, current=max(state.current, event.index)),
    StatusText: _text,
    ParameterReport: _parameter,
    BatteryReport: lambda state, event: replace(state, battery_share=event.remaining_share),
    FixReport: lambda state, event: replace(state, fix_3d=event.fix_3d),
    EstimatorReport: lambda state, event: replace(state, estimator=event),
    ReadyReport: lambda state, event: replace(state, ready=event.ready),
    HomeReport: lambda state, event: replace(state, home=event),
    IdentityReport: lambda state, event: replace(state, identity=event),
    FenceReport: lambda state, event: replace(state, fence=event),
    TrackReport: lambda state, event: replace(state, cross_track_m=event.cross_track_m),
    WindReport: lambda state, event: replace(state, wind=event),
    CommandAnswered: _answered,
    Abort: orders.abort,
    Pause: orders.pause,
    GoOn: orders.go_on,
    Skip: orders.skip,
    LinkLost: _link_lost,
    Leave: _leave,
}
