"""``figures.json``: what a plan comes to, for the console and for other programs."""

from typing import Any

from dronepatrol.export.plan_text import PlanFacts, counted, row_name

SIZES = {"m2": ("km2", 1e6), "m": ("km", 1e3), "places": ("places", 1.0)}


def plan_figures(facts: PlanFacts) -> dict[str, Any]:
    """Return the figures of a plan; shares are 0 to 1, ``target`` is in the unit that ``target_unit`` names."""
    sorties, targets = facts.mission.to_fly, facts.proof.targets
    whole = sum(target.size for target in targets)
    unit, factor = SIZES[targets[0].unit] if targets else SIZES["m2"]
    return {
        "schema": "dronepatrol/figures/1",
        "patrol_id": facts.mission.patrol_id,
        "target": round(whole / factor, 3),
        "target_unit": unit,
        "covered_share": round(facts.covered_share, 6),
        "sorties": len(sorties),
        "partly_flown": len(facts.mission.sorties) - len(sorties),
        "drones": len({row_name(sortie) for sortie in sorties}),
        "photos": len(facts.proof.lonlat),
        "gsd_cm": round(100 * facts.mission.gsd_m, 2),
        "makespan_s": round(facts.makespan_s, 1),
        "air_time_s": round(sum(sortie.planned_time_s for sortie in sorties), 1),
        "length_km": round(sum(sortie.planned_length_m for sortie in sorties) / 1000, 3),
        "findings": counted(facts.mission.findings),
    }
