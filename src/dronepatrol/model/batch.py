"""What became of the items of a batch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that could not be used, and why; the rest of its batch goes on."""

    item: str
    reason: str
    hint: str = ""
