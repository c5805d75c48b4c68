"""One photo of a patrol against the earlier visit: structures by their pixels on the ground, heaps as objects first."""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from dronepatrol.detect import heap_change
from dronepatrol.detect.change import COARSEST_M, STEP_M, Overlay, overlay, structures
from dronepatrol.errors import InputError
from dronepatrol.patrol.change_views import Earlier, Floats, Mask, Source, Spot, View

LEAST_COVER = 0.2
"""Share of a photo that the earlier visit must show."""
HEAP_SHARE = 1 / 40
"""Heaps count from this share of the smallest structure's area on: they are that much smaller."""


@dataclass(frozen=True, slots=True)
class Find:
    """One change in one comparison, outline in metres; ``heap_kind`` is empty for a structure."""

    ground: Polygon
    appeared: bool
    heap_kind: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison: the two sources, where both show the ground (metres), and what is found.

    ``moved_m`` (2,) metres east and north are added to the earlier one's places to lie on the later's. ``heaps_shown``
    is where both show heaps, empty where they cannot be compared: then ``no_heaps`` says why. Where ``is_registered``
    is False, the pictures are too unlike to tell how they lie on each other, and lie as their poses say.
    """

    view: View
    source: Source
    moved_m: NDArray[np.float64]
    shown: BaseGeometry
    heaps_shown: BaseGeometry
    no_heaps: str
    is_registered: bool
    finds: tuple[Find, ...]


def compared(view: View, earlier: Earlier, min_area_m2: float) -> Look:
    """Return what a comparison of one photo with the earlier visit finds.

    Raises
    ------
    InputError
        When the earlier visit does not show its place, one of the two is too coarse, or a picture cannot be read.
    """
    source, grid = earlier.best(view.ground), view.grid()
    if source is None:
        raise _not_shown()
    if coarse := _too_coarse(view, source, COARSEST_M):
        raise InputError(coarse, hint="structures need pictures in which they are some pixels wide")
    after, in_after = view.on(grid, STEP_M)
    before, in_before = source.on(grid, STEP_M)
    shown = in_after & in_before
    if shown.mean() < LEAST_COVER * in_after.mean():
        raise _not_shown()
    before = np.where(shown[..., None], before, after)  # alike where nothing can be told
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    grid, shown = grid[part], shown[part]
    over = overlay(before[part], after[part], STEP_M, shown=shown)
    axes = np.stack([grid[0, 1] - grid[0, 0], grid[1, 0] - grid[0, 0]])
    finds = [
        Find(
            shapely.transform(one.outline_px, lambda px: grid[0, 0] + px @ axes).buffer(STEP_M / 2, join_style="mitre"),
            one.appeared,
        )
        for one in structures(over, min_area_m2)
    ]
    ground, moved_m = _ground(shown, grid[0, 0], axes), _moved_m(over, axes)
    no_heaps = _no_heaps(view, source, over)
    heaps_shown = shapely.Polygon() if no_heaps else ground.buffer(-heap_change.MARGIN_M)
    if not no_heaps:
        spots = _spots(view, source, over, moved_m)
        finds += _unmatched(view, source, spots, moved_m, heaps_shown, min_area_m2 * HEAP_SHARE)
    return Look(view, source, moved_m, ground, heaps_shown, no_heaps, over.moved_m is not None, tuple(finds))


def _not_shown() -> InputError:
    msg = "the earlier visit does not show its place"
    return InputError(msg, hint="give an earlier visit of the same place")


def _ground(shown: Mask, corner: Floats, axes: Floats) -> BaseGeometry:
    """Return the outline, in metres, of where a mask is set."""
    contours, _ = cv2.findContours(shown.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rings = [corner + ring[:, 0, :] @ axes for ring in contours if len(ring) >= 4]
    return shapely.union_all([shapely.make_valid(Polygon(ring)) for ring in rings])


def _moved_m(over: Overlay, axes: Floats) -> Floats:
    """Return how far east and north the earlier picture was moved; ``axes`` are a grid's steps right and down."""
    moved = (0.0, 0.0) if over.moved_m is None else over.moved_m
    return np.asarray(np.array(moved) / over.step_m @ axes)


def _no_heaps(view: View, source: Source, over: Overlay) -> str:
    """Return why heaps cannot be compared, or nothing."""
    if over.moved_m is None:
        return f"it and the earlier {source.name} are too unlike to be registered within {heap_change.BESIDE_M:g} m"
    return _too_coarse(view, source, heap_change.COARSEST_M)


def _too_coarse(view: View, source: Source, most_m: float) -> str:
    for which, one in (("it", view), (f"the earlier {source.name}", source)):
        if one.gsd_m > most_m:
            return f"{which} shows the ground at {one.gsd_m:.2f} m per pixel; expected at most {most_m:g}"
    return ""


def _spots(view: View, source: Source, over: Overlay, moved_m: Floats) -> tuple[list[Spot], list[Spot]]:
    """Return the heaps that the later and the earlier source show, where they lie for the later one."""
    before, after = heap_change.exposures(over)
    earlier = source.heaps(translate(view.ground, *-moved_m), before)
    return view.heaps(view.ground, after), [Spot(translate(one.ground, *moved_m), one.kind) for one in earlier]


def _unmatched(
    view: View,
    source: Source,
    spots: tuple[list[Spot], list[Spot]],
    moved_m: Floats,
    where: BaseGeometry,
    min_area_m2: float,
) -> list[Find]:
    """Return the heaps that one source shows and the other does not."""
    finds = []
    for own, others, appeared in ((spots[0], spots[1], True), (spots[1], spots[0], False)):
        for spot in own:
            known = spot.ground.area >= min_area_m2 and where.contains(spot.ground)
            if not known or any(spot.ground.distance(one.ground) <= heap_change.BESIDE_M for one in others):
                continue
            if not _shown_by_both(view, source, spot, moved_m, appeared=appeared):
                finds.append(Find(spot.ground, appeared, spot.kind))
    return finds


def _shown_by_both(view: View, source: Source, spot: Spot, moved_m: Floats, *, appeared: bool) -> bool:
    """Return whether the pixels of both sources show what one of them calls a heap."""
    step_m = heap_change.STEP_M
    west, south, east, north = spot.ground.buffer(heap_change.MARGIN_M).bounds
    easts, norths = np.arange(west, east, step_m), np.arange(north, south, -step_m)
    grid = np.stack(np.meshgrid(easts, norths), axis=-1)
    pictures = [view.on(grid, step_m)[0], source.on(grid - moved_m, step_m)[0]]
    outline = shapely.transform(spot.ground, lambda at: (at - (west, north)) * (1 / step_m, -1 / step_m))
    subject, other = pictures if appeared else pictures[::-1]
    return heap_change.same_thing(subject, other, outline)
