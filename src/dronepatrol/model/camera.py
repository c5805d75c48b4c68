"""Cameras: what one photo was taken with, and what a plan may count on."""

from dataclasses import dataclass

BROWN, FISHEYE = "brown", "fisheye"
"""Lenses by the polynomial that describes their distortion."""


@dataclass(frozen=True, slots=True)
class Camera:
    """The inner geometry of one photo.

    Pixels are (column, row) with the origin at the centre of the top-left pixel. ``distortion`` holds Brown's
    coefficients in OpenCV's order (k1, k2, p1, p2, k3), all zero when the photo is free of distortion; for the lens
    ``FISHEYE`` it holds the four of OpenCV's fisheye (k1, k2, k3, k4).
    """

    image_wh: tuple[int, int]
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    lens: str = BROWN

    @classmethod
    def pinhole(cls, image_wh: tuple[int, int], focal_px: float) -> "Camera":
        """Return a camera without distortion whose optical axis meets the middle of the image."""
        width, height = image_wh
        return cls(image_wh, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """A camera model as a planner knows it; the image's width lies across the flight direction."""

    id: str
    name: str
    image_wh: tuple[int, int]
    sensor_mm: tuple[float, float]
    focal_mm: float
    min_interval_s: float
    mass_kg: float = 0.0

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.focal_mm / self.sensor_mm[0] * self.image_wh[0]

    def height_for_gsd_m(self, gsd_m: float) -> float:
        """Return the height above ground, in metres, at which a nadir pixel covers ``gsd_m``."""
        return gsd_m * self.focal_px

    def footprint_m(self, height_m: float) -> tuple[float, float]:
        """Return (across, along) the flight direction in metres of a nadir photo from ``height_m`` above ground."""
        gsd_m = height_m / self.focal_px
        return self.image_wh[0] * gsd_m, self.image_wh[1] * gsd_m
