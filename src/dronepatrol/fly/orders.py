"""What an operator may want of a flight under way: hold, go on (also from a photo), end this sortie. All pure."""

from dataclasses import replace

from dronepatrol.fly.link import Do, Firmware, GoToItem, Mode, SetMode, VehicleCommand
from dronepatrol.fly.state import Abort, FlightState, GoOn, Pause, Skip
from dronepatrol.model.mission import Command

_LOST_IN_AUTO = {Command.DO_CHANGE_SPEED, Command.CONDITION_YAW}  # ArduPilot forgets them when AUTO begins


def hold_mode(state: FlightState) -> Mode:
    """Return the mode in which the vehicle holds without anybody at the sticks.

    ArduCopter's LOITER climbs and sinks with the throttle stick, which lies at its lowest in an automatic flight: it
    would come down. GUIDED without a target holds. PX4's LOITER is its Hold mode, which needs no sticks.
    """
    return Mode.LOITER if state.identity is not None and state.identity.firmware is Firmware.PX4 else Mode.GUIDED


def abort(state: FlightState, order: Abort) -> FlightState:
    """Take in that somebody wants the vehicle back."""
    return replace(state, abort=state.abort or order.reason)


def skip(state: FlightState, _: Skip) -> FlightState:
    """Take in that this sortie shall end."""
    return replace(state, abort=state.abort or "skipped by the operator", skipped=True)


def pause(state: FlightState, _: Pause) -> FlightState:
    """Take in that the vehicle shall hold."""
    if not state.on_mission or not state.has_flown or state.held:
        return _told(state, "nothing to pause: the vehicle is not on its way along the mission")
    return replace(state, held=True, script=(SetMode(hold_mode(state)),))


def go_on(state: FlightState, order: GoOn) -> FlightState:
    """Take in that a held vehicle shall go on."""
    if not state.on_mission or not state.held:
        return _told(state, "nothing to go on with: the vehicle is not paused")
    index = max(state.current, 1) if order.at_photo is None else state.route.item_before_photo(order.at_photo)
    if index is None:
        return _told(state, f"the sortie has no photo {order.at_photo}; it has {state.route.photos[-1]}")
    return replace(state, script=_going_on(state, index))


def _going_on(state: FlightState, index: int) -> tuple[VehicleCommand, ...]:
    """Return what makes the mission go on at an item as if it had never been left: camera, way, speed and heading."""
    settings = state.route.settings_at(index)
    camera = [item for item in settings if item.command not in _LOST_IN_AUTO]
    return (
        *(Do(item) for item in (*camera, state.route.trigger_at(index))),
        GoToItem(index),
        SetMode(Mode.AUTO),
        *(Do(item) for item in settings if item.command in _LOST_IN_AUTO),
    )


def answered(state: FlightState, command: VehicleCommand, reason: str) -> FlightState:
    """Take in the answer to the script's command; ``reason`` is empty where it was accepted."""
    rest = state.script[1:]
    if not reason:
        current = command.index if isinstance(command, GoToItem) else state.current
        held = state.held and command != SetMode(Mode.AUTO)
        return replace(state, script=rest, current=current, held=held)
    if isinstance(command, Do):  # the vehicle may lack a gimbal: fly on, but say it
        return _told(replace(state, script=rest), f"command {command.item.command} was refused: {reason}")
    pausing = isinstance(command, SetMode) and command.mode is not Mode.AUTO
    text = "pausing was refused" if pausing else "going on was refused; the vehicle holds"
    return _told(replace(state, script=(), held=not pausing), f"{text}: {reason}")


def _told(state: FlightState, notice: str) -> FlightState:
    return replace(state, notices=(*state.notices, notice))
