"""How high cameras are above the ground's zero: by the take-off point and relative altitude, or by absolute altitude.

What a flight's altitudes and a terrain model are counted from need not be the same: the ellipsoid and the sea differ by
tens of metres. Relative altitude over the terrain model's height at the take-off point needs no datum at all, and is
taken wherever it is at least as well known as the absolute altitude.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.terrain import Terrain

Floats = NDArray[np.float64]

RTK_M, RTK_BIAS_M = 0.05, 1.0
"""Absolute altitude with RTK: new in every photo; of the base station's height and datum, while nobody vouches."""
FLOAT_M, FLOAT_BIAS_M = 0.5, 1.5
GNSS_M, GNSS_BIAS_M = 1.0, 10.0
"""A mix of barometer and GNSS, as flights without RTK state it: varies by more than 15 m between flights."""
GEOID_M = 0.5
"""Of an undulation that was given."""
_RTK_WITHIN_M, _FLOAT_WITHIN_M = 0.1, 0.6  # a shot whose position is as good as this has a height to match
_AROUND_M = 150.0  # a drone takes off about this near its first photo, where nobody says where
_CHECK_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class TakeOff:
    """Where a flight took off, and who says so; ``sigma_m`` is how far off that may be."""

    lon_deg: float
    lat_deg: float
    source: str
    sigma_m: float = 5.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Heights of n cameras above the ground's zero, NaN where unknown, with 1 sigma of the photo and of its flight.

    ``method`` (n,) says how; ``notes`` what a reader should know of whole flights.
    """

    up_m: Floats
    sigma_m: Floats
    bias_sigma_m: Floats
    method: NDArray[np.object_]
    notes: tuple[str, ...] = ()


def over_level_ground(shots: pd.DataFrame) -> Levels:
    """Return heights above the level of the take-off point."""
    height_m, sigma_m, bias_sigma_m = _relative(shots)
    method = np.full(len(shots), "relative altitude over level ground at take-off height", dtype=object)
    return Levels(height_m, sigma_m, bias_sigma_m, method)


def _relative(shots: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    names = ("height_m", "height_sigma_m", "height_bias_sigma_m")
    height_m, sigma_m, bias_sigma_m = (shots[name].to_numpy(dtype=float) for name in names)
    return height_m, sigma_m, bias_sigma_m


def over_terrain(
    shots: pd.DataFrame,
    terrain: Terrain,
    counted_from: AltitudeReference,
    take_offs: Mapping[str, TakeOff],
    undulation_m: Callable[[Floats], Floats] | None = None,
) -> Levels:
    """Return heights in a terrain model's own count.

    Parameters
    ----------
    shots
        Rows of ``tables.SHOTS``.
    terrain
        The terrain or surface model.
    counted_from
        What its heights are counted from: ``AMSL`` or ``ELLIPSOID``.
    take_offs
        By flight; where a flight has none, its first photo stands for it.
    undulation_m
        Height of the geoid above the ellipsoid at (…, 2) degrees; None where nobody gave one.
    """
    up, sigma, bias = (np.full(len(shots), np.nan) for _ in range(3))
    method = np.full(len(shots), "", dtype=object)
    notes: list[str] = []
    flights = shots["flight_id"].to_numpy(dtype=str)
    for flight in np.unique(flights):
        rows = np.flatnonzero(flights == flight)
        part = shots.iloc[rows]
        relative = _by_take_off(part, terrain, take_offs.get(str(flight)))
        absolute = _by_altitude(part, counted_from, undulation_m)
        best = _better(relative, absolute)
        up[rows], sigma[rows], bias[rows], method[rows] = best.up_m, best.sigma_m, best.bias_sigma_m, best.method
        notes += [f"flight {flight}: {note}" for note in _doubts(relative, absolute)]
    return Levels(up, sigma, bias, method, tuple(notes))


def _by_take_off(part: pd.DataFrame, terrain: Terrain, take_off: TakeOff | None) -> Levels:
    """Return the terrain's height at the take-off point plus relative altitude."""
    lonlat = part[["lon_deg", "lat_deg"]].to_numpy(dtype=float)
    if take_off is None:
        located = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        if not len(located):
            return _unknown(len(part))
        times = part["time_utc"].iloc[located]
        earliest = located[int(times.reset_index(drop=True).argmin())] if times.notna().any() else located[0]
        take_off = TakeOff(float(lonlat[earliest, 0]), float(lonlat[earliest, 1]), "first photo", _AROUND_M)
    ground_m, sigma_m = _ground_at(terrain, take_off)
    height_m, height_sigma_m, height_bias_m = _relative(part)
    method = f"relative altitude over the terrain at take-off ({take_off.source})"
    return Levels(
        ground_m + height_m,
        height_sigma_m,
        np.hypot(height_bias_m, sigma_m),
        np.full(len(part), method, dtype=object),
    )


