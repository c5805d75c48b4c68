"""Crops of the labelled images as the detector may meet them: any scale, side and light."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data import RENDERED, UNCLEAR, Labelled

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]

OBJECT_PX = (11.0, 120.0)
"""Range of the longer side of a box, in network pixels, that crops are scaled to."""
MOSAIC_OBJECT_PX = (11.0, 60.0)
MOSAICS = 0.25
"""Share of samples that are four crops side by side."""
MAX_ZOOM = 5.0
NEAR_NADIR, NEAR_OBLIQUE = 0.8, 0.45
"""Share of crops that are taken near a vehicle; the rest shows whatever is there, mostly background."""
SLENDER = 1.6
"""A box longer than this many widths is the outline of a vehicle that lies along it; others may lie askew."""
OBLIQUE_TILES = (1.0, 2.0, 4.0)
"""Tilted views are looked at whole and in tiles of these fractions of their length; so are they shown."""
NETWORK_PX = 416
OBLIQUE_LIGHT = 0.6
"""Share of tilted views whose light and noise are changed: there are no such copies among those met in use."""
MIN_VISIBLE = 0.4
"""Share of a box that a crop must show; below, the box is painted out."""
GREY = 114


class Crops:
    """Draws training samples; every draw depends on the generator alone."""

    def __init__(self, images: Sequence[Labelled], size: int, seed: int) -> None:
        self._images = images
        self._size = size
        self.random = np.random.default_rng(seed)
        self._pixels: list[Image] = [_read(image) for image in images]
        names = sorted({image.recording for image in images})
        count = {name: sum(image.recording == name for image in images) for name in names}
        weight = np.array([count[image.recording] ** -0.5 for image in images])  # large recordings lead, not drown
        self._share = weight / weight.sum()

    def batch(self, count: int) -> tuple[Image, list[Boxes], list[NDArray[np.intp]]]:
        """Return images (count, 3, size, size), and box edges and kinds for each."""
        drawn = [self._sample() for _ in range(count)]
        pixels = np.stack([pixels.transpose(2, 0, 1) for pixels, _, _ in drawn])
        return pixels, [boxes for _, boxes, _ in drawn], [kind for _, _, kind in drawn]

    def _sample(self) -> tuple[Image, Boxes, NDArray[np.intp]]:
        if self.random.random() < MOSAICS:
            return self._mosaic()
        return self._crop(self._size, OBJECT_PX)

    def _mosaic(self) -> tuple[Image, Boxes, NDArray[np.intp]]:
        half = self._size // 2
        parts = [self._crop(half, MOSAIC_OBJECT_PX) for _ in range(4)]
        canvas = np.empty((self._size, self._size, 3), dtype=np.uint8)
        boxes, kinds = [], []
        for number, (pixels, xyxy, kind) in enumerate(parts):
            left, top = (number % 2) * half, (number // 2) * half
            canvas[top : top + half, left : left + half] = pixels
            boxes.append(xyxy + np.array([left, top, left, top], dtype=np.float32))
            kinds.append(kind)
        return canvas, np.concatenate(boxes), np.concatenate(kinds)

    def _crop(self, size: int, object_px: tuple[float, float]) -> tuple[Image, Boxes, NDArray[np.intp]]:
        number = int(self.random.choice(len(self._images), p=self._share))
        image, pixels = self._images[number], self._pixels[number]
        scale = self._scale(image, pixels, object_px)
        centre = self._centre(image, pixels, size / scale, NEAR_NADIR if image.nadir else NEAR_OBLIQUE)
        matrix = _matrix(centre, self._linear(image.nadir) * scale, size)
        smooth = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
        out = cv2.warpAffine(pixels, matrix, (size, size), flags=smooth, borderValue=(GREY, GREY, GREY))
        boxes, kind = _boxes(image, matrix, size, out) if image.nadir else _none()
        if image.nadir or self.random.random() < OBLIQUE_LIGHT:
            out = self._light(np.asarray(out, dtype=np.uint8))
        return np.asarray(out, dtype=np.uint8), boxes, kind

    def _linear(self, nadir: bool) -> NDArray[np.float64]:
        """Return a (2, 2) turn, stretch and mirroring; seen from straight above there is no up and down."""
        random = self.random
        angle = float(random.normal(0, 4.0))
        if nadir:
            angle = float(random.uniform(0, 360)) if random.random() < 0.5 else angle + 90.0 * int(random.integers(4))
        stretch = float(np.exp(random.normal(0, 0.08)))
        a = np.deg2rad(angle)
        linear = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ np.diag([stretch, 1 / stretch])
        return np.diag([-1.0, 1.0]) @ linear if random.integers(2) else linear

    def _scale(self, image: Labelled, pixels: Image, object_px: tuple[float, float]) -> float:
        if not image.nadir and image.recording != RENDERED:
            tiles = float(self.random.choice(OBLIQUE_TILES))
            return float(NETWORK_PX * tiles / max(pixels.shape[:2]) * np.exp(self.random.normal(0, 0.3)))
        if not len(image.xyxy):
            return float(np.exp(self.random.uniform(np.log(0.3), np.log(2.0))))
        sides = (image.xyxy[:, 2:] - image.xyxy[:, :2]).max(axis=1)
        wanted = np.exp(self.random.uniform(*np.log(object_px)))
        return float(np.clip(wanted / np.median(sides), 0.15, MAX_ZOOM))

    def _centre(self, image: Labelled, pixels: Image, reach: float, near: float) -> tuple[float, float]:
        height, width = pixels.shape[:2]
        vehicles = image.xyxy[image.kind != UNCLEAR]
        if len(vehicles) and self.random.random() < near:
            box = vehicles[self.random.integers(len(vehicles))]
            shift = self.random.uniform(-0.4, 0.4, 2) * reach
            return float((box[0] + box[2]) / 2 + shift[0]), float((box[1] + box[3]) / 2 + shift[1])
        return float(self.random.uniform(0, width)), float(self.random.uniform(0, height))

    def _light(self, image: Image) -> Image:
        random = self.random
        values = image.astype(np.float32)
        if random.random() < 0.3:
            values = 255.0 * (values / 255.0) ** np.float32(np.exp(random.normal(0, 0.4)))
        values = values * random.uniform(0.6, 1.4) + random.uniform(-30, 30)
        if random.random() < 0.15:
            values[:] = values.mean(axis=2, keepdims=True)
        else:
            values *= random.uniform(0.85, 1.15, 3).astype(np.float32)
            grey = values.mean(axis=2, keepdims=True)
            values = grey + (values - grey) * random.uniform(0.4, 1.8)
        if random.random() < 0.25:
            values += random.normal(0, random.uniform(1, 12), values.shape).astype(np.float32)
        image = np.clip(values, 0, 255).astype(np.uint8)
        if random.random() < 0.25:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.6)), dtype=np.uint8)
        if random.random() < 0.15:
            spots = random.random(image.shape[:2])
            share = random.uniform(0.002, 0.03)
            image[spots < share / 2], image[spots > 1 - share / 2] = 0, 255
        if random.random() < 0.2:
            _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(30, 90))])
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
        return image


def _matrix(centre: tuple[float, float], linear: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the 2 by 3 matrix from image pixels to crop pixels."""
    return np.hstack([linear, (size / 2 - linear @ np.array(centre))[:, None]])


