"""The planted problems, drawn from above."""

import numpy as np

from dronepatrol.sim.scene.shapes import Colour, Place, blob, box, disc, shaded
from dronepatrol.sim.scene.thing import Draw, Rng, Thing, add_prism

CAR_PAINTS: tuple[Colour, ...] = (
    (240, 240, 238), (240, 240, 238), (203, 200, 196), (136, 130, 122), (45, 38, 170), (92, 126, 34), (138, 172, 190),
)  # fmt: skip
CAR_GLASS: Colour = (74, 53, 34)
BIKE_PAINTS: tuple[Colour, ...] = ((15, 215, 252), (240, 160, 12), (15, 215, 252))
BLUE_STEEL: Colour = (196, 122, 48)
PARASOLS: tuple[Colour, ...] = ((38, 32, 214), (20, 112, 244), (38, 32, 214))
CARDBOARD: Colour = (98, 146, 190)
SOIL: Colour = (86, 126, 164)
BAGS: tuple[Colour, ...] = ((22, 20, 20), (22, 20, 20), (240, 240, 240), (245, 242, 238), (190, 110, 40), (60, 60, 190))


def car(rng: Rng, place: Place) -> Thing:
    """Return a car, with a dark ring of glass around its roof."""
    length, width = rng.uniform(4.3, 4.9), rng.uniform(1.78, 1.9)
    paint = CAR_PAINTS[rng.integers(len(CAR_PAINTS))]
    thing = Thing(length, width, 1.4)
    nose, side = length / 2, width / 2
    hull = np.array([[-nose, -side * 0.85], [-nose + 0.3, -side], [nose - 0.6, -side], [nose, -side * 0.72],
                     [nose, side * 0.72], [nose - 0.6, side], [-nose + 0.3, side], [-nose, side * 0.85]])  # fmt: skip
    add_prism(thing, place.points(hull), paint, 0.7, shaded(paint, 0.7))
    cabin = place.at(-0.25, 0.0)
    thing.raised.add(box(cabin, 2.5, width * 0.84), CAR_GLASS, 0, 1.0)
    thing.raised.add(box(cabin.at(-0.05, 0.0), 1.3, width * 0.56), shaded(paint, 1.03), 10, 1.35)
    return thing


def shared_bikes(rng: Rng, place: Place) -> Thing:
    """Return three to eight shared bikes of one or two makes in a loose row."""
    count = int(rng.integers(3, 9))
    step = rng.uniform(0.6, 0.72)
    thing = Thing(count * step + 0.1, 1.75, 1.0)
    for i in range(count):
        bike = place.at((i - (count - 1) / 2) * step, rng.uniform(-0.1, 0.1), np.pi / 2 + rng.uniform(-0.15, 0.15))
        paint = BIKE_PAINTS[rng.integers(len(BIKE_PAINTS))]
        for wheel in (-0.58, 0.58):
            thing.raised.add(box(bike.at(wheel, 0), 0.6, 0.07), (40, 40, 40), 0, 0.3)
        thing.raised.add(box(bike, 1.05, 0.26), paint, 0, 0.7)
        thing.raised.add(box(bike.at(0.55, 0), 0.34, 0.36), paint, 0, 0.8)
        thing.raised.add(box(bike.at(0.33, 0), 0.07, 0.56), (60, 60, 60), 0, 0.95)
        thing.casts.append((box(bike, 1.5, 0.12), 0.6))
    return thing


