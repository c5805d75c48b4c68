"""What a camera above the synthetic scene sees: flat polygons projected exactly, a tile of noise as texture."""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.errors import InputError
from dronepatrol.geo.ground import footprint, ground_to_pixels, pixels_to_ground
from dronepatrol.model.camera import Camera
from dronepatrol.sim.scene.scene import Scene
from dronepatrol.sim.scene.shapes import Faces

_SHIFT = 4  # fractional bits of polygon corners: 1/16 px
_TILE_PX = 1024
_TILE_M_PX = 0.06
_BACKDROP = (70, 122, 98, 130)  # meadow, to the end of the world
_FAR_PX = 1e6  # a face that reaches further, or behind the camera, is not drawn: an oblique view's far side
_SHADOW = 0.58
_SHADOW_SCALE = 4  # shadows are drawn this much smaller and blurred: soft edges


class Renderer:
    """Renders one scene through one camera without distortion.

    Parameters
    ----------
    scene
        What to look at.
    camera
        Inner geometry; distortion must be zero.

    Raises
    ------
    InputError
        When the camera has distortion.
    """

    def __init__(self, scene: Scene, camera: Camera) -> None:
        if any(camera.distortion):
            msg = f"the renderer draws photos free of distortion; found a camera with {camera.distortion}"
            raise InputError(msg, hint="use a camera profile whose distortion is zero")
        self._scene = scene
        self._camera = camera
        self._flat, self._shadows, self._raised = (
            _Layer.of(faces) for faces in (scene.flat, scene.shadows, scene.raised)
        )
        self._tile = _noise_tile(scene.seed)

    def render(
        self, lon_deg: float, lat_deg: float, height_m: float, rotation: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the photo as (height, width, 3) blue, green, red.

        Parameters
        ----------
        lon_deg, lat_deg
            Camera position, WGS-84.
        height_m
            Height of the camera above the flat ground.
        rotation
            (3, 3) camera to NED.

        Raises
        ------
        InputError
            When part of the photo would show the horizon.
        """
        corners = footprint(self._camera, rotation, height_m)
        if not np.isfinite(corners).all():
            msg = f"a photo from {height_m:.1f} m would show the horizon; the scene is ground only"
            raise InputError(msg, hint="point the camera down: no corner more than 75 degrees off nadir")
        place = self._scene.frame.to_metres([lon_deg, lat_deg])
        lean = float(np.hypot(*corners.T).max()) / height_m
        view = _View(self._camera, rotation, height_m, place, shapely.Polygon(corners + place), lean)
        width, height = self._camera.image_wh
        canvas = np.empty((height, width, 4), dtype=np.uint8)
        canvas[:] = _BACKDROP
        _paint(canvas, self._flat, view)
        _shade(canvas, self._shadows, view)
        _paint(canvas, self._raised, view)
        return self._textured(canvas, view)

    def _textured(self, canvas: NDArray[np.uint8], view: "_View") -> NDArray[np.uint8]:
        """Return the colours darkened by the noise tile, as strongly as the fourth channel says."""
        width, height = self._camera.image_wh
        tile_m = _TILE_PX * _TILE_M_PX
        pixels = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=np.float32)
        ground = view.ground(pixels) + np.mod(view.place, tile_m)
        to_tile = cv2.getPerspectiveTransform(pixels, (ground / _TILE_M_PX).astype(np.float32))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        noise = cv2.warpPerspective(self._tile, to_tile, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
        dark = cv2.multiply(noise, np.ascontiguousarray(canvas[:, :, 3]), scale=1 / 255)
        light = cv2.bitwise_not(dark)
        colour = cv2.cvtColor(canvas, cv2.COLOR_BGRA2BGR)
        return np.asarray(cv2.multiply(colour, cv2.merge([light, light, light]), scale=1 / 255), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class _View:
    """One pose: where the camera is and what it can see of the ground."""

    camera: Camera
    rotation: NDArray[np.float64]
    height_m: float
    place: NDArray[np.float64]
    seen: shapely.Polygon
    lean: float  # metres by which one metre of height leans outwards, at most

    def ground(self, pixels: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return (n, 2) metres east and north of the camera of pixels."""
        return pixels_to_ground(self.camera, self.rotation, self.height_m, pixels)

    def pixels(self, xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 2) pixels of points in the scene's frame."""
        return ground_to_pixels(self.camera, self.rotation, self.height_m - xyz[:, 2], xyz[:, :2] - self.place)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Faces with an index of where they are."""

    faces: Faces
    tree: shapely.STRtree
    tallest_m: float

    @classmethod
    def of(cls, faces: Faces) -> "_Layer":
        if not len(faces):
            return cls(faces, shapely.STRtree([]), 0.0)
        first = faces.start[:-1]
        low = np.minimum.reduceat(faces.xyz, first, axis=0)
        high = np.maximum.reduceat(faces.xyz, first, axis=0)
        tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        return cls(faces, tree, float(high[:, 2].max()))

    def in_view(self, view: _View) -> NDArray[np.int64]:
        """Return the faces that may be seen, in the order in which they are painted."""
        return np.sort(self.tree.query(view.seen.buffer(1.0 + self.tallest_m * view.lean), predicate="intersects"))

    def corners(self, view: _View, scale: float = 1.0) -> list[tuple[int, NDArray[np.int32]]]:
        """Return (face, corners in fixed-point pixels) of the faces in view; a smaller image has ``scale`` below 1."""
        which = self.in_view(view)
        if not len(which):
            return []
        counts = np.diff(self.faces.start)[which]
        ends = np.cumsum(counts)
        rows = np.repeat(self.faces.start[which] - (ends - counts), counts) + np.arange(ends[-1])
        pixels = (view.pixels(self.faces.xyz[rows]) + 0.5) * scale - 0.5
        usable = np.abs(pixels).max(axis=1) < _FAR_PX  # not so for NaN
        drawn = np.logical_and.reduceat(usable, ends - counts)
        fixed = np.rint(np.where(usable[:, None], pixels, 0.0) * (1 << _SHIFT)).astype(np.int32)
        rings = zip(which.tolist(), np.split(fixed, ends[:-1]), drawn.tolist(), strict=True)
        return [(face, ring) for face, ring, whole in rings if whole]


def _paint(canvas: NDArray[np.uint8], layer: _Layer, view: _View) -> None:
    paint = layer.faces.paint.tolist()
    for face, corners in layer.corners(view):
        cv2.fillPoly(canvas, [corners], paint[face], cv2.LINE_AA, _SHIFT)


def _shade(canvas: NDArray[np.uint8], layer: _Layer, view: _View) -> None:
    """Darken the ground under shadows."""
    height, width = canvas.shape[:2]
    light = np.full((height // _SHADOW_SCALE, width // _SHADOW_SCALE), 255, dtype=np.uint8)
    for _, corners in layer.corners(view, 1 / _SHADOW_SCALE):
        cv2.fillPoly(light, [corners], int(255 * _SHADOW), cv2.LINE_8, _SHIFT)
    soft = cv2.resize(cv2.GaussianBlur(light, (3, 3), 0), (width, height), interpolation=cv2.INTER_LINEAR)
    full = np.full_like(soft, 255)
    cv2.multiply(canvas, cv2.merge([soft, soft, soft, full]), dst=canvas, scale=1 / 255)


def _noise_tile(seed: int) -> NDArray[np.uint8]:
    """Return a tile of noise that repeats without a seam: coarse patches plus fine grain, made in the spectrum."""
    rng = np.random.default_rng((seed, 7))
    frequency = np.hypot(np.fft.fftfreq(_TILE_PX)[:, None], np.fft.rfftfreq(_TILE_PX)[None]) * _TILE_PX
    frequency[0, 0] = np.inf
    coarse = _filtered(rng, frequency**-1.1)
    fine = _filtered(rng, np.exp(-((frequency / 260) ** 2)))
    mixed = 0.5 * coarse + 0.5 * fine
    return np.clip(np.rint(76 + 44 * mixed), 0, 255).astype(np.uint8)


def _filtered(rng: np.random.Generator, gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return white noise shaped by the gain, with mean 0 and standard deviation 1."""
    shaped = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((_TILE_PX, _TILE_PX))) * gain, s=(_TILE_PX, _TILE_PX))
    return np.asarray((shaped - shaped.mean()) / shaped.std())
