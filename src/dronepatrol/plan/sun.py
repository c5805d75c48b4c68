"""Where the sun stands, by the Astronomical Almanac's low-precision formulas: right to 0.02 degrees from 1950 to 2050.

Without refraction: within a degree of the horizon the sun is seen up to 0.6 degrees higher.
"""

from datetime import datetime
from math import asin, atan2, cos, degrees, pi, radians, sin

J2000_UNIX_S = 946_728_000.0
"""2000-01-01 12:00 in seconds since 1970."""
CIVIL_TWILIGHT_DEG = -6.0
"""Civil dawn and dusk: the sun's centre this high."""


def sun_height_deg(lon_deg: float, lat_deg: float, time: datetime) -> float:
    """Return how high the sun's centre stands above the horizon, in degrees.

    Parameters
    ----------
    lon_deg, lat_deg
        WGS-84.
    time
        Aware.
    """
    days = (time.timestamp() - J2000_UNIX_S) / 86400.0
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = radians(357.528 + 0.9856003 * days)
    ecliptic = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    obliquity = radians(23.439 - 0.0000004 * days)
    right_ascension = atan2(cos(obliquity) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(obliquity) * sin(ecliptic))
    sidereal = radians((280.46061837 + 360.98564736629 * days + lon_deg) % 360.0)
    hour_angle = (sidereal - right_ascension + pi) % (2 * pi) - pi
    lat = radians(lat_deg)
    return degrees(asin(sin(lat) * sin(declination) + cos(lat) * cos(declination) * cos(hour_angle)))
