"""A small patrol made by hand, for checks that must not depend on what the planner thinks of."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from shapely import box

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Finding, Mission, RallyPoint, Sortie, Waypoint
from dronepatrol.model.patrol import Area, Building, Fleet, PatrolSpec, Zone, ZoneKind
from dronepatrol.plan.checks import check
from dronepatrol.plan.home.ways import with_ways_home
from dronepatrol.plan.photogrammetry import photo_plan
from dronepatrol.plan.request import Request
from dronepatrol.store import profiles

FRAME = LocalFrame(121.05, 30.70)
DOCK = Dock("dock-1", "dock", 121.05, 30.70, 4.0)
OPERATOR = {
    "name": "unit",
    "contact": "000",
    "pilot_name": "pilot",
    "alternates": "rally points",
    "c2_frequency": "840 MHz",
    "c2_bandwidth": "250 kHz",
    "communication": "radio, GNSS",
    "transponder": "none",
    "emergency_procedure": "return",
    "special_support": "none",
    "registration": "R-1",
    "activated": "yes",
    "operating_certificate": "OC-1",
    "operating_certificate_valid_to": "2027-01-01",
    "pilot_licence": "PL-1",
    "pilot_licence_valid_to": "2027-01-01",
    "pilot_training": "yes, adult",
    "insurance": "I-1",
    "insurance_valid_to": "2027-01-01",
    "purpose": "non-commercial",
    "remote_id": "network, broadcast",
    "control_link": "radio",
    "traffic_awareness": "observers",
    "lights": "yes",
    "dangerous_goods_or_dropping": "no",
    "geofence_updated_at": "2026-05-18T08:00:00+08:00",
    "product": "patrol photos",
}


def lonlat(points: Any) -> list[tuple[float, float]]:
    """Return (lon, lat) of metres east and north of the dock."""
    return [(float(lon), float(lat)) for lon, lat in FRAME.to_lonlat(np.asarray(points, dtype=float))]


def square(west: float, south: float, east: float, north: float) -> Any:
    """Return a box given in metres around the dock, in degrees."""
    return FRAME.geometry_to_lonlat(box(west, south, east, north))


def ring(polygon: Any) -> Any:
    """Return a polygon without holes as rings of positions."""
    return (tuple((float(lon), float(lat)) for lon, lat in polygon.exterior.coords),)


@dataclass(frozen=True)
class Patrol:
    """A mission and its request, to be changed and checked."""

    mission: Mission
    request: Request

    def spec(self, **changes: Any) -> "Patrol":
        return replace(self, request=replace(self.request, spec=replace(self.request.spec, **changes)))

    def operator(self, **changes: str) -> "Patrol":
        return self.spec(operator={**self.request.spec.operator, **changes})

    def approved(self, rule: str, zone_id: str = "") -> "Patrol":
        return self.spec(approvals={f"{rule}.{zone_id}" if zone_id else rule: "No. 7"})

    def zone(self, geometry: Any, kind: ZoneKind = ZoneKind.NO_FLY, **more: Any) -> "Patrol":
        zone = Zone(f"z{len(self.request.zones)}", "a zone", geometry, kind, **more)
        return replace(self, request=replace(self.request, zones=(*self.request.zones, zone)))

    def building(self, geometry: Any, height_m: float) -> "Patrol":
        buildings = (*self.request.buildings, Building(geometry, height_m))
        return replace(self, request=replace(self.request, buildings=buildings))

    def aircraft(self, **changes: Any) -> "Patrol":
        return replace(self, request=replace(self.request, aircraft=replace(self.request.aircraft, **changes)))

    def sortie(self, **changes: Any) -> "Patrol":
        sorties = tuple(replace(sortie, **changes) for sortie in self.mission.sorties)
        return replace(self, mission=replace(self.mission, sorties=sorties))

    def with_ways_home(self) -> "Patrol":
        return replace(self, mission=with_ways_home(self.mission, self.request))

    def findings(self) -> tuple[Finding, ...]:
        spec = self.request.spec
        photos = photo_plan(spec, self.request.camera, self.request.aircraft)
        return check(self.mission, self.request, photos)

    def found(self, rule: str) -> list[str]:
        """Return the severities of what was found by a rule."""
        return [finding.severity for finding in self.findings() if finding.rule == rule]

    def blockers(self) -> set[str]:
        return {finding.rule for finding in self.findings() if finding.severity == "blocker"}


def flown(points: Any, height_m: float = 80.0, **changes: Any) -> Sortie:
    """Return a sortie over waypoints in metres around the dock, photos on every other leg."""
    waypoints = tuple(
        Waypoint(lon, lat, height_m, 20.0 if number % 2 == 0 and number < len(points) - 1 else 0.0)
        for number, (lon, lat) in enumerate(lonlat(points))
    )
    sortie = Sortie("sortie-01", DOCK, waypoints, 8.0, height_m, 1500.0, 300.0, 20.0, 30, drone="d1")
    return replace(sortie, **changes)


def rally(east: float, north: float, height_m: float = 80.0) -> RallyPoint:
    """Return a rally point at metres from the dock."""
    ((lon, lat),) = lonlat([(east, north)])
    return RallyPoint(lon, lat, height_m)


@pytest.fixture
def patrol() -> Callable[..., Patrol]:
    """Return a function that makes a patrol of one sortie over (east, north) waypoints, by default to the north."""

    def make(points: Any = ((-100, 50), (-100, 350), (-40, 350), (-40, 50)), **changes: Any) -> Patrol:
        sortie = flown(points, **changes)
        area = Area("a", "area", square(-150, 0, 150, 400))
        spec = PatrolSpec(
            id="p",
            title_zh="巡查",
            title_en="patrol",
            seed=1,
            start=datetime.fromisoformat("2026-05-18T09:30:00+08:00"),
            area_files=(),
            nofly_file=None,
            towns_file=None,
            register_files={},
            camera="embedded-3mp",
            aircraft="small-quad",
            fleet=Fleet((DOCK,)),
            gsd_m=None,
            height_m=80.0,
            front_overlap=0.6,
            side_overlap=0.5,
            operator=OPERATOR,
        )
        request = Request(spec, (area,), (), profiles.camera(spec.camera), profiles.aircraft(spec.aircraft))
        mission = Mission(
            "p",
            1,
            spec.camera,
            spec.aircraft,
            "ardupilot",
            80.0,
            0.04,
            40.0,
            20.0,
            (ring(area.geometry),),
            (),
            (sortie,),
        )
        return Patrol(mission, request)

    return make


@pytest.fixture
def at_metres() -> Callable[..., Any]:
    """Return a function that draws a box (west, south, east, north) in metres around the dock."""
    return square


@pytest.fixture
def rally_at() -> Callable[..., RallyPoint]:
    """Return a function that makes a rally point at metres from the dock."""
    return rally
