"""What became of a flight."""

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd


class Outcome(StrEnum):
    """How a sortie ended."""

    LANDED = "landed"  # mission flown, landed at home, disarmed
    RETURNED_EARLY = "returned early"  # landed and disarmed before the mission was done
    NOT_FLOWN = "not flown"  # never armed
    UNSUPERVISED = "unsupervised"  # we lost or left the vehicle while it was armed


@dataclass(frozen=True, slots=True)
class FlightLog:
    """What the link heard during one sortie; ``track`` follows ``tables.TRACK``."""

    sortie_id: str
    outcome: Outcome
    reason: str
    track: pd.DataFrame
    photos: int
    length_m: float
    time_s: float
    battery_used_share: float
    stopped: bool = False  # by the operator, with Ctrl-C
    skipped: bool = False  # by the operator, who wants the next sortie flown
