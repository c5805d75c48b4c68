"""Divide a patrol among sorties and docks in four ways, the planner's among them.

The split of a tour; the planner's way, which is PyVRP begun with the split's sorties; PyVRP alone; OR-Tools.

    python -m benchmarks.routing [--patrol missions/pinghu-urban.toml] [--pattern recheck --places 200]
                                 [--seconds 25] [--iterations 3000]

``--pattern`` and ``--places`` scatter so many places (seeded) over the patrol's areas, for rechecks or orbits. OR-Tools
is no dependency; where it is not installed it is named and left out. For both libraries alone the lanes are cut
into pieces, each a pair of nodes, one for each way round, of which one is to be visited; energy is what a sortie may
not use too much of, charging is what a sortie costs besides its time. PyVRP stops after ``--iterations``, OR-Tools
after ``--seconds`` on the clock, so that its result depends on the machine. Lengths, times and energies are those of
the real flight lines. CPU seconds are of the choice alone, without lanes and matrices. The last line of stdout is one
JSON object.
"""

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point

from dronepatrol.model.patrol import Pattern
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.fleet.assign import Assigned, Flight, assigned, split
from dronepatrol.plan.fleet.routing import last_landing_s
from dronepatrol.plan.fleet.sorties import Base
from dronepatrol.plan.fleet.tour import Tour
from dronepatrol.plan.mission import _in_order, _Plan, _plan
from dronepatrol.plan.patterns import lay
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request
from dronepatrol.plan.stretch import Group, Stretch
from dronepatrol.store.spec import read_spec

PATROL = Path(__file__).resolve().parents[1] / "missions" / "pinghu-urban.toml"
PIECE_M = 2500.0
"""Lanes are cut into pieces of about this length at most: shorter ones square the matrix."""
SORTIES_PER_DOCK = 12
"""A dock has at most so many in the models, more than any result here needs."""
ENERGY_SHARE = 0.995
"""Of the usable energy, for what rounding and ways around no-fly zones hide."""
AROUND, AROUND_S = 1.15, 20.0
"""Ways around no-fly zones are taken to need so much more than straight ones; results are timed exactly."""
LEFT_OUT_S = 10**7

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Nodes:
    """What a routing model sees: the docks first, then the pieces forwards, then those that may be flown backwards.

    ``time_s`` and ``energy_wh`` are (n, n), from where a node ends to where the other one ends.
    """

    docks: int
    stretches: list[Stretch]
    """What the nodes after the docks fly."""
    pairs: list[list[int]]
    """For every piece the nodes that fly it."""
    time_s: Array
    energy_wh: Array

    def assigned(self, tours: list[tuple[int, list[int]]]) -> Assigned:
        """Return what tours, each a dock and the nodes after it, come to."""
        seen = {node for _, tour in tours for node in tour}
        left_out = [self._flown(pair[0]) for pair in self.pairs if seen.isdisjoint(pair)]
        return Assigned([Flight(dock, [self._flown(node) for node in tour]) for dock, tour in tours if tour], left_out)

    def _flown(self, node: int) -> Stretch:
        return self.stretches[node - self.docks]


def nodes_of(plan: _Plan, groups: list[Group]) -> Nodes:
    """Return the nodes of a patrol's lanes."""
    model, docks = plan.model, plan.site.at
    pieces = [piece for group in groups for one in group.stretches for piece in _pieces(one, plan.photos)]
    turned = [number for number, piece in enumerate(pieces) if piece.reversible]
    stretches = [*pieces, *(pieces[number].backwards() for number in turned)]
    pairs = [[len(docks) + number] for number in range(len(pieces))]
    for node, number in enumerate(turned, start=len(docks) + len(pieces)):
        pairs[number].append(node)
    starts = np.vstack([docks, *(stretch.points[:1] for stretch in stretches)])
    ends = np.vstack([docks, *(stretch.points[-1:] for stretch in stretches)])
    ways = starts[None] - ends[:, None]
    times = model.pace.leg_s(np.hypot(ways[..., 0], ways[..., 1]))
    free = plan.airspace.is_free(np.repeat(ends, len(starts), axis=0), np.tile(starts, (len(ends), 1)))
    straight = free.reshape(times.shape)
    times = np.where(straight, times, times * AROUND + AROUND_S)
    energies = times * np.where(straight, model.watts(ways), model.most_w) / 3600.0
    own = [model.path(stretch.points) + model.standing(stretch.standing_s) for stretch in stretches]
    times[:, len(docks) :] += [cost.time_s for cost in own]
    energies[:, len(docks) :] += [cost.energy_wh for cost in own]
    times[: len(docks), len(docks) :] += model.up_and_down().time_s
    energies[: len(docks), len(docks) :] += model.up_and_down().energy_wh
    return Nodes(len(docks), stretches, pairs, times, energies)


