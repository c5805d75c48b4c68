"""One MAVLink vehicle behind the :class:`~dronepatrol.fly.link.VehicleLink` seam."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dronepatrol.errors import LinkError, MissionRefusedError
from dronepatrol.fly.link import Answer, Capability, PlanKind, Upload, VehicleCommand, VehicleEvent
from dronepatrol.fly.mavlink import commands, onboard_log, transfer
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.inbox import Inbox
from dronepatrol.fly.mavlink.readback import Fidelity, differences, unfit
from dronepatrol.fly.mavlink.transport import Transport, open_transport
from dronepatrol.fly.mavlink.wishes import Wishes
from dronepatrol.model.mission import MissionItem

_RETRY_S = 0.2
_UPLOADS = 2  # a second try where the read-back differs: an acknowledgement may have been an old one's echo
_AUTOPILOT_COMPONENT = 1


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
    heartbeat_s
        Wall-clock seconds between our heartbeats; fewer for a simulator that runs faster than real.
    """

    def __init__(
        self,
        url: str,
        *,
        system_id: int,
        tlog: Path | None = None,
        open_timeout_s: float = 10.0,
        heartbeat_s: float = 1.0,
    ) -> None:
        self.url = url
        self.capabilities = frozenset(Capability)
        self._system_id = system_id
        self._open_timeout_s = open_timeout_s
        self._codec = Codec()
        self._inbox = Inbox(url, system_id, tlog)
        self.decoder = self._inbox.decoder
        self._transport: Transport | None = None
        self._heartbeat_s, self._next_heartbeat_s = heartbeat_s, 0.0
        self._wishes = Wishes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> int:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        until = time.monotonic() + self._open_timeout_s
        self._transport = self._connected(until)
        try:
            self._await_vehicle(until)
        except BaseException:
            self.close()
            raise
        return self._system_id

    def close(self) -> None:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._inbox.close()

    def receive(self, timeout_s: float) -> Sequence[VehicleEvent]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._pump(0.0 if self._inbox.waiting else timeout_s)
        self._inbox.answers.clear()  # nobody is waiting for them
        return self._inbox.events()

    def send(self, command: VehicleCommand) -> Answer:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._need_transport()
        if isinstance(command, Upload):
            return self._store(command.kind, command.items)
        return commands.obey(self, command)

    def download(self, kind: PlanKind) -> tuple[MissionItem, ...]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self.forget()
        return transfer.download(self, kind)

    def fetch_log(self, path: Path, told: Callable[[int, int], None]) -> bool:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        return onboard_log.fetch_log(self, path, told)

    def post(self, name: str, **fields: Any) -> None:
        """See ``Exchange``."""
        self._write(
            self._codec.pack(name, target_system=self._system_id, target_component=_AUTOPILOT_COMPONENT, **fields)
        )

    def await_any(self, names: frozenset[str], timeout_s: float) -> Any | None:
        """See ``Exchange``."""
        return self._inbox.await_any(names, timeout_s, self._pump)

    def forget(self) -> None:
        """See ``Exchange``; what waits in the socket is read first."""
        self._pump(0.0)
        self._inbox.answers.clear()

    def silent_s(self) -> float:
        """See ``Exchange``."""
        return self._inbox.silent_s()

    def report(self, event: VehicleEvent) -> None:
        """See ``Exchange``."""
        self._inbox.add(event)

    def _store(self, kind: PlanKind, items: tuple[MissionItem, ...]) -> Answer:
        fidelity = Fidelity(self.decoder.firmware, self.decoder.home_items)
        if reason := unfit(kind, items, fidelity):
            return Answer(accepted=False, reason=f"{self.url}: {reason}")
        wrong: list[str] = []
        for _ in range(_UPLOADS):
            self.forget()
            try:
                transfer.upload(self, kind, items)
                wrong = differences(kind, items, transfer.download(self, kind), fidelity)
            except MissionRefusedError as error:
                return Answer(accepted=False, reason=error.message)
            if not wrong:
                return Answer(accepted=True)
        more = f" and {len(wrong) - 1} more differences" if len(wrong) > 1 else ""
        return Answer(accepted=False, reason=f"{self.url}: the {kind.value} read back differs: {wrong[0]}{more}")

    def _connected(self, until: float) -> Transport:
        """Return the open transport; a TCP port that nobody listens on yet is tried again."""
        while True:
            try:
                return open_transport(self.url)
            except LinkError as error:
                if not isinstance(error.__cause__, ConnectionRefusedError) or time.monotonic() > until:
                    raise
            time.sleep(_RETRY_S)

    def _await_vehicle(self, until: float) -> None:
        while not self._inbox.heard_heartbeat:
            if time.monotonic() >= until:
                raise self._inbox.nobody(self._open_timeout_s)
            self._pump(0.2)

    def _pump(self, timeout_s: float) -> None:
        """Read what is there and sort it; say that we live. Waits up to ``timeout_s`` for something to come."""
        transport = self._need_transport()
        now_s = time.monotonic()
        if now_s >= self._next_heartbeat_s:
            self._next_heartbeat_s = now_s + self._heartbeat_s
            self._write(self._codec.heartbeat())
        if self._inbox.heard_heartbeat:
            self._wishes.ask(self, self._inbox.heard_s)
        for chunk, sender in transport.read(min(timeout_s, max(0.0, self._next_heartbeat_s - now_s))):
            for message in self._codec.parse(chunk):
                if self._inbox.take(message):
                    transport.settle(sender)
        self._inbox.keep_log()

    def _need_transport(self) -> Transport:
        if self._transport is None:
            msg = f"{self.url} is not open"
            raise LinkError(msg, hint="open the link first")
        return self._transport

    def _write(self, packet: bytes) -> None:
        self._need_transport().write(packet)
        self._inbox.said(packet)
