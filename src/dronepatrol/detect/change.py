"""What was built or taken away between two pictures of a place [opencv]: a heuristic for pale and grey structures.

Two pictures months apart differ everywhere in colour: sun, season, camera. What stays is the pattern of edges. So
things come first: compact, colourless ones are candidates in each picture, and one is new where its surroundings show
another pattern than before (normalised cross-correlation, which no change of brightness or contrast alters), and where
it stands out from the ground around it: grey paving has no pattern, only grain. Plants are coloured and shadows are
dark, so neither is a candidate.

Limits: roofs as colourful as the ground, and those as grey as the paving around, are not seen; new roads and paved
yards may pass for structures where they are compact; the pictures must show the ground alike (nadir or orthophoto), and
be georeferenced to a few metres.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from dronepatrol.errors import InputError

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]

STEP_M = 0.5
"""Metres per pixel at which finer pictures are compared."""
COARSEST_M = 1.0
"""Metres per pixel of the coarsest pictures in which a structure of the smallest size still has pixels within it."""
MIN_AREA_M2 = 40.0
NARROWEST_M = 4.5
"""Strips narrower than this, such as paths, walls and driveways, are no structures."""
MOST_ELONGATED = 4.0
PATTERN_M = 10.5
"""Side of the square whose pattern is compared."""
SAME_PATTERN = 0.5
"""Correlation above which a pattern counts as the same; 1 is identical, 0 unrelated."""
COLOURLESS = (5.0, 12.0)
"""CIE Lab chroma below which a thing may be a structure: the 30th percentile of its picture, within these bounds."""
SHADOW, WHITE = 22.0, 85.0
"""Lightness below which it is too dark to tell, and above which anything is as good as colourless."""
STANDS_OUT, RING_M = 5.0, (1.0, 6.0)
"""Difference of colour (CIE 1976; people see 2.3) from the ground at these distances, below which there is no thing."""
MAX_SHIFT_M = 8.0
"""Misplacement between the two pictures that fine registration may take away."""


@dataclass(frozen=True, slots=True)
class Change:
    """One structure that came or went: its outline in pixels of the later picture, and its size."""

    outline_px: Polygon
    area_m2: float
    appeared: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two pictures of a place on one grid, the earlier moved onto the later.

    ``earlier`` and ``later`` are (h, w, 3) BGR, ``seen`` (h, w) is where both show the ground; ``step_m`` metres per
    pixel; ``shrink`` (2,) pixels per pixel of the later picture as it was given, x and y. ``moved_m`` is how far the
    earlier went right and down, None where the two do not agree well enough to tell.
    """

    earlier: Image
    later: Image
    seen: Mask
    step_m: float
    shrink: NDArray[np.float64]
    moved_m: tuple[float, float] | None


def compare(
    before: Image,
    after: Image,
    gsd_m: float,
    before_to_after: NDArray[np.float64] | None = None,
    *,
    shown: Mask | None = None,
    min_area_m2: float = MIN_AREA_M2,
) -> list[Change]:
    """Return the structures that appeared or disappeared, largest first: :func:`structures` of :func:`overlay`."""
    return structures(overlay(before, after, gsd_m, before_to_after, shown=shown), min_area_m2)