def stall(rng: Rng, place: Place) -> Thing:
    """Return a street stall: a small table under a red or orange parasol or striped awning."""
    size = rng.uniform(2.5, 3.5)
    paint = PARASOLS[rng.integers(len(PARASOLS))]
    thing = Thing(size, size, 2.3)
    thing.raised.add(box(place.at(size * 0.38, 0), 0.7, size * 0.6), (150, 160, 170), 10, 0.8)
    if rng.random() < 0.6:
        rim = disc(place, size / 2, 8)
        for i in range(8):
            tint = paint if i % 2 == 0 or rng.random() < 0.5 else (246, 246, 248)
            thing.raised.add(np.array([place.xy, rim[i], rim[(i + 1) % 8]]), shaded(tint, 1 - 0.02 * (i % 4)), 0,
                             [2.4, 2.1, 2.1])  # fmt: skip
        thing.casts.append((rim, 2.1))
        return thing
    thing.width_m = size * rng.uniform(0.8, 1.0)
    stripes = 7
    for i in range(stripes):
        tint = paint if i % 2 == 0 else (246, 246, 248)
        stripe = place.at((i - stripes // 2) * size / stripes, 0)
        thing.raised.add(box(stripe, size / stripes, thing.width_m), tint, 0, 2.1)
    thing.casts.append((box(place, size, thing.width_m), 2.1))
    return thing


def blue_roof(rng: Rng, place: Place) -> Thing:
    """Return a shed of blue colour-coated steel."""
    length = rng.uniform(4.6, 9.0)
    width = float(np.clip(length * rng.uniform(0.55, 0.8), 3.6, 6.0))
    height = rng.uniform(2.5, 3.0)
    thing = Thing(length, width, height)
    add_prism(thing, box(place, length, width), BLUE_STEEL, height, (176, 180, 178))
    ribs = int(length / 0.55)
    for i in range(ribs):
        rib = place.at((i + 0.5) / ribs * length - length / 2, 0)
        thing.raised.add(box(rib, 0.12, width), shaded(BLUE_STEEL, 0.87), 0, height)
    return thing


def garbage(rng: Rng, place: Place) -> Thing:
    """Return bags and litter."""
    length, width = rng.uniform(2.0, 4.0), rng.uniform(1.6, 2.4)
    thing = Thing(length, width, 0.4)
    for _ in range(int(length * width * 4)):
        scrap = place.at(rng.uniform(-0.47, 0.47) * length, rng.uniform(-0.47, 0.47) * width, rng.uniform(0, 6))
        thing.raised.add(box(scrap, rng.uniform(0.15, 0.3), 0.15), BAGS[rng.integers(2, len(BAGS))], 0, 0.02)
    bags = int(length * width * 2.4)
    for i in range(bags):
        size = rng.uniform(0.4, 0.75)
        bag = place.at(rng.uniform(-1, 1) * (length - size) / 2, rng.uniform(-1, 1) * (width - size) / 2,
                       rng.uniform(0, 6))  # fmt: skip
        ring = blob(rng, bag, size, size * 0.8, 8)
        tint = BAGS[i % 4] if i >= bags - 6 else BAGS[rng.integers(len(BAGS))]
        thing.raised.add(ring, tint, 0, 0.3)
        thing.raised.add(blob(rng, bag.at(0.05, 0.05), size * 0.35, size * 0.2, 6), shaded(tint, 1.25), 0, 0.35)
        thing.casts.append((ring, 0.3))
    return thing


def waste_heap(rng: Rng, place: Place) -> Thing:
    """Return a rough heap of building rubble."""
    length = rng.uniform(3.5, 8.0)
    width = length * rng.uniform(0.65, 0.95)
    thing = Thing(length, width, 1.2)
    outline = blob(rng, place, length, width)
    thing.raised.add(outline, (96, 106, 114), 120, 0.0)
    thing.casts.append((outline * 0.7 + place.xy * 0.3, 1.2))
    tints: tuple[Colour, ...] = ((208, 213, 216), (52, 58, 64), (132, 142, 150), (84, 104, 138), (178, 184, 188))
    for _ in range(int(length * width * 6)):
        radius, turn = np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        lump = place.at(0.46 * length * radius * np.cos(turn), 0.46 * width * radius * np.sin(turn),
                        rng.uniform(0, 6))  # fmt: skip
        rise = 1.2 * (1 - radius)
        ring = blob(rng, lump, rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.45), 6)
        thing.raised.add(ring, tints[rng.integers(len(tints))], 40, rise)
    return thing


def clutter(rng: Rng, place: Place) -> Thing:
    """Return stacked brown boxes and pallets."""
    length, width = rng.uniform(2.4, 5.0), rng.uniform(2.0, 3.2)
    thing = Thing(length, width, 1.3)
    columns, rows = max(3, round(length / 0.85)), max(2, round(width / 0.85))
    thing.raised.add(box(place, length, width), shaded(CARDBOARD, 0.55), 20, 0.05)
    for i in range(columns):
        for j in range(rows):
            spot = place.at((i + 0.5) / columns * length - length / 2, (j + 0.5) / rows * width - width / 2,
                            rng.uniform(-0.12, 0.12))  # fmt: skip
            height = rng.uniform(0.3, 1.3)
            size = (length / columns * 0.92, width / rows * 0.92)
            tint = shaded(CARDBOARD, rng.choice([0.66, 0.84, 1.0, 1.16]))
            add_prism(thing, box(spot, *size), tint, height, shaded(tint, 0.6))
            thing.raised.add(box(spot, size[0], 0.1), shaded(tint, 1.15), 0, height)
    return thing


def bare_soil(rng: Rng, place: Place) -> Thing:
    """Return an uncovered patch of soil."""
    length = rng.uniform(9.0, 16.0)
    width = float(np.clip(length * rng.uniform(0.6, 0.9), 8.0, 14.0))
    thing = Thing(length, width, 0.0)
    thing.flat.add(blob(rng, place, length, width, 28), SOIL, 80)
    for _ in range(9):
        spot = place.at(rng.uniform(-0.28, 0.28) * length, rng.uniform(-0.28, 0.28) * width, rng.uniform(0, 6))
        thing.flat.add(
            blob(rng, spot, rng.uniform(1, 3), rng.uniform(0.8, 2)), shaded(SOIL, rng.uniform(0.95, 1.05)), 90
        )
    return thing


PROBLEMS: dict[str, tuple[str, Draw]] = {
    "car_parking": ("car", car),
    "shared_bikes": ("shared_bike", shared_bikes),
    "road_vending": ("stall", stall),
    "illegal_build": ("blue_roof", blue_roof),
    "exposed_garbage": ("garbage", garbage),
    "waste_pile": ("waste_heap", waste_heap),
    "clutter": ("clutter", clutter),
    "bare_soil": ("bare_soil", bare_soil),
}
"""Problem class to what is seen of it and how that is drawn."""
