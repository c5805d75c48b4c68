"""Every mission file of other programs at hand is read, or refused for the right reason."""

import re
import zipfile
from pathlib import Path

import pytest
from formats_flights import comparable

from dronepatrol.errors import InputError
from dronepatrol.formats.registry import content_of, mission_of, read

PLANE = r"item 7: command 189 is the start of a fixed wing's landing"
FIELDS = ("cmac-foamy", "springvalley-foamy", "springvalleybottom-foamy")
# items, fence items, rally points, home, autopilot, a word of its warnings
READ = {
    "ardupilot/CMAC-copter-circuit.txt": (6, 0, 0, True, "ardupilot", ""),
    "ardupilot/CMAC-copter-navtest.txt": (20, 0, 0, True, "ardupilot", ""),
    "dronekit/mpmission.txt": (6, 0, 0, True, "ardupilot", "6 items are lower than home"),
    "mavproxy_fieldcheck/cmac-foamy-fence.txt": (0, 5, 0, False, "ardupilot", ""),
    "mavproxy_fieldcheck/springvalley-foamy-fence.txt": (0, 5, 0, False, "ardupilot", ""),
    "mavproxy_fieldcheck/springvalleybottom-foamy-fence.txt": (0, 5, 0, False, "", ""),
    **{f"mavproxy_fieldcheck/{field}-rally.txt": (0, 0, 1, False, "ardupilot", "only planes use") for field in FIELDS},
    "mavros/CMAC-circuit.txt": (7, 0, 0, True, "ardupilot", ""),
    "mavros/simple.plan": (10, 6, 3, True, "ardupilot", ""),
    "mavsdk/qgroundcontrol_sample.plan": (6, 0, 0, True, "px4", ""),
    "mavsdk/qgroundcontrol_sample_with_digicam_control.plan": (1, 0, 0, False, "ardupilot", "no home"),
    "mavsdk/qgroundcontrol_sample_with_survey.plan": (13, 0, 0, True, "px4", "12 expanded items"),
    "qgc/MissionPlanner.waypoints": (5, 0, 0, True, "ardupilot", ""),
    "qgc/ce_geofence_outfield.plan": (0, 8, 0, True, "px4", "rally points are version 1"),
    "uavRmp/tutdata_qgc_survey30m.plan": (569, 0, 0, True, "px4", "567 expanded items"),
    "payload-sdk/waypoint_v3_test_file.kmz": (23, 0, 0, False, "ardupilot", "action startRecord"),
    "wpml_codec/waypoint.kmz": (53, 0, 0, True, "ardupilot", "photo of a chosen object"),
    "wpml_codec/mapping3d.kmz": (82, 0, 0, True, "ardupilot", "5 lines are read as one flight"),
}
REFUSED = {
    **{f"mavproxy_fieldcheck/{field}-mission-{way}.txt": PLANE for field in FIELDS for way in ("cw", "ccw")},
    "mavsdk/qgroundcontrol_sample_with_structured_scan.plan": "has a StructureScan; only simple items, surveys",
    "mavsdk/qgroundcontrol_sample_with_survey_missing_items.plan": "survey lacks its expanded items",
    "mavsdk/qgroundcontrol_sample_with_survey_wrong_version.plan": "survey is version 9",
    "mavsdk/qgroundcontrol_sample_without_mission.plan": "the plan lacks 'mission'",
    "mavsdk/qgroundcontrol_sample_wrong_mission_version.plan": "mission 7; expected Plan, 1, 2",
    "mavsdk/qgroundcontrol_sample_wrong_overall_version.plan": "version 42, mission 2; expected Plan, 1, 2",
}


def test_every_file_at_hand_is_in_one_of_the_two_lists(testdata):
    folder = testdata("missions")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"LICENSES.txt"}
    assert names == {*READ, *REFUSED}


@pytest.mark.parametrize("name", READ)
def test_is_read(testdata, name):
    found = read(testdata(f"missions/{name}"))
    flight = found.flight
    counts = len(flight.items), len(flight.fence), len(flight.rally)
    *expected, warning = READ[name]
    assert [*counts, flight.home is not None, flight.autopilot] == expected
    assert (warning in " ".join(found.warnings)) if warning else found.warnings == ()


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(testdata, name):
    with pytest.raises(InputError, match=REFUSED[name]) as refused:
        read(testdata(f"missions/{name}"))
    assert Path(name).name in refused.value.message
    assert refused.value.hint


def plain(item):
    """A fence item, its number within its polygon left out: plans list polygons before circles."""
    return int(item.command), item.params[0], item.lat_deg, item.lon_deg


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("suffix", [".plan", ".kml", ".geojson"])
def test_what_was_read_is_written_and_read_again_without_loss(testdata, name, suffix):
    flight = read(testdata(f"missions/{name}")).flight
    again = mission_of(suffix, content_of(suffix, flight)[0]).flight
    for part in ("items", "rally"):
        assert comparable(getattr(again, part)) == comparable(getattr(flight, part))
    assert sorted(map(plain, again.fence)) == sorted(map(plain, flight.fence))
    assert again.home == flight.home


def test_heights_above_the_ellipsoid_become_heights_above_sea_level(testdata):
    """The mapping file's template has both heights of one place: 327.372 m and 330.868 m."""
    flight = read(testdata("missions/wpml_codec/mapping3d.kmz")).flight
    heights = {(item.frame, round(item.altitude_m, 3)) for item in flight.items if item.command == 16}
    assert heights == {(0, 330.868)}


def test_homes_height_above_the_ellipsoid_becomes_one_above_sea_level_where_the_file_tells(testdata):
    mapped = read(testdata("missions/wpml_codec/mapping3d.kmz"))
    with zipfile.ZipFile(testdata("missions/wpml_codec/mapping3d.kmz")) as archive:
        template = archive.read("wpmz/template.kml").decode()
    ellipsoid_m = float(re.search(r"takeOffRefPoint>[-0-9.]+,[-0-9.]+,([-0-9.]+)<", template)[1])
    assert mapped.flight.home.amsl_m == pytest.approx(ellipsoid_m + 3.496, abs=0.001)
    words = "home's height is above the ellipsoid; it is read as above sea level"
    assert words not in mapped.warnings
    assert words in read(testdata("missions/wpml_codec/waypoint.kmz")).warnings
