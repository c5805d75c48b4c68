"""Lanes in one given direction, for patterns that are bound to one: crosshatch and oblique."""

import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.cells import own_angles
from dronepatrol.plan.coverage.cover import Task
from dronepatrol.plan.coverage.lanes import lay_lanes
from dronepatrol.plan.coverage.order import order
from dronepatrol.plan.coverage.rows import choose_rows, edges, mean_cost_s, turned
from dronepatrol.plan.patterns.ground import Region

ANGLES = 36
EDGE_ANGLES = 8
UNREACHABLE_S = 1e6
KICKS = 100

Array = NDArray[np.float64]


def square_angle_rad(region: Region, task: Task) -> float:
    """Return the direction, radians from x, in which two sweeps at right angles take least time by the estimate."""
    edges_m = edges(region)
    angles = [*np.linspace(0.0, np.pi / 2, ANGLES // 2, endpoint=False).tolist(), *own_angles(edges_m, EDGE_ANGLES)]

    def both_s(angle_rad: float) -> float:
        angles = (angle_rad, angle_rad + np.pi / 2)
        return sum(mean_cost_s(turned(edges_m, angle), task.sweep.turned(angle)) for angle in angles)

    return float(min(angles, key=both_s))


def lanes_along(task: Task, angle_rad: float, airspace: Airspace) -> list[Array]:
    """Return lanes (2, 2) at an angle in radians from x that cover the task's region, in a quick order.

    Nothing is given up and nothing is nested: every place of the region that can be flown over lies under a lane.
    """
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    back = np.array([[cos, sin], [-sin, cos]])  # for row vectors: turned @ back
    region = shapely.transform(task.region, lambda points: points @ back.T)
    free = shapely.transform(task.free, lambda points: points @ back.T)
    rows, _ = choose_rows(edges(region), task.sweep.turned(angle_rad))
    lanes = np.asarray(lay_lanes(region, free, rows, task.sweep) @ back).reshape(-1, 2, 2)
    return in_order(list(lanes), airspace, task.seed)


def in_order(lines: list[Array], airspace: Airspace, seed: int, kicks: int = KICKS) -> list[Array]:
    """Return lines (n, 2) in a quick order from any of them to any other, each flown from whichever end suits."""
    if len(lines) < 2:
        return lines
    ends = np.vstack([line[[0, -1]] for line in lines])
    times = np.zeros((len(ends) + 2, len(ends) + 2))  # line 0 is nowhere: the route is open
    times[2:, 2:] = np.minimum(airspace.times_s(ends), UNREACHABLE_S)
    entries = np.array(order(times, kicks, seed)[0][1:]) - 2
    return [lines[end // 2] if end % 2 == 0 else lines[end // 2][::-1] for end in entries]
