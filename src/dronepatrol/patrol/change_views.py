"""Photos and orthophotos [opencv, rasterio] as pictures of level ground, on a grid of metres east and north."""

import math
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window
from shapely import Polygon

from dronepatrol.detect.change import STEP_M
from dronepatrol.detect.images import decode
from dronepatrol.detect.photos import MAX_PHOTO_BYTES, MAX_PIXELS
from dronepatrol.errors import InputError
from dronepatrol.geo.ground import footprint, ground_to_pixels
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.locate.view import CAMERA_COLUMNS, camera_of
from dronepatrol.model.quality import is_set_aside
from dronepatrol.terrain.raster import open_geotiff

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

MAX_OFF_NADIR_DEG = 20.0
"""Photos that look further from straight down show walls rather than roofs."""
MAX_BLOCK_BYTES = 256 * 1024 * 1024
"""An orthophoto whose smallest readable piece is larger than this is refused."""
_FINER = 1.5  # pixels read for each of the grid, so that sampling between them loses nothing
_POSE = ["lon_deg", "lat_deg", "height_m", "yaw_deg", "pitch_deg", "roll_deg"]
_HINT = "give the folder of an earlier patrol, or an orthophoto: a GeoTIFF of 8-bit red, green, blue with its CRS"


class Earlier(Protocol):
    """An earlier visit."""

    def picture(self, ground: Polygon, east_north_m: Floats) -> tuple[Image, Mask, str, str | None] | None:
        """Return BGR pixels at (h, w, 2) places, where they are known, the source's name and when; None without."""


class View:
    """A photo on level ground at take-off height.

    Raises
    ------
    InputError
        When its pose or camera is not known, or it does not look down.
    """

    def __init__(self, row: dict[str, Any], root: Path, frame: LocalFrame) -> None:
        self.shot_id, self.path = str(row["shot_id"]), root / str(row["photo"])
        self.time = None if pd.isna(row["time_utc"]) else pd.Timestamp(row["time_utc"]).isoformat()
        known = [float(row[name]) for name in (*_POSE, *CAMERA_COLUMNS)]
        if is_set_aside([str(row["quality"])])[0]:
            raise InputError(str(row["quality"]))
        if not row["photo"]:
            msg = "it has no picture"
            raise InputError(msg)
        if not all(map(math.isfinite, known)) or row["attitude_of"] != "camera" or row["height_m"] <= 0:
            msg = "its position, height, attitude or focal length is not known"
            raise InputError(msg)
        self.camera, self.height_m = camera_of(row), float(row["height_m"])
        self.rotation = camera_to_ned(row["yaw_deg"], row["pitch_deg"], row["roll_deg"])
        off_deg = math.degrees(math.acos(min(1.0, max(-1.0, float(self.rotation[2, 2])))))
        if off_deg > MAX_OFF_NADIR_DEG:
            msg = f"it looks {off_deg:.0f} degrees away from straight down; expected at most {MAX_OFF_NADIR_DEG:.0f}"
            raise InputError(msg)
        self.place_m = frame.to_metres([row["lon_deg"], row["lat_deg"]])
        corners = footprint(self.camera, self.rotation, self.height_m)
        if not np.isfinite(corners).all():
            msg = "a corner of it looks at the horizon"
            raise InputError(msg)
        self.ground = Polygon(corners + self.place_m)
        self._small: tuple[Image, Floats] | None = None

    def grid(self) -> Floats:
        """Return (h, w, 2) places of a grid along the picture's own axes, :data:`STEP_M` apart, row by row."""
        top_left, top_right, _, bottom_left = shapely.get_coordinates(self.ground)[:4]
        right, down = top_right - top_left, bottom_left - top_left
        right /= np.linalg.norm(right)
        across = np.array([right[1], -right[0]])
        across = across if across @ down > 0 else -across
        own = (shapely.get_coordinates(self.ground)[:4] - top_left) @ np.column_stack([right, across])
        low, high = own.min(axis=0), own.max(axis=0)
        columns, rows = (np.arange(a, b, STEP_M) for a, b in zip(low, high, strict=True))
        return np.asarray(top_left + columns[None, :, None] * right + rows[:, None, None] * across)

    def on(self, east_north_m: Floats) -> tuple[Image, Mask]:
        """Return the photo's pixels at (h, w, 2) places, and where it shows them.

        Raises
        ------
        InputError
            When the picture cannot be read.
        """
        image, scale = self._picture()
        pixels = ground_to_pixels(self.camera, self.rotation, self.height_m, east_north_m - self.place_m)
        return _sampled(image, (pixels + 0.5) * scale - 0.5)

    def _picture(self) -> tuple[Image, Floats]:
        """Return the picture as coarse as the grid needs it, and its pixels per pixel of the photo."""
        if self._small is None:
            whole = _read_photo(self.path, self.camera.image_wh)
            shrink = min(1.0, _FINER * self.height_m / self.camera.fx_px / STEP_M)
            size = [max(round(side * shrink), 1) for side in self.camera.image_wh]
            small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            self._small = small, np.array(size) / self.camera.image_wh
        return self._small


