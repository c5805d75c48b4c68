"""The second implementation of the link: dronekit, for those who have scripts and habits around it.

dronekit (PyPI ``dronekit2`` 3.0, Apache-2.0, not a dependency) gives telemetry, modes and missions, for ArduPilot. It
has no fence and no rally points, sends the beginning of an upload once, and asks for missions in single precision; some
of its waits have no end. So this link declares neither fence nor rally nor lossy links, hands over missions in integers
(``CommandInt``), compares what was stored as coarsely as it is read, and gives every call a time-out. What dronekit has
no word for (commands with their answers, parameters by name, logs) goes through it as plain messages.
"""

import importlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dronepatrol.errors import LinkError
from dronepatrol.fly.link import (
    Answer,
    Capability,
    Firmware,
    PlanKind,
    SetMode,
    Upload,
    VehicleCommand,
    VehicleEvent,
)
from dronepatrol.fly.mavlink import commands, onboard_log
from dronepatrol.fly.mavlink.address import Network, parse
from dronepatrol.fly.mavlink.inbox import Inbox
from dronepatrol.fly.mavlink.readback import FLOAT_POSITION_DEG, INT_POSITION_DEG, Fidelity, differences, unfit
from dronepatrol.fly.mavlink.transfer import refusal
from dronepatrol.fly.mavlink.wire import from_message, to_fields
from dronepatrol.fly.mavlink.wishes import Wishes
from dronepatrol.model.mission import MissionItem

_MODE_S = 5.0
_CLOSE_S = 3.0
_TRANSFER_S, _ITEM_S = 10.0, 0.05
_GROUND_SYSTEM_ID, _GROUND_COMPONENT_ID = 255, 190
_AUTOPILOT_COMPONENT = 1


