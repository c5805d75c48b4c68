"""Observations to issues: merged, checked against the registers, named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus, ProblemClass
from dronepatrol.model.patrol import Area, RegisterEntry, RegisterKind


@dataclass(frozen=True, slots=True)
class _Found:
    """A thing with what the photos and the registers say about it."""

    cluster: Cluster
    problem: ProblemClass
    rows: pd.DataFrame
    share: float
    verdict: Verdict
    town: str | None


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
    found = [
        thing
        for thing in _judged(merge(table, shots), table, shots, registers, towns)
        if thing.verdict.problem and thing.share >= MIN_SUPPORT
    ]
    order = {problem.id: number for number, problem in enumerate(known.problems)}
    found.sort(key=lambda thing: (order[thing.problem.id], -thing.cluster.lat_deg, thing.cluster.lon_deg))
    ids = new_ids(patrol_id, [(thing.problem.id, thing.cluster.lon_deg, thing.cluster.lat_deg) for thing in found])
    return keep_ids(previous, [_issue(name, thing) for name, thing in zip(ids, found, strict=True)])


def _judged(
    clusters: list[Cluster],
    table: pd.DataFrame,
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
    asked, by_id = Registers(registers, frame), table.set_index("observation_id")
    found = []
    for cluster, place, share in zip(clusters, places, shares, strict=True):
        point = shapely.Point(cluster.lon_deg, cluster.lat_deg)
        rows = by_id.loc[list(cluster.observation_ids)]
        sigma_m = float(np.sqrt(np.linalg.eigvalsh(_matrix(cluster))[-1]))
        verdict = asked.check(
            load_taxonomy().rule_of.get(cluster.kind), shapely.Point(place), sigma_m, _time(rows["time_utc"].max())
        )
        town = next((area.name for area in towns if area.geometry.intersects(point)), None)
        found.append(_Found(cluster, problems[cluster.kind], rows, float(share), verdict, town))
    return found


def _issue(name: str, thing: _Found) -> Issue:
    major, minor, azimuth = ellipse95(thing.cluster.covariance_en_m2).tolist()
    rows = thing.rows.sort_values(["score", "off_nadir_deg"], ascending=[False, True], kind="stable")
    evidence = tuple(
        Evidence(str(row.shot_id), str(row.photo), (row.x1_px, row.y1_px, row.x2_px, row.y2_px), float(row.score))
        for row in rows.itertuples()
    )
    return Issue(
        id=name,
        problem=thing.problem,
        lon_deg=thing.cluster.lon_deg,
        lat_deg=thing.cluster.lat_deg,
        covariance_en_m2=thing.cluster.covariance_en_m2,
        error95_m=float(radius95_m(thing.cluster.covariance_en_m2)),
        ellipse95=Ellipse95(major, minor, azimuth),
        confidence=confidence(float(rows["score"].mean()), thing.share, thing.verdict.probability),
        status=IssueStatus.SUSPECTED,
        first_seen=_time(rows["time_utc"].min()),
        last_seen=_time(rows["time_utc"].max()),
        town=thing.town,
        observations=len(rows),
        length_m=float(rows["length_m"].median()),
        width_m=float(rows["width_m"].median()),
        rule=thing.verdict.rule,
        evidence=evidence,
    )


def _matrix(cluster: Cluster) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    ee, en, nn = cluster.covariance_en_m2
    return np.array([[ee, en], [en, nn]])


def _time(value: object) -> datetime | None:
    """Return a pandas time as an aware UTC time, None where it is not known."""
    return datetime.fromtimestamp(value.timestamp(), UTC) if isinstance(value, pd.Timestamp) else None
