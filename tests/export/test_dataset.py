"""Reviewed issues as a data set: read back by what reads such data sets, and without a place in two splits."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import shapely
from tests.export.conftest import make_issue, make_shots, write_photo

from dronepatrol.detect.truth.read import read_truth
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.export.dataset import SPLITS
from dronepatrol.export.geojson import issues_geojson
from dronepatrol.export.splits import splits_of
from dronepatrol.model.issue import Evidence
from dronepatrol.model.progress import silent
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.patrol.dataset import export_dataset
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import write_table

COUNT = 24
BOX = (300.25, 200.5, 340.75, 280.125)


@pytest.fixture
def patrol(tmp_path):
    """Photos far from each other in pairs that overlap; photo i shows issue i, and photo 0 what nobody reviewed."""
    folder = PatrolFolder(tmp_path / "patrol")
    shots = make_shots(COUNT)
    squares = [
        shapely.box(x := 121 + 0.01 * (i // 2) + 0.0003 * (i % 2), 30.8, x + 0.001, 30.801) for i in range(COUNT)
    ]
    shots = shots.set_geometry(squares, crs="EPSG:4326").assign(flight_id=[f"f{i % 2}" for i in range(COUNT)])
    shots.loc[5, "quality"] = "same picture as p0004.jpg"
    rows = [_detection(i, i % 2) for i in range(COUNT)] + [_detection(0, 0, "#extra", 20.0)]
    issues = [
        make_issue(i, shot=f"s{i:04d}", photo=f"photos/p{i:04d}.jpg", evidence=(_evidence(i),)) for i in range(COUNT)
    ]
    write_table(folder.shots, shots, SHOTS)
    write_table(folder.detections, pd.DataFrame(rows), DETECTIONS)
    folder.issues.write_text(issues_geojson(issues, patrol_id="p1", generated=datetime.now(UTC)), encoding="utf-8")
    for i in range(COUNT):
        write_photo(folder.root / f"photos/p{i:04d}.jpg")
    statuses = [("rejected", "confirmed", "allowed")[i % 3] for i in range(COUNT)]
    lines = [f"{issue.id},{status}\n" for issue, status in zip(issues, statuses, strict=True)]
    (tmp_path / "reviewed.csv").write_text("id,status\n" + "".join(lines), encoding="utf-8")
    return folder


def _detection(shot, kind, mark="#0", moved=0.0):
    row = dict.fromkeys(DETECTIONS.columns, "") | {"shot_id": f"s{shot:04d}", "score": 0.8}
    edges = dict(zip(("x1_px", "y1_px", "x2_px", "y2_px"), (value + moved for value in BOX), strict=True))
    return row | edges | {"detection_id": f"s{shot:04d}{mark}", "kind": ("car", "bus")[kind]}


def _evidence(shot):
    return Evidence(f"s{shot:04d}", f"photos/p{shot:04d}.jpg", BOX, 0.8)


def _export(patrol, form, name="out"):
    out = patrol.root.parent / name
    return out, export_dataset([patrol.root], patrol.root.parent / "reviewed.csv", out, form, silent)


def test_unreviewed_and_set_aside_photos_are_left_out_and_rejected_ones_are_background(patrol):
    _, found = _export(patrol, "coco")
    assert (found.unreviewed, found.set_aside) == (1, 1)
    assert sum(found.photos.values()) == COUNT - 2
    assert found.hard_negatives == 7  # of the eight rejected, photo 0 has another box
    assert sum(found.boxes.values()) == 15  # of the sixteen that are there, photo 5 is set aside


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_what_evaluate_reads_back_are_the_boxes_of_the_detector(patrol, form):
    out, found = _export(patrol, form)
    assert min(found.photos.values()) > 0
    for split in SPLITS:
        truth = out / f"annotations/{split}.json" if form == "coco" else out / "labels" / split
        back = read_truth(truth, out / "images" / split)
        assert len(back) == found.photos[split]
        assert sum(len(one.kind) for one in back) == found.boxes[split]
        for one in back:
            np.testing.assert_allclose(one.xyxy, np.tile(BOX, (len(one.kind), 1)), atol=1e-5)
            assert set(one.kind.tolist()) <= {"car", "bus"}


def test_pycocotools_loads_it(patrol):
    pytest.importorskip("pycocotools")
    out, found = _export(patrol, "coco")
    code = (
        "import sys; from pycocotools.coco import COCO; c = COCO(sys.argv[1]); "
        "print(len(c.getImgIds()), [a['bbox'] for a in c.loadAnns(c.getAnnIds())])"
    )
    run = [sys.executable, "-c", code, str(out / "annotations/train.json")]
    last = subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    images, boxes = last.split(" ", 1)
    assert int(images) == found.photos["train"]
    expected = [BOX[0] + 0.5, BOX[1] + 0.5, BOX[2] - BOX[0], BOX[3] - BOX[1]]
    np.testing.assert_allclose(json.loads(boxes), [expected] * found.boxes["train"])


def test_no_place_is_in_two_splits_and_most_photos_stay():
    """One patrol over one town, every photo overlapping the next: made-up footprints on a grid."""
    east, north = np.meshgrid(np.arange(121.0, 121.04, 0.0006), np.arange(30.8, 30.83, 0.0005))
    low = np.stack([east.ravel(), north.ravel()], axis=-1)
    shapes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + 0.0012, low[:, 1] + 0.001)
    splits = np.array(splits_of(shapes))
    assert set(splits) == {*SPLITS, ""}
    assert np.mean(splits == "") < 0.4
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    both = (splits[one] != "") & (splits[other] != "")
    assert (splits[one] == splits[other])[both].all()


def test_a_place_keeps_its_split_whoever_is_there_and_whenever():
    rng = np.random.default_rng(3)
    low = rng.uniform((121, 30.8), (121.05, 30.85), (300, 2))
    shapes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + 0.0001, low[:, 1] + 0.0001)
    few, many = np.array(splits_of(shapes[:100])), np.array(splits_of(shapes))[:100]
    assert (few == many)[(few != "") & (many != "")].all()


def test_a_photo_without_a_footprint_is_left_out():
    assert splits_of(np.array([None, shapely.box(122, 30, 122.001, 30.001)]))[0] == ""


def test_a_second_export_has_the_same_splits(patrol):
    first, _ = _export(patrol, "yolo")
    second, _ = _export(patrol, "yolo", "again")
    names = [sorted(str(path.relative_to(out)) for path in out.rglob("*")) for out in (first, second)]
    assert names[0] == names[1]


def test_photos_that_are_gone_are_named(patrol):
    (patrol.root / "photos/p0003.jpg").unlink()
    _, found = _export(patrol, "coco")
    assert [skip.item for skip in found.skipped] == ["photos/p0003.jpg"]
    for photo in (patrol.root / "photos").iterdir():
        photo.unlink()
    with pytest.raises(DronePatrolError, match="none of the reviewed photos"):
        _export(patrol, "coco", "none")
    assert not (patrol.root.parent / "none").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,status\n", "no reviewed issue"),
        ("id,status\na,perhaps\n", "'perhaps'"),
        ("id,status\na,confirmed\na,rejected\n", "otherwise before"),
        ("id,status\nelsewhere,confirmed\n", "no photo is reviewed throughout"),
        ('{"features": 3}', "neither CSV nor"),
    ],
)
def test_bad_reviews_are_named_and_nothing_is_written(patrol, text, said):
    (patrol.root.parent / "reviewed.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        _export(patrol, "coco")
    assert sorted(path.name for path in patrol.root.parent.iterdir()) == ["patrol", "reviewed.csv"]


def test_folders_without_issues_and_folders_in_the_way_are_refused(patrol):
    out, _ = _export(patrol, "coco")
    with pytest.raises(InputError, match="is there already"):
        _export(patrol, "coco")
    patrol.issues.unlink()
    with pytest.raises(InputError, match=r"no issues\.geojson"):
        _export(patrol, "coco", "other")
    assert out.is_dir()
