"""A serial line or a USB modem, by the system's own terminal interface."""

import fcntl
import os
import select
import termios
import tty

from dronepatrol.errors import InputError
from dronepatrol.fly.mavlink.address import Address, Serial

_CHUNK_BYTES = 65535
_MOST_UNSENT_BYTES = 16384
_INPUT_SPEED, _OUTPUT_SPEED, _CONTROL_FLAGS = 4, 5, 2  # places in what tcgetattr returns


class SerialLine:
    """A line with eight bits, no parity, one stop bit and no flow control, for us alone.

    Raises
    ------
    InputError
        When the speed is none that a serial line has.
    OSError
        When the device cannot be opened, or is no serial line.
    """

    def __init__(self, place: Serial) -> None:
        speed = getattr(termios, f"B{place.baud}", None)
        if not speed:
            msg = f"serial line {place.device}: {place.baud} is no speed of a serial line"
            raise InputError(msg, hint="telemetry modems have 57600, USB cables 115200")
        self._line = os.open(place.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(self._line)
            modes = termios.tcgetattr(self._line)
            modes[_INPUT_SPEED] = modes[_OUTPUT_SPEED] = speed
            modes[_CONTROL_FLAGS] = (modes[_CONTROL_FLAGS] | termios.CLOCAL | termios.CREAD) & ~termios.CRTSCTS
            termios.tcsetattr(self._line, termios.TCSANOW, modes)
            fcntl.ioctl(self._line, termios.TIOCEXCL)
        except termios.error as error:
            os.close(self._line)
            raise OSError(*error.args) from error
        self._unsent = b""

    def read(self, timeout_s: float) -> list[tuple[bytes, Address | None]]:
        """See ``Transport``; what could not be sent is tried again first."""
        self._send()
        if not select.select([self._line], [], [], timeout_s)[0]:
            return []
        try:
            chunk = os.read(self._line, _CHUNK_BYTES)
        except OSError:
            chunk = b""
        if not chunk:  # unplugged: be silent, not busy
            select.select([], [], [], timeout_s)
            return []
        return [(chunk, None)]

    def settle(self, sender: Address | None) -> None:
        """Do nothing: there is one sender."""

    def write(self, packet: bytes) -> None:
        """See ``Transport``; a slow line keeps packets waiting, a stuck one loses them whole."""
        if len(self._unsent) + len(packet) <= _MOST_UNSENT_BYTES:
            self._unsent += packet
        self._send()

    def _send(self) -> None:
        if not self._unsent:
            return
        try:
            sent = os.write(self._line, self._unsent)
        except OSError:
            return
        self._unsent = self._unsent[sent:]

    def close(self) -> None:
        """See ``Transport``."""
        os.close(self._line)
