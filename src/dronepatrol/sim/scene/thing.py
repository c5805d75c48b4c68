"""One object of the scene: what lies flat, what stands up, what throws a shadow."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dronepatrol.sim.scene.shapes import Colour, Place, Points, Sketch

Rng = np.random.Generator


@dataclass(slots=True)
class Thing:
    """One object: its size, what lies flat, what stands up, and what throws a shadow (outline and height)."""

    length_m: float
    width_m: float
    height_m: float
    flat: Sketch = field(default_factory=Sketch)
    raised: Sketch = field(default_factory=Sketch)
    casts: list[tuple[Points, float]] = field(default_factory=list)


Draw = Callable[[Rng, Place], Thing]


def add_prism(thing: Thing, ring: Points, colour: Colour, height_m: float, wall: Colour) -> None:
    """Stand a prism on the outline: walls first, so that its top hides those that face away."""
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        thing.raised.add(np.array([a, b, b, a]), wall, 20, [0.0, 0.0, height_m, height_m])
    thing.raised.add(ring, colour, 30, height_m)
    thing.casts.append((ring, height_m))
