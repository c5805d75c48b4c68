"""Observations as the arrays that merging works on, and the sums that make one position of many sightings."""

from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

GATE = 13.815510557964274
"""99.9 % quantile of chi-squared with two degrees of freedom: further apart than this, two sightings are two things."""

_BOX_SIGMA_PX = 3.0  # how far two boxes of one thing in one photo's terms may disagree beside the photo's own error:
_BOX_SIGMA_SHARE = 0.1  # this many pixels, and this share of the thing's length. Assumptions, on the wide side.


@dataclass(frozen=True, slots=True)
class Sightings:
    """n sightings of things on the ground, in metres east and north.

    ``place_m`` (n, 2); ``photo_m2`` and ``bias_m2`` (n, 2, 2) covariance of what is new in every photo and of what
    others share; ``apart_m2`` (n, 2, 2) by which two sightings of one flight may differ: what is new, and what leans
    each ray its own way (heights, focal length); ``box_sigma_m`` (n,) the part that not even the sightings of one photo
    share; ``photo``, ``flight`` and ``kind`` (n,) are numbers that stand for them.
    """

    place_m: Floats
    photo_m2: Floats
    apart_m2: Floats
    bias_m2: Floats
    box_sigma_m: Floats
    photo: Ints
    flight: Ints
    kind: Ints

    def __len__(self) -> int:
        return len(self.place_m)

    def __getitem__(self, which: Ints) -> "Sightings":
        return Sightings(
            self.place_m[which],
            self.photo_m2[which],
            self.apart_m2[which],
            self.bias_m2[which],
            self.box_sigma_m[which],
            self.photo[which],
            self.flight[which],
            self.kind[which],
        )


@dataclass(frozen=True, slots=True)
class Places:
    """Where k groups of sightings are: ``mean_m`` (k, 2), ``covariance_m2`` (k, 2, 2)."""

    mean_m: Floats
    covariance_m2: Floats


def sightings(observations: geopandas.GeoDataFrame, frame: LocalFrame) -> Sightings:
    """Return the observations (``tables.OBSERVATIONS``) in the metres of a frame."""
    lonlat = shapely.get_coordinates(observations.geometry.to_numpy())
    spread = np.hypot(_BOX_SIGMA_PX * observations["gsd_m"], _BOX_SIGMA_SHARE * observations["length_m"])
    photo, bias = _matrices(observations, "photo"), _matrices(observations, "bias")
    even = np.linalg.eigvalsh(bias)[:, 0] if len(bias) else np.empty(0)
    return Sightings(
        place_m=frame.to_metres(lonlat),
        photo_m2=photo,
        apart_m2=photo + bias - even[:, None, None] * np.eye(2),
        bias_m2=bias,
        box_sigma_m=np.asarray(spread, dtype=float),
        photo=_numbers(observations, "shot_id"),
        flight=_numbers(observations, "flight_id"),
        kind=_numbers(observations, "kind"),
    )


def _matrices(observations: geopandas.GeoDataFrame, part: str) -> Floats:
    ee, en, nn = (observations[f"{part}_{name}_m2"].to_numpy(dtype=float) for name in ("ee", "en", "nn"))
    floor = 1e-6  # a millimetre: a pose that claims to be perfect must still leave matrices that can be inverted
    return np.stack([ee + floor, en, en, nn + floor], axis=-1).reshape(-1, 2, 2)


def _numbers(observations: geopandas.GeoDataFrame, column: str) -> Ints:
    return np.unique(observations[column].to_numpy(dtype=str), return_inverse=True)[1].astype(np.intp)


def squared_distance(difference: Floats, covariance: Floats) -> Floats:
    """Return (…) squared Mahalanobis distances of (…, 2) differences under (…, 2, 2) covariances."""
    a, b, c = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    x, y = difference[..., 0], difference[..., 1]
    return np.asarray((c * x * x - 2 * b * x * y + a * y * y) / (a * c - b * b))


def information(s: Sightings) -> tuple[Floats, Floats]:
    """Return the inverse covariances (n, 2, 2) of the photo parts, and those times the places (n, 2)."""
    inverse = np.asarray(np.linalg.inv(s.photo_m2), dtype=float)
    return inverse, np.einsum("nij,nj->ni", inverse, s.place_m)


def places(s: Sightings, labels: Ints) -> Places:
    """Return the information-weighted mean place of each group; ``labels`` (n,) are 0 to k-1, each used."""
    inverse, weighted = information(s)
    count = int(labels.max()) + 1 if len(labels) else 0
    total, moment = np.zeros((count, 2, 2)), np.zeros((count, 2))
    np.add.at(total, labels, inverse)
    np.add.at(moment, labels, weighted)
    covariance = np.asarray(np.linalg.inv(total), dtype=float)
    return Places(np.einsum("kij,kj->ki", covariance, moment), covariance)


def reach_m(covariances: Floats, more_m2: float = 0.0) -> float:
    """Return the distance within which two sightings can pass the gate.

    The most uncertain 5 % are held to the reach of the rest, so that a few wild ones do not make neighbours of all.
    """
    if not len(covariances):
        return 0.0
    widest = np.linalg.eigvalsh(covariances)[:, 1]
    return float(np.sqrt(GATE * (2 * np.quantile(widest, 0.95) + more_m2)))


def renumbered(labels: Ints) -> Ints:
    """Return the same groups, numbered 0 to k-1 in the order in which they first appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)


def shared_bias_m2(s: Sightings) -> Floats:
    """Return (F, 2, 2) what all sightings of a flight share: the round part of their bias covariances.

    A bias of position is the same in every direction; one of height moves each sighting along its own ray, and what
    that adds is left to ``flights.solved``.
    """
    least = np.full(int(s.flight.max()) + 1, np.inf)
    np.minimum.at(least, s.flight, np.linalg.eigvalsh(s.bias_m2)[:, 0])
    return np.asarray(np.maximum(least, 1e-6)[:, None, None] * np.eye(2))