def overlay(
    before: Image,
    after: Image,
    gsd_m: float,
    before_to_after: NDArray[np.float64] | None = None,
    *,
    shown: Mask | None = None,
) -> Overlay:
    """Lay an earlier picture over a later one, at :data:`STEP_M` or coarser, and register it finely.

    Parameters
    ----------
    before, after
        (height, width, 3), BGR; from a nadir photo or an orthophoto.
    gsd_m
        Metres on the ground per pixel of the later picture.
    before_to_after
        (3, 3) from pixels of the earlier picture to the later's, as their georeferences say; None where they are alike.
    shown
        (height, width) of the later picture: where both pictures show the ground; None for everywhere.

    Raises
    ------
    InputError
        When the scale is no positive number, or a picture is none or far too small.
    """
    for name, image in (("earlier", before), ("later", after)):
        if image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 16:
            msg = f"the {name} picture has the shape {image.shape}; expected at least 16 by 16 pixels of 3 channels"
            raise InputError(msg)
    if not np.isfinite(gsd_m) or gsd_m <= 0:
        msg = f"{gsd_m} metres per pixel: expected a positive number"
        raise InputError(msg)
    scale = min(1.0, gsd_m / STEP_M)
    size = max(round(after.shape[1] * scale), 8), max(round(after.shape[0] * scale), 8)
    shrink = np.array([size[0] / after.shape[1], size[1] / after.shape[0]])
    matrix = np.diag([*shrink, 1.0]) @ (np.eye(3) if before_to_after is None else before_to_after)
    later = np.asarray(cv2.resize(after, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    earlier, seen = _onto(before, matrix, size)
    if shown is not None:
        seen &= cv2.resize(shown.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    step_m = gsd_m / scale
    moved = _misplaced(earlier, later, step_m, None if shown is None else seen)
    if moved is not None:
        earlier, seen = _moved(earlier, *moved), _moved(seen.astype(np.uint8), *moved).astype(bool)
    moved_m = None if moved is None else (moved[0] * step_m, moved[1] * step_m)
    return Overlay(earlier, later, seen, step_m, shrink, moved_m)


def structures(over: Overlay, min_area_m2: float = MIN_AREA_M2) -> list[Change]:
    """Return the structures of at least an area that appeared or disappeared, largest first."""
    earlier, later = _lab(over.earlier), _lab(over.later)
    changed = over.seen & (_likeness(earlier[:, :, 0], later[:, :, 0], over.step_m) < SAME_PATTERN)
    was, stands = _structures(earlier, over.step_m), _structures(later, over.step_m)
    larger = (1 / over.shrink).tolist()
    found = []
    for lab, here, there, appeared in ((later, stands, was, True), (earlier, was, stands, False)):
        mask = _opened(here & changed, NARROWEST_M / over.step_m)
        for outline, area_m2 in _outlines(mask, over.step_m, min_area_m2):
            replaced = not appeared and there[_filled(outline, there.shape)].mean() > 0.5  # by another: no loss
            if not replaced and _contrast(lab, outline, over.step_m) > STANDS_OUT:
                whole = shapely.affinity.scale(outline, larger[0], larger[1], origin=(0, 0))
                found.append(Change(whole, area_m2, appeared))
    return sorted(found, key=lambda change: -change.area_m2)


def plain_difference(before: Image, after: Image) -> Mask:
    """Return where the brightness differs by more than Otsu's threshold: what :func:`compare` is measured against."""
    grey = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (before, after))
    _, mask = cv2.threshold(cv2.absdiff(*grey), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(mask > 0)


def as_mask(changes: list[Change], wh: tuple[int, int], *, appeared: bool) -> Mask:
    """Return the pixels of the structures that appeared, or disappeared."""
    mask = np.zeros((wh[1], wh[0]), dtype=np.uint8)
    for change in changes:
        if change.appeared is appeared:
            ring = shapely.get_coordinates(change.outline_px.exterior)
            cv2.fillPoly(mask, [np.rint(ring).astype(np.int32)], 1)
    return mask.astype(bool)


def _onto(image: Image, matrix: NDArray[np.float64], size: tuple[int, int]) -> tuple[Image, Mask]:
    """Return an image resampled onto the later picture's grid, and where it covers that."""
    shrinking = abs(np.linalg.det(matrix[:2, :2])) ** 0.5
    if shrinking < 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / shrinking), dtype=np.uint8)
    warped = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    covers = cv2.warpPerspective(np.full(image.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(warped, dtype=np.uint8), np.asarray(covers > 0)


def _misplaced(earlier: Image, later: Image, step_m: float, within: Mask | None) -> tuple[float, float] | None:
    """Return the pixels, right and down, from the earlier picture's edges to the later's; None where it is unclear."""
    window = cv2.createHanningWindow((later.shape[1], later.shape[0]), cv2.CV_32F)
    inside = np.float32(1.0) if within is None else within.astype(np.float32)
    (right, down), response = cv2.phaseCorrelate(_edges(earlier) * inside, _edges(later) * inside, window)
    return None if response < 0.1 or np.hypot(right, down) * step_m > MAX_SHIFT_M else (right, down)


def _moved(image: Image, right: float, down: float) -> Image:
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    size = image.shape[1], image.shape[0]
    how = cv2.INTER_LINEAR if image.ndim == 3 else cv2.INTER_NEAREST
    border = cv2.BORDER_REPLICATE if image.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=how, borderMode=border), dtype=np.uint8)


def _edges(image: Image) -> Plane:
    light = _lab(image)[:, :, 0]
    return np.asarray(cv2.magnitude(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)))