def _ground_at(terrain: Terrain, take_off: TakeOff) -> tuple[float, float]:
    """Return the terrain's height at a take-off point and 1 sigma of it by the relief around."""
    metre = np.array([1.0 / (111_320.0 * np.cos(np.radians(take_off.lat_deg))), 1.0 / 110_570.0])
    azimuth = np.arange(16) * (np.pi / 8)
    ring = np.stack([np.sin(azimuth), np.cos(azimuth)], axis=-1) * metre
    here = np.array([take_off.lon_deg, take_off.lat_deg])
    rings = [here + ring * take_off.sigma_m, here + ring * take_off.sigma_m / 2]
    heights = terrain.height_m(np.vstack([here[None], *rings]))
    if not np.isfinite(heights[0]):
        return np.nan, np.nan
    around = heights[1:][np.isfinite(heights[1:])] - heights[0]
    return float(heights[0]), float(np.sqrt(np.mean(around**2))) if len(around) else 0.0


def _by_altitude(
    part: pd.DataFrame, counted_from: AltitudeReference, undulation_m: Callable[[Floats], Floats] | None
) -> Levels:
    """Return absolute altitudes in the terrain's count, NaN where their zeros differ and nobody says by how much."""
    altitude_m = part["altitude_m"].to_numpy(dtype=float)
    reference = part["altitude_reference"].to_numpy(dtype=str)
    horizontal_m = part["position_sigma_m"].to_numpy(dtype=float)
    on_ellipsoid = reference == AltitudeReference.ELLIPSOID
    known = on_ellipsoid | (reference == AltitudeReference.AMSL)
    up = np.where(known, altitude_m, np.nan)
    geoid = np.zeros(len(part))
    other = on_ellipsoid != (counted_from is AltitudeReference.ELLIPSOID)
    if (other & known).any():
        here = part[["lon_deg", "lat_deg"]].to_numpy(dtype=float)
        above = np.full(len(part), np.nan) if undulation_m is None else undulation_m(here)
        up = np.where(other, up + np.where(on_ellipsoid, -above, above), up)
        geoid = np.where(other, GEOID_M, 0.0)
    rtk = on_ellipsoid & (horizontal_m <= _RTK_WITHIN_M)
    afloat = on_ellipsoid & ~rtk & (horizontal_m <= _FLOAT_WITHIN_M)
    sigma = np.select([rtk, afloat], [RTK_M, FLOAT_M], GNSS_M)
    bias = np.hypot(np.select([rtk, afloat], [RTK_BIAS_M, FLOAT_BIAS_M], GNSS_BIAS_M), geoid)
    return Levels(up, sigma, bias, np.where(on_ellipsoid, "ellipsoidal altitude", "absolute altitude").astype(object))


def _unknown(count: int) -> Levels:
    nothing = np.full(count, np.nan)
    return Levels(nothing, nothing, nothing, np.full(count, "", dtype=object))


def _better(relative: Levels, absolute: Levels) -> Levels:
    """Return each height by the way that knows it better."""
    a, b = (np.hypot(one.sigma_m, one.bias_sigma_m) for one in (relative, absolute))
    a, b = (np.where(np.isfinite(one.up_m + total), total, np.inf) for one, total in ((relative, a), (absolute, b)))
    first = a <= b
    return Levels(
        np.where(first, relative.up_m, absolute.up_m),
        np.where(first, relative.sigma_m, absolute.sigma_m),
        np.where(first, relative.bias_sigma_m, absolute.bias_sigma_m),
        np.where(first, relative.method, absolute.method),
    )


def _doubts(relative: Levels, absolute: Levels) -> list[str]:
    apart = relative.up_m - absolute.up_m
    allowed = np.sqrt(sum(one.sigma_m**2 + one.bias_sigma_m**2 for one in (relative, absolute)))
    known = np.isfinite(apart) & np.isfinite(allowed)
    if not known.any():
        return []
    median_m, allowed_m = float(np.median(apart[known])), float(np.median(allowed[known]))
    if abs(median_m) <= _CHECK_SIGMAS * allowed_m:
        return []
    return [(
        f"take-off height plus relative altitude lies {median_m:+.1f} m from absolute altitude, more than their errors "
        f"allow ({allowed_m:.1f} m, 1 sigma): the take-off point or what the terrain model's heights are counted from "
        "may be wrong"
    )]  # fmt: skip
