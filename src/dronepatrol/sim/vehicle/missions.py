"""Mission, fence and rally points over MAVLink: one protocol for the three, with its time-outs on the link's time.

Upload: the vehicle asks for one item after the other, and again when one does not come. Items out of order are asked
for again, not refused. What was there before stays until the last item has come. As in ArduPilot, item 0 of a mission
is home: what is uploaded for it is not kept, and home is given when it is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.fence import fence_error
from dronepatrol.sim.vehicle.item_kinds import TAKEN
from dronepatrol.sim.vehicle.numbers import MissionResult, MissionType, Severity
from dronepatrol.sim.vehicle.outbox import Outbox

_ASK_AGAIN_S = 0.25
_GIVE_UP_S = 8.0
_MOST_ITEMS = {MissionType.MISSION: 4367, MissionType.FENCE: 512, MissionType.RALLY: 64}
_FRAMES = {0, 2, 3, 5, 6, 10, 11}  # ... and above the ground, which arming then refuses without terrain data
_FIRST_DO = 112  # commands below have a place, of those above the height may be "not given"
_FENCE_COMMANDS = set(range(5000, 5005))

Peer = tuple[int, int]
"""System and component of a ground station."""


@dataclass(slots=True)
class _Upload:
    peer: Peer
    kind: MissionType
    count: int
    first: int = 0
    partial: bool = False
    items: list[MissionItem] = field(default_factory=list)
    asked_s: float = 0.0
    heard_s: float = 0.0


class Missions:
    """What is stored, and the transfer under way.

    Parameters
    ----------
    outbox
        Where answers go.
    home
        Gives item 0 when it is read.
    running
        Whether the mission is being flown, in which case it is neither replaced nor cleared.
    stored
        Called with the kind when something new is stored.
    """

    def __init__(
        self,
        outbox: Outbox,
        home: Callable[[], MissionItem],
        running: Callable[[], bool],
        stored: Callable[[MissionType], None],
    ) -> None:
        self._outbox, self._home, self._running, self._stored = outbox, home, running, stored
        self._items: dict[MissionType, tuple[MissionItem, ...]] = dict.fromkeys(_MOST_ITEMS, ())
        self._upload: _Upload | None = None
        self._finished: tuple[Peer, MissionType, int] | None = None

    def items(self, kind: MissionType) -> tuple[MissionItem, ...]:
        """Return what is stored; the first item of a mission is home."""
        return self._items[kind]

    def count(self, peer: Peer, kind_number: int, count: int, now_s: float) -> None:
        """Begin an upload (MISSION_COUNT)."""
        kind = _kind(kind_number)
        if kind is None:
            return self._answer(peer, kind_number, MissionResult.UNSUPPORTED)
        if kind is MissionType.MISSION and self._running():
            return self._answer(peer, kind, MissionResult.ERROR)
        if count > _MOST_ITEMS[kind]:
            return self._answer(peer, kind, MissionResult.NO_SPACE)
        return self._start(_Upload(peer, kind, count, heard_s=now_s), now_s)

    def _start(self, upload: _Upload, now_s: float) -> None:
        self._finished, self._upload = None, upload
        if upload.count == 0:
            return self._finish(upload)
        return self._ask(upload, now_s)

    def write_partial(self, peer: Peer, kind_number: int, first: int, last: int, now_s: float) -> None:
        """Begin to replace the items ``first`` to ``last`` of a mission (MISSION_WRITE_PARTIAL_LIST)."""
        kind = _kind(kind_number)
        if kind is not MissionType.MISSION:
            return self._answer(peer, kind_number, MissionResult.UNSUPPORTED)
        if self._running():
            return self._answer(peer, kind, MissionResult.ERROR)
        if not 0 <= first <= last < len(self._items[kind]):
            self._outbox.text(Severity.WARNING, "Flight plan update rejected")
            return self._answer(peer, kind, MissionResult.ERROR)
        return self._start(_Upload(peer, kind, last - first + 1, first, partial=True, heard_s=now_s), now_s)

    def item(self, peer: Peer, kind_number: int, sequence: int, item: MissionItem, now_s: float) -> None:
        """Take one item of an upload (MISSION_ITEM_INT, MISSION_ITEM)."""
        upload = self._upload
        if upload is None or upload.peer != peer or upload.kind != kind_number:
            if self._finished == (peer, kind_number, sequence):  # our acknowledgement was lost
                return self._answer(peer, kind_number, MissionResult.ACCEPTED)
            return self._answer(peer, kind_number, MissionResult.ERROR)
        upload.heard_s = now_s
        if not upload.first <= sequence < upload.first + upload.count:
            return self._answer(peer, kind_number, MissionResult.INVALID_SEQUENCE)
        if sequence != upload.first + len(upload.items):
            return None  # late or early; the one that is due is asked for again
        return self._take(upload, sequence, item, now_s)

    def _take(self, upload: _Upload, sequence: int, item: MissionItem, now_s: float) -> None:
        problem = _problem(upload.kind, sequence, item)
        if problem is not MissionResult.ACCEPTED:
            self._upload = None
            return self._answer(upload.peer, upload.kind, problem)
        upload.items.append(as_stored(item))
        if len(upload.items) == upload.count:
            return self._finish(upload)
        return self._ask(upload, now_s)

    def request_list(self, peer: Peer, kind_number: int) -> None:
        """Answer how many items there are (MISSION_REQUEST_LIST)."""
        kind = _kind(kind_number)
        if kind is None:
            return self._answer(peer, kind_number, MissionResult.UNSUPPORTED)
        self._outbox.put("mission_count", **_to(peer), count=len(self._items[kind]), mission_type=int(kind))
        return None

    def request(self, peer: Peer, kind_number: int, sequence: int) -> None:
        """Give one item (MISSION_REQUEST_INT, MISSION_REQUEST)."""
        kind = _kind(kind_number)
        if kind is None:
            return self._answer(peer, kind_number, MissionResult.UNSUPPORTED)
        items = self._items[kind]
        if not 0 <= sequence < len(items):
            return self._answer(peer, kind, MissionResult.INVALID_SEQUENCE)
        item = self._home() if kind is MissionType.MISSION and sequence == 0 else items[sequence]
        p1, p2, p3, p4 = item.params
        units = 1.0 if item.frame == Frame.MISSION else 1e7  # x and y without a position are plain numbers
        self._outbox.put(
            "mission_item_int",
            **_to(peer),
            seq=sequence,
            frame=item.frame,
            command=item.command,
            current=0,
            autocontinue=int(item.autocontinue),
            param1=p1,
            param2=p2,
            param3=p3,
            param4=p4,
            x=round(item.lat_deg * units),
            y=round(item.lon_deg * units),
            z=item.altitude_m,
            mission_type=int(kind),
        )
        return None

    def clear(self, peer: Peer, kind_number: int) -> None:
        """Forget one kind or all (MISSION_CLEAR_ALL)."""
        kinds = list(_MOST_ITEMS) if kind_number == MissionType.ALL else [_kind(kind_number)]
        if kinds == [None]:
            return self._answer(peer, kind_number, MissionResult.UNSUPPORTED)
        if MissionType.MISSION in kinds and self._running():
            return self._answer(peer, kind_number, MissionResult.ERROR)
        for kind in kinds:
            if kind is not None:
                self._items[kind] = ()
                self._stored(kind)
        return self._answer(peer, kind_number, MissionResult.ACCEPTED)

    def tick(self, now_s: float) -> None:
        """Ask again for an item that did not come, and give up in the end; ``now_s`` is the link's time."""
        upload = self._upload
        if upload is None:
            return
        if now_s - upload.heard_s > _GIVE_UP_S:
            self._upload = None
            self._outbox.text(Severity.WARNING, "Mission upload timeout")
            self._answer(upload.peer, upload.kind, MissionResult.CANCELLED)
        elif now_s - upload.asked_s > _ASK_AGAIN_S:
            self._ask(upload, now_s)

    def _ask(self, upload: _Upload, now_s: float) -> None:
        upload.asked_s = now_s
        self._outbox.put(
            "mission_request", **_to(upload.peer), seq=upload.first + len(upload.items), mission_type=int(upload.kind)
        )

    def _finish(self, upload: _Upload) -> None:
        self._upload = None
        if upload.kind is MissionType.FENCE and fence_error(upload.items) is not None:
            return self._answer(upload.peer, upload.kind, MissionResult.INVALID)
        kept = self._items[upload.kind] if upload.partial else ()
        end = upload.first + upload.count
        self._items[upload.kind] = (*kept[: upload.first], *upload.items, *kept[end:])
        self._finished = upload.peer, upload.kind, end - 1
        self._stored(upload.kind)
        self._answer(upload.peer, upload.kind, MissionResult.ACCEPTED)
        words = {MissionType.MISSION: "Flight plan", MissionType.FENCE: "Fence", MissionType.RALLY: "Rally points"}
        self._outbox.text(Severity.INFO, f"{words[upload.kind]} received")
        return None

    def _answer(self, peer: Peer, kind_number: int, result: MissionResult) -> None:
        self._outbox.put("mission_ack", **_to(peer), type=int(result), mission_type=int(kind_number))


