"""Names that stay: the same input gives the same ids, and a re-run keeps the ids of what it finds again."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.sightings import GATE, squared_distance
from dronepatrol.model.issue import Issue

_CELL_DEG = 1e-5  # about a metre
_SAME_PLACE_M2 = 0.25  # half a metre per axis: a re-run computes the same place but for its own small differences


def new_ids(patrol_id: str, places: Sequence[tuple[str, float, float]]) -> list[str]:
    """Return an id for each (class id, longitude, latitude): its class and a hash of patrol, class and cell.

    Things of one class in one cell are told apart by their order, so that ids are unique.
    """
    taken: set[str] = set()
    ids = []
    for problem_id, lon_deg, lat_deg in places:
        cell = f"{patrol_id}|{problem_id}|{round(lon_deg / _CELL_DEG)}|{round(lat_deg / _CELL_DEG)}"
        ids.append(_free(problem_id, cell, taken))
    return ids


def _free(problem_id: str, cell: str, taken: set[str]) -> str:
    """Return the first id of a cell that is not taken, and take it."""
    number = 0
    while True:
        text = cell if not number else f"{cell}|{number}"
        name = f"{problem_id}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        if name not in taken:
            taken.add(name)
            return name
        number += 1


def keep_ids(previous: Sequence[Issue], issues: Sequence[Issue]) -> list[Issue]:
    """Return the issues with the ids of the earlier ones that they are, and with what a person said of those.

    An issue is an earlier one when both are of one class and as near as their errors allow; nearest first, each once.
    It is meant for a re-run of one patrol: both runs share the flights' biases, which therefore widen nothing here, and
    half of what is reported is allowed for.
    """
    inherited = _inherited(previous, issues)
    taken = {earlier.id for earlier in inherited.values()}
    kept = []
    for number, issue in enumerate(issues):
        earlier = inherited.get(number)
        if earlier is not None:
            kept.append(replace(issue, id=earlier.id, status=earlier.status))
            continue
        name = _free(issue.problem.id, f"{issue.id}|again", taken) if issue.id in taken else issue.id
        taken.add(name)
        kept.append(issue if name == issue.id else replace(issue, id=name))
    return kept


def _inherited(previous: Sequence[Issue], issues: Sequence[Issue]) -> dict[int, Issue]:
    """Return the earlier issue by the number of the issue that inherits its id."""
    if not previous or not issues:
        return {}
    frame = LocalFrame(issues[0].lon_deg, issues[0].lat_deg)
    old, new = (frame.to_metres([(i.lon_deg, i.lat_deg) for i in part]) for part in (previous, issues))
    reach = np.sqrt(GATE * max(_covariance(issue).trace() for issue in (*previous, *issues)))
    near = cKDTree(new).query_ball_point(old, reach, return_sorted=True)
    pairs = [
        (float(squared_distance(old[a] - new[b], (_covariance(previous[a]) + _covariance(issues[b])) / 2)), a, int(b))
        for a, found in enumerate(near)
        for b in found
        if previous[a].problem.id == issues[b].problem.id
    ]
    inherited: dict[int, Issue] = {}
    used: set[int] = set()
    for distance, a, b in sorted(pairs):
        if distance < GATE and a not in used and b not in inherited:
            used.add(a)
            inherited[b] = previous[a]
    return inherited


def _covariance(issue: Issue) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    ee, en, nn = issue.covariance_en_m2
    return np.array([[ee + _SAME_PLACE_M2, en], [en, nn + _SAME_PLACE_M2]])
