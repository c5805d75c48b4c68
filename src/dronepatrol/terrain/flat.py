"""Level ground, for where there is no terrain model; it says so."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


class FlatTerrain:
    """Ground at one height everywhere.

    Parameters
    ----------
    ground_amsl_m
        Metres above mean sea level.
    """

    def __init__(self, ground_amsl_m: float) -> None:
        self.ground_amsl_m = ground_amsl_m
        self.source = f"flat ground at {ground_amsl_m:.1f} m, not from a terrain model"

    def height_m(self, lonlat: ArrayLike) -> NDArray[np.float64]:
        """Return (…) the same height for (…, 2) degrees; NaN where a place is NaN."""
        places = np.asarray(lonlat, dtype=float)
        return np.where(np.isfinite(places).all(axis=-1), self.ground_amsl_m, np.nan)
