"""A STAC catalogue that pystac reads back, and a contact sheet to look at."""

from pathlib import Path

import numpy as np
import pystac
import pytest
import shapely
from PIL import Image

from dronepatrol.ingest.sheet import contact_sheet
from dronepatrol.ingest.stac import write_stac
from dronepatrol.model.progress import silent
from dronepatrol.patrol.ingest import IngestOptions, extras, ingest
from dronepatrol.store.folder import PatrolFolder


@pytest.fixture
def taken(make_photo, tmp_path):
    for n in range(6):
        moment = "" if n == 5 else f"2025:06:01 10:0{n}:00"
        make_photo(
            f"card/{n}.jpg",
            lonlat=(121.0 + n * 1e-4, 30.7),
            image={0x0132: moment},
            exif={0x9003: moment, 0x9011: "+00:00"},
        )
    folder = PatrolFolder(tmp_path / "out")
    return folder, ingest(folder, tmp_path / "card", IngestOptions(), silent).shots


def test_catalogue_is_read_back_with_everything_in_it(taken):
    folder, shots = taken
    skipped = write_stac(shots, folder.stac, folder.root)
    assert [item.item for item in skipped] == ["5.jpg"]
    assert "no time" in skipped[0].reason
    catalogue = pystac.Catalog.from_file(str(folder.stac / "catalog.json"))
    items = {item.properties["dronepatrol:sha256"]: item for item in catalogue.get_items(recursive=True)}
    assert len(items) == 5
    for row in shots[shots["time_utc"].notna()].itertuples():
        item = items[row.sha256]
        assert item.datetime == row.time_utc.to_pydatetime()
        assert shapely.geometry.shape(item.geometry).equals_exact(row.geometry, 1e-9)
        assert item.bbox == pytest.approx(row.geometry.bounds)
        assert Path(item.assets["photo"].href) == Path(folder.root, row.photo)
        assert item.properties["dronepatrol:yaw_deg"] == row.yaw_deg
    (extent,) = {tuple(collection.extent.spatial.bboxes[0]) for collection in list(catalogue.get_children())[:1]}
    assert extent[0] < extent[2]


def test_second_catalogue_takes_the_place_of_the_first(taken):
    folder, shots = taken
    write_stac(shots, folder.stac, folder.root)
    write_stac(shots.iloc[:2], folder.stac, folder.root)
    catalogue = pystac.Catalog.from_file(str(folder.stac / "catalog.json"))
    assert len(list(catalogue.get_items(recursive=True))) == 2
    assert sorted(path.name for path in folder.root.iterdir()) == ["shots.parquet", "stac"]


def test_contact_sheet_shows_every_photo_and_frames_the_doubtful(taken, tmp_path):
    folder, shots = taken
    extras(folder, shots, stac=False, sheet=True)
    with Image.open(folder.contact_sheet) as sheet:
        assert sheet.size == (6 * 166 + 6, 126 + 6)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    path = tmp_path / "sheet.jpg"
    path.write_bytes(contact_sheet([tmp_path / "card/0.jpg", broken, tmp_path / "card/1.jpg"], [False, False, True]))
    pixels = np.asarray(Image.open(path), dtype=int)
    middle = [pixels[60, 6 + n * 166 + 80] for n in range(3)]
    assert np.ptp(middle[1]) < 8, "a grey field for a file without a picture"
    edge = pixels[4, [80, 2 * 166 + 80]]
    assert edge[1][0] - edge[1][2] > 80 > edge[0][0] - edge[0][2]


def test_a_thousand_photos_fit_on_one_sheet(tmp_path, some_photo):
    path = tmp_path / "1.jpg"
    path.write_bytes(some_photo)
    sheet = tmp_path / "sheet.jpg"
    sheet.write_bytes(contact_sheet([path] * 1000, [False] * 1000))
    with Image.open(sheet) as image:
        assert image.size == (12 * 166 + 6, 25 * 126 + 6)
