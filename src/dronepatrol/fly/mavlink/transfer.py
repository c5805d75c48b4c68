"""The mission protocol: one routine each to upload, download and clear a mission, a fence or rally points.

https://mavlink.io/en/services/mission.html. A vehicle may ask in the old way (MISSION_REQUEST); it gets the item in
integers all the same, as the protocol says. How many items it can hold it does not say before it is told their number.
"""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from dronepatrol.errors import LinkError, MissionRefusedError
from dronepatrol.fly.link import Firmware, PlanKind
from dronepatrol.fly.mavlink import exchange
from dronepatrol.fly.mavlink.exchange import Exchange
from dronepatrol.fly.mavlink.wire import from_message, to_fields
from dronepatrol.model.mission import MissionItem

_LAST_WORD_S = 3.0
_MOST_ITEMS = 65535  # MISSION_COUNT.count has 16 bits
_TYPES = {PlanKind.MISSION: 0, PlanKind.FENCE: 1, PlanKind.RALLY: 2}  # MAV_MISSION_TYPE
_RESULTS = [
    "accepted", "error", "unsupported frame", "unsupported command", "no space", "invalid item", "invalid param 1",
    "invalid param 2", "invalid param 3", "invalid param 4", "invalid latitude", "invalid longitude",
    "invalid altitude", "invalid sequence", "denied", "cancelled",
]  # fmt: skip
"""MAV_MISSION_RESULT."""
_ACCEPTED, _ERROR, _NO_SPACE, _INVALID_SEQUENCE = 0, 1, 4, 13
_AHEAD = {Firmware.ARDUPILOT: 8}
"""So many items may be asked for at once when reading; PX4 and others answer one after another."""
_UPLOAD_ANSWERS = frozenset({"MISSION_REQUEST_INT", "MISSION_REQUEST", "MISSION_ACK"})


class _Patience:
    """Resends the last word until the vehicle makes progress; gives up after ``exchange.PATIENCE_S`` without any."""

    def __init__(self, link: Exchange, subject: str, kind: PlanKind) -> None:
        self._link, self._subject, self._type = link, subject, _TYPES[kind]
        self._name, self._fields, self._resend_s = "", dict[str, Any](), exchange.RESEND_S
        self._until = 0.0
        self.progress()

    def progress(self, *, last: bool = False) -> None:
        """Start the clock again; when only the last answer is missing it runs faster."""
        self._until = time.monotonic() + (_LAST_WORD_S if last else exchange.PATIENCE_S)

    def say(self, name: str, resend_s: float, **fields: Any) -> None:
        """Send a message, which is repeated from now on."""
        self._name, self._fields, self._resend_s = name, fields | {"mission_type": self._type}, resend_s
        self._link.post(self._name, **self._fields)

    def hear(self, names: frozenset[str]) -> Any | None:
        """Return the next message of this transfer, repeating the last word meanwhile; None when none comes."""
        while time.monotonic() < self._until:
            message = self._link.await_any(names, self._resend_s)
            if message is None:
                self._link.post(self._name, **self._fields)
            elif message.mission_type == self._type:
                return message
        return None

    def need(self, name: str) -> Any:
        """Return the next message of this kind, or raise LinkError when none comes."""
        message = self.hear(frozenset({name}))
        if message is None:
            raise self.silence()
        return message

    def hear_once(self, name: str, timeout_s: float) -> Any | None:
        """Return the next message of this kind, or None when none comes in time; raise LinkError out of patience."""
        message = self._link.await_any(frozenset({name}), timeout_s)
        if message is None and time.monotonic() > self._until:
            raise self.silence()
        return message if message is not None and message.mission_type == self._type else None

    def silence(self) -> LinkError:
        """Return the error that says that the vehicle stopped answering."""
        msg = f"{self._link.url}: {self._subject}: no answer to {self._name.upper()} for {exchange.PATIENCE_S:.0f} s"
        return LinkError(msg, hint="check the link, then start again; what was stored before may be gone")


