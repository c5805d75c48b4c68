"""Terrain models from GeoTIFFs, well made and hostile."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import Affine
from scipy.ndimage import map_coordinates

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.terrain.flat import FlatTerrain
from dronepatrol.terrain.raster import RasterTerrain

_CONTRACT = importlib.util.spec_from_file_location("terrain_contract", Path(__file__).with_name("contract.py"))
contract = importlib.util.module_from_spec(_CONTRACT)
_CONTRACT.loader.exec_module(contract)

HERE = (121.05, 30.70)
DEGREES = Affine(0.0002, 0, 121.0, 0, -0.0002, 30.75)


def write(path: Path, heights: np.ndarray, crs="EPSG:4326", transform=DEGREES, **more) -> Path:
    height, width = heights.shape
    shape = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": heights.dtype}
    with rasterio.open(path, "w", crs=crs, transform=transform, **(shape | more)) as file:
        file.write(heights, 1)
    return path


def plane(lon, lat):
    return 40.0 + 800.0 * (np.asarray(lon) - 121.05) - 500.0 * (np.asarray(lat) - 30.70)


@pytest.fixture(scope="module")
def slope(tmp_path_factory) -> RasterTerrain:
    rows, columns = np.indices((500, 520)) + 0.5
    heights = plane(121.0 + columns * 0.0002, 30.75 - rows * 0.0002).astype("float64")
    return RasterTerrain(write(tmp_path_factory.mktemp("dem") / "plane.tif", heights, tiled=True))


def test_flat_terrain_keeps_the_contract_and_says_that_it_is_flat():
    contract.keeps_the_contract(FlatTerrain(3.5), HERE)
    assert "flat" in FlatTerrain(3.5).source
    assert FlatTerrain(3.5).height_m(HERE) == 3.5


def test_raster_terrain_keeps_the_contract(slope):
    contract.keeps_the_contract(slope, HERE)
    assert "plane.tif" in slope.source


@given(st.floats(121.0002, 121.1036), st.floats(30.6504, 30.7496))
def test_a_plane_is_a_plane(slope, lon, lat):
    assert slope.height_m((lon, lat)) == pytest.approx(plane(lon, lat), abs=1e-6)


def test_outside_is_not_known_and_the_border_pixels_are(slope):
    west, north = 121.0, 30.75
    outside = [(west - 1e-6, 30.7), (121.1041, 30.7), (121.05, north + 1e-6), (121.05, 30.6499), (0, 0), (-170, 91)]
    assert np.isnan(slope.height_m(outside)).all()
    assert np.isfinite(slope.height_m((west + 1e-6, north - 1e-6)))


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:32651", "EPSG:3857"])
def test_any_crs_ends_at_the_same_place(tmp_path, crs):
    to = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to.transform(*HERE)
    transform = Affine(5.0, 0, x - 500, 0, -5.0, y + 500)
    heights = np.zeros((200, 200), "float32")
    heights[90:110, 90:110] = 12.0
    terrain = RasterTerrain(write(tmp_path / "dem.tif", heights, crs, transform))
    frame = LocalFrame(*HERE)
    scale = 1 / np.cos(np.radians(HERE[1])) if crs == "EPSG:3857" else 1.0
    near = frame.to_lonlat(np.array([[0, 0], [40, 0], [0, 40]]) / scale)
    far = frame.to_lonlat(np.array([[70, 0], [0, -70], [-100, 100]]) / scale)
    assert terrain.height_m(near).tolist() == [12.0] * 3
    assert terrain.height_m(far).tolist() == [0.0] * 3
    contract.keeps_the_contract(RasterTerrain(tmp_path / "dem.tif"), HERE) if crs == "EPSG:3857" else None


def test_windows_join_without_a_seam(tmp_path):
    rng = np.random.default_rng(7)
    heights = rng.uniform(0, 100, (1100, 1300)).astype("float32")
    terrain = RasterTerrain(write(tmp_path / "rough.tif", heights, tiled=True, compress="deflate"))
    column, row = rng.uniform(0, 1299, 3000), rng.uniform(0, 1099, 3000)
    column[:200] = rng.uniform(510.5, 513.5, 200)  # round the seam
    row[200:400] = rng.uniform(1022.5, 1025.5, 200)
    found = terrain.height_m(np.stack([121.0 + (column + 0.5) * 0.0002, 30.75 - (row + 0.5) * 0.0002], axis=1))
    np.testing.assert_allclose(found, map_coordinates(heights.astype(float), [row, column], order=1), atol=1e-4)


def test_no_data_scale_and_impossible_heights(tmp_path):
    heights = np.full((40, 40), 100, "int16")
    heights[10, 10], heights[20, 20] = -32768, 32000
    path = write(tmp_path / "dem.tif", heights, nodata=-32768)
    terrain = RasterTerrain(path)

    def at(row, column):
        return terrain.height_m((121.0 + (column + 0.5) * 0.0002, 30.75 - (row + 0.5) * 0.0002))

    assert np.isnan(at(10, 10))
    assert np.isnan(at(10.4, 10))
    assert np.isnan(at(20, 20))  # 32 km is no ground
    assert at(10, 11) == 100  # the next pixel's own middle is known
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.1,), (5.0,)
    assert RasterTerrain(path).height_m((121.003, 30.749)) == pytest.approx(15.0)


def hostile(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.tif"
    heights = np.ones((50, 50), "float32")
    if kind == "missing":
        return path
    if kind in {"empty", "text"}:
        path.write_bytes(b"" if kind == "empty" else b"II*\0 this is no picture")
    elif kind == "no crs":
        write(path, heights, crs=None)
    elif kind == "no place":
        write(path, heights, transform=Affine.identity())
    elif kind == "complex":
        write(path, heights.astype("complex64"))
    elif kind == "feet":
        write(path, heights)
        with rasterio.open(path, "r+") as file:
            file.units = ("ft",)
    elif kind == "huge pieces":
        shape = {"width": 60000, "height": 60000, "blockysize": 60000, "dtype": "float32", "count": 1}
        sparse = {"SPARSE_OK": True, "BIGTIFF": "YES", "compress": "deflate", "crs": "EPSG:4326", "transform": DEGREES}
        rasterio.open(path, "w", driver="GTiff", **shape, **sparse).close()
    elif kind == "vrt":
        inner = '<SourceFilename relativeToVRT="0">/vsicurl/http://127.0.0.1:9/x.tif</SourceFilename>'
        path.write_text(f'<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand band="1">{inner}</VRTRasterBand>')
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    "kind", ["missing", "empty", "text", "no crs", "no place", "complex", "feet", "huge pieces", "vrt"]
)
def test_what_is_no_terrain_model_is_refused_with_a_reason(tmp_path, kind):
    path = hostile(tmp_path, kind)
    with pytest.raises(InputError, match=r"terrain model|GeoTIFF") as refused:
        RasterTerrain(path)
    assert path.name in refused.value.message
    assert refused.value.hint


def test_a_file_damaged_inside_is_refused_when_it_is_read(tmp_path):
    rng = np.random.default_rng(1)
    path = write(tmp_path / "dem.tif", rng.uniform(0, 9, (600, 600)).astype("float32"), tiled=True, compress="deflate")
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : 2 * len(content) // 3] = bytes(len(content) // 3 + 1)[: len(content) // 3]
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        RasterTerrain(path).height_m(np.stack(np.meshgrid(np.linspace(121.0, 121.11, 90), [30.7, 30.66]), axis=-1))
