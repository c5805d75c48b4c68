"""Views into things: laws of merging, and figures on synthetic flights with biases (geometry only, made up)."""

from dataclasses import dataclass

import numpy as np
import pytest

from dronepatrol.issues.confidence import MIN_SUPPORT, chances, support
from dronepatrol.issues.merge import Cluster, merge
from dronepatrol.locate.observe import observe

SCATTERED = np.random.default_rng(5).uniform((0, 0), (300, 240), (30, 2))


@dataclass(frozen=True)
class Result:
    """What merging made of a synthetic patrol."""

    clusters: list[Cluster]
    place_m: np.ndarray
    owner: np.ndarray
    kept: np.ndarray
    error_m: np.ndarray
    squared: np.ndarray
    seen: set[int]

    @property
    def duplicates(self) -> int:
        return int(self.kept.sum()) - len(set(self.owner[self.kept]))

    @property
    def lost(self) -> int:
        """Things that were seen but have no issue of their own."""
        return len(self.seen - set(self.owner[self.kept]))


def merged(patrol) -> Result:
    observations, skipped = observe(patrol.detections, patrol.shots, object_height_m={})
    assert not skipped
    clusters = merge(observations, patrol.shots)
    place = patrol.frame.to_metres([(cluster.lon_deg, cluster.lat_deg) for cluster in clusters])
    members = [[patrol.thing_of[name] for name in cluster.observation_ids] for cluster in clusters]
    owner = np.array([np.bincount(things).argmax() for things in members])
    hits = np.array([len(things) for things in members])
    kept = support(hits, chances(place, patrol.shots, patrol.frame)) >= MIN_SUPPORT
    ee, en, nn = np.array([cluster.covariance_en_m2 for cluster in clusters]).T
    error = place - patrol.truth_m[owner]
    squared = (nn * error[:, 0] ** 2 - 2 * en * error[:, 0] * error[:, 1] + ee * error[:, 1] ** 2) / (ee * nn - en**2)
    return Result(clusters, place, owner, kept, error, squared, set(patrol.thing_of.values()))


def row_of(count: int, spacing_m: float, start=(150.0, 120.0), azimuth_deg=40.0) -> np.ndarray:
    step = spacing_m * np.array([np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))])
    return np.array(start) + step * np.arange(count)[:, None]


@pytest.mark.parametrize("seed", range(3))
def test_every_observation_is_in_one_group_and_no_photo_is_twice_in_one(synthetic, seed) -> None:
    patrol = synthetic(np.vstack([SCATTERED, row_of(8, 3.0)]), flights=3, seed=seed)
    clusters = merged(patrol).clusters
    names = [name for cluster in clusters for name in cluster.observation_ids]
    assert sorted(names) == sorted(patrol.detections["detection_id"])
    for cluster in clusters:
        photos = [name.split("#")[0] for name in cluster.observation_ids]
        assert len(set(photos)) == len(photos)


def test_the_order_of_rows_does_not_matter(synthetic) -> None:
    patrol = synthetic(np.vstack([SCATTERED, row_of(6, 4.0)]), flights=2, seed=4)
    observations, _ = observe(patrol.detections, patrol.shots, object_height_m={})
    shuffled = observations.sample(frac=1, random_state=2)
    assert merge(shuffled) == merge(observations) == merge(observations)


def test_without_noise_every_thing_is_found_once_and_in_its_place(synthetic) -> None:
    still = {
        "position_m": 0.001, "position_bias_m": 0.001, "height_m": 0.001, "height_bias_m": 0.001, "yaw_deg": 0.001,
        "tilt_deg": 0.001, "box_px": 0.01, "miss_share": 0.0,
    }  # fmt: skip
    found = merged(synthetic(np.vstack([SCATTERED, row_of(6, 1.5)]), flights=2, **still))
    assert len(found.clusters) == 36
    assert np.abs(found.error_m).max() < 0.05


def test_kinds_are_never_merged(synthetic) -> None:
    patrol = synthetic(np.repeat(SCATTERED[:10], 2, axis=0), kinds=["car", "bicycle"] * 10, seed=1)
    clusters = merged(patrol).clusters
    kind_of = dict(zip(patrol.detections["detection_id"], patrol.detections["kind"], strict=True))
    for cluster in clusters:
        assert {kind_of[name] for name in cluster.observation_ids} == {cluster.kind}
    assert len(clusters) == pytest.approx(20, abs=2)


