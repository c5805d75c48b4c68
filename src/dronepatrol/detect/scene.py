"""The demo's detector: it knows the palette of the synthetic scene, and is no detector for real photos.

It looks for the very colours, sizes and textures that ``dronepatrol.sim`` paints, so that the demo has something to
locate and to merge. On photos of the real world it finds nothing, or nonsense; use an ONNX model there. It sees pixels
and the ground sample distance, nothing else: neither the scene's truth nor the pose.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.detection import Detections

_Mask = NDArray[np.uint8]
_STEP_M = 0.10  # all rules work on the image reduced to about this many metres per pixel
_MAX_PIXELS = 4_000_000
_BORDER_M = 0.4  # a find this close to the image's border may be cut off; another photo shows it whole
_GLASS = ((98, 88, 50), (114, 178, 98))  # hue, saturation, value, from and to
_STEEL = ((102, 165, 148), (108, 222, 215))
_BROWN = ((12, 84, 55), (19, 155, 255))
_YELLOW, _AZURE = ((22, 195, 190), (29, 255, 255)), ((97, 208, 180), (103, 255, 255))
_RED, _ORANGE = ((172, 195, 180), (179, 255, 255)), ((0, 195, 180), (16, 255, 255))
_BRICK = ((6, 60, 70), (14, 150, 175))
_SCRAP_BLUE, _SCRAP_RED = ((103, 170, 120), (108, 230, 215)), ((0, 140, 120), (3, 200, 215))


@dataclass(frozen=True, slots=True)
class _Look:
    """One image, reduced: colours, hue-saturation-value, brightness, and metres per reduced pixel."""

    bgr: NDArray[np.uint8]
    hsv: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    step_m: float

    def within(self, *ranges: tuple[tuple[int, int, int], tuple[int, int, int]]) -> _Mask:
        """Return where the colour lies in one of the ranges."""
        masks = [np.asarray(cv2.inRange(self.hsv, low, high), dtype=np.uint8) for low, high in ranges]
        return np.asarray(np.bitwise_or.reduce(masks), dtype=np.uint8)

    def white(self) -> _Mask:
        """Return where all channels are nearly full."""
        return np.asarray(cv2.inRange(self.bgr, (222, 222, 222), (255, 255, 255)), dtype=np.uint8)

    def black(self) -> _Mask:
        """Return where all channels are nearly empty."""
        return np.asarray(cv2.inRange(self.bgr, (0, 0, 0), (36, 36, 36)), dtype=np.uint8)

    def closed(self, mask: _Mask, gap_m: float) -> _Mask:
        """Return the mask with gaps of up to about ``gap_m`` filled."""
        return self._morphed(mask, cv2.MORPH_CLOSE, gap_m)

    def opened(self, mask: _Mask, width_m: float) -> _Mask:
        """Return the mask without what is narrower than about ``width_m``."""
        return self._morphed(mask, cv2.MORPH_OPEN, width_m)

    def _morphed(self, mask: _Mask, how: int, size_m: float) -> _Mask:
        size = max(1, round(size_m / self.step_m)) | 1
        return np.asarray(cv2.morphologyEx(mask, how, np.ones((size, size), np.uint8)), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class _Part:
    """A connected part of a mask: ``window`` cuts it out of the image, ``mask`` is its pixels there."""

    window: tuple[slice, slice]
    mask: NDArray[np.bool_]
    long_m: float
    short_m: float
    centre: tuple[float, float]
    along: tuple[float, float]

    @property
    def area_px(self) -> int:
        return int(np.count_nonzero(self.mask))

    def fill(self, step_m: float) -> float:
        """Return the share of the smallest rectangle that the part covers."""
        return float(min(1.0, self.area_px * step_m**2 / max(self.long_m * self.short_m, 1e-6)))

    def share(self, other: _Mask) -> float:
        """Return the share of the part in which the other mask is set."""
        return float(np.count_nonzero(other[self.window][self.mask])) / max(1, self.area_px)

    def spread(self, grey: NDArray[np.uint8]) -> float:
        """Return the standard deviation of the brightness within the part."""
        return float(grey[self.window][self.mask].std())

    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom in reduced pixels."""
        rows, columns = self.window
        return columns.start, rows.start, columns.stop - 1, rows.stop - 1


_Find = tuple[tuple[float, float, float, float], float]  # box in reduced pixels, score
_Rule = Callable[[_Look], Iterator[_Find]]


