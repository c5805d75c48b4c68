"""What the photos will cover, from where they are due: on a grid in metres, by winding numbers.

Every edge of every footprint adds or takes one where it crosses the middle of a grid row; sums along the rows are then
how many photos see each cell (scan conversion by non-zero winding; Foley et al., Computer Graphics, 3.6). The cost is
that of the edges, not of the overlaps, so that a city takes seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import LonLat, Mission, Ring, Rings
from dronepatrol.model.patrol import Pattern
from dronepatrol.model.proof import MOST_OVERLAP, Proof, TargetProof
from dronepatrol.plan.footprints import DuePhotos, due_photos, seen_quads
from dronepatrol.plan.request import Request

CELLS_PER_PHOTO = 40
"""The shorter side of a photo is at least this many cells."""
LEAST_CELLS, MOST_CELLS = 250_000, 6_000_000
"""Areas have about so many cells at least and at most."""
LINE_SAMPLE_M = 5.0
MOST_HOLES = 200
"""No more holes than this are listed, the largest ones."""

Array = NDArray[np.float64]
_ALONG_LINES = {Pattern.CORRIDOR, Pattern.PERIMETER}
_AT_PLACES = {Pattern.POINTS, Pattern.RECHECK}


@dataclass(frozen=True)
class _Seen:
    """All photos: corners of their footprints (n, 4, 2) in metres, GSD (n,), and the grid cells that suit them."""

    quads: Array
    gsd_m: Array
    cell_m: float


@dataclass(frozen=True)
class _Grid:
    """Square cells from a south-west corner on; row 0 is the southernmost."""

    west: float
    south: float
    cell_m: float
    shape: tuple[int, int]

    def windings(self, rings: Array) -> NDArray[np.int64]:
        """Return (rows, columns) how often (m, 2, 2) edges (start, end) wind round each cell's middle.

        Rings run counter-clockwise around what they hold.
        """
        rows, columns = self.shape
        (x0, y0), (x1, y1) = rings[:, 0].T, rings[:, 1].T
        first = np.clip(np.ceil((np.minimum(y0, y1) - self.south) / self.cell_m - 0.5), 0, rows).astype(np.int64)
        last = np.clip(np.ceil((np.maximum(y0, y1) - self.south) / self.cell_m - 0.5), 0, rows).astype(np.int64)
        count = last - first
        edge = np.repeat(np.arange(len(rings)), count)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        middle = self.south + (row + 0.5) * self.cell_m
        x = x0[edge] + (middle - y0[edge]) * ((x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0))[edge]
        column = np.clip(np.ceil((x - self.west) / self.cell_m - 0.5), 0, columns).astype(np.int64)
        cell, down = row * (columns + 1) + column, (y1 < y0)[edge]
        entered, left = (np.bincount(cell[which], minlength=rows * (columns + 1)) for which in (down, ~down))
        return np.cumsum((entered - left).reshape(rows, columns + 1)[:, :-1], axis=1)

    def polygons(self, cells: NDArray[np.bool_]) -> list[Polygon]:
        """Return the cells' union as polygons, largest first."""
        padded = np.pad(cells, ((0, 0), (1, 1))).astype(np.int8)
        row, start = np.nonzero(np.diff(padded, axis=1) == 1)
        _, end = np.nonzero(np.diff(padded, axis=1) == -1)
        x = self.west + np.stack([start, end], axis=1) * self.cell_m
        y = self.south + np.stack([row, row + 1], axis=1) * self.cell_m
        parts = shapely.get_parts(shapely.union_all(shapely.box(x[:, 0], y[:, 0], x[:, 1], y[:, 1])))
        return sorted(parts, key=lambda part: -part.area)


