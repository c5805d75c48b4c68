"""Smoke: a veil over the ground that thickens over metres."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from dronepatrol.detect.materials.look import Look, Mask, Part, Plane

MAX_GSD_M = 0.10
_STEP_M = 0.5
"""Metres per pixel of the planes that smoke is looked for in: it has no fine outline."""
_BLUR_M = 0.75
_HARD_PER_M, _HARD_SHARE, _HARD_M = 60.0, 0.02, 1.0
"""Change of colour, CIE Lab units a metre, of things and shadows but not of smoke (6 units in 0.1 m); its least share
of a pixel; and how far around it nothing is taken for soft."""
_VEIL_PER_M, _LIGHT_PER_M = 4.0, 3.0
"""Least change on smoke's flanks: of the veil (lightness or darkness, less chroma), and of the first of them alone."""
_FLANKS_M2, _LONG_M, _MOST_OF_IMAGE = 25.0, 6.0, 0.35
_GAP_M, _FRINGE_M = 2.5, 1.0
"""Gaps closed between flanks, as along the crest of a plume; and how far smoke goes on beyond them."""
_ONE_SIDED = 0.7
"""Mean of the flanks' directions, as unit vectors, from which they all rise one way, as light falls off on a slope."""
_GREY_CHROMA, _BLACK = 13.0, 14.0


@dataclass(frozen=True, slots=True)
class _Flanks:
    """Where a veil thickens softly, at ``_STEP_M``: ``soft``, and the unit vectors ``right``, ``down`` up its slope."""

    veil: Plane
    soft: Mask
    right: Plane
    down: Plane


def smoke(look: Look) -> Iterator[tuple[Part, float]]:
    """Find plumes of smoke: a colourless veil, paler or darker than the ground, from 6 m; up to 0.10 m per pixel.

    Smoke takes the colour of the ground away and makes it paler or darker, more and more over metres, where things and
    shadows end within decimetres. So flanks are looked for: slopes of lightness and colour together, away from all hard
    edges, that rise to something grey from more than one side. Fooled by clouds, mist, steam, dust and pictures blurred
    in places; not found is smoke as light and grey as the ground, thin smoke over many edges, and smoke that fills most
    of the image.
    """
    light, chroma = _coarse(look, look.light), _coarse(look, look.chroma)
    hard = (_coarse(look, look.changes() > _HARD_PER_M) > _HARD_SHARE).astype(np.uint8)
    side = 2 * round(_HARD_M / _STEP_M) + 1
    usable = cv2.dilate(hard, np.ones((side, side))) == 0
    usable &= _coarse(look, look.light > 99) <= _HARD_SHARE
    taken = np.zeros(light.shape, dtype=bool)
    for sign in (1.0, -1.0):
        flanks = _flanks(sign * light, chroma, usable)
        for inside in _joined(flanks.soft & ~taken):
            if _is_plume(flanks, inside, light, chroma):
                taken |= inside
                yield _part(look, inside), 0.5


def _coarse(look: Look, plane: Plane | Mask) -> Plane:
    height, width = plane.shape
    factor = look.step_m / _STEP_M
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _flanks(brightness: Plane, chroma: Plane, usable: Mask) -> _Flanks:
    """Return the flanks of what is brighter and greyer than the ground; for dark smoke, brightness is darkness."""
    veil = cv2.GaussianBlur(brightness - chroma, (0, 0), _BLUR_M / _STEP_M)
    right, down = _slope(veil)
    steep = np.asarray(np.maximum(np.hypot(right, down), 1e-6), dtype=np.float32)
    right, down = right / steep, down / steep
    bright_right, bright_down = _slope(cv2.GaussianBlur(brightness, (0, 0), _BLUR_M / _STEP_M))
    brightens = bright_right * right + bright_down * down > _LIGHT_PER_M
    return _Flanks(np.asarray(veil, dtype=np.float32), usable & (steep > _VEIL_PER_M) & brightens, right, down)


def _slope(plane: cv2.typing.MatLike) -> tuple[Plane, Plane]:
    """Return the change a metre to the right and down, by Sobel's filter."""
    right, down = (cv2.Sobel(plane, cv2.CV_32F, *way, scale=1 / 8 / _STEP_M) for way in ((1, 0), (0, 1)))
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)


def _joined(soft: Mask) -> Iterator[Mask]:
    """Yield flanks of a plume's size, those with gaps of up to ``_GAP_M`` together and the gaps with them."""
    side = round(_GAP_M / _STEP_M)
    closed = cv2.morphologyEx(soft.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    for label in range(1, count):
        long = max(stats[label, cv2.CC_STAT_WIDTH], stats[label, cv2.CC_STAT_HEIGHT]) * _STEP_M
        closed_px = stats[label, cv2.CC_STAT_AREA]
        if long < _LONG_M or closed_px * _STEP_M**2 < _FLANKS_M2 or closed_px > _MOST_OF_IMAGE * soft.size:
            continue
        inside = np.asarray(labels == label)
        if np.count_nonzero(soft & inside) * _STEP_M**2 >= _FLANKS_M2:
            yield inside


def _is_plume(flanks: _Flanks, inside: Mask, light: Plane, chroma: Plane) -> bool:
    """Return whether flanks rise from more than one side, to something grey and not black."""
    up = flanks.soft & inside
    one_sided = float(np.hypot(flanks.right[up].mean(), flanks.down[up].mean()))
    thick = inside & (flanks.veil >= np.percentile(flanks.veil[inside], 75))
    grey = float(chroma[thick].mean()) < _GREY_CHROMA and float(light[thick].mean()) > _BLACK
    return grey and one_sided < _ONE_SIDED


def _part(look: Look, inside: Mask) -> Part:
    """Return a part of the coarse planes with its fringe, as one of the look's."""
    side = 2 * round(_FRINGE_M / _STEP_M) + 1
    fringed = cv2.dilate(inside.astype(np.uint8), np.ones((side, side)))
    height, width = look.light.shape
    mask = cv2.resize(fringed, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return Part.of_mask(look, cut, mask[cut])
