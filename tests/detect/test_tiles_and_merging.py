import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dronepatrol.detect import nms
from dronepatrol.detect.nms import iou, keep_best, yield_to_whole
from dronepatrol.detect.tiles import (
    CAR_M,
    OVERLAP,
    tile_size_px,
    tile_sizes_px,
    tiles,
    touches_inner_border,
    trusted_px,
)

sides = st.integers(1, 700)


@given(sides, sides, st.integers(16, 300))
@settings(max_examples=60)
def test_tiles_cover_the_image_and_stay_inside(width, height, tile_px):
    cut = tiles((width, height), tile_px)
    covered = np.zeros((height, width), dtype=bool)
    for left, top, right, bottom in cut:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert right - left <= tile_px
        assert bottom - top <= tile_px
        covered[top:bottom, left:right] = True
    assert covered.all()
    assert len(np.unique(cut, axis=0)) == len(cut)


@given(st.integers(100, 5000), st.integers(16, 400), st.floats(0, 1))
@settings(max_examples=60)
def test_what_is_smaller_than_the_overlap_is_whole_in_some_tile(length, tile_px, where):
    cut = tiles((length, 10), tile_px)
    size = int(tile_px * OVERLAP) - 1
    start = where * max(length - size, 0)
    assert any(left <= start and start + min(size, length) <= right for left, _, right, _ in cut)


@given(st.floats(0.001, 1.0))
def test_a_car_has_the_size_that_the_network_knows(gsd_m):
    car_px = CAR_M / gsd_m * 416 / tile_size_px(416, gsd_m)
    assert 40 <= car_px <= 50 or gsd_m > 0.4  # coarser images would have to be blown up more than fourfold


@pytest.mark.parametrize("gsd_m", [1.2, 2.0, 10.0, 100.0])
def test_where_no_car_can_be_seen_pixels_are_not_enlarged(gsd_m):
    """A photo of 12 MP then has a fifteenth of the tiles; a car of 4 px is still enlarged."""
    sizes = tile_sizes_px((4000, 3000), 416, gsd_m)
    assert sizes == [416, 1664]
    assert sum(len(tiles((4000, 3000), size)) for size in sizes) < 150
    assert tile_size_px(416, CAR_M / 4.0) == 104


@pytest.mark.parametrize("gsd_m", [None, float("nan"), float("inf"), 0.0, -1.0])
def test_unknown_scale_shows_pixels_as_they_are(gsd_m):
    assert tile_size_px(416, gsd_m) == 416


def test_only_borders_inside_the_image_cut():
    boxes = np.array([[-0.5, 3, 20, 20], [30, 30, 99.5, 60], [10, 10, 20, 20], [30, 60, 40, 99.5]])
    assert touches_inner_border(boxes, np.array([0, 0, 100, 100]), (200, 100), 1.0).tolist() == [
        False,
        True,
        False,
        False,
    ]


boxes_of = arrays(np.float64, st.tuples(st.integers(0, 60), st.just(4)), elements=st.floats(0, 100, width=32)).map(
    lambda a: np.concatenate([a[:, :2], a[:, :2] + a[:, 2:] / 2 + 0.1], axis=1)
)


def _simple(xyxy, score, kind, max_iou):
    """Greedy suppression as everybody writes it first."""
    kept = []
    for i in sorted(range(len(score)), key=lambda i: -score[i]):
        if all(kind[j] != kind[i] or iou(xyxy[[i]], xyxy[[j]])[0] <= max_iou for j in kept):
            kept.append(i)
    return kept


