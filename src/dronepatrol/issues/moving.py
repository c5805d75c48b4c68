"""Vehicles that drive: seen at one place by one photo each, further along with every photo; they are one thing.

Only things that a single sighting shows are looked at, of kinds that move, in photos that follow each other. Those that
lie along a line at a steady speed are one vehicle, if the photo before or after should have shown each and did not: a
row of parked vehicles, of which every photo shows the next, is none that drives. Three are needed: two may be two.
"""

from dataclasses import dataclass

import numpy as np

from dronepatrol.issues.frames import Frames
from dronepatrol.issues.sightings import Floats, Ints

MOVING_KINDS = frozenset({"car_parking", "bike_parking", "car", "van", "truck", "bus", "motorcycle", "bicycle"})
"""Classes, and kinds, of what drives."""
_LEAST = 3
_LONGEST_GAP_S = 8.0
_SPEED_M_S = (1.5, 35.0)
_STRAY_M = 3.0  # 1 sigma by which a driver departs from a steady course between photos
_SIZE_RATIO = 1.6
_INSIDE_M = 3.0


@dataclass(frozen=True, slots=True)
class Once:
    """k things that one sighting each shows: ``place_m`` (k, 2), ``sigma_m``, ``time_s``, ``length_m`` (k,).

    ``photo``, ``flight`` and ``kind`` (k,) number them. Times that are not known are NaN.
    """

    place_m: Floats
    sigma_m: Floats
    time_s: Floats
    length_m: Floats
    photo: Ints
    flight: Ints
    kind: Ints
    frames: Frames


def courses(things: Once) -> list[list[int]]:
    """Return lists of things, in the order of time, each of which is one vehicle that drove."""
    order = np.lexsort((things.time_s, things.kind, things.flight))
    order = order[np.isfinite(things.time_s[order])]
    used: set[int] = set()
    found = []
    for at, first in enumerate(order.tolist()):
        if first in used:
            continue
        best: list[int] = []
        for second in _next(things, order, at, first):
            if second not in used:
                course = _followed(things, order, [first, second], used)
                best = course if len(course) > len(best) else best
        if len(best) >= _LEAST:
            used.update(best)
            found.append(best)
    return found


def _next(things: Once, order: Ints, at: int, first: int) -> list[int]:
    """Return what may be the same vehicle a photo later."""
    out = []
    for other in order[at + 1 :].tolist():
        gap_s = things.time_s[other] - things.time_s[first]
        if (
            things.flight[other] != things.flight[first]
            or things.kind[other] != things.kind[first]
            or gap_s > _LONGEST_GAP_S
        ):
            break
        if gap_s > 0 and _alike(things, first, other) and _missed(things, first, other):
            speed = float(np.linalg.norm(things.place_m[other] - things.place_m[first])) / gap_s
            if _SPEED_M_S[0] < speed < _SPEED_M_S[1]:
                out.append(other)
    return out


def _alike(things: Once, a: int, b: int) -> bool:
    small, large = sorted((things.length_m[a], things.length_m[b]))
    return bool(large <= _SIZE_RATIO * small)


def _missed(things: Once, a: int, b: int) -> bool:
    """Whether the photo of one should have shown the other, well inside its edge."""
    photos, places = things.photo[[b, a]], things.place_m[[a, b]]
    return bool((things.frames.inside_m(photos, places) > _INSIDE_M).any())


def _followed(things: Once, order: Ints, course: list[int], used: set[int]) -> list[int]:
    """Return the course continued as long as a thing lies where its speed takes it."""
    course = list(course)
    while True:
        a, b = course[-2], course[-1]
        velocity = (things.place_m[b] - things.place_m[a]) / (things.time_s[b] - things.time_s[a])
        at = int(np.flatnonzero(order == b)[0])
        ahead = None
        for other in _next(things, order, at, b):
            gap_s = things.time_s[other] - things.time_s[b]
            expected = things.place_m[b] + velocity * gap_s
            stretch = 1.0 + gap_s / (things.time_s[b] - things.time_s[a])
            sigma = np.hypot(stretch * things.sigma_m[b], _STRAY_M)
            near = np.linalg.norm(things.place_m[other] - expected) < 3 * sigma
            if near and other not in used and other not in course:
                ahead = other
                break
        if ahead is None:
            return course
        course.append(ahead)
