"""Which sweep directions and partitions of a region are worth laying out in full, by estimates of the flying time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from dronepatrol.plan.coverage.cells import Part, own_angles, partitions
from dronepatrol.plan.coverage.contours import contours, contours_s
from dronepatrol.plan.coverage.rows import Sweep, choose_rows, edges, mean_cost_s, turned

ANGLES = 36
"""Sweep directions looked at, besides those of the region's own edges."""
EDGE_ANGLES = 12
REFINE_RAD = np.radians(1.0)
MANY_EDGES = 400
"""Above this only few directions are offered, by a rougher estimate."""
MANY_EDGES_BUILT = 2
NESTED = 1.15
"""Nested lanes are laid out where the estimate says that they are not slower than straight ones by more than this."""

Array = NDArray[np.float64]
Region = Polygon | MultiPolygon


def candidates(region: Region, free: Region, sweep: Sweep, most: int) -> Iterator[tuple[Part, ...]]:
    """Yield the whole region in its most promising directions, then promising partitions of it."""
    edges_m = edges(region)
    costs = _angle_costs(edges_m, sweep, exact=most > 2 and len(edges_m) <= MANY_EDGES)
    best = sorted(costs, key=costs.__getitem__)
    nested = contours(region, free, sweep)
    if len(nested) and (nested_s := contours_s(nested, sweep)) < NESTED * costs[best[0]]:
        yield (Part(region, None, nested_s),)
    if len(edges_m) > MANY_EDGES:
        most = min(most, MANY_EDGES_BUILT)
    flipped = most // 3
    for angle in best[: most - flipped]:
        yield (Part(region, angle, costs[angle]),)
    for angle in best[:flipped]:
        yield (Part(region, angle + np.pi, costs[angle]),)  # rows laid from the other side
    if flipped:
        yield from partitions(region, sweep)[: most // 2]


def _angle_costs(edges_m: Array, sweep: Sweep, *, exact: bool) -> dict[float, float]:
    """Return estimated seconds by sweep direction: all around, along edges, and finer where it is best."""

    def cost(angle: float) -> float:
        if not exact:
            return mean_cost_s(turned(edges_m, angle), sweep.turned(angle))
        return choose_rows(turned(edges_m, angle), sweep.turned(angle))[1]

    angles = {round(angle, 5): angle for angle in np.linspace(0.0, np.pi, ANGLES, endpoint=False).tolist()}
    angles |= {round(angle, 5): angle for angle in own_angles(edges_m, EDGE_ANGLES)}
    costs = {angle: cost(angle) for angle in angles.values()}
    for _ in range(2):
        for angle in sorted(costs, key=costs.__getitem__)[:3]:
            for other in (angle - REFINE_RAD, angle + REFINE_RAD):
                costs.setdefault(other % np.pi, cost(other))
    return costs
