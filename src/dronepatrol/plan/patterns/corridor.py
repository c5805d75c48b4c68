"""Corridor: along every edge of a network of roads or canals, with the least dead flying."""

from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.wording import Both
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.patterns.directed import in_order
from dronepatrol.plan.patterns.ground import Array, Ground, Laid, Loss
from dronepatrol.plan.patterns.network import Network, network_of, tour
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch
from dronepatrol.plan.timing import Pace

UNREACHABLE_S = 1e6
INSIDE_M = 0.05
"""The network is kept this far from the border of the free airspace, more than its grid."""
SHORTEST_M = 5.0
"""Shorter pieces of line, cut off by a border, are not flown for themselves."""


def corridor(ground: Ground, lines: list[LineString]) -> Laid:
    """Return stretches along all lines that lie in the target, in flying order.

    Parameters
    ----------
    ground
        Lines outside the target are not flown.
    lines
        Metres; the middle of what is to be seen.
    """
    asked = shapely.union_all(lines).intersection(ground.target)
    inside = shapely.intersection(asked, ground.free.buffer(-INSIDE_M, join_style="mitre"))
    pieces = [part for part in shapely.get_parts(inside) if isinstance(part, LineString) and part.length > SHORTEST_M]
    lost_m = asked.length - sum(piece.length for piece in pieces)
    laid = Laid()
    if lost_m > SHORTEST_M:
        lost = asked.difference(shapely.union_all(pieces).buffer(INSIDE_M))
        what = Both(
            f"{lost_m:,.0f} m of the network are not flown along: no-fly zones, their margin, or stubs",
            f"{lost_m:,.0f} 米线路未飞：位于禁飞区或其余量内，或为短支线",
        )
        laid.losses.append(Loss(what, at=lost.representative_point()))
    if not pieces:
        return laid
    network = network_of(pieces, ground.layout.tolerance_m)
    flown = _quicker(ground, network, lane_count(ground.photos, ground.layout.corridor_width_m))
    laid.stretches = [Stretch(line, ground.photos.photo_step_m) for line in flown]
    return laid


def lane_count(photos: PhotoPlan, width_m: float) -> int:
    """Return how many parallel lanes show a corridor of this width."""
    return 1 + max(0, int(np.ceil((width_m - photos.across_m) / photos.lane_spacing_m - 1e-9)))


def _quicker(ground: Ground, network: Network, lanes: int) -> list[Array]:
    """Return the lines in the postman's order, or in a local search's where that flies faster."""
    metres = Airspace(ground.free, Pace(1.0, 1e12))  # legs in seconds are metres then
    postman = _postman(ground, network, lanes, metres.times_s(network.junctions))
    searched = in_order(postman, ground.airspace, ground.seed)
    return min((postman, searched), key=lambda lines: way_s(ground, lines))


def _postman(ground: Ground, network: Network, lanes: int, apart_m: Array) -> list[Array]:
    turn = [0] * len(network.lines)
    open_air = ground.free.buffer(-INSIDE_M / 2, join_style="mitre")
    shapely.prepare(open_air)
    lines: list[Array] = []
    for edge, backwards in tour(network, lanes, apart_m):
        beside = (turn[edge] - (lanes - 1) / 2) * ground.photos.lane_spacing_m
        turn[edge] += 1
        pieces = _beside(open_air, network.lines[edge], beside)
        lines += [piece[::-1] for piece in reversed(pieces)] if backwards else pieces
    return lines


def _beside(open_air: BaseGeometry, line: Array, metres: float) -> list[Array]:
    """Return the line moved to its left by some metres, in pieces where closed airspace cuts it."""
    moved = LineString(line).offset_curve(metres, join_style="mitre") if metres else LineString(line)
    parts = shapely.get_parts(shapely.line_merge(moved.intersection(open_air)) if not open_air.covers(moved) else moved)
    kept = [part for part in parts if isinstance(part, LineString) and part.length > SHORTEST_M]
    kept.sort(key=lambda part: LineString(line).project(shapely.Point(part.coords[0])))
    return [np.asarray(part.coords)[:, :2] for part in kept]


def way_s(ground: Ground, lines: list[Array]) -> float:
    """Return the seconds along lines in their order, with the ways between them."""
    if not lines:
        return 0.0
    points = [lines[0]]
    for one, other in pairwise(lines):
        way = ground.airspace.way(one[-1], other[0])
        if not len(way):
            return UNREACHABLE_S
        points += [way[1:-1], other]
    return ground.pace.path_s(np.vstack(points))
