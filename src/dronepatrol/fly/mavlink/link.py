"""One MAVLink vehicle behind the :class:`~dronepatrol.fly.link.VehicleLink` seam."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dronepatrol.errors import LinkError, MissionRefusedError, StorageError
from dronepatrol.fly.link import (
    Answer,
    Arm,
    Disarm,
    LinkTrouble,
    PlanKind,
    SetMode,
    StartMission,
    Upload,
    VehicleCommand,
    VehicleEvent,
)
from dronepatrol.fly.mavlink import transfer
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.decode import COPTER_MODES, Decoder
from dronepatrol.fly.mavlink.tlog import TlogWriter
from dronepatrol.fly.mavlink.transport import Transport, open_transport
from dronepatrol.model.mission import Command, Frame, MissionItem

_HEARTBEAT_S = 1.0
_UPLOADS = 2  # a second try where the read-back differs: an acknowledgement may have been an old one's echo
_AUTOPILOT_COMPONENT = 1
_ACCEPTED, _TRY_AGAIN, _IN_PROGRESS = 0, 1, 5  # MAV_RESULT
_RESULTS = ["accepted", "temporarily rejected", "denied", "unsupported", "failed", "in progress", "cancelled"]
_SET_MODE, _START, _ARM_DISARM, _SET_INTERVAL, _REQUEST = 176, 300, 400, 511, 512  # MAV_CMD
_CUSTOM_MODE_FLAG = 1.0  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
_MODE_NUMBERS = {name: number for number, name in COPTER_MODES.items()}
_HOME_POSITION = 242
_INTERVALS_MS = {33: 200, 30: 200, 1: 1000, 2: 1000, 24: 1000, 42: 500, 245: 500}
"""Message id to interval: GLOBAL_POSITION_INT, ATTITUDE, SYS_STATUS, SYSTEM_TIME, GPS_RAW_INT, MISSION_CURRENT,
EXTENDED_SYS_STATE. What a vehicle does not know it does without; the controller asks for what it needs."""


class MavlinkLink:
    """A vehicle reached at a URL.

    Parameters
    ----------
    url
        ``udp:HOST:PORT`` where the vehicle listens, ``udpin:HOST:PORT`` where we listen, ``tcp:HOST:PORT`` or
        ``serial:DEVICE:BAUD``.
    system_id
        The vehicle's MAVLink system id; no other is listened to.
    tlog
        Where to write the telemetry log, None for none.
    open_timeout_s
        Wall-clock seconds to wait for the vehicle's first heartbeat.
    """

    def __init__(self, url: str, *, system_id: int, tlog: Path | None = None, open_timeout_s: float = 10.0) -> None:
        self.url = url
        self._system_id = system_id
        self._tlog_path = tlog
        self._open_timeout_s = open_timeout_s
        self._codec = Codec()
        self._decoder = Decoder()
        self._transport: Transport | None = None
        self._tlog: TlogWriter | None = None
        self._events: deque[VehicleEvent] = deque()
        self._answers: deque[Any] = deque()  # messages of protocols, for await_any
        self._others: set[int] = set()
        self._heard = self._heard_any = False
        self._unlogged: list[bytes] = []  # what we said before the vehicle's first word
        self._next_heartbeat_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> int:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._transport = open_transport(self.url)
        until = time.monotonic() + self._open_timeout_s
        while not self._heard:
            if time.monotonic() >= until:
                self.close()
                raise self._nobody()
            self._pump(0.2)
        self._ask_for_telemetry()
        return self._system_id

    def close(self) -> None:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        if self._tlog is not None:
            self._tlog.close()
            self._tlog = None

    def receive(self, timeout_s: float) -> Sequence[VehicleEvent]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._pump(0.0 if self._events else timeout_s)
        self._answers.clear()  # nobody is waiting for them
        events = tuple(self._events)
        self._events.clear()
        return events

    def send(self, command: VehicleCommand) -> Answer:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        match command:
            case Upload(kind, items):
                return self._store(kind, items)
            case SetMode(mode):
                return self._command(_SET_MODE, _CUSTOM_MODE_FLAG, float(_MODE_NUMBERS[mode]))
            case Arm():
                return self._command(_ARM_DISARM, 1.0)
            case Disarm():
                return self._command(_ARM_DISARM, 0.0)
            case StartMission():
                return self._command(_START)

    def download(self, kind: PlanKind) -> tuple[MissionItem, ...]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._answers.clear()
        return transfer.download(self, kind)

    def post(self, name: str, **fields: Any) -> None:
        """Send a message to the vehicle's autopilot."""
        self._write(
            self._codec.pack(name, target_system=self._system_id, target_component=_AUTOPILOT_COMPONENT, **fields)
        )

    def await_any(self, names: frozenset[str], timeout_s: float) -> Any | None:
        """Return the vehicle's next message of these kinds, or None when none comes in time."""
        until = time.monotonic() + timeout_s
        while True:
            while self._answers:
                message = self._answers.popleft()
                if message.get_type() in names:
                    return message
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            self._pump(left_s)

    def _store(self, kind: PlanKind, items: tuple[MissionItem, ...]) -> Answer:
        home_items = self._decoder.home_items if kind is PlanKind.MISSION else 0
        if home_items and items and (items[0].command, items[0].frame) != (Command.NAV_WAYPOINT, Frame.GLOBAL):
            reason = f"{self.url}: item 0 is command {items[0].command}; ArduPilot expects home there"
            return Answer(accepted=False, reason=reason)
        wrong: list[str] = []
        for _ in range(_UPLOADS):
            self._answers.clear()
            try:
                transfer.upload(self, kind, items)
                wrong = transfer.differences(items, transfer.download(self, kind), home_items)
            except MissionRefusedError as error:
                return Answer(accepted=False, reason=error.message)
            if not wrong:
                return Answer(accepted=True)
        more = f" and {len(wrong) - 1} more differences" if len(wrong) > 1 else ""
        return Answer(accepted=False, reason=f"{self.url}: the {kind.value} read back differs: {wrong[0]}{more}")

    def _command(self, number: int, param1: float = 0.0, param2: float = 0.0) -> Answer:
        """Send a COMMAND_LONG until it is answered (https://mavlink.io/en/services/command.html)."""
        self._answers.clear()
        until = time.monotonic() + transfer.PATIENCE_S
        tries, result = 0, None
        while time.monotonic() < until:
            if result != _IN_PROGRESS:
                self._post_command(number, min(tries, 255), param1, param2)
                tries += 1
            result = self._acknowledged(number)
            if result == _TRY_AGAIN:
                self._pump_for(transfer.RESEND_S)
            elif result is not None and result != _IN_PROGRESS:
                reason = _RESULTS[result] if result < len(_RESULTS) else f"result {result}"
                return Answer(accepted=result == _ACCEPTED, reason="" if result == _ACCEPTED else reason)
        if result is not None:
            return Answer(accepted=False, reason=_RESULTS[result])
        msg = f"{self.url}: no answer to command {number} for {transfer.PATIENCE_S:.0f} s"
        raise LinkError(msg, hint="check the link")

    def _acknowledged(self, number: int) -> int | None:
        until = time.monotonic() + transfer.RESEND_S
        while (left_s := until - time.monotonic()) > 0:
            message = self.await_any(frozenset({"COMMAND_ACK"}), left_s)
            if message is not None and message.command == number:
                return int(message.result)
        return None

    def _post_command(self, number: int, confirmation: int, *params: float) -> None:
        values = dict.fromkeys((f"param{i}" for i in range(1, 8)), 0.0)
        values |= {f"param{i}": value for i, value in enumerate(params, start=1)}
        self.post("command_long", command=number, confirmation=confirmation, **values)

    def _ask_for_telemetry(self) -> None:
        """Ask thrice without insisting: each request is repeated whether or not it was answered, which costs less."""
        for _ in range(3):
            for message_id, interval_ms in _INTERVALS_MS.items():
                self._post_command(_SET_INTERVAL, 0, float(message_id), interval_ms * 1e3)
            self._post_command(_REQUEST, 0, float(_HOME_POSITION))
            self._pump_for(0.1)

    def _pump_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self._pump(left_s)

    def _pump(self, timeout_s: float) -> None:
        """Read what is there, log it, sort it; say that we live. Waits up to ``timeout_s`` for something to come."""
        if self._transport is None:
            msg = f"{self.url} is not open"
            raise LinkError(msg, hint="open the link first")
        now_s = time.monotonic()
        if now_s >= self._next_heartbeat_s:
            self._next_heartbeat_s = now_s + _HEARTBEAT_S
            self._write(self._codec.heartbeat())
            if self._tlog is not None:
                self._tlog.flush()
        for chunk in self._transport.read(min(timeout_s, max(0.0, self._next_heartbeat_s - now_s))):
            for message in self._codec.parse(chunk):
                self._sort(message)
        if self._tlog is not None and self._tlog.trouble:
            self._events.append(LinkTrouble(self._tlog.trouble))
            self._tlog = None

    def _sort(self, message: Any) -> None:
        sender = message.get_srcSystem()
        if sender != self._system_id:
            if message.get_type() == "HEARTBEAT" and self._codec.is_vehicle(message):
                self._others.add(sender)
            return
        if not self._heard_any:
            self._heard_any = True
            self._begin_log()
        if self._tlog is not None:
            self._tlog.write(bytes(message.get_msgbuf()))
        self._heard |= message.get_type() == "HEARTBEAT" and self._codec.is_vehicle(message)
        if message.get_type() == "COMMAND_ACK" or message.get_type().startswith("MISSION_"):
            self._answers.append(message)
        self._events.extend(self._decoder.events(message))

    def _begin_log(self) -> None:
        """Open the log now that the vehicle speaks: a link that nobody answers must not touch an earlier flight's."""
        if self._tlog_path is None:
            return
        try:
            self._tlog = TlogWriter(self._tlog_path)
        except OSError as error:
            self.close()
            msg = f"cannot write {self._tlog_path}: {error.strerror or error}"
            raise StorageError(msg, hint="free space or choose another --out") from error
        for packet in self._unlogged:
            self._tlog.write(packet)
        self._unlogged.clear()

    def _write(self, packet: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(packet)
        if self._tlog is not None:
            self._tlog.write(packet)
        elif not self._heard_any:
            self._unlogged.append(packet)

    def _nobody(self) -> LinkError:
        if self._others:
            found = ", ".join(str(number) for number in sorted(self._others))
            msg = f"{self.url}: system {found} answers; expected system {self._system_id}"
            return LinkError(msg, hint=f"to fly that vehicle, name it: --system-id {min(self._others)}")
        msg = f"{self.url}: no vehicle answered within {self._open_timeout_s:g} s"
        return LinkError(msg, hint="is it switched on (or the simulator running), and is the address right?")
