"""Terrain from a GeoTIFF in any CRS, read window by window, so that a country's model costs no more than a town's."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from dronepatrol.errors import InputError
from dronepatrol.model.altitude import AltitudeReference

MAX_BLOCK_BYTES = 256 * 1024 * 1024
"""A file whose smallest readable piece is larger than this is refused."""
HIGHEST_M, LOWEST_M = 9000.0, -500.0
"""Ground is between these everywhere on land; other values are taken as "no data"."""
_TILE = 512
_HINT = "give a GeoTIFF with a coordinate reference system and heights in metres as the dem of the patrol spec"
_METRES = {"", "m", "metre", "metres", "meter", "meters"}

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What is known of the file without reading a height."""

    crs_wkt: str
    to_pixel: tuple[float, float, float, float, float, float]
    width: int
    height: int
    nodata: float
    scale: float
    offset: float


class RasterTerrain:
    """Heights of band 1 of a GeoTIFF (a terrain or a surface model), bilinear between the middles of its pixels.

    Heights are taken as metres above mean sea level. Places outside, on "no data" or beside it are NaN.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        When it is no GeoTIFF, has no CRS, no place, no real numbers, other units, or cannot be read in pieces.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = f"terrain model {path.name}"
        self._layout = _layout(path)
        self._to_raster = _transformer(self._layout.crs_wkt, path)

    @property
    def step_m(self) -> float:
        """Metres between its heights, about: the longer side of a pixel."""
        crs = CRS.from_wkt(self._layout.crs_wkt)
        unit_m = 111_320.0 if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
        a, b, _, d, e, _ = self._layout.to_pixel
        return float(unit_m * np.linalg.norm(np.linalg.inv([[a, b], [d, e]]), axis=0).max())

    @property
    def counted_from(self) -> AltitudeReference | None:
        """What its CRS says that heights are counted from; None where it does not say."""
        crs = CRS.from_wkt(self._layout.crs_wkt)
        if crs.is_compound:
            return AltitudeReference.AMSL
        return AltitudeReference.ELLIPSOID if len(crs.axis_info) == 3 else None

    def height_m(self, lonlat: ArrayLike) -> Array:
        """Return (…) metres above mean sea level at (…, 2) degrees longitude and latitude; NaN where unknown.

        Raises
        ------
        InputError
            When the file is damaged where it is read.
        """
        places = np.asarray(lonlat, dtype=float)
        column, row = self._pixels(places.reshape(-1, 2))
        heights = np.full(len(column), np.nan)
        inside = (column >= -0.5) & (column <= self._layout.width - 0.5)
        inside &= (row >= -0.5) & (row <= self._layout.height - 0.5)
        if inside.any():
            heights[inside] = self._bilinear(column[inside], row[inside])
        return heights.reshape(places.shape[:-1])

    def _pixels(self, places: Array) -> tuple[Array, Array]:
        """Return (n,) columns and rows, counted from the middle of the first pixel."""
        x, y = self._to_raster.transform(places[:, 0], places[:, 1])
        a, b, c, d, e, f = self._layout.to_pixel
        with np.errstate(invalid="ignore"):  # places that the CRS does not know are infinite
            return a * x + b * y + c - 0.5, d * x + e * y + f - 0.5

    def _bilinear(self, column: Array, row: Array) -> Array:
        column = np.clip(column, 0, self._layout.width - 1)
        row = np.clip(row, 0, self._layout.height - 1)
        left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
        corners = self._corners(left, top)
        right, below = (column - left)[:, None], (row - top)[:, None]
        weights = np.hstack([(1 - right) * (1 - below), right * (1 - below), (1 - right) * below, right * below])
        return np.asarray(np.where(weights > 0, weights * corners, 0.0).sum(axis=1))

    def _corners(self, left: NDArray[np.int64], top: NDArray[np.int64]) -> Array:
        """Return (n, 4) heights of the pixels at, right of, below and below right of (n,) pixels."""
        found = np.empty((len(left), 4))
        tiles, member = np.unique(np.stack([left, top], axis=1) // _TILE, axis=0, return_inverse=True)
        order = np.argsort(member.ravel(), kind="stable")
        groups = np.split(order, np.cumsum(np.bincount(member.ravel()))[:-1])
        with _opened(self.path) as dataset:
            for (tile_column, tile_row), group in zip(tiles, groups, strict=True):
                first_column, first_row = int(tile_column) * _TILE, int(tile_row) * _TILE
                tile = self._read(dataset, first_column, first_row)
                i, j = top[group] - first_row, left[group] - first_column
                below, right = np.minimum(i + 1, tile.shape[0] - 1), np.minimum(j + 1, tile.shape[1] - 1)
                found[group] = np.stack([tile[i, j], tile[i, right], tile[below, j], tile[below, right]], axis=1)
        return found

    def _read(self, dataset: Any, column: int, row: int) -> Array:
        layout = self._layout
        window = Window(column, row, min(_TILE + 1, layout.width - column), min(_TILE + 1, layout.height - row))
        try:
            raw = dataset.read(1, window=window)
        except (RasterioError, ValueError) as error:
            msg = f"the terrain model {self.path} is damaged near its column {column}, row {row}"
            raise InputError(msg, hint=_HINT) from error
        values = raw.astype(float)
        heights = values * layout.scale + layout.offset
        with np.errstate(invalid="ignore"):
            known = (values != layout.nodata) & (heights > LOWEST_M) & (heights < HIGHEST_M)
        return np.where(known, heights, np.nan)


def open_geotiff(path: Path, hint: str) -> Any:
    """Return the opened GeoTIFF; other formats are not tried, since some of them name further files and hosts.

    Raises
    ------
    InputError
        When the file is no GeoTIFF that can be read; with the hint given.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(path, driver="GTiff")
    except (RasterioError, ValueError, MemoryError) as error:
        msg = f"{path} is no GeoTIFF that can be read"
        raise InputError(msg, hint=hint) from error


