"""Recheck: nadir photos of given places, one or a small cross each, in the shortest order."""

import numpy as np
import shapely
from shapely import Point

from dronepatrol.model.wording import Both
from dronepatrol.plan.patterns.directed import in_order
from dronepatrol.plan.patterns.ground import Array, Ground, Laid
from dronepatrol.plan.patterns.outside import not_taken
from dronepatrol.plan.stretch import Stretch

CROSS_SHARE = 0.25
"""The arms of a cross, as a share of a photo's shorter side: every photo of it shows the place."""
STEEPEST_ASIDE = 1.5
"""Places under a closed airspace are looked at from its edge, from at most so many heights aside."""


def recheck(ground: Ground, places: Array) -> Laid:
    """Return one stretch per place.

    Parameters
    ----------
    ground
        ``target`` is not looked at.
    places
        (n, 2) metres.
    """
    laid = Laid()
    lines: dict[bytes, list[Stretch]] = {}  # from one stand several places may be looked at
    for place in np.unique(places, axis=0):
        stretch = _above(ground, place) or _from_aside(ground, place)
        if stretch is None:
            laid.losses.append(not_taken(ground, Both("the photos of a place", "某地点的照片"), place))
        else:
            lines.setdefault(stretch.points.tobytes(), []).append(stretch)
    stretches = [stretch for here in lines.values() for stretch in here]
    ordered = in_order([stretch.points for stretch in stretches], ground.airspace, ground.seed)
    laid.stretches = [_oriented(lines, line) for line in ordered]
    return laid


def _oriented(lines: dict[bytes, list[Stretch]], line: Array) -> Stretch:
    """Take out the stretch that this line belongs to, turned as the line is."""
    there = lines.get(line.tobytes())
    return there.pop() if there else lines[line[::-1].tobytes()].pop().backwards()


def _above(ground: Ground, place: Array) -> Stretch | None:
    arm = CROSS_SHARE * min(ground.photos.across_m, ground.photos.along_m)
    cross = np.array([[-1.0, 0.0], [0.0, -1.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]) * arm
    for offsets in ([cross] if ground.layout.recheck_photos == 5 else []) + [np.zeros((1, 2))]:
        points = place + offsets
        if ground.airspace.is_free(points, np.roll(points, -1, axis=0)).all():
            return Stretch(points, 0.0, cuttable=False)
    return None


def _from_aside(ground: Ground, place: Array) -> Stretch | None:
    """Look from the nearest free place, as far as that is not too flat."""
    height = ground.photos.height_m
    stand = np.array(shapely.shortest_line(ground.free, Point(place)).coords[0])
    away = float(np.hypot(*(stand - place)))
    if away > STEEPEST_ASIDE * height:
        return None
    pitch = round(-float(np.degrees(np.arctan2(height, away))), 1)
    return Stretch(stand[None], 0.0, pitch, look_at=(float(place[0]), float(place[1])), cuttable=False)
