"""Labels that were drawn on another picture than the pixels at hand: turned, of another size, or of none at all."""

import json
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps
from PIL.WebPImagePlugin import WebPImageFile
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.detect.evaluate import Seen, look
from dronepatrol.detect.truth.labelled import Box, labelled
from dronepatrol.detect.truth.picture import Picture, read_picture
from dronepatrol.detect.truth.turned import View, in_stored_pixels
from dronepatrol.errors import InputError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.detection import Detections

ORIENTATION = 0x0112


def oriented(path, image, orientation):
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    image.save(path, exif=exif)
    return path


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_of_the_turned_view_come_back_to_the_stored_pixels(tmp_path, orientation):
    """Pillow turns the picture, and so says where a patch of it is shown."""
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[5:12, 30:51] = 255
    path = oriented(tmp_path / "one.png", Image.fromarray(pixels), orientation)
    shown = ImageOps.exif_transpose(Image.open(path))
    left, top, right, bottom = shown.convert("L").getbbox()
    picture = read_picture(path)
    assert picture == Picture((60, 40), orientation)
    one = labelled(path, [Box(left, top, right, bottom, "car")], "made up", shown.size)
    turned, view = in_stored_pixels(one, picture)
    assert view is View.TURNED
    assert turned.xyxy.tolist() == [[29.5, 4.5, 50.5, 11.5]]


@pytest.mark.parametrize(
    ("given_wh", "stored_wh", "orientation", "view"),
    [
        ((60, 40), (60, 40), 1, View.STORED),
        ((60, 40), (60, 40), 6, View.STORED),  # the size tells that nobody turned it
        ((60, 40), (60, 40), 3, View.UNKNOWN),
        ((40, 40), (40, 40), 8, View.UNKNOWN),
        ((40, 40), (40, 40), 1, View.STORED),
        (None, (60, 40), 1, View.STORED),
        (None, (60, 40), 6, View.UNKNOWN),
    ],
)
def test_what_labels_were_drawn_on_is_told_where_it_can_be(tmp_path, given_wh, stored_wh, orientation, view):
    one = labelled(tmp_path / "one.png", [Box(1, 2, 3, 5, "car")], "made up", given_wh)
    same, found = in_stored_pixels(one, Picture(stored_wh, orientation))
    assert found is view
    assert same.xyxy.tolist() == one.xyxy.tolist()


