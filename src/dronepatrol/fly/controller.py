"""Who decides: a pure state machine from events to commands.

:func:`advance` takes what happened and returns the new state with the commands to give, at most one; the next comes
only after the answer to the last. Safety, each with a test: a vehicle is armed only when no blocker is open, and never
by force; nothing is stored on an armed vehicle, and no parameter is written but the return height; a mode that nobody
here commanded is the pilot's (or the vehicle's own failsafe), after which nothing is commanded any more; an abort
disarms on the ground, calls a flying vehicle back, lets a landing one land, and lands one that does not know where it
is.
"""

from dataclasses import replace

from dronepatrol.fly import failsafes
from dronepatrol.fly.checks import open_blockers
from dronepatrol.fly.hearing import FLYING_HEIGHT_M, PATIENT_HEARTBEATS, end, hear
from dronepatrol.fly.link import (
    Arm,
    Capability,
    Disarm,
    Firmware,
    Mode,
    PlanKind,
    ReadParameters,
    SetMode,
    SetParameter,
    StartMission,
    Upload,
    VehicleCommand,
    VehicleEvent,
)
from dronepatrol.fly.route import distance_m, route_of
from dronepatrol.fly.sortie import SortieFlight
from dronepatrol.fly.state import FlightState, GroundEvent, Refusal
from dronepatrol.model.flight import Outcome

_ABORT_TRIES = 3  # of return-to-launch; then the same number of land
_ARM_AGAIN_S = 3.0
_CRASH = "Crash"  # ArduPilot's words for what was disarmed because it tumbled
_FALLEN_M = 5.0  # above home: one that is disarmed higher than this, and not on ground, has not landed

Advanced = tuple[FlightState, tuple[VehicleCommand, ...]]


def start(plan: SortieFlight, capabilities: frozenset[Capability] = frozenset(Capability)) -> FlightState:
    """Return the state before anything was heard over a link that can do so much."""
    return FlightState(plan, route_of(plan.items, plan.home_lonlat), capabilities)


def advance(state: FlightState, event: VehicleEvent | GroundEvent) -> Advanced:
    """Return the state after the event, and the commands to give now."""
    if state.ending is not None:
        return state, ()
    return _decide(hear(state, event))


def _decide(state: FlightState) -> Advanced:
    if state.ending is not None or state.pending is not None:
        return state, ()
    if state.armed_at_s is not None and not state.armed:
        return _landed_and_disarmed(state), ()
    if state.hands_off or state.strange:
        flown_by_others = state.armed or not state.hands_off
        return state if flown_by_others else end(state, Outcome.NOT_FLOWN, state.hands_off), ()
    if not state.abort and _overdue(state):
        state = replace(state, abort=f"over the time limit of {state.plan.time_limit_s:.0f} s")
    if state.abort:
        return _bring_back(state)
    if not state.steps or state.step < len(state.steps):
        return _next_step(state)
    return _give(state, state.script[0]) if state.script else (state, ())


def _next_step(state: FlightState) -> Advanced:
    if not state.we_armed:
        arms = bool(state.steps) and isinstance(state.steps[state.step], Arm)
        blockers = [blocker for blocker in open_blockers(state) if blocker.upload or arms]
        if blockers:
            lasting = [blocker for blocker in blockers if not blocker.passes]
            if not lasting and not _waited_long(state):
                return state, ()
            reason = "; ".join(blocker.text for blocker in lasting or blockers)
            return end(state, Outcome.NOT_FLOWN, reason, Refusal.SAFETY), ()
        if arms and _refused_just_now(state):
            return state, ()
        state = replace(state, steps=steps_to_flying(state))
    return _give(state, state.steps[state.step])


