"""How far a stage is; stages report, whoever called them draws."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` items of a stage (total 0: not known), with a few words on what is happening."""

    stage: str
    done: float
    total: float
    note: str = ""


Report = Callable[[Progress], None]
"""Takes each step of progress as it happens."""


def silent(progress: Progress) -> None:
    """Take progress and show nothing."""
