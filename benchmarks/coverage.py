"""Plan benchmark polygons with the product's coverage planner and score the plans.

    python -m benchmarks.coverage [--polygon FILE --out PLAN.json]

Without ``--polygon`` every polygon of the benchmark data is planned (``$DRONEPATROL_TESTDATA`` or ``../shared/data``).
The last line of stdout is one JSON object. Ratios are over area / (width x speed), the time of one pass without turns.
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.files import write_text
from dronepatrol.plan.airspace import Airspace
from dronepatrol.plan.coverage.cover import Coverage, Task, cover, flight_line
from dronepatrol.plan.timing import Pace, straightened

UNCOVERED_SHARE = 0.0045
OUTSIDE = 0.9
"""How far outside the outer ring may be flown, in widths."""


def read_polygon(file: Path) -> dict[str, Any]:
    """Return a benchmark polygon.

    Raises
    ------
    InputError
        When the file cannot be read, or what it holds is no polygon with a width, a speed and an acceleration.
    """
    form = "JSON object with width, v, a, ext [[x, y], ...] and holes [[[x, y], ...], ...]"
    try:
        polygon = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
        numbers = [float(polygon[key]) for key in ("width", "v", "a")]
        region = Polygon(polygon["ext"], polygon.get("holes") or [])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, shapely.GEOSException) as error:
        msg = f"{file}: no benchmark polygon: {type(error).__name__}: {error}"
        raise InputError(msg, hint=f"give a {form}") from error
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        msg = f"{file}: width, v and a are {numbers}; all three must be above 0"
        raise InputError(msg, hint="give metres, m/s and m/s2")
    if not region.is_valid or region.is_empty:
        msg = f"{file}: the polygon is invalid: {shapely.is_valid_reason(region) if region else 'it is empty'}"
        raise InputError(msg, hint="draw the rings so that none crosses itself or another, holes inside the outer ring")
    return dict(polygon)


def _no_number(word: str) -> float:
    msg = f"{word} is no number"
    raise ValueError(msg)


def task_of(polygon: dict[str, Any]) -> Task:
    """Return the planner's task for a benchmark polygon."""
    width = float(polygon["width"])
    region = Polygon(polygon["ext"], polygon.get("holes") or [])
    outer = Polygon(polygon["ext"]).buffer(OUTSIDE * width, quad_segs=2)
    free = outer.difference(shapely.union_all([Polygon(ring) for ring in polygon.get("holes") or []]))
    assert isinstance(free, Polygon | MultiPolygon)
    return Task(region, free, width, width / 2, Pace(float(polygon["v"]), float(polygon["a"])), UNCOVERED_SHARE, seed=1)


def score(polygon: dict[str, Any], lanes: list[Any], path: np.ndarray) -> dict[str, float]:
    """Return ratios, coverage and trespass of a plan."""
    width, pace = float(polygon["width"]), Pace(float(polygon["v"]), float(polygon["a"]))
    area = Polygon(polygon["ext"], polygon.get("holes") or [])
    line = LineString(path)
    feet = shapely.union_all([LineString(lane).buffer(width / 2, cap_style="square") for lane in lanes])
    holes = [Polygon(ring).buffer(-1e-3) for ring in polygon.get("holes") or []]
    once_s = area.area / width / pace.speed_m_s
    return {
        "length_ratio": round(line.length * width / area.area, 4),
        "time_ratio": round(pace.path_s(path) / once_s, 4),
        "coverage": round(feet.intersection(area).area / area.area, 4),
        "nofly_m": round(sum(line.intersection(hole).length for hole in holes), 1),
        "outside_m": round(line.difference(Polygon(polygon["ext"]).buffer(width)).length, 1),
        "turns": len(straightened(path)) - 2,
        "lanes": len(lanes),
    }


def run(file: Path, out: Path | None) -> dict[str, Any]:
    """Plan and score one polygon; write the plan where asked."""
    polygon = read_polygon(file)
    began, began_cpu = time.perf_counter(), time.process_time()
    task = task_of(polygon)
    coverage: Coverage = cover(task)
    path = flight_line(coverage, Airspace(task.free, task.pace))
    spent = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - began_cpu}
    lanes = [lane[[i, i + 1]].tolist() for lane in coverage.lanes for i in range(len(lane) - 1)]
    if out:
        write_text(out, json.dumps({"lanes": lanes, "path": path.tolist()}))
    return {"polygon": file.stem, **score(polygon, lanes, path), **{key: round(each, 2) for key, each in spent.items()}}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Plan and score coverage benchmark polygons.")
    parser.add_argument("--polygon", type=Path, help="one polygon file; all of the benchmark's without it")
    parser.add_argument("--out", type=Path, help="where to write the plan of --polygon")
    asked = parser.parse_args()
    if asked.out and not asked.polygon:
        parser.error("--out needs --polygon: one plan goes into one file")
    if asked.polygon:
        try:
            print(json.dumps(run(asked.polygon, asked.out)))
        except DronePatrolError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
        return
    root = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    results = []
    for file in sorted((root / "benchmarks" / "polygons").glob("*.json")):
        results.append(run(file, None))
        print(json.dumps(results[-1]))
    print(json.dumps({"polygons": {result.pop("polygon"): result for result in results}}))


if __name__ == "__main__":
    main()
