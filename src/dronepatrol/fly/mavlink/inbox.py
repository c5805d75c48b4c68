"""What one vehicle says: sorted into events for the controller and answers for the protocols, and logged."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dronepatrol.errors import LinkError, StorageError
from dronepatrol.fly.link import LinkTrouble, VehicleEvent
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.decode import Decoder
from dronepatrol.fly.mavlink.tlog import TlogWriter

_ANSWERS = ("COMMAND_ACK", "PARAM_VALUE", "PARAM_ERROR", "LOG_ENTRY", "LOG_DATA")
_FLUSH_S = 1.0


class Inbox:
    """Takes messages; keeps those of one system.

    Parameters
    ----------
    url
        Where the vehicle is reached, for messages.
    system_id
        The vehicle; no other is listened to.
    tlog
        Where to write the telemetry log, None for none. It is opened when the vehicle first speaks: a link that nobody
        answers must not touch an earlier flight's.
    """

    def __init__(self, url: str, system_id: int, tlog: Path | None) -> None:
        self._url, self._system_id, self._tlog_path = url, system_id, tlog
        self.decoder = Decoder()
        self.answers: deque[Any] = deque()
        """Messages of protocols, in order."""
        self.heard_heartbeat = False
        self._kinds: dict[str, float] = {}  # and when each was heard last
        self._component = -1  # the autopilot among the vehicle's components: cameras and gimbals answer too
        self._others: set[int] = set()
        self._events: deque[VehicleEvent] = deque()
        self._tlog: TlogWriter | None = None
        self._unlogged: list[bytes] = []  # what we said before the vehicle's first word
        self._heard_s = self._flushed_s = 0.0

    def take(self, message: Any) -> bool:
        """Take one message; say whether it is the vehicle's.

        Raises
        ------
        StorageError
            When the telemetry log cannot be opened.
        """
        sender, kind = message.get_srcSystem(), message.get_type()
        beats = kind == "HEARTBEAT" and Codec.is_vehicle(message)
        if sender != self._system_id:
            if beats:
                self._others.add(sender)
            return False
        if not self._kinds:
            self._begin_log()
        self._kinds[kind] = self._heard_s = time.monotonic()
        if kind != "LOG_DATA":  # pieces of the vehicle's own log, which has a file of its own
            self._log(bytes(message.get_msgbuf()))
        if beats:
            self.heard_heartbeat, self._component = True, message.get_srcComponent()
        if message.get_srcComponent() == self._component and (kind.startswith("MISSION_") or kind in _ANSWERS):
            self.answers.append(message)
        self._events.extend(self.decoder.events(message))
        return True

    def await_any(self, names: frozenset[str], timeout_s: float, pump: Callable[[float], object]) -> Any | None:
        """Return the next answer of one of these kinds, None where none comes in time; others are passed over.

        ``pump`` takes in what the link brings, for at most so many seconds.
        """
        until = time.monotonic() + timeout_s
        while True:
            while self.answers:
                message = self.answers.popleft()
                if message.get_type() in names:
                    return message
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            pump(left_s)

    def said(self, packet: bytes) -> None:
        """Log a packet of ours."""
        if self._kinds:
            self._log(packet)
        elif self._tlog_path is not None:
            self._unlogged.append(packet)

    def add(self, event: VehicleEvent) -> None:
        """Add an event that no message said."""
        self._events.append(event)

    @property
    def waiting(self) -> bool:
        """Whether there are events."""
        return bool(self._events)

    @property
    def others(self) -> Sequence[int]:
        """The system ids of other vehicles that were heard."""
        return sorted(self._others)

    def events(self) -> Sequence[VehicleEvent]:
        """Return the events since the last call, in order."""
        events = tuple(self._events)
        self._events.clear()
        return events

    def heard_s(self, kind: str) -> float:
        """Return how long ago the vehicle sent a message of this kind; infinity where it never did."""
        return time.monotonic() - self._kinds.get(kind, -math.inf)

    def silent_s(self) -> float:
        """Return how long ago the vehicle was last heard."""
        return time.monotonic() - self._heard_s

    def nobody(self, timeout_s: float) -> LinkError:
        """Return the error that says who was heard instead of the vehicle."""
        if self._others:
            found = ", ".join(str(number) for number in self.others)
            msg = f"{self._url}: system {found} answers; expected system {self._system_id}"
            return LinkError(msg, hint=f"to fly that vehicle, name it: --system-id {min(self._others)}")
        msg = f"{self._url}: no vehicle answered within {timeout_s:g} s"
        return LinkError(msg, hint="is it switched on (or the simulator running), and is the address right?")

    def keep_log(self) -> None:
        """Hand the log to the system once a second, and report when it cannot be written any more."""
        if self._tlog is None:
            return
        if time.monotonic() - self._flushed_s >= _FLUSH_S:
            self._flushed_s = time.monotonic()
            self._tlog.flush()
        if self._tlog.trouble:
            self._events.append(LinkTrouble(self._tlog.trouble))
            self._tlog = None

    def close(self) -> None:
        """End the log."""
        if self._tlog is not None:
            self._tlog.close()
            self._tlog = None

    def _begin_log(self) -> None:
        if self._tlog_path is None:
            return
        try:
            self._tlog = TlogWriter(self._tlog_path)
        except OSError as error:
            msg = f"cannot write {self._tlog_path}: {error.strerror or error}"
            raise StorageError(msg, hint="free space or choose another --out") from error
        for packet in self._unlogged:
            self._tlog.write(packet)
        self._unlogged.clear()

    def _log(self, packet: bytes) -> None:
        if self._tlog is not None:
            self._tlog.write(packet)
