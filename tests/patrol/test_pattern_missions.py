"""The shipped specs of patterns plan as they stand."""

from pathlib import Path

import pytest
import shapely
from shapely import LineString

from dronepatrol.geo.local import LocalFrame
from dronepatrol.patrol.plan import read_request
from dronepatrol.plan.mission import plan_mission
from dronepatrol.store.spec import read_spec

MISSIONS = Path(__file__).resolve().parents[2] / "missions"


@pytest.mark.parametrize("name", ["pinghu-corridor-demo", "pinghu-points-demo"])
def test_the_spec_plans_as_it_stands(name):
    request = read_request(read_spec(MISSIONS / f"{name}.toml"))
    mission = plan_mission(request)
    assert sum(sortie.planned_photos for sortie in mission.sorties) > 0
    assert not {f.rule for f in mission.findings if f.severity == "blocker"} & {"no-fly", "fence", "energy"}
    frame = LocalFrame.around(request.areas[0].geometry)
    flown = [
        LineString(frame.to_metres([(w.lon_deg, w.lat_deg) for w in sortie.waypoints])) for sortie in mission.sorties
    ]
    if request.lines:
        area = shapely.union_all([frame.geometry_to_metres(area.geometry) for area in request.areas])
        network = shapely.union_all([frame.geometry_to_metres(line) for line in request.lines]).intersection(area)
        lost = network.difference(shapely.union_all(flown).buffer(request.spec.layout.tolerance_m + 0.5))
        zones = shapely.union_all([frame.geometry_to_metres(zone.geometry) for zone in request.zones])
        assert lost.difference(zones.buffer(25)).length < 0.002 * network.length