def _boxes(image: Labelled, matrix: NDArray[np.float64], size: int, out: Image) -> tuple[Boxes, NDArray[np.intp]]:
    """Return the boxes that a crop shows and their kinds, and paint out what it hardly shows and what is unclear.

    The upright box of a turned one is that of its corners where a vehicle fills it, and lies between that and the
    upright box of its inscribed ellipse where the vehicle may lie askew in it.
    """
    centre = (image.xyxy[:, :2] + image.xyxy[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (image.xyxy[:, 2:] - image.xyxy[:, :2]).astype(np.float64) / 2
    corners = half @ np.abs(matrix[:, :2]).T
    ellipse = np.sqrt(half**2 @ (matrix[:, :2] ** 2).T)
    slender = (half.max(axis=1) >= SLENDER * half.min(axis=1))[:, None]
    reach = np.where(slender, corners, (corners + ellipse) / 2)
    whole = np.hstack([centre - reach, centre + reach])
    seen = np.clip(whole, 0, size)
    share = np.prod(seen[:, 2:] - seen[:, :2], axis=1) / np.maximum(np.prod(whole[:, 2:] - whole[:, :2], axis=1), 1e-6)
    side = (seen[:, 2:] - seen[:, :2]).min(axis=1, initial=np.inf)
    kept = (share >= MIN_VISIBLE) & (side >= 3.0) & (image.kind != UNCLEAR)
    for left, top, right, bottom in np.round(seen[~kept & (share > 0)]).astype(int):
        out[top:bottom, left:right] = GREY
    return seen[kept].astype(np.float32), image.kind[kept]


def _none() -> tuple[Boxes, NDArray[np.intp]]:
    """Return the boxes of a tilted view: what it shows is the other network's, and this one learns to be silent."""
    return np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.intp)


def _read(image: Labelled) -> Image:
    pixels = cv2.imread(str(image.path), cv2.IMREAD_COLOR)
    if pixels is None:
        msg = f"{image.path}: cannot be read as an image"
        raise SystemExit(msg)
    return np.asarray(pixels, dtype=np.uint8)
