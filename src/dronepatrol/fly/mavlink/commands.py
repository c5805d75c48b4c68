"""Commands that a vehicle carries out at once: https://mavlink.io/en/services/command.html."""

import time
from collections.abc import Callable

from dronepatrol.errors import LinkError
from dronepatrol.fly.link import (
    Answer,
    Arm,
    Disarm,
    Do,
    GoToItem,
    Mode,
    ParameterReport,
    ReadParameters,
    SetMode,
    SetParameter,
    StartMission,
)
from dronepatrol.fly.mavlink import exchange, parameters
from dronepatrol.fly.mavlink.exchange import Exchange
from dronepatrol.fly.mavlink.modes import mode_numbers
from dronepatrol.fly.mavlink.wire import has_place, to_fields
from dronepatrol.model.mission import MissionItem

_ACCEPTED, _TRY_AGAIN, _UNSUPPORTED, _IN_PROGRESS = 0, 1, 3, 5  # MAV_RESULT
_RESULTS = ["accepted", "temporarily rejected", "denied", "unsupported", "failed", "in progress", "cancelled"]
_SET_MODE, _SET_CURRENT, _START, _ARM_DISARM = 176, 224, 300, 400  # MAV_CMD
_CUSTOM_MODE_FLAG = 1.0  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED


Order = SetMode | Arm | Disarm | StartMission | ReadParameters | SetParameter | Do | GoToItem
"""What is given by commands and parameters, not by the mission protocol."""


def obey(link: Exchange, order: Order) -> Answer:
    """Give an order and return the vehicle's answer.

    Raises
    ------
    LinkError
        When no answer comes, in spite of repetition.
    """
    match order:
        case SetMode(mode):
            answer = _set_mode(link, mode)
        case Arm() | Disarm():
            answer = _named(_command_long(link, _ARM_DISARM, float(isinstance(order, Arm))))
        case StartMission():
            answer = _named(_command_long(link, _START))
        case ReadParameters(names):
            answer = _read_parameters(link, names)
        case SetParameter(name, value):
            answer = parameters.write(link, name, value)
        case Do(item):
            answer = _do(link, item)
        case GoToItem(index):
            answer = _go_to_item(link, index)
    return answer


def _set_mode(link: Exchange, mode: Mode) -> Answer:
    numbers = mode_numbers(link.decoder.firmware, mode)
    if numbers is None:
        return Answer(accepted=False, reason=f"{link.decoder.firmware.value} has no mode {mode.value}")
    return _named(_command_long(link, _SET_MODE, _CUSTOM_MODE_FLAG, *numbers))


def _read_parameters(link: Exchange, names: tuple[str, ...]) -> Answer:
    """Ask for parameters; those that exist are reported as they come."""
    found = parameters.read(link, names)
    for name in names:
        if name not in found:
            link.report(ParameterReport(name, None))
    return Answer(accepted=True)


def _go_to_item(link: Exchange, index: int) -> Answer:
    """Go on with the stored mission at an item: by command, or by the message that older firmware knows."""
    result = _command_long(link, _SET_CURRENT, float(index))
    if result != _UNSUPPORTED:
        return _named(result)
    until = time.monotonic() + exchange.PATIENCE_S
    while time.monotonic() < until:
        link.post("mission_set_current", seq=index)
        again = time.monotonic() + exchange.RESEND_S
        while (left_s := again - time.monotonic()) > 0:
            message = link.await_any(frozenset({"MISSION_CURRENT"}), left_s)
            if message is not None and message.seq == index:
                return Answer(accepted=True)
    return Answer(accepted=False, reason=f"the vehicle did not go to item {index}")


def _do(link: Exchange, item: MissionItem) -> Answer:
    """Carry out an item's command now, with its place in integers where it has one.

    A command whose answer was lost is given again: a photo may then be taken twice.
    """
    if not has_place(item):
        return _named(_command_long(link, item.command, *item.params, item.lat_deg, item.lon_deg, item.altitude_m))
    fields = to_fields(item)
    return _named(_carry_out(link, int(item.command), lambda _: link.post("command_int", **fields)))


def post_command_long(link: Exchange, number: int, confirmation: int, *params: float) -> None:
    """Send a COMMAND_LONG once, whatever comes of it; parameters that are not given are 0."""
    values = dict.fromkeys((f"param{i}" for i in range(1, 8)), 0.0)
    values |= {f"param{i}": value for i, value in enumerate(params, start=1)}
    link.post("command_long", command=int(number), confirmation=confirmation, **values)


def _command_long(link: Exchange, number: int, *params: float) -> int:
    return _carry_out(link, number, lambda tries: post_command_long(link, number, tries, *params))


def _carry_out(link: Exchange, number: int, post: Callable[[int], None]) -> int:
    """Give a command until it is answered, and return the MAV_RESULT."""
    link.forget()
    until = time.monotonic() + exchange.PATIENCE_S
    tries, result = 0, None
    while time.monotonic() < until:
        if result != _IN_PROGRESS:
            post(min(tries, 255))
            tries += 1
        result = _acknowledged(link, number)
        if result == _TRY_AGAIN:
            link.await_any(frozenset(), exchange.RESEND_S)
        elif result is not None and result != _IN_PROGRESS:
            return result
    if result is not None:
        return result
    msg = f"{link.url}: no answer to command {number} for {exchange.PATIENCE_S:.0f} s"
    raise LinkError(msg, hint="check the link")


def _acknowledged(link: Exchange, number: int) -> int | None:
    until = time.monotonic() + exchange.RESEND_S
    while (left_s := until - time.monotonic()) > 0:
        message = link.await_any(frozenset({"COMMAND_ACK"}), left_s)
        if message is not None and message.command == number:
            return int(message.result)
    return None


def _named(result: int) -> Answer:
    reason = _RESULTS[result] if result < len(_RESULTS) else f"result {result}"
    return Answer(accepted=result == _ACCEPTED, reason="" if result == _ACCEPTED else reason)
