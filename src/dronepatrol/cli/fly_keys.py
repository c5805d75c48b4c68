"""Keys that an operator presses while drones fly: pause, go on, skip, return."""

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dronepatrol.fly.fleet import Desk
from dronepatrol.fly.state import Abort, GoOn, Order, Pause, Skip

_LOOK_S = 0.2
_MOST_DIGITS = 6


class Keyboard:
    """Turns keys into orders for one drone, or for all of them; Tab chooses.

    p pauses, r goes on where it stopped, digits and r go on so that the photo of that number is taken, s ends the
    sortie and flies the next, q returns.
    """

    def __init__(self, drones: Sequence[str], desk: Desk, say: Callable[[str], None]) -> None:
        self._drones, self._desk, self._say = tuple(drones), desk, say
        self._chosen = -1  # all
        self._digits = ""

    @property
    def help(self) -> str:
        """What the keys do, in one line."""
        choose = "Tab choose a drone · " if len(self._drones) > 1 else ""
        return f"{choose}p pause · r go on · 12r go on at photo 12 · s skip sortie · q return · Ctrl-C all home"

    def press(self, key: str) -> None:
        """Take one key; one that means nothing forgets the digits before it."""
        if key.isdecimal() and key.isascii():
            self._digits = (self._digits + key)[-_MOST_DIGITS:]
            return
        digits, self._digits = self._digits, ""
        if key == "\t":
            self._chosen = (self._chosen + 2) % (len(self._drones) + 1) - 1
            self._say(f"keys are for {self._names()}")
        elif (order := _order(key, digits)) is not None:
            for drone in self._drones if self._chosen < 0 else self._drones[self._chosen : self._chosen + 1]:
                self._desk.give(drone, order)
            self._say(f"{_WORDS[type(order)]}: {self._names()}")

    def _names(self) -> str:
        if self._chosen < 0:
            return "all drones" if len(self._drones) > 1 else self._drones[0] or "the drone"
        return self._drones[self._chosen]


_WORDS: dict[type[Order], str] = {Pause: "pause", GoOn: "go on", Skip: "skip the sortie", Abort: "return"}


def _order(key: str, digits: str) -> Order | None:
    orders: dict[str, Order] = {
        "p": Pause(),
        "r": GoOn(int(digits) if digits else None),
        "s": Skip(),
        "q": Abort("called back by the operator"),
    }
    return orders.get(key.lower())


@contextmanager
def keys(keyboard: Keyboard) -> Iterator[None]:
    """Read single keys from the terminal behind stdin; where it is none, read nothing. Ctrl-C stays Ctrl-C."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    ended = threading.Event()
    reader = threading.Thread(target=_read, args=(descriptor, keyboard, ended), daemon=True)
    tty.setcbreak(descriptor)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read(descriptor: int, keyboard: Keyboard, ended: threading.Event) -> None:
    while not ended.is_set():
        if select.select([descriptor], [], [], _LOOK_S)[0]:
            pressed = os.read(descriptor, 64)
            if not pressed:
                return
            for key in pressed.decode(errors="ignore"):
                keyboard.press(key)
