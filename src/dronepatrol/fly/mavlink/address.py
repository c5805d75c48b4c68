"""Where a vehicle is reached, as users write it."""

from dataclasses import dataclass

from dronepatrol.errors import InputError

Address = tuple[str, int]
_DEFAULT_BAUD = 57600
_SCHEMES = "udp:HOST:PORT, udpin:HOST:PORT, tcp:HOST:PORT or serial:DEVICE:BAUD"


@dataclass(frozen=True, slots=True)
class Network:
    """A host and a port; ``listens`` where the vehicle comes to us, ``stream`` for TCP."""

    address: Address
    listens: bool = False
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial line and its speed in bits per second."""

    device: str
    baud: int


def parse(url: str) -> Network | Serial:
    """Read an address.

    ``udp:`` and ``udpout:`` talk to a vehicle that listens at HOST:PORT; ``udpin:`` listens there itself; ``tcp:``
    connects; ``serial:``, or a bare device name, is a serial line.

    Raises
    ------
    InputError
        When it cannot be understood.
    """
    scheme, _, rest = url.partition(":")
    if scheme in {"udp", "udpout", "udpin", "tcp"}:
        host, _, port = rest.removeprefix("//").rpartition(":")
        if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            return Network((host, int(port)), listens=scheme == "udpin", stream=scheme == "tcp")
    elif scheme == "serial" or url.startswith("/dev/"):
        device = rest if scheme == "serial" else url
        name, _, baud = device.rpartition(":")
        if name and baud.isascii() and baud.isdigit():
            return Serial(name, int(baud))
        if device:
            return Serial(device, _DEFAULT_BAUD)
    msg = f"{url!r} is no vehicle address; expected {_SCHEMES}"
    raise InputError(msg, hint="for example --connect udp:127.0.0.1:14550")
