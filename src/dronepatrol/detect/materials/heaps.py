"""Small rough things on even ground: heaps of rubble, exposed garbage, debris on water."""

from collections.abc import Iterator

import cv2
import numpy as np

from dronepatrol.detect.materials.look import Look, Mask, Part, parts

Find = tuple[Part, float]
MAX_GSD_M = 0.08
_RING_M = 1.2
_MADE = 0.5
"""Right-angledness from which edges are those of something made: a car, a court, a striped awning, a roof's corner."""
_EDGE_PER_M = 60.0
"""Change of colour, CIE Lab units a metre, from which a pixel lies on an edge."""
_LEAST_EDGES = 0.57
"""Share of garbage that lies on edges: scraps and bags are small; a parasol's sectors are not."""


def rubble(look: Look) -> Iterator[Find]:
    """Find heaps of rubble: grey speckle of light and dark lumps, 2.5 to 15 m; images up to 0.08 m per pixel.

    Its surroundings must be quieter, and its edges run in all directions. Fooled by heaps of cut branches and by the
    shadows of leaves; heaps of one colour, such as sand, and stacked boards and blocks are not found.
    """
    rough = look.spread(look.light, 0.9) > 7.5
    grey = look.mean(look.chroma, 0.9) < 13
    speckle = look.opened(look.closed(rough & grey, 0.5), 1.6)
    for part in parts(look, speckle, (2.5, 15.0), (2.0, 12.0)):
        light = part.of(look.light)
        both = float(np.percentile(light, 90) - np.percentile(light, 10))
        bags = float((light > 92).mean() + (light < 12).mean())
        jumbled = _lumps(look, part) > 0.3 and _right_angled(look, part) < _MADE
        speckled = part.solidity > 0.75 and both > 20 and bags < 0.12
        if speckled and jumbled and _quiet_around(look, part, rough, 0.35):
            yield part, min(1.0, 0.4 + 0.6 * part.solidity)


def garbage(look: Look) -> Iterator[Find]:
    """Find exposed garbage: black, white and coloured bags and scraps, 1.2 to 8 m; up to 0.08 m per pixel.

    It is full of edges, and they run in all directions. Fooled by market goods laid out and a few parasols; garbage of
    one colour and single bags are not found. What is green in between is a bed of flowers, and what is even in between
    a parasol.
    """
    extreme = (
        (look.light > 85) | (look.light < 22) | ((look.chroma > 38) & ((look.hue_deg > 255) | (look.hue_deg < 50)))
    )
    mixed = (look.spread(look.light, 0.9) > 10) & look.closed(extreme, 0.7)
    litter = look.opened(look.closed(mixed, 0.8), 0.6)
    green = look.within((95.0, 170.0), (12.0, 90.0), (10.0, 90.0))
    edges = look.changes() > _EDGE_PER_M
    for part in parts(look, litter, (1.2, 8.0), (0.8, 6.0)):
        light, chroma = part.of(look.light), part.of(look.chroma)
        shares = (float((light > 80).mean()), float((light < 25).mean()), float((chroma > 30).mean()))
        several = sorted(shares)[1] > 0.04 and sum(shares) > 0.3
        jumbled = _lumps(look, part) > 0.3 and _right_angled(look, part) < _MADE
        small = part.share(edges) > _LEAST_EDGES
        if several and jumbled and small and part.solidity > 0.6 and part.share(green) < 0.1:
            yield part, min(1.0, 0.4 + 0.6 * part.solidity)


def floating_debris(look: Look) -> Iterator[Find]:
    """Find what floats: light patches of 0.4 to 40 m² wholly inside a sheet of even, greenish or bluish water.

    Fooled by boats, birds, and rocks; what is as dark as the water, or lies at the bank, is not found.
    """
    for water in _water(look):
        rows, columns = water.window
        sheet = look.light[rows, columns]
        level = float(np.median(sheet[water.mask]))
        holes = _filled(water.mask) & ~water.mask
        light = holes & (sheet > level + 10)
        canvas = np.zeros(look.light.shape, dtype=bool)
        canvas[rows, columns] = light
        for part in parts(look, look.closed(canvas, 0.5), (0.8, 15.0), (0.4, 10.0)):
            if 0.4 <= part.area_m2 <= 40:
                yield part, 0.6


def _water(look: Look) -> Iterator[Part]:
    """Yield sheets of water of 150 m² and more; they may reach the image's border."""
    even = look.spread(look.light, 0.7) < 2.2
    tint = look.within((80.0, 270.0), (5.0, 30.0), (12.0, 62.0))
    sheet = look.opened(even & tint, 2.0)
    padded = np.pad(sheet, 1)
    for part in parts(look, padded, (12.0, 1e6), (3.0, 1e6)):
        rows, columns = part.window
        window = slice(rows.start - 1, rows.stop - 1), slice(columns.start - 1, columns.stop - 1)
        if part.area_m2 >= 150:
            yield Part(window, part.mask, part.long_m, part.short_m, part.area_m2, part.solidity, part.rectangularity)


def _filled(mask: Mask) -> Mask:
    """Return a mask with its holes filled."""
    outside = np.pad(mask, 1).astype(np.uint8)
    cv2.floodFill(outside, None, (0, 0), 2)
    return np.asarray(outside[1:-1, 1:-1] != 2)


def _quiet_around(look: Look, part: Part, rough: Mask, most: float) -> bool:
    """Return whether the ring around a part is mostly not rough."""
    margin = look.pixels(_RING_M)
    rows = slice(max(part.window[0].start - margin, 0), part.window[0].stop + margin)
    columns = slice(max(part.window[1].start - margin, 0), part.window[1].stop + margin)
    inside = np.zeros(rough.shape, dtype=bool)
    inside[part.window] = part.mask
    near = look.grown(inside[rows, columns], 0.5)
    ring = look.grown(near, _RING_M) & ~near
    return bool(ring.any()) and float(rough[rows, columns][ring].mean()) < most


def _lumps(look: Look, part: Part) -> float:
    """Return light lumps of 0.03 to 1 m² per square metre of a part."""
    light = look.light[part.window]
    bright = (light > np.percentile(light[part.mask], 65)) & part.mask
    _, _, stats, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8), connectivity=4)
    area = stats[1:, cv2.CC_STAT_AREA] * look.step_m**2
    return float(((area >= 0.03) & (area <= 1.0)).sum()) / part.area_m2


def _right_angled(look: Look, part: Part) -> float:
    """Return how far the edges in a part keep to one direction and the one across: 0 for a jumble, 1 for a grid.

    It is the length of the mean fourth harmonic of the gradient's direction, weighted by the gradient: directions a
    quarter turn apart add up, those of a jumble cancel (circular statistics; Mardia and Jupp, Directional Statistics,
    2000, section 3.4).
    """
    light = look.light[part.window]
    along, down = cv2.Sobel(light, cv2.CV_32F, 1, 0)[part.mask], cv2.Sobel(light, cv2.CV_32F, 0, 1)[part.mask]
    strength = np.hypot(along, down)
    turned = strength * np.exp(4j * np.arctan2(down, along))
    return float(abs(turned.sum()) / max(float(strength.sum()), 1e-6))
