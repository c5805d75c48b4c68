"""The errors that are drawn are those that the table promises, and the same ones whenever they are drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.sim.noise import NOISE, PERFECT, flight_bias, photo_error

PHOTOS = 4000


@pytest.fixture(scope="module")
def photos():
    errors = [photo_error(NOISE, 7, "sortie-01", number) for number in range(1, PHOTOS + 1)]
    return {name: np.array([getattr(error, name) for error in errors]) for name in type(errors[0]).__dataclass_fields__}


@pytest.mark.parametrize(
    ("name", "sigma"),
    [
        ("north_m", 1.0),
        ("east_m", 1.0),
        ("height_m", 0.5),
        ("turn_deg", 2.0),
        ("tilt_pitch_deg", 0.7),
        ("tilt_roll_deg", 0.7),
    ],
)
def test_errors_of_photos_follow_the_table(photos, name, sigma):
    drawn = photos[name] / sigma
    assert abs(drawn.mean()) < 4 / np.sqrt(PHOTOS)
    assert abs(drawn.std() - 1) < 4 / np.sqrt(2 * PHOTOS)
    assert abs(np.mean(np.abs(drawn) < 1) - 0.6827) < 0.03


def test_errors_of_photos_do_not_hang_together(photos):
    correlation = np.corrcoef(np.stack(list(photos.values())))
    assert np.abs(correlation - np.eye(len(photos))).max() < 0.07


def test_biases_of_flights_follow_the_table():
    biases = [flight_bias(NOISE, seed, "sortie-01") for seed in range(2000)]
    drawn = np.array([(bias.north_m, bias.east_m, bias.height_m) for bias in biases])
    assert np.abs(drawn.mean(axis=0)).max() < 0.1
    assert np.abs(drawn.std(axis=0) - 1.0).max() < 0.07


@given(st.integers(0, 2**32), st.text(max_size=12), st.integers(1, 5000))
@settings(max_examples=30)
def test_a_draw_depends_on_seed_flight_and_photo_alone(seed, flight, number):
    alone = photo_error(NOISE, seed, flight, number)
    flight_bias(NOISE, seed, flight)
    photo_error(NOISE, seed, flight, number + 1)
    assert photo_error(NOISE, seed, flight, number) == alone
    assert photo_error(NOISE, seed, flight, number + 1) != alone
    assert photo_error(NOISE, seed + 1, flight, number) != alone


def test_perfect_sensors_are_right():
    assert photo_error(PERFECT, 1, "a", 1).turn_deg == 0.0
    assert flight_bias(PERFECT, 1, "a").height_m == 0.0
