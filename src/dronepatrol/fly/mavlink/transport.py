"""Bytes to and from a vehicle: UDP, TCP, serial.

Own sockets rather than pymavlink's, which print to stdout, hide the receive buffer's size and cannot be waited on
together with a time-out.
"""

import importlib
import select
import socket
from typing import Any, Protocol

from dronepatrol.errors import InputError, LinkError

_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024  # a second of telemetry of a simulated vehicle at factor 100, many times over
_DATAGRAM_BYTES = 65535
_DEFAULT_BAUD = 57600
_CHUNKS_AT_ONCE = 2000
_SCHEMES = "udp:HOST:PORT, udpin:HOST:PORT, tcp:HOST:PORT or serial:DEVICE:BAUD"


class Transport(Protocol):
    """A byte pipe; a chunk is a datagram, or whatever a stream had."""

    def read(self, timeout_s: float) -> list[bytes]:
        """Return all chunks that are there; waits up to ``timeout_s`` for the first."""
        ...

    def write(self, packet: bytes) -> None:
        """Send one packet; what cannot be sent now is lost, as on any radio."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


def open_transport(url: str) -> Transport:
    """Open the address.

    ``udp:`` and ``udpout:`` talk to a vehicle that listens at HOST:PORT; ``udpin:`` listens there itself and answers
    whoever speaks first; ``tcp:`` connects; ``serial:`` (or a bare device name) opens a serial line.

    Raises
    ------
    InputError
        When the address cannot be understood.
    LinkError
        When it cannot be opened.
    """
    scheme, _, rest = url.partition(":")
    try:
        if scheme in {"udp", "udpout", "udpin"}:
            return _Datagrams(_host_port(url, rest), listens=scheme == "udpin")
        if scheme == "tcp":
            return _Stream(_host_port(url, rest))
        if scheme == "serial" or url.startswith("/dev/"):
            return _Serial(rest if scheme == "serial" else url)
    except OSError as error:
        msg = f"{url} cannot be opened: {error.strerror or error}"
        raise LinkError(msg, hint="is the vehicle or the simulator running, and is the address right?") from error
    msg = f"{url!r} is no vehicle address; expected {_SCHEMES}"
    raise InputError(msg, hint="for example --connect udp:127.0.0.1:14550")


def _host_port(url: str, rest: str) -> tuple[str, int]:
    host, _, port = rest.removeprefix("//").rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        msg = f"{url!r} is no vehicle address; expected {_SCHEMES}"
        raise InputError(msg, hint="for example --connect udp:127.0.0.1:14550")
    return host, int(port)


class _Datagrams:
    """UDP."""

    def __init__(self, address: tuple[str, int], *, listens: bool) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            self._socket.setblocking(False)
            self._peer: tuple[str, int] | None = None
            if listens:
                self._socket.bind(address)
            else:
                self._peer = (socket.gethostbyname(address[0]), address[1])
        except OSError:
            self._socket.close()
            raise

    def read(self, timeout_s: float) -> list[bytes]:
        chunks: list[bytes] = []
        if self._peer is not None and self._socket.getsockname()[1] == 0:
            return chunks  # nothing sent yet, so nobody knows where to answer
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return chunks
        for _ in range(_CHUNKS_AT_ONCE):
            try:
                chunk, sender = self._socket.recvfrom(_DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except ConnectionError:  # an earlier packet found nobody at home
                continue
            if self._peer is None:
                self._peer = sender
            if sender == self._peer:
                chunks.append(chunk)
        return chunks

    def write(self, packet: bytes) -> None:
        if self._peer is None:
            return
        try:
            self._socket.sendto(packet, self._peer)
        except (BlockingIOError, ConnectionError):
            return

    def close(self) -> None:
        self._socket.close()


class _Stream:
    """TCP."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=5.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> list[bytes]:
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        try:
            chunk = self._socket.recv(_DATAGRAM_BYTES)
        except OSError:
            chunk = b""
        if not chunk:  # the other side has gone: be silent, not busy
            select.select([], [], [], timeout_s)
            return []
        return [chunk]

    def write(self, packet: bytes) -> None:
        try:
            self._socket.sendall(packet)
        except OSError:
            return

    def close(self) -> None:
        self._socket.close()


class _Serial:
    """A serial line or USB modem, as DEVICE or DEVICE:BAUD."""

    def __init__(self, device: str) -> None:
        try:
            serial: Any = importlib.import_module("serial")  # only those who fly over a cable need it
        except ImportError as error:
            msg = f"serial line {device}: pyserial is not installed"
            raise LinkError(msg, hint="pip install pyserial") from error
        name, _, baud = device.rpartition(":")
        if not name or not baud.isdigit():
            name, baud = device, str(_DEFAULT_BAUD)
        self._port: Any = serial.Serial(name, int(baud), timeout=0, write_timeout=0)  # SerialException is an OSError

    def read(self, timeout_s: float) -> list[bytes]:
        select.select([self._port.fileno()], [], [], timeout_s)
        chunk: bytes = self._port.read(_DATAGRAM_BYTES)
        return [chunk] if chunk else []

    def write(self, packet: bytes) -> None:
        try:
            self._port.write(packet)
        except OSError:
            return

    def close(self) -> None:
        self._port.close()
