"""Metres north and east of the take-off point, in plain floats for the vehicle's inner loop."""

from dataclasses import dataclass
from math import cos, radians, sin, sqrt

_A_M = 6378137.0
_E2 = 0.0066943799901413165  # WGS-84


@dataclass(frozen=True, slots=True)
class Origin:
    """A point, and degrees to metres around it.

    The scale is that of the ellipsoid's two radii of curvature at the origin, kept constant: degrees to metres and back
    is exact, and a length is right to 0.03 % within 3 km.
    """

    lon_deg: float
    lat_deg: float
    amsl_m: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Metres per degree of latitude and of longitude (Bowring; meridian and prime-vertical radius)."""
        s = sin(radians(self.lat_deg))
        w = sqrt(1 - _E2 * s * s)
        north = _A_M * (1 - _E2) / w**3
        east = _A_M / w * cos(radians(self.lat_deg))
        return radians(north), radians(east)

    def to_metres(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        """Return (north, east) in metres."""
        per_lat, per_lon = self.metres_per_degree
        return (lat_deg - self.lat_deg) * per_lat, (lon_deg - self.lon_deg) * per_lon

    def to_lonlat(self, north_m: float, east_m: float) -> tuple[float, float]:
        """Return (lon, lat) in degrees."""
        per_lat, per_lon = self.metres_per_degree
        return self.lon_deg + east_m / per_lon, self.lat_deg + north_m / per_lat
