"""Downloading a vehicle's latest onboard log: LOG_REQUEST_LIST, LOG_REQUEST_DATA, and again for what was lost.

The vehicle sends a log in pieces of 90 bytes, each with its offset, as fast as the link carries them; nothing is
acknowledged. We ask for a window, take what comes, and ask again for each gap. A piece that is not full ends the log:
the size in the list is an estimate on some firmware. An empty one may also end what was asked for, so it counts when it
is all that comes for a place. Logs are not given while the motors run.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from dronepatrol.errors import LinkError
from dronepatrol.files import replacing
from dronepatrol.fly.mavlink.exchange import PATIENCE_S, RESEND_S, Exchange

PIECE_BYTES = 90
_WINDOW_PIECES = 2048
_GAPS_AT_ONCE = 64
_EMPTIES = 3  # so many empty answers for one place end a log
_QUIET_S = 0.3  # as long as nothing comes, the vehicle has sent what we asked for
_SHARE_TOLD = 200  # progress is told in steps of this fraction
_LAST_ID = 0xFFFF


def fetch_log(link: Exchange, path: Path, told: Callable[[int, int], None]) -> bool:
    """Write the latest log to a file, whole or not at all; False where the vehicle keeps none.

    Raises
    ------
    LinkError
        When the vehicle stops answering.
    StorageError
        When the file cannot be written.
    """
    latest = _latest(link)
    if latest is None:
        return False
    with replacing(path) as temporary, temporary.open("r+b") as file:
        size = _Download(link, latest.id, latest.size, file).run(told)
        file.truncate(size)
    link.post("log_request_end")
    return True


def _latest(link: Exchange) -> Any | None:
    """Return the LOG_ENTRY of the newest log, or None where there is none."""
    link.forget()
    first, last, until = 0, _LAST_ID, time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        link.post("log_request_list", start=first, end=last)
        again = time.monotonic() + RESEND_S
        while (left_s := again - time.monotonic()) > 0:
            entry = link.await_any(frozenset({"LOG_ENTRY"}), left_s)
            if entry is None:
                break
            if entry.num_logs == 0:
                return None
            if entry.id == entry.last_log_num:
                return entry
            first = last = entry.last_log_num  # now it is known which one to ask for
    msg = f"{link.url}: no answer to the request for the list of logs for {PATIENCE_S:.0f} s"
    raise LinkError(msg, hint="the log stays on the vehicle: fetch it by cable or by its memory card")


@dataclass
class _Download:
    link: Exchange
    number: int
    size: int
    file: BinaryIO

    def __post_init__(self) -> None:
        self._pieces = -(-self.size // PIECE_BYTES)
        self._have = bytearray(self._pieces)
        self._done = 0
        self._empties: Counter[int] = Counter()

    def run(self, told: Callable[[int, int], None]) -> int:
        """Fetch every piece; return the log's size in bytes."""
        start, told_at = 0, -1
        while start < self._pieces:
            end = min(start + _WINDOW_PIECES, self._pieces)
            self._fill(start, end)
            start = end
            share = self._done * _SHARE_TOLD // max(1, self._pieces)
            if share != told_at:
                told_at = share
                told(min(self._done * PIECE_BYTES, self.size), self.size)
        told(self.size, self.size)
        return self.size

    def _fill(self, start: int, end: int) -> None:
        """Fetch the pieces of one window, however often it takes."""
        heard = time.monotonic()
        while (gaps := list(self._gaps(start, min(end, self._pieces)))) and self.size:
            before = self._done
            for first, last in gaps[:_GAPS_AT_ONCE]:
                self._ask(first, last)
            if self._done > before:
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE_S:
                msg = f"{self.link.url}: log {self.number} stopped at byte {start * PIECE_BYTES} of {self.size}"
                raise LinkError(msg, hint="the log stays on the vehicle: fetch it by cable or by its memory card")

    def _gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the runs of missing pieces as (first, one behind the last)."""
        at = start
        while at < end and (first := self._have.find(0, at, end)) >= 0:
            behind = self._have.find(1, first, end)
            at = end if behind < 0 else behind
            yield first, at

    def _ask(self, first: int, behind: int) -> None:
        """Ask for a run of pieces and take what comes until it is quiet or the last one of the run has come."""
        count = (behind - first) * PIECE_BYTES
        self.link.post("log_request_data", id=self.number, ofs=first * PIECE_BYTES, count=count)
        while (message := self.link.await_any(frozenset({"LOG_DATA"}), _QUIET_S)) is not None:
            if message.id == self.number:
                self._take(message)
                if message.ofs // PIECE_BYTES >= min(behind, self._pieces) - 1:
                    return

    def _take(self, message: Any) -> None:
        piece, rest = divmod(message.ofs, PIECE_BYTES)
        if rest or piece >= self._pieces or message.count > PIECE_BYTES or self._have[piece]:
            return
        if message.count == 0:
            self._empties[piece] += 1
            if self._empties[piece] < _EMPTIES:
                return
        if message.count < PIECE_BYTES and message.ofs + message.count < self.size:  # the log ends earlier than said
            self.size = message.ofs + message.count
            self._pieces = -(-self.size // PIECE_BYTES)
        if message.count:
            self.file.seek(message.ofs)
            self.file.write(bytes(message.data[: message.count]))
        self._have[piece] = 1
        self._done += 1