@pytest.mark.parametrize(("given_wh", "orientation"), [((40, 60), 1), ((40, 60), 3), ((120, 80), 6), ((80, 120), 6)])
def test_labels_for_another_size_are_refused(tmp_path, given_wh, orientation):
    one = labelled(tmp_path / "one.png", [], "made up", given_wh)
    with pytest.raises(InputError, match="has 60 by 40 pixels, its labels are for"):
        in_stored_pixels(one, Picture((60, 40), orientation))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_damaged_headers_are_read_or_refused_without_a_word(tmp_path_factory, seed):
    random = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("damaged") / f"one.{random.choice(['jpg', 'png', 'tif', 'webp', 'bmp'])}"
    image = Image.new("RGB", (20, 10))
    oriented(path, image, 6) if path.suffix != ".bmp" else image.save(path)
    content = bytearray(path.read_bytes())
    for place in random.integers(0, min(len(content), 200), random.integers(0, 8)):
        content[place] = random.integers(0, 256)
    path.write_bytes(content[: random.integers(1, len(content) + 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = read_picture(path)
        except InputError:
            return
    assert min(found.image_wh) >= 0
    assert 1 <= found.orientation <= 8


class _Nothing:
    """A detector that must not be asked."""

    def __call__(self, *_):
        raise AssertionError


def _png(wh):
    """Return a PNG that says it has so many pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", *wh, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def test_an_image_of_too_many_pixels_is_named_and_never_decoded(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    path.write_bytes(_png((20_000, 20_000)) + _end())
    monkeypatch.setattr("dronepatrol.detect.evaluate.decode", _Nothing())
    (found,) = look(_Nothing(), [labelled(path, [], "made up")], None)
    assert found == Skipped("large.png", "the photo has 20000 by 20000 pixels, too many", "export it smaller")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_no_pixel_is_decoded_for_the_header(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"one.{suffix}"
    Image.new("RGB", (64, 32)).save(path)
    for form in (ImageFile.ImageFile, WebPImageFile):
        monkeypatch.setattr(form, "load", _Nothing())
    assert read_picture(path) == Picture((64, 32), 1)


def test_the_size_of_the_largest_photos_is_read(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(_png((16_000, 16_000)) + _end())
    limit = Image.MAX_IMAGE_PIXELS
    assert read_picture(path).image_wh == (16_000, 16_000)
    assert limit == Image.MAX_IMAGE_PIXELS


def _end():
    data = zlib.compress(b"\0" * 100)
    chunks = ((b"IDAT", data), (b"IEND", b""))
    return b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)


class _Patch:
    """A detector that finds what is white."""

    name, weights_sha256, threshold = "white", "", 0.5

    def __call__(self, image, _):
        rows, columns = np.nonzero(image.min(axis=2) > 200)
        box = [columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5]
        return Detections(np.array([box]), np.array([0.9]), np.array(["car"]))


def test_labels_of_the_turned_view_meet_what_is_found(tmp_path):
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[5:12, 30:51] = 255
    path = oriented(tmp_path / "one.png", Image.fromarray(pixels), 6)
    box = ImageOps.exif_transpose(Image.open(path)).convert("L").getbbox()
    (seen,) = look(_Patch(), [labelled(path, [Box(*box, "car")], "made up", (40, 60))], None)
    assert isinstance(seen, Seen)
    assert seen.view is View.TURNED
    assert seen.truth.xyxy == pytest.approx(seen.found.xyxy)


@pytest.fixture
def measured(network, tmp_path):
    """Return a function that measures a network which finds nothing on the images and the truth in the folder."""
    (tmp_path / "images").mkdir()
    (tmp_path / "truth").mkdir()
    model = network({"output": np.zeros((1, 6, 84), dtype=np.float32)}, names="['car', 'van']")

    def measure(truth, *more):
        arguments = ["evaluate", "--images", tmp_path / "images", "--truth", tmp_path / truth, "--model", model]
        return CliRunner().invoke(app, list(map(str, [*arguments, "--gsd", "0.05", "--json", *more])))

    return measure


def _coco(tmp_path, *rows):
    (tmp_path / "truth.json").write_text(
        json.dumps({"images": list(rows), "annotations": [], "categories": [{"id": 1, "name": "car"}]})
    )


def test_an_image_of_another_size_than_coco_says_is_named(measured, tmp_path):
    for name in ("one", "two", "three"):
        Image.new("RGB", (64, 64)).save(tmp_path / "images" / f"{name}.png")
    _coco(
        tmp_path,
        {"id": 1, "file_name": "one.png", "width": 64, "height": 64},
        {"id": 2, "file_name": "two.png", "width": 640, "height": 640},
        {"id": 3, "file_name": "three.png", "width": None, "height": 0},
    )
    result = measured("truth.json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["images"] == 2
    assert "two.png: the picture has 64 by 64 pixels, its labels are for 640 by 640" in result.stderr


def test_an_image_of_another_size_than_voc_says_is_named(measured, tmp_path):
    for name, size in (("one", "64"), ("two", "640")):
        Image.new("RGB", (64, 64)).save(tmp_path / "images" / f"{name}.png")
        text = f"<annotation><size><width>{size}</width><height>{size}</height></size></annotation>"
        (tmp_path / "truth" / f"{name}.xml").write_text(text)
    result = measured("truth")
    assert result.exit_code == 3
    assert "two.png: the picture has 64 by 64 pixels, its labels are for 640 by 640" in result.stderr


@pytest.mark.parametrize("size", ["1e400", '"wide"', "[3]"])
def test_a_size_that_is_no_number_is_named(measured, tmp_path, size):
    Image.new("RGB", (64, 64)).save(tmp_path / "images" / "one.png")
    row = f'{{"id": 1, "file_name": "one.png", "width": {size}, "height": 64}}'
    (tmp_path / "truth.json").write_text(f'{{"images": [{row}], "annotations": [], "categories": []}}')
    assert "truth.json: not as COCO says" in str(measured("truth.json").exception)


@pytest.mark.parametrize("name", ["one\0.png", "x" * 300 + ".png", "\ud800.png"])
def test_a_name_that_no_file_can_have_is_named(measured, tmp_path, name):
    _coco(tmp_path, {"id": 1, "file_name": name})
    result = measured("truth.json")
    assert isinstance(result.exception, InputError)
    assert "truth.json: no file can be called" in str(result.exception)


def test_orientations_that_nothing_is_known_of_are_told_in_one_line(measured, tmp_path):
    for number, orientation in enumerate((1, 3, 6)):
        oriented(tmp_path / "images" / f"{number}.jpg", Image.new("RGB", (64, 32)), orientation)
        (tmp_path / "truth" / f"{number}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    result = measured("truth", "--names", "car")
    assert result.exit_code == 0
    (said,) = json.loads(result.stdout)["notes"]
    assert said.startswith("2 of 3 images carry an EXIF orientation; nothing says")
    assert said in result.stderr


def test_an_image_of_a_yolo_set_that_is_broken_is_named_and_the_rest_is_measured(measured, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "images" / "one.png")
    (tmp_path / "images" / "two.jpg").write_bytes(b"\xff\xd8 no picture")
    for name in ("one", "two"):
        (tmp_path / "truth" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    result = measured("truth", "--names", "car")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["kinds"]["car"]["labels"] == 1
    assert "two.jpg: the picture cannot be decoded" in result.stderr


def test_label_files_without_an_image_are_named(measured, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "images" / "one.png")
    for name in ("one", "gone"):
        (tmp_path / "truth" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "truth" / "classes.txt").write_text("car\n")
    result = measured("truth")
    assert result.exit_code == 3
    assert result.stderr.count("skipped: ") == 1
    assert "skipped: gone.txt: no image of this name in" in result.stderr