def _pieces(stretch: Stretch, photos: PhotoPlan) -> list[Stretch]:
    """Return a stretch cut at photos into pieces of about equal length."""
    count = math.ceil(stretch.length_m / PIECE_M)
    if count < 2 or not stretch.cuttable or stretch.photo_step_m <= 0:
        return [stretch]
    at = photos.photos(stretch.length_m, stretch.photo_step_m)
    inside = [float(at[round(k * (len(at) - 1) / count)]) for k in range(1, count)]
    return [stretch.between(low, high) for low, high in zip([0.0, *inside], [*inside, stretch.length_m], strict=True)]


def with_pyvrp(plan: _Plan, nodes: Nodes, iterations: int) -> Assigned:
    """Return PyVRP's sorties: energy is the distance, charging a vehicle's fixed cost."""
    import pyvrp  # noqa: PLC0415 heavy
    from pyvrp.stop import MaxIterations  # noqa: PLC0415 heavy

    model = pyvrp.Model()
    starts = np.vstack([plan.site.at, *(stretch.points[:1] for stretch in nodes.stretches)])
    places = [model.add_location(float(x), float(y)) for x, y in starts]
    groups = {pair[0]: model.add_client_group() for pair in nodes.pairs}
    groups |= {pair[-1]: groups[pair[0]] for pair in nodes.pairs}
    for place in places[: nodes.docks]:
        dock = model.add_depot(place)
        model.add_vehicle_type(
            num_available=SORTIES_PER_DOCK,
            start_depot=dock,
            end_depot=dock,
            fixed_cost=round(plan.request.spec.fleet.charge_s),
            unit_distance_cost=0,
            unit_duration_cost=1,
            max_distance=_most_mwh(plan),
        )
    for node, place in enumerate(places[nodes.docks :], start=nodes.docks):
        model.add_client(place, required=False, group=groups[node])
    times, energies = _whole(nodes.time_s), _whole(1000.0 * nodes.energy_wh)
    for one, start in enumerate(places):
        for other, end in enumerate(places):
            if one != other:
                model.add_edge(start, end, distance=energies[one][other], duration=times[one][other])
    found = model.solve(MaxIterations(iterations), seed=plan.request.spec.seed, display=False)
    return nodes.assigned(
        [
            (route.start_depot(), [nodes.docks + visit.idx for visit in route if visit.is_client()])
            for route in found.best.routes()
        ]
    )


