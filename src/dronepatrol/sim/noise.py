"""How wrong the embedded vehicle's sensors and its gimbal are: the one place that says so.

The figures are those of a survey drone without RTK. The draws of a photo depend on the seed, the flight and the photo's
number only, never on how many draws came before: a flight that is flown again has the same errors bit by bit.
"""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class SensorNoise:
    """1 sigma of each error; a normal distribution, each axis on its own."""

    position_photo_m: float = 1.0  # east and north, new in every photo
    position_flight_m: float = 1.0  # east and north, the same through one flight
    height_photo_m: float = 0.5
    height_flight_m: float = 1.0
    yaw_deg: float = 2.0  # turn of the camera about down, new in every photo
    pitch_deg: float = 0.7  # tilt about the level axis to the right of the heading
    roll_deg: float = 0.7  # tilt about the level axis along the heading


NOISE = SensorNoise()
PERFECT = SensorNoise(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FlightBias:
    """What one flight's estimate is off by: estimate minus truth, in metres."""

    north_m: float
    east_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class PhotoError:
    """What is wrong with one photo's pose.

    Position and height: sensed minus estimated, in metres. Turn and tilts: the real camera against the sensed one, in
    degrees, as ``dronepatrol.geo.rotation.tilted`` takes them.
    """

    north_m: float
    east_m: float
    height_m: float
    turn_deg: float
    tilt_pitch_deg: float
    tilt_roll_deg: float


def _generator(seed: int, flight_id: str, draw: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}/{flight_id}/{draw}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def flight_bias(noise: SensorNoise, seed: int, flight_id: str) -> FlightBias:
    """Return the errors that all photos of a flight share."""
    north, east, height = _generator(seed, flight_id, 0).standard_normal(3).tolist()
    return FlightBias(north * noise.position_flight_m, east * noise.position_flight_m, height * noise.height_flight_m)


def photo_error(noise: SensorNoise, seed: int, flight_id: str, photo: int) -> PhotoError:
    """Return the errors of one photo, counted from 1."""
    north, east, height, turn, pitch, roll = _generator(seed, flight_id, photo).standard_normal(6).tolist()
    return PhotoError(
        north * noise.position_photo_m,
        east * noise.position_photo_m,
        height * noise.height_photo_m,
        turn * noise.yaw_deg,
        pitch * noise.pitch_deg,
        roll * noise.roll_deg,
    )
