"""Pictures that a viewer turned by half a turn while their gimbal's angles stayed: found by their neighbours."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dronepatrol.geo.rotation import angles_of, camera_to_ned
from dronepatrol.locate.bundle import Floats, Ints
from dronepatrol.locate.project import ground_of
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.ties import Features, Match
from dronepatrol.locate.view import Views

_HALF_TURN = np.diag([-1.0, -1.0, 1.0])
_CLEARLY_M = 6.0
"""A pair of photos has a say where the best reading beats the second by this much: about three sigmas of two fixes."""
_AT_MOST = 60


def turned_over(views: Views, ground: Ground, found: Sequence[Features | None], matches: Sequence[Match]) -> Ints:
    """Return (n,) 1 for photos whose picture is turned by half a turn against their attitude, else 0.

    Two overlapping photos are read in four ways, each as it is or turned. The right way puts their shared points in the
    same places on the ground to within their poses' errors; a wrong one does not even when both are turned, because
    the photos then lie in the wrong order. Each pair with a clear best way has a say on both of its photos.
    """
    votes = np.zeros((len(views.enu_m), 2))
    for match in matches:
        a, b = found[match.first], found[match.second]
        if a is None or b is None or not len(match.pairs):
            continue
        some = match.pairs[:: max(1, len(match.pairs) // _AT_MOST)]
        here = [_on_ground(views, ground, match.first, a.pixels[some[:, 0]], half) for half in (False, True)]
        there = [_on_ground(views, ground, match.second, b.pixels[some[:, 1]], half) for half in (False, True)]
        apart = np.array([[_apart(one, other) for other in there] for one in here])
        best = np.unravel_index(int(np.argmin(apart)), (2, 2))
        margin = float(np.partition(apart.ravel(), 1)[1] - apart[best])
        if np.isfinite(margin) and margin > _CLEARLY_M:
            votes[match.first, best[0]] += 1
            votes[match.second, best[1]] += 1
    return (votes[:, 1] > votes[:, 0]).astype(np.intp)


def _apart(one: Floats, other: Floats) -> float:
    distance = np.linalg.norm(one - other, axis=1)
    return float(np.median(distance)) if np.isfinite(distance).all() else 1e9


def _on_ground(views: Views, ground: Ground, photo: int, pixels: Floats, half: bool) -> Floats:
    """Return (n, 2) metres of pixels of one photo, read as it is or with its picture turned by half a turn."""
    which = np.full(len(pixels), photo, dtype=np.intp)
    last = np.array(views.cameras[views.camera_of[photo]].image_wh) - 1.0
    return ground_of(views, ground, which, last - pixels if half else pixels)[:, :2]


def with_turned(shots: pd.DataFrame, turned: Ints) -> pd.DataFrame:
    """Return the shots with the attitude and the inner geometry of the turned ones as their pictures are."""
    rows = np.flatnonzero(turned == 1)
    if not len(rows):
        return shots.copy()
    table = shots.copy()
    part = shots.iloc[rows]
    rotation = camera_to_ned(*(part[name].to_numpy(dtype=float) for name in ("yaw_deg", "pitch_deg", "roll_deg")))
    angles = angles_of(rotation @ _HALF_TURN)
    new = {name: angles[:, axis] for axis, name in enumerate(("yaw_deg", "pitch_deg", "roll_deg"))}
    for centre, side in (("cx_px", "image_width_px"), ("cy_px", "image_height_px")):
        new[centre] = part[side].to_numpy(dtype=float) - 1.0 - part[centre].to_numpy(dtype=float)
    new |= {name: -part[name].to_numpy(dtype=float) for name in ("p1", "p2")}
    for name, values in new.items():
        column = table[name].to_numpy(dtype=float).copy()
        column[rows] = values
        table[name] = column
    return table
