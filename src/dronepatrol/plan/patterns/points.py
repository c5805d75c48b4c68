"""Points of interest: an orbit around each place, looking at it."""

import numpy as np

from dronepatrol.model.wording import Both
from dronepatrol.plan.patterns.directed import in_order
from dronepatrol.plan.patterns.ground import Array, Ground, Laid
from dronepatrol.plan.patterns.outside import not_taken
from dronepatrol.plan.stretch import Stretch


def points(ground: Ground, places: Array) -> Laid:
    """Return the orbits in a short order; each is entered where it is nearest to what was flown before.

    Parameters
    ----------
    ground
        ``target`` is not looked at.
    places
        (n, 2) metres: what the photos look at, on the ground.
    """
    laid = Laid()
    centres = in_order([place[None] for place in np.unique(places, axis=0)], ground.airspace, ground.seed)
    here: Array | None = None
    for (centre,) in centres:
        arcs = _orbit(ground, centre, here)
        taken = sum(len(arc.points) for arc in arcs)
        if taken < ground.layout.orbit_photos:
            count = ground.layout.orbit_photos
            what = Both(
                f"{count - taken} of {count} photos around a place", f"某地点周围 {count} 张照片中的 {count - taken} 张"
            )
            laid.losses.append(not_taken(ground, what, centre))
        laid.stretches += arcs
        here = arcs[-1].points[-1] if arcs else here
    return laid


def _orbit(ground: Ground, centre: Array, here: Array | None) -> list[Stretch]:
    """Return the orbit, in as many arcs as the free airspace leaves of it."""
    radius, count = ground.layout.orbit_radius_m, ground.layout.orbit_photos
    towards = np.arctan2(*(here - centre)[::-1]) if here is not None and np.any(here != centre) else 0.0
    turns = towards + np.arange(count) * 2 * np.pi / count
    circle = centre + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    pitch = round(-float(np.degrees(np.arctan2(ground.photos.height_m, radius))), 1)
    open_here = ground.airspace.is_free(circle, circle)
    open_way = ground.airspace.is_free(circle, np.roll(circle, -1, axis=0))
    if not open_here.all():  # start behind a gap, so that no arc is cut at the start
        first = int(np.flatnonzero(~open_here)[0])
        circle = np.roll(circle, -first, axis=0)
        open_here, open_way = np.roll(open_here, -first), np.roll(open_way, -first)
    arcs: list[list[Array]] = [[]]
    for place, is_open, goes_on in zip(circle, open_here, open_way, strict=True):
        if is_open:
            arcs[-1].append(place)
        if not (is_open and goes_on):
            arcs.append([])
    look_at = (float(centre[0]), float(centre[1]))
    return [Stretch(np.array(arc), 0.0, pitch, look_at=look_at, cuttable=False) for arc in arcs if arc]