class SceneDetector:
    """Finds the eight kinds of thing that the synthetic scene plants; implements ``model.detection.Detector``."""

    name = "scene-colours, tuned to the synthetic scene"
    weights_sha256 = ""
    threshold = 0.0

    @property
    def kind_of_class(self) -> dict[str, str]:
        """The kinds of thing, by their own names."""
        return {kind: kind for kind in _RULES}

    def __call__(self, image: NDArray[np.uint8], gsd_m: float | None) -> Detections:
        """Detect in one image (height, width, 3), BGR; without a ground sample distance nothing has a size: empty."""
        if gsd_m is None or not np.isfinite(gsd_m) or gsd_m <= 0 or min(image.shape[:2]) < 8:
            return Detections.empty()
        height, width = image.shape[:2]
        scale = min(gsd_m / _STEP_M, float(np.sqrt(_MAX_PIXELS / (height * width))))
        small_wh = max(8, round(width * scale)), max(8, round(height * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        bgr = np.asarray(cv2.resize(image, small_wh, interpolation=how), dtype=np.uint8)
        hsv, grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV), cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        look = _Look(bgr, np.asarray(hsv, np.uint8), np.asarray(grey, np.uint8), gsd_m * width / small_wh[0])
        finds = [(box, score, kind) for kind, rule in _RULES.items() for box, score in rule(look)]
        finds = [find for find in finds if _whole(find[0], look)]
        if not finds:
            return Detections.empty()
        boxes = np.array([box for box, _, _ in finds], dtype=float)
        ratio = np.array([width / small_wh[0], height / small_wh[1]] * 2)
        xyxy = (boxes + (-0.5, -0.5, 0.5, 0.5) + 0.5) * ratio - 0.5
        return Detections(xyxy, np.array([score for _, score, _ in finds]), np.array([kind for _, _, kind in finds]))


def _whole(box: tuple[float, float, float, float], look: _Look) -> bool:
    height, width = look.grey.shape
    margin = _BORDER_M / look.step_m
    return box[0] > margin and box[1] > margin and box[2] < width - 1 - margin and box[3] < height - 1 - margin


def _score(fill: float) -> float:
    return float(np.clip(0.55 + 0.4 * fill, 0.0, 0.99))


def _parts(look: _Look, mask: _Mask, long_m: tuple[float, float], short_m: tuple[float, float]) -> Iterator[_Part]:
    """Yield the connected parts of a mask whose smallest rectangle has sides in the given ranges."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    least = long_m[0] / look.step_m / 2
    for label in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[label])
        if max(width, height) < least or area < 6 or np.hypot(width, height) * look.step_m < long_m[0]:
            continue
        if max(width, height) * look.step_m > long_m[1] * 1.5:
            continue
        window = slice(top, top + height), slice(left, left + width)
        inside = np.asarray(labels[window] == label)
        points = np.argwhere(inside)[:, ::-1].astype(np.float32)
        (x, y), (w, h), turn = cv2.minAreaRect(points)
        sides = (w + 1) * look.step_m, (h + 1) * look.step_m
        if not (long_m[0] <= max(sides) <= long_m[1] and short_m[0] <= min(sides) <= short_m[1]):
            continue
        angle = np.radians(turn if w >= h else turn + 90)
        along = float(np.cos(angle)), float(np.sin(angle))
        yield _Part(window, inside, max(sides), min(sides), (x + left, y + top), along)


def _cars(look: _Look) -> Iterator[_Find]:
    """Find the ring of glass around a car's roof, then the body that has the colour of its bonnet and boot."""
    glass = look.closed(look.within(_GLASS), 1.4)
    for part in _parts(look, glass, (1.9, 3.1), (1.1, 2.0)):
        if found := _body(look, part):
            yield found


def _body(look: _Look, cabin: _Part) -> _Find | None:
    """Return the car around a cabin, or None where bonnet and boot differ or the size is not a car's."""
    height, width = look.grey.shape
    reach = int(3.4 / look.step_m)
    x, y = (round(v) for v in cabin.centre)
    left, top = max(0, x - reach), max(0, y - reach)
    crop = look.bgr[top : min(height, y + reach + 1), left : min(width, x + reach + 1)]
    ends = []
    for sign in (-1, 1):
        cx, cy = (c + sign * a * 1.62 / look.step_m for c, a in zip(cabin.centre, cabin.along, strict=True))
        column, row = round(cx) - left, round(cy) - top
        if not (2 <= column < crop.shape[1] - 2 and 2 <= row < crop.shape[0] - 2):
            return None
        ends.append(np.median(crop[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3), axis=0))
    if np.abs(ends[0] - ends[1]).max() > 60:
        return None
    paint = (ends[0] + ends[1]) / 2
    same = np.asarray(cv2.inRange(crop, np.clip(paint - 26, 0, 255), np.clip(paint + 26, 0, 255)), dtype=np.uint8)
    same = look.opened(same, 0.3)  # not the edges of the bay's lines
    rows, columns = cabin.window
    same[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] |= (
        cabin.mask.astype(np.uint8) * 255
    )
    same = look.opened(look.closed(same, 0.3), 0.5)
    for part in _parts(look, same, (3.7, 5.5), (1.5, 2.4)):
        if part.mask.any() and np.hypot(part.centre[0] + left - x, part.centre[1] + top - y) * look.step_m < 1.2:
            box = part.box()
            return (box[0] + left, box[1] + top, box[2] + left, box[3] + top), _score(part.fill(look.step_m))
    return None


def _bikes(look: _Look) -> Iterator[_Find]:
    """Find three or more strips of yellow or azure side by side."""
    raw = look.within(_YELLOW, _AZURE)
    pad = 0.2 / look.step_m
    for part in _parts(look, look.closed(raw, 0.65), (1.2, 7.5), (0.9, 2.6)):
        painted_m2 = part.share(raw) * part.area_px * look.step_m**2
        if painted_m2 > 0.5:
            box = part.box()
            yield (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad), _score(part.fill(look.step_m))


def _stalls(look: _Look) -> Iterator[_Find]:
    """Find a round or square top of red or orange, with white in it or not."""
    red = look.within(_RED, _ORANGE)
    for part in _parts(look, look.closed(red | look.white(), 0.25), (2.1, 4.2), (1.7, 3.9)):
        fill = part.fill(look.step_m)
        if part.share(red) > 0.3 and fill > 0.55 and part.long_m < 1.6 * part.short_m:
            yield part.box(), _score(fill)


def _blue_roofs(look: _Look) -> Iterator[_Find]:
    """Find a filled rectangle of steel blue without white lines on it."""
    steel = look.opened(look.closed(look.within(_STEEL), 0.3), 0.5)
    whole = look.closed(look.within(_STEEL), 0.9)
    white = look.white()
    for part in _parts(look, steel, (3.8, 10.2), (2.8, 7.4)):
        fill = part.fill(look.step_m)
        rows, columns = part.window
        lines = np.count_nonzero(white[rows, columns]) / white[rows, columns].size
        if fill > 0.8 and lines < 0.015 and part.share(whole) > 0.95:
            yield part.box(), _score(fill)


def _garbage(look: _Look) -> Iterator[_Find]:
    """Find black and white bags among scraps of other colours."""
    black, white = look.black(), look.white()
    litter = look.closed(black | white | look.within(_SCRAP_BLUE, _SCRAP_RED), 0.85)
    for part in _parts(look, litter, (1.1, 5.0), (0.8, 3.6)):
        if part.share(black) > 0.08 and part.share(white) > 0.08 and part.fill(look.step_m) > 0.3:
            yield part.box(), _score(part.fill(look.step_m))


def _waste_heaps(look: _Look) -> Iterator[_Find]:
    """Find a compact patch of strong grey speckle, without the full blacks and whites of bags and cars."""
    size = max(3, round(0.9 / look.step_m)) | 1
    grey = look.grey.astype(np.float32)
    mean, square = cv2.blur(grey, (size, size)), cv2.blur(grey * grey, (size, size))
    rough = np.sqrt(np.maximum(square - mean * mean, 0)) > 20
    pale = cv2.blur(look.hsv[:, :, 1], (size, size)) < 100
    speckle = look.opened((rough & pale).astype(np.uint8) * 255, 1.4)
    extreme, brick = look.white() | look.black(), look.within(_BRICK)
    inset = 0.25 / look.step_m
    for part in _parts(look, speckle, (3.0, 9.6), (2.0, 8.6)):
        fill = part.fill(look.step_m)
        if fill > 0.55 and part.share(extreme) < 0.06 and part.share(brick) > 0.04:
            box = part.box()
            yield (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset), _score(fill)


def _brown(look: _Look) -> Iterator[_Part]:
    brown = look.opened(look.closed(look.within(_BROWN), 0.35), 0.5)
    yield from _parts(look, brown, (1.8, 18.5), (1.4, 16.0))


def _clutter(look: _Look) -> Iterator[_Find]:
    """Find a small brown patch of uneven brightness: boxes; an even one is a wooden floor."""
    red = look.within(_RED, _ORANGE)
    for part in _brown(look):
        uneven = part.spread(look.grey) > 15 and part.share(red) < 0.02
        if part.long_m < 6.2 and uneven and part.fill(look.step_m) > 0.6:
            yield part.box(), _score(part.fill(look.step_m))


def _bare_soil(look: _Look) -> Iterator[_Find]:
    """Find a large brown patch of even brightness: an uneven one is ploughed."""
    for part in _brown(look):
        if part.long_m > 7.5 and part.short_m > 5.5 and part.spread(look.grey) < 14 and part.fill(look.step_m) > 0.55:
            yield part.box(), _score(part.fill(look.step_m))


_RULES: dict[str, _Rule] = {
    "car": _cars,
    "shared_bike": _bikes,
    "stall": _stalls,
    "blue_roof": _blue_roofs,
    "garbage": _garbage,
    "waste_heap": _waste_heaps,
    "clutter": _clutter,
    "bare_soil": _bare_soil,
}
