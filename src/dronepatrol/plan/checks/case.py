"""A mission as its checks see it: in metres, in time, with what the operator states."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Finding, LonLat, Mission, Sortie
from dronepatrol.model.patrol import Zone, ZoneKind
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.rules import load_rules
from dronepatrol.plan.footprints import due_photos, seen_quads
from dronepatrol.plan.obstacles import Obstacles
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request
from dronepatrol.plan.validity import in_force, window
from dronepatrol.plan.zones import ZONE_RULE, approval

SAMPLE_M = 20.0
"""Legs are looked at this often where exact geometry does not do."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """The flight line of one sortie: (n, 2) metres, and (n,) heights above mean sea level."""

    points: Array
    heights_m: Array

    @cached_property
    def samples(self) -> tuple[Array, Array]:
        """(m, 2) metres and (m,) heights of the corners and of places in between, at most ``SAMPLE_M`` apart."""
        points, heights = [self.points[:1]], [self.heights_m[:1]]
        lengths = np.hypot(*np.diff(self.points, axis=0).T)
        for leg, length in enumerate(lengths):
            share = np.linspace(0.0, 1.0, int(np.ceil(length / SAMPLE_M)) + 1)[1:]
            start, end = self.points[leg], self.points[leg + 1]
            low, high = self.heights_m[leg], self.heights_m[leg + 1]
            points.append(start + share[:, None] * (end - start))
            heights.append(low + share * (high - low))
        return np.vstack(points), np.concatenate(heights)

    @cached_property
    def ground_line(self) -> LineString:
        """The line on the map, in metres."""
        return LineString(self.points)


@dataclass(frozen=True)
class Case:
    """The mission, what it was planned for, and the words for what is found."""

    mission: Mission
    request: Request
    photos: PhotoPlan

    @cached_property
    def frame(self) -> LocalFrame:
        """The metric frame of the checks."""
        docks = shapely.points([(dock.lon_deg, dock.lat_deg) for dock in self.docks])
        return LocalFrame.around(shapely.union_all([*(area.geometry for area in self.request.areas), *docks]))

    @cached_property
    def docks(self) -> tuple[Dock, ...]:
        """The docks that sorties start from."""
        return tuple({sortie.dock.id: sortie.dock for sortie in self.mission.sorties}.values())

    @cached_property
    def area(self) -> BaseGeometry:
        """All areas, in metres."""
        return shapely.union_all([self.frame.geometry_to_metres(area.geometry) for area in self.request.areas])

    @cached_property
    def obstacles(self) -> Obstacles:
        """What stands up; without terrain the ground is as high as the first dock's."""
        return Obstacles.of(self.request, self.frame, self.docks[0].ground_amsl_m)

    @cached_property
    def lines(self) -> dict[str, Line]:
        """The flight line of every sortie: dock, waypoints, and straight back as the autopilot returns."""
        return {sortie.id: self._line(sortie) for sortie in self.mission.sorties}

    @cached_property
    def heights_above_ground(self) -> dict[str, Array]:
        """Heights above ground of every sortie's samples; NaN where the ground is not known."""
        return {
            sortie.id: self._above_ground(sortie, *self.lines[sortie.id].samples) for sortie in self.mission.sorties
        }

    @cached_property
    def footprints(self) -> dict[str, list[Polygon]]:
        """What the photos of every sortie show of the ground, level around each photo's; tilted ones reach far.

        In metres. Where the ground is not known it is taken to be as high as the dock's.
        """
        shown = {}
        for sortie in self.mission.sorties:
            due = due_photos(sortie, self.frame)
            above = self._above_ground(sortie, due.places, due.height_m + sortie.dock.ground_amsl_m)
            above = np.where(np.isfinite(above), above, due.height_m)
            shown[sortie.id] = [Polygon(quad) for quad in seen_quads(due, self.request.camera, above)]
        return shown

    def zones(self, kind: ZoneKind) -> list[tuple[Zone, BaseGeometry]]:
        """Return the zones of a kind, each with its geometry in metres."""
        return [
            (zone, self.frame.geometry_to_metres(zone.geometry)) for zone in self.request.zones if zone.kind is kind
        ]

    def window(self, sortie: Sortie) -> tuple[datetime, datetime]:
        """Return when a sortie takes off and lands."""
        return window(sortie, self.request.spec)

    def in_force(self, zone: Zone, sortie: Sortie) -> bool:
        """Return whether a zone's time and a sortie's have a moment in common."""
        return in_force(zone, *self.window(sortie))

    def operator(self, key: str) -> str:
        """Return what the spec's [operator] states, empty where nothing."""
        return self.request.spec.operator.get(key, "").strip()

    def place(self, geometry: BaseGeometry) -> LonLat:
        """Return (lon, lat) of a place on a geometry in metres."""
        point = geometry.representative_point()
        lon, lat = self.frame.to_lonlat([point.x, point.y])
        return round(float(lon), 7), round(float(lat), 7)

    def home(self, sortie: Sortie) -> LonLat:
        """Return (lon, lat) of a sortie's dock."""
        return sortie.dock.lon_deg, sortie.dock.lat_deg

    def breach(self, rule_id: str, message: Both, what_to_do: Both, lonlat: LonLat | None = None) -> Finding:
        """Return the finding that a rule is broken; an approval that the spec names turns it into information."""
        return self._breach(rule_id, message, what_to_do, lonlat, self.request.spec.approval(rule_id), rule_id)

    def zone_breach(self, zone: Zone, message: Both, what_to_do: Both, lonlat: LonLat) -> Finding:
        """Return the finding that a zone's rule is broken; an approval for this zone turns it into information."""
        key = f"{ZONE_RULE}.{json.dumps(zone.id, ensure_ascii=False)}"
        return self._breach(ZONE_RULE, message, what_to_do, lonlat, approval(zone, self.request.spec), key)

    def _breach(
        self, rule_id: str, message: Both, what_to_do: Both, lonlat: LonLat | None, reference: str, key: str
    ) -> Finding:
        rule = load_rules()[rule_id]
        if rule.approvable and reference:
            message += Both(f"; approved: {reference}", f"；已获批准：{reference}")
            return found(rule_id, "info", message, Both("carry the approval", "随身携带批准文件"), lonlat)
        if rule.approvable:
            what_to_do += Both(
                f'; or get a written approval and state approvals.{key} = "its reference" in the spec',
                f'；或取得书面批准，并在任务书中写明 approvals.{key} = "批准文号"',
            )
        return found(rule_id, rule.breach, message, what_to_do, lonlat)

    def _line(self, sortie: Sortie) -> Line:
        dock, waypoints = (sortie.dock.lon_deg, sortie.dock.lat_deg), sortie.waypoints
        lonlat = [dock, *((w.lon_deg, w.lat_deg) for w in waypoints), (waypoints[-1].lon_deg, waypoints[-1].lat_deg)]
        back_m = max(sortie.return_height_m, waypoints[-1].height_m)
        heights = [waypoints[0].height_m, *(w.height_m for w in waypoints), back_m, back_m]
        return Line(self.frame.to_metres([*lonlat, dock]), np.array(heights) + sortie.dock.ground_amsl_m)

    def _above_ground(self, sortie: Sortie, points: Array, heights_m: Array) -> Array:
        flat = self.request.terrain is None
        return heights_m - (sortie.dock.ground_amsl_m if flat else self.obstacles.ground_m(points))
