"""DJI's WPML: a KMZ with ``wpmz/template.kml`` and ``wpmz/waylines.wpml``, for Pilot 2, FlightHub 2 and docks.

https://developer.dji.com/doc/cloud-api-tutorial/en/api-reference/dji-wpml/overview.html - the aircraft flies
``waylines.wpml``; the template is what people edit. Heights are above the take-off point. The aircraft stops at every
waypoint, so that legs are straight as planned. Photos by distance or time are one ``multipleDistance`` or
``multipleTiming`` group a leg or chain of legs. Numbers have twelve decimals; the same flight gives the same bytes.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dronepatrol.errors import InputError
from dronepatrol.formats.check import distance_m
from dronepatrol.formats.dji_actions import Place, write_action, write_groups
from dronepatrol.formats.dji_models import DjiModel, model
from dronepatrol.formats.dji_xml import element, signed, text_of, texts
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.route import Kind, Route, Stop
from dronepatrol.formats.route_read import route_of

NAMESPACES = {"xmlns": "http://www.opengis.net/kml/2.2", "xmlns:wpml": "http://www.dji.com/wpmz/1.0.6"}
TEMPLATE, WAYLINES = "wpmz/template.kml", "wpmz/waylines.wpml"
MAX_STOPS = 10_000
_SECURITY_M = (8.0, 1500.0)  # of a dock; a remote control takes 1.2 m and more
_MAX_SPEED_M_S = 15.0
_FINISH = {"home": "goHome", "land": "autoLand", "stay": "noAction"}
_WRITTEN_MS = 1_767_225_600_000  # 2026-01-01: the same for every file, so that the same flight gives the same bytes
_ZIP_DATE = (2026, 1, 1, 0, 0, 0)
_NO_POI = "0.000000,0.000000,0.000000"


def write_flight(flight: Flight) -> tuple[bytes, list[str]]:
    """Return a flight as a KMZ, and what it cannot say.

    Raises
    ------
    InputError
        When the aircraft is not known, or cannot fly it: no waypoint or too many, too fast, too low a take-off.
    """
    route, losses = route_of(flight)
    plan = _plan(flight, route)
    losses += ["fence: set a custom flight area in FlightHub 2"] if flight.fence else []
    losses += ["rally points"] if flight.rally else []
    losses += ["name: it is the file's name"] if flight.name else []
    losses.append(
        "no home: the file has no take-off reference point"
        if flight.home is None
        else "home's height above the ellipsoid, which DJI's programs plan with: it is written as above sea level"
    )
    if plan.model.assumed:
        losses.append(
            f"the numbers of the {plan.model.name} (drone {plan.model.drone}, camera {plan.model.payload}) are from "
            "third parties' copies of DJI's table: check them on the aircraft before you rely on the file"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in ((TEMPLATE, _template(plan)), (WAYLINES, _waylines(plan))):
            indent(root, " ")
            text = '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return packed.getvalue(), losses


@dataclass(frozen=True, slots=True)
class _Plan:
    """A flight with all that WPML asks for; ``ends`` is where repeated photos that begin at a switch end."""

    flight: Flight
    route: Route
    model: DjiModel
    speeds: tuple[float, ...]
    ends: dict[tuple[int, int], int]


def _plan(flight: Flight, route: Route) -> _Plan:
    stops = route.stops
    if not 0 < len(stops) <= MAX_STOPS:
        msg = f"the flight has {len(stops):,} waypoints; a DJI file is written with 1 to {MAX_STOPS:,}"
        raise InputError(msg, hint="split the sortie")
    lowest, highest = _SECURITY_M
    takeoff = stops[0].height_m if route.takeoff_m is None else route.takeoff_m
    if not lowest <= takeoff <= highest:
        msg = f"the take-off goes to {takeoff:g} m; a dock takes {lowest:g} to {highest:g} m"
        raise InputError(msg, hint="plan the first waypoint higher")
    others = [act.kind for act in route.start if act.kind not in {Kind.SPEED, Kind.PITCH}]
    if others:
        msg = f"a {others[0]} before the first waypoint, which a DJI file cannot hold"
        raise InputError(msg, hint="begin with a waypoint")
    return _Plan(flight, route, model(flight.aircraft), tuple(_speeds(flight, route)), _ends(stops))


def _speeds(flight: Flight, route: Route) -> Iterator[float]:
    """Yield the speed from each stop on, the first one's also for the way there."""
    speed = flight.speed_m_s
    for acts in (route.start, *(stop.acts for stop in route.stops)):
        speed = next((act.value for act in reversed(acts) if act.kind is Kind.SPEED), speed)
        if speed is None or not 0.0 < speed <= _MAX_SPEED_M_S:
            msg = f"a speed of {speed} m/s; DJI aircraft take 0 to {_MAX_SPEED_M_S:g}"
            raise InputError(msg, hint="plan with another speed")
        yield speed


