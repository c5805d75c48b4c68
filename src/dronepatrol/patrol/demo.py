"""One town's patrol from end to end on the embedded vehicle and a synthetic scene, scored against its truth."""

import json
from dataclasses import dataclass, replace
from typing import Any

from dronepatrol.model.progress import Report
from dronepatrol.patrol.clock import StageClock
from dronepatrol.patrol.fly import fly_simulated, not_flown
from dronepatrol.patrol.plan import plan
from dronepatrol.patrol.render import render
from dronepatrol.patrol.run import RunOptions, find
from dronepatrol.patrol.summary import planned_area_km2, summarise, with_flights, with_score, write_summary
from dronepatrol.sim.score import score_issues
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.shipped import shipped
from dronepatrol.store.spec import read_spec

SPEC = "missions/pinghu-xindai-demo.toml"
DETECTOR = "scene"
NOTE = (
    "synthetic: the scene, its photos and their sensor errors are simulated, and the demo's detector knows the scene's "
    "colours; the figures say how the whole loop works, not how well real photos are read"
)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the demo may be told; ``factor`` is how many times faster than real the vehicle flies."""

    seed: int
    jobs: int
    factor: float
    lang: str


def demo(folder: PatrolFolder, options: DemoOptions, report: Report) -> dict[str, Any]:
    """Plan, fly, render, ingest, detect, locate, merge and export the demo patrol; return its summary."""
    asked = read_spec(shipped(SPEC))
    spec = replace(asked, id=f"{asked.id}-{options.seed}", seed=options.seed)
    clock = StageClock(folder.root)
    with clock.stage("plan"):
        mission = plan(spec, folder, report)
    with clock.stage("fly"):
        flights = fly_simulated(spec, mission, folder, options.factor, report)
    with clock.stage("render"):
        render(spec, mission, folder, options.jobs, report)
    found = find(folder, folder.photos, spec, RunOptions(DETECTOR, options.jobs, options.lang), clock, report)
    score = score_issues(json.loads(folder.truth.read_text(encoding="utf-8")), found.issues)
    found = replace(found, skipped=[*not_flown(mission, flights), *found.skipped])
    summary = summarise(spec.id, found, planned_area_km2(mission), len(mission.sorties), clock.seconds)
    summary = with_flights(with_score(summary, score), mission, flights) | {"seed": options.seed, "note": NOTE}
    write_summary(folder, summary)
    return summary
