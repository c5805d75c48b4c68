"""DJI files against the table of WPML's elements: what must be there, in which order, with which values.

The table is checked first: DJI's own files must agree with it.
"""

import io
import xml.etree.ElementTree as ET
import zipfile

import pytest
from formats_flights import DOCK, planned, sorties
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.formats.dji_models import MODELS
from dronepatrol.formats.registry import content_of
from dronepatrol.model.mission import Sortie, Waypoint

KML, WPML = "{http://www.opengis.net/kml/2.2}", "{http://www.dji.com/wpmz/"
FINISH = {"goHome", "noAction", "autoLand", "gotoFirstWaypoint"}
HEADINGS = {"followWayline", "manually", "fixed", "smoothTransition", "towardPOI"}
TURNS = {
    "coordinateTurn",
    "toPointAndStopWithDiscontinuityCurvature",
    "toPointAndStopWithContinuityCurvature",
    "toPointAndPassWithContinuityCurvature",
}
TRIGGERS = {"reachPoint", "betweenAdjacentPoints", "multipleTiming", "multipleDistance"}
FUNCTIONS = {
    *("takePhoto", "startRecord", "stopRecord", "focus", "zoom", "customDirName", "gimbalRotate", "rotateYaw", "hover"),
    *("gimbalEvenlyRotate", "orientedShoot", "panoShot", "recordPointCloud"),
}
ORDER = [
    *("flyToWaylineMode", "finishAction", "exitOnRCLost", "executeRCLostAction", "takeOffSecurityHeight"),
    *("takeOffRefPoint", "takeOffRefPointAGLHeight", "globalTransitionalSpeed", "globalRTHHeight", "droneInfo"),
    *("waylineAvoidLimitAreaMode", "autoRerouteInfo", "payloadInfo"),
]


def parsed(kmz):
    """Return template and waylines with plain tags; every namespace is KML's or DJI's."""
    with zipfile.ZipFile(io.BytesIO(kmz)) as archive:
        names = {info.filename for info in archive.infolist()}
        assert {"wpmz/template.kml", "wpmz/waylines.wpml"} <= names
        roots = [ET.fromstring(archive.read(f"wpmz/{name}")) for name in ("template.kml", "waylines.wpml")]
    for root in roots:
        for element in root.iter():
            assert element.tag.startswith((KML, WPML))
            element.tag = element.tag.partition("}")[2]
    return roots


def number(parent, path, low=-1e9, high=1e9):
    value = float(parent.findtext(path))
    assert low <= value <= high, (path, value)
    return value


def check_config(root, lowest_m, newer=True):
    config = root.find("Document/missionConfig")
    tags = [child.tag for child in config]
    assert tags == sorted(tags, key=ORDER.index)
    assert config.findtext("flyToWaylineMode") in {"safely", "pointToPoint"}
    assert config.findtext("finishAction") in FINISH
    assert config.findtext("exitOnRCLost") in {"goContinue", "executeLostAction"}
    assert config.findtext("executeRCLostAction") in {"goBack", "landing", "hover"}
    number(config, "takeOffSecurityHeight", lowest_m, 1500)
    number(config, "globalTransitionalSpeed", 0.1, 15)
    if newer:
        number(config, "globalRTHHeight", 2, 1500)
    for path in ("droneInfo/droneEnumValue", "payloadInfo/payloadEnumValue", "payloadInfo/payloadPositionIndex"):
        number(config, path, 0)
    return config


def check_actions(placemark, count):
    for group in placemark.findall("actionGroup"):
        start, end = (
            number(group, "actionGroupStartIndex", 0, count - 1),
            number(group, "actionGroupEndIndex", 0, count - 1),
        )
        assert start <= end
        assert start == number(placemark, "index")
        assert group.findtext("actionGroupMode") == "sequence"
        trigger = group.findtext("actionTrigger/actionTriggerType")
        assert trigger in TRIGGERS
        if trigger.startswith("multiple"):
            number(group, "actionTrigger/actionTriggerParam", 0.01)
        actions = group.findall("action")
        assert actions
        for action in actions:
            assert action.findtext("actionActuatorFunc") in FUNCTIONS
            assert action.find("actionActuatorFuncParam") is not None


def check_waylines(root, folders=1):
    found = root.findall("Document/Folder")
    assert len(found) == folders
    assert [number(folder, "waylineId") for folder in found] == list(range(folders))
    for folder in found:
        number(folder, "templateId", 0)
        number(folder, "autoFlightSpeed", 0.1, 15)
        assert folder.findtext("executeHeightMode") in {"WGS84", "relativeToStartPoint", "realTimeFollowSurface"}
        placemarks = folder.findall("Placemark")
        assert [number(placemark, "index") for placemark in placemarks] == list(range(len(placemarks)))
        for placemark in placemarks:
            lon, lat = (float(value) for value in placemark.findtext("Point/coordinates").strip().split(","))
            assert 73 < lon < 136, "longitude first: the flights of these tests are in China"
            assert 3 < lat < 54
            number(placemark, "executeHeight")
            number(placemark, "waypointSpeed", 0.1, 15)
            heading = placemark.find("waypointHeadingParam")
            assert heading.findtext("waypointHeadingMode") in HEADINGS
            number(heading, "waypointHeadingAngle", -180, 180)
            assert placemark.findtext("waypointTurnParam/waypointTurnMode") in TURNS
            number(placemark, "waypointTurnParam/waypointTurnDampingDist", 0)
            assert placemark.findtext("useStraightLine") in {"0", "1"}
            check_actions(placemark, len(placemarks))


