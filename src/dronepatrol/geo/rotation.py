"""Rotations between the camera, the body and the ground (north, east, down). ``docs/frames.md`` draws the axes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

CAMERA_TO_BODY = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""Camera (x right, y down, z along the optical axis) to body (x along the optical axis, y right, z down)."""


def body_to_ned(yaw_deg: ArrayLike, pitch_deg: ArrayLike, roll_deg: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 3, 3) rotations body to NED, intrinsic Z-Y-X: Rz(yaw) Ry(pitch) Rx(roll).

    The convention of MAVLink's ATTITUDE and of DJI's flight and gimbal angles.
    """
    yaw, pitch, roll = np.broadcast_arrays(
        *(np.radians(np.asarray(angle, dtype=float)) for angle in (yaw_deg, pitch_deg, roll_deg))
    )
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def camera_to_ned(yaw_deg: ArrayLike, pitch_deg: ArrayLike, roll_deg: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 3, 3) rotations camera to NED. Pitch -90 is nadir with the image's top towards the yaw."""
    return np.asarray(body_to_ned(yaw_deg, pitch_deg, roll_deg) @ CAMERA_TO_BODY)


def angles_of(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (…, 3) yaw, pitch, roll in degrees of (…, 3, 3) rotations camera to NED, see :func:`camera_to_ned`.

    Straight down (or up) yaw and roll are one turn: there roll is 0.
    """
    body = rotation @ CAMERA_TO_BODY.T
    level = np.hypot(body[..., 0, 0], body[..., 1, 0])
    upright = level < 1e-9
    yaw = np.where(upright, np.arctan2(-body[..., 0, 1], body[..., 1, 1]), np.arctan2(body[..., 1, 0], body[..., 0, 0]))
    roll = np.where(upright, 0.0, np.arctan2(body[..., 2, 1], body[..., 2, 2]))
    return np.asarray(np.degrees(np.stack([yaw, np.arctan2(-body[..., 2, 0], level), roll], axis=-1)))


def heading_deg(yaw_deg: ArrayLike, pitch_deg: ArrayLike, roll_deg: ArrayLike) -> NDArray[np.float64]:
    """Return the compass direction, degrees, in which the image's top points on level ground (nadir) or the axis looks.

    At nadir yaw and roll turn about the same axis, so that only their difference is a direction.
    """
    rotation = camera_to_ned(yaw_deg, pitch_deg, roll_deg)
    ahead = rotation @ np.array([0.0, -1.0, 1.0])  # half way between the image's top and the optical axis
    return np.asarray(np.degrees(np.arctan2(ahead[..., 1], ahead[..., 0])) % 360.0)


def tilted(
    rotation: NDArray[np.float64],
    heading_rad: ArrayLike,
    tilt_roll_rad: ArrayLike,
    tilt_pitch_rad: ArrayLike,
    turn_rad: ArrayLike,
) -> NDArray[np.float64]:
    """Return camera rotations after a disturbance in the heading frame.

    The disturbance is a rotation about the level axis along the heading (roll), then about the level axis to its right
    (pitch), then about down (yaw): at nadir these are three separate directions, where Euler angles have only two.

    Parameters
    ----------
    rotation
        (…, 3, 3) camera to NED.
    heading_rad, tilt_roll_rad, tilt_pitch_rad, turn_rad
        (…) radians; heading clockwise from north.
    """
    heading = np.degrees(np.asarray(heading_rad, dtype=float))
    level = body_to_ned(heading, 0.0, 0.0)
    disturbance = body_to_ned(
        np.degrees(np.asarray(turn_rad, dtype=float)),
        np.degrees(np.asarray(tilt_pitch_rad, dtype=float)),
        np.degrees(np.asarray(tilt_roll_rad, dtype=float)),
    )
    return np.asarray(level @ disturbance @ np.swapaxes(level, -1, -2) @ rotation)
