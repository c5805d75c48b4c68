"""What an altitude is counted from."""

from enum import StrEnum


class AltitudeReference(StrEnum):
    """The zero of an altitude; an altitude never travels without it."""

    AMSL = "AMSL"  # above mean sea level (geoid)
    HOME = "HOME"  # above the take-off point
    TERRAIN = "TERRAIN"  # above the ground below
    ELLIPSOID = "ELLIPSOID"  # above the WGS-84 ellipsoid
