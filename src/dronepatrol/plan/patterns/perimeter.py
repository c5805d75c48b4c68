"""Perimeter: along the border, outside or inside of it, looking in."""

import numpy as np
import shapely
from shapely import LinearRing, Polygon

from dronepatrol.plan.patterns.ground import Array, Ground, Laid, Loss
from dronepatrol.plan.patterns.oblique import tilted
from dronepatrol.plan.stretch import Stretch

MIN_LEG_M = 1.0


def perimeter(ground: Ground) -> Laid:
    """Return one stretch per straight leg around each part of the target, in the order of the border.

    The image's width lies along the border. Where the border lies in closed airspace, it is followed at its edge.
    """
    layout = ground.layout
    plan, _ = tilted(ground.photos, layout.oblique_pitch_deg)
    share = ground.photos.photo_step_m / ground.photos.along_m
    step_m = max(plan.across_m * share, ground.photos.least_step_m)
    around = ground.target.buffer(layout.perimeter_offset_m, join_style="mitre", mitre_limit=2.0)
    flown = around.simplify(layout.tolerance_m).intersection(ground.free)
    parts = [part for part in shapely.get_parts(flown) if isinstance(part, Polygon) and part.length > MIN_LEG_M]
    if not parts:
        what = "nothing of the border can be flown along: no-fly zones, or an offset inwards beyond its middle"
        return Laid([], [Loss(what, ground.target.representative_point())])
    legs = [leg for part in parts for leg in _legs(shapely.orient_polygons(part).exterior)]
    return Laid([Stretch(leg, step_m, layout.oblique_pitch_deg, yaw_deg=_inward_deg(leg)) for leg in legs])


def _legs(ring: LinearRing) -> list[Array]:
    corners = np.asarray(ring.coords)[:, :2]
    legs = np.stack([corners[:-1], corners[1:]], axis=1)
    return [leg for leg in legs if np.hypot(*(leg[1] - leg[0])) > MIN_LEG_M]


def _inward_deg(leg: Array) -> float:
    """Return the direction left of a leg of a counter-clockwise ring, degrees clockwise from north."""
    east, north = leg[1] - leg[0]
    return round(float(np.degrees(np.arctan2(-north, east))) % 360.0, 1)
