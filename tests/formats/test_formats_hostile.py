"""Hostile and damaged mission files: a clear refusal, in bounded time and memory, or a mission with real numbers."""

import io
import json
import math
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections import Counter
from dataclasses import replace

import pytest
from formats_damage import damaged
from formats_flights import HOME, planned

from dronepatrol.errors import InputError
from dronepatrol.formats import source
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.registry import content_of, mission_of, read
from dronepatrol.model.mission import Dock, MissionItem, RallyPoint, Sortie, Waypoint

PLACES = (
    Waypoint(121.081, 30.821, 60.0, 20.0, -60.0, 90.0, True),
    Waypoint(121.082, 30.821, 60.0),
    Waypoint(121.082, 30.823, 60.0, photo_here=True),
)
SORTIE = Sortie(
    "sortie-01",
    Dock("d", "坞", 121.083, 30.8198, 3.5),
    PLACES,
    8.0,
    60.0,
    0,
    0,
    0,
    0,
    rally=(RallyPoint(121.09, 30.825, 80.0),),
)
OURS = {
    suffix: content_of(suffix, planned(SORTIE, "ardupilot"))[0]
    for suffix in (".plan", ".waypoints", ".kmz", ".kml", ".csv", ".geojson")
}
ITEM = MissionItem(16, 3, (0.0,) * 4, 30.82, 121.08, 60.0)


def seeds(testdata):
    """Return files to damage: ours in every format, and other programs'."""
    folder = testdata("missions")
    found = list(OURS.items())
    paths = sorted(path for path in folder.rglob("*.*") if path.name != "LICENSES.txt")
    return found + [(path.suffix, path.read_bytes()) for path in paths if path.stat().st_size < 50_000]


def attempt(function, *arguments):
    """Return what a function returns, or the message it refuses with."""
    try:
        return function(*arguments), ""
    except InputError as error:
        return None, error.message


def run(files, numbers):
    """Read damaged files; return how many were read and refused, and the most seconds of one."""
    outcome = Counter()
    most_s = 0.0
    for number in numbers:
        suffix, content = files[number % len(files)]
        bad = damaged(suffix, content, number)
        began = time.process_time()
        found, message = attempt(mission_of, suffix, bad)
        outcome["refused" if found is None else "read"] += 1
        if found is not None:
            check_numbers(found.flight, number)
        else:
            assert 10 < len(message) < 1000, (number, message)
        most_s = max(most_s, time.process_time() - began)
    return outcome, most_s


def check_numbers(flight, number):
    for item in (*flight.items, *flight.fence, *flight.rally):
        assert not any(math.isinf(v) for v in (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)), number
        assert all(isinstance(v, int) for v in (item.command, item.frame)), number
    for value in (flight.speed_m_s, flight.return_height_m):
        assert value is None or math.isfinite(value), number
    if flight.home is not None:
        assert math.isfinite(flight.home.lon_deg + flight.home.lat_deg + flight.home.amsl_m), number
    for suffix in OURS:
        written, message = attempt(content_of, suffix, replace(flight, aircraft="m3e"))
        assert (written is None) == bool(message), number


def test_damaged_files_are_refused_or_read(testdata):
    outcome, most_s = run(seeds(testdata), range(1500))
    assert outcome["refused"] > 300
    assert outcome["read"] > 100
    assert most_s < 2.0


@pytest.mark.campaign
def test_damaged_files_are_refused_or_read_many_times(testdata):
    outcome, most_s = run(seeds(testdata), range(1500, 31_500))
    print(f"{sum(outcome.values()):,} damaged files: {dict(outcome)}, the slowest {most_s:.2f} s")
    assert sum(outcome.values()) == 30_000
    assert most_s < 5.0


