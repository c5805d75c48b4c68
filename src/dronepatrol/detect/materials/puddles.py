"""Standing water: a mirror on the ground."""

from collections.abc import Iterator

import numpy as np

from dronepatrol.detect.materials.look import Look, Mask, Part, parts

Find = tuple[Part, float]
MAX_GSD_M = 0.10
_RING_M = 1.5


def standing_water(look: Look) -> Iterator[Find]:
    """Find puddles and flooded ground: mirror-smooth, dark, 4 to 2,000 m², on rougher ground; up to 0.10 m per pixel.

    Fooled by fresh tar and by deep shadows without texture; water that mirrors a bright sky, or is muddy, is not found.
    """
    rough = look.spread(look.light, 0.7)
    smooth = (rough < 1.1) & (look.light > 8) & (look.light < 48) & (look.chroma < 18)
    sheet = look.opened(smooth, 0.8)
    for part in parts(look, sheet, (2.2, 80.0), (1.5, 60.0)):
        window, inside, around = _rings(look, part)
        if not around.any():
            continue
        darker = float(look.light[window][around].mean() - look.light[window][inside].mean())
        rougher = float(rough[window][around].mean())
        if 4 <= part.area_m2 <= 2000 and part.solidity > 0.75 and darker > 8 and rougher > 0.8:
            yield part, 0.6


def _rings(look: Look, part: Part) -> tuple[tuple[slice, slice], Mask, Mask]:
    """Return a window around a part, and in it the part and what lies around it, as masks."""
    margin = look.pixels(4 * _RING_M)
    top, left = max(part.window[0].start - margin, 0), max(part.window[1].start - margin, 0)
    window = slice(top, part.window[0].stop + margin), slice(left, part.window[1].stop + margin)
    inside = np.zeros(look.light[window].shape, dtype=bool)
    rows, columns = part.mask.shape
    down, right = part.window[0].start - top, part.window[1].start - left
    inside[down : down + rows, right : right + columns] = part.mask
    near = look.grown(inside, _RING_M)
    return window, inside, look.grown(near, _RING_M) & ~near