def prove(mission: Mission, request: Request) -> Proof:
    """Return what a mission's photos will show: areas by area, lines by length, places by number.

    What the mission keeps out of, as its ``nofly`` says, is no part of any target. Photos are taken to show level
    ground at the height of the ground right below them.
    """
    frame = _frame(mission, request)
    photos = [due_photos(sortie, frame) for sortie in mission.sorties]
    above = _above_ground_m(mission, request, photos, frame)
    quads = np.concatenate(
        [seen_quads(due, request.camera, height) for due, height in zip(photos, above, strict=True)]
        or [np.empty((0, 4, 2))]
    )
    height = np.concatenate([*above, np.empty(0)])
    pitch = np.concatenate([*(due.pitch_deg for due in photos), np.empty(0)])
    steep = np.maximum(np.sin(np.radians(-pitch)), np.cos(np.radians(MAX_OFF_NADIR_DEG)))
    seen = _Seen(quads, height / steep / request.camera.focal_px, _cell_m(quads))
    return Proof(
        targets=tuple(_proofs(mission, request, frame, seen)),
        lonlat=frame.to_lonlat(np.concatenate([*(due.places for due in photos), np.empty((0, 2))])),
        footprint_lonlat=frame.to_lonlat(quads),
        above_ground_m=height,
        sortie=np.repeat(np.arange(len(photos)), [len(due) for due in photos]),
        cell_m=seen.cell_m,
    )


def _proofs(mission: Mission, request: Request, frame: LocalFrame, seen: _Seen) -> Iterator[TargetProof]:
    pattern = request.spec.pattern
    forbidden = shapely.union_all([frame.geometry_to_metres(Polygon(one[0], one[1:])) for one in mission.nofly])
    if pattern in _AT_PLACES:
        places = np.array([frame.to_metres((place.x, place.y)) for place in request.places]).reshape(-1, 2)
        yield _of_points("places", "places", frame, places, seen)
    elif pattern in _ALONG_LINES:
        lines = _lines(request, frame, forbidden)
        yield _of_points("lines", "m", frame, _samples(lines), seen, sum(line.length for line in lines))
    else:
        for area in request.areas:
            target = frame.geometry_to_metres(area.geometry).difference(forbidden)
            yield _of_area(area.name, frame, target, seen)


def _of_area(name: str, frame: LocalFrame, target: BaseGeometry, seen: _Seen) -> TargetProof:
    if target.is_empty:
        return TargetProof(name, "m2", 0.0, 0, (np.nan,) * 3, (1.0,) + (0.0,) * MOST_OVERLAP, ())
    west, south, east, north = target.bounds
    size_m2 = (east - west) * (north - south)
    cell = float(np.clip(seen.cell_m, np.sqrt(size_m2 / MOST_CELLS), np.sqrt(size_m2 / LEAST_CELLS)))
    grid = _Grid(west, south, cell, (int((north - south) / cell) + 1, int((east - west) / cell) + 1))
    inside = grid.windings(_edges(target)) > 0
    low, high = seen.quads.min(axis=1), seen.quads.max(axis=1)
    near = np.flatnonzero((low < (east, north)).all(axis=1) & (high > (west, south)).all(axis=1))
    counts = grid.windings(_quad_edges(seen.quads[near]))
    shapely.prepare(target)
    seeing = near[shapely.intersects(target, shapely.polygons(seen.quads[near]))]
    histogram = np.bincount(np.minimum(counts[inside], MOST_OVERLAP), minlength=MOST_OVERLAP + 1)
    holes = grid.polygons(inside & (counts == 0))[:MOST_HOLES]
    return TargetProof(
        name=name,
        unit="m2",
        size=float(target.area),
        photos=len(seeing),
        gsd_m=_three(seen.gsd_m[seeing]),
        overlap_shares=tuple((histogram / max(histogram.sum(), 1)).tolist()),
        holes=tuple(_rings(frame, hole) for hole in holes),
    )


def _of_points(
    name: str, unit: str, frame: LocalFrame, points: Array, seen: _Seen, size: float | None = None
) -> TargetProof:
    """Return how points are seen: places, or samples of lines that are ``size`` metres long."""
    photo, point = STRtree(list(map(Point, points))).query(shapely.polygons(seen.quads), predicate="intersects")
    counts = np.bincount(point, minlength=len(points))
    histogram = np.bincount(np.minimum(counts, MOST_OVERLAP), minlength=MOST_OVERLAP + 1)
    missed = shapely.union_all(shapely.buffer(shapely.points(points[counts == 0]), LINE_SAMPLE_M / 2, quad_segs=2))
    holes = sorted(shapely.get_parts(missed), key=lambda part: -part.area)[:MOST_HOLES]
    return TargetProof(
        name=name,
        unit=unit,
        size=len(points) if size is None else size,
        photos=len(np.unique(photo)),
        gsd_m=_three(seen.gsd_m[np.unique(photo)]),
        overlap_shares=tuple((histogram / max(histogram.sum(), 1)).tolist()),
        holes=tuple(_rings(frame, hole) for hole in holes),
    )


