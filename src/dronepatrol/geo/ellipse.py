"""Error ellipses of a position on the ground."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHI2_95_2D = 5.991464547107979
"""95 % quantile of chi-squared with two degrees of freedom."""


def ellipse95(covariance_en_m2: ArrayLike) -> NDArray[np.float64]:
    """Return (…, 3) semi-major axis, semi-minor axis (m) and azimuth (degrees in [0, 180), clockwise from north).

    Parameters
    ----------
    covariance_en_m2
        (…, 3) east-east, east-north, north-north.
    """
    ee, en, nn = np.moveaxis(np.asarray(covariance_en_m2, dtype=float), -1, 0)
    middle, half = (ee + nn) / 2, np.hypot((ee - nn) / 2, en)
    major = np.sqrt(CHI2_95_2D * (middle + half))
    minor = np.sqrt(CHI2_95_2D * np.maximum(middle - half, 0.0))
    azimuth = np.degrees(0.5 * np.arctan2(2 * en, nn - ee)) % 180.0
    return np.stack([major, minor, azimuth], axis=-1)


def radius95_m(covariance_en_m2: ArrayLike) -> NDArray[np.float64]:
    """Return (…) the radius of the circle that holds 95 % of a zero-mean normal error.

    Cubic fit in the axis ratio, better than 0.5 % (Leenhouts 1985, "On the computation of bi-normal radial error").
    """
    major, minor, _ = np.moveaxis(ellipse95(covariance_en_m2), -1, 0)
    ratio = np.divide(minor, major, out=np.zeros_like(major), where=major > 0)
    factor = 1.960790 + ratio * (0.004071 + ratio * (0.114276 + ratio * 0.371625))
    return np.asarray(factor * major / np.sqrt(CHI2_95_2D))
