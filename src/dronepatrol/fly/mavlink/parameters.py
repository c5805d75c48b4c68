"""Reading and writing named parameters: https://mavlink.io/en/services/parameter.html.

A vehicle that does not have a parameter says so (PARAM_ERROR, in new firmware) or says nothing (ArduPilot up to 4.6,
PX4): a name counts as unknown when it was asked for ``_TRIES`` times while the vehicle was heard, or ``_FEW_TRIES``
times while nothing else was lost. Where 30 % of the packets are lost each way, one known name in 3000 is taken for
unknown: an answer that forbids a flight, never one that allows it.
"""

import struct
import time
from collections.abc import Sequence
from typing import Any

from dronepatrol.errors import LinkError
from dronepatrol.fly.link import Answer
from dronepatrol.fly.mavlink.decode import INTEGER_FORMATS
from dronepatrol.fly.mavlink.exchange import Exchange

_ASK_S = 0.3
_TRIES, _FEW_TRIES = 12, 4
_MANY = 8  # so many names that were answered at once show that the link loses next to nothing
_AT_ONCE = 12  # ArduPilot keeps 20 requests and forgets what is beyond
_LONGEST_NAME = 16
_NO_SUCH_PARAMETER = 1  # MAV_PARAM_ERROR_DOES_NOT_EXIST
_ANSWERS = frozenset({"PARAM_VALUE", "PARAM_ERROR"})


def read(link: Exchange, names: Sequence[str]) -> dict[str, Any]:
    """Ask for parameters and return the PARAM_VALUE of each name; a name that the vehicle does not have is left out.

    Raises
    ------
    LinkError
        When the vehicle is not heard meanwhile.
    """
    link.forget()
    found: dict[str, Any] = {}
    missing = {name for name in names if len(name) <= _LONGEST_NAME}
    begun = time.monotonic()
    answered_at: list[int] = []  # how many names each round answered
    for tries in range(1, _TRIES + 1):
        before, asked = len(missing), sorted(missing)
        for start in range(0, before, _AT_ONCE):
            some = set(asked[start : start + _AT_ONCE])
            for name in sorted(some):
                link.post("param_request_read", param_id=name.encode(), param_index=-1)
            _collect(link, some, missing, found)
        answered_at.append(before - len(missing))
        if not missing:
            return found
        if tries >= _FEW_TRIES and answered_at[0] >= _MANY and not any(answered_at[1:]):
            break
    if link.silent_s() > time.monotonic() - begun:
        msg = f"{link.url}: no answer to the request for {', '.join(sorted(missing))}"
        raise LinkError(msg, hint="check the link")
    return found


def _collect(link: Exchange, asked: set[str], missing: set[str], found: dict[str, Any]) -> None:
    """Take answers off both lists until those just asked for have come, or none has come for a while."""
    until = time.monotonic() + _ASK_S
    while asked & missing and (left_s := until - time.monotonic()) > 0:
        message = link.await_any(_ANSWERS, left_s)
        if message is None or message.param_id not in missing:
            continue
        if message.get_type() == "PARAM_VALUE":
            found[message.param_id] = message
        elif message.error != _NO_SUCH_PARAMETER:
            continue
        missing.discard(message.param_id)
        until = time.monotonic() + _ASK_S


def write(link: Exchange, name: str, value: float) -> Answer:
    """Write a parameter in the type that the vehicle says it has, then read it back and compare.

    Raises
    ------
    LinkError
        When the vehicle is not heard meanwhile.
    """
    before = read(link, (name,)).get(name)
    if before is None:
        return Answer(accepted=False, reason=f"the vehicle has no parameter {name}")
    wire = _encoded(value, before.param_type, bytewise=link.decoder.bytewise)
    if wire is None:
        return Answer(accepted=False, reason=f"{name} is a whole number of another range; {value:g} does not fit")
    for _ in range(_TRIES):
        link.post("param_set", param_id=name.encode(), param_value=wire, param_type=before.param_type)
        link.await_any(_ANSWERS, _ASK_S)
        after = read(link, (name,)).get(name)
        if after is not None and _same(link.decoder.parameter(after), value):
            return Answer(accepted=True)
    stored = "unknown" if after is None else f"{link.decoder.parameter(after):g}"
    return Answer(accepted=False, reason=f"{name} is {stored} after it was set to {value:g}")


def _encoded(value: float, kind: int, *, bytewise: bool) -> float | None:
    """Return the float that carries the value on the wire; None where an integer cannot hold it."""
    form = INTEGER_FORMATS.get(kind)
    if form is None:
        return value
    try:
        integer = struct.pack(form, int(value))
    except (struct.error, OverflowError, ValueError):
        return None
    if int(value) != value:
        return None
    return float(struct.unpack("<f", integer.ljust(4, b"\0"))[0]) if bytewise else value


def _same(stored: float, asked: float) -> bool:
    """Compare as single precision does, which parameters travel in."""
    return abs(stored - asked) <= 1e-6 * max(1.0, abs(asked))
