"""How well a pose is known, by where it comes from: 1 sigma, stated beforehand and not fitted to any data set.

Per-photo and per-flight parts are kept apart, because only the first shrinks where many photos see the same thing.

Sources: single GNSS as measured with consumer drones (1.5 m between photos of one flight); DJI's gimbal against bundle
adjustment (total 0.5 to 1.3 degrees, yaw up to 1.8 degrees); RTK by what the receiver states, plus a metre for a base
station whose datum nobody stated; barometric height 1 m through a flight.
"""

from dataclasses import dataclass
from math import sqrt

SINGLE_GNSS_M = 1.5
"""Per axis in all; its halves in variance are new in every photo and shared by a flight."""
RTK_FIXED_M, RTK_FLOAT_M = 0.03, 0.3
"""Where the receiver does not state its own."""
RTK_DATUM_M = 1.0
"""Of a base station's position and datum, while nobody vouches for them; shared by a flight."""
HEIGHT_M, HEIGHT_BIAS_M = 0.5, 1.0
"""Of the barometric height above the take-off point."""

YAW_DEG, YAW_RTK_DEG = 2.0, 1.0
YAW_AUTEL_DEG, TILT_AUTEL_DEG = 5.0, 2.0
"""Users of Autel's drones report angles and datums that are off by more than others' are."""
YAW_OF_VEHICLE_DEG = 4.0
"""Where only the vehicle's heading is known and the gimbal follows it."""
YAW_UNKNOWN_DEG = 180.0 / sqrt(3.0)
"""Of a direction that may be any: uniform over a full turn."""
TILT_DEG = 0.7
ROLL_ASSUMED_DEG = 1.5
"""Where the gimbal states no roll and is taken to hold the horizon."""

DEWARP_SHARE = 0.003
CALIBRATED_SHARE = 0.01
UNCORRECTED_SHARE = 0.05
"""Where the lens's distortion is in the picture and not in the file."""
SENSOR_SHARE = 0.03
FIELD_OF_VIEW_SHARE = 0.04
EQUIVALENT_35MM_SHARE = 0.08
"""The 35 mm equivalent is a rounded number and ambiguous where the picture is a crop of the sensor."""


@dataclass(frozen=True, slots=True)
class PositionSigma:
    """Horizontal position, per axis: new in every photo, and the same through one flight."""

    photo_m: float
    flight_m: float


def single_gnss() -> PositionSigma:
    """Return what a receiver without corrections gives."""
    return PositionSigma(SINGLE_GNSS_M / sqrt(2.0), SINGLE_GNSS_M / sqrt(2.0))


def stated_gnss(stated_m: float) -> PositionSigma:
    """Return what a receiver without corrections states of itself, but never better than corrections would make it."""
    per_axis_m = max(stated_m, RTK_FLOAT_M)
    return PositionSigma(per_axis_m / sqrt(2.0), per_axis_m / sqrt(2.0))


def rtk(stated_m: float | None, *, fixed: bool) -> PositionSigma:
    """Return what a receiver with corrections gives, by its own statement where there is one."""
    return PositionSigma(stated_m if stated_m is not None else RTK_FIXED_M if fixed else RTK_FLOAT_M, RTK_DATUM_M)