def _lab(image: Image) -> Plane:
    smooth = cv2.bilateralFilter(image, 7, 40, 4)
    return np.asarray(cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_BGR2Lab), dtype=np.float32)


def _structures(lab: Plane, step_m: float) -> Mask:
    """Return where a picture shows something colourless, not dark, and broad."""
    light, chroma = lab[:, :, 0], np.hypot(lab[:, :, 1], lab[:, :, 2])
    limit = float(np.clip(np.percentile(chroma, 30), *COLOURLESS))
    return _opened(((chroma < limit) | (light > WHITE)) & (light > SHADOW), NARROWEST_M / step_m)


def _likeness(first: Plane, second: Plane, step_m: float) -> Plane:
    """Return the normalised cross-correlation of the brightness around each pixel, -1 to 1."""
    side = max(3, round(PATTERN_M / step_m)) | 1
    one, two = np.ascontiguousarray(first), np.ascontiguousarray(second)
    mean_one, mean_two = cv2.blur(one, (side, side)), cv2.blur(two, (side, side))
    spread_one = np.maximum(cv2.blur(one * one, (side, side)) - mean_one**2, 1.0)
    spread_two = np.maximum(cv2.blur(two * two, (side, side)) - mean_two**2, 1.0)
    common = cv2.blur(one * two, (side, side)) - mean_one * mean_two
    return np.asarray(common / np.sqrt(spread_one * spread_two), dtype=np.float32)


def _opened(mask: Mask, width_px: float) -> Mask:
    side = max(1, round(width_px))
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, shape)).astype(bool)


def _outlines(mask: Mask, step_m: float, min_area_m2: float) -> list[tuple[Polygon, float]]:
    """Return the outlines, in pixels, and areas of the parts of a mask that are large and compact enough."""
    found = []
    rings, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for ring in rings:
        if len(ring) < 4:
            continue
        (_, (width, height), _) = cv2.minAreaRect(ring)
        polygon = shapely.make_valid(Polygon(ring[:, 0, :]))
        area_m2 = float(cv2.contourArea(ring) + cv2.arcLength(ring, closed=True) / 2 + 1) * step_m**2
        compact = max(width, height) <= MOST_ELONGATED * min(width, height) + 1
        if compact and area_m2 >= min_area_m2 and isinstance(polygon, Polygon):
            found.append((polygon, area_m2))
    return found


def _contrast(lab: Plane, outline: Polygon, step_m: float) -> float:
    """Return the difference of colour (CIE 1976) between an outline's inside and the ground around it; medians."""
    near, around = (outline.buffer(width_m / step_m) for width_m in RING_M)
    inside, ring = _filled(outline, lab.shape), _filled(around, lab.shape) & ~_filled(near, lab.shape)
    if not (inside.any() and ring.any()):
        return 0.0
    return float(np.linalg.norm(np.median(lab[inside], axis=0) - np.median(lab[ring], axis=0)))


def _filled(outline: Polygon, shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(shapely.get_coordinates(outline.exterior)).astype(np.int32)], 1)
    return mask.astype(bool)
