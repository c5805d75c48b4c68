"""A catalogue is the same however it is read: at once, in chunks, by several processes, or after being killed."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from dronepatrol.errors import InputError
from dronepatrol.ingest import catalogue
from dronepatrol.ingest.photos import find_photos, shots_from_photos, shots_table
from dronepatrol.ingest.shots import ShotRow
from dronepatrol.model.progress import silent
from dronepatrol.patrol import ingest as verb
from dronepatrol.patrol.ingest import IngestOptions, ingest
from dronepatrol.store.folder import PatrolFolder

START = datetime(2025, 6, 1, 10, tzinfo=UTC)


@pytest.fixture
def card(make_photo, tmp_path):
    """Return a folder of 24 photos in two folders, one copy, one broken, two without position, one far away."""
    for n in range(24):
        moment = START + timedelta(seconds=2 * n + 0.3 * (n % 5) if n < 12 else 300 + 2 * n)
        stamp = moment.strftime("%Y:%m:%d %H:%M:%S")
        lonlat = None if n in {7, 16} else (2.35, 48.86) if n == 4 else (121.0 + n * 1e-4, 30.7)
        make_photo(
            f"card/{'a' if n < 18 else 'b'}/{n:03d}.jpg",
            lonlat=lonlat,
            image={0x0132: stamp},
            exif={0x9003: stamp, 0x9011: "+00:00", 0x9291: f"{moment.microsecond:06d}"},
        )
    folder = tmp_path / "card"
    (folder / "a/009.jpg").write_bytes((folder / "a/008.jpg").read_bytes())
    (folder / "b/020.jpg").write_bytes(b"")
    return folder


def table(folder: PatrolFolder) -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(folder.shots)


def test_chunks_make_the_same_table_as_all_at_once(card, tmp_path, monkeypatch):
    paths, _ = find_photos(card)
    rows = [row for row in shots_from_photos(paths, root=tmp_path / "out") if isinstance(row, ShotRow)]
    expected = shots_table(rows)
    monkeypatch.setattr(catalogue, "CHUNK_PHOTOS", 5)
    found = ingest(PatrolFolder(tmp_path / "out"), card, IngestOptions(), silent)
    assert {item.item: item.reason for item in found.skipped} == {
        "b/020.jpg": "the file is empty",
        "a/007.jpg": "no GPS position in the file",
        "a/016.jpg": "no GPS position in the file",
    }
    assert len(found.shots) == 21
    plain = [name for name in expected.columns if name not in {"quality", "geometry"}]
    assert_frame_equal(pd.DataFrame(found.shots[plain]), pd.DataFrame(expected[plain]))
    assert found.shots.geometry.geom_equals_exact(expected.geometry, 1e-12, align=False).all()
    flags = found.shots.set_index("shot_id")["quality"]
    assert flags["a/009.jpg"] == "same picture as a/008.jpg"
    assert flags["a/004.jpg"].startswith("position out of place: ")
    assert (flags[[name for name in flags.index if name not in {"a/009.jpg", "a/004.jpg"}]] == "").all()
    assert not PatrolFolder(tmp_path / "out").ingest_parts.exists()


def test_stream_is_geoparquet_with_bounds_of_the_whole(card, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "CHUNK_PHOTOS", 5)
    folder = PatrolFolder(tmp_path / "out")
    ingest(folder, card, IngestOptions(), silent)
    geo = json.loads(pq.read_metadata(folder.shots).metadata[b"geo"])
    shots = table(folder)
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["bbox"] == pytest.approx(list(shots.total_bounds))
    assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]
    inside = geopandas.read_parquet(folder.shots, bbox=(120.9, 30.6, 121.2, 30.8))  # by the covering
    assert len(inside) == len(shots) - 1


def test_processes_change_nothing(card, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "CHUNK_PHOTOS", 8)
    one, two = PatrolFolder(tmp_path / "one"), PatrolFolder(tmp_path / "two")
    alone, both = (ingest(folder, card, IngestOptions(jobs), silent) for folder, jobs in ((one, 1), (two, 2)))
    assert_frame_equal(pd.DataFrame(table(one)), pd.DataFrame(table(two)))
    assert alone.skipped == both.skipped


def test_what_was_read_is_not_read_again(card, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "CHUNK_PHOTOS", 5)
    whole = PatrolFolder(tmp_path / "whole")
    ingest(whole, card, IngestOptions(), silent)
    folder, read = PatrolFolder(tmp_path / "out"), []

    def reading(chunk, naming):
        if len(read) == 2:
            raise KeyboardInterrupt
        read.append(chunk.paths)
        return catalogue.read_chunk(chunk, naming)

    monkeypatch.setattr(verb, "read_chunk", reading)
    with pytest.raises(KeyboardInterrupt):
        ingest(folder, card, IngestOptions(), silent)
    first = list(read)
    assert len(first) == 2
    assert not folder.shots.exists()
    monkeypatch.setattr(
        verb, "read_chunk", lambda chunk, naming: read.append(chunk.paths) or catalogue.read_chunk(chunk, naming)
    )
    (card / "b/023.jpg").write_bytes((card / "b/022.jpg").read_bytes())  # changed meanwhile: read as it is now
    found = ingest(folder, card, IngestOptions(), silent)
    assert not set(first) & set(read[2:])
    assert [path for paths in read for path in paths].count(card / "a/000.jpg") == 1
    assert "same picture as b/022.jpg" in found.shots.set_index("shot_id").loc["b/023.jpg", "quality"]
    same = [name for name in found.shots["shot_id"] if name != "b/023.jpg"]
    both = [table(one).set_index("shot_id").loc[same, ["sha256", "lon_deg", "flight_id"]] for one in (folder, whole)]
    assert_frame_equal(*both)


def test_killed_at_any_moment_it_goes_on_and_ends_the_same(card, tmp_path):
    """A real process, killed by the system without a chance to tidy up, at moments spread over its run."""
    whole = PatrolFolder(tmp_path / "whole")
    ingest(whole, card, IngestOptions(), silent)
    folder = PatrolFolder(tmp_path / "out")
    code = (
        "import sys; from pathlib import Path; from dronepatrol.ingest import catalogue; catalogue.CHUNK_PHOTOS = 3\n"
        "from dronepatrol.patrol.ingest import *; from dronepatrol.model.progress import silent\n"
        f"folder, card = PatrolFolder(Path({str(folder.root)!r})), Path({str(card)!r})\n"
        "print('go', flush=True); ingest(folder, card, IngestOptions(), silent)"
    )
    kills, done = 0, False
    for wait_s in (0.1, 0.2, 0.4, 60.0):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
            done = process.wait() == 0
        if done:
            break
    assert done
    assert kills >= 1
    assert_frame_equal(pd.DataFrame(table(folder)), pd.DataFrame(table(whole)))
    assert [path.name for path in folder.root.iterdir()] == ["shots.parquet"]


def test_log_places_the_photos_that_have_no_position(card, tmp_path):
    """A .MRK whose clock is 37.6 s ahead of the camera's; positions differ, so that one sees whose they are."""
    epoch = datetime(1980, 1, 6, tzinfo=UTC)
    lines = []
    for n in range(24):
        moment = START + timedelta(seconds=(2 * n + 0.3 * (n % 5) if n < 12 else 300 + 2 * n) + 37.6)
        week, seconds = divmod((moment - epoch).total_seconds() + 18, 604_800)
        lines.append(
            f"{n + 1}\t{seconds:.6f}\t[{week:.0f}]\t     0,N\t     0,E\t    75,V\t{30.7 + n * 1e-4:.10f},Lat\t"
            f"121.5000000000,Lon\t50.5,Ellh\t0.011000, 0.012000, 0.03\t50,Q"
        )
    log = tmp_path / "a.MRK"
    log.write_text("\n".join(lines))
    found = ingest(PatrolFolder(tmp_path / "out"), card, IngestOptions(log=log), silent)
    assert [item.item for item in found.skipped] == ["b/020.jpg"]
    assert found.clock_offset_s == pytest.approx(37.6, abs=0.1)
    assert "2 photos take their position from it" in found.notes[0]
    row = found.shots.set_index("shot_id").loc["a/016.jpg"]
    assert (row.lon_deg, row.lat_deg) == pytest.approx((121.5, 30.7016))
    assert row.pose_source == "DJI exposure list, RTK fixed"
    assert (row.position_sigma_m, row.yaw_deg, row.attitude_of) == (0.012, 30.0, "camera")
    assert row.geometry.contains(geopandas.points_from_xy([row.lon_deg], [row.lat_deg])[0])
    assert found.shots.set_index("shot_id").loc["a/015.jpg", "lon_deg"] == pytest.approx(121.0015)


