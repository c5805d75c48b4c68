"""An orthophoto [rasterio] as an earlier visit: a GeoTIFF of which no more than a photo's ground is read at a time."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window
from shapely import Polygon

from dronepatrol.detect.heap_change import STEP_M, Levels, heaps
from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.patrol.change_views import FINER, Floats, Image, Mask, Spot, sampled
from dronepatrol.terrain.raster import open_geotiff

MAX_BLOCK_BYTES = 256 * 1024 * 1024
"""An orthophoto whose smallest readable piece is larger than this is refused."""
MAX_WINDOW_PX = 1_000_000_000
"""One whose pixels are so small that a photo's ground has more of them is refused."""
_HINT = "give the folder of an earlier patrol, or an orthophoto: a GeoTIFF of 8-bit red, green, blue with its CRS"
_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_CORNERS = np.array([[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]])


class Orthophoto:
    """A GeoTIFF of red, green and blue in any CRS and turned in any way, read window by window.

    Raises
    ------
    InputError
        When it is no GeoTIFF, has no CRS or place, or no three bands of 8 bits.
    """

    def __init__(self, path: Path, frame: LocalFrame) -> None:
        self.path, self.name, self._frame = path, path.name, frame
        with open_geotiff(path, _HINT) as dataset:
            problem = _problem(dataset)
            if problem:
                msg = f"the orthophoto {path} {problem}"
                raise InputError(msg, hint=_HINT)
            self._place, self._wh = dataset.transform, np.array([dataset.width, dataset.height])
            self._bands = _bgr(dataset)
            self.time = _iso(dataset.tags().get("TIFFTAG_DATETIME", ""))
            try:
                self._to_crs = Transformer.from_crs("EPSG:4326", CRS.from_wkt(dataset.crs.to_wkt()), always_xy=True)
                outline = self._lonlat(_CORNERS * self._wh)
            except ProjError as error:
                msg = f"the orthophoto {path} has a coordinate reference system that cannot be used: {error}"
                raise InputError(msg, hint=_HINT) from error
        if not np.isfinite(outline).all():
            msg = f"the orthophoto {path} lies outside of where its coordinate reference system holds"
            raise InputError(msg, hint=_HINT)
        self.extent = shapely.make_valid(Polygon(outline))

    @property
    def gsd_m(self) -> float:
        """Metres per pixel in its middle, along the longer side of a pixel."""
        return float(self._sides_m().max())

    def best(self, ground: Polygon) -> "Orthophoto | None":
        """Return it where it reaches some ground."""
        return self if self.extent.intersects(self._frame.geometry_to_lonlat(ground)) else None

    def on(self, east_north_m: Floats, step_m: float) -> tuple[Image, Mask]:
        """Return its pixels at (h, w, 2) places, and where they are known.

        Raises
        ------
        InputError
            When it is damaged there, or has too many pixels.
        """
        nothing = np.zeros((*east_north_m.shape[:2], 3), np.uint8), np.zeros(east_north_m.shape[:2], bool)
        pixels = self._pixels(east_north_m)
        if not np.isfinite(pixels).all():
            return nothing
        low, high = self._window(pixels.reshape(-1, 2))
        if (high - low < 2).any():
            return nothing
        image, known, scale = self._read(low, high, step_m / FINER)
        at = (pixels - low) * scale - 0.5
        colours, inside = sampled(image, at)
        index = np.clip(np.rint(at).astype(int), 0, np.array([known.shape[1], known.shape[0]]) - 1)
        return colours, inside & known[index[..., 1], index[..., 0]]

    def heaps(self, ground: Polygon, levels: Levels) -> list[Spot]:
        """Return the heaps on some ground.

        Raises
        ------
        InputError
            When it is damaged there, or has too many pixels.
        """
        low, high = self._window(self._pixels(shapely.get_coordinates(ground)))
        if (high - low < 2).any():
            return []
        step_m = max(self.gsd_m, STEP_M / FINER)
        image, _, scale = self._read(low, high, step_m)

        def placed(pixels: Floats) -> Floats:
            return np.asarray(self._frame.to_metres(self._lonlat((pixels + 0.5) / scale + low)))

        found = heaps(image, step_m, levels)
        spots = [Spot(shapely.transform(one.outline_px, placed), one.kind) for one in found]
        return [spot for spot in spots if spot.ground.intersects(ground)]

    def _pixels(self, east_north_m: Floats) -> Floats:
        """Return (…, 2) columns and rows, counted from the first pixel's corner, of (…, 2) places."""
        lonlat = self._frame.to_lonlat(east_north_m)
        x, y = self._to_crs.transform(lonlat[..., 0], lonlat[..., 1])
        a, b, c, d, e, f = (~self._place)[:6]
        with np.errstate(invalid="ignore"):
            return np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)

    def _lonlat(self, pixels: Floats) -> Floats:
        a, b, c, d, e, f = self._place[:6]
        column, row = pixels[..., 0], pixels[..., 1]
        lon, lat = self._to_crs.transform(a * column + b * row + c, d * column + e * row + f, direction="INVERSE")
        return np.stack([lon, lat], axis=-1)

    def _sides_m(self) -> Floats:
        """Return the lengths on the ground of a pixel's sides in its middle."""
        middle = self._wh / 2
        corner, *ends = self._frame.to_metres(self._lonlat(middle + np.array([[0, 0], [1, 0], [0, 1]])))
        return np.array([np.linalg.norm(end - corner) for end in ends])

    def _window(self, pixels: Floats) -> tuple[Floats, Floats]:
        """Return the first and the last but one column and row around some pixels, within the file."""
        low, high = np.floor(pixels.min(axis=0)) - 2, np.ceil(pixels.max(axis=0)) + 2
        return np.clip(low, 0, self._wh), np.clip(high, 0, self._wh)

    def _read(self, low: Floats, high: Floats, step_m: float) -> tuple[Image, Mask, Floats]:
        """Return a window reduced to about ``step_m`` per pixel, where it is known, and the (2,) scale."""
        if np.prod(high - low) > MAX_WINDOW_PX:
            msg = f"the orthophoto {self.path} has {np.prod(high - low):.2g} pixels under one photo"
            raise InputError(msg, hint=f"reduce it: {MAX_WINDOW_PX:.0e} can be read, and 0.02 m per pixel is enough")
        size = np.maximum(np.rint((high - low) * np.minimum(self._sides_m() / step_m, 1.0)), 1).astype(int)
        window, shape = Window(*(int(one) for one in (*low, *(high - low)))), (int(size[1]), int(size[0]))
        try:
            with open_geotiff(self.path, _HINT) as dataset:
                average = Resampling.average
                bands = dataset.read(self._bands, window=window, out_shape=(3, *shape), resampling=average)
                known: Mask = np.asarray(dataset.dataset_mask(window=window, out_shape=shape)).astype(bool)
        except (RasterioError, ValueError) as error:
            msg = f"the orthophoto {self.path} is damaged near its column {low[0]:.0f}, row {low[1]:.0f}"
            raise InputError(msg, hint=_HINT) from error
        return np.ascontiguousarray(np.moveaxis(bands, 0, -1)), known, size / (high - low)


