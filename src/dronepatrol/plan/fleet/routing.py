"""Sorties made better by PyVRP: what each flies, in which order, each way round, and from which dock.

It begins with sorties that can be flown, so that it never ends with worse ones: a vehicle is a sortie, energy is the
distance that it may not exceed, charging is what it costs besides its time. A stretch that may be flown both ways is a
group of two clients, of which one is visited. The search stops by a number of iterations, never by the clock. Many
docks are looked at in groups of neighbours, so that time grows with the patrol and not with its square.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.patrol import Fleet, Objective
from dronepatrol.plan.fleet.nodes import PIECE_M, Nodes, nodes_of
from dronepatrol.plan.fleet.sorties import Base, Flight
from dronepatrol.plan.photogrammetry import PhotoPlan

ITERATIONS = 300
EARLIER = ((0.95, 3), (0.8, 10))
"""Where the last landing is to be early, seconds of a sortie beyond this share of the longest one count so many times
as much. The first is taken for all patrols, the second also where there are few pieces: scattered places, mostly."""
FEW_PIECES = 250
MOST_PIECES = 500
"""So many pieces are looked at together, unless they are one dock's."""
FEWEST_S = 100_000
"""What a sortie costs where they are to be few."""
TOTAL_SHARE = 0.02
"""What all flying and charging, per drone, counts beside the last landing."""
_MILLI = 1000.0


def rerouted(
    flights: list[Flight], bases: list[Base], photos: PhotoPlan, usable_wh: float, fleet: Fleet, seed: int
) -> list[Flight]:
    """Return sorties that fly the same stretches and are better, or those that came.

    Parameters
    ----------
    flights
        Sorties that can be flown.
    bases
        The docks.
    photos
        Stretches are cut at photos, which both pieces take.
    usable_wh
        Energy that one sortie may use.
    fleet
        Drones per dock, charging time, and what is to be small.
    seed
        The same seed gives the same sorties.
    """
    found: list[Flight] = []
    for docks in _neighbours(flights, bases):
        mine = [flight for flight in flights if flight.dock in docks]
        model = nodes_of(mine, docks, bases, photos)
        early = EARLIER if len(model.pieces) <= FEW_PIECES else EARLIER[:1]
        if fleet.objective is Objective.SORTIES:
            early = EARLIER[:1]  # not looked at
        ways = [mine, *(model.flights(_solved(model, usable_wh, fleet, seed, one)) for one in early)]
        best = min(range(len(ways)), key=lambda number: merit(ways[number], bases, usable_wh, fleet))
        found += ways[best]
    return found


def merit(flights: list[Flight], bases: list[Base], usable_wh: float, fleet: Fleet) -> tuple[float, ...]:
    """Return what sorties are compared by, less is better: whether all can be flown, then what the fleet asks for."""
    costs = [bases[flight.dock].cost(flight.stretches) for flight in flights]
    link_m = bases[0].model.aircraft.link_range_m
    flyable = all(
        cost.energy_wh <= usable_wh and _furthest_m(flight, bases[flight.dock]) <= link_m
        for flight, cost in zip(flights, costs, strict=True)
    )
    air_s = sum(cost.time_s for cost in costs)
    if fleet.objective is Objective.SORTIES:
        return float(not flyable), float(len(flights)), air_s
    last_s = 0.0
    for dock in {flight.dock for flight in flights}:
        flown = [c.time_s + fleet.charge_s for f, c in zip(flights, costs, strict=True) if f.dock == dock]
        last_s = max(last_s, last_landing_s(flown, fleet))
    work_s = (air_s + len(flights) * fleet.charge_s) / fleet.drones_per_dock
    return float(not flyable), last_s + TOTAL_SHARE * work_s


def last_landing_s(flown_s: list[float], fleet: Fleet) -> float:
    """Return when a dock's last drone lands, the longest flights first; seconds are of flying and charging."""
    free = [0.0] * fleet.drones_per_dock
    for seconds in sorted(flown_s, reverse=True):
        free[free.index(min(free))] += seconds
    return max(0.0, max(free) - fleet.charge_s)


def _furthest_m(flight: Flight, base: Base) -> float:
    ends = np.vstack([stretch.points[[0, -1]] for stretch in flight.stretches])
    return float(np.hypot(*(ends - base.at).T).max())