def upload(link: Exchange, kind: PlanKind, items: Sequence[MissionItem]) -> None:
    """Store the items on the vehicle, replacing what is there. An empty list clears.

    When only the last acknowledgement is missing this returns as if it had come: the read-back decides.

    Raises
    ------
    MissionRefusedError
        When the vehicle does not take them; the message has its reason.
    LinkError
        When it stops answering.
    """
    if not items:
        clear(link, kind)
        return
    if len(items) > _MOST_ITEMS:
        msg = f"{link.url}: {len(items)} {kind.value} items; MAVLink carries at most {_MOST_ITEMS}"
        raise MissionRefusedError(msg, hint="plan shorter sorties")
    talk = _Patience(link, f"upload of {len(items)} {kind.value} items", kind)
    talk.say("mission_count", exchange.RESEND_S, count=len(items))
    asked, last = -1, False
    while True:
        message = talk.hear(_UPLOAD_ANSWERS)
        if message is None:
            if last:
                return
            raise talk.silence()
        if message.get_type() == "MISSION_ACK":
            if _ends(link, f"{len(items)} {kind.value} items", message.type, last=last):
                return
            continue
        if message.seq >= len(items):
            msg = f"{link.url}: asked for {kind.value} item {message.seq}; there are {len(items)}"
            raise LinkError(msg, hint="another ground station may be uploading; disconnect it")
        if message.seq > asked:
            asked = message.seq
            last = asked == len(items) - 1
            talk.progress(last=last)
        talk.say("mission_item_int", exchange.ITEM_RESEND_S, seq=message.seq, **to_fields(items[message.seq]))


def _ends(link: Exchange, what: str, result: int, *, last: bool) -> bool:
    """Say whether an acknowledgement ends the upload well; raise where the vehicle refuses."""
    if result == _INVALID_SEQUENCE or (result == _ACCEPTED and not last):
        return False  # a repeated item crossed the next request; or the answer to an earlier transfer
    if not (result == _ERROR and last):  # ArduPilot's answer to a repeated last item
        _check(link, what, result)
    return True


def clear(link: Exchange, kind: PlanKind) -> None:
    """Remove what the vehicle stores.

    Raises
    ------
    MissionRefusedError
        When the vehicle refuses.
    LinkError
        When it does not answer.
    """
    talk = _Patience(link, f"clearing of the {kind.value}", kind)
    talk.say("mission_clear_all", exchange.RESEND_S)
    _check(link, f"the clearing of the {kind.value}", talk.need("MISSION_ACK").type)


def download(link: Exchange, kind: PlanKind) -> tuple[MissionItem, ...]:
    """Return what the vehicle stores.

    Raises
    ------
    LinkError
        When the vehicle does not answer, or not with the items asked for.
    """
    talk = _Patience(link, f"read-back of the {kind.value}", kind)
    talk.say("mission_request_list", exchange.RESEND_S)
    count = talk.need("MISSION_COUNT").count
    talk.progress()
    items: dict[int, MissionItem] = {}
    due: dict[int, float] = {}  # items asked for, and when to ask again
    unasked = iter(range(count))
    while len(items) < count:
        due |= dict.fromkeys(islice(unasked, _AHEAD.get(link.decoder.firmware, 1) - len(due)), 0.0)
        now_s = time.monotonic()
        for seq in (seq for seq, due_s in due.items() if due_s <= now_s):
            talk.say("mission_request_int", exchange.ITEM_RESEND_S, seq=seq)
            due[seq] = now_s + exchange.ITEM_RESEND_S
        message = talk.hear_once("MISSION_ITEM_INT", min(due.values()) - now_s)
        if message is not None and message.seq in due:  # no late copy
            del due[message.seq]
            items[message.seq] = from_message(message)
            talk.progress()
    link.post("mission_ack", type=_ACCEPTED, mission_type=_TYPES[kind])
    return tuple(items[seq] for seq in range(count))


def refusal(result: int) -> str:
    """Return a MAV_MISSION_RESULT in words."""
    return _RESULTS[result] if result < len(_RESULTS) else f"result {result}"


def _check(link: Exchange, what: str, result: int) -> None:
    if result != _ACCEPTED:
        msg = f"{link.url}: the vehicle refused {what}: {refusal(result)}; expected: accepted"
        hint = "plan shorter sorties" if result == _NO_SPACE else "is it a vehicle of the planned kind?"
        raise MissionRefusedError(msg, hint=hint)
