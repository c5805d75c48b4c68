"""KML for maps: a flight to look at that reads back without loss, and areas and lines that others drew.

https://docs.ogc.org/is/12-007r2/12-007r2.html - every placemark of ours carries its mission items as extended data
(:mod:`dronepatrol.formats.rows`); longitude comes first. Heights are above the take-off point, which KML can only call
"relative to ground".
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dronepatrol.errors import InputError
from dronepatrol.formats.check import has_place
from dronepatrol.formats.flight import FENCE_POLYGONS, Flight, ReadMission, closed, polygons
from dronepatrol.formats.rows import facts_of, flight_of_facts, item_of, row_of
from dronepatrol.formats.source import json_of, xml_of
from dronepatrol.model.mission import Frame, LonLat, MissionItem, Rings

NAMESPACE = "http://www.opengis.net/kml/2.2"
_KINDS = ("item", "fence", "rally")
MAIN = re.compile(r"[^/\\]{1,100}\.kml", re.IGNORECASE)
"""The main file of a KMZ of a map program lies at its top; DJI's lie in a folder."""
_MAX_POSITIONS = 500_000


def write_flight(flight: Flight) -> str:
    """Return a flight as KML."""
    root = Element("kml", {"xmlns": NAMESPACE})
    document = SubElement(root, "Document")
    SubElement(document, "name").text = _plain(flight.name or "mission")
    _data(document, {"flight": facts_of(flight)})
    _line(document, flight)
    for number, item in enumerate(flight.items, start=1):
        _place(document, f"{number}: command {item.command}", "item", item)
    for corners in polygons(flight.fence):
        _polygon(document, corners)
    for item in flight.fence:
        if item.command not in FENCE_POLYGONS:
            _place(document, f"fence: command {item.command}", "fence", item)
    for number, item in enumerate(flight.rally, start=1):
        _place(document, f"rally point {number}", "rally", item)
    indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def read_flight(content: bytes) -> ReadMission:
    """Return the flight of a KML of ours, or the areas and lines of another program's.

    Raises
    ------
    InputError
        When it is no KML; the message says what was found.
    """
    what = "the KML"
    root = xml_of(content, what)
    if root.tag != "kml":
        msg = f"the file is {root.tag[:40]!r}; expected kml"
        raise InputError(msg, hint="name a KML file")
    if root.find(".//missionConfig") is not None:
        msg = "the KML is the template of a DJI file, which no aircraft flies"
        raise InputError(msg, hint="name the whole .kmz, or its waylines.wpml")
    parts: dict[str, list[MissionItem]] = {kind: [] for kind in _KINDS}
    facts = None
    for data in root.iter("Data"):
        name, value = data.get("name"), data.findtext("value") or ""
        if name == "flight":
            facts = json_of(value, what)
        elif name in parts:
            rows = json_of(value, what)
            if not isinstance(rows, list):
                msg = f"{what}: mission items are no list"
                raise InputError(msg, hint="write the file again with dronepatrol")
            parts[name] += [item_of(row, what) for row in rows]
    if facts is not None:
        return ReadMission(flight_of_facts(facts, list(parts.values()), what), "KML", "2.2, dronepatrol")
    return _shapes(root)


def _shapes(root: Element) -> ReadMission:
    areas = [rings for polygon in root.iter("Polygon") if (rings := _rings(polygon))]
    lines = [line for element in root.iter("LineString") if len(line := _positions(element)) > 1]
    lines += [line for track in root.iter("Track") if len(line := _track(track)) > 1]
    if not areas and not lines:
        msg = "the KML has neither a mission, nor polygons, nor lines"
        raise InputError(msg, hint="draw an area or a line, or write the mission with dronepatrol")
    warning = "the KML holds no mission: its areas and lines are read, without heights"
    return ReadMission(Flight(), "KML", "2.2", tuple(areas), tuple(lines), (warning,))


def _rings(polygon: Element) -> Rings:
    outer, *inner = [
        closed(_positions(ring)) for name in ("outerBoundaryIs", "innerBoundaryIs") for ring in polygon.iter(name)
    ] or [()]
    return (outer, *(ring for ring in inner if ring)) if outer else ()


def _positions(element: Element) -> tuple[LonLat, ...]:
    coordinates = element.find(".//coordinates")
    texts = (coordinates.text or "").split() if coordinates is not None else []
    return _places([text.split(",") for text in texts])


def _track(track: Element) -> tuple[LonLat, ...]:
    """Return Google's ``gx:Track``: places in time, each an element of numbers with blanks between."""
    return _places([(each.text or "").split() for each in track.iter("coord")])


def _places(texts: Sequence[Sequence[str]]) -> tuple[LonLat, ...]:
    if len(texts) > _MAX_POSITIONS:
        msg = f"the KML has a shape with {len(texts):,} positions"
        raise InputError(msg, hint="simplify it")
    found = []
    for text in texts:
        said = ",".join(text)[:40]
        try:
            lon, lat = (float(number) for number in text[:2])
        except ValueError as error:
            msg = f"the KML has a position {said!r}; expected lon,lat"
            raise InputError(msg, hint="save it again from the program that drew it") from error
        if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
            msg = f"the KML has a position {said!r}, which is no place on earth; longitude comes first"
            raise InputError(msg, hint="check whether latitude and longitude are swapped")
        found.append((lon, lat))
    return tuple(found)


def _line(document: Element, flight: Flight) -> None:
    flown = [item for item in flight.items if has_place(item)]
    if len(flown) > 1:
        placemark = _placemark(document, "route")
        line = SubElement(placemark, "LineString")
        SubElement(line, "altitudeMode").text = _altitude_mode(flown[0])
        SubElement(line, "coordinates").text = _coordinates(flown)


def _place(document: Element, name: str, kind: str, item: MissionItem) -> None:
    placemark = _placemark(document, name)
    _data(placemark, {kind: [row_of(item)]})
    if has_place(item):
        point = SubElement(placemark, "Point")
        SubElement(point, "altitudeMode").text = _altitude_mode(item)
        SubElement(point, "coordinates").text = _coordinates([item])


def _polygon(document: Element, corners: Sequence[MissionItem]) -> None:
    placemark = _placemark(document, f"fence: command {corners[0].command}")
    _data(placemark, {"fence": [row_of(corner) for corner in corners]})
    polygon = SubElement(placemark, "Polygon")
    ring = SubElement(SubElement(polygon, "outerBoundaryIs"), "LinearRing")
    SubElement(ring, "coordinates").text = _coordinates((*corners, corners[0]))


def _placemark(document: Element, name: str) -> Element:
    placemark = SubElement(document, "Placemark")
    SubElement(placemark, "name").text = name
    return placemark


def _data(element: Element, values: dict[str, object]) -> None:
    extended = SubElement(element, "ExtendedData")
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=True, allow_nan=False)
        SubElement(SubElement(extended, "Data", {"name": name}), "value").text = text


def _altitude_mode(item: MissionItem) -> str:
    return "absolute" if item.frame in {Frame.GLOBAL, 5} else "relativeToGround"


def _coordinates(items: Iterable[MissionItem]) -> str:
    heights = [(item, item.altitude_m if math.isfinite(item.altitude_m) else 0.0) for item in items]
    return " ".join(f"{item.lon_deg:.9f},{item.lat_deg:.9f},{height:.3f}" for item, height in heights)


def _plain(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable())
