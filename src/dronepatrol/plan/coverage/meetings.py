"""Lanes of two parts flown on, or cut back, to where they meet: nested lanes with one stop at each corner, not two."""

import numpy as np
from numpy.typing import NDArray

from dronepatrol.plan.airspace import Airspace

MEETING_SINE = 0.3
"""Lanes are flown on until they meet only where they turn by more than this sine of an angle."""
OVERRUN = 0.6
"""Lanes that cross this share of a width before their ends are cut back to where they meet."""

Array = NDArray[np.float64]


def meetings(airspace: Airspace, ends: Array, width_m: float) -> tuple[Array, Array]:
    """Return (n, n) seconds from end to end where two lanes are flown on until they meet, and (n, n, 2) where.

    One stop instead of two: this is what makes nested lanes of two parts that meet at a bisector. Infinite where the
    lanes do not meet nearby.
    """
    other_end = ends.reshape(-1, 2, 2)[:, ::-1].reshape(-1, 2)
    way = (ends - other_end) / np.maximum(np.hypot(*(ends - other_end).T), 1e-12)[:, None]
    speed = np.minimum(airspace.pace.ground_m_s(way), airspace.pace.ground_m_s(-way))
    apart = ends[None] - ends[:, None]
    cross = way[:, None, 0] * way[None, :, 1] - way[:, None, 1] * way[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        on = (apart[..., 0] * way[None, :, 1] - apart[..., 1] * way[None, :, 0]) / cross
        back = (apart[..., 0] * way[:, None, 1] - apart[..., 1] * way[:, None, 0]) / cross
        least = -OVERRUN * width_m
        near = (np.abs(cross) > MEETING_SINE) & (on >= least) & (back >= least) & (on + back <= 3 * width_m)
    places = ends[:, None] + way[:, None] * np.where(near, on, 0.0)[..., None]
    one, other = np.nonzero(near)
    seconds = np.full(near.shape, np.inf)
    if len(one):
        open_way = airspace.is_free(ends[one], places[one, other]) & airspace.is_free(places[one, other], ends[other])
        further_s = on[one, other] / speed[one] + back[one, other] / speed[other]
        seconds[one, other] = np.where(open_way, np.maximum(further_s, 0.0), np.inf)
    return np.minimum(seconds, seconds.T), places