def test_log_of_another_flight_is_refused(card, testdata, tmp_path):
    log = testdata("imagery/rtk_mrk/101FTASK_Timestamp.mrk")
    with pytest.raises(InputError, match="no clock offset makes"):
        ingest(PatrolFolder(tmp_path / "out"), card, IngestOptions(log=log), silent)
    assert not (tmp_path / "out/shots.parquet").exists()


def test_nothing_but_unusable_photos_makes_an_empty_table(tmp_path):
    (tmp_path / "card").mkdir()
    (tmp_path / "card/1.jpg").write_bytes(b"rubbish")
    found = ingest(PatrolFolder(tmp_path / "out"), tmp_path / "card", IngestOptions(), silent)
    assert len(found.shots) == 0
    assert len(found.skipped) == 1


def test_footprints_lie_on_the_terrain(testdata, tmp_path):
    """Phantom 4 RTK over hills: the footprint on the surface model is another one than on level ground."""
    pytest.importorskip("rasterio")
    photos = tmp_path / "card"
    photos.mkdir()
    for name in ("100_0005_0018.tif", "100_0005_0136.tif"):
        (photos / name).symlink_to(testdata(f"imagery/p4rtk_truth/{name}"))
    dem = testdata("imagery/p4rtk_truth/dsm.tif")
    flat = ingest(PatrolFolder(tmp_path / "flat"), photos, IngestOptions(), silent).shots
    hilly = ingest(PatrolFolder(tmp_path / "hilly"), photos, IngestOptions(dem=dem), silent).shots
    assert flat.geometry.notna().all()
    for name, level, ground in zip(flat["shot_id"], flat.geometry, hilly.geometry, strict=True):
        truth = pd.read_csv(testdata("imagery/p4rtk_truth/truth.csv")).query("image == @name")
        if ground is None:  # a corner looks beyond the model's edge
            continue
        points = geopandas.points_from_xy(truth["lon_deg"], truth["lat_deg"])
        inside = [np.mean([shape.buffer(3e-5).contains(point) for point in points]) for shape in (level, ground)]
        assert inside[1] >= inside[0] - 0.02, name
        assert inside[1] > 0.95, name
        assert not ground.equals(level)
