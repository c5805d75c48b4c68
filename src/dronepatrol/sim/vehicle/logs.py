"""The vehicle's logs: written while it is armed, and handed out over MAVLink (LOG_REQUEST_LIST, LOG_REQUEST_DATA)."""

from collections.abc import Sequence

from dronepatrol.sim.vehicle.camera import Photo
from dronepatrol.sim.vehicle.dataflash import DataflashLog
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import State

_CHUNK = 90  # bytes in a LOG_DATA
_CHUNKS_AT_ONCE = 40
_SAMPLE_STEPS = 5


class Logs:
    """Writes a log per flight, and sends what is asked for, some chunks at a time."""

    def __init__(self, state: State, outbox: Outbox, photos: Sequence[Photo]) -> None:
        self._state, self._outbox, self._photos = state, outbox, photos
        self._logs: list[DataflashLog] = []
        self._open: DataflashLog | None = None
        self._logged_photos = 0
        self._mode = state.mode
        self._sending: tuple[int, int, int] | None = None  # log, from, to
        outbox.listener = self._heard

    def _heard(self, words: str) -> None:
        if self._open is not None:
            self._open.message(words)

    def step(self) -> None:
        """Log what has happened in this step; to be called after every one."""
        state, log = self._state, self._open
        if log is None:
            if state.armed:
                self._open = DataflashLog(state)
                self._logs.append(self._open)
                self._mode, self._logged_photos = state.mode, len(self._photos)
            return
        while self._logged_photos < len(self._photos):
            log.photo(self._photos[self._logged_photos])
            self._logged_photos += 1
        if state.mode is not self._mode:
            self._mode = state.mode
            log.mode()
        if state.steps % _SAMPLE_STEPS == 0:
            log.sample()
        if not state.armed:
            log.armed(now=False)
            self._open = None

    def tell_list(self, first: int, last: int) -> None:
        """Say which logs there are (LOG_REQUEST_LIST); where there are none, one entry says so."""
        count = len(self._logs)
        if count == 0:
            self._outbox.put("log_entry", id=0, num_logs=0, last_log_num=0, time_utc=0, size=0)
        for number in range(max(first, 1), min(last, count) + 1):
            log = self._logs[number - 1]
            self._outbox.put(
                "log_entry",
                id=number,
                num_logs=count,
                last_log_num=count,
                time_utc=log.started_unix_s,
                size=len(log.data),
            )

    def send(self, number: int, start: int, count: int) -> None:
        """Begin to send a part of a log (LOG_REQUEST_DATA)."""
        if 1 <= number <= len(self._logs):
            size = len(self._logs[number - 1].data)
            self._sending = number, min(start, size), min(start + count, size)

    def stop(self) -> None:
        """Send no more (LOG_REQUEST_END)."""
        self._sending = None

    def erase(self) -> None:
        """Forget all logs but the one being written (LOG_ERASE)."""
        self._logs = [self._open] if self._open is not None else []
        self._sending = None

    def tick(self) -> None:
        """Send some chunks of what was asked for."""
        for _ in range(_CHUNKS_AT_ONCE if self._sending else 0):
            number, at, end = self._sending or (0, 0, 0)
            chunk = bytes(self._logs[number - 1].data[at : min(at + _CHUNK, end)])
            padded = list(chunk.ljust(_CHUNK, b"\0"))
            self._outbox.put("log_data", id=number, ofs=at, count=len(chunk), data=padded)
            self._sending = (number, at + _CHUNK, end) if at + _CHUNK < end else None
            if self._sending is None:
                return