def _to(peer: Peer) -> dict[str, int]:
    return {"target_system": peer[0], "target_component": peer[1]}


def _kind(number: int) -> MissionType | None:
    return MissionType(number) if number in set(_MOST_ITEMS) else None


def _problem(kind: MissionType, sequence: int, item: MissionItem) -> MissionResult:
    """Return what is wrong with an item, or ACCEPTED."""
    wrong = {
        MissionResult.UNSUPPORTED_FRAME: item.frame not in _FRAMES,
        MissionResult.UNSUPPORTED: (kind is MissionType.MISSION and item.command not in TAKEN)
        or (kind is MissionType.FENCE and item.command not in _FENCE_COMMANDS)
        or (kind is MissionType.RALLY and item.command != Command.NAV_RALLY_POINT),
        MissionResult.INVALID_PARAM5_X: item.frame != Frame.MISSION and not abs(item.lat_deg) <= 90,
        MissionResult.INVALID_PARAM6_Y: item.frame != Frame.MISSION and not abs(item.lon_deg) <= 180,
        MissionResult.INVALID: item.command < _FIRST_DO and not isfinite(item.altitude_m),
    }
    if kind is MissionType.MISSION and sequence == 0:
        return MissionResult.ACCEPTED
    return next((result for result, holds in wrong.items() if holds), MissionResult.ACCEPTED)


def as_stored(item: MissionItem) -> MissionItem:
    """Return the item as ArduPilot keeps it: heights in centimetres, parameters that are not given as 0."""
    p1, p2, p3, p4 = (value if isfinite(value) else 0.0 for value in item.params)
    height = round(item.altitude_m, 2) if isfinite(item.altitude_m) else 0.0
    return replace(item, params=(p1, p2, p3, p4), altitude_m=height)