def kmz(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20)
)
XML = {
    "billion laughs": (LAUGHS + b"]><kml>&u;</kml>", "document type or entities"),
    "external entity": (
        b"<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><kml>&x;</kml>",
        "document type or entities",
    ),
    "parameter entity": (
        b"<!DOCTYPE l [<!ENTITY % x SYSTEM 'http://127.0.0.1/x'> %x;]><kml/>",
        "document type or entities",
    ),
    "UTF-16 entity": (
        "\ufeff<!DOCTYPE l [<!ENTITY a 'b'>]><kml>&a;</kml>".encode("utf-16-le"),
        "document type or entities",
    ),
    "unknown entity": (b"<kml>&x;</kml>", "damaged"),
    "deep": (b"<a>" * 100_000, "inside each other"),
    "many": (b"<kml>" + b"<a/>" * 1_200_000 + b"</kml>", "elements"),
    "truncated": (b"<kml><Document>", "damaged"),
    "no text": (bytes(range(256)) * 10, "damaged"),
    "unknown encoding": (b"<?xml version='1.0' encoding='x-none'?><kml/>", "damaged"),
    "broken Chinese": (b"<?xml version='1.0' encoding='gbk'?><kml>\xff\xff</kml>", "damaged"),
}


CASES = [(name, suffix) for name in XML for suffix in (".kml", ".wpml", "in doc.kml", "in waylines")]


@pytest.mark.parametrize(("name", "suffix"), [case for case in CASES if case[0] != "many" or case[1] == "in waylines"])
def test_hostile_xml_is_refused(name, suffix):
    content, reason = XML[name]
    inside = {"in doc.kml": {"doc.kml": content}, "in waylines": {"wpmz/waylines.wpml": content}}
    if suffix in inside:
        suffix, content = ".kmz", kmz(inside[suffix])
    with pytest.raises(InputError, match=reason):
        mission_of(suffix, content)


def overlapping(count):
    """A zip whose members all name the same bytes, as a non-recursive zip bomb has it."""
    body = zlib.compress(b"\0" * 40_000_000, 9)[2:-4]
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(body), 40_000_000, 18, 0)
        + b"wpmz/waylines.wpml"
        + body
    )
    central = (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(body), 40_000_000, 18, 0, 0, 0, 0, 0, 0
        )
        + b"wpmz/waylines.wpml"
    )
    directory = central * count
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)
    return local + directory + end


