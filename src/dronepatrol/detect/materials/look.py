"""One image as the material rules see it [opencv]: reduced to a common scale, in CIE Lab, with connected parts."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]

STEP_M = 0.10
"""Metres per pixel that finer images are reduced to."""


@dataclass(frozen=True, slots=True)
class Look:
    """Lightness (0 to 100), chroma, hue (degrees, 0 red, 90 yellow, 180 green, 270 blue), and the scale.

    ``scale`` (2,) is reduced pixels per image pixel, x and y; ``gsd_m`` is the image's own, ``step_m`` the planes'.
    """

    light: Plane
    a: Plane
    b: Plane
    chroma: Plane
    hue_deg: Plane
    step_m: float
    gsd_m: float
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, image: NDArray[np.uint8], gsd_m: float) -> "Look":
        """Return the look of an image (height, width, 3), BGR; a median of 3 pixels takes single wrong ones away."""
        height, width = image.shape[:2]
        factor = min(1.0, gsd_m / STEP_M)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if size != (width, height) else image
        small = cv2.medianBlur(small, 3)
        lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
        light, a, b = (np.ascontiguousarray(lab[:, :, channel], dtype=np.float32) for channel in range(3))
        chroma, hue = (np.asarray(plane, dtype=np.float32) for plane in cv2.cartToPolar(a, b, angleInDegrees=True))
        scale = np.array([size[0] / width, size[1] / height])
        return cls(light, a, b, chroma, hue, gsd_m / float(scale.mean()), gsd_m, scale)

    def within(self, hue_deg: tuple[float, float], chroma: tuple[float, float], light: tuple[float, float]) -> Mask:
        """Return where hue, chroma and lightness lie in ranges."""
        return (
            (self.hue_deg >= hue_deg[0])
            & (self.hue_deg <= hue_deg[1])
            & (self.chroma >= chroma[0])
            & (self.chroma <= chroma[1])
            & (self.light >= light[0])
            & (self.light <= light[1])
        )

    def pixels(self, length_m: float) -> int:
        """Return an odd number of pixels about so long, at least 1."""
        return max(1, round(length_m / self.step_m)) | 1

    def mean(self, plane: Plane, side_m: float) -> Plane:
        """Return the mean in a square around each pixel."""
        side = self.pixels(side_m)
        return np.asarray(cv2.blur(plane, (side, side)), dtype=np.float32)

    def spread(self, plane: Plane, side_m: float) -> Plane:
        """Return the standard deviation in a square around each pixel."""
        mean = self.mean(plane, side_m)
        return np.sqrt(np.maximum(self.mean(plane * plane, side_m) - mean * mean, 0))

    def changes(self) -> Plane:
        """Return how fast colour changes, CIE Lab units a metre."""
        squares = np.zeros(self.light.shape, dtype=np.float32)
        for plane in (self.light, self.a, self.b):
            for way in ((1, 0), (0, 1)):
                squares += cv2.Sobel(plane, cv2.CV_32F, *way, scale=1 / 8) ** 2
        return np.asarray(np.sqrt(squares) / self.step_m, dtype=np.float32)

    def closed(self, mask: Mask, gap_m: float) -> Mask:
        """Return the mask with gaps of up to about ``gap_m`` filled."""
        return self._morphed(mask, cv2.MORPH_CLOSE, gap_m)

    def opened(self, mask: Mask, width_m: float) -> Mask:
        """Return the mask without what is narrower than about ``width_m``."""
        return self._morphed(mask, cv2.MORPH_OPEN, width_m)

    def grown(self, mask: Mask, by_m: float) -> Mask:
        """Return the mask grown by a length on all sides."""
        return self._morphed(mask, cv2.MORPH_DILATE, 2 * by_m)

    def _morphed(self, mask: Mask, how: int, size_m: float) -> Mask:
        size = self.pixels(size_m)
        shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), how, shape)).astype(bool)


@dataclass(frozen=True, slots=True)
class Part:
    """A connected part of a mask: ``window`` cuts it out of the planes, ``mask`` is its pixels there."""

    window: tuple[slice, slice]
    mask: Mask
    long_m: float
    short_m: float
    area_m2: float
    solidity: float
    """Share of its convex hull that it fills."""
    rectangularity: float
    """Share of its smallest rectangle that it fills."""

    @classmethod
    def of_mask(cls, look: Look, window: tuple[slice, slice], mask: Mask) -> "Part":
        """Measure a part: its pixels ``mask`` in a window."""
        hull = cv2.convexHull(np.argwhere(mask)[:, ::-1].astype(np.float32))
        _, (w, h), _ = cv2.minAreaRect(hull)
        hull_px = cv2.contourArea(hull) + cv2.arcLength(hull, closed=True) / 2 + 1  # from pixel centres to their edges
        area = int(np.count_nonzero(mask))
        sides_m = (w + 1) * look.step_m, (h + 1) * look.step_m
        return cls(
            window,
            mask,
            max(sides_m),
            min(sides_m),
            area * look.step_m**2,
            min(area / hull_px, 1.0),
            min(area / ((w + 1) * (h + 1)), 1.0),
        )

    def of(self, plane: Plane) -> Plane:
        """Return the values of a plane in the part."""
        return plane[self.window][self.mask]

    def share(self, mask: Mask) -> float:
        """Return the share of the part in which a mask is set."""
        return float(mask[self.window][self.mask].mean())

    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom edges in reduced pixels."""
        rows, columns = self.window
        return float(columns.start), float(rows.start), float(columns.stop), float(rows.stop)


def parts(look: Look, mask: Mask, long_m: tuple[float, float], short_m: tuple[float, float]) -> Iterator[Part]:
    """Yield the connected parts whose smallest rectangle has sides in the given ranges, and that no border cuts."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    height, width = mask.shape
    for label in range(1, count):
        left, top, wide, high, area = (int(value) for value in stats[label])
        diagonal_m = float(np.hypot(wide, high)) * look.step_m
        cut = left == 0 or top == 0 or left + wide == width or top + high == height
        if cut or diagonal_m < long_m[0] or max(wide, high) * look.step_m > long_m[1] or area < 9:
            continue
        window = slice(top, top + high), slice(left, left + wide)
        part = Part.of_mask(look, window, np.asarray(labels[window] == label))
        if long_m[0] <= part.long_m <= long_m[1] and short_m[0] <= part.short_m <= short_m[1]:
            yield part
