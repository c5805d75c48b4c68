"""Bytes to and from a vehicle: UDP, TCP, serial.

Own sockets rather than pymavlink's, which print to stdout, hide the receive buffer's size and cannot be waited on
together with a time-out.
"""

import errno
import select
import socket
from typing import Protocol

from dronepatrol.errors import LinkError
from dronepatrol.fly.mavlink.address import Address, Network, parse
from dronepatrol.fly.mavlink.serial_line import SerialLine

_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024  # a second of telemetry of a simulated vehicle at factor 100, many times over
_DATAGRAM_BYTES = 65535
_CHUNKS_AT_ONCE = 2000
_MOST_PEERS = 32

_HINT = "is the vehicle or the simulator running, and is the address right?"
_HINTS = {
    errno.EADDRINUSE: "another ground station listens there: close it, or choose another port",
    errno.EACCES: "may this user open it? A serial line needs the group that owns it (often dialout)",
    errno.EBUSY: "another program has it open: close that one",
}


Chunk = tuple[bytes, Address | None]
"""What came, a datagram or a piece of a stream, and who sent it, where that may be more than one."""


class Transport(Protocol):
    """A byte pipe to one vehicle or to several."""

    def read(self, timeout_s: float) -> list[Chunk]:
        """Return all chunks that are there; waits up to ``timeout_s`` for the first."""
        ...

    def settle(self, sender: Address | None) -> None:
        """Speak and listen to this sender alone from now on."""
        ...

    def write(self, packet: bytes) -> None:
        """Send one packet; what cannot be sent now is lost, as on any radio."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


def open_transport(url: str) -> Transport:
    """Open an address; a socket that listens answers everybody who speaks, until it settles for one.

    Raises
    ------
    InputError
        When the address cannot be understood.
    LinkError
        When it cannot be opened.
    """
    place = parse(url)
    try:
        if not isinstance(place, Network):
            return SerialLine(place)
        return _Stream(place.address) if place.stream else _Datagrams(place.address, listens=place.listens)
    except OSError as error:
        msg = f"{url} cannot be opened: {error.strerror or error}"
        raise LinkError(msg, hint=_HINTS.get(error.errno or 0, _HINT)) from error


class _Datagrams:
    """UDP."""

    def __init__(self, address: Address, *, listens: bool) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            self._socket.setblocking(False)
            self._peers: set[Address] = set()
            self._settled = not listens
            if listens:
                self._socket.bind(address)
            else:
                self._peers.add((socket.gethostbyname(address[0]), address[1]))
        except OSError:
            self._socket.close()
            raise

    def read(self, timeout_s: float) -> list[Chunk]:
        chunks: list[Chunk] = []
        if self._socket.getsockname()[1] == 0:
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
            if not self._settled and len(self._peers) < _MOST_PEERS:
                self._peers.add(sender)
            if sender in self._peers:
                chunks.append((chunk, sender))
        return chunks

    def settle(self, sender: Address | None) -> None:
        if sender is not None and not self._settled:
            self._peers, self._settled = {sender}, True

    def write(self, packet: bytes) -> None:
        for peer in self._peers:
            try:
                self._socket.sendto(packet, peer)
            except (BlockingIOError, ConnectionError):
                continue

    def close(self) -> None:
        self._socket.close()


class _Stream:
    """TCP."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=5.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> list[Chunk]:
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        try:
            chunk = self._socket.recv(_DATAGRAM_BYTES)
        except OSError:
            chunk = b""
        if not chunk:  # the other side has gone: be silent, not busy
            select.select([], [], [], timeout_s)
            return []
        return [(chunk, None)]

    def settle(self, sender: Address | None) -> None:
        """Do nothing: there is one sender."""

    def write(self, packet: bytes) -> None:
        try:
            self._socket.sendall(packet)
        except OSError:
            return

    def close(self) -> None:
        self._socket.close()
