"""Structures that come and go are found through changes of light, and what only looks different is not."""

import cv2
import numpy as np
import pytest

from dronepatrol.detect.change import as_mask, compare, plain_difference
from dronepatrol.errors import InputError

STEP_M = 0.5


def _field(seed=0, *, roofs=(), season=1.0):
    """Return 128 by 128 m of brown and green ground with grey roofs (left, top, right, bottom in pixels)."""
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.normal(0, 1, (256, 256)).astype(np.float32), (0, 0), 6)
    image = np.array([60, 110, 120]) + 60 * noise[:, :, None] * np.array([0.6, 1.0, 0.9])
    image = np.clip(image, 0, 255).astype(np.uint8)
    for left, top, right, bottom in roofs:
        image[bottom : bottom + 5, left:right] = (20, 24, 24)
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), (150, 152, 152), -1)
        cv2.rectangle(image, (left, (top + bottom) // 2), (right - 1, (top + bottom) // 2 + 1), (120, 122, 122), -1)
    return np.clip(image * season + (1 - season) * 40, 0, 255).astype(np.uint8)


OLD, NEW = (40, 40, 80, 70), (150, 120, 190, 170)


def test_a_new_roof_appears_and_an_old_one_stays():
    changes = compare(_field(roofs=[OLD]), _field(roofs=[OLD, NEW], season=0.8), STEP_M)
    assert [change.appeared for change in changes] == [True]
    assert changes[0].outline_px.bounds == pytest.approx(NEW, abs=5)
    assert changes[0].area_m2 == pytest.approx(40 * 50 * STEP_M**2, rel=0.25)


def test_a_roof_that_is_taken_away_disappears():
    changes = compare(_field(roofs=[OLD, NEW]), _field(roofs=[OLD], season=1.2), STEP_M)
    assert [change.appeared for change in changes] == [False]
    assert changes[0].outline_px.bounds == pytest.approx(NEW, abs=5)


@pytest.mark.parametrize("season", [0.7, 1.0, 1.25])
def test_light_alone_changes_nothing(season):
    assert compare(_field(roofs=[OLD, NEW]), _field(roofs=[OLD, NEW], season=season), STEP_M) == []


def test_a_few_metres_of_misplacement_change_nothing():
    before = np.roll(_field(roofs=[OLD, NEW]), (6, -8), axis=(0, 1))
    assert compare(before, _field(roofs=[OLD, NEW]), STEP_M) == []


def test_an_earlier_picture_of_another_scale_is_brought_onto_the_later():
    before = cv2.resize(_field(roofs=[OLD]), (512, 512), interpolation=cv2.INTER_CUBIC)
    changes = compare(before, _field(roofs=[OLD, NEW]), STEP_M, np.diag([0.5, 0.5, 1.0]))
    assert [change.appeared for change in changes] == [True]
    assert changes[0].outline_px.bounds == pytest.approx(NEW, abs=6)


def test_nothing_is_said_of_what_the_earlier_picture_did_not_show():
    before = _field(roofs=[OLD])[:, :128]
    assert compare(before, _field(roofs=[OLD, NEW]), STEP_M) == []


def test_small_things_are_no_structures():
    assert compare(_field(), _field(roofs=[(100, 100, 108, 108)]), STEP_M) == []


def _paving(seed, shadow):
    """Return 128 by 128 m of grey paving, whose faint grain is another in every picture, with a shadow at a column."""
    image = np.full((256, 256, 3), (128, 130, 130), np.uint8)
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (256, 256, 1)).astype(np.float32), (0, 0), 2)
    image[60:90, shadow : shadow + 20] //= 2
    return np.clip(image + (5 * grain / grain.std())[..., None], 0, 255).astype(np.uint8)


def test_even_paving_is_no_structure_whatever_its_grain():
    assert compare(_paving(1, 60), _paving(2, 80), STEP_M) == []


@pytest.mark.parametrize(
    ("before", "gsd_m", "match"),
    [
        (np.zeros((64, 64), np.uint8), 0.5, "the earlier picture has the shape"),
        (np.zeros((4, 64, 3), np.uint8), 0.5, "the earlier picture has the shape"),
        (np.zeros((64, 64, 3), np.uint8), 0.0, "expected a positive number"),
        (np.zeros((64, 64, 3), np.uint8), float("nan"), "expected a positive number"),
    ],
)
def test_bad_input_is_named(before, gsd_m, match):
    with pytest.raises(InputError, match=match):
        compare(before, _field(), gsd_m)


def _f1(pairs):
    true = sum(np.count_nonzero(found & there) for found, there in pairs)
    wrong = sum(np.count_nonzero(found ^ there) for found, there in pairs)
    return 2 * true / (2 * true + wrong)


def test_real_pairs_are_read_twice_as_well_as_by_differencing(testdata):
    root = testdata("detection/change_pairs")
    ours, plain = [], []
    for path in sorted((root / "A").glob("*.png")):
        before, after = (cv2.imread(str(root / side / path.name)) for side in "AB")
        there = cv2.imread(str(root / "label" / path.name), cv2.IMREAD_GRAYSCALE) > 0
        found = as_mask(compare(before, after, STEP_M), there.shape[::-1], appeared=True)
        ours.append((found, there))
        plain.append((plain_difference(before, after), there))
    assert len(ours) == 6
    assert _f1(ours) >= 2 * _f1(plain)