def check_ids(root):
    ids = [group.findtext("actionGroupId") for group in root.iter("actionGroup")]
    assert len(ids) == len(set(ids))
    for group in root.iter("actionGroup"):
        numbers = [int(action.findtext("actionId")) for action in group.findall("action")]
        assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize(
    ("name", "folders"),
    [("wpml_codec/waypoint", 1), ("wpml_codec/mapping3d", 5), ("payload-sdk/waypoint_v3_test_file", 1)],
)
def test_djis_own_files_agree_with_the_table(testdata, name, folders):
    template, waylines = parsed(testdata(f"missions/{name}.kmz").read_bytes())
    for root in (template, waylines):
        check_config(root, 1.2, newer=name.startswith("wpml"))
    check_waylines(waylines, folders)


def pairs(roots):
    """Return which elements stand before which, by file and parent."""
    found = set()
    for file, root in enumerate(roots):
        for parent in root.iter():
            tags = list(dict.fromkeys(child.tag for child in parent))
            found |= {(file, parent.tag, one, other) for n, one in enumerate(tags) for other in tags[n + 1 :]}
    return found


def test_our_elements_stand_in_djis_order(testdata):
    names = ("wpml_codec/waypoint", "wpml_codec/mapping3d", "payload-sdk/waypoint_v3_test_file")
    theirs = {pair for name in names for pair in pairs(parsed(testdata(f"missions/{name}.kmz").read_bytes()))}
    places = (
        Waypoint(121.08, 30.82, 60.0, 20.0, -45.0, 90.0, True),
        Waypoint(121.09, 30.82, 60.0, 0.0, -90.0, None, True),
    )
    flight = planned(Sortie("s", DOCK, places, 8.0, 60.0, 0, 0, 0, 0), "ardupilot", "m3td")
    ours = pairs(parsed(content_of(".kmz", flight)[0]))
    backwards = {(file, parent, other, one) for file, parent, one, other in ours}
    assert backwards & theirs <= theirs & ours, "where DJI's own files have both orders, either will do"
    assert len(ours & theirs) > 150


def test_length_and_time_are_those_of_the_line():
    places = (Waypoint(121.08, 30.82, 60.0), Waypoint(121.09, 30.82, 60.0), Waypoint(121.09, 30.82, 90.0))
    flight = planned(Sortie("s", DOCK, places, 8.0, 60.0, 0, 0, 0, 0), "ardupilot", "m3e")
    folder = parsed(content_of(".kmz", flight)[0])[1].find("Document/Folder")
    assert number(folder, "distance") == pytest.approx(956.9 + 30.0, rel=0.003)
    assert number(folder, "duration") == pytest.approx((956.9 + 30.0) / 8.0, rel=0.003)


@given(sortie=sorties(), aircraft=st.sampled_from(sorted(MODELS)), autopilot=st.sampled_from(["ardupilot", "px4"]))
@settings(max_examples=60)
def test_our_files_agree_with_the_table(sortie, aircraft, autopilot):
    template, waylines = parsed(content_of(".kmz", planned(sortie, autopilot, aircraft))[0])
    model = MODELS[aircraft]
    for root in (template, waylines):
        config = check_config(root, 8.0)
        drone = int(config.findtext("droneInfo/droneEnumValue")), int(config.findtext("droneInfo/droneSubEnumValue"))
        assert (*drone, int(config.findtext("payloadInfo/payloadEnumValue"))) == (
            model.drone,
            model.drone_sub,
            model.payload,
        )
        assert (config.find("autoRerouteInfo") is not None) == model.docks
        assert config.findtext("finishAction") == "goHome"
        assert config.findtext("exitOnRCLost") == "executeLostAction"
        check_ids(root)
    check_waylines(waylines)
    assert waylines.find("Document/missionConfig/takeOffRefPoint") is None
    assert template.findtext("Document/missionConfig/takeOffRefPoint") == "30.8198,121.083,3.5"
    assert template.findtext("Document/Folder/templateType") == "waypoint"
    assert template.findtext("Document/Folder/waylineCoordinateSysParam/heightMode") == "relativeToStartPoint"
    for path in ("globalWaypointTurnMode", "globalWaypointHeadingParam/waypointHeadingMode", "globalUseStraightLine"):
        assert template.find(f"Document/Folder/{path}") is not None


def test_known_numbers_of_aircraft():
    """Those of DJI's documentation v1.11.3; 77/1/67 and 77/0/66 and 67/1/53 are in DJI-made files too."""
    assert {name: (one.drone, one.drone_sub, one.payload) for name, one in MODELS.items() if not one.assumed} == {
        "m30": (67, 0, 52),
        "m30t": (67, 1, 53),
        "m3e": (77, 0, 66),
        "m3t": (77, 1, 67),
        "m3d": (91, 0, 80),
        "m3td": (91, 1, 81),
    }
    assert {name for name, one in MODELS.items() if one.assumed} == {"m4e", "m4t", "m4d", "m4td"}
