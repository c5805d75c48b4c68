"""Coverage: nadir photos of the whole target, in the quickest lanes found."""

import shapely
from shapely import MultiPolygon

from dronepatrol.errors import PlanError
from dronepatrol.model.wording import Both
from dronepatrol.plan.coverage.cover import Task, cover
from dronepatrol.plan.patterns.ground import Ground, Laid, Loss, Region
from dronepatrol.plan.stretch import Stretch

UNCOVERED_SHARE = 0.002
"""Lanes may miss the asked side overlap on this share of the area, in slim corners; photos overlap there anyway."""


def coverage(ground: Ground) -> Laid:
    """Return lanes over the target; parts that cannot be flown, or reached from each other, are told apart."""
    whole = _covered(ground, ground.target)
    if whole.stretches or not isinstance(ground.target, MultiPolygon):
        return whole
    parts = sorted(shapely.get_parts(ground.target), key=lambda part: -part.area)
    return sum((_covered(ground, part) for part in parts), Laid())


def task_for(ground: Ground, region: Region) -> Task:
    """Return the lanes' task for a region of the ground."""
    photos = ground.photos
    width_m, reach_m = photos.lane_spacing_m, photos.reach_m
    return Task(region, ground.free, width_m, reach_m, ground.pace, UNCOVERED_SHARE, ground.seed, ground.effort)


def _covered(ground: Ground, region: Region) -> Laid:
    try:
        lanes = cover(task_for(ground, region)).lanes
    except PlanError as error:
        what = Both(
            f"{region.area:,.0f} m2 are not covered: {error.message}",
            f"{region.area:,.0f} 平方米未覆盖：{error.message}",
        )
        return Laid([], [Loss(what, at=region.representative_point())])
    return Laid([Stretch(lane, ground.photos.photo_step_m) for lane in lanes])
