"""Reviewed issues as a data set: read back by what reads such data sets, and without a place in two splits."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import cv2
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image
from tests.export.conftest import BOX, PHOTOS

from dronepatrol.detect.truth.read import read_truth
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.export.dataset import SPLITS
from dronepatrol.export.splits import revisits, splits_by_day, splits_of
from dronepatrol.model.progress import silent
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.patrol.dataset import export_dataset
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table, write_table


def _export(patrol, form="coco", name="out", **changes):
    out = patrol.root.parent / name
    options = {"folders": [patrol.root], "reviewed": None, "test_from": None} | changes
    return out, export_dataset(options["folders"], options["reviewed"], out, form, options["test_from"], silent)


def test_set_aside_photos_are_left_out_and_rejected_ones_are_background(patrol):
    _, found = _export(patrol)
    assert (found.covered, found.unreviewed, found.set_aside) == (1, 0, 1)
    assert sum(found.photos.values()) == PHOTOS - 1
    assert found.hard_negatives == 8
    assert sum(found.boxes.values()) == 15  # of the sixteen that are there, photo 5 is set aside


def _with_boxes(patrol, *edges):
    """Give photo 0 boxes that nobody reviewed, beside its own."""
    table = read_table(patrol.detections, DETECTIONS)
    extra = table[table["detection_id"] == "s0000#extra"].iloc[0].to_dict()
    names = ("x1_px", "y1_px", "x2_px", "y2_px")
    rows = [extra | dict(zip(names, box, strict=True)) | {"detection_id": f"e{i}"} for i, box in enumerate(edges)]
    write_table(patrol.detections, pd.concat([table, pd.DataFrame(rows)], ignore_index=True), DETECTIONS)


def test_what_nobody_reviewed_is_grey_in_a_copy_and_what_was_reviewed_is_not(patrol):
    _with_boxes(patrol, (-30.0, 400.0, 99.5, 600.0))
    before = cv2.imread(str(patrol.root / "photos/p0000.jpg"))
    out, found = _export(patrol)
    assert found.covered == 1
    (copy,) = [path for path in out.glob("images/*/*.jpg") if path.stat().st_nlink == 1]
    after = cv2.imread(str(copy))
    assert np.abs(after[402:478, 2:98].astype(int) - 114).max() < 12
    assert np.abs(after[282:298, 325:358].astype(int) - 114).max() < 12  # of the box that overlaps the reviewed one
    kept = np.ones(after.shape[:2], dtype=bool)
    kept[398:, :102] = kept[216:304, 316:366] = False
    kept[204:276, 304:337] = True
    assert np.abs(after.astype(int) - before)[kept].mean() < 4
    np.testing.assert_array_equal(cv2.imread(str(patrol.root / "photos/p0000.jpg")), before)


def test_photos_that_viewers_turn_are_copied_as_the_sensor_saw_them(patrol):
    before = {}
    for name in ("p0000", "p0001"):  # one with grey, one whole
        path = patrol.root / f"photos/{name}.jpg"
        with Image.open(path) as photo:
            exif = photo.getexif()
            exif[0x0112] = 6
            photo.save(path, quality="keep", exif=exif)
        before[name] = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        assert cv2.imread(str(path)).shape[:2] == (640, 480)
    out, found = _export(patrol)
    assert (found.turned, found.covered) == (2, 1)
    copies = [path for path in out.glob("images/*/*.jpg") if path.stat().st_nlink == 1]
    assert len(copies) == 2
    for copy in copies:
        turned = cv2.imread(str(copy))  # as loaders read it: with the orientation that EXIF says
        assert turned.shape[:2] == (480, 640)
        assert np.abs(turned[:200].astype(int) - before["p0001"][:200]).mean() < 4


def test_a_photo_that_would_be_mostly_grey_is_left_out(patrol):
    _with_boxes(patrol, (0.0, 0.0, 639.0, 200.0), (0.0, 150.0, 639.0, 260.0))
    _, found = _export(patrol)
    assert (found.covered, found.unreviewed) == (0, 1)
    assert sum(found.photos.values()) == PHOTOS - 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no photo at all", "it is no image"), (None, "it is 320 x 200 pixels, was 640 x 480 when it was read in")],
)
def test_a_photo_that_cannot_be_copied_is_named_and_the_rest_is_written(patrol, content, reason):
    photo = patrol.root / "photos/p0000.jpg"
    if content is None:
        cv2.imwrite(str(photo), np.zeros((200, 320, 3), dtype=np.uint8))
    else:
        photo.write_bytes(content)
    out, found = _export(patrol)
    assert [(skip.item, reason in skip.reason) for skip in found.skipped] == [(str(photo), True)]
    assert sum(found.photos.values()) == len(list(out.glob("images/*/*.jpg"))) == PHOTOS - 2
    assert found.covered == 0


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
    out, found = _export(patrol)
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


def _town():
    """Footprints of one patrol over one town, every photo overlapping the next: made up, on a grid."""
    east, north = np.meshgrid(np.arange(121.0, 121.04, 0.0006), np.arange(30.8, 30.83, 0.0005))
    low = np.stack([east.ravel(), north.ravel()], axis=-1)
    return shapely.box(low[:, 0], low[:, 1], low[:, 0] + 0.0012, low[:, 1] + 0.001)


def test_no_place_is_in_two_splits_and_most_photos_stay():
    shapes = _town()
    splits = np.array(splits_of(shapes))
    assert set(splits) == {*SPLITS, ""}
    assert np.mean(splits == "") < 0.4
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    both = (splits[one] != "") & (splits[other] != "")
    assert (splits[one] == splits[other])[both].all()
    assert revisits(shapes, splits.tolist()) == 0


def test_a_place_keeps_its_split_whoever_is_there_and_whenever():
    rng = np.random.default_rng(3)
    low = rng.uniform((121, 30.8), (121.05, 30.85), (300, 2))
    shapes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + 0.0001, low[:, 1] + 0.0001)
    few, many = np.array(splits_of(shapes[:100])), np.array(splits_of(shapes))[:100]
    assert (few == many)[(few != "") & (many != "")].all()


def test_a_photo_without_a_footprint_is_left_out():
    assert splits_of(np.array([None, shapely.box(122, 30, 122.001, 30.001)]))[0] == ""


def test_a_weekly_patrol_is_measured_on_days_it_never_saw_and_keeps_its_training_part():
    """One made-up town flown on three days: the last is test, the others keep what the place alone would give them."""
    town = _town()
    days = pd.DatetimeIndex(np.repeat(pd.to_datetime(["2026-05-04", "2026-05-11", "2026-05-18"], utc=True), len(town)))
    start = datetime(2026, 5, 18, tzinfo=UTC)
    splits = np.array(splits_by_day(np.tile(town, 3), days, start))
    late = np.asarray(days >= start)
    assert set(splits[late]) == {"test"}
    assert splits[~late].tolist() == splits_of(np.tile(town, 2))
    assert 0.5 * len(town) < revisits(np.tile(town, 3), splits.tolist()) < len(town)


def test_the_last_hour_before_the_test_and_photos_without_a_time_are_left_out():
    start = datetime(2026, 5, 18, tzinfo=UTC)
    minutes = [-61, -59, -1, 0, 1]
    times = pd.DatetimeIndex([start + timedelta(minutes=m) for m in minutes] + [pd.NaT])
    far_apart = np.array([shapely.box(121 + i, 30, 121.001 + i, 30.001) for i in range(6)])
    splits = splits_by_day(far_apart, times, start)
    assert splits[0] in SPLITS
    assert splits[1:] == ["", "", "test", "test", ""]
    assert splits_by_day(np.full(6, None), times, start) == ["", "", "", "test", "test", ""]


def test_a_day_starts_at_midnight_in_the_city(patrol):
    """The shots are of 01:00 UTC and later, each two seconds after the other: 09:00 in Pinghu."""
    shots = read_table(patrol.shots, SHOTS)
    shots.loc[:11, "time_utc"] = pd.Timestamp("2026-11-18T15:59:59.999Z") - pd.Timedelta(hours=1)
    shots.loc[12:22, "time_utc"] = pd.Timestamp("2026-11-18T16:00:00Z")
    shots.loc[23, "time_utc"] = pd.NaT
    write_table(patrol.shots, shots, SHOTS)
    out, found = _export(patrol, test_from=date(2026, 11, 19))
    assert found.test_from == "2026-11-19"
    assert found.untimed == 1
    assert found.photos["test"] >= 11
    assert sum(found.photos.values()) + found.between == PHOTOS - 2
    assert len(list((out / "images/test").iterdir())) == found.photos["test"]
    with pytest.raises(InputError, match=r"from 2026-11-20 on: of 23, the last is of 2026-11-19"):
        _export(patrol, name="later", test_from=date(2026, 11, 20))
    write_table(patrol.shots, shots.assign(time_utc=pd.to_datetime([None] * PHOTOS, utc=True)), SHOTS)
    with pytest.raises(InputError, match="none has a time"):
        _export(patrol, name="never", test_from=date(2026, 11, 19))


def test_a_second_export_has_the_same_splits(patrol):
    first, _ = _export(patrol, "yolo")
    second, _ = _export(patrol, "yolo", "again")
    names = [sorted(str(path.relative_to(out)) for path in out.rglob("*")) for out in (first, second)]
    assert names[0] == names[1]


def _next_week(patrol):
    """Return the same patrol flown a week later: its id, its shots' and its issues' ids are the same."""
    later = PatrolFolder(patrol.root.parent / "later")
    shutil.copytree(patrol.root, later.root)
    shots = read_table(later.shots, SHOTS)
    write_table(later.shots, shots.assign(time_utc=shots["time_utc"] + pd.Timedelta(days=7)), SHOTS)
    return later


def test_one_patrol_flown_twice_is_two_with_reviews_of_their_own(patrol):
    later = _next_week(patrol)
    later.reviewed.write_text(later.reviewed.read_text().replace("rejected", "confirmed"), encoding="utf-8")
    both = [patrol.root, later.root]
    out, found = _export(patrol, folders=both, test_from=date(2026, 11, 27))
    assert found.hard_negatives == 8
    assert found.photos["test"] >= PHOTOS - 1
    assert found.revisited > 0
    assert len(list(out.glob("images/*/*.jpg"))) == sum(found.photos.values()) > PHOTOS
    with pytest.raises(InputError, match=r"is an issue of .*patrol and of .*later"):
        _export(patrol, name="common", folders=both, reviewed=patrol.reviewed)
    with pytest.raises(InputError, match="holds the same patrol as"):
        _export(patrol, name="twice", folders=[patrol.root, patrol.root])


def test_photos_that_are_gone_are_named(patrol):
    (patrol.root / "photos/p0003.jpg").unlink()
    _, found = _export(patrol)
    assert [skip.item for skip in found.skipped] == ["photos/p0003.jpg"]
    for photo in (patrol.root / "photos").iterdir():
        photo.unlink()
    with pytest.raises(DronePatrolError, match="none of the reviewed photos"):
        _export(patrol, name="none")
    assert not (patrol.root.parent / "none").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,status\n", "no reviewed issue"),
        ("id,status\na,suspected\n", "no reviewed issue"),
        ("id,status\na,perhaps\n", "'perhaps'"),
        ("id,status\na,confirmed\na,rejected\n", "a is rejected, but was confirmed before"),
        ("id,status\na,confirmed\na,allowed\n", "a is allowed, but was confirmed before"),
        ("id,status\nelsewhere,confirmed\n", "no photo has enough that is reviewed.* 1 reviews are of no issue"),
        ("id;status\na;confirmed\n", "entry 1: id None"),
        ('id,status\n"a,confirmed\n', "neither CSV nor"),
        ('{"features": 3}', "neither CSV nor"),
        ('{"features": [{"properties": {"id": "a", "status": ["confirmed"]}}]}', "entry 1: id 'a', status"),
    ],
)
def test_bad_reviews_are_named_and_nothing_is_written(patrol, text, said):
    patrol.reviewed.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        _export(patrol)
    assert [path.name for path in patrol.root.parent.iterdir()] == ["patrol"]


def test_folders_without_issues_or_reviews_and_folders_in_the_way_are_refused(patrol):
    out, _ = _export(patrol)
    with pytest.raises(InputError, match="is there already"):
        _export(patrol)
    reviewed = patrol.reviewed.rename(patrol.root.parent / "elsewhere.csv")
    with pytest.raises(InputError, match=r"no reviewed\.csv"):
        _export(patrol, name="other")
    _export(patrol, name="other", reviewed=reviewed)
    patrol.issues.unlink()
    with pytest.raises(InputError, match=r"no issues\.geojson"):
        _export(patrol, name="third")
    assert out.is_dir()