def _frame(mission: Mission, request: Request) -> LocalFrame:
    corners = [area.geometry for area in request.areas]
    places = [(w.lon_deg, w.lat_deg) for sortie in mission.sorties for w in sortie.waypoints]
    return LocalFrame.around(shapely.GeometryCollection([*corners, shapely.MultiPoint(places)]))


def _above_ground_m(mission: Mission, request: Request, photos: list[DuePhotos], frame: LocalFrame) -> list[Array]:
    """Return the heights of each sortie's photos above the ground, level with the dock where that is not known."""
    if request.terrain is None:
        return [due.height_m for due in photos]
    places = np.concatenate([*(due.places for due in photos), np.empty((0, 2))])
    grounds = np.split(request.terrain.height_m(frame.to_lonlat(places)), np.cumsum([len(due) for due in photos]))
    docks = [sortie.dock.ground_amsl_m for sortie in mission.sorties]
    return [
        np.maximum(due.height_m + dock - np.where(np.isfinite(ground), ground, dock), 0.0)
        for due, ground, dock in zip(photos, grounds, docks, strict=False)
    ]


def _cell_m(quads: Array) -> float:
    if not len(quads):
        return 10.0
    sides = np.hypot(*np.diff(quads, axis=1, append=quads[:, :1]).transpose(2, 0, 1))
    return max(float(np.median(sides.min(axis=1))) / CELLS_PER_PHOTO, 0.1)


def _edges(geometry: BaseGeometry) -> Array:
    """Return (m, 2, 2) the edges of polygons, solid on their left."""
    parts = [part for part in shapely.get_parts(shapely.orient_polygons(geometry)) if isinstance(part, Polygon)]
    rings = [np.asarray(ring.coords)[:, :2] for part in parts for ring in (part.exterior, *part.interiors)]
    return np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])


def _quad_edges(quads: Array) -> Array:
    """Return (4 n, 2, 2) the edges of (n, 4, 2) quads, turned counter-clockwise."""
    ahead = np.roll(quads, -1, axis=1)
    area = (quads[..., 0] * ahead[..., 1] - quads[..., 1] * ahead[..., 0]).sum(axis=1)
    turned = np.where((area < 0)[:, None, None], quads[:, ::-1], quads)
    return np.stack([turned, np.roll(turned, -1, axis=1)], axis=2).reshape(-1, 2, 2)


def _lines(request: Request, frame: LocalFrame, forbidden: BaseGeometry) -> list[LineString]:
    """Return what is to be seen along, in metres: the network inside the areas, or the areas' borders."""
    whole = shapely.union_all([frame.geometry_to_metres(area.geometry) for area in request.areas])
    if request.spec.pattern is Pattern.CORRIDOR:
        asked = shapely.union_all([frame.geometry_to_metres(line) for line in request.lines]).intersection(whole)
    else:
        polygons = [part for part in shapely.get_parts(whole) if isinstance(part, Polygon)]
        asked = shapely.union_all([part.exterior for part in polygons])
    return [part for part in shapely.get_parts(asked.difference(forbidden)) if isinstance(part, LineString)]


def _samples(lines: list[LineString]) -> Array:
    """Return (n, 2) points in the middles of pieces of equal length, so that each stands for the same."""
    found = [np.empty((0, 2))]
    for line in lines:
        count = max(int(np.ceil(line.length / LINE_SAMPLE_M)), 1)
        at = (np.arange(count) + 0.5) / count
        found.append(shapely.get_coordinates(shapely.line_interpolate_point(line, at, normalized=True)))
    return np.vstack(found)


def _three(gsd_m: Array) -> tuple[float, float, float]:
    if not len(gsd_m):
        return np.nan, np.nan, np.nan
    return float(gsd_m.min()), float(np.median(gsd_m)), float(gsd_m.max())


def _rings(frame: LocalFrame, polygon: Polygon | MultiPolygon) -> Rings:
    def ring(line: shapely.LinearRing) -> Ring:
        return tuple(_lonlat(point) for point in frame.to_lonlat(np.asarray(line.coords)[:, :2]))

    part = shapely.get_parts(polygon)[0]
    return (ring(part.exterior), *(ring(hole) for hole in part.interiors))


def _lonlat(point: Array) -> LonLat:
    return round(float(point[0]), 7), round(float(point[1]), 7)
