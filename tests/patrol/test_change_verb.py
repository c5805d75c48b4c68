"""``dronepatrol change`` on synthetic photos: one rendered place twice, between which a shed and heaps come and go."""

import importlib.util
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from shapely.geometry import shape
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import InputError
from dronepatrol.model.progress import silent
from dronepatrol.model.tables import ADJUSTMENT, SHOTS
from dronepatrol.patrol.change import change
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table, write_table

_spec = importlib.util.spec_from_file_location("visits", Path(__file__).with_name("visits.py"))
visits = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(visits)

HIGH_M, LOW_M, SHED_M = visits.HIGH_M, visits.LOW_M, visits.SHED_M
OFFSETS = np.array([[8.0, 4.0], [-10.0, 6.0], [3.0, -9.0]])


@pytest.fixture(scope="module")
def town():
    return visits.Town(7)


@pytest.fixture(scope="module")
def centre(town):
    return visits.greenest(town.scene)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory, town, centre):
    folder = tmp_path_factory.mktemp("change") / "may"
    places = centre + OFFSETS + np.array([[2.0, -3.0], [4.0, 1.0], [-2.0, 2.0]])
    return visits.photograph(folder, town.scene, places, [5, 95, 182], height_m=HIGH_M)


@pytest.fixture(scope="module")
def later(tmp_path_factory, town, centre):
    folder = tmp_path_factory.mktemp("change") / "june"
    places = centre + OFFSETS
    return visits.photograph(folder, town.scene, places, [0, 90, 180], height_m=HIGH_M, day=20, shed=centre)


def _found(result, frame):
    """Return kind, what, and the middle in metres of each change."""
    middles = [frame.geometry_to_metres(shape(one["geometry"])).centroid.coords[0] for one in result["features"]]
    said = [one["properties"] for one in result["features"]]
    return [(one["kind"], one["what"], np.array(middle)) for one, middle in zip(said, middles, strict=True)]


def _is_the_shed(result, town, centre, kind):
    assert [one[:2] for one in _found(result, town.frame)] == [(kind, "structure")]
    assert np.hypot(*(_found(result, town.frame)[0][2] - centre)) < 2.0
    assert result["features"][0]["properties"]["area_m2"] == pytest.approx(SHED_M[0] * SHED_M[1], rel=0.4)


@pytest.fixture(scope="module")
def with_shed(earlier, later):
    """Return what is found, what was left out, and the picture of it."""
    result, skipped = change(PatrolFolder(later), earlier, 40.0, silent)
    assert json.loads((later / "changes.geojson").read_text()) == json.loads(json.dumps(result))
    return result, skipped, cv2.imread(str(later / "changes.jpg"))


def test_a_new_shed_is_found_once_in_its_place(town, centre, with_shed):
    result, skipped, _ = with_shed
    assert skipped == []
    _is_the_shed(result, town, centre, "appeared")
    said = result["features"][0]["properties"]
    assert len(said["photos"]) >= 2
    assert said["before_time"].startswith("2026-05-01")
    assert said["after_time"].startswith("2026-05-20")


def test_a_shed_that_is_taken_away_disappears(town, centre, earlier, later):
    result, _ = change(PatrolFolder(earlier), later, 40.0, silent)
    _is_the_shed(result, town, centre, "disappeared")
    assert result["notes"][-1].endswith("may be the wrong way round")


def _around_place(lonlat, step_deg):
    """Return the profile of a square of 300 pixels around a place."""
    west, north = lonlat[0] - 150 * step_deg, lonlat[1] + 150 * step_deg
    return {"width": 300, "height": 300, "transform": Affine(step_deg, 0, west, 0, -step_deg, north)}


def test_pictures_that_cannot_show_a_structure_are_not_compared(tmp_path, town, centre, later):
    """A picture without a pattern cannot be registered, and one of 2 m per pixel shows no structure."""
    lonlat = town.frame.to_lonlat(centre).tolist()
    blank = _small(tmp_path / "blank.tif", **_around_place(lonlat, 8e-6))
    notes = change(PatrolFolder(later), blank, 40.0, silent)[0]["notes"]
    assert "all of the photos are too unlike the earlier visit to be registered, S0 first" in notes[-1]
    coarse = _small(tmp_path / "coarse.tif", **_around_place(lonlat, 2e-5))
    with pytest.raises(InputError, match=r"the earlier coarse\.tif shows .* m per pixel; expected at most 1"):
        change(PatrolFolder(later), coarse, 40.0, silent)