def with_ortools(plan: _Plan, nodes: Nodes, seconds: int) -> Assigned:
    """Return OR-Tools' sorties: pieces are disjunctions, energy is a dimension; guided local search."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2  # noqa: PLC0415 no dependency

    docks = [dock for dock in range(nodes.docks) for _ in range(SORTIES_PER_DOCK)]
    index = pywrapcp.RoutingIndexManager(len(nodes.time_s), len(docks), docks, docks)
    model = pywrapcp.RoutingModel(index)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(_whole(nodes.time_s)))
    model.SetFixedCostOfAllVehicles(round(plan.request.spec.fleet.charge_s))
    energy = model.RegisterTransitMatrix(_whole(1000.0 * nodes.energy_wh))
    model.AddDimension(energy, 0, _most_mwh(plan), True, "energy")
    for pair in nodes.pairs:
        model.AddDisjunction([index.NodeToIndex(node) for node in pair], LEFT_OUT_S)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromSeconds(seconds)
    found = model.SolveWithParameters(search)
    tours: list[tuple[int, list[int]]] = []
    for vehicle, dock in enumerate(docks if found else []):
        at = found.Value(model.NextVar(model.Start(vehicle)))
        tour = []
        while not model.IsEnd(at):
            tour.append(int(index.IndexToNode(at)))
            at = found.Value(model.NextVar(at))
        tours.append((dock, tour))
    return nodes.assigned(tours)


def _most_mwh(plan: _Plan) -> int:
    return int(1000.0 * ENERGY_SHARE * plan.request.aircraft.usable_wh)


def _whole(matrix: Array) -> list[list[int]]:
    rounded: list[list[int]] = np.rint(matrix).astype(int).tolist()
    return rounded


def figures(plan: _Plan, result: Assigned) -> dict[str, Any]:
    """Return what sorties amount to on their real flight lines."""
    fleet = plan.request.spec.fleet
    bases = [Base(at, plan.airspace, plan.model) for at in plan.site.at]
    costs = [bases[flight.dock].cost(flight.stretches) for flight in result.flights]
    flown_s: list[list[float]] = [[] for _ in bases]
    for flight, cost in zip(result.flights, costs, strict=True):
        flown_s[flight.dock].append(cost.time_s + fleet.charge_s)
    return {
        "sorties": len(costs),
        "air_h": round(sum(cost.time_s for cost in costs) / 3600, 2),
        "makespan_h": round(max(last_landing_s(seconds, fleet) for seconds in flown_s) / 3600, 3),
        "worst_wh": round(max((cost.energy_wh for cost in costs), default=0.0), 1),
        "left_out": len(result.left_out),
    }


def scattered(request: Request, pattern: Pattern, count: int) -> Request:
    """Return the request for a pattern over so many places, drawn evenly over its areas."""
    areas = shapely.union_all([area.geometry for area in request.areas])
    random = np.random.default_rng(request.spec.seed)
    west, south, east, north = areas.bounds
    places: list[Point] = []
    while len(places) < count:
        drawn = [Point(at) for at in random.uniform((west, south), (east, north), (count, 2))]
        places += [place for place in drawn if areas.contains(place)]
    return replace(request, places=tuple(places[:count]), spec=replace(request.spec, pattern=pattern))


def run(plan: _Plan, divide: Callable[[], Assigned]) -> dict[str, Any]:
    """Divide the lanes in one way; return its figures."""
    began, began_cpu = time.perf_counter(), time.process_time()
    result = divide()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    return figures(plan, result) | {"seconds": round(seconds, 1), "cpu_s": round(cpu_s, 1)}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Divide lanes among sorties and docks in four ways.")
    parser.add_argument("--patrol", type=Path, default=PATROL, help="the patrol's spec")
    parser.add_argument("--seconds", type=int, default=25, help="OR-Tools' time limit on the clock")
    parser.add_argument("--iterations", type=int, default=3000, help="PyVRP's iterations")
    parser.add_argument("--pattern", type=Pattern, choices=(Pattern.RECHECK, Pattern.POINTS), help="over --places")
    parser.add_argument("--places", type=int, default=200, help="so many scattered places, with --pattern")
    asked = parser.parse_args()
    request = read_request(read_spec(asked.patrol))
    plan = _plan(scattered(request, asked.pattern, asked.places) if asked.pattern else request)
    groups = lay(plan.request, plan.site, plan.photos)
    nodes = nodes_of(plan, groups)
    usable_wh = plan.request.aircraft.usable_wh
    stretches = [stretch for group in _in_order(plan, groups) for stretch in group]
    tour = Tour(stretches, plan.photos, plan.model, plan.airspace, plan.cut_m)
    bases = [Base(at, plan.airspace, plan.model) for at in plan.site.at]
    spec = plan.request.spec
    ways: dict[str, Callable[[], Assigned]] = {
        "split": lambda: split(tour, bases, usable_wh, spec.fleet, spec.seed),
        "planner": lambda: assigned(tour, bases, usable_wh, spec.fleet, spec.seed),
        "pyvrp": lambda: with_pyvrp(plan, nodes, asked.iterations),
        "ortools": lambda: with_ortools(plan, nodes, asked.seconds),
    }
    results = {}
    for name, divide in ways.items():
        try:
            one = run(plan, divide)
        except ImportError:
            print(f"{name}: not installed (pip install ortools)")
            continue
        results[name] = one if name in ("split", "planner") else {"version": version(name), **one}
        print(f"{name}: {json.dumps(results[name])}", flush=True)
    total = {
        "patrol": asked.patrol.stem,
        "pattern": spec.pattern.value,
        "pieces": len(nodes.pairs),
        "usable_wh": round(usable_wh, 1),
    }
    total |= {"iterations": asked.iterations, "seconds": asked.seconds, "ways": results}
    print(json.dumps(total))


if __name__ == "__main__":
    main()