def _ends(stops: Sequence[Stop]) -> dict[tuple[int, int], int]:
    """Return the stop where repeated photos end, by the stop and the place among its acts where they begin."""
    ends: dict[tuple[int, int], int] = {}
    since: tuple[int, int] | None = None
    for index, stop in enumerate(stops):
        for place, act in enumerate(stop.acts):
            if act.kind is Kind.STEP:
                if since is not None:
                    ends[since] = index
                since = (index, place) if act.value else None
    return ends


def _template(plan: _Plan) -> Element:
    root, document = _document()
    texts(document, {"createTime": _WRITTEN_MS, "updateTime": _WRITTEN_MS})
    _config(document, plan, template=True)
    folder = SubElement(document, "Folder")
    texts(folder, {"templateType": "waypoint", "templateId": 0})
    system = element(folder, "waylineCoordinateSysParam")
    texts(system, {"coordinateMode": "WGS84", "heightMode": "relativeToStartPoint", "positioningType": "GPS"})
    highest = max(stop.height_m for stop in plan.route.stops)
    fixed = {"autoFlightSpeed": plan.speeds[0], "globalHeight": highest, "caliFlightEnable": 0}
    texts(folder, fixed | {"gimbalPitchMode": "manual"})
    _heading(folder, "globalWaypointHeadingParam", None)
    texts(folder, {"globalWaypointTurnMode": _turn_mode(), "globalUseStraightLine": 1})
    groups = 0
    for index, stop in enumerate(plan.route.stops):
        placemark = _point(folder, index, stop)
        texts(placemark, {"ellipsoidHeight": stop.height_m, "height": stop.height_m})
        texts(placemark, {"waypointSpeed": plan.speeds[index + 1]})
        _heading(placemark, "waypointHeadingParam", stop.yaw_deg)
        _turn(placemark)
        use = ("useGlobalHeight", "useGlobalSpeed", "useGlobalHeadingParam")
        texts(placemark, dict.fromkeys(use, 0) | {"useGlobalTurnParam": 1, "useStraightLine": 1})
        groups = write_groups(placemark, plan.route.stops, Place(index, plan.ends, plan.model.lenses), groups)
        texts(placemark, {"isRisky": 0})
    texts(element(folder, "payloadParam"), {"payloadPositionIndex": 0, "imageFormat": plan.model.lenses})
    return root


def _waylines(plan: _Plan) -> Element:
    root, document = _document()
    _config(document, plan, template=False)
    folder = SubElement(document, "Folder")
    texts(folder, {"templateId": 0, "executeHeightMode": "relativeToStartPoint", "waylineId": 0})
    length, time = _length_and_time(plan)
    texts(folder, {"distance": round(length, 3), "duration": round(time, 3), "autoFlightSpeed": plan.speeds[0]})
    first = [act for act in plan.route.start if act.kind is Kind.PITCH]
    if first:
        group = element(folder, "startActionGroup")
        for number, act in enumerate(first):
            write_action(group, number, act, plan.model.lenses)
    groups = 0
    for index, stop in enumerate(plan.route.stops):
        placemark = _point(folder, index, stop)
        texts(placemark, {"executeHeight": stop.height_m, "waypointSpeed": plan.speeds[index + 1]})
        _heading(placemark, "waypointHeadingParam", stop.yaw_deg)
        _turn(placemark)
        texts(placemark, {"useStraightLine": 1})
        groups = write_groups(placemark, plan.route.stops, Place(index, plan.ends, plan.model.lenses), groups)
        texts(placemark, {"isRisky": 0})
    return root


