"""What photos could have seen: the footprint of each, in the same wrong place as everything that it shows.

A photo's pose error moves its sightings and its footprint alike. So whether a place of one photo should show in another
is answered in the other's own terms, however wrong both poses are.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_AROUND_M = 3.0  # a photo whose footprint nobody knows sees its own sightings and this much around them


@dataclass(frozen=True, slots=True)
class Frames:
    """Footprints of P photos: ``normal`` (P, 4, 2) points inwards from each edge, ``offset`` (P, 4)."""

    normal: Floats
    offset: Floats

    def inside_m(self, photo: Ints, place_m: Floats) -> Floats:
        """Return (n,) how far inside its photo's footprint a place (n, 2) is; negative outside."""
        normal, offset = self.normal[photo], self.offset[photo]
        x, y = place_m[:, 0], place_m[:, 1]
        edges = (normal[:, k, 0] * x + normal[:, k, 1] * y + offset[:, k] for k in range(4))
        least = next(edges)
        for edge in edges:
            least = np.minimum(least, edge)
        return np.asarray(least)


def frames_of(
    names: NDArray[np.str_], shots: pd.DataFrame | None, frame: LocalFrame, place_m: Floats, photo: Ints
) -> Frames:
    """Return the footprints of photos.

    Parameters
    ----------
    names
        (P,) shot ids.
    shots
        ``tables.SHOTS`` with their footprints; None, or a shot without one, for a box around what the photo shows.
    frame
        The metric frame.
    place_m, photo
        (n, 2) and (n,) what the photos show.
    """
    count = len(names)
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, photo, place_m)
    np.maximum.at(high, photo, place_m)
    low, high = low - _AROUND_M, high + _AROUND_M
    corners = np.stack(
        [low, np.stack([high[:, 0], low[:, 1]], -1), high, np.stack([low[:, 0], high[:, 1]], -1)], axis=1
    )
    if shots is not None and "geometry" in shots:
        shapes = pd.Series(shots["geometry"].to_numpy(dtype=object), index=shots["shot_id"].to_numpy(dtype=str))
        shapes = shapes[~shapes.index.duplicated()].reindex(names)
        for number, shape in enumerate(shapes):
            if isinstance(shape, shapely.Polygon) and len(shape.exterior.coords) == 5:
                corners[number] = np.asarray(shape.exterior.coords)[:4]
                low[number] = np.nan  # in degrees until now
        known = np.isnan(low[:, 0])
        corners[known] = frame.to_metres(corners[known])
    edge = np.roll(corners, -1, axis=1) - corners
    area = (corners[:, :, 0] * np.roll(corners[:, :, 1], -1, axis=1)
            - np.roll(corners[:, :, 0], -1, axis=1) * corners[:, :, 1]).sum(axis=1)  # fmt: skip
    length = np.maximum(np.linalg.norm(edge, axis=-1), 1e-6)
    normal = np.stack([-edge[:, :, 1], edge[:, :, 0]], axis=-1) / length[:, :, None] * np.sign(area)[:, None, None]
    return Frames(normal, -(normal * corners).sum(axis=-1))
