"""What the photos of a plan will show, before any is taken."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.mission import Rings

MOST_OVERLAP = 10
"""Places that this many photos or more see are counted together."""


@dataclass(frozen=True)
class TargetProof:
    """How one target is seen: an area, a network of lines or a list of places.

    ``size`` is in square metres, metres or places, as ``unit`` ("m2", "m", "places") says. ``overlap_shares[k]`` is
    the share of it that exactly k photos see, the last one ``MOST_OVERLAP`` and more. ``gsd_m`` is (least, median,
    largest) over the photos that see it, at their middles; NaN where none does. ``holes`` are seen by no photo, largest
    first, WGS-84.
    """

    name: str
    unit: str
    size: float
    photos: int
    gsd_m: tuple[float, float, float]
    overlap_shares: tuple[float, ...]
    holes: tuple[Rings, ...]

    @property
    def covered_share(self) -> float:
        """Share of the target that at least one photo sees."""
        return 1.0 - self.overlap_shares[0]


@dataclass(frozen=True)
class Proof:
    """What all photos of a plan will show; columns of equal length n, one per photo, in flying order.

    ``lonlat`` (n, 2) is where a photo is taken, ``footprint_lonlat`` (n, 4, 2) the corners of what it shows,
    ``above_ground_m`` (n,) its height above the ground below, ``sortie`` (n,) the index of its sortie.
    """

    targets: tuple[TargetProof, ...]
    lonlat: NDArray[np.float64]
    footprint_lonlat: NDArray[np.float64]
    above_ground_m: NDArray[np.float64]
    sortie: NDArray[np.intp]
    cell_m: float
    """Side of the grid cells that areas are judged by; small areas have smaller ones, a very large one larger ones."""