def test_the_picture_shows_before_and_after_north_up(with_shed):
    """The shed is 12 m from west to east and 9 m from south to north, pale on grass, and after in the right half."""
    row = with_shed[2][46:]
    px_m = row.shape[0] / (2.5 * SHED_M[0])

    def pale(left_px, east_m, north_m):
        x, y = round(left_px + row.shape[0] / 2 + east_m * px_m), round(row.shape[0] / 2 - north_m * px_m)
        return row[y - 3 : y + 4, x - 3 : x + 4].min(axis=2).mean() > 130

    places = [(0, 2), (-4.5, 2), (4.5, 2), (0, 6.5), (-4.5, 6.5)]
    right = row.shape[1] - row.shape[0]
    assert [pale(right, *place) for place in places] == [True, True, True, False, False]
    assert not any(pale(0, *place) for place in places)


def test_a_scene_that_stays_gives_nothing(tmp_path, town, centre, earlier):
    before = visits.orthophoto(tmp_path / "o.tif", town.scene, centre)
    assert change(_first(earlier, tmp_path, 2), before, 40.0, silent)[0]["features"] == []


def test_photos_that_cannot_be_compared_are_named(tmp_path, town, centre, earlier):
    folder = visits.photograph(tmp_path / "p", town.scene, [centre, centre + 400, centre], [0, 0, 0], height_m=HIGH_M)
    (folder / "photos" / "2.jpg").write_bytes(b"no picture")
    done = CliRunner().invoke(app, ["change", str(folder), "--before", str(earlier), "--json"])
    assert done.exit_code == 3
    assert "S1: the earlier visit does not show its place" in done.stderr
    assert "2.jpg cannot be decoded" in done.stderr
    assert "all of the photos are not compared for heaps; S0: it shows the ground at 0.10 m per pixel" in done.stderr
    assert json.loads(done.stdout)["compared"] == 1


def test_adjusted_poses_are_taken(tmp_path, town, centre, earlier):
    """A photo whose position is wrong by 30 m shows the shed where it is, once it is adjusted."""
    options = {"height_m": HIGH_M, "day": 20, "off_m": (30.0, 0.0), "shed": centre}
    place = centre + OFFSETS[0]
    folder = PatrolFolder(visits.photograph(tmp_path / "wrong", town.scene, [place], [0], **options))
    wrong, _ = change(folder, earlier, 40.0, silent)
    assert not any(np.hypot(*(middle - centre)) < 4 for _, _, middle in _found(wrong, town.frame))
    lon, lat = town.frame.to_lonlat(place).tolist()
    row = {name: {"str": "", "float": 0.0, "int": 0}[kind] for name, kind in ADJUSTMENT.columns.items()}
    row |= {"shot_id": "S0", "lon_deg": lon, "lat_deg": lat, "pitch_deg": -88.0, "fx_px": 1024.0, "fy_px": 1024.0}
    table = pd.DataFrame([row | {"covariance": json.dumps([0.0] * 21)}])
    write_table(folder.adjustment, table, ADJUSTMENT)
    _is_the_shed(change(folder, earlier, 40.0, silent)[0], town, centre, "appeared")


HEAPS = ("waste_heap", "garbage")


@pytest.fixture(scope="module")
def heaps(town):
    """Return for each kind one heap that comes, one that goes and one that stays: the largest."""
    return {kind: sorted(town.of(kind), key=_size_m2)[-3:] for kind in HEAPS}


def _size_m2(plant):
    return plant.thing.length_m * plant.thing.width_m


def _around(heaps, shift):
    return np.concatenate(
        [one.place.xy + np.add([[5, 3], [-6, 2]], shift) for three in heaps.values() for one in three]
    )


@pytest.fixture(scope="module")
def heaps_before(tmp_path_factory, town, heaps):
    scene = town.without(*(three[0] for three in heaps.values()))
    folder = tmp_path_factory.mktemp("heaps") / "may"
    places = _around(heaps, (1, -1))
    yaws = np.arange(len(places)) * 77.0
    return visits.photograph(folder, scene, places, yaws, height_m=LOW_M, off_m=(1.4, -1.1))