def _document() -> tuple[Element, Element]:
    root = Element("kml", NAMESPACES)
    return root, SubElement(root, "Document")


def _config(document: Element, plan: _Plan, *, template: bool) -> None:
    config = element(document, "missionConfig")
    flight, route = plan.flight, plan.route
    highest = max(stop.height_m for stop in route.stops)
    back = highest if flight.return_height_m is None else flight.return_height_m
    texts(config, {"flyToWaylineMode": "safely", "finishAction": _FINISH[route.end]})
    texts(config, {"exitOnRCLost": "executeLostAction", "executeRCLostAction": "goBack"})
    takeoff = route.stops[0].height_m if route.takeoff_m is None else route.takeoff_m
    texts(config, {"takeOffSecurityHeight": takeoff})
    if template and flight.home is not None:
        home = flight.home
        place = ",".join(text_of(value) for value in (home.lat_deg, home.lon_deg, home.amsl_m))
        texts(config, {"takeOffRefPoint": place, "takeOffRefPointAGLHeight": 0})
    texts(config, {"globalTransitionalSpeed": plan.speeds[0], "globalRTHHeight": back})
    aircraft = plan.model
    drone = {"droneEnumValue": aircraft.drone, "droneSubEnumValue": aircraft.drone_sub}
    texts(element(config, "droneInfo"), drone)
    texts(config, {"waylineAvoidLimitAreaMode": 0})
    if aircraft.docks:
        reroute = {"missionAutoRerouteMode": 0, "transitionalAutoRerouteMode": 0}  # planned ways avoid no-fly zones
        texts(element(config, "autoRerouteInfo"), reroute)
    payload = {"payloadEnumValue": aircraft.payload, "payloadSubEnumValue": 0, "payloadPositionIndex": 0}
    texts(element(config, "payloadInfo"), payload)


def _point(folder: Element, index: int, stop: Stop) -> Element:
    placemark = SubElement(folder, "Placemark")
    coordinates = SubElement(SubElement(placemark, "Point"), "coordinates")
    coordinates.text = f"{text_of(stop.lon_deg)},{text_of(stop.lat_deg)}"
    texts(placemark, {"index": index})
    return placemark


def _heading(parent: Element, name: str, yaw_deg: float | None) -> None:
    """Write the heading on the way to a waypoint: a number that is turned to evenly, or along the flight."""
    heading = element(parent, name)
    mode = "followWayline" if yaw_deg is None else "smoothTransition"
    angle = 0.0 if yaw_deg is None else signed(yaw_deg)
    texts(heading, {"waypointHeadingMode": mode, "waypointHeadingAngle": angle, "waypointPoiPoint": _NO_POI})
    if name == "waypointHeadingParam":
        texts(heading, {"waypointHeadingAngleEnable": int(yaw_deg is not None)})
    texts(heading, {"waypointHeadingPathMode": "followBadArc", "waypointHeadingPoiIndex": 0})


def _turn(placemark: Element) -> None:
    turn = element(placemark, "waypointTurnParam")
    texts(turn, {"waypointTurnMode": _turn_mode(), "waypointTurnDampingDist": 0})


def _turn_mode() -> str:
    return "toPointAndStopWithDiscontinuityCurvature"


def _length_and_time(plan: _Plan) -> tuple[float, float]:
    """Return the length in metres and the time in seconds of the waypoints at their speeds, stops left out."""
    length = time = 0.0
    for (one, other), speed in zip(pairwise(plan.route.stops), plan.speeds[1:], strict=False):
        leg = math.hypot(distance_m(one.lonlat, other.lonlat), other.height_m - one.height_m)
        length += leg
        time += leg / speed + one.hold_s
    return length, time
