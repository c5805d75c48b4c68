"""From what photos must show to how they are flown: height, lane spacing, photo step, speed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import PlanError
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.camera import CameraProfile
from dronepatrol.model.patrol import PatrolSpec

EDGE_REACH = 0.7
"""A lane may end where this share of half a photo reaches the area's edge; the rest is for wind, tilt and GPS."""
STEP_SLACK_M = 3.0
"""The last photo of a lane is due this far before its end: autopilots call a waypoint reached up to 2 m early."""
TRIGGER_TICK_S = 0.02
"""Autopilots look this often whether the next photo is due (ArduPilot: 50 Hz), so a step is flown a bit longer."""


@dataclass(frozen=True, slots=True)
class PhotoPlan:
    """How photos are taken. Heights are above the take-off point, lengths in metres on the ground."""

    height_m: float
    gsd_m: float
    across_m: float
    along_m: float
    lane_spacing_m: float
    photo_step_m: float
    speed_m_s: float
    least_step_m: float
    """What the camera's shortest interval allows at this speed."""

    @property
    def reach_m(self) -> float:
        """How far beyond a lane's ends the area counts as seen."""
        return min(self.lane_spacing_m, EDGE_REACH * self.along_m) / 2

    def lane_step_m(self, length_m: float, asked_m: float | None = None) -> float:
        """Return the distance between photos on one lane: the last photo falls just before the lane's end.

        It is at most ``asked_m``, by default the plan's own step, except where the camera is not fast enough.
        """
        asked = self.photo_step_m if asked_m is None else asked_m
        useful = length_m - STEP_SLACK_M
        if useful <= asked / 2:
            return asked
        flown_step = useful / math.ceil(useful / asked - 1e-9)
        return max(flown_step - TRIGGER_TICK_S * self.speed_m_s, self.least_step_m)

    def photos(self, length_m: float, asked_m: float | None = None) -> NDArray[np.float64]:
        """Return where on a lane, in metres from its start, photos are taken; the first at its start."""
        step = self.lane_step_m(length_m, asked_m)
        return np.arange(int(length_m / step + 1e-9) + 1, dtype=np.float64) * step


def photo_plan(spec: PatrolSpec, camera: CameraProfile, aircraft: AircraftProfile) -> PhotoPlan:
    """Return height, spacing, step and speed for the asked ground sampling distance and overlaps.

    GSD = height / focal length in pixels; spacing and step are the photo's sides times one minus the overlap. The
    speed is the cruise speed, or less where the camera's shortest interval asks for it.

    Raises
    ------
    PlanError
        When the camera cannot do it at any sensible speed.
    """
    height = spec.height_m if spec.gsd_m is None else camera.height_for_gsd_m(spec.gsd_m)
    assert height is not None  # a spec has one of the two
    across, along = camera.footprint_m(height)
    spacing, step = across * (1 - spec.side_overlap), along * (1 - spec.front_overlap)
    speed = min(aircraft.cruise_m_s, step / camera.min_interval_s if camera.min_interval_s > 0 else math.inf)
    if speed < 1.0:
        msg = (
            f"photos every {step:.1f} m with a camera that takes one in {camera.min_interval_s:.1f} s"
            f" mean {speed:.2f} m/s; expected at least 1 m/s"
        )
        raise PlanError(msg, hint="ask for less front overlap or a larger gsd_cm")
    return PhotoPlan(
        height, height / camera.focal_px, across, along, spacing, step, speed, speed * camera.min_interval_s
    )
