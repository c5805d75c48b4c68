"""The flights' biases: the thin solve equals the whole one, and covariances stay covariances."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.issues.flights import estimated, solved
from dronepatrol.issues.sightings import Sightings, shared_bias_m2


def made_up(seed: int, lean_m: float) -> tuple[Sightings, np.ndarray]:
    """Random sightings of 6 things by 3 flights, not every flight of every thing."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(6), rng.integers(0, 6, 18)])
    flight = np.concatenate([np.arange(6) % 3, rng.integers(0, 3, 18)])
    n = len(labels)
    roots = rng.normal(size=(n, 2, 2))
    lean = rng.normal(0, lean_m, (n, 2))
    seen = Sightings(
        place_m=rng.normal(0, 50, (6, 2))[labels] + rng.normal(0, 2, (n, 2)),
        photo_m2=roots @ np.swapaxes(roots, 1, 2) + 0.2 * np.eye(2),
        apart_m2=np.tile(np.eye(2), (n, 1, 1)),
        bias_m2=np.array([1.0, 2.0, 0.5])[flight][:, None, None] * np.eye(2) + lean[:, :, None] * lean[:, None],
        box_sigma_m=np.full(n, 0.2),
        photo=np.arange(n),
        flight=flight,
        kind=np.zeros(n, dtype=np.intp),
    )
    return seen, labels


def whole_solve(s: Sightings, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The textbook normal equations of all things and all flights at once."""
    k, flights = labels.max() + 1, s.flight.max() + 1
    size = 2 * (k + flights)
    normal, right = np.zeros((size, size)), np.zeros(size)
    for place, covariance, thing, flight in zip(s.place_m, s.photo_m2, labels, s.flight, strict=True):
        design = np.zeros((2, size))
        design[:, 2 * thing : 2 * thing + 2] = design[:, 2 * (k + flight) : 2 * (k + flight) + 2] = np.eye(2)
        weight = np.linalg.inv(covariance)
        normal += design.T @ weight @ design
        right += design.T @ weight @ place
    for flight, prior in enumerate(shared_bias_m2(s)):
        at = slice(2 * (k + flight), 2 * (k + flight) + 2)
        normal[at, at] += np.linalg.inv(prior)
    covariance = np.linalg.inv(normal)
    return (covariance @ right).reshape(-1, 2), covariance


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_thin_solve_is_the_whole_one(seed) -> None:
    seen, labels = made_up(seed, 0.0)
    values, covariance = whole_solve(seen, labels)
    biases = estimated(seen, labels)
    places = solved(seen, labels, biases)
    assert biases.mean_m == pytest.approx(values[6:], abs=1e-6)
    assert places.mean_m == pytest.approx(values[:6], abs=1e-6)
    for thing in range(6):
        block = covariance[2 * thing : 2 * thing + 2, 2 * thing : 2 * thing + 2]
        assert places.covariance_m2[thing] == pytest.approx(block, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 5), st.floats(1e-4, 1))
def test_covariances_stay_positive_however_the_height_leans(seed, lean, photo) -> None:
    seen, labels = made_up(seed, lean)
    sharp = replace(seen, photo_m2=seen.photo_m2 * photo)
    places = solved(sharp, labels, estimated(sharp, labels))
    assert (np.linalg.eigvalsh(places.covariance_m2) > 0).all()
    assert shared_bias_m2(seen)[0, 0, 0] == pytest.approx(1.0)