@pytest.fixture(scope="module")
def heaps_after(tmp_path_factory, town, heaps):
    """Another sun, and a duller picture."""
    scene = town.without(*(three[1] for three in heaps.values()), sun=visits.EVENING)
    options = {"height_m": LOW_M, "day": 20, "light": (0.85, 6.0)}
    folder = tmp_path_factory.mktemp("heaps") / "june"
    places = _around(heaps, (-1, 0))
    return visits.photograph(folder, scene, places, np.arange(len(places)) * 101.0, **options)


def _first(folder, tmp_path, count):
    """Return a patrol of no more than the first photos of another."""
    part = shutil.copytree(folder, tmp_path / "part", ignore=shutil.ignore_patterns("changes.*"))
    write_table(part / "shots.parquet", read_table(part / "shots.parquet", SHOTS).head(count), SHOTS)
    return PatrolFolder(part)


def _is_only(result, town, heaps):
    """Assert that the first heap of each kind came, the second went, and nothing else is said."""
    left = _found(result, town.frame)
    for three in heaps.values():
        for kind, heap in zip(("appeared", "disappeared"), three, strict=False):
            near = [one for one in left if np.hypot(*(one[2] - heap.place.xy)) < 4.0]
            assert [one[:2] for one in near] == [(kind, "heap")], heap.kind
            left = [one for one in left if not any(one is other for other in near)]
    assert left == []


def test_heaps_that_came_and_went_are_found_under_another_sun(town, heaps, heaps_before, heaps_after):
    result, skipped = change(PatrolFolder(heaps_after), heaps_before, 40.0, silent)
    assert skipped == []
    assert (result["notes"], result["compared_for_heaps"]) == ([], 12)
    _is_only(result, town, heaps)


def test_the_smallest_area_counts_for_heaps_too(tmp_path, heaps_before, heaps_after):
    result, _ = change(_first(heaps_after, tmp_path, 2), heaps_before, 4000.0, silent)
    assert (result["compared_for_heaps"], result["features"]) == (2, [])


def test_heaps_against_a_fine_orthophoto(tmp_path, town, heaps, heaps_after):
    heap = heaps["waste_heap"][0]
    before = visits.orthophoto(tmp_path / "o.tif", town.without(heap), heap.place.xy, height_m=LOW_M, crs="EPSG:32651")
    found = _found(change(_first(heaps_after, tmp_path, 2), before, 40.0, silent)[0], town.frame)
    near = [one[:2] for one in found if np.hypot(*(one[2] - heap.place.xy)) < 4.0]
    assert near == [("appeared", "heap")]


def test_heaps_are_not_compared_with_a_coarse_orthophoto(tmp_path, town, heaps, heaps_after):
    heap = heaps["waste_heap"][0]
    before = visits.orthophoto(tmp_path / "coarse.tif", town.without(heap), heap.place.xy)
    done = CliRunner().invoke(
        app, ["change", str(_first(heaps_after, tmp_path, 2).root), "--before", str(before), "--json"]
    )
    said = "the earlier coarse.tif shows the ground at 0.10 m per pixel; expected at most 0.08"
    assert said in done.stderr
    result = json.loads(done.stdout)
    assert result["compared_for_heaps"] == 0
    assert not any(one["properties"]["what"] == "heap" for one in result["features"])


def _with_alpha(image):
    """Return red, green, blue and alpha, which hides the south-east corner."""
    known = np.full(image.shape[:2], 255, np.uint8)
    known[700:, 900:] = 0
    return np.concatenate([np.moveaxis(image, -1, 0), known[None]])


def _blank(image):
    """Return red, green and blue with "no data" in the middle, where the shed comes."""
    image = np.maximum(image, 1)
    image[200:-200, 250:-250] = 0
    return np.moveaxis(image, -1, 0)


