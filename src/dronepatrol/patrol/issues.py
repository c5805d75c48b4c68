"""Observations to issues: merged, checked against the registers, with crops: ``issues.geojson``."""

from datetime import UTC, datetime

import pandas as pd

from dronepatrol.areas import read_register, read_towns
from dronepatrol.export.crops import write_crops
from dronepatrol.export.geojson import issues_geojson, read_issues_geojson
from dronepatrol.files import clear, write_text
from dronepatrol.ingest.footprint import footprints
from dronepatrol.issues.find import find_issues
from dronepatrol.locate.corrections import adjusted_shots
from dronepatrol.model.batch import Skipped
from dronepatrol.model.issue import Issue
from dronepatrol.model.patrol import Area, PatrolSpec, RegisterEntry, RegisterKind
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import ADJUSTMENT, OBSERVATIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.shipped import shipped
from dronepatrol.store.tables import read_table


def issues(
    folder: PatrolFolder, patrol_id: str, spec: PatrolSpec | None, report: Report
) -> tuple[list[Issue], list[Skipped]]:
    """Merge the observations into issues and write them.

    Parameters
    ----------
    folder
        A patrol folder with shots and observations. Issues that it already has keep their ids.
    patrol_id
        What the ids are derived from.
    spec
        Names the registers and the towns; None for photos without a patrol spec.
    report
        Takes the progress.
    """
    shots = _as_located(folder, read_table(folder.shots, SHOTS))
    observations = read_table(folder.observations, OBSERVATIONS)
    report(Progress("issues", 0, 0, f"merging {len(observations)} observations"))
    registers, towns = _places_to_check(spec)
    found = find_issues(
        patrol_id,
        observations,
        shots,
        registers=registers,
        towns=towns,
        previous=_earlier(folder, patrol_id),
    )
    report(Progress("issues", 0, 0, f"cutting out {len(found)} pictures"))
    clear(folder.crops)
    found, skipped = write_crops(found, shots, folder.root, folder.crops)
    write_text(folder.issues, issues_geojson(found, patrol_id=patrol_id, generated=datetime.now(UTC)))
    report(Progress("issues", len(found), len(found)))
    return found, skipped


def _as_located(folder: PatrolFolder, shots: pd.DataFrame) -> pd.DataFrame:
    """Return the shots with the poses and footprints that their observations were placed by."""
    if not folder.adjustment.exists():
        return shots
    table = adjusted_shots(shots, read_table(folder.adjustment, ADJUSTMENT))
    return table.assign(geometry=footprints(table))


def _earlier(folder: PatrolFolder, patrol_id: str) -> list[Issue]:
    """Return the issues that an earlier run of the same patrol left in the folder."""
    if not folder.issues.exists():
        return []
    earlier = read_issues_geojson(folder.issues)
    return earlier.issues if earlier.patrol_id == patrol_id else []


def _places_to_check(
    spec: PatrolSpec | None,
) -> tuple[dict[RegisterKind, tuple[RegisterEntry, ...]], tuple[Area, ...]]:
    """Return the registers and towns that a spec names; without one, no registers and the towns of the demo."""
    if spec is None:
        return {}, read_towns(shipped("geodata/pinghu/towns.geojson"))
    registers = {kind: read_register(kind, path, spec.datum) for kind, path in spec.register_files.items()}
    return registers, read_towns(spec.towns_file, spec.datum) if spec.towns_file else ()
