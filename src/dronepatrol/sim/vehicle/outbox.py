"""What the vehicle wants to say, kept until the link sends it."""

from collections.abc import Callable

from dronepatrol.sim.vehicle.numbers import Severity

Field = int | float | bytes | list[int] | list[float]
Message = tuple[str, dict[str, Field]]
"""A MAVLink message: its name in lower case, and its fields in MAVLink's units."""


class Outbox:
    """Messages in the order in which they were said."""

    def __init__(self) -> None:
        self._waiting: list[Message] = []
        self.listener: Callable[[str], None] | None = None
        self.muted = False

    def put(self, name: str, **fields: Field) -> None:
        """Add a message; while muted nothing is said."""
        if not self.muted:
            self._waiting.append((name, fields))

    def text(self, severity: Severity, words: str) -> None:
        """Add a line for the operator; the listener, if there is one, hears it too."""
        if self.listener is not None:
            self.listener(words)
        self.put("statustext", severity=int(severity), text=words.encode("ascii", "replace")[:50])

    def take(self) -> list[Message]:
        """Return everything that waits, and keep nothing."""
        waiting, self._waiting = self._waiting, []
        return waiting
