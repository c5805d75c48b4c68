"""The vehicle's end of the link: MAVLink 2 over UDP, by pymavlink. It talks to whoever spoke to it last."""

import os
import socket
from typing import Any

from dronepatrol.errors import LinkError
from dronepatrol.sim.vehicle.outbox import Field

os.environ.setdefault("MAVLINK20", "1")

_COMPONENT = 1  # MAV_COMP_ID_AUTOPILOT1
_PACKETS_AT_ONCE = 64


class MavlinkServer:
    """A UDP socket that speaks MAVLink 2 (ardupilotmega).

    Raises
    ------
    LinkError
        When the port is in use or the address is not ours.
    """

    def __init__(self, host: str, port: int, system_id: int) -> None:
        from pymavlink.dialects.v20 import ardupilotmega as dialect  # noqa: PLC0415  (0.2 s; not at import)

        self._dialect = dialect
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            msg = f"cannot listen on udp:{host}:{port}: {error.strerror or error}"
            raise LinkError(msg, hint="choose another port, or 0 for any free one") from error
        self._socket.setblocking(False)
        self._peer: tuple[str, int] | None = None
        self._codec = dialect.MAVLink(None, srcSystem=system_id, srcComponent=_COMPONENT)

    @property
    def url(self) -> str:
        """Where a ground station reaches the vehicle."""
        host, port = self._socket.getsockname()
        return f"udp:{host}:{port}"

    @property
    def has_peer(self) -> bool:
        """Whether anybody has spoken to the vehicle."""
        return self._peer is not None

    def fileno(self) -> int:
        """Return the socket, to wait for."""
        return self._socket.fileno()

    def receive(self) -> list[Any]:
        """Return the messages that have come; bytes that are none are dropped."""
        messages: list[Any] = []
        for _ in range(_PACKETS_AT_ONCE):
            try:
                packet, self._peer = self._socket.recvfrom(4096)
            except (BlockingIOError, ConnectionRefusedError):
                break
            decoder = self._dialect.MAVLink(None)  # a new one: what is cut off in one datagram spoils no other
            decoder.robust_parsing = True
            messages += decoder.parse_buffer(packet) or []
        return [message for message in messages if message.get_type() != "BAD_DATA"]

    def send(self, name: str, fields: dict[str, Field]) -> None:
        """Send a message to the last peer, if there is one."""
        if self._peer is None:
            return
        message = getattr(self._dialect, f"MAVLink_{name}_message")(**fields)
        packet = message.pack(self._codec)
        self._codec.seq = (self._codec.seq + 1) % 256
        try:
            self._socket.sendto(packet, self._peer)
        except (BlockingIOError, ConnectionRefusedError):
            return  # UDP: nobody there, or no room

    def number(self, name: str) -> int:
        """Return a message's number."""
        return int(getattr(self._dialect, f"MAVLINK_MSG_ID_{name.upper()}"))

    def close(self) -> None:
        """Let go of the port."""
        self._socket.close()
