"""Telemetry logs as ground stations write them: each packet after eight big-endian bytes of wall-clock microseconds."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError
from dronepatrol.fly.link import VehicleEvent
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.decode import Decoder

_STAMP = struct.Struct(">Q")
_HEADER_BYTES = {0xFE: 6, 0xFD: 10}
_SIGNED = 0x01
_SIGNATURE_BYTES = 13


class TlogWriter:
    """Appends packets of both directions; a full disk stops the log, never the flight.

    A log that is there already is kept as ``<name>.1.tlog``, ``<name>.2.tlog``, ….
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > 0:
            names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
            path.rename(next(name for name in names if not name.exists()))
        self._path = path
        self._file: BinaryIO | None = path.open("wb")
        self.trouble = ""
        """Why writing stopped, or empty."""

    def write(self, packet: bytes) -> None:
        """Append one packet, stamped now."""
        self._guarded(lambda file: file.write(_STAMP.pack(time.time_ns() // 1000) + packet))

    def flush(self) -> None:
        """Hand what was written to the system, so that a crash of ours loses at most a second."""
        self._guarded(lambda file: file.flush())

    def close(self) -> None:
        """End the log."""
        self._guarded(lambda file: file.close())
        self._file = None

    def _guarded(self, action: Callable[[BinaryIO], object]) -> None:
        if self._file is None:
            return
        try:
            action(self._file)
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}; the telemetry log ends here"
            with suppress(OSError):  # it tries once more to write what it holds
                self._file.close()
            self._file = None


def packets(path: Path) -> Iterator[tuple[datetime, bytes]]:
    """Yield (wall-clock time, packet) from a telemetry log; a torn last packet ends it quietly.

    Raises
    ------
    InputError
        When the file cannot be read or is no telemetry log.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise InputError(msg) from error
    at = 0
    while at + _STAMP.size + 3 <= len(content):
        start = at + _STAMP.size
        header = _HEADER_BYTES.get(content[start])
        if header is None:
            msg = f"{path}: byte {start} is {content[start]:#04x}; expected the start of a MAVLink packet"
            raise InputError(msg, hint="is it a telemetry log (.tlog)?")
        signed = header == 10 and content[start + 2] & _SIGNED
        end = start + header + content[start + 1] + 2 + (_SIGNATURE_BYTES if signed else 0)
        if end > len(content):
            return
        (stamp_us,) = _STAMP.unpack_from(content, at)
        yield datetime.fromtimestamp(stamp_us / 1e6, UTC), content[start:end]
        at = end


def read_tlog(path: Path, *, system_id: int | None = None) -> Iterator[tuple[datetime, VehicleEvent]]:
    """Yield (wall-clock time, event) of one vehicle from a telemetry log.

    Parameters
    ----------
    path
        The log.
    system_id
        The vehicle; None for the first that is no ground station.

    Raises
    ------
    InputError
        When the file cannot be read or is no telemetry log.
    """
    codec, decoder = Codec(), Decoder()
    for time_utc, packet in packets(path):
        for message in codec.parse(packet):
            if system_id is None and message.get_type() == "HEARTBEAT" and codec.is_vehicle(message):
                system_id = message.get_srcSystem()
            if message.get_srcSystem() == system_id:
                for event in decoder.events(message):
                    yield time_utc, event
