"""Houses, halls and trees, wherever they neither hide nor shade what was planted before."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon

from dronepatrol.sim.scene.garden import Garden, random_points
from dronepatrol.sim.scene.layout import Block, Layout, Use
from dronepatrol.sim.scene.shapes import Place, Points, box
from dronepatrol.sim.scene.surroundings import ROOF_RISE, hall, house, tree
from dronepatrol.sim.scene.thing import Rng

_M2_PER_TREE = {Use.PARK: 130.0, Use.HOMES: 260.0, Use.WORKS: 700.0, Use.FIELDS: 2500.0}


def fill_blocks(rng: Rng, garden: Garden) -> None:
    """Fill blocks with rows of houses or halls; where a large one does not fit, a small one may."""
    for block in garden.layout.blocks:
        if block.use is Use.HOMES:
            for spot in _lattice(rng, block, garden.layout.angle_rad, 19.0, 21.0):
                _ = _house(rng, garden, block, spot, 1.0) or _house(rng, garden, block, spot, 0.72)
        elif block.use is Use.WORKS:
            for spot in _lattice(rng, block, garden.layout.angle_rad, 44.0, 32.0):
                _ = _hall(rng, garden, block, spot, 1.0) or _hall(rng, garden, block, spot, 0.5)


def _lattice(rng: Rng, block: Block, angle_rad: float, step_m: float, row_m: float) -> Iterator[Place]:
    """Yield places in rows along the streets."""
    middle = block.inner.centroid
    frame = Place(middle.x, middle.y, angle_rad)
    reach = float(np.hypot(*np.ptp(np.reshape(block.inner.bounds, (2, 2)), axis=0))) / 2
    for across in np.arange(-reach, reach, row_m):
        for along in np.arange(-reach + rng.uniform(0, 6), reach, step_m):
            yield frame.at(float(along), float(across), float(rng.normal(0, 0.01)))


def _house(rng: Rng, garden: Garden, block: Block, place: Place, size: float) -> bool:
    length, width = rng.uniform(11, 17) * size, rng.uniform(9, 11.5) * size
    eaves = float(rng.choice([3.4, 6.4, 9.4]))
    if not _free(garden, block, Polygon(box(place, length, width)), eaves + width * ROOF_RISE):
        return False
    garden.others.append(house(rng, place, length, width, eaves))
    _hold_rectangle(garden, place, length, width)
    return True


def _hall(rng: Rng, garden: Garden, block: Block, place: Place, size: float) -> bool:
    length, width, height = rng.uniform(26, 38) * size, rng.uniform(16, 21) * size, rng.uniform(6.5, 9.0)
    if not _free(garden, block, Polygon(box(place, length, width)), height):
        return False
    garden.others.append(hall(rng, place, length, width, height))
    _hold_rectangle(garden, place, length, width)
    return True


def _free(garden: Garden, block: Block, outline: Polygon, height_m: float) -> bool:
    return bool(block.inner.contains(outline)) and garden.fits_outline(outline, height_m)


def _hold_rectangle(garden: Garden, place: Place, length_m: float, width_m: float) -> None:
    """Keep a building's ground clear with a row of circles."""
    parts = int(np.ceil(length_m / width_m))
    for part in range(parts):
        garden.hold(place.at((part + 0.5) / parts * length_m - length_m / 2, 0.0), width_m * 0.6)


def plant_trees(rng: Rng, garden: Garden) -> None:
    """Plant trees along the streets, in parks and gardens."""
    layout = garden.layout
    spots = [_along_streets(layout)]
    for block in layout.blocks:
        room_m2 = float(shapely.box(*block.inner.bounds).area)  # points beside the block are dropped
        spots.append(random_points(rng, block.inner, int(room_m2 / _M2_PER_TREE[block.use])))
    places = np.concatenate(spots)
    road = layout.roads.buffer(0.5)
    free = places[~shapely.contains_xy(road, places[:, 0], places[:, 1])]
    for east, north in free:
        place = Place(float(east), float(north), float(rng.uniform(0, 2 * np.pi)))
        across = float(rng.uniform(2.6, 5.6))
        height = across * float(rng.uniform(0.9, 1.2))
        if garden.fits(place, across / 2, height):
            garden.others.append(tree(rng, place, across, height))
            garden.hold(place, across * 0.2)


def _along_streets(layout: Layout) -> Points:
    """Return places for street trees, on the pavement close to the kerb."""
    found = [np.empty((0, 2))]
    for block in layout.blocks:
        kerbs = shapely.get_parts(block.outline.buffer(-1.6, join_style="mitre"))
        for kerb in kerbs if block.use is not Use.FIELDS else ():
            if isinstance(kerb, Polygon) and kerb.exterior.length > 30.0:
                ring = kerb.exterior
                found.append(shapely.get_coordinates(ring.interpolate(np.arange(6.0, ring.length, 11.0))))
    return np.concatenate(found)
