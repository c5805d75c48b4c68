"""Ctrl-C, heard by everybody who flies."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class SecondInterrupt(KeyboardInterrupt):
    """Ctrl-C was pressed again."""


class Interrupts:
    """Counts Ctrl-C instead of being torn out of a command by it: the first brings home, the second leaves.

    One object may be shared by the threads of several flights. It listens while it is entered, in the main thread; in
    others nothing is caught, for Python delivers none there. With ``tears`` the second one is raised, out of whatever
    the main thread waits for.
    """

    def __init__(self, *, tears: bool = True) -> None:
        self.count = 0
        self.reason = "stopped by the operator"
        self._tears = tears
        self._previous: Any = None

    def __enter__(self) -> Self:
        if _in_main_thread():
            self._previous = signal.signal(signal.SIGINT, self._caught)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _in_main_thread():
            signal.signal(signal.SIGINT, self._previous)

    def bring_home(self, reason: str) -> None:
        """Call every vehicle back as the first Ctrl-C would, for another reason."""
        if not self.count:
            self.reason, self.count = reason, 1

    def _caught(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1 and self._tears:
            raise SecondInterrupt


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
