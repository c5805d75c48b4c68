"""Coverage evidence: which photos saw a place, when, how finely, from where; the ground for "not seen any more"."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.geo.camera import in_image
from dronepatrol.geo.ellipse import radius95_m
from dronepatrol.locate.error import Floats
from dronepatrol.locate.project import pixels_of, place
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.view import Ints, Views

_HIDDEN_M = 2.0
"""A place counts as hidden where its ray ends more than this above it: a surface model's own steps are smaller."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """k photos that see a place, of n: ``which`` (k,) by number, and for each how it sees it.

    ``pixels`` (k, 2); ``gsd_m`` (k,) metres per pixel across the line of sight; ``off_nadir_deg`` and
    ``azimuth_deg`` (k,) of that line, the azimuth from the place to the camera; ``error95_m`` (k,) of the photo's
    places there; ``surely`` (k,) whether the place is further inside the picture than that.
    """

    which: Ints
    pixels: Floats
    gsd_m: Floats
    off_nadir_deg: Floats
    azimuth_deg: Floats
    error95_m: Floats
    surely: NDArray[np.bool_]


def who_sees(views: Views, ground: Ground, east_north_m: Floats) -> Sighted:
    """Return the photos that see one place on the ground, (2,) metres in the views' frame.

    A place that something of the ground's model stands in front of is not seen.
    """
    n = len(views.enu_m)
    every = np.arange(n, dtype=np.intp)
    up = float(np.nan_to_num(ground.height_m(east_north_m[None])[0]))
    target = np.tile([east_north_m[0], east_north_m[1], up], (n, 1))
    pixels = pixels_of(views, every, target)
    inside = np.zeros(n, dtype=bool)
    for number, camera in enumerate(views.cameras):
        rows = views.camera_of == number
        inside[rows] = in_image(camera, pixels[rows])
    which = np.flatnonzero(inside & (views.enu_m[:, 2] > up))
    zero = np.zeros(len(which))
    seen = place(views, which, pixels[which], ground, box_px=0.0, above_m=zero, above_sigma_m=zero)
    expected = views.enu_m[which, 2] - up
    open_view = np.isfinite(seen.depth_m) & (np.abs(seen.depth_m - expected) < _HIDDEN_M)
    which = which[open_view]
    away = views.enu_m[which] - target[which]
    reach = np.linalg.norm(away, axis=1)
    focal = np.array([(camera.fx_px + camera.fy_px) / 2 for camera in views.cameras])[views.camera_of[which]]
    error = radius95_m(seen.photo_m2[open_view] + seen.shared_m2[open_view])
    margin_px = _to_edge_px(views, which, pixels[which])
    return Sighted(
        which=which,
        pixels=pixels[which],
        gsd_m=reach / focal,
        off_nadir_deg=seen.off_nadir_deg[open_view],
        azimuth_deg=np.degrees(np.arctan2(away[:, 0], away[:, 1])) % 360.0,
        error95_m=error,
        surely=margin_px * reach / focal > error,
    )


def _to_edge_px(views: Views, which: Ints, pixels: Floats) -> Floats:
    """Return (k,) how far pixels are from the nearest edge of their pictures."""
    size = np.array([camera.image_wh for camera in views.cameras], dtype=float)[views.camera_of[which]]
    return np.asarray(np.minimum(pixels + 0.5, size - 0.5 - pixels).min(axis=1, initial=np.inf))


def evidence_table(shots: pd.DataFrame, sighted: Sighted) -> pd.DataFrame:
    """Return one row for each photo that sees the place, in the order of time: shot, time, where in it and how well."""
    part = shots.iloc[sighted.which]
    table = pd.DataFrame(
        {
            "shot_id": part["shot_id"].to_numpy(),
            "photo": part["photo"].to_numpy(),
            "time_utc": part["time_utc"].to_numpy(),
            "column_px": sighted.pixels[:, 0],
            "row_px": sighted.pixels[:, 1],
            "gsd_m": sighted.gsd_m,
            "off_nadir_deg": sighted.off_nadir_deg,
            "azimuth_deg": sighted.azimuth_deg,
            "error95_m": sighted.error95_m,
            "surely": sighted.surely,
        }
    )
    return table.sort_values(["time_utc", "shot_id"], kind="stable").reset_index(drop=True)
