"""Heights of the ground: the seam behind which every terrain stands."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Terrain(Protocol):
    """Ground heights above mean sea level; every implementation passes ``tests/terrain/contract.py``."""

    source: str
    """Where the heights come from, for reports; a flat terrain says that it is one."""

    def height_m(self, lonlat: ArrayLike) -> NDArray[np.float64]:
        """Return (…) metres above mean sea level at (…, 2) degrees longitude and latitude; NaN where unknown."""
        ...