class EarlierPhotos:
    """The photos of an earlier patrol."""

    def __init__(self, views: list[View]) -> None:
        self._views = views

    def picture(self, ground: Polygon, east_north_m: Floats) -> tuple[Image, Mask, str, str | None] | None:
        """Return the photo that covers most of a place, the nearest of several."""
        centre = shapely.get_coordinates(ground.centroid)[0]
        covers = [(view.ground.intersection(ground).area / ground.area, view) for view in self._views]
        near = [(round(share, 1), -float(np.linalg.norm(view.place_m - centre)), view) for share, view in covers]
        best = max(near, key=lambda one: one[:2])
        if best[0] <= 0:
            return None
        view = best[2]
        return *view.on(east_north_m), view.path.name, view.time


class Orthophoto:
    """A GeoTIFF of red, green and blue in any CRS, read window by window.

    Raises
    ------
    InputError
        When it is no GeoTIFF, has no CRS or place, or no three bands of 8 bits.
    """

    def __init__(self, path: Path, frame: LocalFrame) -> None:
        self.path, self._frame = path, frame
        with open_geotiff(path, _HINT) as dataset:
            problem = _problem(dataset)
            if problem:
                msg = f"the orthophoto {path} {problem}"
                raise InputError(msg, hint=_HINT)
            self._inverse, self._wh = ~dataset.transform, (dataset.width, dataset.height)
            self._time = dataset.tags().get("TIFFTAG_DATETIME")
            try:
                self._to_crs = Transformer.from_crs("EPSG:4326", CRS.from_wkt(dataset.crs.to_wkt()), always_xy=True)
            except CRSError as error:
                msg = f"the orthophoto {path} has a coordinate reference system that cannot be used: {error}"
                raise InputError(msg, hint=_HINT) from error

    def picture(self, ground: Polygon, east_north_m: Floats) -> tuple[Image, Mask, str, str | None] | None:  # noqa: ARG002
        """Return what the orthophoto shows; None outside it."""
        lonlat = self._frame.to_lonlat(east_north_m)
        x, y = self._to_crs.transform(lonlat[..., 0], lonlat[..., 1])
        a, b, c, d, e, f = self._inverse[:6]
        pixels = np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)
        if not np.isfinite(pixels).all():
            return None
        low = np.clip(np.floor(pixels.min(axis=(0, 1))) - 2, 0, self._wh).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=(0, 1))) + 2, 0, self._wh).astype(int)
        if (high - low < 2).any():
            return None
        per_step = max(1.0, float(np.linalg.norm(pixels[0, 1] - pixels[0, 0])) / _FINER)
        size = np.maximum(np.ceil((high - low) / per_step), 1).astype(int)
        window = Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
        try:
            with open_geotiff(self.path, _HINT) as dataset:
                shape = (int(size[1]), int(size[0]))
                bands = dataset.read([3, 2, 1], window=window, out_shape=(3, *shape), resampling=Resampling.average)
                known: Mask = np.asarray(dataset.dataset_mask(window=window, out_shape=shape)).astype(bool)
        except (RasterioError, ValueError) as error:
            msg = f"the orthophoto {self.path} is damaged near its column {low[0]}, row {low[1]}"
            raise InputError(msg, hint=_HINT) from error
        at = (pixels - low) * (size / (high - low)) - 0.5
        image, inside = _sampled(np.ascontiguousarray(np.moveaxis(bands, 0, -1)), at)
        index = np.clip(np.rint(at).astype(int), 0, size - 1)
        return image, inside & known[index[..., 1], index[..., 0]], self.path.name, self._time


def _sampled(image: Image, pixels: Floats) -> tuple[Image, Mask]:
    height, width = image.shape[:2]
    with np.errstate(invalid="ignore"):
        inside: Mask = np.all((pixels >= -0.5) & (pixels <= (width - 0.5, height - 0.5)), axis=-1)
    where = np.where(inside[..., None], pixels, 0).astype(np.float32)
    found = cv2.remap(image, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.uint8), inside


def _read_photo(path: Path, wh: tuple[int, int]) -> Image:
    try:
        if path.stat().st_size > MAX_PHOTO_BYTES or wh[0] * wh[1] > MAX_PIXELS:
            msg = f"{path} is too large"
            raise InputError(msg)
        image = decode(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="put the photos back where ingest found them") from error
    if image is None:
        msg = f"{path} cannot be decoded"
        raise InputError(msg, hint="copy the photo again from the card")
    if (image.shape[1], image.shape[0]) != wh:
        msg = f"{path} has {image.shape[1]} by {image.shape[0]} pixels; its shot says {wh[0]} by {wh[1]}"
        raise InputError(msg, hint="ingest again")
    return image


def _problem(dataset: Any) -> str:
    """Return what keeps an opened file from being an orthophoto, or nothing."""
    transform = dataset.transform
    if not dataset.crs:
        return "has no coordinate reference system"
    if transform.is_identity or transform.determinant == 0 or not all(map(math.isfinite, transform)):
        return "does not say where on the ground its pixels lie"
    if dataset.count < 3 or set(dataset.dtypes[:3]) != {"uint8"}:
        return f"has {dataset.count} bands of {dataset.dtypes[0]}; expected red, green and blue of 8 bits"
    rows, columns = dataset.block_shapes[0]
    return "is stored in too large pieces; tile it" if rows * columns * dataset.count > MAX_BLOCK_BYTES else ""
