"""Crosshatch: coverage twice, at right angles."""

from dataclasses import replace

import numpy as np

from dronepatrol.model.wording import Both
from dronepatrol.plan.patterns.coverage import task_for
from dronepatrol.plan.patterns.directed import lanes_along, square_angle_rad
from dronepatrol.plan.patterns.ground import Ground, Laid, Loss
from dronepatrol.plan.stretch import Stretch


def crosshatch(ground: Ground) -> Laid:
    """Return two sets of lanes over the target, in the pair of directions that flies fastest."""
    task = replace(task_for(ground, ground.target), uncovered_share=0.0)
    angle_rad = square_angle_rad(ground.target, task)
    laid = Laid()
    for turn in (0.0, np.pi / 2):
        lanes = lanes_along(task, angle_rad + turn, ground.airspace)
        laid.stretches += [Stretch(lane, ground.photos.photo_step_m) for lane in lanes]
    if not laid.stretches:
        what = Both("no lane over the area can be flown", "区域上空没有可飞的航线")
        laid.losses.append(Loss(what, at=ground.target.representative_point()))
    return laid
