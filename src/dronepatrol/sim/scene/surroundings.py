"""What stands around the problems: houses, halls and trees."""

import numpy as np

from dronepatrol.sim.scene.shapes import Colour, Place, Points, blob, box, shaded
from dronepatrol.sim.scene.thing import Rng, Thing

TILES: tuple[Colour, ...] = ((86, 83, 80), (76, 84, 140), (100, 98, 97), (84, 96, 150), (70, 72, 78))
SHEETS: tuple[Colour, ...] = ((186, 186, 182), (168, 172, 172), (198, 200, 198), (152, 160, 160))
LEAVES: tuple[Colour, ...] = ((46, 92, 58), (40, 82, 50), (52, 104, 74), (58, 98, 66))
ROOF_RISE = 0.22
"""How far a gable roof rises, in its width."""
_WALL: Colour = (196, 204, 210)


def _walls(thing: Thing, ring: Points, height_m: float) -> None:
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        tone = 0.8 + 0.2 * abs(float(np.sin(np.arctan2(*(b - a)))))
        thing.raised.add(np.array([a, b, b, a]), shaded(_WALL, tone), 20, [0.0, 0.0, height_m, height_m])


def house(rng: Rng, place: Place, length_m: float, width_m: float, eaves_m: float) -> Thing:
    """Return a house with a tiled gable roof, its ridge along the place's direction."""
    eaves, rise = eaves_m, width_m * ROOF_RISE
    thing = Thing(length_m, width_m, eaves + rise)
    thing.flat.add(box(place.at(0, -width_m / 2 - 2.0), length_m + 1, 4.2), (156, 162, 166), 50)
    if rng.random() < 0.5:  # a kitchen garden behind the house
        plot = place.at(rng.uniform(-0.2, 0.2) * length_m, width_m / 2 + 3.2)
        thing.flat.add(box(plot, length_m * 0.5, 4.0), (58, 104, 80), 120)
        for i in range(5):
            thing.flat.add(box(plot.at(0, (i - 2) * 0.75), length_m * 0.46, 0.4), (82, 150, 112), 110)
    ring = box(place, length_m, width_m)
    _walls(thing, ring, eaves)
    thing.casts.append((ring, eaves + rise / 2))
    tile = TILES[rng.integers(len(TILES))]
    ridge = place.points([[-length_m / 2, 0], [length_m / 2, 0]])
    up = [eaves, eaves, eaves + rise, eaves + rise]
    for gable in ([ring[0], ring[3], ridge[0]], [ring[1], ring[2], ridge[1]]):
        thing.raised.add(np.array(gable), shaded(_WALL, 0.9), 20, [eaves, eaves, eaves + rise])
    south, north = (0.9, 1.08) if np.cos(place.angle_rad) > 0 else (1.08, 0.9)
    thing.raised.add(np.array([ring[0], ring[1], ridge[1], ridge[0]]), shaded(tile, south), 110, up)
    thing.raised.add(np.array([ring[3], ring[2], ridge[1], ridge[0]]), shaded(tile, north), 110, up)
    for share in np.linspace(0.2, 0.8, 4):
        for edge in ((ring[0], ring[1]), (ring[3], ring[2])):
            a, b = (edge[k] * (1 - share) + ridge[k] * share for k in (0, 1))
            thing.raised.add(np.array([a, b, b + 1e-3, a + 1e-3]), shaded(tile, 0.88), 40, eaves + rise * share)
    thing.raised.add(box(place, length_m, 0.3), shaded(tile, 1.25), 30, eaves + rise)
    if rng.random() < 0.6:  # a solar water heater: a dark panel and a bright tank
        spot = place.at(rng.uniform(-0.3, 0.3) * length_m, -width_m * 0.22)
        thing.raised.add(box(spot, 1.8, 1.1), (70, 62, 60), 10, eaves + rise * 0.7)
        thing.raised.add(box(spot.at(0, 0.7), 2.0, 0.4), (206, 206, 204), 10, eaves + rise)
    return thing


def hall(rng: Rng, place: Place, length_m: float, width_m: float, height_m: float) -> Thing:
    """Return a workshop with a light sheet roof."""
    thing = Thing(length_m, width_m, height_m)
    ring = box(place, length_m, width_m)
    _walls(thing, ring, height_m)
    thing.casts.append((ring, height_m))
    sheet = SHEETS[rng.integers(len(SHEETS))]
    thing.raised.add(ring, sheet, 60, height_m)
    thing.raised.add(box(place.at(0, width_m / 4), length_m, width_m / 2), shaded(sheet, 0.93), 60, height_m)
    seams = int(length_m / 4)
    for i in range(1, seams):
        seam = place.at(i / seams * length_m - length_m / 2, 0)
        thing.raised.add(box(seam, 0.15, width_m), shaded(sheet, 0.86), 20, height_m)
        if i % 3 == 0:
            thing.raised.add(box(seam.at(2, 0), 1.2, width_m * 0.8), (212, 208, 200), 20, height_m)
    return thing


def tree(rng: Rng, place: Place, across_m: float, height_m: float) -> Thing:
    """Return a tree of three layers of leaves."""
    thing = Thing(across_m, across_m, height_m)
    leaf = LEAVES[rng.integers(len(LEAVES))]
    crown = blob(rng, place, across_m, across_m, 14)
    thing.raised.add(crown, shaded(leaf, 0.8), 160, height_m * 0.5)
    thing.raised.add(blob(rng, place.at(0.1, 0.1), across_m * 0.76, across_m * 0.7, 12), leaf, 190, height_m * 0.7)
    thing.raised.add(blob(rng, place.at(0.25, 0.25), across_m * 0.4, across_m * 0.36, 9), shaded(leaf, 1.22), 190,
                     height_m * 0.92)  # fmt: skip
    thing.casts.append((crown, height_m * 0.75))
    return thing
