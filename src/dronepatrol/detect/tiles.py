"""How an image is cut so that things have the size that a network knows. Pure."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CAR_M = 4.5
"""Length of a car, the yardstick of what is looked for."""
CAR_IN_NETWORK_PX = 45.0
"""Size at which small networks see a car best from above: 30 to 60 pixels of their input, measured on aerial images."""
MAX_ENLARGED = 4.0
"""So many network pixels an image pixel becomes at most, along a side."""
LEAST_SEEN_PX = 4.0
"""Image pixels along a car below which no enlarging shows it; at 7, fourfold, the shipped network finds two thirds."""
OVERLAP = 0.25
"""Share of a tile that it has in common with the next; things up to that size are whole in one of them."""
LARGER = 4
"""A bus of 18 m in a tile this many times larger is as long as a car in a tile for cars."""
LEAST_TRUSTED_PX, MOST_TRUSTED_PX = 20.0, 90.0
"""Network pixels below and above which things are left to smaller and to larger tiles, where there are such."""
BORDER_PX = 2.0
"""A box that ends this close to a border inside the image, in network pixels, is taken as cut."""


def tile_size_px(network_px: int, gsd_m: float | None, car_px: float = CAR_IN_NETWORK_PX) -> int:
    """Return the side of a square tile, in image pixels, that shows a car at the size the network sees best.

    Parameters
    ----------
    network_px
        Side of the network's input.
    gsd_m
        Metres on the ground per image pixel; where unknown, or too coarse to show a car, one image pixel becomes one
        network pixel: enlarging would cost many tiles for nothing.
    car_px
        Length in network pixels at which the network sees a car best.
    """
    if gsd_m is None or not math.isfinite(gsd_m) or gsd_m <= 0:
        return network_px
    if CAR_M / gsd_m < LEAST_SEEN_PX:
        return network_px
    image_px_per_network_px = CAR_M / gsd_m / car_px
    return max(round(network_px * min(max(image_px_per_network_px, 1 / MAX_ENLARGED), 1e6)), 16)


def tile_sizes_px(
    image_wh: tuple[int, int], network_px: int, gsd_m: float | None, car_px: float = CAR_IN_NETWORK_PX
) -> list[int]:
    """Return the sides of the tiles, in image pixels, that an image is looked at with, smallest first.

    With a known ground sample distance: tiles for cars, and :data:`LARGER` times larger ones where an image has more
    than one, in which things too long for the overlap are whole. Where it is unknown: the whole image, tiles of half
    its length, and halves of those as long as a tile has the pixels that the network takes.
    """
    longest = max(image_wh)
    if gsd_m is None or not math.isfinite(gsd_m) or gsd_m <= 0:
        sizes = [max(longest // 2, 16), longest]
        while sizes[0] // 2 >= network_px:
            sizes.insert(0, sizes[0] // 2)
        return sizes
    first = tile_size_px(network_px, gsd_m, car_px)
    return [first] if first >= longest else [first, min(LARGER * first, longest)]


def trusted_px(sizes: Sequence[int], number: int) -> tuple[float, float]:
    """Return from which to which length, in network pixels, finds in tiles of the given size count.

    Of several sizes of tile, the larger shows what is large in the smaller better, and the other way round (as in Singh
    and Davis 2018): a part of a truck in a small tile is no car.
    """
    least = 0.0 if number == 0 else LEAST_TRUSTED_PX
    return least, math.inf if number == len(sizes) - 1 else MOST_TRUSTED_PX


def tiles(image_wh: tuple[int, int], tile_px: int) -> NDArray[np.intp]:
    """Return (n, 4) left, top, right, bottom (exclusive) of tiles that cover the image, row by row.

    All tiles have the same size; where the image is smaller than a tile, the tile is cut to the image.
    """
    lefts, width = _starts(image_wh[0], tile_px)
    tops, height = _starts(image_wh[1], tile_px)
    return np.array([[x, y, x + width, y + height] for y in tops for x in lefts], dtype=np.intp)


def _starts(length: int, tile_px: int) -> tuple[list[int], int]:
    """Return where tiles begin along one side of the image, evenly spread, and how long they are."""
    size = min(tile_px, length)
    if size == length:
        return [0], size
    step = max(int(size * (1.0 - OVERLAP)), 1)
    count = math.ceil((length - size) / step) + 1
    return [round(i * (length - size) / (count - 1)) for i in range(count)], size


def touches_inner_border(
    xyxy: NDArray[np.float64], tile: NDArray[np.intp], image_wh: tuple[int, int], margin_px: float
) -> NDArray[np.bool_]:
    """Return (n,) whether boxes, in image pixels, end at a border of their tile that is none of the image.

    ``xyxy`` counts from the centre of the top-left pixel: the tile's edges are half a pixel outside its pixels.
    """
    left, top, right, bottom = (float(value) for value in tile)
    width, height = image_wh
    cut: NDArray[np.bool_] = np.zeros(len(xyxy), dtype=bool)
    if left > 0:
        cut |= xyxy[:, 0] <= left - 0.5 + margin_px
    if top > 0:
        cut |= xyxy[:, 1] <= top - 0.5 + margin_px
    if right < width:
        cut |= xyxy[:, 2] >= right - 0.5 - margin_px
    if bottom < height:
        cut |= xyxy[:, 3] >= bottom - 0.5 - margin_px
    return cut
