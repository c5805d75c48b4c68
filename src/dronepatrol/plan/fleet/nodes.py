"""Sorties as a routing library sees them: pieces of stretches as nodes, and what lies between them."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dronepatrol.plan.energy import EnergyModel
from dronepatrol.plan.fleet.sorties import Base, Flight
from dronepatrol.plan.fleet.tour import UNREACHABLE_S
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch

PIECE_M = 1500.0
"""Long stretches are cut at photos into pieces of about this length at most."""
_SAME_PLACE_M = 1e-3
_TURN = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Piece:
    """A part of a stretch, from and to metres along it."""

    origin: int
    low_m: float
    high_m: float


@dataclass(frozen=True)
class Nodes:
    """Docks first, then every piece as it is flown, then those that may be flown backwards.

    ``time_s`` and ``energy_wh`` are (n, n), from where a node ends to where the other one ends; ``places`` (n, 2) is
    where nodes begin.
    """

    docks: list[int]
    origins: list[Stretch]
    pieces: list[_Piece]
    turned: list[int]
    """The pieces of the nodes flown backwards, in order."""
    tours: list[tuple[int, list[int]]]
    """The sorties: the dock's place in ``docks``, and the nodes after the docks that it visits, from 0."""
    places: Array
    time_s: Array
    energy_wh: Array

    def flights(self, tours: list[tuple[int, list[int]]]) -> list[Flight]:
        """Return the sorties of tours."""
        return [Flight(self.docks[dock], self._joined(clients)) for dock, clients in tours if clients]

    def _joined(self, clients: list[int]) -> list[Stretch]:
        """Return what clients fly; pieces that follow each other on one stretch are one again."""
        found: list[tuple[_Piece, bool]] = []
        for client in clients:
            count = len(self.pieces)
            back = client >= count
            piece = self.pieces[self.turned[client - count]] if back else self.pieces[client]
            if found and found[-1][1] == back and found[-1][0].origin == piece.origin:
                before = found[-1][0]
                if (before.low_m == piece.high_m) if back else (before.high_m == piece.low_m):
                    low, high = min(before.low_m, piece.low_m), max(before.high_m, piece.high_m)
                    found[-1] = (_Piece(piece.origin, low, high), back)
                    continue
            found.append((piece, back))
        return [_cut(self.origins, piece).backwards() if back else _cut(self.origins, piece) for piece, back in found]


def _cut(origins: list[Stretch], piece: _Piece) -> Stretch:
    stretch = origins[piece.origin]
    whole = piece.low_m == 0.0 and piece.high_m == stretch.length_m
    return stretch if whole else stretch.between(piece.low_m, piece.high_m)


def _pieces(number: int, stretch: Stretch, photos: PhotoPlan) -> list[_Piece]:
    """Return a stretch cut at photos into pieces of about equal length."""
    length_m = stretch.length_m
    count = math.ceil(length_m / PIECE_M)
    if count < 2 or not stretch.cuttable or stretch.photo_step_m <= 0:
        return [_Piece(number, 0.0, length_m)]
    at = photos.photos(length_m, stretch.photo_step_m)
    inside = [float(at[round(k * (len(at) - 1) / count)]) for k in range(1, count)]
    return [_Piece(number, low, high) for low, high in pairwise([0.0, *inside, length_m])]


def nodes_of(flights: list[Flight], docks: list[int], bases: list[Base], photos: PhotoPlan) -> Nodes:
    """Return the nodes of sorties, with what lies between them."""
    origins = [stretch for flight in flights for stretch in flight.stretches]
    pieces: list[_Piece] = []
    tours: list[tuple[int, list[int]]] = []
    number = 0
    for flight in flights:
        first = len(pieces)
        for stretch in flight.stretches:
            pieces += _pieces(number, stretch, photos)
            number += 1
        tours.append((docks.index(flight.dock), list(range(first, len(pieces)))))
    forward = [_cut(origins, piece) for piece in pieces]
    turned = [at for at, stretch in enumerate(forward) if stretch.reversible]
    stretches = forward + [forward[at].backwards() for at in turned]
    time_s, energy_wh, places = _matrices(stretches, docks, bases, tours)
    return Nodes(docks, origins, pieces, turned, tours, places, time_s, energy_wh)


def _matrices(
    stretches: list[Stretch], docks: list[int], bases: list[Base], tours: list[tuple[int, list[int]]]
) -> tuple[Array, Array, Array]:
    """Return (n, n) seconds and watt-hours from where a node ends to where another one ends, and (n, 2) its begin.

    Ways around no-fly zones are taken to be against the wind all along, but for those of the tours.
    """
    base, count = bases[docks[0]], len(docks)
    model, at = base.model, np.array([bases[dock].at for dock in docks])
    starts = np.vstack([at, *(stretch.points[:1] for stretch in stretches)])
    ends = np.vstack([at, *(stretch.points[-1:] for stretch in stretches)])
    unique, where = np.unique(np.vstack([starts, ends]).round(6), axis=0, return_inverse=True)
    apart_s = np.minimum(base.airspace.times_s(unique), UNREACHABLE_S)
    where = where.reshape(-1)
    time_s = apart_s[np.ix_(where[len(starts) :], where[: len(starts)])]
    ways = starts[None] - ends[:, None]
    lengths = np.hypot(ways[..., 0], ways[..., 1])
    straight = np.abs(time_s - model.pace.leg_s(lengths)) < _TURN
    energy_wh = time_s * np.where(straight, model.watts(ways), model.most_w) / 3600.0
    own = [model.path(stretch.points) + model.standing(stretch.standing_s) for stretch in stretches]
    for dock, clients in tours:
        for one, other in pairwise([dock, *(count + client for client in clients), dock]):
            if not straight[one, other]:
                energy_wh[one, other] = model.path(base.way(ends[one], starts[other])).energy_wh
    joined, watts = _joined(stretches, lengths[count:, count:], model)
    goes_on_s = model.pace.speed_m_s / model.pace.acceleration_m_s2
    time_s[count:, count:] -= joined * goes_on_s
    energy_wh[count:, count:] -= joined * goes_on_s * watts / 3600.0
    time_s[:, count:] += [cost.time_s for cost in own]
    energy_wh[:, count:] += [cost.energy_wh for cost in own]
    time_s[:count, count:] += model.up_and_down().time_s
    energy_wh[:count, count:] += model.up_and_down().energy_wh
    for matrix in (time_s, energy_wh):
        np.fill_diagonal(matrix, 0.0)
    return np.maximum(time_s, 0.0), np.maximum(energy_wh, 0.0), starts


def _joined(stretches: list[Stretch], apart_m: Array, model: EnergyModel) -> tuple[NDArray[np.bool_], Array]:
    """Return (n, n) whether a stretch goes straight on where another one ends, and (n,) watts at its begin."""
    first = np.array([_way(stretch.points[:2]) for stretch in stretches])
    last = np.array([_way(stretch.points[-2:]) for stretch in stretches])
    return (apart_m < _SAME_PLACE_M) & (last @ first.T > 1.0 - _TURN), model.watts(first)


def _way(points: Array) -> Array:
    """Return the direction of a leg, (2,) of length 1, or zeros where there is none."""
    way = points[-1] - points[0]
    length = float(np.hypot(*way))
    return way / length if length > 0 else np.zeros(2)
