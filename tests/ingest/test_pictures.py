"""What a picture looks like: real ones are sharp, the same ones blurred, moved or dark are told."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from dronepatrol.ingest.pictures import look_at
from dronepatrol.ingest.quality import flags_of_look

BRIGHTON = "imagery/brighton_beach_dji_fc300s/DJI_0018.JPG"


@pytest.fixture(scope="module")
def aerial(testdata):
    """Return a real aerial picture, grey, 2000 pixels wide: it is looked at pixel for pixel."""
    return cv2.imread(str(testdata(BRIGHTON)), cv2.IMREAD_REDUCED_GRAYSCALE_2)


@pytest.fixture
def flags_of(tmp_path):
    def look(grey):
        path = tmp_path / "a.png"
        cv2.imwrite(str(path), np.clip(grey, 0, 255).astype(np.uint8))
        return flags_of_look(look_at(path))

    return look


def streak(length, axis):
    kernel = np.ones((1, length), np.float32) / length
    return kernel if axis == 1 else kernel.T


@pytest.mark.parametrize("name", [BRIGHTON, "imagery/brighton_beach_dji_fc300s/DJI_0030.JPG",
                                  "imagery/gps_no_gimbal/IMG_0447.jpg"])  # fmt: skip
def test_real_sharp_photos_have_nothing_wrong(testdata, name):
    assert flags_of_look(look_at(testdata(name))) == []


@pytest.mark.parametrize(("name", "flag"), [("20251027143608_0008_D_LENS_CAP", "lens cap or no light"),
                                            ("20251001132715_0396_D_POOR_SHARPNESS", "blurred")])  # fmt: skip
def test_real_bad_photos_are_told(testdata, name, flag):
    assert flags_of_look(look_at(testdata(f"imagery/dronetm_agung1/DJI_{name}.JPG"))) == [flag]


def test_blurred_and_moved_copies_are_told(aerial, flags_of):
    assert flags_of(aerial) == []
    assert flags_of(cv2.GaussianBlur(aerial, (0, 0), 0.5)) == []
    assert flags_of(cv2.GaussianBlur(aerial, (0, 0), 3.0)) == ["blurred"]
    for axis in (0, 1):  # a streak of 9 pixels, as by a shutter that is too slow
        assert flags_of(cv2.filter2D(aerial, -1, streak(9, axis))) == ["blurred"]


def test_light_is_told(aerial, flags_of):
    assert flags_of(aerial * 0.2) == ["underexposed"]
    assert "overexposed" in flags_of(aerial * 2.5)
    assert flags_of(np.full((300, 400), 5)) == ["lens cap or no light"]
    assert flags_of(np.full((300, 400), 120)) == ["no texture: blurred or empty"]


def test_figures_are_those_of_their_definitions(aerial, tmp_path):
    """Crete's blur, written out with a picture that is blurred again; the others as numpy counts them."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), aerial)
    look = look_at(path)
    grey = aerial.astype(float)
    blocks = []
    for axis in (0, 1):
        before = np.abs(np.diff(grey, axis=axis))
        after = np.abs(np.diff(uniform_filter1d(grey, 9, axis=axis), axis=axis))
        lost = np.maximum(before - after, 0.0)
        rows, columns = (side // 6 for side in before.shape)
        texture, sharp = (
            part[: 6 * rows, : 6 * columns].reshape(6, rows, 6, columns).mean(axis=(1, 3)) for part in (before, lost)
        )
        blocks.append((1 - sharp / texture, texture))
    blur, texture = (np.max(part, axis=0) for part in zip(*blocks, strict=True))
    known = np.sort(blur[texture > 2.0])
    assert look.blur == pytest.approx(known[len(known) // 10], abs=0.005)
    assert (look.mean, look.spread) == pytest.approx((grey.mean(), grey.std()))
    assert (look.white, look.black) == pytest.approx(((grey >= 250).mean(), (grey <= 5).mean()))


def test_thumbnails_and_rubbish_are_not_judged(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((99, 400), np.uint8))
    assert look_at(path) is None
    path.write_bytes(b"rubbish")
    assert look_at(path) is None
