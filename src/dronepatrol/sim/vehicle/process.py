"""Starting an embedded vehicle as a process of its own, and ending it."""

import contextlib
import selectors
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import IO, Self

from dronepatrol.errors import LinkError
from dronepatrol.sim.vehicle.config import VehicleConfig

_START_S = 30.0
_STOP_S = 10.0


class VehicleProcess:
    """A running vehicle; leaving the ``with`` block ends it. It also ends when this process does.

    ``url`` is where a ground station reaches it.
    """

    def __init__(self, process: "subprocess.Popen[str]", url: str, errors: IO[str]) -> None:
        self._process, self.url, self._errors = process, url, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End the process and wait for it; the truth of its photos is written by then.

        Raises
        ------
        LinkError
            When it ended with an error; the message is the vehicle's own.
        """
        if self._errors.closed:
            return
        if self.running:
            self._process.terminate()
        try:
            code = self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        _close(self._process)
        words = _last_line(self._errors)
        self._errors.close()
        if code != 0:
            msg = f"the embedded vehicle at {self.url} ended with exit code {code}: {words}"
            raise LinkError(msg, hint="fly again")


def start(config: VehicleConfig, timeout_s: float = _START_S) -> VehicleProcess:
    """Start a vehicle and wait until it listens.

    Raises
    ------
    LinkError
        When it does not start; the message says why.
    """
    command = [sys.executable, "-m", "dronepatrol.sim.vehicle", "--tied", *config.arguments()]
    errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed by stop)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,  # Ctrl-C in the terminal is for the ground station, which brings the vehicle home
    )
    url = _first_line(process, timeout_s)
    if url:
        return VehicleProcess(process, url, errors)
    process.kill()
    process.wait()
    _close(process)
    words = _last_line(errors) or f"it said nothing within {timeout_s:.0f} s"
    errors.close()
    msg = f"the embedded vehicle did not start: {words}"
    raise LinkError(msg)


def _first_line(process: "subprocess.Popen[str]", timeout_s: float) -> str:
    if process.stdout is None:
        return ""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline().strip() if selector.select(timeout_s) else ""


def _close(process: "subprocess.Popen[str]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _last_line(errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    return lines[-1] if lines else ""
