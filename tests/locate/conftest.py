"""What the tests of this room share."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import rasterio
from affine import Affine

from dronepatrol.geo.local import LocalFrame

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark_of(monkeypatch):
    """Return a function that imports a benchmark by its name."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(REPOSITORY))
        known = sys.modules.get("benchmarks")
        if known is not None and REPOSITORY / "benchmarks" not in map(Path, known.__path__):
            monkeypatch.delitem(sys.modules, "benchmarks")
        return importlib.import_module(f"benchmarks.{name}")

    return load


@pytest.fixture
def dem(tmp_path):
    """Return a terrain model around 121.08, 30.82 that is 5 m high everywhere."""
    path = tmp_path / "dem.tif"
    lon, lat = LocalFrame(121.08, 30.82).to_lonlat((-300.0, 300.0))
    with rasterio.open(path, "w", driver="GTiff", width=80, height=80, count=1, dtype="float32", crs="EPSG:4326",
                       transform=Affine(1e-4, 0.0, lon, 0.0, -1e-4, lat)) as file:  # fmt: skip
        file.write(np.full((80, 80), 5.0, dtype=np.float32), 1)
    return path
