"""The mission protocol: one routine each to upload, download and clear a mission, a fence or rally points.

https://mavlink.io/en/services/mission.html. The guide's time-outs (1500 ms, 250 ms for items) and 5 retries make 9 s
of patience without progress. We spend the same 9 s in more and shorter tries: where 30 % of the packets are lost each
way, every other exchange fails, and six tries would give up on every sixtieth. Resent and repeated messages are
harmless: both sides name the sequence number they speak of.
"""

import math
import time
from collections.abc import Sequence
from typing import Any, Protocol

from dronepatrol.errors import LinkError, MissionRefusedError
from dronepatrol.fly.link import PlanKind
from dronepatrol.model.mission import Command, Frame, MissionItem

PATIENCE_S = 9.0
RESEND_S = 0.75
_ITEM_RESEND_S = 0.25
_LAST_WORD_S = 3.0
_TYPES = {PlanKind.MISSION: 0, PlanKind.FENCE: 1, PlanKind.RALLY: 2}  # MAV_MISSION_TYPE
_RESULTS = [
    "accepted", "error", "unsupported frame", "unsupported command", "no space", "invalid item", "invalid param 1",
    "invalid param 2", "invalid param 3", "invalid param 4", "invalid latitude", "invalid longitude",
    "invalid altitude", "invalid sequence", "denied", "cancelled",
]  # fmt: skip
"""MAV_MISSION_RESULT."""
_ACCEPTED, _ERROR, _INVALID_SEQUENCE = 0, 1, 13
_UPLOAD_ANSWERS = frozenset({"MISSION_REQUEST_INT", "MISSION_REQUEST", "MISSION_ACK"})


class Exchange(Protocol):
    """What the protocol needs of a link to one vehicle."""

    url: str

    def post(self, name: str, **fields: Any) -> None:
        """Send a message to the vehicle; target fields are filled in."""
        ...

    def await_any(self, names: frozenset[str], timeout_s: float) -> Any | None:
        """Return the vehicle's next message of these kinds, or None when none comes in time."""
        ...


class _Patience:
    """Resends the last word until the vehicle makes progress, and gives up after ``PATIENCE_S`` without any."""

    def __init__(self, link: Exchange, subject: str, kind: PlanKind) -> None:
        self._link, self._subject, self._type = link, subject, _TYPES[kind]
        self._name, self._fields, self._resend_s = "", dict[str, Any](), RESEND_S
        self._until = 0.0

    def say(self, name: str, resend_s: float, *, last: bool = False, **fields: Any) -> None:
        """Send a message that is progress: the clock starts again; after the last word it runs faster."""
        self._name, self._fields, self._resend_s = name, fields | {"mission_type": self._type}, resend_s
        self._until = time.monotonic() + (_LAST_WORD_S if last else PATIENCE_S)
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

    def silence(self) -> LinkError:
        """Return the error that says that the vehicle stopped answering."""
        msg = f"{self._link.url}: {self._subject}: no answer to {self._name.upper()} for {PATIENCE_S:.0f} s"
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
    talk = _Patience(link, f"upload of {len(items)} {kind.value} items", kind)
    talk.say("mission_count", RESEND_S, count=len(items))
    asked, last = -1, False
    while True:
        message = talk.hear(_UPLOAD_ANSWERS)
        if message is None:
            if last:
                return
            raise talk.silence()
        if message.get_type() == "MISSION_ACK":
            if message.type == _INVALID_SEQUENCE or (message.type == _ACCEPTED and not last):
                continue  # a repeated item crossed the next request; or the answer to an earlier transfer
            if not (message.type == _ERROR and last):  # ArduPilot's answer to a repeated last item
                _check(link, kind, message.type)
            return
        if message.seq >= len(items):
            msg = f"{link.url}: asked for {kind.value} item {message.seq}; there are {len(items)}"
            raise LinkError(msg, hint="another ground station may be uploading; disconnect it")
        asked = max(asked, message.seq)
        last = asked == len(items) - 1
        talk.say("mission_item_int", _ITEM_RESEND_S, last=last, seq=message.seq, **_fields(items[message.seq]))


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
    talk.say("mission_clear_all", RESEND_S)
    _check(link, kind, talk.need("MISSION_ACK").type)