def test_no_observations_and_a_single_one(synthetic) -> None:
    patrol = synthetic(SCATTERED, seed=1)
    observations, _ = observe(patrol.detections, patrol.shots, object_height_m={})
    assert merge(observations.iloc[:0]) == []
    (one,) = merge(observations.iloc[:1])
    row = observations.iloc[0]
    assert (one.lon_deg, one.lat_deg) == pytest.approx((row.geometry.x, row.geometry.y), abs=1e-9)
    whole = [row[f"photo_{k}_m2"] + row[f"bias_{k}_m2"] for k in ("ee", "en", "nn")]
    assert one.covariance_en_m2 == pytest.approx(whole, rel=0.01)


def test_a_flight_that_is_far_off_is_brought_back(synthetic) -> None:
    """Biases of 4 m that the poses own up to: things seen by two flights are still one each."""
    things = np.random.default_rng(6).uniform((0, 0), (150, 300), (30, 2))
    results = [merged(synthetic(things, flights=2, seed=seed, position_bias_m=4.0)) for seed in range(8)]
    assert sum(result.duplicates for result in results) <= 0.03 * 240
    assert sum(result.lost for result in results) <= 0.03 * 240


def figures(synthetic, things: np.ndarray, seeds: int, **noise: float) -> dict[str, float]:
    results = [merged(synthetic(things, flights=3, seed=100 + seed, **noise)) for seed in range(seeds)]
    kept = sum(int(result.kept.sum()) for result in results)
    squared = [result.squared[result.kept] for result in results]
    return {
        "duplicate_share": sum(result.duplicates for result in results) / kept,
        "lost_share": sum(result.lost for result in results) / sum(len(result.seen) for result in results),
        "inside_95": float(np.mean([(one < 5.99).mean() for one in squared])),
        "squared": float(np.mean([one.mean() for one in squared])),
        "median_m": float(np.median(np.concatenate([np.hypot(*r.error_m[r.kept].T) for r in results]))),
    }


def check_scattered(found: dict[str, float], squared_within: float) -> None:
    assert found["duplicate_share"] <= 0.01
    assert found["lost_share"] <= 0.02
    assert found["median_m"] < 1.7
    assert found["squared"] == pytest.approx(2.0, abs=squared_within)
    assert found["inside_95"] > 0.9


def check_neighbours(found: dict[str, float]) -> None:
    assert found["duplicate_share"] <= 0.03
    assert found["lost_share"] <= 0.03
    assert found["inside_95"] > 0.85


def rows_of_six(spacing_m: float) -> np.ndarray:
    return np.vstack([row_of(6, spacing_m, (60.0 + 60 * i, 60.0 + 40 * i), 35.0 * i) for i in range(4)])


def test_figures_of_scattered_things(synthetic) -> None:
    check_scattered(figures(synthetic, SCATTERED, 20), 0.6)  # a flight shares its bias: 20 patrols are 60 draws of it


def test_neighbours_at_six_metres_stay_apart(synthetic) -> None:
    check_neighbours(figures(synthetic, rows_of_six(6.0), 20))


def test_rows_at_three_metres_stay_apart_among_other_things(synthetic) -> None:
    found = figures(synthetic, np.vstack([rows_of_six(3.0), SCATTERED]), 20)
    assert found["duplicate_share"] <= 0.01
    assert found["lost_share"] <= 0.01
    assert found["inside_95"] > 0.88


@pytest.mark.campaign
def test_figures_over_many_flights(synthetic) -> None:
    check_scattered(figures(synthetic, SCATTERED, 300), 0.2)
    check_neighbours(figures(synthetic, rows_of_six(6.0), 100))


def test_noise_beyond_the_table_is_told_by_the_normalised_error(synthetic) -> None:
    """Errors 1.5 times what the poses say square to 2.25 times as much: the figure must show it."""
    worse = {"position_m": 1.5, "position_bias_m": 1.5, "height_m": 0.75, "height_bias_m": 1.5, "yaw_deg": 3.0}
    found = figures(synthetic, SCATTERED, 10, **worse, tilt_deg=1.05, table=1 / 1.5)
    assert found["squared"] > 3.2
