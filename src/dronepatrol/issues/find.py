"""Observations to issues: merged, checked against the registers, named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import fmean, median

import geopandas
import numpy as np
import pandas as pd
import shapely

from dronepatrol.geo.ellipse import CHI2_95_2D, ellipse95, radius95_m
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.confidence import MIN_SUPPORT, chances, confidence, support
from dronepatrol.issues.match import keep_ids, new_ids
from dronepatrol.issues.merge import Cluster, merge
from dronepatrol.issues.rules import Registers, Verdict
from dronepatrol.issues.sightings import Floats
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus, ProblemClass
from dronepatrol.model.patrol import Area, RegisterEntry, RegisterKind


@dataclass(frozen=True, slots=True)
class _Found:
    """A thing with what the photos and the registers say about it; ``rows`` number its observations."""

    cluster: Cluster
    problem: ProblemClass
    rows: list[int]
    share: float
    verdict: Verdict
    town: str | None


class _Columns:
    """The observations as plain lists, which few rows at a time are taken from, and the row of each by its id."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.row_of = {name: row for row, name in enumerate(table["observation_id"].tolist())}
        self.shot_id, self.photo = table["shot_id"].tolist(), table["photo"].tolist()
        self.box = table[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
        self.score, self.off_nadir_deg, self.length_m, self.width_m = (
            table[name].astype(float).tolist() for name in ("score", "off_nadir_deg", "length_m", "width_m")
        )
        times = table["time_utc"].to_numpy(dtype="datetime64[ms]")
        self._times = [None if unknown else time for time, unknown in zip(times.tolist(), np.isnat(times), strict=True)]

    def times(self, rows: Sequence[int]) -> tuple[datetime | None, datetime | None]:
        """Return when rows were first and last seen, as aware UTC times, None where it is not known."""
        known = [time for row in rows if (time := self._times[row]) is not None]
        if not known:
            return None, None
        return min(known).replace(tzinfo=UTC), max(known).replace(tzinfo=UTC)

    def size_m(self, rows: Sequence[int]) -> tuple[float, float]:
        """Return length and width: the median of the half of the views that look most steeply down."""
        steepest = sorted(rows, key=self.off_nadir_deg.__getitem__)[: (len(rows) + 1) // 2]
        return median(self.length_m[row] for row in steepest), median(self.width_m[row] for row in steepest)

    def evidence(self, rows: Sequence[int]) -> tuple[Evidence, ...]:
        """Return the photos that show a thing, the surest first, of equals the one that looks most steeply down."""
        best = sorted(rows, key=lambda row: (-self.score[row], self.off_nadir_deg[row]))
        boxes = self.box[best].tolist()
        return tuple(
            Evidence(self.shot_id[row], self.photo[row], (left, top, right, bottom), self.score[row])
            for row, (left, top, right, bottom) in zip(best, boxes, strict=True)
        )


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
    covariances = np.array([thing.cluster.covariance_en_m2 for thing in found]).reshape(-1, 3)
    shapes = zip(ellipse95(covariances).tolist(), radius95_m(covariances).tolist(), strict=True)
    issues = [
        _issue(name, thing, columns, Ellipse95(*axes), radius_m)
        for name, thing, (axes, radius_m) in zip(ids, found, shapes, strict=True)
    ]
    return keep_ids(previous, issues)


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
    asked, rule_of = Registers(registers, frame), load_taxonomy().rule_of
    sigmas_m = ellipse95(np.array([cluster.covariance_en_m2 for cluster in clusters]))[:, 0] / np.sqrt(CHI2_95_2D)
    points = list(map(shapely.Point, places))
    found = []
    for number, (cluster, sigma_m) in enumerate(zip(clusters, sigmas_m.tolist(), strict=True)):
        rows = [columns.row_of[name] for name in cluster.observation_ids]
        verdict = asked.check(rule_of.get(cluster.kind), points[number], sigma_m, columns.times(rows)[1])
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


def _issue(name: str, thing: _Found, columns: _Columns, ellipse: Ellipse95, radius_m: float) -> Issue:
    rows, cluster = thing.rows, thing.cluster
    first_seen, last_seen = columns.times(rows)
    length_m, width_m = columns.size_m(rows)
    return Issue(
        id=name,
        problem=thing.problem,
        lon_deg=cluster.lon_deg,
        lat_deg=cluster.lat_deg,
        covariance_en_m2=cluster.covariance_en_m2,
        error95_m=radius_m,
        ellipse95=ellipse,
        confidence=confidence(fmean(columns.score[row] for row in rows), thing.share, thing.verdict.probability),
        status=IssueStatus.SUSPECTED,
        first_seen=first_seen,
        last_seen=last_seen,
        town=thing.town,
        observations=len(rows),
        length_m=length_m,
        width_m=width_m,
        rule=thing.verdict.rule,
        evidence=columns.evidence(rows),
        moving=cluster.moving,
    )
