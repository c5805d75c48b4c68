"""Who decides: a pure state machine from events to commands.

:func:`advance` takes what happened and returns the new state with the commands to give, at most one; the next comes
only after the answer to the last. Safety, each with a test: a vehicle is armed only when no blocker is open, and never
by force; a mode that nobody here commanded is the pilot's (or the vehicle's own failsafe), after which nothing is
commanded any more; an abort disarms on the ground, calls a flying vehicle back, lets a landing one land, and lands one
that does not know where it is.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dronepatrol.fly.checks import alerts, distance_m, open_blockers
from dronepatrol.fly.link import (
    Arm,
    AttitudeReport,
    BatteryReport,
    ClockReport,
    Disarm,
    FixReport,
    Heartbeat,
    HomeReport,
    ItemReached,
    LandedReport,
    MissionProgress,
    Mode,
    PositionReport,
    ReadyReport,
    SetMode,
    StartMission,
    StatusText,
    Upload,
    VehicleCommand,
    VehicleEvent,
)
from dronepatrol.fly.state import (
    Abort,
    CommandAnswered,
    Ending,
    FlightState,
    GroundEvent,
    Leave,
    LinkLost,
    Refusal,
    SortieFlight,
)
from dronepatrol.model.flight import Outcome

_TEXTS_KEPT = 6
_NOTICE = 5  # severity
_FLYING_HEIGHT_M = 2.0
_PATIENT_HEARTBEATS = 3  # in which a commanded mode may be missing before it is commanded again
_ABORT_TRIES = 3  # of return-to-launch; then the same number of land
_FAILSAFE_MODES = {"RTL", "SMART_RTL", "AUTO_RTL", "LAND", "BRAKE"}
_FAILSAFE_WORDS = ("failsafe", "fence", "breach", "battery", "recovery")


def start(plan: SortieFlight) -> FlightState:
    """Return the state before anything was heard."""
    return FlightState(plan)


def advance(state: FlightState, event: VehicleEvent | GroundEvent) -> tuple[FlightState, tuple[VehicleCommand, ...]]:
    """Return the state after the event, and the commands to give now."""
    if state.ending is not None:
        return state, ()
    absorb = _ABSORB.get(type(event))
    return _decide(absorb(state, event) if absorb else state)


# --- what an event tells -------------------------------------------------------------------------------------------


def _heartbeat(state: FlightState, event: Heartbeat) -> FlightState:
    state = _mode_heard(state, event.mode)
    if event.armed:
        at_s = state.boot_s if state.armed_at_s is None else state.armed_at_s
        return replace(state, armed=True, armed_at_s=at_s, disarmed_heartbeats=0)
    count = state.disarmed_heartbeats + 1 if state.armed else 0
    # one late packet must not end the supervision of a flying vehicle: believe the second, or one from the ground
    landed = state.has_flown and state.on_ground is True
    believed = count >= (1 if landed else 2 if state.has_flown else _PATIENT_HEARTBEATS)
    return replace(state, armed=state.armed and not believed, disarmed_heartbeats=count)


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
    if mode in _FAILSAFE_MODES and said:
        return f"the vehicle changed to {mode} by itself: {said[-1]}"
    return f"the pilot took over: mode {mode}"


def _clock(state: FlightState, event: ClockReport | PositionReport | AttitudeReport) -> FlightState:
    first = event.boot_s if state.first_boot_s is None else state.first_boot_s
    return replace(state, boot_s=max(event.boot_s, state.boot_s or 0.0), first_boot_s=first)


def _position(state: FlightState, event: PositionReport) -> FlightState:
    flown = state.has_flown or (state.armed and event.height_m > _FLYING_HEIGHT_M)
    return replace(_clock(state, event), position=event, has_flown=flown)


def _landed(state: FlightState, event: LandedReport) -> FlightState:
    flown = state.has_flown or (state.armed and not event.on_ground)
    return replace(state, on_ground=event.on_ground, landing=event.landing, has_flown=flown)


def _progress(state: FlightState, event: MissionProgress) -> FlightState:
    if not state.armed or state.step < len(state.plan.steps):
        return state  # still about an earlier mission
    running = state.progressing or not event.complete
    done = state.complete or (running and (event.complete or event.current >= state.plan.work_end))
    return replace(state, progressing=running, complete=done, current=max(state.current, event.current))


def _text(state: FlightState, event: StatusText) -> FlightState:
    if event.severity > _NOTICE:
        return state
    return replace(state, texts=(*state.texts, event)[-_TEXTS_KEPT:])


def _answered(state: FlightState, event: CommandAnswered) -> FlightState:
    state = replace(state, pending=None)
    answer, steps = event.answer, state.plan.steps
    is_step = state.step < len(steps) and steps[state.step] == event.command and not state.abort
    if isinstance(event.command, Arm) and (answer.accepted or event.silent):
        state = replace(state, armed=True, we_armed=True, armed_at_s=state.boot_s)
    if is_step and answer.accepted:
        return replace(state, step=state.step + 1)
    if is_step:
        return _step_refused(state, event, answer.reason)
    if isinstance(event.command, Disarm):
        return replace(state, armed=not answer.accepted, on_ground=answer.accepted)  # it knows whether it flies
    if isinstance(event.command, SetMode) and not answer.accepted:
        return replace(state, waited=_PATIENT_HEARTBEATS)  # try again, or otherwise
    return state


def _step_refused(state: FlightState, event: CommandAnswered, reason: str) -> FlightState:
    if state.armed:  # armed by us (or perhaps so): it must not be left like that
        return replace(state, abort=f"{_name(event.command)} was refused: {reason}")
    said = f"{reason}; {alerts(state)}" if alerts(state) else reason
    if event.silent:
        return _end(state, Outcome.NOT_FLOWN, f"{_name(event.command)}: {said}", Refusal.LINK)
    if isinstance(event.command, Upload):
        return _end(state, Outcome.NOT_FLOWN, reason, Refusal.MISSION)
    return _end(state, Outcome.NOT_FLOWN, f"the vehicle refused {_name(event.command)}: {said}", Refusal.SAFETY)


def _abort(state: FlightState, event: Abort) -> FlightState:
    return replace(state, abort=state.abort or event.reason)


def _link_lost(state: FlightState, event: LinkLost) -> FlightState:
    if state.armed or isinstance(state.pending, Arm):
        return _end(state, Outcome.UNSUPERVISED, f"{event.what} while the vehicle was armed")
    return _end(state, Outcome.NOT_FLOWN, event.what, Refusal.LINK)


def _leave(state: FlightState, _: Leave) -> FlightState:
    if state.armed or isinstance(state.pending, Arm):
        return _end(state, Outcome.UNSUPERVISED, "the operator left while the vehicle was armed")
    return _end(state, Outcome.NOT_FLOWN, state.abort or "the operator left")


_ABSORB: dict[type[Any], Callable[[FlightState, Any], FlightState]] = {
    Heartbeat: _heartbeat,
    ClockReport: _clock,
    AttitudeReport: _clock,
    PositionReport: _position,
    LandedReport: _landed,
    MissionProgress: _progress,
    ItemReached: lambda state, event: replace(state, current=max(state.current, event.index)),
    StatusText: _text,
    BatteryReport: lambda state, event: replace(state, battery_share=event.remaining_share),
    FixReport: lambda state, event: replace(state, fix_3d=event.fix_3d),
    ReadyReport: lambda state, event: replace(state, ready=event.ready),
    HomeReport: lambda state, event: replace(state, home=event),
    CommandAnswered: _answered,
    Abort: _abort,
    LinkLost: _link_lost,
    Leave: _leave,
}


# --- what to do about it -------------------------------------------------------------------------------------------


def _decide(state: FlightState) -> tuple[FlightState, tuple[VehicleCommand, ...]]:
    if state.ending is not None or state.pending is not None:
        return state, ()
    if state.armed_at_s is not None and not state.armed:
        return _landed_and_disarmed(state), ()
    if state.hands_off or state.strange:
        flown_by_others = state.armed or not state.hands_off
        return state if flown_by_others else _end(state, Outcome.NOT_FLOWN, state.hands_off), ()
    if not state.abort and _overdue(state):
        state = replace(state, abort=f"over the time limit of {state.plan.time_limit_s:.0f} s")
    if state.abort:
        return _bring_back(state)
    return _next_step(state) if state.step < len(state.plan.steps) else (state, ())


def _next_step(state: FlightState) -> tuple[FlightState, tuple[VehicleCommand, ...]]:
    if not state.we_armed:
        blockers = open_blockers(state)
        if blockers:
            hopeless = not all(blocker.passes for blocker in blockers) or _waited_long(state)
            reason = "; ".join(blocker.text for blocker in blockers)
            return (_end(state, Outcome.NOT_FLOWN, reason, Refusal.SAFETY) if hopeless else state), ()
    return _give(state, state.plan.steps[state.step])


def _bring_back(state: FlightState) -> tuple[FlightState, tuple[VehicleCommand, ...]]:
    if not state.armed:
        return _end(state, Outcome.NOT_FLOWN, state.abort), ()
    if state.landing or (state.wanted in {Mode.RTL, Mode.LAND} and state.waited < _PATIENT_HEARTBEATS):
        return state, ()
    if state.abort_tries >= 2 * _ABORT_TRIES:
        return replace(state, hands_off=f"{state.abort}; the vehicle does not come back when told to"), ()
    state = replace(state, abort_tries=state.abort_tries + 1)
    low = state.position is None or state.position.height_m < _FLYING_HEIGHT_M
    if state.on_ground is True or (state.on_ground is None and low and not state.has_flown):
        return _give(state, Disarm())
    lost = state.position is None or not state.fix_3d
    return _give(state, SetMode(Mode.LAND if lost or state.abort_tries > _ABORT_TRIES else Mode.RTL))


def _give(state: FlightState, command: VehicleCommand) -> tuple[FlightState, tuple[VehicleCommand, ...]]:
    if isinstance(command, SetMode):
        unseen = frozenset() if state.wanted_seen or state.wanted is None else state.before | {str(state.wanted)}
        before = unseen | ({state.mode} if state.mode else frozenset())
        state = replace(state, wanted=command.mode, wanted_seen=False, before=before - {str(command.mode)}, waited=0)
    return replace(state, pending=command), (command,)


def _overdue(state: FlightState) -> bool:
    if state.armed_at_s is None or state.boot_s is None:
        return False
    return state.boot_s - state.armed_at_s > state.plan.time_limit_s


def _waited_long(state: FlightState) -> bool:
    if state.boot_s is None or state.first_boot_s is None:
        return False
    return state.boot_s - state.first_boot_s > state.plan.ready_limit_s


def _landed_and_disarmed(state: FlightState) -> FlightState:
    why = [text for text in (state.hands_off, state.abort) if text]
    place = state.position
    away_m = distance_m((place.lon_deg, place.lat_deg), state.plan.home_lonlat) if place else 0.0
    if away_m > state.plan.home_within_m:
        why.append(f"landed {away_m:.0f} m from the dock")
    elif state.complete:
        return _end(state, Outcome.LANDED, "; ".join(["mission flown", *why]))
    if not state.complete and not state.has_flown:
        why.append("disarmed before take-off")
    reached = "mission flown" if state.complete else f"item {state.current} of {len(state.plan.items) - 1} was reached"
    return _end(state, Outcome.RETURNED_EARLY, "; ".join([*why, reached]))


def _end(state: FlightState, outcome: Outcome, reason: str, refusal: Refusal | None = None) -> FlightState:
    return replace(state, ending=Ending(outcome, reason, refusal))


def _name(command: VehicleCommand) -> str:
    match command:
        case Upload(kind, _):
            return f"the {kind.value}"
        case SetMode(mode):
            return f"mode {mode}"
        case Arm():
            return "arming"
        case Disarm():
            return "disarming"
        case StartMission():
            return "the start of the mission"