def download(link: Exchange, kind: PlanKind) -> tuple[MissionItem, ...]:
    """Return what the vehicle stores.

    Raises
    ------
    LinkError
        When the vehicle does not answer, or not with the items asked for.
    """
    talk = _Patience(link, f"read-back of the {kind.value}", kind)
    talk.say("mission_request_list", RESEND_S)
    count = talk.need("MISSION_COUNT").count
    items: list[MissionItem] = []
    while len(items) < count:
        talk.say("mission_request_int", _ITEM_RESEND_S, seq=len(items))
        message = talk.need("MISSION_ITEM_INT")
        while message.seq != len(items):  # a late copy
            message = talk.need("MISSION_ITEM_INT")
        items.append(_item(message))
    link.post("mission_ack", type=_ACCEPTED, mission_type=_TYPES[kind])
    return tuple(items)


def differences(asked: Sequence[MissionItem], stored: Sequence[MissionItem], home_items: int) -> list[str]:
    """Return how what a vehicle stores differs from what it was given, in words; empty when it is the same flight.

    Autopilots round (positions to 1e-7 degrees, heights to centimetres) and drop what a command does not use, so that
    fields of commands without a place, and fields that were not given, are not compared; nor are the first
    ``home_items``, where the autopilot puts its own home.
    """
    if not asked and len(stored) <= home_items:
        return []
    if len(asked) != len(stored):
        return [f"{len(stored)} items are stored; expected {len(asked)}"]
    found = []
    pairs = list(enumerate(zip(asked, stored, strict=True)))
    for index, (a, b) in pairs[home_items:]:
        for name, given, got, tolerance in _compared(a, b):
            if not math.isnan(given) and not abs(given - got) <= tolerance:
                found.append(f"item {index}: {name} is {got:g}; expected {given:g}")
    return found


_NAV_LIMIT = 95  # MAV_CMD_NAV_LAST: larger numbers are actions without a place …
_FENCE_FIRST = 5000  # … up to where fences and rally points begin
_SAME_FRAME = {5: 0, 6: 3, 11: 10}  # the _INT frames were renamed, not changed


def _compared(a: MissionItem, b: MissionItem) -> list[tuple[str, float, float, float]]:
    pairs = [("command", float(a.command), float(b.command), 0.0)]
    pairs += [
        (f"param {i + 1}", p, q, 0.01 + 1e-5 * abs(p)) for i, (p, q) in enumerate(zip(a.params, b.params, strict=True))
    ]
    has_place = a.command < _NAV_LIMIT or a.command >= _FENCE_FIRST
    if has_place and (a.lat_deg, a.lon_deg) != (0.0, 0.0):
        pairs += [("latitude", a.lat_deg, b.lat_deg, 2e-7), ("longitude", a.lon_deg, b.lon_deg, 2e-7)]
    if a.command < _NAV_LIMIT and a.frame != Frame.MISSION and a.command != Command.NAV_RETURN_TO_LAUNCH:
        pairs.append(("altitude", a.altitude_m, b.altitude_m, 0.02))
        frames = (float(_SAME_FRAME.get(f, f)) for f in (a.frame, b.frame))
        pairs.append(("frame", next(frames), next(frames), 0.0))
    return pairs


def _fields(item: MissionItem) -> dict[str, Any]:
    return {
        "frame": int(item.frame),
        "command": int(item.command),
        "current": 0,
        "autocontinue": int(item.autocontinue),
        "param1": item.params[0],
        "param2": item.params[1],
        "param3": item.params[2],
        "param4": item.params[3],
        "x": round(item.lat_deg * _units(item.frame)),
        "y": round(item.lon_deg * _units(item.frame)),
        "z": item.altitude_m,
    }


def _item(m: Any) -> MissionItem:
    params = (m.param1, m.param2, m.param3, m.param4)
    units = _units(m.frame)
    return MissionItem(m.command, m.frame, params, m.x / units, m.y / units, m.z, bool(m.autocontinue))


def _units(frame: int) -> float:
    """Return how many units MISSION_ITEM_INT counts for one of x and y: degrees are 1e7, other parameters are 1."""
    return 1.0 if frame == Frame.MISSION else 1e7


def _check(link: Exchange, kind: PlanKind, result: int) -> None:
    if result != _ACCEPTED:
        reason = _RESULTS[result] if result < len(_RESULTS) else f"result {result}"
        msg = f"{link.url}: the vehicle refused the {kind.value}: {reason}; expected: accepted"
        hint = "split the sortie" if reason == "no space" else "is it a vehicle of the planned kind?"
        raise MissionRefusedError(msg, hint=hint)