@given(boxes_of, st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_merging_equals_the_simple_way(xyxy, seed):
    random = np.random.default_rng(seed)
    score, kind = random.integers(0, 8, len(xyxy)) / 8, random.integers(0, 3, len(xyxy))
    assert keep_best(xyxy, score, kind, max_iou=0.4).tolist() == _simple(xyxy, score, kind, 0.4)


def test_merging_equals_the_simple_way_across_blocks(monkeypatch):
    monkeypatch.setattr(nms, "_BLOCK", 50)
    random = np.random.default_rng(1)
    corner = random.uniform(0, 100, (400, 2))
    xyxy = np.concatenate([corner, corner + random.uniform(5, 40, (400, 2))], axis=1)
    score, kind = random.random(400), random.integers(0, 2, 400)
    kept = keep_best(xyxy, score, kind, max_iou=0.3)
    assert 50 < len(kept) < 350
    assert kept.tolist() == _simple(xyxy, score, kind, 0.3)


def test_parts_of_a_better_box_go_and_what_holds_a_better_box_stays():
    xyxy = np.array([[0, 0, 100, 40], [5, 5, 35, 30], [200, 0, 300, 40], [205, 5, 235, 30.0]])
    score = np.array([0.9, 0.5, 0.4, 0.8])
    kind = np.zeros(4, dtype=int)
    assert keep_best(xyxy, score, kind, max_iou=0.5, max_inside=0.8).tolist() == [0, 3, 2]
    assert keep_best(xyxy, score, np.array([0, 1, 0, 1]), max_iou=0.5, max_inside=0.8).tolist() == [0, 3, 1, 2]


def test_unknown_scale_is_looked_at_whole_and_in_halves_while_there_are_pixels():
    assert tile_sizes_px((4000, 3000), 416, None) == [500, 1000, 2000, 4000]
    assert tile_sizes_px((1000, 600), 640, None) == [500, 1000]
    assert tile_sizes_px((416, 416), 416, float("nan")) == [208, 416]


def test_every_length_is_trusted_in_some_size_of_tile():
    for sizes in ([640], [640, 2560], [208, 416]):
        for length_px in np.geomspace(1, 1e5, 200):  # in pixels of the smallest tile's input
            ranges = [trusted_px(sizes, number) for number in range(len(sizes))]
            assert any(
                low <= length_px * sizes[0] / size <= high for size, (low, high) in zip(sizes, ranges, strict=True)
            )


def test_known_scale_is_looked_at_for_cars_and_for_what_is_too_long_for_the_overlap():
    assert tile_sizes_px((4000, 3000), 416, 0.065) == [640, 2560]
    assert tile_sizes_px((4000, 3000), 416, 0.0125) == [3328, 4000]
    assert tile_sizes_px((4000, 3000), 416, 0.005) == [8320]


@pytest.mark.parametrize("spread", [20_000.0, 300.0])
def test_merging_many_boxes_is_fast(spread):
    """Crowded or spread out, 20,000 boxes merge in well under a second, also on a busy machine."""
    random = np.random.default_rng(2)
    corner = random.uniform(0, spread, (20_000, 2))
    xyxy = np.concatenate([corner, corner + 30], axis=1)
    start = time.perf_counter()
    keep_best(xyxy, random.random(20_000), random.integers(0, 5, 20_000), max_iou=0.5)
    assert time.perf_counter() - start < 3.0


def test_cut_boxes_give_way_to_whole_ones_of_their_kind():
    xyxy = np.array([[0, 0, 100, 50], [0, 0, 60, 50], [0, 0, 60, 50], [90, 0, 200, 50.0]])
    kind = np.array([0, 0, 1, 0])
    stays = yield_to_whole(xyxy, np.full(4, 0.5), kind, np.array([False, True, True, True]), max_share=0.6, sure=0.3)
    assert stays.tolist() == [True, False, True, True]


def test_boxes_that_are_there_for_measuring_alone_change_nothing_above_the_threshold():
    rng = np.random.default_rng(5)
    corner = rng.uniform(0, 300, (400, 2))
    xyxy = np.concatenate([corner, corner + rng.uniform(20, 60, (400, 2))], axis=1)
    score, kind, is_cut = rng.random(400), rng.integers(0, 2, 400), rng.random(400) < 0.4
    counts = score >= 0.3

    def kept(which):
        number = np.flatnonzero(which)
        columns = xyxy[number], score[number], kind[number], is_cut[number]
        number = number[yield_to_whole(*columns, max_share=0.6, sure=0.3)]
        return set(number[keep_best(xyxy[number], score[number], kind[number], max_iou=0.5, max_inside=0.8)].tolist())

    assert {number for number in kept(score > 0) if counts[number]} == kept(counts)
    whole, cut = np.array([[0.0, 0, 50, 40], [0, 0, 40, 30]]), np.array([False, True])
    both = np.zeros(2, dtype=np.intp)
    for scores, stays in (((0.35, 0.9), False), ((0.02, 0.9), True), ((0.1, 0.2), True), ((0.2, 0.1), False)):
        assert yield_to_whole(whole, np.array(scores), both, cut, max_share=0.6, sure=0.3)[1] == stays, scores
