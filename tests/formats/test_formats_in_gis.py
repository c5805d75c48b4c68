"""GDAL, which QGIS opens files with, reads our maps of flights with their places in lon, lat."""

import pyogrio
import pytest
from formats_flights import DOCK, planned

from dronepatrol.formats.registry import write
from dronepatrol.model.mission import RallyPoint, Sortie, Waypoint

PLACES = (Waypoint(121.081, 30.821, 60.0, 30.0), Waypoint(121.082, 30.821, 60.0))
SORTIE = Sortie("sortie-01", DOCK, PLACES, 8.0, 60.0, 0, 0, 0, 0, rally=(RallyPoint(121.09, 30.825, 80.0),))


@pytest.mark.parametrize("suffix", [".kml", ".geojson"])
def test_gdal_reads_it(tmp_path, suffix):
    path = tmp_path / f"sortie{suffix}"
    assert write(path, planned(SORTIE, "ardupilot")) == ()
    frames = [pyogrio.read_dataframe(path, layer=layer) for layer, _kind in pyogrio.list_layers(path)]
    shapes = [shape for frame in frames for shape in frame.geometry if shape is not None]
    points = {(round(p.x, 6), round(p.y, 6)) for p in shapes if p.geom_type == "Point" and not p.is_empty}
    assert {(121.081, 30.821), (121.082, 30.821), (121.09, 30.825)} <= points
    assert sum(shape.geom_type == "Polygon" for shape in shapes) == 2
