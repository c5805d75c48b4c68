"""The ground as one flight needs it: heights on a grid in the metres of a frame, and where rays first meet them."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.terrain import Terrain

Floats = NDArray[np.float64]

MOST_CELLS = 6_000_000
"""A larger grid is sampled more coarsely, and says so."""
BLOCK = 8  # cells that a ray is followed at a time: where the highest point about is below it, they are skipped
_SMOOTH_M = 3.0  # slopes and roughness are those of the ground within about this distance
_HOLE_SIGMA_M = 2.0  # 1 sigma of a filled height at the edge of what is known …
_HOLE_PER_M = 0.15  # … and per metre away from it: assumptions
_GRAZING = 0.5  # ground that falls away by more than this share of a ray's own fall
_HALVINGS = 3
_TOUCH_M = 1e-9


@dataclass(frozen=True, slots=True)
class Ends:
    """Where n rays end.

    ``depth_m`` (n,) below the camera, NaN where nowhere; ``slope_en`` (n, 2) rise of the ground there per metre east
    and north; ``sigma_m`` (n,) 1 sigma of its height; ``filled`` (n,) whether the model itself had no height there.
    """

    depth_m: Floats
    slope_en: Floats
    sigma_m: Floats
    filled: NDArray[np.bool_]


class Ground(Protocol):
    """What rays can end on."""

    @property
    def source(self) -> str:
        """Where the heights come from."""
        ...

    def first_hits(self, from_enu_m: Floats, lean_en: Floats) -> Ends:
        """Return where rays first meet the ground.

        Parameters
        ----------
        from_enu_m
            (n, 3) metres east, north, up of the cameras.
        lean_en
            (n, 2) metres east and north per metre down.
        """
        ...

    def height_m(self, east_north_m: Floats) -> Floats:
        """Return (…) heights at (…, 2) metres east and north; NaN outside."""
        ...


@dataclass(frozen=True, slots=True)
class Level:
    """Level ground at ``up_m``, from which the real ground departs by ``relief_m`` (1 sigma)."""

    up_m: float
    relief_m: float
    source: str

    def first_hits(self, from_enu_m: Floats, lean_en: Floats) -> Ends:  # noqa: ARG002 a level asks no direction
        """Return where rays meet the level."""
        depth = from_enu_m[:, 2] - self.up_m
        n = len(depth)
        sigma = np.full(n, self.relief_m)
        return Ends(np.where(depth > 0, depth, np.nan), np.zeros((n, 2)), sigma, np.zeros(n, dtype=bool))

    def height_m(self, east_north_m: Floats) -> Floats:
        """Return the level everywhere."""
        return np.full(east_north_m.shape[:-1], self.up_m)


class Grid:
    """Heights on a regular grid, bilinear in between, holes filled from their edges.

    Parameters
    ----------
    first_en_m
        Metres east and north of the first cell's middle (south-west).
    step_m
        Metres between cells.
    heights
        (rows from south to north, columns from west to east) metres; NaN where unknown, at least one known.
    sigma_m
        1 sigma of the model's own heights.
    source
        Where the heights come from.
    """

    def __init__(
        self, first_en_m: tuple[float, float], step_m: float, heights: Floats, sigma_m: float, source: str
    ) -> None:
        known = np.isfinite(heights)
        self.known_share = float(known.mean())
        self.source = source
        self._east, self._north, self._step = *first_en_m, step_m
        beyond_cells = np.zeros(heights.shape)
        if not known.all():
            beyond_cells, nearest = ndimage.distance_transform_edt(~known, return_indices=True)
            heights = heights[tuple(nearest)]
        self._z = np.ascontiguousarray(heights, dtype=float)
        self._filled = ~known
        self._lowest, self._highest = float(self._z.min()), float(self._z.max())
        self._slope_e, self._slope_n, rough = _shape(self._z, step_m)
        hole = np.where(known, 0.0, _HOLE_SIGMA_M + _HOLE_PER_M * step_m * beyond_cells)
        self._sigma = np.sqrt(sigma_m**2 + rough**2 + hole**2)
        self._tops = ndimage.maximum_filter(self._z, BLOCK + 3, mode="nearest")

    @classmethod
    def sampled(
        cls, terrain: Terrain, frame: LocalFrame, bounds_m: tuple[float, float, float, float], step_m: float,
        sigma_m: float,
    ) -> "Grid | None":  # fmt: skip
        """Return a terrain on a grid over (west, south, east, north) metres, None where it knows nothing of it.

        A window of more than :data:`MOST_CELLS` is sampled more coarsely.
        """
        west, south, east, north = bounds_m
        step_m = max(step_m, float(np.sqrt((east - west) * (north - south) / MOST_CELLS)))
        columns, rows = (max(int(np.ceil(side / step_m)) + 1, 2) for side in (east - west, north - south))
        lonlat = _lattice_lonlat(frame, west, south, step_m, rows, columns)
        heights = terrain.height_m(lonlat)
        if not np.isfinite(heights).any():
            return None
        return cls((west, south), step_m, heights, sigma_m, f"{terrain.source}, every {step_m:.2g} m")

    def height_m(self, east_north_m: Floats) -> Floats:
        """Return (…) heights, NaN outside the grid."""
        return self._bilinear(east_north_m[..., 0], east_north_m[..., 1])

    def _bilinear(self, east: Floats, north: Floats) -> Floats:
        x, y = (east - self._east) / self._step, (north - self._north) / self._step
        rows, columns = self._z.shape
        inside = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
        if not inside.all():
            x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
        i, j = np.minimum(y.astype(np.int32), rows - 2), np.minimum(x.astype(np.int32), columns - 2)
        x -= j
        y -= i
        flat, at = self._z.ravel(), i * np.int32(columns) + j
        low, high = flat.take(at), flat.take(at + np.int32(columns))
        low = low + (flat.take(at + np.int32(1)) - low) * x
        high = high + (flat.take(at + np.int32(columns + 1)) - high) * x
        height = low + (high - low) * y
        return np.asarray(height) if inside.all() else np.where(inside, height, np.nan)

    def first_hits(self, from_enu_m: Floats, lean_en: Floats) -> Ends:
        """Return where rays first meet the surface: what stands in front hides what is behind."""
        depth = self._depths(from_enu_m, lean_en)
        east, north = (from_enu_m[:, axis] + lean_en[:, axis] * depth for axis in (0, 1))
        rows, columns = self._z.shape
        with np.errstate(invalid="ignore"):
            i = np.clip(np.nan_to_num((north - self._north) / self._step + 0.5), 0, rows - 1).astype(np.intp)
            j = np.clip(np.nan_to_num((east - self._east) / self._step + 0.5), 0, columns - 1).astype(np.intp)
        slope = np.stack([self._slope_e[i, j], self._slope_n[i, j]], axis=-1)
        return Ends(depth, _facing(slope, lean_en), self._sigma[i, j], self._filled[i, j])

    def _depths(self, origin: Floats, lean: Floats) -> Floats:
        """Return (n,) depths of first hits, NaN where a ray leaves the grid before.

        A ray goes a few cells at a time; where all ground about is below it they are skipped, else its crossing is
        looked for cell by cell and then closed in on, on the bilinear surface.
        """
        up, found = origin[:, 2], np.full(len(origin), np.nan)
        start, end = np.maximum(up - self._highest, 0.0), up - self._lowest + 1e-6
        long = BLOCK * self._step / np.maximum(np.hypot(lean[:, 0], lean[:, 1]), 1e-6)
        active = np.flatnonzero(end > 0)
        near = start[active]
        while len(active):
            far = np.minimum(near + long[active], end[active])
            middle = (near + far) / 2
            top = self._top(*(origin[active, axis] + lean[active, axis] * middle for axis in (0, 1)))
            may = up[active] - far <= top
            if may.any():
                rows = active[may]
                found[rows] = self._crossing(origin[rows], lean[rows], near[may], far[may])
            keep = np.isnan(found[active]) & (far < end[active])
            active, near = active[keep], far[keep]
        return found

    def _top(self, east: Floats, north: Floats) -> Floats:
        """Return the highest point within half a block of places, minus infinity off the grid."""
        rows, columns = self._z.shape
        x, y = (east - self._east) / self._step + 0.5, (north - self._north) / self._step + 0.5
        edge = BLOCK / 2 + 1
        inside = (x >= -edge) & (x < columns + edge) & (y >= -edge) & (y < rows + edge)
        j = np.clip(x, 0, columns - 1).astype(np.int32)
        i = np.clip(y, 0, rows - 1).astype(np.int32)
        return np.where(inside, self._tops.ravel().take(i * np.int32(columns) + j), -np.inf)

    def _crossing(self, origin: Floats, lean: Floats, near: Floats, far: Floats) -> Floats:
        """Return (n,) depths between near and far at which rays go under the surface, NaN where they do not."""
        depth = near[:, None] + (far - near)[:, None] * np.linspace(0.0, 1.0, BLOCK + 1)
        above = self._above(origin[:, None], lean[:, None], depth)
        with np.errstate(invalid="ignore"):
            under = above <= _TOUCH_M
        first = under.argmax(axis=1)
        found = np.full(len(origin), np.nan)
        rows = np.flatnonzero(under[np.arange(len(first)), first])
        first = first[rows]
        before = np.maximum(first - 1, 0)
        start, lean = origin[rows], lean[rows]
        low, high, a, b = depth[rows, before], depth[rows, first], above[rows, before], above[rows, first]
        for _ in range(_HALVINGS):  # between the middle of the bracket and where a straight ground would be met
            apart = a - b
            share = np.divide(a, apart, out=np.full_like(a, 0.5), where=apart > _TOUCH_M)
            middle = low + np.clip(np.nan_to_num(share, nan=0.5), 0.05, 0.95) * (high - low)
            over = self._above(start, lean, middle)
            with np.errstate(invalid="ignore"):
                below = over <= _TOUCH_M
            low, a = np.where(below, low, middle), np.where(below, a, over)
            high, b = np.where(below, middle, high), np.where(below, over, b)
        share = np.divide(a, a - b, out=np.full_like(a, 0.5), where=(a - b) > _TOUCH_M)
        found[rows] = low + np.clip(np.nan_to_num(share, nan=0.5), 0.0, 1.0) * (high - low)
        return found

    def _above(self, origin: Floats, lean: Floats, depth: Floats) -> Floats:
        height = self._bilinear(origin[..., 0] + lean[..., 0] * depth, origin[..., 1] + lean[..., 1] * depth)
        return np.asarray(origin[..., 2] - depth - height)


def _facing(slope_en: Floats, lean_en: Floats) -> Floats:
    """Return slopes, flattened where a ray grazes them or comes from behind.

    There first-order propagation knows no bound; the roughness of such places stands for it.
    """
    falling = -(slope_en * lean_en).sum(axis=-1)
    return slope_en * np.where(falling > _GRAZING, _GRAZING / np.maximum(falling, _GRAZING), 1.0)[:, None]


def _shape(z: Floats, step_m: float) -> tuple[Floats, Floats, Floats]:
    """Return slopes east and north of the smoothed surface, and how far heights depart from its tangent (1 sigma)."""
    size = max(3, 2 * round(_SMOOTH_M / step_m) + 1)
    smooth = ndimage.uniform_filter(z, size, mode="nearest")
    slope_n, slope_e = (np.asarray(slope, dtype=float) for slope in np.gradient(smooth, step_m))
    if step_m > _SMOOTH_M:
        return slope_e, slope_n, np.zeros_like(z)
    variance = np.maximum(ndimage.uniform_filter(z * z, size, mode="nearest") - smooth * smooth, 0.0)
    tangent = (slope_e**2 + slope_n**2) * (step_m**2 * (size**2 - 1) / 12)
    return slope_e, slope_n, np.asarray(np.sqrt(np.maximum(variance - tangent, 0.0)), dtype=float)


def _lattice_lonlat(frame: LocalFrame, west: float, south: float, step_m: float, rows: int, columns: int) -> Floats:
    """Return (rows, columns, 2) degrees of a grid: exact on every 32nd cell, linear in between (micrometres off)."""
    every = 32
    i, j = np.arange(0, rows + every, every), np.arange(0, columns + every, every)
    east, north = np.meshgrid(west + j * step_m, south + i * step_m)
    corners = frame.to_lonlat(np.stack([east, north], axis=-1))
    y, x = np.arange(rows) / every, np.arange(columns) / every
    a, b = y.astype(int), x.astype(int)
    y, x = (y - a)[:, None, None], (x - b)[None, :, None]
    low = corners[a][:, b] * (1 - x) + corners[a][:, b + 1] * x
    high = corners[a + 1][:, b] * (1 - x) + corners[a + 1][:, b + 1] * x
    return np.asarray(low * (1 - y) + high * y)