def steps_to_flying(state: FlightState) -> tuple[VehicleCommand, ...]:
    """Return the commands that get the vehicle from standing to flying its mission, in order.

    The first reads its parameters, which decide what the return height is called.
    """
    plan, firmware = state.plan, state.identity.firmware if state.identity else Firmware.OTHER
    wanted = plan.return_height_m
    height = failsafes.return_height(firmware, state.parameters, wanted) if wanted is not None else None
    stores_rally = plan.rally_items is not None and Capability.RALLY in state.capabilities
    return (
        ReadParameters(failsafes.names(firmware)),
        *((Upload(PlanKind.FENCE, plan.fence_items),) if Capability.FENCE in state.capabilities else ()),
        *((Upload(PlanKind.RALLY, plan.rally_items or ()),) if stores_rally else ()),
        Upload(PlanKind.MISSION, plan.items),
        *((SetParameter(*height),) if height is not None else ()),
        SetMode(Mode.LOITER if firmware is Firmware.PX4 else Mode.GUIDED),
        Arm(),
        SetMode(Mode.AUTO),
        StartMission(),
    )


def _bring_back(state: FlightState) -> Advanced:
    if not state.armed:
        return end(state, Outcome.NOT_FLOWN, state.abort), ()
    if state.landing or (state.wanted in {Mode.RTL, Mode.LAND} and state.waited < PATIENT_HEARTBEATS):
        return state, ()
    if state.abort_tries >= 2 * _ABORT_TRIES:
        return replace(state, hands_off=f"{state.abort}; the vehicle does not come back when told to"), ()
    state = replace(state, abort_tries=state.abort_tries + 1)
    low = state.position is None or state.position.height_m < FLYING_HEIGHT_M
    if state.on_ground is True or (state.on_ground is None and low and not state.has_flown):
        return _give(state, Disarm())
    return _give(state, SetMode(Mode.LAND if state.lost or state.abort_tries > _ABORT_TRIES else Mode.RTL))


def _give(state: FlightState, command: VehicleCommand) -> Advanced:
    if isinstance(command, SetMode):
        unseen = frozenset() if state.wanted_seen or state.wanted is None else state.before | {str(state.wanted)}
        before = unseen | ({state.mode} if state.mode else frozenset())
        state = replace(state, wanted=command.mode, wanted_seen=False, before=before - {str(command.mode)}, waited=0)
    return replace(state, pending=command), (command,)


def _overdue(state: FlightState) -> bool:
    if state.armed_at_s is None or state.boot_s is None:
        return False
    return state.boot_s - state.armed_at_s > state.plan.time_limit_s


def _refused_just_now(state: FlightState) -> bool:
    return bool(state.refused_s) and (state.boot_s or 0.0) - state.refused_s[-1] < _ARM_AGAIN_S


def _waited_long(state: FlightState) -> bool:
    if state.boot_s is None or state.first_boot_s is None:
        return False
    return state.boot_s - state.first_boot_s > state.plan.ready_limit_s


def _landed_and_disarmed(state: FlightState) -> FlightState:
    why = [text for text in (state.hands_off, state.abort) if text]
    if state.has_flown and state.on_ground is not True and state.last_height_m > _FALLEN_M:
        text = f"disarmed {state.last_height_m:.0f} m above home: it did not land under supervision"
        return end(state, Outcome.UNSUPERVISED, "; ".join([*why, text]))
    crash = next((event.text for event in state.texts if event.text.startswith(_CRASH)), "")
    why += [f"the vehicle says {crash!r}"] if crash else []
    place = state.position
    away_m = distance_m((place.lon_deg, place.lat_deg), state.plan.home_lonlat) if place else 0.0
    if away_m > state.plan.home_within_m:
        why.append(f"landed {away_m:.0f} m from the dock")
    elif state.complete and not crash:
        return end(state, Outcome.LANDED, "; ".join(["mission flown", *why]))
    if not state.complete and not state.has_flown:
        why.append("disarmed before take-off")
    reached = "mission flown" if state.complete else f"item {state.current} of {len(state.plan.items) - 1} was reached"
    return end(state, Outcome.RETURNED_EARLY, "; ".join([*why, reached]))
