"""One picture, labelled in five formats, reads the same; what is not as the format says is named."""

import json

import numpy as np
import pytest
from PIL import Image

from dronepatrol.detect.truth.read import read_truth
from dronepatrol.errors import InputError

CAR, BUS = (10.0, 20.0, 50.0, 40.0), (60.0, 10.0, 90.0, 70.0)  # edges from the corner; the image has 100 by 80 px


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (100, 80)).save(folder / "one.jpg")
    return folder


def coco(tmp_path):
    def row(number, box, kind, **more):
        left, top, right, bottom = box
        return {
            "id": number,
            "image_id": 7,
            "category_id": kind,
            "bbox": [left, top, right - left, bottom - top],
            **more,
        }

    table = {
        "images": [{"id": 7, "file_name": "one.jpg"}],
        "categories": [{"id": 3, "name": "car"}, {"id": 9, "name": "Bus"}, {"id": 11, "name": "bird"}],
        "annotations": [row(1, CAR, 3), row(2, BUS, 9), row(3, BUS, 11)],
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(table))
    return path


def au_air(tmp_path):
    def row(box, kind):
        left, top, right, bottom = box
        return {"left": left, "top": top, "width": right - left, "height": bottom - top, "class": kind}

    table = {
        "categories": ["Human", "Car", "Bus"],
        "annotations": [{"image_name": "one.jpg", "bbox": [row(CAR, 1), row(BUS, 2)]}],
    }
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(table))
    return path


def yolo(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    (tmp_path / "data.yaml").write_text("nc: 2\nnames:\n  0: car\n  1: bus\n")
    left, top, right, bottom = CAR
    box = f"0 {(left + right) / 200} {(top + bottom) / 160} {(right - left) / 100} {(bottom - top) / 80}"
    left, top, right, bottom = BUS
    outline = (
        f"1 {left / 100} {top / 80} {right / 100} {top / 80} {right / 100} {bottom / 80} {left / 100} {bottom / 80}"
    )
    (folder / "one.txt").write_text(f"{box}\n\n{outline}\n")
    return folder


def visdrone(tmp_path):
    folder = tmp_path / "annotations"
    folder.mkdir()
    rows = [
        "10,20,40,20,1,4,0,0",
        "60,10,30,60,1,9,0,1,",
        "0,0,5,5,0,0,0,0",
        "3,3,0,4,1,4,0,0",
    ]
    (folder / "one.txt").write_text("\n".join(rows))
    return folder


def voc(tmp_path):
    folder = tmp_path / "voc"
    folder.mkdir()

    def thing(name, box):
        sides = zip(("xmin", "ymin", "xmax", "ymax"), (box[0] + 1, box[1] + 1, box[2], box[3]), strict=True)
        inner = "".join(f"<{side}>{value:g}</{side}>" for side, value in sides)
        return f"<object><name>{name}</name><bndbox>{inner}</bndbox></object>"

    (folder / "one.xml").write_text(
        f"<annotation><filename>one.jpg</filename>{thing('car', CAR)}{thing('bus', BUS)}</annotation>"
    )
    return folder


FORMATS = [coco, au_air, yolo, visdrone, voc]


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_reads_the_same_boxes(tmp_path, images, write):
    (found,) = read_truth(write(tmp_path), images)
    real = ~found.is_region
    assert found.path == images / "one.jpg"
    assert found.kind[real].tolist() == ["car", "bus"]
    assert found.xyxy[real] == pytest.approx(np.array([CAR, BUS]) - 0.5)
    assert found.area_px2[real] == pytest.approx([800, 1800])
    assert found.is_region.sum() == (1 if write is visdrone else 0)


def test_names_of_yolo_may_be_given(tmp_path, images):
    (found,) = read_truth(yolo(tmp_path), images, ["van", "truck"])
    assert found.kind.tolist() == ["van", "truck"]


@pytest.mark.parametrize("text", ["names: ['car', 'bus']", "names: [car, bus]  # two", "names: {0: 'car', 1: 'bus'}",
                                  "names:\n- car\n- bus\n", "names:\n  - 'car'\n  - bus"])  # fmt: skip
def test_every_way_to_write_names_is_read(tmp_path, images, text):
    folder = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text(text)
    (found,) = read_truth(folder, images)
    assert found.kind.tolist() == ["car", "bus"]


def test_an_image_without_a_yolo_file_shows_nothing(tmp_path, images):
    Image.new("RGB", (10, 10)).save(images / "two.png")
    one, two = read_truth(yolo(tmp_path), images)
    assert len(one.kind) == 2
    assert len(two.kind) == 0


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.json", "{", "a.json: is no JSON"),
        ("a.json", "[]", "neither COCO nor AU-AIR"),
        ("a.json", '{"images": [], "annotations": [], "categories": []}', "names no image"),
        ("a.json", '{"images": [{"id": 1}], "annotations": [], "categories": []}', "not as COCO says"),
        ("a.json", '{"annotations": [{"image_name": "../x.jpg", "bbox": []}], "categories": []}', "lies outside"),
        ("a.json", '{"annotations": [{"bbox": []}], "categories": []}', "not as AU-AIR says"),
        ("labels/one.txt", "0 0.5 0.5\n", "expected a class below 1"),
        ("labels/one.txt", "1 0.5 0.5 0.1 0.1\n", "expected a class below 1"),
        ("labels/one.txt", "0 0.5 0.5 0 0.1\n", "box 1 of one.jpg has the edges"),
        ("labels/one.txt", "a b c d e\n", "line 1 is 'a b c d e'"),
        ("labels/one.txt", "1,2,3\n", "expected left, top, width, height"),
        ("labels/one.xml", "<annotation><object>", "not as Pascal VOC says"),
        ("labels/one.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "document type"),
        ("labels/two.xml", "<annotation><filename>three.jpg</filename></annotation>", "no image two nor three"),
        ("labels/other.txt", "0 0.5 0.5 0.1 0.1\n", "no label file"),
    ],
)
def test_bad_labels_are_named(tmp_path, images, name, content, match):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    truth = path if path.suffix == ".json" else path.parent
    with pytest.raises(InputError, match=match):
        read_truth(truth, images, ["car"])


def test_what_is_not_there_is_named(tmp_path, images):
    with pytest.raises(InputError, match="no such file or folder of labels"):
        read_truth(tmp_path / "none", images)
    with pytest.raises(InputError, match="is no folder of images"):
        read_truth(tmp_path, tmp_path / "none")
