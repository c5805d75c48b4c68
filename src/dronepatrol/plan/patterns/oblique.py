"""Five directions: nadir photos, and four passes whose tilted photos show everything from four sides.

A tilted photo shows ground ahead of the aircraft, a trapezoid. Its largest usable rectangle is as wide as the
trapezoid's near side; lanes are laid over the target moved back by the way from the aircraft to the rectangle's
middle. In each pass the aircraft keeps one heading and flies its lanes forwards and backwards: with the heading along
the flight every lane's end would cost twice that way, or every second lane would be flown for nothing.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from shapely.affinity import translate

from dronepatrol.model.wording import Both
from dronepatrol.plan.patterns.coverage import coverage, task_for
from dronepatrol.plan.patterns.directed import lanes_along, square_angle_rad
from dronepatrol.plan.patterns.ground import Ground, Laid, Loss
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch

MAX_OFF_NADIR_DEG = 65.0
"""What a photo shows further from straight down than this is too coarse to count: pixels are 5 times longer there."""


def tilted(photos: PhotoPlan, pitch_deg: float) -> tuple[PhotoPlan, float]:
    """Return the photo plan of a tilted camera's usable rectangle, and how many metres ahead its middle is.

    From the rays through the image's upper and lower edge on flat ground; overlaps are the nadir plan's.

    Parameters
    ----------
    photos
        The nadir plan.
    pitch_deg
        Of the optical axis; -90 is nadir.
    """
    height = photos.height_m
    axis = np.radians(90.0 + pitch_deg)  # off nadir
    half_up, half_side = np.arctan(photos.along_m / 2 / height), photos.across_m / 2 / height
    first, last = axis - half_up, min(axis + half_up, np.radians(MAX_OFF_NADIR_DEG))
    near, far = height * np.tan(first), height * np.tan(last)
    depth = min(height / np.cos(row) * np.cos(row - axis) for row in (first, last))  # along the axis, to a row's ground
    across, along = float(2 * depth * half_side), float(far - near)
    plan = replace(
        photos,
        across_m=across,
        along_m=along,
        lane_spacing_m=across * photos.lane_spacing_m / photos.across_m,
        photo_step_m=max(along * photos.photo_step_m / photos.along_m, photos.least_step_m),
    )
    return plan, float(near + far) / 2


def oblique(ground: Ground) -> Laid:
    """Return nadir lanes and the lanes of four tilted passes."""
    return sum(_passes(ground), coverage(ground))


def _passes(ground: Ground) -> Iterator[Laid]:
    pitch_deg = ground.layout.oblique_pitch_deg
    plan, ahead_m = tilted(ground.photos, pitch_deg)
    leaning = replace(ground, photos=plan)
    task = replace(task_for(leaning, ground.target), uncovered_share=0.0)
    angle_rad = square_angle_rad(ground.target, task)
    for quarter in range(4):
        look = angle_rad + quarter * np.pi / 2
        back = -ahead_m * np.array([np.cos(look), np.sin(look)])
        stand = translate(ground.target, *back)
        lanes = lanes_along(replace(task, region=stand), look, ground.airspace)
        yaw_deg = round(float(90.0 - np.degrees(look)) % 360.0, 2)
        lost_m2 = stand.difference(ground.free.buffer(plan.reach_m)).area
        losses = []
        if lost_m2 > 0.01 * stand.area:
            place = translate(stand.difference(ground.free), *-back)
            what = Both(
                f"about {lost_m2:,.0f} m2 are not seen looking towards {yaw_deg:.0f} degrees: no place to fly there",
                f"朝向 {yaw_deg:.0f}° 时约 {lost_m2:,.0f} 平方米拍不到：没有可飞的位置",
            )
            losses = [Loss(what, at=place.representative_point())]
        yield Laid([Stretch(lane, plan.photo_step_m, pitch_deg, yaw_deg=yaw_deg) for lane in lanes], losses)
