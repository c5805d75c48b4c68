"""Where may be flown, and the quickest way between two places in it: a visibility graph with the pace's leg times.

Corners of a shortest path lie on corners of the obstacles (Lozano-Perez and Wesley 1979), here on the reflex corners
of the free airspace. Edges cost the time of a leg from standstill to standstill, so that bends cost their stops; in
wind that slows the aircraft, the mean of both ways.
"""

from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.plan.timing import Pace

GRAZE_M = 2e-4
"""A leg may touch the border of the free airspace by this much, a matter of rounding."""
ALL_PAIRS = 300
"""Up to this many places all pairs are looked at; with more only the nearest ones."""
NEAREST = 40
ALL_CORNERS = 120
"""Up to this many corners each is looked at from everywhere; with more only from nearby, unless that finds no way."""
NEAR_CORNERS = 24
UNSEEN = 1.3
"""Pairs not looked at are taken to need this much more than a straight leg."""

Points = NDArray[np.float64]


class Airspace:
    """The free airspace, in metres of one local frame.

    Parameters
    ----------
    free
        Where may be flown: valid, with no-fly zones cut out.
    pace
        Speed and acceleration that legs are timed with.
    """

    def __init__(self, free: Polygon | MultiPolygon, pace: Pace) -> None:
        self.free = free
        self.pace = pace
        self._grazed = free.buffer(GRAZE_M, join_style="mitre")
        shapely.prepare(self._grazed)

    def is_free(self, start: Points, end: Points) -> NDArray[np.bool_]:
        """Return (n,) whether the straight legs from (n, 2) to (n, 2) stay in the free airspace."""
        legs = shapely.linestrings(np.stack([start, end], axis=1))
        return np.asarray(shapely.covers(self._grazed, legs))

    def times_s(self, places: Points) -> NDArray[np.float64]:
        """Return (n, n) seconds of the quickest ways between (n, 2) places; infinite where there is none."""
        count = len(places)
        straight = self.pace.either_way_s(places[:, None] - places[None])
        one, other = _pairs(straight)
        blocked = ~self.is_free(places[one], places[other])
        times = straight if count <= ALL_PAIRS else straight * UNSEEN
        times[one, other] = times[other, one] = straight[one, other]
        one, other = one[blocked], other[blocked]
        if len(one):
            times[one, other] = times[other, one] = self._around_s(places, one, other)
        np.fill_diagonal(times, 0.0)
        return times

    def times_from_s(self, start: Points, places: Points) -> NDArray[np.float64]:
        """Return (n,) seconds of the quickest ways between one place and (n, 2) others; infinite where there is none.

        The same both ways.
        """
        times = self.pace.either_way_s(places - start)
        blocked = ~self.is_free(np.broadcast_to(start, places.shape), places)
        if blocked.any():
            times[blocked] = np.inf
            if len(self.corners):
                onward = (self._to_some_corners_s(start[None])[0][:, None] + self._between_corners_s).min(axis=0)
                times[blocked] = (self._to_some_corners_s(places[blocked]) + onward).min(axis=1)
        return times

    def way(self, start: Points, end: Points) -> Points:
        """Return (k, 2) points of the quickest way between two places, both included; empty where there is none."""
        if self.is_free(start[None], end[None])[0]:
            return np.stack([start, end])
        to_corner = self._to_corners_s(np.stack([start, end]), NEAR_CORNERS)
        if not np.isfinite(to_corner).any(axis=1).all():
            to_corner = self._to_corners_s(np.stack([start, end]), len(self.corners))
        through = to_corner[0][:, None] + self._between_corners_s + to_corner[1][None, :]
        if not through.size or not np.isfinite(through.min()):
            return np.empty((0, 2))
        first, last = np.unravel_index(np.argmin(through), through.shape)
        hops = [int(last)]
        while hops[-1] != first:
            hops.append(int(self._corner_before[first, hops[-1]]))
        return np.vstack([start, self.corners[hops[::-1]], end])

    @cached_property
    def corners(self) -> Points:
        """(c, 2) the reflex corners of the free airspace."""
        polygons = shapely.get_parts(shapely.orient_polygons(self.free))
        rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
        found = [_reflex(np.asarray(ring.coords)[:-1, :2]) for ring in rings]
        return np.vstack(found) if found else np.empty((0, 2))

    @cached_property
    def _graph(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        if not len(self.corners):
            return np.empty((0, 0)), np.empty((0, 0), dtype=np.int32)
        times, before = self._between(NEAR_CORNERS)
        if len(self.corners) > ALL_CORNERS and not np.isfinite(times).all():
            return self._between(len(self.corners))
        return times, before

    def _between(self, nearest: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return (c, c) seconds between corners by ways along the ``nearest`` corners, and the corner before."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 heavy

        legs = self._to_corners_s(self.corners, nearest)
        legs = np.minimum(legs, legs.T)
        legs = np.where(np.eye(len(legs), dtype=bool), np.inf, np.maximum(legs, 1e-9))
        times, before = dijkstra(np.where(np.isfinite(legs), legs, 0.0), directed=False, return_predecessors=True)
        return times, before

    @property
    def _between_corners_s(self) -> NDArray[np.float64]:
        return self._graph[0]

    @property
    def _corner_before(self) -> NDArray[np.int32]:
        return self._graph[1]

    def _to_corners_s(self, places: Points, nearest: int) -> NDArray[np.float64]:
        """Return (n, c) seconds of straight legs from places to corners; infinite where blocked or not looked at."""
        lengths = np.hypot(*(places[:, None] - self.corners[None]).transpose(2, 0, 1))
        if len(self.corners) <= ALL_CORNERS or nearest >= len(self.corners):
            place, corner = (index.ravel() for index in np.indices(lengths.shape))
        else:
            near = np.argpartition(lengths, nearest, axis=1)[:, : nearest + 1]
            place, corner = np.repeat(np.arange(len(places)), near.shape[1]), near.ravel()
        seen = self.is_free(places[place], self.corners[corner])
        times = np.full(lengths.shape, np.inf)
        times[place[seen], corner[seen]] = self.pace.either_way_s(places[place[seen]] - self.corners[corner[seen]])
        return times

    def _to_some_corners_s(self, places: Points) -> NDArray[np.float64]:
        """Return (n, c) seconds of straight legs to corners: the nearest ones, or all where none of those is seen."""
        times = self._to_corners_s(places, NEAR_CORNERS)
        lost = np.flatnonzero(~np.isfinite(times).any(axis=1))
        if len(lost) and len(self.corners) > ALL_CORNERS:
            times[lost] = self._to_corners_s(places[lost], len(self.corners))
        return times

    def _around_s(self, places: Points, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
        if not len(self.corners):
            return np.full(len(one), np.inf)
        to_corner = self._to_some_corners_s(places)
        onward = np.full_like(to_corner, np.inf)  # from each place to each corner, the quickest way
        for corner, row in enumerate(self._between_corners_s):
            np.minimum(onward, to_corner[:, corner, None] + row[None, :], out=onward)
        best = np.full(len(one), np.inf)
        for corner in range(len(self.corners)):
            np.minimum(best, onward[one, corner] + to_corner[other, corner], out=best)
        return best


def _pairs(straight: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    count = len(straight)
    if count <= ALL_PAIRS:
        one, other = np.triu_indices(count, 1)
        return one, other
    near = np.argpartition(straight, NEAREST, axis=1)[:, : NEAREST + 1]
    one, other = np.repeat(np.arange(count), near.shape[1]), near.ravel()
    both = np.unique(np.minimum(one, other) * count + np.maximum(one, other))
    return both // count, both % count


def _reflex(ring: Points) -> Points:
    """Return the corners where an oriented ring (solid on its left) turns right."""
    arriving, leaving = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    return ring[cross < -1e-12]
