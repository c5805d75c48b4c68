"""What every pattern is given, and what it gives back."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon

from dronepatrol.model.patrol import Layout
from dronepatrol.model.wording import Both
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.stretch import Stretch
from dronepatrol.plan.timing import Pace

Array = NDArray[np.float64]
Region = Polygon | MultiPolygon


@dataclass(frozen=True)
class Ground:
    """What a pattern is laid over, in metres of one local frame.

    ``target`` is what is to be seen, ``free`` where may be flown around it. ``effort`` is the share of the
    full search that goes into it.
    """

    target: Region
    free: Region
    photos: PhotoPlan
    pace: Pace
    layout: Layout
    seed: int
    effort: float = 1.0

    @cached_property
    def airspace(self) -> Airspace:
        """The free airspace, with ways around what is closed."""
        return Airspace(self.free, self.pace)


MOVE_OR_ACCEPT = Both("move the area or the no-fly zones, or accept it", "调整区域或禁飞区，或接受现状")


@dataclass(frozen=True)
class Loss:
    """Something that the pattern could not do: what and what to do in words, and where in metres."""

    what: Both
    what_to_do: Both = MOVE_OR_ACCEPT
    at: Point | None = None
    warning: bool = True


@dataclass
class Laid:
    """The stretches of one pattern in flying order, and what was lost."""

    stretches: list[Stretch] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def __add__(self, other: "Laid") -> "Laid":
        return Laid([*self.stretches, *other.stretches], [*self.losses, *other.losses])
