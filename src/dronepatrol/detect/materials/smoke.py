"""Smoke: a veil over the ground that ends softly."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from dronepatrol.detect.materials.look import Look, Mask, Part, Plane

Find = tuple[Part, float]
Window = tuple[slice, slice]
MAX_GSD_M = 0.10
_STEP_M = 0.5
"""Metres per pixel of the planes that smoke is looked for in: it has no fine outline."""
_LEVELS = 5.0
_HARD_PER_M = 60.0
"""Change of colour, CIE Lab units a metre, of things and shadows but not of smoke: 6 units in 0.1 m."""
_ALONG = 0.04
"""Share of the surroundings that lies on edges along an outline, from which the outline is hard."""
_SOFT, _ALL_SOFT = 0.7, 0.85
"""Share of an outline without hard edges along it: least for smoke, and from which it is preferred to wider ones."""
_AREA_M2 = (20.0, 2000.0)
_LEAST_LONG_M, _LEAST_WIDE_M = 6.0, 2.0
_RING_M = (2.0, 5.0)
_FRINGE_M = 2.0
"""How far smoke goes on beyond the outline that is followed."""


@dataclass(frozen=True, slots=True)
class _Coarse:
    """Planes at ``_STEP_M``: lightness, chroma, and the shares that lie on hard edges and are overexposed.

    ``along`` is (height, width, 3): the share of hard edges within 1 m, and the same weighted by the cosine and the
    sine of twice the direction across them.
    """

    light: Plane
    chroma: Plane
    hard: Plane
    burnt: Plane
    along: Plane

    @classmethod
    def of(cls, look: Look) -> "_Coarse":
        """Return the planes of a look."""
        factor = look.step_m / _STEP_M
        height, width = look.light.shape
        size = max(1, round(width * factor)), max(1, round(height * factor))

        def coarse(plane: Plane | Mask) -> Plane:
            reduced = cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            return np.asarray(reduced, dtype=np.float32)

        edge = look.changes() > _HARD_PER_M
        right, down = (cv2.Sobel(look.light - look.chroma, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
        share = edge / np.maximum(right * right + down * down, 1e-6)
        cosine = np.asarray(share * (right * right - down * down), dtype=np.float32)
        sine = np.asarray(share * 2 * right * down, dtype=np.float32)
        along = np.dstack([cv2.blur(coarse(plane), (5, 5)) for plane in (edge, cosine, sine)])
        return cls(
            coarse(look.light),
            coarse(look.chroma),
            coarse(edge),
            coarse(look.light > 99),
            np.asarray(along, dtype=np.float32),
        )


def smoke(look: Look) -> Iterator[Find]:
    """Find plumes of smoke: a colourless veil, paler or darker than the ground, from 6 m; up to 0.10 m per pixel.

    Smoke hides the colour and the edges of the ground behind it and thins out over metres, where things and shadows
    end within decimetres. So the outlines of the level sets of the veil (lightness, or darkness, less chroma) are
    followed, from the widest one inwards, until one is soft almost all around. Fooled by clouds, mist, steam, dust and
    glare on water; not found is smoke as light and grey as the ground, smoke so thin that edges show through it, and
    smoke that fills most of the image.
    """
    planes = _Coarse.of(look)
    for sign in (1.0, -1.0):
        plane = cv2.GaussianBlur(sign * planes.light - planes.chroma, (0, 0), 0.5 / _STEP_M)
        veil = np.asarray(plane, dtype=np.float32)
        found = []
        for level in np.arange(np.ceil(veil.min() / _LEVELS) * _LEVELS, veil.max(), _LEVELS):
            for window, inside in _blobs(veil > level):
                if _is_veil(planes, veil, level, window, inside):
                    soft = _soft(planes, window, inside)
                    found += [(soft > _ALL_SOFT, level, window, inside)] if soft > _SOFT else []
        taken = np.zeros(veil.shape, dtype=bool)
        for _, _, window, inside in sorted(found, key=lambda one: (not one[0], one[1])):
            if not taken[window][inside].any():
                taken[window] |= inside
                yield _part(look, veil.shape, window, inside), 0.5


def _blobs(mask: Mask) -> Iterator[tuple[Window, Mask]]:
    """Yield the connected parts of a size that smoke has: a window with a margin around each, and the part in it."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    margin = round(_RING_M[1] / _STEP_M) + 1
    most = min(_AREA_M2[1] / _STEP_M**2, 0.35 * mask.size)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= _AREA_M2[0] / _STEP_M**2):
        left, top, wide, high, area = (int(value) for value in stats[label])
        long = max(wide, high)
        is_plume = long * _STEP_M >= _LEAST_LONG_M and area / long * _STEP_M >= _LEAST_WIDE_M
        if label and area <= most and is_plume:
            rows = slice(max(top - margin, 0), top + high + margin)
            columns = slice(max(left - margin, 0), left + wide + margin)
            yield (rows, columns), np.asarray(labels[rows, columns] == label)


def _is_veil(planes: _Coarse, veil: Plane, level: float, window: Window, inside: Mask) -> bool:
    """Return whether a part of a level set is a veil: grey, billowing, without edges, falling off to the ground."""
    ring = _grown(inside, _RING_M[1]) & ~_grown(inside, _RING_M[0])
    if not ring.any():
        return False
    within, ground = veil[window][inside], float(np.median(veil[window][ring]))
    apart, above = float(within.mean()) - ground, max(level - ground, 1e-6)
    if apart < 8 or float(within.std()) < 1.75 or not 0.1 < (float(within.mean()) - level) / above < 1.0:
        return False
    grey = float(planes.chroma[window][inside].mean()) < 13
    exposed = float(planes.burnt[window][inside].mean()) < 0.3 and float(planes.light[window][inside].mean()) > 14
    if not grey or not exposed or float(planes.hard[window][inside].mean()) > 0.01:
        return False
    just_outside = _grown(inside, 1.5) & ~_grown(inside, 1.0)
    fallen = (level - float(np.median(veil[window][just_outside]))) / above
    return 0.35 < fallen < 1.0


def _soft(planes: _Coarse, window: Window, inside: Mask) -> float:
    """Return the share of a part's outline that no hard edge runs along; edges of the ground may cross it."""
    smooth = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.0)
    right, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    squares = np.maximum(right * right + down * down, 1e-12)
    share, cosine, sine = np.moveaxis(planes.along[window], 2, 0)
    along = (share + (cosine * (right * right - down * down) + sine * 2 * right * down) / squares) / 2
    outline = _grown(inside, _STEP_M) & _grown(~inside, _STEP_M)
    return float((along[outline] < _ALONG).mean())


def _grown(mask: Mask, by_m: float) -> Mask:
    side = 2 * round(by_m / _STEP_M) + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side)))).astype(bool)


def _part(look: Look, shape: tuple[int, ...], window: Window, inside: Mask) -> Part:
    """Return a part of the coarse planes with its thin fringe, as one of the look's."""
    whole = np.zeros(shape, dtype=bool)
    whole[window] = inside
    fringed = _grown(whole, _FRINGE_M).astype(np.uint8)
    height, width = look.light.shape
    mask = cv2.resize(fringed, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return Part.of_mask(look, cut, mask[cut])
