"""The link with its faults: packets lost and late, each way, in real time; what must not be lost is sent again.

SIM_UART_LOSS is the percentage of packets that get lost, SIM_LINK_LAG the milliseconds that each takes. Where the
socket has no room, camera feedback, answers and texts wait; telemetry is dropped.
"""

from collections import deque
from random import Random
from typing import Any

from dronepatrol.sim.vehicle.mavlink import MavlinkServer
from dronepatrol.sim.vehicle.outbox import Message
from dronepatrol.sim.vehicle.parameters import Parameters

_KEPT = ("camera_feedback", "statustext", "command_ack", "mission_", "param_value", "log_")


class Radio:
    """Sends and receives messages."""

    def __init__(self, server: MavlinkServer, parameters: Parameters, dice: Random) -> None:
        self._server, self._parameters, self._dice = server, parameters, dice
        self._coming: deque[tuple[float, bytes]] = deque()
        self._going: deque[tuple[float, bytes, bool]] = deque()

    def receive(self, now_s: float) -> list[Any]:
        """Return the messages that have arrived by now."""
        for packet in self._server.carrier.receive():
            if not self._lost():
                self._coming.append((now_s + self._lag_s(), packet))
        messages: list[Any] = []
        while self._coming and self._coming[0][0] <= now_s:
            messages += self._server.decode(self._coming.popleft()[1])
        return messages

    def send(self, messages: list[Message], now_s: float) -> None:
        """Send messages, and those before them that are still on the way."""
        if not self._server.carrier.has_peer:
            self._going.clear()
            return
        due_s = now_s + self._lag_s()
        for name, fields in messages:
            packet = self._server.encode(name, fields)
            if not self._lost():
                self._going.append((due_s, packet, name.startswith(_KEPT)))
        while self._going and self._going[0][0] <= now_s:
            due_s, packet, kept = self._going.popleft()
            if not self._server.carrier.send(packet) and kept:
                self._going.appendleft((due_s, packet, kept))
                return

    def _lost(self) -> bool:
        percent = self._parameters["SIM_UART_LOSS"]
        return percent > 0 and self._dice.uniform(0.0, 100.0) < percent

    def _lag_s(self) -> float:
        return self._parameters["SIM_LINK_LAG"] / 1000