ARCHIVES = {
    "zip bomb": (kmz({"wpmz/waylines.wpml": b"\0" * 200_000_000}), "unpacks to more than"),
    "overlapping zip bomb": (overlapping(2), "cannot be unpacked|unpacks to more than"),
    "many members": (kmz({f"wpmz/{n}": b"" for n in range(1_100)}), "more than 1,000 files"),
    "upwards": (kmz({"../../etc/cron.d/x": b"x", "wpmz/waylines.wpml": b"<kml/>"}), "points out of the archive"),
    "backslashes": (kmz({"wpmz\\..\\..\\x": b"x"}), "points out of the archive"),
    "absolute": (kmz({"/etc/x": b"x"}), "points out of the archive"),
    "drive": (kmz({"C:/x": b"x"}), "points out of the archive"),
    "nothing": (kmz({}), "no KMZ"),
    "not there": (kmz({"readme.txt": b"x"}), "has no KML and lacks wpmz/waylines.wpml"),
    "template only": (kmz({"wpmz/template.kml": b"<kml/>"}), "has only the template, which people edit"),
    "truncated": (OURS[".kmz"][:500], "cannot be unpacked"),
    "no archive": (b"<kml/>", "no KMZ"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_hostile_archives_are_refused(name, tmp_path):
    content, reason = ARCHIVES[name]
    path = tmp_path / "a.kmz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read(path)
    assert list(tmp_path.iterdir()) == [path]


def plan(change):
    document = json.loads(OURS[".plan"])
    change(document)
    return json.dumps(document).encode()


def setting(*path):
    *way, last, value = path

    def change(document):
        for key in way:
            document = document[key]
        document[last] = value

    return change


FIRST = ("mission", "items", 0)
PLANS = {
    "NaN": (OURS[".plan"].replace(b"121.081", b"NaN"), "NaN is no number"),
    "Infinity": (OURS[".plan"].replace(b"121.081", b"-Infinity"), "Infinity is no number"),
    "1e999": (OURS[".plan"].replace(b"121.081", b"1e999"), "where a number is expected"),
    "huge whole number": (OURS[".plan"].replace(b"121.081", b"9" * 5000), "damaged"),
    "large whole number": (OURS[".plan"].replace(b"121.081", b"9" * 400), "damaged"),
    "deep": (b"[" * 100_000, "nested too deep|damaged"),
    "many lists": (b"[" + b"[]," * 1_100_000 + b"[]]", "more than"),
    "truncated": (OURS[".plan"][:900], "damaged"),
    "a list": (b"[]", "damaged"),
    "a text as number": (plan(setting(*FIRST, "command", "16")), "'16' where a number is expected"),
    "true as number": (plan(setting(*FIRST, "frame", True)), "'True' where a number is expected"),
    "half a command": (plan(setting(*FIRST, "command", 16.5)), "where a whole number is expected"),
    "a text as truth": (plan(setting(*FIRST, "autoContinue", "no")), "'no' where true or false is expected"),
    "too few parameters": (plan(setting(*FIRST, "params", [1, 2])), "damaged"),
    "items no list": (plan(setting("mission", "items", {"a": 1})), "damaged|lacks"),
    "home of one number": (plan(setting("mission", "plannedHomePosition", [31])), "damaged|lacks"),
    "infinite speed": (plan(setting("mission", "hoverSpeed", 987)).replace(b"987", b"1e999"), "number is expected"),
    "rover": (plan(setting("mission", "vehicleType", 10)), "is for a rover; expected a multicopter"),
    "fixed wing": (plan(setting("mission", "vehicleType", 1)), "is for a fixed wing"),
    "VTOL": (plan(setting("mission", "vehicleType", 20)), "is for a VTOL"),
    "command out of range": (plan(setting(*FIRST, "command", 70_000)), "command 70000"),
    "swapped home": (plan(setting("mission", "plannedHomePosition", [121.08, 30.82, 3.5])), "latitude 121.08.*swapped"),
    "swapped fence": (
        plan(setting("geoFence", "polygons", 0, "polygon", [[121.08, 30.8], [121.09, 30.8], [121.09, 30.81]])),
        "look swapped",
    ),
    "far away": (plan(setting("rallyPoints", "points", [[-30.8, 121.0, 80.0]])), "rally point 1 lies 6,8.. km from"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_hostile_plans_are_refused(name):
    content, reason = PLANS[name]
    with pytest.raises(InputError, match=reason):
        mission_of(".plan", content)


def test_swapped_coordinates_are_recognised_where_both_ways_are_on_earth():
    """North of Hangzhou latitude 30, longitude 120 cannot be swapped unseen; at 50, 60 it can."""
    here = replace(ITEM, lat_deg=50.0, lon_deg=60.0)
    there = replace(ITEM, lat_deg=60.0, lon_deg=50.0)
    flight = Flight((here, there), replace(HOME, lat_deg=50.0, lon_deg=60.0), autopilot="ardupilot")
    with pytest.raises(InputError, match=r"item 2 lies .* look swapped"):
        mission_of(".plan", content_of(".plan", flight)[0])


TEXTS = {
    "columns": ("QGC WPL 110\n0\t1\t0\t16\t0\n", "line 2: 5 columns; expected 12"),
    "words": ("QGC WPL 110\n0 1 0 16 0 0 0 0 x 121 0 1\n", "line 2: could not convert"),
    "NaN place": ("QGC WPL 110\n0 1 3 16 0 0 0 0 nan 121 0 1\n", "no latitude, longitude or height"),
    "infinite place": ("QGC WPL 110\n0 1 3 16 0 0 0 0 inf 121 0 1\n", "an infinite number"),
    "infinite frame": ("QGC WPL 110\n0 1 inf 16 0 0 0 0 30 121 0 1\n", "where a whole number is expected"),
    "swapped": ("QGC WPL 110\n0 1 0 16 0 0 0 0 121.08 30.82 3 1\n", "latitude 121.08.* look swapped"),
    "another version": ("QGC WPL 900\n", "begins with 'QGC WPL 900'; expected 'QGC WPL 110'"),
    "protobuf": ("PB 110\n", "begins with 'PB 110'"),
    "another text": ("hello\n", "begins with 'hello'"),
    "too many": ("QGC WPL 110\n" + "0 1 3 16 0 0 0 0 30 121 0 1\n" * 70_000, "70,000 rows; MAVLink allows 65,535"),
    "lines": ("\n" * 300_000, "more than 200,000 lines"),
    "fixed wing": ("QGC WPL 110\n0 1 0 16 0 0 0 0 30 121 0 1\n1 0 3 84 0 0 0 0 30 121 9 1\n", "is a VTOL's take-off"),
    "fence": ("30.1 121.1\n30.2 121.2\n30.3 121.3\n", "3 points; expected a return point and a closed ring"),
    "fence with text": ("30.1 121.1\n30.2 east\n", "fence, line 2"),
    "rally": ("RALLY 30.1 121.1\n", "rally points, line 1: 2 columns; expected 6 numbers"),
    "old action": ("QGC WPL 100\n0 3 99 0 0 0 0 1 121 30 50 0 1\n", "action 99 of version 100"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_refused(name):
    text, reason = TEXTS[name]
    with pytest.raises(InputError, match=reason):
        mission_of(".txt", text.encode())


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "empty.plan").write_bytes(b" \n")
    with (tmp_path / "large.plan").open("wb") as file:
        file.truncate(source.MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe.plan")
    reasons = {
        "none.plan": "is not there",
        "empty.plan": "is empty",
        "large.plan": "bytes",
        "pipe.plan": "is not a file",
        "a.exe": "no format",
    }
    for name, reason in reasons.items():
        with pytest.raises(InputError, match=reason):
            read(tmp_path / name)
    with pytest.raises(InputError, match=r"cannot read|is not there"):
        read(tmp_path / "a\0b.plan")


WORST = {
    ".plan": lambda: b'{"a":[' + b"1.5," * 2_900_000 + b"1]}",
    ".kml": lambda: b"<kml>" + b"<Placemark/>" * 990_000 + b"</kml>",
    ".geojson": lambda: b"[" + b"{}," * 990_000 + b"{}]",
    ".waypoints": lambda: b"QGC WPL 110\n" + b"0 0 3 16 0 0 0 0 30.1 121.1 50 1\n" * 65_535,
    ".csv": lambda: b"latitude,longitude,altitude(m)\n" + b"30,121,50\n" * 9_990,
}
MEASURE = """
import re, sys, time
from pathlib import Path
from dronepatrol.errors import DronePatrolError
from dronepatrol.formats.registry import read
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
base, began = peak(), time.process_time()
try:
    read(Path(sys.argv[1]))
except DronePatrolError as error:
    pass
print(time.process_time() - began, peak() - base)
"""


@pytest.mark.parametrize("suffix", WORST)
def test_the_largest_that_is_parsed_stays_within_time_and_memory(suffix, tmp_path):
    path = tmp_path / f"worst{suffix}"
    path.write_bytes(WORST[suffix]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, timeout=120
    )
    seconds, mebibytes = map(float, done.stdout.split())
    print(f"{suffix}: {seconds:.1f} s, {mebibytes:.0f} MiB")
    assert seconds < 10.0
    assert 0.1 < mebibytes < 1000.0
