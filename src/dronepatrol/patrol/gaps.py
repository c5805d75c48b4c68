"""What was planned to be photographed and is on no shot; and the mission that fetches it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Mission, Sortie
from dronepatrol.model.progress import Report
from dronepatrol.model.quality import is_set_aside
from dronepatrol.patrol.resume import resume
from dronepatrol.plan.footprints import on_legs
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission

_WITHIN_SHARE = 0.6
_WITHIN_LEAST_M = 5.0
"""A planned photo was taken if a shot lies this near to its place: so much of the usual distance, or metres."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Planned photos of a sortie that no shot stands for, counted from 1, first to last."""

    sortie_id: str
    first: int
    last: int
    planned: int

    @property
    def is_whole(self) -> bool:
        """Whether no photo of the sortie was taken: it waits as it was planned."""
        return (self.first, self.last) == (1, self.planned)

    @property
    def text(self) -> str:
        """The gap in words."""
        return f"{self.sortie_id}: planned photos {self.first} to {self.last} of {self.planned} are on no shot"


def gaps_in(mission: Mission, shots: pd.DataFrame) -> list[Gap]:
    """Return the gaps of every sortie, in the order of the plan.

    Shots whose picture is unusable (blurred, black, looking at the horizon) count as not taken. Sorties of which no
    photo was taken at all are whole gaps; of a partly flown one only what its rest does not take is due.
    """
    usable = shots[~(is_set_aside(shots["quality"]) | shots["quality"].str.contains(_SHOWS_NOTHING, regex=True))]
    taken = usable[["lon_deg", "lat_deg"]].to_numpy(dtype=float)
    taken = taken[np.isfinite(taken).all(axis=1)]
    return [gap for sortie in mission.sorties for gap in _gaps_of(sortie, taken)]


_SHOWS_NOTHING = "(?:^|;)(?:blurred|gimbal at the horizon)"


def _gaps_of(sortie: Sortie, taken: np.ndarray) -> list[Gap]:
    frame = LocalFrame(sortie.dock.lon_deg, sortie.dock.lat_deg)
    points = frame.to_metres([(one.lon_deg, one.lat_deg) for one in sortie.waypoints])
    legs, shares = (part[: sortie.due] for part in on_legs(points, sortie.waypoints))
    if not len(legs):
        return []
    ahead = points[np.minimum(legs + 1, len(points) - 1)]
    planned = points[legs] + shares[:, None] * (ahead - points[legs])
    missing = np.ones(len(planned), dtype=np.bool_)
    if len(taken):
        apart = np.hypot(*np.diff(planned, axis=0).T) if len(planned) > 1 else np.zeros(1)
        near_m = max(_WITHIN_LEAST_M, _WITHIN_SHARE * float(np.median(apart)))
        missing = np.asarray(cKDTree(frame.to_metres(taken)).query(planned)[0] > near_m)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    spans = edges.reshape(-1, 2)
    return [Gap(sortie.id, int(first) + 1, int(last), len(planned)) for first, last in spans]


def gaps(folder: PatrolFolder, shots: pd.DataFrame) -> list[Gap]:
    """Return the gaps of a patrol folder's shots against its plan; none where it has no plan.

    Raises
    ------
    StorageError
        When there is a plan that cannot be read.
    """
    return gaps_in(read_mission(folder.mission), shots) if folder.mission.is_file() else []


def resume_gaps(folder: PatrolFolder, found: list[Gap], report: Report, lang: str = "zh") -> list[Sortie]:
    """Add, for each partly flown sortie with gaps, a sortie to the plan that begins at its first missing photo.

    It flies on to the sortie's end: photos after the gap are taken again. Sorties that were not flown at all wait in
    the plan as they are.

    Raises
    ------
    PlanError
        When no way leads to where a sortie is to go on.
    """
    first: dict[str, int] = {}
    for gap in found:
        if not gap.is_whole:
            first.setdefault(gap.sortie_id, gap.first)
    return [resume(folder, sortie_id, photo, report, lang)[0] for sortie_id, photo in first.items()]
