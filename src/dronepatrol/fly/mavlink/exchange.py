"""What every protocol needs of a link to one vehicle, and how long it waits.

The MAVLink guide's time-outs (1500 ms, 250 ms for items) and 5 retries make 9 s of patience without progress. We spend
the same 9 s in more and shorter tries. Where 20 % of the packets are lost each way, 36 % of all exchanges fail: six
tries would give up on each with a chance of 0.2 %, so that three uploads of 700 items in four would fail, and where
30 % are lost each way nearly all. Resent and repeated messages are harmless: both sides name the sequence number or the
command that they speak of.
"""

from typing import Any, Protocol

from dronepatrol.fly.link import VehicleEvent
from dronepatrol.fly.mavlink.decode import Decoder

PATIENCE_S = 9.0
RESEND_S = 0.75
ITEM_RESEND_S = 0.25


class Exchange(Protocol):
    """One vehicle's autopilot, to speak to and to listen to."""

    url: str
    decoder: Decoder
    """What is known of the vehicle."""

    def post(self, name: str, **fields: Any) -> None:
        """Send a message (lower case, as in MAVLink); target fields are filled in."""
        ...

    def await_any(self, names: frozenset[str], timeout_s: float) -> Any | None:
        """Return the vehicle's next message of these kinds, or None when none comes in time."""
        ...

    def forget(self) -> None:
        """Drop what was answered before now."""
        ...

    def report(self, event: VehicleEvent) -> None:
        """Add what is known of the vehicle though no message said it."""
        ...

    def silent_s(self) -> float:
        """Return how long ago the vehicle was last heard, in any message."""
        ...
