"""Perimeter: along the border, outside or inside of it, looking in."""

import numpy as np
import shapely
from shapely import LinearRing, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.wording import Both
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
        return Laid([], [_nothing(ground, around)])
    legs = [leg for part in parts for leg in _legs(shapely.orient_polygons(part).exterior)]
    return Laid([Stretch(leg, step_m, layout.oblique_pitch_deg, yaw_deg=_inward_deg(leg)) for leg in legs])


def _nothing(ground: Ground, around: BaseGeometry) -> Loss:
    """Return why nothing of the border can be flown along."""
    at, offset = ground.target.representative_point(), ground.layout.perimeter_offset_m
    if around.is_empty:
        what = Both(
            f"nothing is left of the area {-offset:g} m inside its border",
            f"边界向内 {-offset:g} 米后区域已不存在",
        )
        return Loss(what, Both("ask for a smaller perimeter_offset_m", "减小 perimeter_offset_m 的绝对值"), at)
    return Loss(Both("nothing of the border can be flown along: no-fly zones", "边界全部位于禁飞区，无法飞行"), at=at)


def _legs(ring: LinearRing) -> list[Array]:
    corners = np.asarray(ring.coords)[:, :2]
    legs = np.stack([corners[:-1], corners[1:]], axis=1)
    return [leg for leg in legs if np.hypot(*(leg[1] - leg[0])) > MIN_LEG_M]


def _inward_deg(leg: Array) -> float:
    """Return the direction left of a leg of a counter-clockwise ring, degrees clockwise from north."""
    east, north = leg[1] - leg[0]
    return round(float(np.degrees(np.arctan2(-north, east))) % 360.0, 1)
