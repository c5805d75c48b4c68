"""The vehicle's end of the link: MAVLink 2 by pymavlink, over UDP or TCP. It talks to whoever spoke to it last."""

import os
import socket
from typing import Any, Protocol

from dronepatrol.errors import LinkError
from dronepatrol.sim.vehicle.outbox import Field

os.environ.setdefault("MAVLINK20", "1")

_COMPONENT = 1  # MAV_COMP_ID_AUTOPILOT1
_PACKETS_AT_ONCE = 64
_MOST_UNSENT = 1 << 20  # bytes that may wait for a slow reader


class Socket(Protocol):
    """What carries the bytes."""

    url: str

    @property
    def has_peer(self) -> bool:
        """Whether there is somebody to talk to."""
        ...

    def filenos(self) -> list[int]:
        """Return what to wait for."""
        ...

    def receive(self) -> list[bytes]:
        """Return what has come."""
        ...

    def send(self, packet: bytes) -> bool:
        """Send a packet; return whether there was room."""
        ...

    def close(self) -> None:
        """Let go of the port."""
        ...


def _listen(kind: socket.SocketKind, name: str, host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, kind)
    if kind is socket.SOCK_STREAM:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        if kind is socket.SOCK_STREAM:
            opened.listen(1)
    except OSError as error:
        opened.close()
        msg = f"cannot listen on {name}:{host}:{port}: {error.strerror or error}"
        raise LinkError(msg, hint="choose another port, or 0 for any free one") from error
    opened.setblocking(False)
    return opened


def _url(name: str, opened: socket.socket) -> str:
    host, port = opened.getsockname()
    return f"{name}:{host}:{port}"


class UdpSocket:
    """A UDP port; the peer is whoever was heard last.

    Raises
    ------
    LinkError
        When the port is in use or the address is not ours.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listen(socket.SOCK_DGRAM, "udp", host, port)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _MOST_UNSENT)
        self.url = _url("udp", self._socket)
        self._peer: tuple[str, int] | None = None

    @property
    def has_peer(self) -> bool:
        """Whether anybody has spoken to the vehicle."""
        return self._peer is not None

    def filenos(self) -> list[int]:
        """Return what to wait for."""
        return [self._socket.fileno()]

    def receive(self) -> list[bytes]:
        """Return the datagrams that have come."""
        packets: list[bytes] = []
        for _ in range(_PACKETS_AT_ONCE):
            try:
                packet, self._peer = self._socket.recvfrom(4096)
            except (BlockingIOError, ConnectionRefusedError):
                break
            packets.append(packet)
        return packets

    def send(self, packet: bytes) -> bool:
        """Send a datagram to the peer."""
        try:
            if self._peer is not None:
                self._socket.sendto(packet, self._peer)
        except BlockingIOError:
            return False
        except ConnectionRefusedError:
            return True  # UDP: nobody there
        return True

    def close(self) -> None:
        """Let go of the port."""
        self._socket.close()


class TcpSocket:
    """A TCP port with one connection at a time, as SITL's 5760: a new one takes the old one's place.

    Raises
    ------
    LinkError
        When the port is in use or the address is not ours.
    """

    def __init__(self, host: str, port: int) -> None:
        self._listening = _listen(socket.SOCK_STREAM, "tcp", host, port)
        self.url = _url("tcp", self._listening)
        self._connection: socket.socket | None = None
        self._unsent = b""

    @property
    def has_peer(self) -> bool:
        """Whether somebody is connected."""
        return self._connection is not None

    def filenos(self) -> list[int]:
        """Return what to wait for."""
        connection = self._connection
        return [self._listening.fileno()] + ([connection.fileno()] if connection is not None else [])

    def receive(self) -> list[bytes]:
        """Take a new connection, and return the bytes that have come."""
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            pass
        else:
            self._drop()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection
        if self._connection is None:
            return []
        try:
            came = self._connection.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            came = b""
        if not came:
            self._drop()
        return [came] if came else []

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._unsent = None, b""

    def send(self, packet: bytes) -> bool:
        """Send bytes; what finds no room waits."""
        if self._connection is None:
            return True
        if len(self._unsent) > _MOST_UNSENT:
            return False
        self._unsent += packet
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            return True
        except OSError:
            self._drop()
            return True
        self._unsent = self._unsent[sent:]
        return True

    def close(self) -> None:
        """Let go of the port."""
        self._drop()
        self._listening.close()


class MavlinkServer:
    """Speaks MAVLink 2 (ardupilotmega) through a socket."""

    def __init__(self, carrier: Socket, system_id: int, *, stream: bool) -> None:
        from pymavlink.dialects.v20 import ardupilotmega as dialect  # noqa: PLC0415  (0.2 s; not at import)

        self._dialect, self.carrier, self._stream = dialect, carrier, stream
        self._codec = dialect.MAVLink(None, srcSystem=system_id, srcComponent=_COMPONENT)
        self._decoder = self._new_decoder()

    def _new_decoder(self) -> Any:
        decoder = self._dialect.MAVLink(None)
        decoder.robust_parsing = True
        return decoder

    def decode(self, packet: bytes) -> list[Any]:
        """Return the messages in a packet; bytes that are none are dropped."""
        if not self._stream:  # a new one: what is cut off in one datagram spoils no other
            self._decoder = self._new_decoder()
        messages = self._decoder.parse_buffer(packet) or []
        return [message for message in messages if message.get_type() != "BAD_DATA"]

    def encode(self, name: str, fields: dict[str, Field]) -> bytes:
        """Return a message's bytes."""
        message = getattr(self._dialect, f"MAVLink_{name}_message")(**fields)
        packet = bytes(message.pack(self._codec))
        self._codec.seq = (self._codec.seq + 1) % 256
        return packet

    def number(self, name: str) -> int:
        """Return a message's number."""
        return int(getattr(self._dialect, f"MAVLINK_MSG_ID_{name.upper()}"))
