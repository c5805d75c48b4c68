"""What the registers say about a thing: whether it is a problem at all, how sure that is, and in which words.

The place itself decides (in or out of the areas that are in force), because a person must be able to follow it on a
map. How far it is from the nearest edge, measured in its own uncertainty, only lowers the confidence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from math import erf, sqrt
from zoneinfo import ZoneInfo

import shapely

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.taxonomy import Rule
from dronepatrol.model.patrol import RegisterEntry, RegisterKind

LOCAL_TIME = ZoneInfo("Asia/Shanghai")

_RANGE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problem`` says whether it stays an issue, ``probability`` how sure the registers are of that, ``rule`` why."""

    problem: bool
    probability: float
    rule: str


def open_at(hours: str, when: datetime) -> bool:
    """Return whether a time lies in ranges like "06:00-09:00,17:00-21:30" (local time); "" is always.

    A range may pass midnight ("18:00-02:00"). Its end is not in it.

    Raises
    ------
    InputError
        When a range cannot be read; the message names it.
    """
    if not hours.strip():
        return True
    now = when.astimezone(LOCAL_TIME).time()
    return any(_within(part.strip(), now) for part in hours.split(","))


def _within(part: str, now: time) -> bool:
    found = _RANGE.fullmatch(part)
    if not found:
        msg = f"opening hours {part!r} are not a range; expected HH:MM-HH:MM"
        raise InputError(msg, hint='write them as "06:00-09:00,17:00-21:30"')
    numbers = [int(number) for number in found.groups() if number is not None]
    start, end, minute = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3], now.hour * 60 + now.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def in_force(entry: RegisterEntry, when: datetime | None) -> bool:
    """Return whether an entry counts at a time; at an unknown time validity and hours are not asked."""
    if when is None:
        return True
    after = entry.valid_from is None or entry.valid_from <= when
    before = entry.valid_to is None or when <= entry.valid_to
    return after and before and open_at(entry.hours, when)


class Registers:
    """The registers of one patrol in the metres of one frame, ready to be asked for places.

    Parameters
    ----------
    entries
        By kind; a kind that is missing was not given, a kind with no entries was given and is empty.
    frame
        The metric frame that places are asked in.
    """

    def __init__(self, entries: Mapping[RegisterKind, Sequence[RegisterEntry]], frame: LocalFrame) -> None:
        self._frame = frame
        self._entries = entries
        self._areas = {
            kind: [frame.geometry_to_metres(entry.geometry) for entry in of_kind] for kind, of_kind in entries.items()
        }
        self._trees = {kind: shapely.STRtree(areas) for kind, areas in self._areas.items()}

    def check(self, rule: Rule | None, place: shapely.Point, sigma_m: float, when: datetime | None) -> Verdict:
        """Return what the registers say about a place in metres with a 1-sigma uncertainty, seen at a time."""
        if rule is None:
            return Verdict(problem=True, probability=1.0, rule="no register decides this class")
        words = rule.register.value.replace("_", " ")
        if rule.register not in self._areas:
            return Verdict(problem=True, probability=1.0, rule=f"not checked: no register of {words} given")
        inside, margin_m = self._inside(rule.register, place, when)
        problem = (inside is not None) == (rule.where == "inside")
        probability = _normal(margin_m / sigma_m) if sigma_m > 0 else 1.0
        return Verdict(problem, probability, self._words(rule, inside, margin_m, when))

    def _inside(
        self, kind: RegisterKind, place: shapely.Point, when: datetime | None
    ) -> tuple[RegisterEntry | None, float]:
        """Return the entry in force that holds the place, and how far the nearest edge that would change that is."""
        areas, entries = self._areas[kind], self._entries[kind]
        for number in sorted(self._trees[kind].query(place, predicate="intersects").tolist()):
            if in_force(entries[number], when):
                return entries[number], float(areas[number].boundary.distance(place))
        away = [area.distance(place) for area, entry in zip(areas, entries, strict=True) if in_force(entry, when)]
        return None, min(away, default=float("inf"))

    def _words(self, rule: Rule, inside: RegisterEntry | None, margin_m: float, when: datetime | None) -> str:
        words = rule.register.value.replace("_", " ")
        time_known = "" if when else "; time unknown, hours and validity not checked"
        if inside is not None:
            name = f" ({inside.name})" if inside.name else ""
            return f"inside {words} {inside.id}{name}, {margin_m:.1f} m from its edge{time_known}"
        nearest = f"the nearest is {margin_m:.1f} m away" if margin_m != float("inf") else "none is in force"
        return f"outside all {words} in force; {nearest}{time_known}"


def _normal(sigmas: float) -> float:
    """Return the probability that a normal error stays short of an edge so many sigmas away, taken as straight."""
    return 0.5 * (1.0 + erf(sigmas / sqrt(2.0)))
