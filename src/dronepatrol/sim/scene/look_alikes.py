"""What only looks like a planted problem to a careless eye, drawn from above."""

import numpy as np

from dronepatrol.sim.scene.objects import SOIL
from dronepatrol.sim.scene.shapes import Colour, Place, band, blob, box, disc, shaded
from dronepatrol.sim.scene.thing import Draw, Rng, Thing, add_prism


def blue_court(rng: Rng, place: Place) -> Thing:
    """Return a small blue sports court with white lines."""
    length = rng.uniform(7.5, 13.4)
    width = length * 0.55
    thing = Thing(length, width, 0.0)
    thing.flat.add(box(place, length + 2, width + 2), (92, 120, 84), 40)
    thing.flat.add(box(place, length, width), (186, 118, 52), 30)
    lines = [((-1, -1), (1, -1)), ((1, -1), (1, 1)), ((1, 1), (-1, 1)), ((-1, 1), (-1, -1)), ((0, -1), (0, 1)),
             ((-0.5, 0), (0.5, 0)), ((-0.5, -1), (-0.5, 1)), ((0.5, -1), (0.5, 1))]  # fmt: skip
    for a, b in lines:
        ends = place.points(np.array([a, b]) * (length / 2 - 0.3, width / 2 - 0.3))
        thing.flat.add(band(ends[0], ends[1], 0.16), (235, 238, 236), 10)
    return thing


def pool(rng: Rng, place: Place) -> Thing:
    """Return a small swimming pool."""
    length = rng.uniform(6.0, 10.0)
    thing = Thing(length, length * 0.5, 0.0)
    thing.flat.add(box(place, length + 1.6, length * 0.5 + 1.6), (196, 204, 208), 30)
    thing.flat.add(box(place, length, length * 0.5), (206, 188, 92), 40)
    for i in range(5):
        ripple = place.at((i - 2) * length / 5.5, rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5))
        thing.flat.add(blob(rng, ripple, length / 7, 0.3), (222, 206, 122), 0)
    return thing


def flower_bed(rng: Rng, place: Place) -> Thing:
    """Return a bed of red, yellow and white flowers in a border of stone."""
    length, width = rng.uniform(2.4, 4.2), rng.uniform(1.8, 2.6)
    thing = Thing(length, width, 0.2)
    thing.flat.add(box(place, length + 0.4, width + 0.4), (164, 170, 172), 20)
    thing.flat.add(box(place, length, width), (46, 98, 58), 70)
    tints: tuple[Colour, ...] = ((150, 80, 225), (60, 190, 225), (215, 215, 235), (70, 70, 205))
    for _ in range(int(length * width * 11)):
        bloom = place.at(rng.uniform(-0.46, 0.46) * length, rng.uniform(-0.46, 0.46) * width, rng.uniform(0, 6))
        thing.flat.add(disc(bloom, rng.uniform(0.07, 0.15), 6), tints[rng.integers(len(tints))], 0)
    return thing


def gravel(rng: Rng, place: Place) -> Thing:
    """Return a patch of gravel: the grey of rubble, but flat and fine."""
    length = rng.uniform(4.0, 8.0)
    width = length * rng.uniform(0.6, 0.9)
    thing = Thing(length, width, 0.0)
    thing.flat.add(blob(rng, place, length, width), (134, 142, 148), 160)
    for _ in range(int(length * width * 3)):
        radius, turn = np.sqrt(rng.random()) * 0.45, rng.uniform(0, 2 * np.pi)
        stone = place.at(radius * length * np.cos(turn), radius * width * np.sin(turn), rng.uniform(0, 6))
        thing.flat.add(box(stone, 0.16, 0.12), shaded((134, 142, 148), rng.uniform(0.85, 1.12)), 0)
    return thing


def flat_roof(rng: Rng, place: Place) -> Thing:
    """Return a grey flat-roofed shed with a parapet and a few fittings."""
    length = rng.uniform(4.0, 8.0)
    width = length * rng.uniform(0.6, 0.9)
    thing = Thing(length, width, 3.0)
    ring = box(place, length, width)
    add_prism(thing, ring, (176, 178, 178), 3.0, (150, 152, 154))
    thing.raised.add(box(place, length - 0.5, width - 0.5), (138, 140, 142), 110, 2.8)
    for _ in range(3):
        unit = place.at(rng.uniform(-0.35, 0.35) * length, rng.uniform(-0.35, 0.35) * width, rng.uniform(0, 1.5))
        thing.raised.add(box(unit, 0.8, 0.6), (186, 186, 184), 10, 3.4)
    return thing


def terrace(rng: Rng, place: Place) -> Thing:
    """Return a wooden terrace: the brown of boxes, but one even floor of planks."""
    length, width = rng.uniform(2.8, 5.0), rng.uniform(2.2, 3.4)
    thing = Thing(length, width, 0.2)
    wood: Colour = (92, 134, 174)
    thing.flat.add(box(place, length, width), shaded(wood, 0.84), 30)
    planks = int(width / 0.16)
    for i in range(planks):
        plank = place.at(0, (i + 0.5) / planks * width - width / 2)
        thing.flat.add(box(plank, length, 0.13), shaded(wood, rng.uniform(0.95, 1.04)), 30)
    return thing


def ploughed_bed(rng: Rng, place: Place) -> Thing:
    """Return a ploughed bed: the colour of soil, in furrows."""
    length, width = rng.uniform(9.0, 15.0), rng.uniform(8.0, 11.0)
    thing = Thing(length, width, 0.0)
    thing.flat.add(box(place, length, width), shaded(SOIL, 0.94), 80)
    furrows = int(width / 0.75)
    for i in range(furrows):
        furrow = place.at(0, (i + 0.5) / furrows * width - width / 2)
        thing.flat.add(box(furrow, length - 0.4, 0.3), shaded(SOIL, 0.6), 60)
    return thing


def netted_soil(rng: Rng, place: Place) -> Thing:
    """Return soil under green dust netting, as the rules ask for."""
    length = rng.uniform(9.0, 15.0)
    width = length * rng.uniform(0.6, 0.8)
    thing = Thing(length, width, 0.0)
    thing.flat.add(blob(rng, place, length, width, 24), (84, 142, 66), 90)
    for i in range(-2, 3):
        seam = place.at(i * length / 6, 0, np.pi / 2)
        thing.flat.add(box(seam, width * 0.5, 0.12), (108, 168, 92), 20)
    return thing


LOOK_ALIKES: dict[str, tuple[str, Draw]] = {
    "blue_court": ("illegal_build", blue_court),
    "pool": ("illegal_build", pool),
    "flower_bed": ("exposed_garbage", flower_bed),
    "gravel": ("waste_pile", gravel),
    "flat_roof": ("waste_pile", flat_roof),
    "terrace": ("clutter", terrace),
    "ploughed_bed": ("bare_soil", ploughed_bed),
    "netted_soil": ("bare_soil", netted_soil),
}
"""What only looks like a problem to a careless eye: the problem, and how it is drawn."""
