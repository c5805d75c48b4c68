"""``dronepatrol change`` on synthetic photos: one rendered scene twice, with a shed painted onto the later visit."""

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import shape
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import InputError
from dronepatrol.geo.ground import ground_to_pixels
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.progress import silent
from dronepatrol.model.tables import SHOTS
from dronepatrol.patrol.change import change
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import typed, write_table

_spec = importlib.util.spec_from_file_location("scenes", Path(__file__).parents[1] / "detect" / "scenes.py")
scenes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scenes)

CAMERA = Camera.pinhole((1024, 768), 1024.0)
HEIGHT_M = 100.0
SIZE_M = (12.0, 9.0)


@pytest.fixture(scope="module")
def scene():
    return scenes.demo_scene(3)


@pytest.fixture(scope="module")
def renderer(scene):
    return Renderer(scene, CAMERA)


@pytest.fixture(scope="module")
def centre(scene, renderer):
    """Return where the shed comes: the greenest of some places, since grey on grey paving is a limit of the method."""
    rng, things = np.random.default_rng(0), np.array([plant.place.xy for plant in scene.plants])
    places = rng.uniform(*np.percentile(things, [25, 75], axis=0), (12, 2))
    step = CAMERA.fx_px / HEIGHT_M
    best, most = places[0], -1.0
    for place in places:
        image = renderer.render(*scene.frame.to_lonlat(place).tolist(), HEIGHT_M, camera_to_ned(0.0, -90.0, 0.0))
        light = image.astype(np.float32).sum(axis=-1)
        green = ((image[:, :, 1] > image[:, :, 2] + 15) & (image[:, :, 1] > image[:, :, 0] + 15) & (light > 150)) * 1.0
        share = cv2.blur(green, (round(22 * step),) * 2)[150:-150, 150:-150]
        if share.max() > most:
            row, column = np.unravel_index(share.argmax(), share.shape)
            most = share.max()
            best = place + np.array([column + 150 - 511.5, 383.5 - 150 - row]) / step
    assert most > 0.8
    return best


def _patrol(folder, scene, renderer, places, yaws, shed=None, day=1):
    """Write photos (synthetic) and their shots; a shed is painted at its place in metres."""
    (folder / "photos").mkdir(parents=True)
    rows = []
    for number, (place, yaw) in enumerate(zip(places, yaws, strict=True)):
        lon, lat = scene.frame.to_lonlat(place).tolist()
        rotation = camera_to_ned(yaw, -88.0, 0.0)
        image = np.ascontiguousarray(renderer.render(lon, lat, HEIGHT_M, rotation))
        if shed is not None:
            _paint_shed(image, rotation, np.asarray(shed) - place)
        name = f"photos/{number}.jpg"
        cv2.imwrite(str(folder / name), image)
        pose = {"lon_deg": lon, "lat_deg": lat, "height_m": HEIGHT_M, "altitude_m": HEIGHT_M}
        pose |= {"yaw_deg": yaw, "pitch_deg": -88.0, "roll_deg": 0.0, "attitude_of": "camera"}
        inner = {"image_width_px": 1024, "image_height_px": 768, "fx_px": 1024.0, "fy_px": 1024.0}
        inner |= {"cx_px": CAMERA.cx_px, "cy_px": CAMERA.cy_px, "lens": "brown"}
        blank = {name: {"str": "", "geometry": None}.get(kind, 0) for name, kind in SHOTS.columns.items()}
        time = {"time_utc": datetime(2026, 5, day, 2, number, tzinfo=UTC)}
        rows.append(blank | {"shot_id": f"S{number}", "photo": name} | pose | inner | time)
    write_table(folder / "shots.parquet", typed(pd.DataFrame(rows), SHOTS), SHOTS)
    return folder


def _paint_shed(image, rotation, middle):
    def fill(low, high, colour):
        ring = middle + np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
        cv2.fillPoly(image, [np.rint(ground_to_pixels(CAMERA, rotation, HEIGHT_M, ring)).astype(np.int32)], colour)

    half = np.array(SIZE_M) / 2
    fill(-half + (0, -1.5), half, (20, 22, 22))
    fill(-half, half, (170, 172, 171))
    fill((-half[0], -0.4), (half[0], 0.4), (120, 122, 121))


OFFSETS = np.array([[8.0, 4.0], [-10.0, 6.0], [3.0, -9.0]])


@pytest.fixture(scope="module")
def earlier(tmp_path_factory, scene, renderer, centre):
    places = centre + OFFSETS + np.array([[2.0, -3.0], [4.0, 1.0], [-2.0, 2.0]])
    return _patrol(tmp_path_factory.mktemp("change") / "may", scene, renderer, places, [5, 95, 182])


@pytest.fixture(scope="module")
def later(tmp_path_factory, scene, renderer, centre):
    folder = tmp_path_factory.mktemp("change") / "june"
    return _patrol(folder, scene, renderer, centre + OFFSETS, [0, 90, 180], shed=centre, day=20)


