"""A metric frame for one stage call: metres east and north of a chosen point."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

WGS84 = Geod(ellps="WGS84")

G = TypeVar("G", bound=BaseGeometry)


@dataclass(frozen=True)
class LocalFrame:
    """Metres (east, north) around an origin, by a transverse Mercator projection centred there with scale 1.

    Within 10 km of the origin, lengths are right to 1.3 ppm and grid north is within 0.06 degrees of true north.
    """

    lon_deg: float
    lat_deg: float

    @classmethod
    def around(cls, geometry: BaseGeometry) -> "LocalFrame":
        """Return the frame whose origin is the centre of the geometry's bounding box."""
        west, south, east, north = geometry.bounds
        return cls((west + east) / 2, (south + north) / 2)

    @cached_property
    def _to_metres(self) -> Transformer:
        origin = f"+lat_0={float(self.lat_deg)!r} +lon_0={float(self.lon_deg)!r}"
        steps = f"+step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=tmerc {origin} +k=1 +ellps=WGS84 +units=m"
        return Transformer.from_pipeline(f"+proj=pipeline {steps}")  # without the search of a database for a CRS

    def to_metres(self, lonlat: ArrayLike) -> NDArray[np.float64]:
        """Return (…, 2) metres east and north for (…, 2) degrees longitude and latitude."""
        points = np.asarray(lonlat, dtype=float)
        east, north = self._to_metres.transform(points[..., 0], points[..., 1])
        return np.stack([east, north], axis=-1)

    def to_lonlat(self, metres: ArrayLike) -> NDArray[np.float64]:
        """Return (…, 2) degrees longitude and latitude for (…, 2) metres east and north."""
        points = np.asarray(metres, dtype=float)
        lon, lat = self._to_metres.transform(points[..., 0], points[..., 1], direction="INVERSE")
        return np.stack([lon, lat], axis=-1)

    def geometry_to_metres(self, geometry: G) -> G:
        """Return the geometry in metres."""
        return shapely.transform(geometry, self.to_metres)

    def geometry_to_lonlat(self, geometry: G) -> G:
        """Return the geometry in degrees."""
        return shapely.transform(geometry, self.to_lonlat)


def area_m2(geometry: BaseGeometry) -> float:
    """Return the geodesic area of a (lon, lat) polygon on the WGS-84 ellipsoid, holes taken out."""
    return abs(float(WGS84.geometry_area_perimeter(shapely.orient_polygons(geometry))[0]))
