"""Problems in the city, as found and as checked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IssueStatus(StrEnum):
    """Where an issue stands; a detector only suspects, a person says what it is."""

    SUSPECTED = "suspected"  # nobody has said
    CONFIRMED = "confirmed"  # the thing is there, and a problem
    ALLOWED = "allowed"  # the thing is there, and no problem: a car in a bay
    REJECTED = "rejected"  # there is no such thing


@dataclass(frozen=True, slots=True)
class ProblemClass:
    """A kind of problem and its national code."""

    id: str
    zh: str
    en: str
    code: str
    code_system: str
    local_extension: bool  # the national table has no code of its own for it: ``code`` is the nearest


@dataclass(frozen=True, slots=True)
class Ellipse95:
    """The ellipse that holds the true place with 95 % probability; azimuth of the long axis, clockwise from north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One photo that shows the issue; ``xyxy_px`` as in ``Detections``; ``crop`` is a file in the patrol folder."""

    shot_id: str
    photo: str
    xyxy_px: tuple[float, float, float, float]
    score: float
    crop: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A problem in the city, seen in one or more observations."""

    id: str
    problem: ProblemClass
    lon_deg: float
    lat_deg: float
    covariance_en_m2: tuple[float, float, float]  # east-east, east-north, north-north
    error95_m: float
    ellipse95: Ellipse95
    confidence: float
    status: IssueStatus
    first_seen: datetime | None
    last_seen: datetime | None
    town: str | None
    observations: int
    length_m: float
    width_m: float
    rule: str  # how it was checked against the registers, in words
    evidence: tuple[Evidence, ...]
    moving: bool = False  # seen further along by each photo; the place is the last one
