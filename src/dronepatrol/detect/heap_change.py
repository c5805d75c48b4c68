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

from dronepatrol.detect.change import Overlay
from dronepatrol.detect.materials.detector import RULES
from dronepatrol.detect.materials.look import Look, Part

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]
Levels = tuple[float, float]
"""Grey levels are multiplied by the first, then the second is added."""

KINDS = ("waste_heap", "garbage")
"""Kinds of the material rules that are heaps; debris floats away, and bare soil is no heap."""
COARSEST_M = min(RULES[kind][1] for kind in KINDS)
"""Metres per pixel up to which the rules find heaps."""
STEP_M = 0.1
"""Metres per pixel at which patterns are compared."""
MARGIN_M = 2.0
"""Ground around a heap that must be in the picture: the rules leave out what the border cuts, and look around it."""
SAME_PATTERN = 0.6
"""Correlation above which a pattern counts as the same; 1 is identical, 0 unrelated."""
BESIDE_M = 1.0
"""How far a heap may lie beside its place in the other picture: what registration leaves, and what low things lean."""
AS_IT_IS: Levels = (1.0, 0.0)
MAX_GAIN = 1.6
_LEAST_SPREAD = 12.0  # grey levels; what is more even tells nothing about the exposure


@dataclass(frozen=True, slots=True)
class Heap:
    """What a rule takes for a heap: its outline in pixels of its picture."""

    outline_px: Polygon
    kind: str


def exposures(over: Overlay) -> tuple[Levels, Levels]:
    """Return what brings the earlier and the later picture to one exposure: the duller one is made like the other."""
    greys = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[over.seen] for image in (over.earlier, over.later)]
    low, high = np.percentile(greys, (10, 90), axis=1)  # what came or went is less than a tenth of most pictures
    spread = high - low
    if spread.min() < _LEAST_SPREAD:
        return AS_IT_IS, AS_IT_IS
    dull, lively = np.argsort(spread)
    gain = min(float(spread[lively] / spread[dull]), MAX_GAIN)
    brought = gain, float(low[lively] - gain * low[dull])
    return (brought, AS_IT_IS) if dull == 0 else (AS_IT_IS, brought)


def heaps(image: Image, gsd_m: float, levels: Levels = AS_IT_IS) -> list[Heap]:
    """Return the heaps in a picture (height, width, 3), BGR, of ``gsd_m`` metres per pixel; none where it is coarse."""
    if not 0 < gsd_m <= COARSEST_M or min(image.shape[:2]) * gsd_m < 2 * MARGIN_M:
        return []
    if levels != AS_IT_IS:
        table = np.clip(np.arange(256) * levels[0] + levels[1], 0, 255)
        image = np.asarray(cv2.LUT(image, np.rint(table).astype(np.uint8)), dtype=np.uint8)
    look = Look.of(image, gsd_m)
    return [Heap(_outline(part, look), kind) for kind in KINDS for part, _ in RULES[kind][0](look)]


def same_thing(subject: Image, other: Image, outline_px: Polygon) -> bool:
    """Return whether two pictures show the same pattern inside an outline, or within :data:`BESIDE_M` of it.

    Parameters
    ----------
    subject, other
        (h, w, 3) BGR, one place at :data:`STEP_M`, with at least :data:`BESIDE_M` around the outline.
    outline_px
        In pixels of both.
    """
    one, two, inside = _light(subject), _light(other), _filled(outline_px, subject.shape)
    most = round(BESIDE_M / STEP_M)
    reach = range(-most, most + 1, 2)
    return any(_correlation(one, np.roll(two, (y, x), (0, 1)), inside) >= SAME_PATTERN for x in reach for y in reach)


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


def _filled(outline_px: Polygon, shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(shapely.get_coordinates(outline_px.exterior)).astype(np.int32)], 1)
    return mask.astype(bool)


def _correlation(one: Plane, two: Plane, where: Mask) -> float:
    """Return the normalised cross-correlation of two planes where a mask is set; near 0 where either is even."""
    first, second = one[where] - one[where].mean(), two[where] - two[where].mean()
    spread = max(float(np.mean(first**2)), 1.0) * max(float(np.mean(second**2)), 1.0)
    return float(np.mean(first * second) / np.sqrt(spread))