@pytest.mark.parametrize(
    ("crs", "yaw", "options"),
    [
        ("EPSG:4326", 0.0, {"bands": _with_alpha, "photometric": "RGB", "alpha": "yes"}),
        ("EPSG:32651", 0.0, {"nodata": 0}),
        ("EPSG:4549", -140.0, {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}),
    ],
)
def test_an_orthophoto_in_any_crs_and_turned_is_an_earlier_visit(tmp_path, town, centre, later, crs, yaw, options):
    before = visits.orthophoto(tmp_path / "o.tif", town.scene, centre, crs=crs, yaw=yaw, **options)
    result, _ = change(_first(later, tmp_path, 1), before, 40.0, silent)
    _is_the_shed(result, town, centre, "appeared")


@pytest.mark.parametrize(
    ("bands", "options"),
    [
        (_blank, {"nodata": 0}),
        (lambda image: np.vstack([_blank(image), _blank(image).max(axis=0, keepdims=True)]), {"alpha": "yes"}),
    ],
)
def test_nothing_is_said_of_what_an_orthophoto_does_not_show(tmp_path, town, centre, later, bands, options):
    before = visits.orthophoto(tmp_path / "o.tif", town.scene, centre, bands=bands, **options)
    assert change(_first(later, tmp_path, 1), before, 40.0, silent)[0]["features"] == []


def test_bands_in_another_order_are_read_as_the_file_says(tmp_path, town, centre, later):
    before = visits.orthophoto(tmp_path / "o.tif", town.scene, centre, bands=lambda one: np.moveaxis(one, -1, 0)[::-1])
    with rasterio.open(before, "r+") as dataset:
        dataset.colorinterp = ColorInterp.blue, ColorInterp.green, ColorInterp.red
    result, _ = change(_first(later, tmp_path, 1), before, 40.0, silent)
    _is_the_shed(result, town, centre, "appeared")


def _small(path, **options):
    """Write a GeoTIFF without a picture; sparse, so that even a huge one is small on the disk."""
    profile = {"driver": "GTiff", "width": 64, "height": 64, "count": 3, "dtype": "uint8", "crs": "EPSG:4326"}
    profile |= {"transform": Affine(1e-6, 0, 121.08, 0, -1e-6, 30.83), "SPARSE_OK": True, "BIGTIFF": "YES"}
    with rasterio.open(path, "w", **profile | options):
        pass
    return path


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"crs": None}, "has no coordinate reference system"),
        ({"transform": Affine.identity()}, "does not say where"),
        ({"count": 1}, "has 1 band of uint8; expected red, green and blue of 8 bits"),
        ({"count": 2}, "has 2 bands of uint8; expected red"),
        ({"dtype": "uint16"}, "has 3 bands of uint16; expected red"),
        ({"dtype": "float32"}, "has 3 bands of float32; expected red"),
        ({"transform": Affine(1e-6, 0, 20.0, 0, -1e-6, 30.83)}, r"shows another place, 9\d\d\d km away"),
        ({"transform": Affine(1e-6, 0, 121.08, 0, -1e-6, 30.83)}, r"shows another place, \d\d\d m away"),
        ({"transform": Affine(1e-6, 0, 121.08, 0, -1e-6, 130.0)}, "shows another place|lies outside"),
        (
            {"width": 32_768, "height": 32_768, "tiled": True, "blockxsize": 16_384, "blockysize": 16_384},
            "is stored in too large pieces",
        ),
        (
            {
                "width": 200_000,
                "height": 200_000,
                "tiled": True,
                "transform": Affine(1e-8, 0, 121.08, 0, -1e-8, 30.823),
            },
            "photo",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_an_orthophoto_that_cannot_be_used_is_refused(tmp_path, later, options, match):
    with pytest.raises(InputError, match=match) as refused:
        change(PatrolFolder(later), _small(tmp_path / "odd.tif", **options), 40.0, silent)
    assert "odd.tif" in str(refused.value)


def test_what_is_no_earlier_visit_is_refused(tmp_path, earlier):
    (tmp_path / "text.tif").write_text("no picture")
    folder = shutil.copytree(earlier, tmp_path / "own", ignore=shutil.ignore_patterns("changes.*"))
    for before, match in (
        (tmp_path / "text.tif", "text.tif is no GeoTIFF"),
        (tmp_path / "none", "there is no earlier visit"),
        (folder, "is the patrol itself"),
    ):
        with pytest.raises(InputError, match=match):
            change(PatrolFolder(folder), before, 40.0, silent)
    assert not list(folder.glob("changes*"))
