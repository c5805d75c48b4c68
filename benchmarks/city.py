"""Plan a whole city: its urban area and its 21 small towns, from their docks, checked and written in every format.

    python -m benchmarks.city [--times N] [--out FOLDER]

The two patrols are planned in two processes, each as ``dronepatrol plan`` does it. ``--times 10`` plans ten copies of
the city side by side, in one patrol each, docks and zones with it. The last line of stdout is one JSON object. The
lower bound of the air time is area / (lane spacing x speed): all lanes flown once, with no turn, transit or climb.
"""

import argparse
import json
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Polygon

from dronepatrol.formats.registry import SUFFIXES
from dronepatrol.geo.local import LocalFrame, area_m2
from dronepatrol.model.mission import Mission
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.model.progress import silent
from dronepatrol.patrol.convert import Wanted, convert_patrol
from dronepatrol.patrol.plan import plan
from dronepatrol.plan.fleet.timetable import makespan_s
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

MISSIONS = Path(__file__).resolve().parents[1] / "missions"
PATROLS = {"pinghu-urban": (0.09, 0.08), "pinghu-21-towns": (0.36, 0.28)}
"""The patrols, and how far apart (degrees east, north) copies of the city stand."""
COLUMNS = 5
OTHER_FORMATS = tuple(sorted(suffix[1:] for suffix in SUFFIXES - {".plan", ".waypoints"}))
"""What ``dronepatrol plan`` does not write by itself."""
DJI_AIRCRAFT = "m3d"


def copies(spec: PatrolSpec, times: int, apart_deg: tuple[float, float], folder: Path) -> PatrolSpec:
    """Return a patrol of so many copies of the areas, zones and docks, written to the folder."""
    shifts = [(n % COLUMNS * apart_deg[0], n // COLUMNS * apart_deg[1]) for n in range(times)]

    def copied(file: Path) -> Path:
        table = json.loads(file.read_text(encoding="utf-8"))
        table["features"] = [
            {**one, "properties": {**one["properties"], "id": f"{one['properties']['id']}-{n}"}, "geometry": moved}
            for n, (east, north) in enumerate(shifts)
            for one in table["features"]
            for moved in [_moved(one["geometry"], east, north)]
        ]
        out = folder / file.name
        out.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
        return out

    docks = tuple(
        replace(dock, id=f"{dock.id}-{n}", lon_deg=dock.lon_deg + east, lat_deg=dock.lat_deg + north)
        for n, (east, north) in enumerate(shifts)
        for dock in spec.fleet.docks
    )
    areas = tuple(copied(file) for file in spec.area_files)
    zones = copied(spec.nofly_file) if spec.nofly_file else None
    return replace(spec, area_files=areas, nofly_file=zones, fleet=replace(spec.fleet, docks=docks))


def _moved(geometry: dict[str, Any], east: float, north: float) -> dict[str, Any]:
    moved = shapely.transform(shapely.geometry.shape(geometry), lambda lonlat: lonlat + np.array([east, north]))
    return dict(shapely.geometry.mapping(moved))


def run(name: str, times: int, out: Path) -> dict[str, Any]:
    """Plan one patrol as ``dronepatrol plan`` does; return its figures."""
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    spec = read_spec(MISSIONS / f"{name}.toml")
    if times > 1:
        spec = copies(spec, times, PATROLS[name], folder)
    began, began_cpu = time.perf_counter(), time.process_time()
    mission = plan(spec, PatrolFolder(folder), silent)
    _, failed = convert_patrol(PatrolFolder(folder), Wanted(OTHER_FORMATS, aircraft=DJI_AIRCRAFT))
    assert not failed, failed[0].reason
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    return figures(mission) | {
        "patrol": name,
        "formats": sorted({file.suffix for file in (folder / "plan").glob("sortie-*")}),
        "files": sum(1 for _ in (folder / "plan").iterdir()),
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu_s, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def figures(mission: Mission) -> dict[str, Any]:
    """Return what a mission amounts to."""
    area = shapely.union_all([Polygon(rings[0], rings[1:]) for rings in mission.areas])
    nofly = shapely.union_all([Polygon(rings[0], rings[1:]) for rings in mission.nofly])
    flown_m2 = area_m2(area.difference(nofly))
    sorties = mission.sorties
    air_s = sum(sortie.planned_time_s for sortie in sorties)
    blockers = [finding for finding in mission.findings if finding.severity == "blocker"]
    return {
        "km2": round(area_m2(area) / 1e6, 2),
        "lanes": sum(waypoint.photo_step_m > 0 for sortie in sorties for waypoint in sortie.waypoints),
        "photos": sum(sortie.planned_photos for sortie in sorties),
        "sorties": len(sorties),
        "drones": len({sortie.drone for sortie in sorties}),
        "makespan_h": round(makespan_s(mission) / 3600, 2),
        "air_h": round(air_s / 3600, 2),
        "bound_h": round(flown_m2 / (mission.lane_spacing_m * sorties[0].speed_m_s) / 3600, 2),
        "nofly_m": round(_trespass_m(mission), 1),
        "blockers": sorted({finding.rule for finding in blockers}),
    }


def _trespass_m(mission: Mission) -> float:
    """Return how many metres the flight lines run inside no-fly zones."""
    zones = shapely.union_all([Polygon(rings[0], rings[1:]) for rings in mission.nofly])
    if zones.is_empty:
        return 0.0
    frame = LocalFrame.around(zones)
    closed = frame.geometry_to_metres(zones)
    shapely.prepare(closed)
    total = 0.0
    for sortie in mission.sorties:
        dock = (sortie.dock.lon_deg, sortie.dock.lat_deg)
        line = LineString(frame.to_metres([dock, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints)]))
        total += line.intersection(closed).length if line.intersects(closed) else 0.0
    return total


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Plan a whole city.")
    parser.add_argument("--times", type=int, default=1, help="so many copies of the city")
    parser.add_argument("--out", type=Path, help="where to keep the plans")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or Path(scratch)
        began = time.perf_counter()
        with ProcessPoolExecutor(len(PATROLS), mp_context=get_context("spawn")) as pool:
            results = list(pool.map(run, PATROLS, [asked.times] * len(PATROLS), [out] * len(PATROLS)))
        seconds = time.perf_counter() - began
    for result in results:
        print(json.dumps(result))
    summed = {key: round(sum(r[key] for r in results), 2) for key in ("km2", "lanes", "photos", "sorties", "nofly_m")}
    air_h, bound_h = sum(r["air_h"] for r in results), sum(r["bound_h"] for r in results)
    total = {
        "times": asked.times,
        **summed,
        "makespan_h": max(r["makespan_h"] for r in results),
        "air_h": round(air_h, 2),
        "air_time_ratio": round(air_h / bound_h, 3),
        "seconds": round(seconds, 2),
        "cpu_s": round(sum(r["cpu_s"] for r in results), 2),
        "peak_mb": sum(r["peak_mb"] for r in results),
    }
    print(json.dumps(total))


if __name__ == "__main__":
    main()
