"""How well issues match what was planted in a simulated scene. Only simulated patrols have such a truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dronepatrol.geo.ellipse import CHI2_95_2D
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.issue import Issue

MATCH_WITHIN_M = 10.0
"""An issue can only stand for a planted problem of its class within this distance."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Counts for one class of problem."""

    planted: int
    issues: int
    matched: int

    @property
    def recall(self) -> float | None:
        """Share of the planted problems that were found, None where none was planted."""
        return self.matched / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Share of the issues that stand for a planted problem, None where there is no issue."""
        return self.matched / self.issues if self.issues else None


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one simulated patrol."""

    total: ClassScore
    by_class: dict[str, ClassScore]
    duplicates: int
    error_m: NDArray[np.float64]
    inside_95: NDArray[np.bool_]

    @property
    def duplicate_share(self) -> float:
        """Share of the issues that stand for a planted problem which another issue already stands for."""
        return self.duplicates / self.total.issues if self.total.issues else 0.0


@dataclass(frozen=True, slots=True)
class _Points:
    """Places of one class in metres, with covariances (n, 3) where they have them."""

    east_north_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.east_north_m)


def score_issues(truth: dict[str, Any], issues: Sequence[Issue]) -> Score:
    """Match issues to planted problems, one to one within each class, by the least total distance.

    Parameters
    ----------
    truth
        GeoJSON of the scene: points with ``planted`` and ``class``.
    issues
        What the patrol found.
    """
    planted = [feature for feature in truth["features"] if feature["properties"]["planted"]]
    lon, lat = planted[0]["geometry"]["coordinates"][:2] if planted else (issues[0].lon_deg, issues[0].lat_deg)
    frame = LocalFrame(float(lon), float(lat))
    names = sorted({feature["properties"]["class"] for feature in planted} | {issue.problem.id for issue in issues})
    by_class, duplicates, errors, inside = {}, 0, [np.empty(0)], [np.empty(0, dtype=bool)]
    for name in names:
        truths = _truth_points([f for f in planted if f["properties"]["class"] == name], frame)
        found = _issue_points([issue for issue in issues if issue.problem.id == name], frame)
        rows, columns, distance = _assign(truths, found)
        by_class[name] = ClassScore(len(truths), len(found), len(rows))
        spare = np.setdiff1d(np.arange(len(found)), columns)
        near_matched = distance[np.ix_(rows, spare)] <= MATCH_WITHIN_M
        duplicates += int(near_matched.any(axis=0).sum())
        errors.append(distance[rows, columns])
        inside.append(_inside95(truths.east_north_m[rows], found, columns))
    total = ClassScore(
        *(sum(getattr(s, field) for s in by_class.values()) for field in ("planted", "issues", "matched"))
    )
    return Score(total, by_class, duplicates, np.concatenate(errors), np.concatenate(inside))


def _truth_points(features: list[dict[str, Any]], frame: LocalFrame) -> _Points:
    lonlat = np.array([feature["geometry"]["coordinates"][:2] for feature in features], dtype=float).reshape(-1, 2)
    return _Points(frame.to_metres(lonlat), np.zeros((len(features), 3)))


def _issue_points(issues: Sequence[Issue], frame: LocalFrame) -> _Points:
    lonlat = np.array([(issue.lon_deg, issue.lat_deg) for issue in issues], dtype=float).reshape(-1, 2)
    covariance = np.array([issue.covariance_en_m2 for issue in issues], dtype=float).reshape(-1, 3)
    return _Points(frame.to_metres(lonlat), covariance)


def _assign(truths: _Points, found: _Points) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return matched rows, matched columns and all distances (m)."""
    distance = np.linalg.norm(truths.east_north_m[:, None] - found.east_north_m[None], axis=-1)
    far = 1e6  # so far beyond the gate that a pair inside it is always preferred
    rows, columns = linear_sum_assignment(np.where(distance <= MATCH_WITHIN_M, distance, far))
    near = distance[rows, columns] <= MATCH_WITHIN_M
    return rows[near], columns[near], distance


def _inside95(truth_en: NDArray[np.float64], found: _Points, columns: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether each true place lies in its issue's 95 % ellipse."""
    east, north = (truth_en - found.east_north_m[columns]).T
    ee, en, nn = found.covariance_m2[columns].T
    squared = (nn * east**2 - 2 * en * east * north + ee * north**2) / (ee * nn - en**2)
    return np.asarray(squared <= CHI2_95_2D)