def _problem(dataset: Any) -> str:
    """Return what keeps an opened file from being an orthophoto, or nothing."""
    transform = dataset.transform
    if not dataset.crs:
        return "has no coordinate reference system"
    if transform.is_identity or transform.determinant == 0 or not all(map(math.isfinite, transform)):
        return "does not say where on the ground its pixels lie"
    if dataset.count < 3 or set(dataset.dtypes[:3]) != {"uint8"}:
        kinds = ", ".join(sorted(set(dataset.dtypes)))
        bands = "1 band" if dataset.count == 1 else f"{dataset.count} bands"
        return f"has {bands} of {kinds}; expected red, green and blue of 8 bits (uint8)"
    rows, columns = dataset.block_shapes[0]
    return "is stored in too large pieces; tile it" if rows * columns * dataset.count > MAX_BLOCK_BYTES else ""


def _bgr(dataset: Any) -> list[int]:
    """Return the numbers of the blue, green and red band: as the file says, else the third, second and first."""
    said = list(dataset.colorinterp)
    numbers = [said.index(colour) + 1 for colour in _RGB] if set(_RGB) <= set(said) else [1, 2, 3]
    return numbers[::-1]


def _iso(tag: str) -> str | None:
    """Return TIFF's date and time, which knows no time zone, as ISO 8601."""
    try:
        return datetime.strptime(tag, "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007 nobody knows the zone
    except ValueError:
        return None
