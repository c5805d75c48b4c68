"""Heaps are outlined, and pixels tell whether two pictures show the same one; on drawn pictures."""

import cv2
import numpy as np
import pytest
import shapely

from dronepatrol.detect.change import overlay
from dronepatrol.detect.heap_change import AS_IT_IS, BESIDE_M, COARSEST_M, STEP_M, exposures, heaps, same_thing

GSD_M = 0.05


def _ground(seed=0, *, heap=None, size=600, step_m=GSD_M):
    """Return a brownish field; ``heap`` is the seed of a heap of rubble, 6 by 5 m, in its middle."""
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.normal(0, 1, (size, size)).astype(np.float32), (0, 0), 0.4 / step_m)
    image = np.array([70, 110, 130]) + (40 * noise / noise.std() / 4)[:, :, None] * np.array([0.8, 1.0, 1.0])
    image = np.clip(image, 0, 255).astype(np.uint8)
    if heap is None:
        return image
    random, middle = np.random.default_rng(heap), size / 2
    cv2.ellipse(image, (size // 2, size // 2), (round(3 / step_m), round(2.5 / step_m)), 0, 0, 360, (110, 112, 114), -1)
    for _ in range(180):
        turn, radius = random.uniform(0, 2 * np.pi), np.sqrt(random.random())
        at = middle + radius * np.array([2.8 * np.cos(turn), 2.3 * np.sin(turn)]) / step_m
        grey = int(random.choice([55, 90, 150, 205]))
        box = (at.tolist(), (random.uniform(0.25, 0.6, 2) / step_m).tolist(), random.uniform(0, 180))
        cv2.fillPoly(image, [np.rint(cv2.boxPoints(box)).astype(np.int32)], (grey, grey, grey))
    return image


def test_a_heap_is_outlined_in_pixels_of_its_picture():
    found = [heap for heap in heaps(_ground(heap=1), GSD_M) if heap.kind == "waste_heap"]
    assert len(found) == 1
    truth = shapely.affinity.scale(shapely.Point(300, 300).buffer(1), 3 / GSD_M, 2.5 / GSD_M)
    outline = found[0].outline_px
    assert outline.intersection(truth).area > 0.7 * outline.union(truth).area


@pytest.mark.parametrize("gsd_m", [0.0, -1.0, float("nan"), COARSEST_M * 1.01])
def test_coarse_pictures_and_none_without_a_scale_show_heaps(gsd_m):
    assert heaps(_ground(heap=1), gsd_m) == []


def _patch(**options):
    """Return a picture as :func:`same_thing` takes it, with the outline in its middle."""
    size = round((6 + 4 * BESIDE_M) / STEP_M)
    outline = shapely.affinity.scale(shapely.Point(size / 2, size / 2).buffer(1), 3 / STEP_M, 2.5 / STEP_M)
    return _ground(**options, size=size, step_m=STEP_M), outline


@pytest.mark.parametrize(("gain", "more"), [(1.0, 0), (0.7, 10), (1.2, -10)])
@pytest.mark.parametrize("shift", [(0, 0), (7, -5)])
def test_the_same_heap_is_the_same_in_another_light_and_beside_its_place(gain, more, shift):
    one, outline = _patch(heap=1)
    other = np.clip(np.roll(one, shift, (0, 1)) * gain + more, 0, 255).astype(np.uint8)
    assert same_thing(one, other, outline)


@pytest.mark.parametrize("seed", range(5))
def test_ground_and_another_heap_are_not_the_same(seed):
    one, outline = _patch(heap=100 + seed)
    for other in (_patch()[0], _patch(heap=200 + seed)[0], np.full_like(one, 120)):
        assert not same_thing(one, other, outline)


def test_the_duller_picture_is_brought_to_the_exposure_of_the_other():
    one = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (600, 600, 1)).astype(np.float32), (0, 0), 30)
    one = np.clip(120 + 40 * one / one.std(), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    dull = np.clip(one * 0.8 + 8, 0, 255).astype(np.uint8)
    for pair, place in (((dull, one), 0), ((one, dull), 1)):
        found = exposures(overlay(*pair, GSD_M))
        assert found[1 - place] == AS_IT_IS
        assert found[place][0] == pytest.approx(1.25, rel=0.05)
        assert found[place][0] * 8 + found[place][1] == pytest.approx(0.0, abs=8.0)


def test_even_pictures_are_left_as_they_are():
    even = np.full((100, 100, 3), 120, np.uint8)
    assert exposures(overlay(even, even // 2, GSD_M)) == (AS_IT_IS, AS_IT_IS)
