"""Large even surfaces: bare soil, dust net, blue steel roofs."""

from collections.abc import Iterator

import numpy as np

from dronepatrol.detect.materials.look import Look, Part, parts

Find = tuple[Part, float]
MAX_GSD_M = 0.30
LARGE_M = (5.0, 400.0)


def bare_soil(look: Look) -> Iterator[Find]:
    """Find open soil: brown, even, from 40 m² and 4 m across; images up to 0.30 m per pixel.

    Fooled by brown roofs and tracks of clay; grey, black or sandy soil is not found. What is darker in furrows is
    ploughed, and what is green in between is a field.
    """
    brown = look.within((55.0, 84.0), (18.0, 60.0), (28.0, 80.0))
    even = look.opened(look.closed(brown, 0.6), 1.0)
    for part in parts(look, even, LARGE_M, (4.0, 400.0)):
        light = part.of(look.light)
        rough = float(part.of(look.spread(look.light, 1.0)).mean())
        share = part.share(brown)
        if part.area_m2 >= 40 and share > 0.85 and light.std() < 7 and rough < 4.5 and part.solidity > 0.7:
            yield part, min(1.0, 0.5 + 0.5 * part.solidity * share)


def dust_net(look: Look) -> Iterator[Find]:
    """Find green dust net: bluer green than plants and even, from 30 m² and 4 m across; up to 0.30 m per pixel.

    Fooled by green sports grounds and painted roofs; black nets and those grown over are not found.
    """
    green = look.within((138.0, 190.0), (20.0, 80.0), (20.0, 80.0))
    even = look.opened(look.closed(green, 0.6), 1.0)
    for part in parts(look, even, LARGE_M, (4.0, 400.0)):
        rough = float(part.of(look.spread(look.light, 1.0)).mean())
        share = part.share(green)
        if part.area_m2 >= 30 and share > 0.85 and rough < 5 and part.solidity > 0.75:
            yield part, min(1.0, 0.5 + 0.5 * part.solidity * share)


def blue_roofs(look: Look) -> Iterator[Find]:
    """Find roofs of blue steel: one blue, straight-sided, from 4 by 2.8 m; up to 0.30 m per pixel.

    Fooled by blue tarpaulins and courts without lines; roofs with much on them, and weathered ones, are not found.
    """
    blue = look.within((250.0, 295.0), (22.0, 90.0), (22.0, 80.0))
    whole = look.opened(look.closed(blue, 0.5), 0.8)
    pale = (look.light > 70) & (look.chroma < 22)
    for part in parts(look, whole, (4.0, 120.0), (2.8, 80.0)):
        straight = part.rectangularity > 0.78 or (part.area_m2 > 60 and part.solidity > 0.8)
        even = float(np.std(part.of(look.light))) < 8
        if straight and even and part.share(blue) > 0.85 and part.share(pale) < 0.01:
            yield part, min(1.0, 0.4 + 0.6 * part.rectangularity)
