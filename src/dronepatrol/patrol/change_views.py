"""Photos as pictures of level ground, on a grid of metres east and north [opencv]."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.detect.change import STEP_M
from dronepatrol.detect.heap_change import Levels, heaps
from dronepatrol.detect.images import decode
from dronepatrol.detect.photos import MAX_PHOTO_BYTES, MAX_PIXELS
from dronepatrol.errors import InputError
from dronepatrol.geo.ground import footprint, ground_to_pixels, pixels_to_ground
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.locate.view import CAMERA_COLUMNS, camera_of
from dronepatrol.model.quality import is_set_aside

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Read = Callable[[Path, tuple[int, int]], Image]

MAX_OFF_NADIR_DEG = 20.0
"""Photos that look further from straight down show walls rather than roofs."""
FINER = 1.5
"""Pixels kept for each of a grid, so that sampling between them loses nothing."""
_POSE = ["lon_deg", "lat_deg", "height_m", "yaw_deg", "pitch_deg", "roll_deg"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A heap on the ground: its outline in metres."""

    ground: Polygon
    kind: str


class Source(Protocol):
    """What shows the ground: a photo, or an orthophoto."""

    @property
    def name(self) -> str:
        """The file's name."""

    @property
    def time(self) -> str | None:
        """When it was taken, ISO 8601; None where unknown."""

    @property
    def gsd_m(self) -> float:
        """Metres on the ground per pixel."""

    def on(self, east_north_m: Floats, step_m: float) -> tuple[Image, Mask]:
        """Return BGR pixels at (h, w, 2) places, ``step_m`` apart, and where they are known."""

    def heaps(self, ground: Polygon, levels: Levels) -> list[Spot]:
        """Return the heaps that it shows on some ground, at an exposure brought to the other visit's."""


class Earlier(Protocol):
    """An earlier visit."""

    @property
    def extent(self) -> BaseGeometry:
        """The ground that it shows about, degrees longitude and latitude."""

    def best(self, ground: Polygon) -> Source | None:
        """Return what shows most of some ground; None where nothing does."""


class View:
    """A photo on level ground at take-off height.

    Raises
    ------
    InputError
        When its pose or camera is not known, or it does not look down.
    """

    def __init__(self, row: dict[str, Any], root: Path, frame: LocalFrame, read: Read) -> None:
        self.shot_id, self.path, self._read = str(row["shot_id"]), root / str(row["photo"]), read
        self.name = self.path.name
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
        self.gsd_m = self.height_m / self.camera.fx_px
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
        self._small: Image | None = None

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

    def on(self, east_north_m: Floats, step_m: float) -> tuple[Image, Mask]:
        """Return the photo's pixels at (h, w, 2) places, and where it shows them; kept in memory for coarse grids.

        Raises
        ------
        InputError
            When the picture cannot be read.
        """
        if step_m < STEP_M:
            image = self._reduced(step_m)
        else:
            self._small = image = self._reduced(STEP_M) if self._small is None else self._small
        pixels = ground_to_pixels(self.camera, self.rotation, self.height_m, east_north_m - self.place_m)
        scale = np.array([image.shape[1], image.shape[0]]) / self.camera.image_wh
        return sampled(image, (pixels + 0.5) * scale - 0.5)

    def heaps(self, ground: Polygon, levels: Levels) -> list[Spot]:
        """Return the heaps on some ground.

        Raises
        ------
        InputError
            When the picture cannot be read.
        """
        found = heaps(self._read(self.path, self.camera.image_wh), self.gsd_m, levels)
        spots = [Spot(shapely.transform(one.outline_px, self._placed), one.kind) for one in found]
        return [spot for spot in spots if spot.ground.intersects(ground)]

    def _placed(self, pixels: Floats) -> Floats:
        return pixels_to_ground(self.camera, self.rotation, self.height_m, pixels) + self.place_m

    def _reduced(self, step_m: float) -> Image:
        """Return the picture as coarse as a grid needs it."""
        whole = self._read(self.path, self.camera.image_wh)
        shrink = min(1.0, FINER * self.gsd_m / step_m)
        size = [max(round(side * shrink), 1) for side in self.camera.image_wh]
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class EarlierPhotos:
    """The photos of an earlier patrol."""

    def __init__(self, views: list[View], frame: LocalFrame) -> None:
        self._views = views
        self.extent = frame.geometry_to_lonlat(shapely.union_all([view.ground for view in views]))

    def best(self, ground: Polygon) -> View | None:
        """Return the photo that covers most of a place, the nearest of several."""
        centre = shapely.get_coordinates(ground.centroid)[0]
        covers = [(view.ground.intersection(ground).area / ground.area, view) for view in self._views]
        near = [(round(share, 1), -float(np.linalg.norm(view.place_m - centre)), view) for share, view in covers]
        share, _, view = max(near, key=lambda one: one[:2])
        return view if share > 0 else None


def sampled(image: Image, pixels: Floats) -> tuple[Image, Mask]:
    """Return an image's values at (h, w, 2) pixels, and which of these lie in it."""
    height, width = image.shape[:2]
    with np.errstate(invalid="ignore"):
        inside: Mask = np.all((pixels >= -0.5) & (pixels <= (width - 0.5, height - 0.5)), axis=-1)
    where = np.where(inside[..., None], pixels, 0).astype(np.float32)
    found = cv2.remap(image, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.uint8), inside


def read_photo(path: Path, wh: tuple[int, int]) -> Image:
    """Return a photo's pixels, BGR.

    Raises
    ------
    InputError
        When it cannot be read, is too large, or is another size than its shot says.
    """
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
