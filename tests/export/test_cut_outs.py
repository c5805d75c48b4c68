"""Cut-outs of the photos that show an issue."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import StorageError
from dronepatrol.export.crops import LONGEST_PX, cut, write_crops
from dronepatrol.model.issue import Evidence


def test_a_crop_is_written_and_named(tmp_path, make) -> None:
    make.photo(tmp_path / "photos/p0000.jpg")
    (issue,), skipped = write_crops([make.issue()], make.shots(1), tmp_path, tmp_path / "crops")
    assert not skipped
    assert issue.evidence[0].crop == f"crops/{issue.id}.jpg"
    image = cv2.imread(str(tmp_path / issue.evidence[0].crop))
    assert max(image.shape[:2]) <= LONGEST_PX
    reddest = image[..., 2].astype(int) - image[..., 1]
    assert (reddest > 100).sum() > 50, "the box is not drawn"
    assert list(tmp_path.glob("crops/*.part")) == []


def test_an_unreadable_photo_is_skipped_once_and_the_next_best_taken(tmp_path, make) -> None:
    shots = make.shots(3)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/p0000.jpg").write_bytes(b"\xff\xd8 not a photo")
    make.photo(tmp_path / "photos/p0001.jpg")
    make.photo(tmp_path / "photos/p0002.jpg", size=(320, 240))
    box = (10.0, 10.0, 40.0, 40.0)
    chain = tuple(Evidence(f"s000{i}", f"photos/p000{i}.jpg", box, 0.9 - i / 10) for i in (0, 2, 1))
    lost = (Evidence("s0009", "photos/gone.jpg", box, 0.5),)
    issues = [make.issue(0, evidence=chain), make.issue(4, evidence=chain), make.issue(8, evidence=lost)]
    done, skipped = write_crops(issues, shots, tmp_path, tmp_path / "crops")
    assert [bool(e.crop) for e in done[0].evidence] == [False, False, True]
    assert [e.crop for e in done[2].evidence] == [""]
    assert [issue.id for issue in done] == [issue.id for issue in issues]
    reasons = {skip.item: skip.reason for skip in skipped}
    assert set(reasons) == {"photos/p0000.jpg", "photos/p0002.jpg", "photos/gone.jpg"}
    assert "320 x 240" in reasons["photos/p0002.jpg"]


@settings(max_examples=50, deadline=None)
@given(*(st.floats(-200, 900) for _ in range(2)), *(st.floats(0, 700) for _ in range(2)))
def test_any_box_gives_a_small_picture(x, y, wide, high) -> None:
    part = cut(np.zeros((480, 640, 3), np.uint8), (x, y, x + wide, y + high))
    assert min(part.shape[:2]) >= 1
    assert max(part.shape[:2]) <= LONGEST_PX


def test_a_folder_that_cannot_be_written_is_named(tmp_path, make) -> None:
    make.photo(tmp_path / "photos/p0000.jpg")
    (tmp_path / "crops").write_text("in the way")
    with pytest.raises(StorageError, match="crops"):
        write_crops([replace(make.issue(), id="x")], make.shots(1), tmp_path, tmp_path / "crops")
