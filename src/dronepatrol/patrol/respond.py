"""A reported position to a checked mission: photos of it, from the nearest free dock, at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

import shapely
from shapely import Point

from dronepatrol.errors import InputError, PlanError
from dronepatrol.files import write_text
from dronepatrol.geo.datum import from_wgs84
from dronepatrol.geo.local import WGS84, LocalFrame
from dronepatrol.model.mission import Dock, LonLat, Mission
from dronepatrol.model.patrol import Area, PatrolSpec, Pattern
from dronepatrol.patrol.plan import read_request, write_planned
from dronepatrol.plan.mission import plan_mission
from dronepatrol.plan.request import Request
from dronepatrol.store.folder import PatrolFolder

AROUND_M = 60.0
"""So far around the reported position is the mission's area."""
PHOTOS = 5
MOST_DOCKS = 6
"""So many docks, the nearest ones, are tried."""


@dataclass(frozen=True, slots=True)
class Response:
    """The mission, the dock that it starts from, and the seconds from the spec to the checked mission."""

    mission: Mission
    dock: Dock
    plan_s: float

    @property
    def blocked(self) -> bool:
        """Whether a check says that it must not be flown."""
        return any(finding.severity == "blocker" for finding in self.mission.findings)


def respond(
    spec: PatrolSpec, at: LonLat, start: datetime, folder: PatrolFolder, *, busy: Sequence[str] = (), lang: str = "zh"
) -> Response:
    """Plan a flight to a reported position with the docks, zones, aircraft and camera of a spec, and write it.

    Parameters
    ----------
    spec
        Whose docks, zones, aircraft, camera and height are used; its areas and pattern are not.
    at
        Longitude and latitude of what was reported, WGS-84.
    start
        When it takes off: zones and daylight are checked for this time.
    folder
        Where the mission goes, with an area and a places file of its own.
    busy
        Ids of docks without a free drone.
    lang
        Of the report.

    Raises
    ------
    InputError
        When the position is none, no dock is free, or a file of the spec cannot be used.
    PlanError
        When no free dock reaches the position.
    """
    begun = perf_counter()
    if not (abs(at[0]) <= 180.0 and abs(at[1]) <= 90.0):
        msg = f"the position {at[0]:g}, {at[1]:g} is none; expected longitude within 180 and latitude within 90 degrees"
        raise InputError(msg, hint="write longitude first: --at 121.02,30.70")
    request = _request(spec, at, start, folder)
    mission, dock = _from_nearest(request, at, busy)
    plan_s = perf_counter() - begun
    _write_places(request, folder)
    spec = replace(request.spec, fleet=replace(request.spec.fleet, docks=(dock,)))
    write_planned(mission, replace(request, spec=spec), folder, lang)
    return Response(mission, dock, plan_s)


def _request(spec: PatrolSpec, at: LonLat, start: datetime, folder: PatrolFolder) -> Request:
    """Return the spec's request with the reported position in place of its areas."""
    place = Point(at)
    frame = LocalFrame.around(place)
    around = frame.geometry_to_lonlat(Point(0.0, 0.0).buffer(AROUND_M, quad_segs=4))
    asked = replace(
        spec,
        id=f"{spec.id[:48]}-respond",
        start=start,
        pattern=Pattern.RECHECK,
        layout=replace(spec.layout, recheck_photos=PHOTOS),
        area_files=(),
        places_file=None,
    )
    read = read_request(asked)
    files = replace(asked, area_files=(folder.root / "area.geojson",), places_file=folder.root / "place.geojson")
    return replace(read, spec=files, areas=(Area("reported", "reported position", around),), places=(place,))


def _from_nearest(request: Request, at: LonLat, busy: Sequence[str]) -> tuple[Mission, Dock]:
    """Return the mission from the nearest free dock without a blocker, or else from the nearest that reaches it."""
    docks = request.spec.fleet.docks
    unknown = sorted(set(busy) - {dock.id for dock in docks})
    if unknown:
        msg = f"no dock is called {', '.join(unknown)}; the spec has {', '.join(dock.id for dock in docks)}"
        raise InputError(msg, hint="name docks by their id")
    free = sorted((dock for dock in docks if dock.id not in busy), key=lambda dock: _metres(dock, at))
    if not free:
        msg = f"all {len(docks)} docks of the spec are busy"
        raise InputError(msg, hint="wait for a drone, or leave out --busy")
    planned: list[tuple[Mission, Dock]] = []
    reasons: list[PlanError] = []
    for dock in free[:MOST_DOCKS]:
        fleet = replace(request.spec.fleet, docks=(dock,), drones_per_dock=1)
        try:
            mission = plan_mission(replace(request, spec=replace(request.spec, fleet=fleet)))
        except PlanError as error:
            reasons.append(error)
            continue
        planned.append((mission, dock))
        if not any(finding.severity == "blocker" for finding in mission.findings):
            return mission, dock
    if not planned:
        raise reasons[0]
    return planned[0]


def _metres(dock: Dock, at: LonLat) -> float:
    return float(WGS84.inv(dock.lon_deg, dock.lat_deg, *at)[2])


def _write_places(request: Request, folder: PatrolFolder) -> None:
    """Write the area and the place that the folder's spec names, in its datum: the patrol can be planned again."""
    datum = request.spec.datum
    for name, here in (("area", request.areas[0].geometry), ("place", request.places[0])):
        geometry = shapely.transform(here, lambda lonlat: from_wgs84(lonlat, datum))
        feature = {
            "type": "Feature",
            "properties": {"id": "reported", "name": "reported position"},
            "geometry": json.loads(shapely.to_geojson(geometry)),
        }
        collection = {"type": "FeatureCollection", "features": [feature]}
        write_text(folder.root / f"{name}.geojson", json.dumps(collection) + "\n")