def _opened(path: Path) -> Any:
    if not path.is_file():
        msg = f"there is no terrain model {path}"
        raise InputError(msg, hint=_HINT)
    return open_geotiff(path, _HINT)


def _layout(path: Path) -> _Layout:
    with _opened(path) as dataset:
        problem = _problem(dataset)
        if problem:
            msg = f"the terrain model {path} {problem}"
            raise InputError(msg, hint=_HINT)
        inverse = ~dataset.transform
        return _Layout(
            crs_wkt=dataset.crs.to_wkt(),
            to_pixel=(inverse.a, inverse.b, inverse.c, inverse.d, inverse.e, inverse.f),
            width=dataset.width,
            height=dataset.height,
            nodata=math.nan if dataset.nodata is None else float(dataset.nodata),
            scale=float(dataset.scales[0]),
            offset=float(dataset.offsets[0]),
        )


def _problem(dataset: Any) -> str:
    """Return what keeps an opened file from being a terrain model, or nothing."""
    kind = np.dtype(dataset.dtypes[0])
    rows, columns = dataset.block_shapes[0]
    transform, unit = dataset.transform, (dataset.units[0] or "").strip().lower()
    if not dataset.crs:
        return "has no coordinate reference system"
    if transform.is_identity or transform.determinant == 0 or not all(map(math.isfinite, transform)):
        return "does not say where on the ground its pixels lie"
    if kind.kind not in "iuf":
        return f"holds {kind} and no heights"
    if rows * columns * kind.itemsize > MAX_BLOCK_BYTES:
        return f"is stored in pieces of {rows} x {columns} pixels; expected at most {MAX_BLOCK_BYTES // 2**20} MB each"
    return f"has heights in {unit}; expected metres" if unit not in _METRES else ""


def _transformer(crs_wkt: str, path: Path) -> Transformer:
    try:
        return Transformer.from_crs("EPSG:4326", CRS.from_wkt(crs_wkt), always_xy=True)
    except CRSError as error:
        msg = f"the terrain model {path} has a coordinate reference system that cannot be used: {error}"
        raise InputError(msg, hint=_HINT) from error
