"""What a pattern asks for: stretches of flight line with photos, in metres of one local frame."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.mission import Finding

PHOTO_STAND_S = 1.0
"""The aircraft stands so long at a place of a single photo, so that it is sharp."""
TURN_STAND_S = 4.0
"""It stands so long to turn on the spot: autopilots turn by 45 to 60 degrees a second."""
FULL_STOP_S = 2.5
"""A full stop takes so much longer than ramps of constant acceleration: ArduCopter's defaults of WPNAV_ACCEL over
WPNAV_JERK. Corners that are flown through do not cost it."""
SAME_PLACE_M = 0.1

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """A piece of flight line that belongs together, flown from its first point to its last.

    ``points`` is (n, 2) metres east and north, n >= 1; legs between them are straight and free of no-fly zones. With
    ``photo_step_m`` photos are taken by distance all along, at most that far apart, the first at the first point; with
    0 one photo is taken at every point and none between.

    The camera looks ``gimbal_pitch_deg`` down (-90 is nadir), and towards ``look_at`` (metres east, north; for photos
    at points), else towards ``yaw_deg`` (clockwise from grid north, held all along), else along the flight. A
    ``reversible`` stretch may be flown backwards; a ``cuttable`` one may be divided between sorties at a photo.
    """

    points: Array
    photo_step_m: float
    gimbal_pitch_deg: float = -90.0
    look_at: tuple[float, float] | None = None
    yaw_deg: float | None = None
    reversible: bool = True
    cuttable: bool = True

    @property
    def length_m(self) -> float:
        """Length of the flight line."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    @property
    def standing_s(self) -> float:
        """Seconds that stopping and standing for its photos takes."""
        return 0.0 if self.photo_step_m > 0 else (PHOTO_STAND_S + FULL_STOP_S) * len(self.points)

    def backwards(self) -> "Stretch":
        """Return the stretch flown from its last point to its first."""
        return replace(self, points=self.points[::-1])

    def between(self, start_m: float, end_m: float) -> "Stretch":
        """Return the piece of the stretch between two places, in metres along it."""
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.points, axis=0).T))])
        at = np.concatenate([[start_m], along[(along > start_m) & (along < end_m)], [end_m]])
        points = np.column_stack([np.interp(at, along, self.points[:, axis]) for axis in (0, 1)])
        return replace(self, points=points)

    def yaws_deg(self) -> tuple[float | None, ...]:
        """Return for every point where the camera looks, degrees clockwise from grid north; None: along the flight."""
        if self.look_at is None:
            return (self.yaw_deg,) * len(self.points)
        east, north = (np.asarray(self.look_at) - self.points).T
        return tuple(round(float(yaw), 1) for yaw in np.degrees(np.arctan2(east, north)) % 360.0)


def turning_s(one: Stretch, other: Stretch) -> float:
    """Return the seconds for turning on the spot where a stretch begins right where another one ends."""
    if np.hypot(*(other.points[0] - one.points[-1])) >= SAME_PLACE_M:
        return 0.0  # turned on the way
    same_view = (one.yaw_deg, one.gimbal_pitch_deg) == (other.yaw_deg, other.gimbal_pitch_deg)
    return 0.0 if same_view or one.photo_step_m <= 0 or other.photo_step_m <= 0 else TURN_STAND_S + FULL_STOP_S


@dataclass(frozen=True)
class Group:
    """The stretches of one area, in an order that flies well, and what the pattern could not do there."""

    area_id: str
    name: str
    stretches: tuple[Stretch, ...]
    findings: tuple[Finding, ...] = ()
