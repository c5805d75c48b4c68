"""What a pattern asks for: stretches of flight line with photos, in metres of one local frame."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """A piece of flight line that belongs together, flown from its first point to its last.

    ``points`` is (n, 2) metres east and north; legs between them are straight. With ``photo_step_m`` photos are taken
    by distance all along, the first at the first point; with 0 one photo is taken at every point. The camera looks
    ``gimbal_pitch_deg`` down along the flight, or towards ``look_at`` (metres east, north). A ``reversible`` stretch
    may be flown backwards; a ``cuttable`` one may be divided between sorties at a photo.
    """

    points: Array
    photo_step_m: float
    gimbal_pitch_deg: float = -90.0
    look_at: tuple[float, float] | None = None
    reversible: bool = True
    cuttable: bool = True

    @property
    def length_m(self) -> float:
        """Length of the flight line."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    def backwards(self) -> "Stretch":
        """Return the stretch flown from its last point to its first."""
        return replace(self, points=self.points[::-1])
