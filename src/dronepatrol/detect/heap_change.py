"""Heaps in one picture, with outlines, and whether another picture of the place shows the same thing [opencv].

Objects come first: what the material rules take for a heap in one picture and for nothing in the other may have come or
gone. Pixels come second: a rule that missed a heap must not make it a change, so where the other picture shows the same
pattern of light inside the outline (normalised cross-correlation, which no change of brightness or contrast alters),
nothing has changed. Heuristics; the limits are those of ``detect.materials``.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from dronepatrol.detect.materials.detector import RULES
from dronepatrol.detect.materials.look import Look, Part

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]

KINDS = ("waste_heap", "garbage")
"""Kinds of the material rules that are heaps; debris floats away, and bare soil is no heap."""
COARSEST_M = min(RULES[kind][1] for kind in KINDS)
"""Metres per pixel up to which the rules find heaps."""
STEP_M = 0.1
"""Metres per pixel at which patterns are compared."""
MARGIN_M = 2.0
"""Ground around a heap that must be in the picture: the rules leave out what the border cuts, and look around it."""
SAME_PATTERN = 0.5
"""Correlation above which a pattern counts as the same; 1 is identical, 0 unrelated."""
_AROUND_M = 3.0  # surroundings that say how the pictures lie to each other
_EDGE_M = 0.5  # what is so near to the outline is no surroundings
_LOOSE_PX = 2
_AGREES = 0.3  # correlation of the surroundings from which they are believed


@dataclass(frozen=True, slots=True)
class Heap:
    """What a rule takes for a heap: its outline in pixels of its picture."""

    outline_px: Polygon
    kind: str
    score: float


def heaps(image: Image, gsd_m: float) -> list[Heap]:
    """Return the heaps in a picture (height, width, 3), BGR, of ``gsd_m`` metres per pixel; none where it is coarse."""
    if not 0 < gsd_m <= COARSEST_M or min(image.shape[:2]) * gsd_m < 2 * MARGIN_M:
        return []
    look = Look.of(image, gsd_m)
    return [Heap(_outline(part, look), kind, score) for kind in KINDS for part, score in RULES[kind][0](look)]


def same_thing(subject: Image, other: Image, outline_px: Polygon, search_m: float) -> bool:
    """Return whether two pictures show the same pattern inside an outline.

    The other picture is first shifted, by at most ``search_m``, to where its surroundings of the outline fit best.

    Parameters
    ----------
    subject, other
        (h, w, 3) BGR, one place at :data:`STEP_M`, the outline in the middle (:func:`surroundings_m` around it).
    outline_px
        In pixels of both.
    search_m
        How far the pictures may lie beside each other.
    """
    one, two = _light(subject), _light(other)
    inside = _filled(outline_px, one.shape)
    near = cv2.dilate(inside, np.ones((3, 3), np.uint8), iterations=round(_EDGE_M / STEP_M)).astype(bool)
    right, down = _shift(one, two, ~near, max(1, round(search_m / STEP_M)))
    steps = [(right + x, down + y) for x in range(-_LOOSE_PX, _LOOSE_PX + 1) for y in range(-_LOOSE_PX, _LOOSE_PX + 1)]
    return max(_correlation(one, np.roll(two, (-y, -x), (0, 1)), inside.astype(bool)) for x, y in steps) >= SAME_PATTERN


def surroundings_m(search_m: float) -> float:
    """Return how much ground around an outline's bounds :func:`same_thing` needs."""
    return _AROUND_M + search_m


def _outline(part: Part, look: Look) -> Polygon:
    """Return the outline of a part in pixels of the image, along the edges of the look's pixels."""
    rings, _ = cv2.findContours(part.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ring = max(rings, key=len)[:, 0, :] + np.array([part.window[1].start, part.window[0].start])
    middles = Polygon(ring) if len(ring) > 2 else shapely.LineString(ring) if len(ring) > 1 else shapely.Point(ring[0])
    whole = max(shapely.get_parts(middles.buffer(0.5, join_style="mitre")), key=lambda one: one.area)
    return Polygon(shapely.get_coordinates(whole.simplify(0.5).exterior) / look.scale + (0.5 / look.scale - 0.5))


def _light(image: Image) -> Plane:
    small = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)[:, :, 0]
    return np.ascontiguousarray(cv2.GaussianBlur(small, (3, 3), 0), dtype=np.float32)


def _filled(outline_px: Polygon, shape: tuple[int, ...]) -> Image:
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(shapely.get_coordinates(outline_px.exterior)).astype(np.int32)], 1)
    return mask


def _shift(one: Plane, two: Plane, where: Mask, most: int) -> tuple[int, int]:
    """Return how far right and down the second plane lies of the first, by what they show where a mask is set."""
    inner = slice(most, one.shape[0] - most), slice(most, one.shape[1] - most)
    fits = cv2.matchTemplate(two, one[inner], cv2.TM_CCOEFF_NORMED, mask=where[inner].astype(np.float32))
    fits = np.where(np.abs(fits) <= 1.0, fits, 0.0)  # not so where either is even
    row, column = np.unravel_index(int(fits.argmax()), fits.shape)
    return (int(column) - most, int(row) - most) if fits[row, column] >= _AGREES else (0, 0)


def _correlation(one: Plane, two: Plane, where: Mask) -> float:
    """Return the normalised cross-correlation of two planes where a mask is set; near 0 where either is even."""
    first, second = one[where] - one[where].mean(), two[where] - two[where].mean()
    spread = max(float(np.mean(first**2)), 1.0) * max(float(np.mean(second**2)), 1.0)
    return float(np.mean(first * second) / np.sqrt(spread))