def _neighbours(flights: list[Flight], bases: list[Base]) -> list[list[int]]:
    """Return the docks in groups that lie together, each with not too many pieces."""
    count = dict.fromkeys(range(len(bases)), 0)
    for flight in flights:
        count[flight.dock] += sum(math.ceil(max(stretch.length_m, 1.0) / PIECE_M) for stretch in flight.stretches)
    groups, left = [], [list(count)]
    while left:
        docks = left.pop()
        if sum(count[dock] for dock in docks) <= MOST_PIECES or len(docks) == 1:
            groups.append(sorted(docks))
            continue
        at = np.array([bases[dock].at for dock in docks])
        across = int(np.argmax(np.ptp(at, axis=0)))
        ordered = [docks[number] for number in np.argsort(at[:, across], kind="stable")]
        left += [ordered[len(ordered) // 2 :], ordered[: len(ordered) // 2]]
    return groups


def _solved(
    model: Nodes, usable_wh: float, fleet: Fleet, seed: int, early: tuple[float, int]
) -> list[tuple[int, list[int]]]:
    """Return PyVRP's tours: docks, and clients in order."""
    import pyvrp  # noqa: PLC0415 heavy

    clients, groups = _clients(model)
    time_s: Any = np.rint(model.time_s).astype(np.int64)
    energy_mwh: Any = np.floor(_MILLI * model.energy_wh).astype(np.int64)
    data = pyvrp.ProblemData(
        [pyvrp.Location(float(x), float(y)) for x, y in model.places],
        clients,
        [pyvrp.Depot(number) for number in range(len(model.docks))],
        _vehicles(model, time_s, usable_wh, fleet, early),
        [energy_mwh],
        [time_s],
        groups,
    )
    begin = pyvrp.Solution(data, [pyvrp.Route(data, visited, dock) for dock, visited in model.tours])
    if not begin.is_feasible():
        return model.tours  # rounding
    found = pyvrp.solve(data, pyvrp.stop.MaxIterations(ITERATIONS), seed, collect_stats=False, initial_solution=begin)
    return [(route.start_depot(), [visit.idx for visit in route if visit.is_client()]) for route in found.best.routes()]


def _clients(model: Nodes) -> tuple[list[Any], list[Any]]:
    """Return PyVRP's clients, and the groups of those of which one is to be visited."""
    import pyvrp  # noqa: PLC0415 heavy

    count, docks = len(model.pieces), len(model.docks)
    group_of = {piece: number for number, piece in enumerate(model.turned)}
    groups = [pyvrp.ClientGroup([piece, count + number]) for number, piece in enumerate(model.turned)]
    of_nodes = [group_of.get(piece) for piece in range(count)] + list(range(len(model.turned)))
    clients = [pyvrp.Client(docks + node, required=group is None, group=group) for node, group in enumerate(of_nodes)]
    return clients, groups


def _vehicles(
    model: Nodes, time_s: NDArray[np.int64], usable_wh: float, fleet: Fleet, early: tuple[float, int]
) -> list[Any]:
    """Return a type of vehicle per dock: as many sorties as its drones fly in the rounds of the busiest drone."""
    import pyvrp  # noqa: PLC0415 heavy

    count = len(model.docks)
    longest = max(
        int(sum(time_s[a, b] for a, b in pairwise([dock, *(count + client for client in visited), dock])))
        for dock, visited in model.tours
    )
    flown = np.bincount([dock for dock, _ in model.tours], minlength=count)
    few = fleet.objective is Objective.SORTIES
    rounds = math.ceil(flown.max() / fleet.drones_per_dock)
    planned = math.floor(early[0] * longest)
    over: dict[str, Any] = {
        "shift_duration": planned,
        "max_overtime": longest - planned,
        "unit_overtime_cost": early[1],
    }
    return [
        pyvrp.VehicleType(
            num_available=len(model.tours) if few else rounds * fleet.drones_per_dock,
            start_depot=number,
            end_depot=number,
            fixed_cost=FEWEST_S if few else round(fleet.charge_s),
            max_distance=math.floor(_MILLI * usable_wh),
            unit_distance_cost=0,
            unit_duration_cost=1,
            **({} if few else over),
        )
        for number in range(count)
    ]
