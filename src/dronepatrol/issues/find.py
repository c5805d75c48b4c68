"""Observations to issues: merged, checked against the registers, named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import geopandas
import numpy as np
import pandas as pd
import shapely

from dronepatrol.geo.ellipse import ellipse95, radius95_m
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.confidence import MIN_SUPPORT, chances, confidence, support
from dronepatrol.issues.match import keep_ids, new_ids
from dronepatrol.issues.merge import Cluster, merge
from dronepatrol.issues.rules import Registers, Verdict
from dronepatrol.issues.sightings import Floats, Ints
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus, ProblemClass
from dronepatrol.model.patrol import Area, RegisterEntry, RegisterKind


@dataclass(frozen=True, slots=True)
class _Found:
    """A thing with what the photos and the registers say about it; ``rows`` number its observations."""

    cluster: Cluster
    problem: ProblemClass
    rows: Ints
    share: float
    verdict: Verdict
    town: str | None


class _Columns:
    """The observations as plain arrays, and the row of each by its id."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.row_of = {name: row for row, name in enumerate(table["observation_id"].tolist())}
        self.shot_id, self.photo = table["shot_id"].tolist(), table["photo"].tolist()
        self.box = table[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
        self.score, self.off_nadir_deg, self.length_m, self.width_m = (
            table[name].to_numpy(dtype=float) for name in ("score", "off_nadir_deg", "length_m", "width_m")
        )
        self._time = table["time_utc"].to_numpy(dtype="datetime64[ms]")

    def times(self, rows: Ints) -> tuple[datetime | None, datetime | None]:
        """Return when rows were first and last seen, as aware UTC times, None where it is not known."""
        known = self._time[rows]
        known = known[~np.isnat(known)]
        if not len(known):
            return None, None
        first, last = (datetime.fromtimestamp(float(t.astype(np.int64)) / 1e3, UTC) for t in (known.min(), known.max()))
        return first, last

    def size_m(self, rows: Ints) -> tuple[float, float]:
        """Return length and width: the median of the half of the views that look most steeply down."""
        steepest = rows[np.argsort(self.off_nadir_deg[rows], kind="stable")[: (len(rows) + 1) // 2]]
        return float(np.median(self.length_m[steepest])), float(np.median(self.width_m[steepest]))


def find_issues(
    patrol_id: str,
    observations: geopandas.GeoDataFrame,
    shots: pd.DataFrame,
    registers: Mapping[RegisterKind, Sequence[RegisterEntry]],
    *,
    towns: Sequence[Area] = (),
    previous: Sequence[Issue] = (),
) -> list[Issue]:
    """Return the issues of a patrol, by class and then from north to south.

    Parameters
    ----------
    patrol_id
        Goes into the issues' ids.
    observations
        ``tables.OBSERVATIONS``; kinds that the taxonomy does not know are no problem and are left out.
    shots
        ``tables.SHOTS``: which photos should have seen a place.
    registers
        By kind; a kind that is missing was not given, and what it decides stays an issue that says so.
    towns
        The first one that holds an issue names its town.
    previous
        Issues of an earlier run of the same patrol, whose ids are kept.
    """
    known = load_taxonomy()
    of_kind = observations["kind"].map({kind: problem.id for kind, problem in known.problem_of.items()})
    table = observations.assign(kind=of_kind)[of_kind.notna()]
    columns = _Columns(table)
    found = [
        thing
        for thing in _judged(merge(table, shots), columns, shots, registers, towns)
        if thing.verdict.problem and (thing.share >= MIN_SUPPORT or thing.cluster.moving)
    ]
    order = {problem.id: number for number, problem in enumerate(known.problems)}
    found.sort(key=lambda thing: (order[thing.problem.id], -thing.cluster.lat_deg, thing.cluster.lon_deg))
    ids = new_ids(patrol_id, [(thing.problem.id, thing.cluster.lon_deg, thing.cluster.lat_deg) for thing in found])
    return keep_ids(previous, [_issue(name, thing, columns) for name, thing in zip(ids, found, strict=True)])


def _judged(
    clusters: list[Cluster],
    columns: _Columns,
    shots: pd.DataFrame,
    registers: Mapping[RegisterKind, Sequence[RegisterEntry]],
    towns: Sequence[Area],
) -> list[_Found]:
    """Return each cluster with what the photos and the registers say about it."""
    if not clusters:
        return []
    problems = {problem.id: problem for problem in load_taxonomy().problems}
    lonlat = np.array([(cluster.lon_deg, cluster.lat_deg) for cluster in clusters])
    frame = LocalFrame.around(shapely.MultiPoint(lonlat))
    places = frame.to_metres(lonlat)
    hits = np.array([len(cluster.observation_ids) for cluster in clusters], dtype=np.intp)
    shares = support(hits, chances(places, shots, frame))
    in_town = _towns(towns, lonlat)
    asked = Registers(registers, frame)
    found = []
    for number, cluster in enumerate(clusters):
        rows = np.array([columns.row_of[name] for name in cluster.observation_ids], dtype=np.intp)
        sigma_m = float(np.sqrt(np.linalg.eigvalsh(_matrix(cluster))[-1]))
        rule = load_taxonomy().rule_of.get(cluster.kind)
        verdict = asked.check(rule, shapely.Point(places[number]), sigma_m, columns.times(rows)[1])
        if cluster.moving:
            verdict = replace(verdict, rule=f"moving, seen at {len(rows)} places; {verdict.rule}")
        found.append(_Found(cluster, problems[cluster.kind], rows, float(shares[number]), verdict, in_town[number]))
    return found


def _towns(towns: Sequence[Area], lonlat: Floats) -> list[str | None]:
    """Return for each of n places the name of the first town that holds it."""
    names: list[str | None] = [None] * len(lonlat)
    points = shapely.points(lonlat)
    for area in reversed(towns):
        shapely.prepare(area.geometry)
        for number in np.flatnonzero(shapely.intersects(area.geometry, points)).tolist():
            names[number] = area.name
    return names


def _issue(name: str, thing: _Found, columns: _Columns) -> Issue:
    major, minor, azimuth = ellipse95(thing.cluster.covariance_en_m2).tolist()
    rows = thing.rows[np.lexsort((columns.off_nadir_deg[thing.rows], -columns.score[thing.rows]))]
    boxes = columns.box[rows].tolist()
    evidence = tuple(
        Evidence(columns.shot_id[row], columns.photo[row], (box[0], box[1], box[2], box[3]), float(columns.score[row]))
        for row, box in zip(rows.tolist(), boxes, strict=True)
    )
    first_seen, last_seen = columns.times(rows)
    length_m, width_m = columns.size_m(rows)
    return Issue(
        id=name,
        problem=thing.problem,
        lon_deg=thing.cluster.lon_deg,
        lat_deg=thing.cluster.lat_deg,
        covariance_en_m2=thing.cluster.covariance_en_m2,
        error95_m=float(radius95_m(thing.cluster.covariance_en_m2)),
        ellipse95=Ellipse95(major, minor, azimuth),
        confidence=confidence(float(columns.score[rows].mean()), thing.share, thing.verdict.probability),
        status=IssueStatus.SUSPECTED,
        first_seen=first_seen,
        last_seen=last_seen,
        town=thing.town,
        observations=len(rows),
        length_m=length_m,
        width_m=width_m,
        rule=thing.verdict.rule,
        evidence=evidence,
        moving=thing.cluster.moving,
    )


def _matrix(cluster: Cluster) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    ee, en, nn = cluster.covariance_en_m2
    return np.array([[ee, en], [en, nn]])
