"""Shifted datums of maps made in China, GCJ-02 and BD-09, to WGS-84 and back.

GCJ-02 moves every position by some hundred metres; BD-09 moves GCJ-02 once more. Neither is published by its makers:
the forward formulas are the ones in public use since 2010, which map services agree with to about a centimetre. They
have no inverse in closed form; it is found by iteration. CGCS2000 is no shifted datum: it is WGS-84 here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dronepatrol.model.patrol import Datum

Positions = NDArray[np.float64]

_AXIS_M = 6378245.0  # Krasovsky 1940
_ECCENTRICITY2 = 0.00669342162296594323
_DEFINED_WSEN_DEG = (72.004, 0.8293, 137.8347, 55.8271)
_BD09_RATE = np.pi * 3000.0 / 180.0
_ROUNDS = 10
"""Each round leaves less than a fortieth of the error of the one before; 500 m are far below 1 µm after ten."""


def to_wgs84(lonlat: ArrayLike, datum: Datum) -> Positions:
    """Return (…, 2) WGS-84 degrees longitude and latitude for positions in a datum; NaN where the datum has no place.

    Right to a micrometre against :func:`from_wgs84`.
    """
    target = np.array(lonlat, dtype=float)
    if datum is Datum.WGS84:
        return target
    forward = _FORWARD[datum]
    found = target.copy()
    for _ in range(_ROUNDS):
        found = found + (target - forward(found))
    return _where_defined(found, found)


def from_wgs84(lonlat: ArrayLike, datum: Datum) -> Positions:
    """Return (…, 2) degrees in a datum for WGS-84 degrees longitude and latitude; NaN where the datum has no place."""
    points = np.array(lonlat, dtype=float)
    if datum is Datum.WGS84:
        return points
    return _where_defined(points, _FORWARD[datum](points))


def _where_defined(wgs84: Positions, result: Positions) -> Positions:
    west, south, east, north = _DEFINED_WSEN_DEG
    lon, lat = wgs84[..., 0], wgs84[..., 1]
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return np.where(inside[..., None], result, np.nan)


def _gcj02(wgs84: Positions) -> Positions:
    """Return GCJ-02 for WGS-84: polynomials and sines of the place, in metres, on Krasovsky's ellipsoid."""
    x, y = wgs84[..., 0] - 105.0, wgs84[..., 1] - 35.0
    fast = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (
        fast + _sines(y, 20.0, 40.0) + 160.0 * np.sin(y * np.pi / 12.0) + 320.0 * np.sin(y * np.pi / 30.0)
    ) / 1.5
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (fast + _sines(x, 20.0, 40.0) + 150.0 * np.sin(x * np.pi / 12.0) + 300.0 * np.sin(x * np.pi / 30.0)) / 1.5
    phi = np.radians(wgs84[..., 1])
    w2 = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / w2**1.5
    parallel_m = _AXIS_M / np.sqrt(w2) * np.cos(phi)
    return wgs84 + np.degrees(np.stack([east_m / parallel_m, north_m / meridian_m], axis=-1))


def _sines(angle: Positions, once: float, third: float) -> Positions:
    return once * np.sin(np.pi * angle) + third * np.sin(np.pi * angle / 3.0)


def _bd09(wgs84: Positions) -> Positions:
    """Return BD-09 for WGS-84: GCJ-02 in polar form, radius and angle shaken, then moved."""
    lon, lat = np.moveaxis(_gcj02(wgs84), -1, 0)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD09_RATE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD09_RATE)
    return np.stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006], axis=-1)


_FORWARD: dict[Datum, Callable[[Positions], Positions]] = {Datum.GCJ02: _gcj02, Datum.BD09: _bd09}
