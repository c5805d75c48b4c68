"""A patrol over ground and buildings, planned from files: what the plan's folder holds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.progress import silent
from dronepatrol.patrol.plan import plan, read_request
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")
FRAME = LocalFrame(121.0824, 30.8230)


def hill(path: Path) -> Path:
    """Write a synthetic model: level ground as high as the dock's, and one hill of 22 m in the north-west."""
    step = 0.0002
    transform = Affine(step, 0, 121.06, 0, -step, 30.84)
    rows, columns = np.indices((200, 220)) + 0.5
    metres = FRAME.to_metres(np.stack([121.06 + columns * step, 30.84 - rows * step], axis=-1))
    heights = 3.5 + 22 * np.exp(-((metres - (-200, 250)) ** 2).sum(axis=-1) / 220**2)
    profile = {"driver": "GTiff", "width": 220, "height": 200, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=transform, **profile) as file:
        file.write(heights.astype("float32"), 1)
    return path


def towers(path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"height_m": height},
            "geometry": shapely.geometry.mapping(FRAME.geometry_to_lonlat(shapely.Point(place).buffer(15))),
        }
        for place, height in (((0, -100), 96.0), ((100, 50), 30.0))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = PatrolFolder(tmp_path_factory.mktemp("patrol"))
    stale = folder.plan / "sortie-99.card.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("from a plan before")
    spec = replace(
        SPEC, dem_file=hill(folder.root / "dem.tif"), buildings_file=towers(folder.root / "buildings.geojson")
    )
    return plan(spec, folder, silent, "en"), folder, spec


def test_every_sortie_has_its_files_and_no_other(planned):
    mission, folder, _ = planned
    found = {path.name for path in folder.plan.iterdir()}
    kinds = ("plan", "waypoints", "card.html")
    assert {f"{sortie.id}.{kind}" for sortie in mission.sorties for kind in kinds} <= found
    assert {"report.html", "dossier.html", "mission.json", "checks.json", "route.geojson"} <= found
    assert "sortie-99.card.html" not in found


def test_flights_follow_the_ground_and_clear_the_tower(planned):
    mission, _, _ = planned
    heights = [waypoint.height_m for sortie in mission.sorties for waypoint in sortie.waypoints]
    assert max(heights) > 111  # 96 m, clearance and the level ground
    assert min(heights) > 90
    assert {finding.rule for finding in mission.findings if finding.severity == "blocker"} <= {"ALT120", "height"}
    said = [finding.message for finding in mission.findings if finding.rule == "terrain"]
    assert any("dem.tif" in message for message in said)
    assert any("above ground" in message for message in said)


def test_the_report_names_its_terrain_and_shows_profiles(planned):
    mission, folder, spec = planned
    page = (folder.plan / "report.html").read_text(encoding="utf-8")
    assert "terrain model dem.tif" in page
    assert page.count('class="dp-profile"') == len(mission.sorties)
    assert spec.title_en in page


def test_a_dem_that_is_none_is_refused(tmp_path):
    (tmp_path / "dem.tif").write_text("no picture")
    with pytest.raises(InputError, match="no GeoTIFF"):
        read_request(replace(SPEC, dem_file=tmp_path / "dem.tif"))
