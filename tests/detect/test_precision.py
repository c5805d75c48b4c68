"""Average precision equals the COCO task's own evaluation code, on random and on awkward cases."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.detect.precision import SIZES_PX2, Scene, average_precision, counts_at, match


def _random_scene(random, labels, finds, spread):
    label = random.uniform(0, spread, (labels, 2))
    label = np.hstack([label, label + random.uniform(3, 130, (labels, 2))])
    near = label[random.integers(0, labels, finds)] if labels else np.zeros((finds, 4))
    find = near + random.normal(0, random.uniform(0.5, 12), (finds, 4))
    find = np.hstack([np.minimum(find[:, :2], find[:, 2:]), np.maximum(find[:, :2], find[:, 2:]) + 1])
    crowd = random.random(labels) < 0.1
    area = np.prod(label[:, 2:] - label[:, :2], axis=1) * random.uniform(0.6, 1.0, labels)
    score = np.round(random.random(finds), int(random.integers(1, 5)))  # with ties
    return Scene(label, area, crowd, np.zeros(labels, dtype=bool), find, score)


def _coco(scenes):
    """Return precision (overlaps,) for each size range as pycocotools computes it."""
    coco = pytest.importorskip("pycocotools.coco", reason="needs the Python package pycocotools")
    evaluation = pytest.importorskip("pycocotools.cocoeval", reason="needs the Python package pycocotools")

    images = [{"id": number} for number in range(1, len(scenes) + 1)]
    labels, finds = [], []
    for image, scene in zip(images, scenes, strict=True):
        for box, area, crowd in zip(scene.label, scene.area_px2, scene.is_crowd, strict=True):
            labels.append(
                {
                    "id": len(labels) + 1,
                    "image_id": image["id"],
                    "category_id": 1,
                    "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                    "area": area,
                    "iscrowd": int(crowd),
                }
            )
        for box, score in zip(scene.find, scene.score, strict=True):
            bbox = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
            finds.append({"image_id": image["id"], "category_id": 1, "bbox": bbox, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = {"images": images, "annotations": labels, "categories": [{"id": 1, "name": "x"}]}
        truth.createIndex()
        run = evaluation.COCOeval(truth, truth.loadRes(finds), "bbox")
        run.evaluate()
        run.accumulate()
    values = run.eval["precision"][:, :, 0, :, -1]
    return {name: values[:, :, number].mean(axis=1) for number, name in enumerate(("all", "small", "medium", "large"))}


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from([60.0, 300.0, 900.0]))
@settings(max_examples=40)
def test_average_precision_equals_pycocotools(seed, images, spread):
    random = np.random.default_rng(seed)
    scenes = [
        _random_scene(random, int(random.integers(0, 30)), int(random.integers(0, 140)), spread) for _ in range(images)
    ]
    if not any(len(scene.find) for scene in scenes):
        return
    expected = _coco(scenes)
    for name, size in SIZES_PX2.items():
        ours = average_precision([match(scene, size) for scene in scenes])
        if np.isnan(ours).all():
            assert (expected[name] == -1).all()
        else:
            assert ours == pytest.approx(expected[name], abs=1e-6)


def _boxes(*rows):
    return np.array(rows, dtype=float).reshape(-1, 4)


def test_all_found_and_nothing_else_is_one():
    label = _boxes((0, 0, 10, 10), (20, 20, 40, 40))
    scene = Scene(label, np.array([100.0, 400.0]), np.zeros(2, bool), np.zeros(2, bool), label, np.array([0.9, 0.8]))
    assert average_precision([match(scene)]) == pytest.approx(1.0)
    assert counts_at([scene], 0.85) == (1, 0, 1)


def test_nothing_to_find_has_no_precision():
    none = np.zeros(0, dtype=bool)
    scene = Scene(_boxes(), np.zeros(0), none, none, _boxes((0, 0, 5, 5)), np.array([0.5]))
    assert np.isnan(average_precision([match(scene)])).all()
    assert counts_at([scene], 0.5) == (0, 1, 0)


def test_finds_in_a_region_without_labels_are_neither_true_nor_false():
    region = _boxes((0, 0, 100, 100))
    yes = np.ones(1, dtype=bool)
    scene = Scene(region, np.array([1e4]), yes, yes, _boxes((5, 5, 20, 20), (60, 60, 80, 80)), np.array([0.9, 0.8]))
    assert counts_at([scene], 0.1) == (0, 0, 0)


def test_every_find_counts_at_the_threshold_however_many_there_are():
    """COCO's limit of 100 finds is one of average precision alone."""
    corner = np.stack(np.meshgrid(np.arange(15.0), np.arange(10.0)), axis=-1).reshape(-1, 2) * 40
    label = np.hstack([corner, corner + 20])
    none, area = np.zeros(150, dtype=bool), np.full(150, 400.0)
    there = Scene(label, area, none, none, label, np.full(150, 0.9))
    assert counts_at([there], 0.3) == (150, 0, 0)
    assert counts_at([there], 0.95) == (0, 0, 150)
    assert average_precision([match(there)])[0] < 0.7
    false = Scene(label[:1] + 2000, area[:1], none[:1], none[:1], label, np.full(150, 0.9))
    assert counts_at([false], 0.3) == (0, 150, 1)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(max_examples=40)
def test_counts_equal_those_of_the_curve_while_the_limit_is_not_reached(seed, threshold):
    """The sure finds alone are matched as among all: matching goes from the best down."""
    random = np.random.default_rng(seed)
    scene = _random_scene(random, int(random.integers(0, 30)), int(random.integers(0, 100)), 300.0)
    for size in SIZES_PX2.values():
        among_all = match(scene, size)
        used = (among_all.score >= threshold) & ~among_all.is_ignored[0]
        good = np.count_nonzero(among_all.is_true[0] & used)
        bad = np.count_nonzero(~among_all.is_true[0] & used)
        assert counts_at([scene], threshold, size) == (good, bad, among_all.labels - good)