class DronekitLink:
    """A vehicle reached through dronekit; see ``MavlinkLink`` for the parameters.

    The telemetry log holds what the vehicle said and the messages that we gave dronekit, not its own.
    """

    def __init__(self, url: str, *, system_id: int, tlog: Path | None = None, open_timeout_s: float = 10.0) -> None:
        self.url = url
        self.capabilities = frozenset({Capability.PARAMETERS, Capability.LOGS})
        self._system_id, self._open_timeout_s = system_id, open_timeout_s
        self._inbox = Inbox(url, system_id, tlog)
        self.decoder = self._inbox.decoder
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._wishes = Wishes()
        self._dronekit: Any = None
        self._vehicle: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> int:
        """See :class:`~dronepatrol.fly.link.VehicleLink`.

        Raises
        ------
        LinkError
            Also when dronekit is not installed, when a second vehicle is on the link, which dronekit would take for the
            first, or when the vehicle does not fly ArduPilot.
        """
        self._dronekit = _dronekit()
        try:
            self._vehicle = self._within(self._open_timeout_s, "connect", self._connect)
            self._vehicle.add_message_listener("*", lambda _, __, message: self._queue.put(message))
            self._start()
        except BaseException:
            self.close()
            raise
        return self._system_id

    def close(self) -> None:
        """See :class:`~dronepatrol.fly.link.VehicleLink`; a connection that does not end is left to end by itself."""
        vehicle, self._vehicle = self._vehicle, None
        if vehicle is not None:
            closing = threading.Thread(target=vehicle.close, daemon=True)
            closing.start()
            closing.join(_CLOSE_S)
        self._inbox.close()

    def receive(self, timeout_s: float) -> Sequence[VehicleEvent]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._pump(0.0 if self._inbox.waiting else timeout_s)
        self._inbox.answers.clear()
        return self._inbox.events()

    def send(self, command: VehicleCommand) -> Answer:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        self._need_vehicle()
        match command:
            case Upload(PlanKind.MISSION, items):
                return self._store(items)
            case Upload(kind, _):
                return Answer(accepted=False, reason=f"dronekit cannot store a {kind.value}")
            case SetMode():
                return self._set_mode(command)
        return commands.obey(self, command)

    def download(self, kind: PlanKind) -> tuple[MissionItem, ...]:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        if kind is not PlanKind.MISSION:
            msg = f"{self.url}: dronekit cannot read a {kind.value}"
            raise LinkError(msg, hint="connect without dronekit: --connect udp:…")
        return tuple(from_message(message) for message in self._stored())

    def fetch_log(self, path: Path, told: Callable[[int, int], None]) -> bool:
        """See :class:`~dronepatrol.fly.link.VehicleLink`."""
        return onboard_log.fetch_log(self, path, told)

    # what ``Exchange`` needs

    def post(self, name: str, **fields: Any) -> None:
        """See ``Exchange``."""
        encode = getattr(self._need_vehicle().message_factory, f"{name}_encode")
        message = encode(target_system=self._system_id, target_component=_AUTOPILOT_COMPONENT, **fields)
        self._need_vehicle().send_mavlink(message)
        self._inbox.said(bytes(message.get_msgbuf()))

    def await_any(self, names: frozenset[str], timeout_s: float) -> Any | None:
        """See ``Exchange``."""
        return self._inbox.await_any(names, timeout_s, self._pump)

    def forget(self) -> None:
        """See ``Exchange``."""
        self._pump(0.0)
        self._inbox.answers.clear()

    def report(self, event: VehicleEvent) -> None:
        """See ``Exchange``."""
        self._inbox.add(event)

    def silent_s(self) -> float:
        """See ``Exchange``."""
        return self._inbox.silent_s()

    # connecting

    def _connect(self) -> Any:
        place = parse(self.url)
        if isinstance(place, Network):
            scheme = "tcp" if place.stream else "udpin" if place.listens else "udpout"
            address, baud = "{}:{}:{}".format(scheme, *place.address), 0
        else:
            address, baud = place.device, place.baud
        return self._dronekit.connect(
            address,
            _initialize=False,
            baud=baud,
            source_system=_GROUND_SYSTEM_ID,
            source_component=_GROUND_COMPONENT_ID,
        )

    def _start(self) -> None:
        """Let dronekit find the vehicle, and make sure that it is the right one and the only one."""
        limit_s = self._open_timeout_s
        try:
            self._within(limit_s, "find a vehicle", lambda: self._vehicle.initialize(rate=4, heartbeat_timeout=limit_s))
        except LinkError:
            self._pump(0.0)
            if not self._inbox.heard_heartbeat:
                raise self._inbox.nobody(limit_s) from None
            raise
        self._pump(0.0)
        if not self._inbox.heard_heartbeat:
            raise self._inbox.nobody(limit_s)
        if self._inbox.others:
            msg = f"{self.url}: system {', '.join(map(str, self._inbox.others))} speaks too; dronekit would mix them up"
            raise LinkError(msg, hint="connect without dronekit: --connect udp:…")
        if self.decoder.firmware is not Firmware.ARDUPILOT:
            msg = f"{self.url}: the vehicle flies {self.decoder.firmware.value}; dronekit stores missions on ArduPilot"
            raise LinkError(msg, hint="connect without dronekit: --connect udp:…")

    # modes and missions

    def _set_mode(self, command: SetMode) -> Answer:
        try:
            self._vehicle.wait_for_mode(command.mode.value, timeout=_MODE_S)
        except self._dronekit.TimeoutError:
            return Answer(accepted=False, reason=f"the vehicle stays in {self._vehicle.mode.name}")
        return Answer(accepted=True)

    def _store(self, items: Sequence[MissionItem]) -> Answer:
        fidelity = Fidelity(self.decoder.firmware, self.decoder.home_items)
        if reason := unfit(PlanKind.MISSION, items, fidelity):
            return Answer(accepted=False, reason=f"{self.url}: {reason}")
        self.forget()
        limit_s = _TRANSFER_S + _ITEM_S * len(items)
        try:
            self._within(limit_s + 1.0, f"upload {len(items)} mission items", lambda: self._upload(items, limit_s))
        except LinkError:
            if reason := self._refused():
                return Answer(accepted=False, reason=f"{self.url}: the vehicle refused {len(items)} items: {reason}")
            raise
        messages = self._stored()
        exact = all(message.get_type() == "MISSION_ITEM_INT" for message in messages)
        fidelity = Fidelity(fidelity.firmware, fidelity.home_items, INT_POSITION_DEG if exact else FLOAT_POSITION_DEG)
        wrong = differences(PlanKind.MISSION, items, [from_message(message) for message in messages], fidelity)
        if wrong:
            return Answer(accepted=False, reason=f"{self.url}: the mission read back differs: {wrong[0]}")
        return Answer(accepted=True)

    def _upload(self, items: Sequence[MissionItem], limit_s: float) -> None:
        sequence = self._vehicle.commands
        sequence.clear()
        self._vehicle._wploader.clear()  # noqa: SLF001  clear() keeps the home of an earlier download
        for item in items:
            fields = {"target_system": 0, "target_component": 0, "seq": 0} | to_fields(item)
            sequence.add(self._dronekit.CommandInt(**fields))
        sequence.upload(timeout=limit_s)

    def _refused(self) -> str:
        """Return why the vehicle did not take the mission, as far as it said so."""
        self._pump(0.0)
        results = [m.type for m in self._inbox.answers if m.get_type() == "MISSION_ACK" and m.type]
        return refusal(results[-1]) if results else ""

    def _stored(self) -> list[Any]:
        """Return the messages of what the vehicle stores; dronekit waits for ever for the items of an empty mission."""
        loaded = threading.Event()
        sequence = self._vehicle.commands

        def notice(*_: object) -> None:
            loaded.set()

        self._vehicle.add_attribute_listener("commands", notice)
        self.forget()
        self._within(_CLOSE_S, "ask for the mission", sequence.download)
        until, count = time.monotonic() + _TRANSFER_S, -1
        try:
            while not loaded.is_set() and count != 0:
                if time.monotonic() > until:
                    msg = f"{self.url}: dronekit did not read the mission within {_TRANSFER_S:.0f} s"
                    raise LinkError(msg, hint="is the link good? dronekit repeats no request; --connect udp:… does")
                message = self.await_any(frozenset({"MISSION_COUNT", "MISSION_ITEM", "MISSION_ITEM_INT"}), 0.1)
                if message is not None:
                    until = time.monotonic() + _TRANSFER_S
                    count = message.count if message.get_type() == "MISSION_COUNT" else count
        finally:
            self._vehicle.remove_attribute_listener("commands", notice)
            self._vehicle.notify_attribute_listeners("commands", sequence)  # else its next call waits for this one
        loader = self._vehicle._wploader  # noqa: SLF001  the public list leaves out item 0
        return [loader.wp(index) for index in range(loader.count())] if count else []

    # the threads of dronekit

    def _pump(self, timeout_s: float) -> None:
        """Take in what dronekit has heard; waits up to ``timeout_s`` for something."""
        self._need_vehicle()
        try:
            self._inbox.take(self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait())
            while True:
                self._inbox.take(self._queue.get_nowait())
        except queue.Empty:
            pass
        if self._inbox.heard_heartbeat:
            self._wishes.ask(self, self._inbox.heard_s)
        self._inbox.keep_log()

    def _within(self, seconds: float, what: str, action: Callable[[], Any]) -> Any:
        """Call dronekit in a thread that may be left behind."""
        results: list[Any] = []
        troubles: list[Exception] = []

        def act() -> None:
            try:
                results.append(action())
            except (self._dronekit.APIException, OSError) as error:
                troubles.append(error)

        acting = threading.Thread(target=act, daemon=True)
        acting.start()
        acting.join(seconds)
        if results:
            return results[0]
        why = str(troubles[0]) if troubles else f"not within {seconds:.0f} s"
        msg = f"{self.url}: dronekit could not {what}: {why or 'time-out'}"
        raise LinkError(msg, hint="is the vehicle switched on and the address right? --connect udp:… tells more")

    def _need_vehicle(self) -> Any:
        if self._vehicle is None:
            msg = f"{self.url} is not open"
            raise LinkError(msg, hint="open the link first")
        return self._vehicle


def _dronekit() -> Any:
    """Return dronekit, speaking MAVLink 2 from its first word: pymavlink decides that when it is loaded."""
    os.environ["MAVLINK20"] = "1"
    try:
        importlib.import_module("pymavlink.mavutil").set_dialect("ardupilotmega")
        dronekit = importlib.import_module("dronekit")
    except ImportError as error:
        msg = "dronekit is not installed"
        raise LinkError(msg, hint="pip install dronekit2==3.0.0, or connect without it: --connect udp:…") from error
    for name in ("dronekit", "autopilot"):  # it logs what we report anyhow; a user may add a handler
        logging.getLogger(name).addHandler(logging.NullHandler())
    return dronekit
