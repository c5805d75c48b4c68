"""Where a mission's photos are due, and what they show on flat ground."""

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Mission, Sortie


def photo_places(sortie: Sortie, frame: LocalFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 2) metres where photos are due and (n, 2) unit vectors of the flight there.

    A camera that triggers by distance takes the first photo where it is switched on.
    """
    points = frame.to_metres([(w.lon_deg, w.lat_deg) for w in sortie.waypoints])
    places, ways = [], []
    for start, end, waypoint in zip(points, points[1:], sortie.waypoints, strict=False):
        if waypoint.photo_step_m <= 0:
            continue
        length = float(np.hypot(*(end - start)))
        way = (end - start) / max(length, 1e-9)
        at = np.arange(0.0, length + 1e-9, waypoint.photo_step_m)
        places.append(start + way * at[:, None])
        ways.append(np.broadcast_to(way, (len(at), 2)))
    if not places:
        return np.empty((0, 2)), np.empty((0, 2))
    return np.vstack(places), np.vstack(ways)


def photo_footprints(mission: Mission, frame: LocalFrame, across_m: float, along_m: float) -> list[Polygon]:
    """Return one rectangle in metres per photo due, ``across_m`` wide and ``along_m`` long in flight direction."""
    corners = []
    for sortie in mission.sorties:
        places, ways = photo_places(sortie, frame)
        ahead, aside = ways * along_m / 2, ways[:, ::-1] * (1, -1) * across_m / 2
        ring = [places + ahead + aside, places + ahead - aside, places - ahead - aside, places - ahead + aside]
        corners.append(np.stack(ring, axis=1))
    return [Polygon(ring) for ring in np.vstack(corners)] if corners else []
