"""Variants of mission files as programs at large write them: encodings, versions, headers, folders, names of columns.

The files are made here after the programs' source code and documentation; recorded ones are in another test.
"""

import io
import json
import zipfile

import pytest
from formats_flights import HOME, comparable

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.registry import content_of, mission_of
from dronepatrol.model.mission import MissionItem

TAKEOFF = MissionItem(22, 3, (0.0,) * 4, 30.8198, 121.083, 60.0)
PLACE = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)
FLIGHT = Flight((TAKEOFF, PLACE), HOME, autopilot="ardupilot", speed_m_s=5.0)
HOME_ROW = "0\t1\t0\t16\t0\t0\t0\t0\t30.8198\t121.083\t3.5\t1"
TAKEOFF_ROW = "1\t0\t3\t22\t0\t0\t0\t0\t30.8198\t121.083\t60\t1"
PLACE_ROW = "2\t0\t3\t16\t0\t0\t0\t0\t30.82\t121.08\t60\t1"


def text(*rows, head="QGC WPL 110"):
    return "\n".join([head, *rows]) + "\n"


PLAIN = text(HOME_ROW, TAKEOFF_ROW, PLACE_ROW)
TEXTS = {
    "plain": PLAIN.encode(),
    "Windows": PLAIN.replace("\n", "\r\n").encode(),
    "old Mac": PLAIN.replace("\n", "\r").encode(),
    "mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "blank lines": PLAIN.replace("\n", "\n\n").encode(),
    "comments": ("# saved by\n" + PLAIN.replace("\n", "\n# a comment\n")).encode(),
    "blanks between columns": PLAIN.replace("\t", "  ").encode(),
    "blanks around": PLAIN.replace("\n", "  \n  ").encode(),
    "decimals everywhere": PLAIN.replace("\t16\t", "\t16.0\t").replace("\t0\t", "\t0.00000000\t").encode(),
    "no newline at the end": PLAIN.strip().encode(),
    "home in a relative frame": text(HOME_ROW.replace("\t1\t0\t16", "\t1\t3\t16"), TAKEOFF_ROW, PLACE_ROW).encode(),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("suffix", [".waypoints", ".txt", ".mis", ".WAYPOINTS"])
def test_mission_texts(name, suffix):
    flight = mission_of(suffix, TEXTS[name]).flight
    assert (comparable(flight.items), flight.home) == (comparable(FLIGHT.items), HOME)


def test_versions_of_mission_texts():
    found = mission_of(".txt", text(TAKEOFF_ROW, PLACE_ROW, head="QGC WPL 120").encode())
    assert (found.version, found.flight.home, found.flight.autopilot) == ("120", None, "px4")
    assert comparable(found.flight.items) == comparable(FLIGHT.items)
    old = text(
        "0\t3\t24\t0\t0\t0\t0\t1\t121.083\t30.8198\t60\t0\t1",
        "1\t3\t25\t0\t0\t2\t1\t0\t121.08\t30.82\t60\t0\t1",
        head="QGC WPL 100",
    )
    found = mission_of(".txt", old.encode())
    assert found.version == "100"
    assert [(i.command, i.lat_deg, i.lon_deg, i.params) for i in found.flight.items] == [
        (22, 30.8198, 121.083, (0.0, 0.0, 0.0, 0.0)),
        (16, 30.82, 121.08, (2.0, 1.0, 0.0, 0.0)),
    ]


def test_a_text_with_missing_rows_is_read_with_a_warning():
    assert "rows may be missing" in " ".join(mission_of(".txt", text(HOME_ROW, PLACE_ROW).encode()).warnings)


@pytest.mark.parametrize("placeholder", ["0\t1\t0\t16\t0\t0\t0\t0\t0\t0\t0\t1", "0\t1\t3\t16\t0\t0\t0\t0\t0\t0\t0\t1"])
def test_a_home_that_is_nowhere_is_none(placeholder):
    flight = mission_of(".txt", text(placeholder, TAKEOFF_ROW, PLACE_ROW).encode()).flight
    assert (flight.home, comparable(flight.items)) == (None, comparable(FLIGHT.items))


def corners(command, first):
    return [f"{first + n}\t0\t3\t{command}\t3\t0\t0\t0\t30.{n}\t121.0\t0\t1" for n in range(3)]


LISTS = {
    "fence of Mission Planner": (
        ".fen", "#saved by Mission Planner\n30.1\t121.1\n30.0 121.0\n30.0 121.2\n30.2 121.2\n30.0 121.0\n", (4, 0)
    ),
    "fence of MAVProxy": (".txt", "30.1 121.1\n30.0 121.0\n30.0 121.2\n30.2 121.2\n30.0 121.0\n", (4, 0)),
    "rally points of Mission Planner": (".ral", "#saved\nRALLY\t30.1\t121.1\t50\t0\t0\t0\n", (0, 1)),
    "rally points of MAVProxy": (".txt", "RALLY 30.1\t121.1\t50.0\t40.0\t0.0\t0\n", (0, 1)),
    "new fence": (
        ".txt",
        text(*corners(5001, 0), "3\t0\t3\t5004\t80\t0\t0\t0\t30\t121\t0\t1"),
        (4, 0),
    ),
    "new fence with a home": (
        ".waypoints", text(HOME_ROW, *corners(5002, 1)), (3, 0)
    ),
    "new rally points": (".txt", text("0\t0\t3\t5100\t0\t0\t0\t0\t30.1\t121.1\t50\t1"), (0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_fences_and_rally_points(name):
    suffix, content, counts = LISTS[name]
    flight = mission_of(suffix, content.encode()).flight
    assert (len(flight.fence), len(flight.rally)) == counts
    assert flight.items == ()


def plan(**mission):
    document = json.loads(content_of(".plan", FLIGHT)[0])
    document["mission"] |= mission
    return document


def read_plan(document, encoding="utf-8"):
    return mission_of(".plan", json.dumps(document).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_plans_in_other_encodings(encoding):
    assert comparable(read_plan(plan(), encoding).flight.items) == comparable(FLIGHT.items)


def test_items_of_older_plans():
    older = [
        {
            "type": "SimpleItem",
            "command": 16,
            "frame": 3,
            "autoContinue": True,
            "params": [0, 0, 0, None],
            "coordinate": [30.82, 121.08, 60],
        },
        {"type": "SimpleItem", "command": 16, "frame": 3, "autoContinue": True, "coordinate": [30.82, 121.08, 60]}
        | {f"param{n}": 0 for n in range(1, 5)},
    ]
    assert [(i.lat_deg, i.lon_deg, i.altitude_m) for i in read_plan(plan(items=older)).flight.items] == [
        (30.82, 121.08, 60.0)
    ] * 2


def complex_item(kind, version, **more):
    return {"type": "ComplexItem", "complexItemType": kind, "version": version} | more


EXPANDED = {"TransectStyleComplexItem": {"version": 2, "Items": plan()["mission"]["items"]}}


@pytest.mark.parametrize(("kind", "version"), [("survey", 4), ("survey", 5), ("CorridorScan", 2), ("CorridorScan", 3)])
def test_surveys_and_corridors_are_their_expanded_items(kind, version):
    found = read_plan(plan(items=[complex_item(kind, version, **EXPANDED)]))
    assert comparable(found.flight.items) == comparable(FLIGHT.items)
    assert found.warnings == (f"the {kind} is read as its 2 expanded items; its own settings are left out",)


REFUSED = {
    "not expanded": (complex_item("survey", 5, TransectStyleComplexItem={}), "survey lacks its expanded items"),
    "before expanding": (complex_item("survey", 3, grid={}), "survey lacks its expanded items"),
    "structure": (complex_item("StructureScan", 3), "has a StructureScan; only simple items, surveys and corridors"),
    "fixed wing": (complex_item("fwLandingPattern", 2), "a fixed wing's landing; expected a multicopter's"),
    "VTOL": (complex_item("vtolLandingPattern", 1), "a VTOL's landing; expected a multicopter's"),
    "newer survey": (complex_item("survey", 6, **EXPANDED), "survey is version 6; expected one of"),
    "other": ({"type": "Other"}, "an item of type 'Other'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_items_that_are_not_read_say_why(name):
    item, reason = REFUSED[name]
    with pytest.raises(InputError, match=reason):
        read_plan(plan(items=[item]))


def test_an_old_mission_file_says_what_to_do():
    old = {"MAV_AUTOPILOT": 3, "complexItems": [], "items": [], "version": "1.0"}
    for suffix in (".mission", ".plan", ".json"):
        with pytest.raises(InputError, match=r"a \.mission of an old QGroundControl") as refused:
            mission_of(suffix, json.dumps(old).encode())
        assert "save it as a .plan" in refused.value.hint


def test_a_mission_file_with_the_items_of_a_plan_is_read():
    place = {"type": "SimpleItem", "command": 16, "frame": 3, "autoContinue": True, "doJumpId": 1}
    items = [place | {"params": [0, 0, 0, 0], "coordinate": [30.82, 121.08, 60]}]
    old = {"firmwareType": 3, "items": items, "plannedHomePosition": [30.8198, 121.083, 3.5], "version": 2}
    for suffix in (".mission", ".plan", ".json"):
        found = mission_of(suffix, json.dumps(old).encode())
        assert (comparable(found.flight.items), found.flight.home) == (comparable([PLACE]), HOME)
        assert "does not say which kind of vehicle" in found.warnings[-1]


CONFIG = """<w:missionConfig><w:flyToWaylineMode>safely</w:flyToWaylineMode><w:finishAction>goHome</w:finishAction>
<w:exitOnRCLost>goContinue</w:exitOnRCLost>{security}<w:globalTransitionalSpeed>4</w:globalTransitionalSpeed>
<w:droneInfo><w:droneEnumValue>{drone}</w:droneEnumValue></w:droneInfo></w:missionConfig>"""
LINE = """<?xml version="1.0" encoding="{encoding}"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:w="{namespace}"><Document>{config}<Folder>
<w:templateId>0</w:templateId>
<w:executeHeightMode>relativeToStartPoint</w:executeHeightMode><w:waylineId>0</w:waylineId>
<w:autoFlightSpeed>5</w:autoFlightSpeed><Placemark><Point><coordinates>
  121.08,30.82,0 </coordinates></Point><w:index>0</w:index><w:executeHeight>60</w:executeHeight>
<w:waypointHeadingParam><w:waypointHeadingMode>{heading}</w:waypointHeadingMode></w:waypointHeadingParam>
</Placemark></Folder></Document></kml>"""
SECURITY = "<w:takeOffSecurityHeight>20</w:takeOffSecurityHeight>"


def line(
    namespace="http://www.dji.com/wpmz/1.0.6", drone=77, security=SECURITY, heading="followWayline", encoding="utf-8"
):
    config = CONFIG.format(drone=drone, security=security)
    return LINE.format(namespace=namespace, config=config, heading=heading, encoding=encoding).encode(encoding)


def kmz(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5", "1.0.6"])
@pytest.mark.parametrize("owner", ["dji.com", "uav.com"])
def test_namespaces_of_dji_files(owner, version):
    found = mission_of(".kmz", kmz({"wpmz/waylines.wpml": line(f"http://www.{owner}/wpmz/{version}")}))
    assert (found.format, found.version) == ("DJI WPML", version)
    assert [(i.command, i.lat_deg, i.lon_deg, i.altitude_m) for i in found.flight.items if i.command == 16] == [
        (16, 30.82, 121.08, 60.0)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings_of_dji_files(encoding):
    content = line(heading="坞", encoding=encoding.removesuffix("-sig"))
    if encoding.endswith("sig"):
        content = b"\xef\xbb\xbf" + content
    assert "heading mode 坞" in mission_of(".kmz", kmz({"wpmz/waylines.wpml": content})).warnings


@pytest.mark.parametrize(
    "name", ["waylines.wpml", "mission/wpmz/waylines.wpml", "wpmz\\waylines.wpml", "WPMZ/Waylines.wpml"]
)
def test_waylines_in_other_places_are_read_with_a_warning(name):
    found = mission_of(".kmz", kmz({name: line(), "wpmz/template.kml": b"<kml/>"}))
    assert "DJI's programs want wpmz/template.kml and wpmz/waylines.wpml; found" in found.warnings[-1]
    alone = mission_of(".wpml", line())
    assert comparable(alone.flight.items) == comparable(found.flight.items)


def test_a_file_of_dji_fly():
    found = mission_of(
        ".kmz",
        kmz({"wpmz/template.kml": b"<kml/>", "wpmz/waylines.wpml": line(drone=68, security="", heading="towardPOI")}),
    )
    assert [i.command for i in found.flight.items] == [178, 16, 20]
    said = " · ".join(found.warnings)
    assert all(word in said for word in ("no take-off height", "drone 68/0 in DJI's numbers", "heading mode towardPOI"))


def test_a_template_alone_says_what_is_missing():
    for content in (line(), line().replace(b"<w:executeHeight>60</w:executeHeight>", b"")):
        with pytest.raises(InputError, match="template of a DJI file, which no aircraft flies"):
            mission_of(".kml", content)
    for name in ("template.kml", "wpmz/template.kml"):
        with pytest.raises(InputError, match="has only the template, which people edit"):
            mission_of(".kmz", kmz({name: line()}))


ROWS = {
    "full": ("latitude,longitude,altitude(m),heading(deg),speed(m/s)", "30.82,121.08,60,0,5"),
    "capitals and blanks": ("Latitude, Longitude, Altitude(m), Heading(deg), Speed(m/s)", "30.82, 121.08, 60, 0, 5"),
    "semicolons and commas": ("latitude;longitude;altitude(m);heading(deg);speed(m/s)", "30,82;121,08;60,0;0;5,0"),
    "feet and miles": (
        "latitude,longitude,altitude(ft),heading(deg),speed(mph)",
        "30.82,121.08,196.8503937,0,11.1846815",
    ),
    "kilometres an hour": ("latitude,longitude,altitude(m),heading(deg),speed(km/h)", "30.82,121.08,60,0,18"),
    "no units": ("latitude,longitude,altitude,heading,speed", "30.82,121.08,60,0,5"),
    "a comma too many": ("latitude,longitude,altitude(m),heading(deg),speed(m/s),", "30.82,121.08,60,0,5,"),
    "quotes": ('"latitude","longitude","altitude(m)","heading(deg)","speed(m/s)"', '"30.82","121.08","60","0","5"'),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_headers_of_litchi(name, encoding):
    flight = mission_of(".csv", "\r\n".join((*ROWS[name], "")).encode(encoding)).flight
    assert [(i.command, i.frame, i.lat_deg, i.lon_deg) for i in flight.items] == [
        (178, 2, 0.0, 0.0),
        (16, 3, 30.82, 121.08),
    ]
    assert flight.items[1].altitude_m == pytest.approx(60.0, abs=1e-6)
    assert flight.speed_m_s == pytest.approx(5.0, abs=1e-6)


def test_litchis_heights_above_ground_are_such_in_mavlink():
    rows = "latitude,longitude,altitude(m),altitudemode\n30.82,121.08,60,1\n30.83,121.08,60,0\n"
    found = mission_of(".csv", rows.encode())
    assert [i.frame for i in found.flight.items] == [10, 3]
    assert any("heights above ground" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("time,lat,lon\n1,30,121\n", "lacks the columns latitude, longitude, altitude"),
        ("latitude,longitude,altitude(m)\n30.82,x,60\n", "row 1: longitude is 'x'; expected a number"),
        ("latitude,longitude,altitude(m)\n30.82,121.08,60,9,9\n", "row 1: 5 columns; expected 3"),
        ("latitude,latitude,longitude,altitude(m)\n1,2,3,4\n", "a column twice"),
        ("latitude,longitude,altitude(m)\n121.08,30.82,60\n", "no place on earth; latitude and longitude look swapped"),
        ('latitude,longitude,altitude(m)\n"30.82,121.08,60\n', "damaged"),
    ],
)
def test_what_is_no_litchi_mission_is_refused(rows, reason):
    with pytest.raises(InputError, match=reason):
        mission_of(".csv", rows.encode())


KML = '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>{}</Document></kml>'
RING = "121.0,30.0,5 121.1,30.0,5 121.1,30.1,5 121.0,30.0,5"
OUTER = f"<outerBoundaryIs><LinearRing><coordinates>\n{RING}\n</coordinates></LinearRing></outerBoundaryIs>"
INNER = f"<innerBoundaryIs><LinearRing><coordinates>{RING}</coordinates></LinearRing></innerBoundaryIs>"
TRACK = "<gx:Track><when>2026-01-01</when><gx:coord>121.0 30.0 5</gx:coord><gx:coord>121.1 30.0 5</gx:coord></gx:Track>"
SHAPES = {
    "polygon": (f"<Placemark><Polygon><gx:altitudeMode>x</gx:altitudeMode>{OUTER}</Polygon></Placemark>", [1], 0),
    "inner ring first": (f"<Polygon>{INNER}{OUTER}</Polygon>", [2], 0),
    "open ring": (f"<Polygon>{OUTER.replace(' 121.0,30.0,5', '')}</Polygon>", [1], 0),
    "several": (f"<MultiGeometry><Polygon>{OUTER}</Polygon><Polygon>{OUTER}</Polygon></MultiGeometry>", [1, 1], 0),
    "line": ("<LineString><coordinates>121.0,30.0 121.1,30.0</coordinates></LineString>", [], 1),
    "Google's track": (f"<gx:MultiTrack>{TRACK}{TRACK}</gx:MultiTrack>", [], 2),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_what_others_draw_in_kml(name, suffix):
    shapes, rings, lines = SHAPES[name]
    content = KML.format(shapes).encode()
    found = mission_of(suffix, kmz({"doc.kml": content}) if suffix == ".kmz" else content)
    assert ([len(area) for area in found.areas], len(found.lines)) == (rings, lines)
    assert all(area[0][0] == area[0][-1] for area in found.areas)
    assert "holds no mission" in found.warnings[0]


def test_a_kml_of_places_says_what_is_missing():
    with pytest.raises(InputError, match="neither a mission, nor polygons, nor lines"):
        mission_of(".kml", KML.format("<Point><coordinates>121,30</coordinates></Point>").encode())