def _orthophoto(path, scene, renderer, middle, **options):
    """Write a nadir render as a GeoTIFF in degrees; its south-east corner is "no data"."""
    lon, lat = scene.frame.to_lonlat(middle).tolist()
    image = renderer.render(lon, lat, HEIGHT_M, camera_to_ned(0.0, -90.0, 0.0))[:, :, ::-1]
    step_m = HEIGHT_M / CAMERA.fx_px
    east, north = (scene.frame.to_lonlat(middle + np.eye(2)[axis] * 50) - (lon, lat) for axis in (0, 1))
    dx, dy = east[0] / 50 * step_m, north[1] / 50 * step_m
    where = Affine(dx, 0, lon - 512 * dx, 0, -dy, lat + 384 * dy)
    profile = {"driver": "GTiff", "width": 1024, "height": 768, "count": 4, "dtype": "uint8"}
    known = np.full(image.shape[:2], 255, np.uint8)
    known[700:, 900:] = 0
    with rasterio.open(path, "w", **profile | {"crs": "EPSG:4326", "transform": where} | options) as dataset:
        dataset.write(np.concatenate([np.moveaxis(image, -1, 0), known[None]]))
        dataset.colorinterp = [rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue", "alpha")]
    return path


def _is_the_shed(result, scene, centre, kind):
    assert [feature["properties"]["kind"] for feature in result["features"]] == [kind]
    found = scene.frame.geometry_to_metres(shape(result["features"][0]["geometry"]))
    assert np.hypot(*(np.array(found.centroid.coords[0]) - centre)) < 2.0
    assert result["features"][0]["properties"]["area_m2"] == pytest.approx(SIZE_M[0] * SIZE_M[1], rel=0.4)


def test_a_new_shed_is_found_once_in_its_place(scene, centre, earlier, later):
    result, skipped = change(PatrolFolder(later), earlier, 40.0, silent)
    assert skipped == []
    _is_the_shed(result, scene, centre, "appeared")
    said = result["features"][0]["properties"]
    assert len(said["photos"]) >= 2
    assert said["before_time"].startswith("2026-05-01")
    assert said["after_time"].startswith("2026-05-20")
    assert json.loads((later / "changes.geojson").read_text()) == json.loads(json.dumps(result))
    assert cv2.imread(str(later / "changes.jpg")) is not None


def test_a_shed_that_is_taken_away_disappears(scene, centre, earlier, later):
    result, _ = change(PatrolFolder(earlier), later, 40.0, silent)
    _is_the_shed(result, scene, centre, "disappeared")


def test_an_orthophoto_is_an_earlier_visit(tmp_path, scene, renderer, centre, later):
    result, _ = change(PatrolFolder(later), _orthophoto(tmp_path / "o.tif", scene, renderer, centre), 40.0, silent)
    _is_the_shed(result, scene, centre, "appeared")


def test_a_scene_that_stays_gives_nothing(tmp_path, scene, renderer, centre, earlier):
    again = _patrol(tmp_path / "again", scene, renderer, centre + OFFSETS, [10, 80, 200])
    for before in (earlier, _orthophoto(tmp_path / "o.tif", scene, renderer, centre)):
        assert change(PatrolFolder(again), before, 40.0, silent)[0]["features"] == []


def test_photos_that_cannot_be_compared_are_named(tmp_path, scene, renderer, centre, earlier):
    folder = _patrol(tmp_path / "p", scene, renderer, [centre, centre + 400, centre], [0, 0, 0])
    (folder / "photos" / "2.jpg").write_bytes(b"no picture")
    done = CliRunner().invoke(app, ["change", str(folder), "--before", str(earlier), "--json"])
    assert done.exit_code == 3
    assert "S1: the earlier visit does not show its place" in done.stderr
    assert "2.jpg cannot be decoded" in done.stderr
    assert json.loads(done.stdout)["compared"] == 1


@pytest.mark.parametrize(
    ("options", "match"),
    [({"crs": None}, "has no coordinate reference system"), ({"transform": Affine.identity()}, "does not say where")],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_an_orthophoto_without_a_place_is_refused(tmp_path, scene, renderer, centre, later, options, match):
    path = _orthophoto(tmp_path / "nowhere.tif", scene, renderer, centre, **options)
    with pytest.raises(InputError, match=f"nowhere.tif {match}"):
        change(PatrolFolder(later), path, 40.0, silent)


def test_what_is_no_earlier_visit_is_refused(tmp_path, earlier):
    (tmp_path / "text.tif").write_text("no picture")
    for before, match in (
        (tmp_path / "text.tif", "text.tif is no GeoTIFF"),
        (tmp_path / "none", "there is no earlier visit"),
        (earlier, "is the patrol itself"),
    ):
        with pytest.raises(InputError, match=match):
            change(PatrolFolder(earlier), before, 40.0, silent)
    assert not list(tmp_path.glob("changes*"))
