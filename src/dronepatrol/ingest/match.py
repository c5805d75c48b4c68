"""Photos to camera events by count and time, when the camera's clock is off by nobody knows how much. Pure.

The offset is what makes most photos meet an event of their own. Where a second offset serves nearly as well - evenly
spaced pictures with some missing look the same shifted by one - nothing is matched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.errors import InputError

SLACK_S = 0.3
"""Shutter lag and the jitter of both clocks, to either side of what the resolution of the photos' times explains."""
LEAST_SHARE = 0.9
"""So much of the photos (or of the events, where these are fewer) must meet; fewer is no match."""
MAY_MISS = 1
"""A log may have missed so many pictures, and twice the ones that the best offset leaves over: an offset that leaves
no more than that is as good, and the match ambiguous."""
LEAST_PHOTOS = 3
MOST = 20_000
_ANCHORS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """Which event each photo is: (n) ``event_of``, -1 for none; event time = photo time + ``offset_s``."""

    event_of: NDArray[np.int64]
    offset_s: float
    residual_s: float  # the largest that is left
    tolerance_s: float

    @property
    def matched(self) -> int:
        """How many photos have an event."""
        return int((self.event_of >= 0).sum())


def match(photo_times_s: ArrayLike, event_times_s: ArrayLike) -> Match:
    """Return which photo belongs to which event.

    Parameters
    ----------
    photo_times_s
        (n) seconds of the camera's clock, any origin, NaN where unknown.
    event_times_s
        (m) seconds of the log's clock.

    Raises
    ------
    InputError
        When there is too little to go by, when no offset fits, or more than one does.
    """
    photos, events = np.asarray(photo_times_s, dtype=float), np.asarray(event_times_s, dtype=float)
    timed = np.flatnonzero(np.isfinite(photos))
    known = np.flatnonzero(np.isfinite(events))
    _check(len(timed), len(known), len(photos), len(events))
    times, heard = photos[timed], np.sort(events[known])
    order = np.argsort(times, kind="stable")
    tolerance_s = (0.5 if np.allclose(times, np.round(times), rtol=0.0, atol=1e-6) else 0.05) + SLACK_S
    offset_s, _ = _best(times[order], heard, tolerance_s)
    places = known[np.argsort(events[known], kind="stable")]
    met = _pairs(times[order] + offset_s, heard, tolerance_s)
    has = met >= 0
    event_of = np.full(len(photos), -1)
    event_of[timed[order][has]] = places[met[has]]
    left = heard[met[has]] - times[order][has] - offset_s
    return Match(event_of, offset_s, float(np.abs(left).max()), tolerance_s)


def _check(timed: int, known: int, photos: int, events: int) -> None:
    if min(timed, known) < LEAST_PHOTOS:
        found = f"{timed} of {photos} photos and {known} of {events} camera events have a time"
        msg = f"{found}; expected at least {LEAST_PHOTOS} of each"
        raise InputError(msg, hint="photos and log cannot be matched without their times")
    if max(timed, known) > MOST:
        msg = f"{timed} photos and {known} camera events are too many to match at once; expected at most {MOST}"
        raise InputError(msg, hint="give one flight's photos and log at a time")


def _best(times: Floats, heard: Floats, tolerance_s: float) -> tuple[float, int]:
    """Return the offset that makes most photos meet an event of their own, and how many.

    The first photos are anchors: one of them meets some event, whichever of them are missing from the log.
    """
    between = np.array([-0.5, 0.0, 0.5]) if tolerance_s > 0.5 else np.zeros(1)  # an anchor's time may be cut off too
    found = np.concatenate([heard - time + shift for time in times[:_ANCHORS] for shift in between])
    candidates = np.unique(np.round(found, 1))
    spans = candidates[np.abs(_overlap(times, heard, candidates)) > 0]
    scores = np.array([(_pairs(times + offset, heard, tolerance_s) >= 0).sum() for offset in spans])
    most = int(scores.max(initial=0))
    needed = LEAST_SHARE * min(len(times), len(heard))
    if most < max(needed, LEAST_PHOTOS):
        msg = f"no clock offset makes the {len(times)} photos meet the {len(heard)} camera events: at best {most} do"
        raise InputError(msg, hint="check that photos and log are of the same flight")
    best = _centred(times, heard, float(np.median(spans[scores == most])), tolerance_s)
    left = min(len(times), len(heard)) - most
    rivals = spans[(scores >= most - MAY_MISS - 2 * left) & (np.abs(spans - best) > 2 * tolerance_s)]
    same_count = len(times) == len(heard)
    if len(rivals) and not (same_count and most == len(times) and (scores[np.isin(spans, rivals)] < most).all()):
        nearest = rivals[np.argmin(np.abs(rivals - best))]
        msg = (
            f"the {len(times)} photos fit the {len(heard)} camera events with a clock offset of {best:+.1f} s and with "
            f"one of {nearest:+.1f} s"
        )
        raise InputError(msg, hint="give all photos of the flight, the first and last too, so that the counts decide")
    return best, most


def _overlap(times: Floats, heard: Floats, offsets: Floats) -> Floats:
    """Return (k) seconds that photos and events have in common, for every offset."""
    start = np.maximum(times[0] + offsets, heard[0])
    return np.asarray(np.maximum(np.minimum(times[-1] + offsets, heard[-1]) - start, 0.0))


def _centred(times: Floats, heard: Floats, offset_s: float, tolerance_s: float) -> float:
    """Return the offset in the middle of what the pairs allow: a time without fractions was cut off, not rounded."""
    for _ in range(3):
        met = _pairs(times + offset_s, heard, tolerance_s)
        left = heard[met[met >= 0]] - times[met >= 0] - offset_s
        offset_s += float(left.min() + left.max()) / 2 if len(left) else 0.0
    return offset_s


def _pairs(times: Floats, heard: Floats, tolerance_s: float) -> NDArray[np.int64]:
    """Return (n) the event of each photo, both in order of time, every event once; -1 for none.

    Each takes the earliest one that is left within the tolerance: no other choice makes more pairs of intervals of one
    length.
    """
    first = np.searchsorted(heard, times - tolerance_s, side="left")
    last = np.searchsorted(heard, times + tolerance_s, side="right")
    met = np.full(len(times), -1)
    if len(times) > 1 and (first[1:] >= last[:-1]).all():  # no two want the same one
        has = first < last
        met[has] = _nearest(times[has], heard, first[has], last[has])
        return met
    free = 0
    for photo in range(len(times)):
        free = max(free, int(first[photo]))
        if free < last[photo]:
            met[photo] = free
            free += 1
    return met


def _nearest(times: Floats, heard: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    at = np.clip(np.searchsorted(heard, times), first, last - 1)
    before = np.clip(at - 1, first, last - 1)
    closer = np.abs(heard[before] - times) < np.abs(heard[at] - times)
    return np.where(closer, before, at)
