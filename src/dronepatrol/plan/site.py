"""The patrol's places in metres: what is to be covered, where may be flown, the docks; and what had to be left out."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon

from dronepatrol.errors import PlanError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Finding, LonLat
from dronepatrol.model.patrol import Area, Zone, ZoneKind
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.fence import free_airspace
from dronepatrol.plan.request import Request
from dronepatrol.plan.validity import in_force, over_by

MAX_AREA_M2 = 2e9
SLIVER_M2 = 100.0
"""Smaller leftovers of an area, beside no-fly zones and other areas, are not flown."""
DETOUR_M = 400.0
"""Ways between the lanes of one of several areas stay this close to it."""
OUTSIDE = Both(
    "draw the area outside the no-fly zones, or fly when those that are temporary are not in force",
    "把区域画在禁飞区之外；临时管制区可避开其有效时间",
)
_ROUNDING_M2 = 1.0

Array = NDArray[np.float64]
Region = Polygon | MultiPolygon


@dataclass(frozen=True)
class Target:
    """What is to be covered of one area, in metres, no-fly zones and areas before it taken out."""

    area_id: str
    name: str
    region: Region
    free: Region
    """Where its lanes and the ways between them may be flown."""


@dataclass(frozen=True)
class Site:
    """The patrol's places in metres of one local frame.

    ``free`` is where may be flown at all, ``nofly`` is closed for some of the patrol; ``at`` is (d, 2), where the
    docks are. ``findings`` name what had to be left out.
    """

    frame: LocalFrame
    targets: tuple[Target, ...]
    free: Region
    nofly: Region
    docks: tuple[Dock, ...]
    at: Array
    findings: tuple[Finding, ...] = ()


def site_of(request: Request, beyond_m: float = 0.0, sector_m2: float = math.inf) -> Site:
    """Return the places of a patrol; areas and docks that cannot be used are named in its findings.

    Parameters
    ----------
    request
        What is asked for.
    beyond_m
        How far outside the areas the pattern has to fly.
    sector_m2
        Larger areas are covered in sectors, each nearest to one dock and at most this large.

    Raises
    ------
    PlanError
        When nothing is left: no area outside no-fly zones, or no dock that may be started from.
    """
    spec = request.spec
    docks = [Point(dock.lon_deg, dock.lat_deg) for dock in spec.fleet.docks]
    frame = LocalFrame.around(shapely.union_all([*(area.geometry for area in request.areas), *docks]))
    zones = closing_zones(request)
    nofly = polygons(shapely.union_all([frame.geometry_to_metres(zone.geometry) for zone in zones]))
    regions, findings = _regions(request.areas, frame, nofly)
    docks_m = [Point(at) for at in frame.to_metres([(dock.x, dock.y) for dock in docks])]
    whole = shapely.union_all([frame.geometry_to_metres(area.geometry) for area in request.areas])
    free = free_airspace(whole.buffer(beyond_m) if beyond_m else whole, docks_m, nofly)
    open_docks, closed = _docks(spec.fleet.docks, docks_m, free)
    at = np.array([shapely.get_coordinates(docks_m[number])[0] for number in open_docks])
    sectors = [(area, sector) for area, region in regions for sector in _sectors(region, at, sector_m2)]
    targets = tuple(
        Target(area.id, area.name, sector, free if len(sectors) == 1 else _around(sector, free))
        for area, sector in sectors
    )
    used = tuple(spec.fleet.docks[number] for number in open_docks)
    return Site(frame, targets, free, nofly, used, at, (*findings, *closed))


def closing_zones(request: Request) -> list[Zone]:
    """Return the no-fly zones that are in force at some time of the patrol."""
    times = request.spec.start, over_by(request)
    return [zone for zone in request.zones if zone.kind is ZoneKind.NO_FLY and in_force(zone, *times)]


def polygons(geometry: shapely.Geometry, least_m2: float = _ROUNDING_M2) -> Region:
    """Return the polygons of a geometry that are larger than this, in one piece where there is one."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and part.area > least_m2]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _regions(
    areas: tuple[Area, ...], frame: LocalFrame, nofly: Region
) -> tuple[list[tuple[Area, Region]], list[Finding]]:
    """Return what is left of every area, and findings about what is not."""
    left_of: list[tuple[Area, Region]] = []
    findings: list[Finding] = []
    taken: shapely.Geometry = Polygon()
    for area in areas:
        region = frame.geometry_to_metres(area.geometry)
        if region.area > MAX_AREA_M2:
            msg = (
                f"the area {area.name} has {region.area / 1e6:,.0f} km2; a patrol has at most {MAX_AREA_M2 / 1e6:,.0f}"
            )
            raise PlanError(msg, hint="split the area into several patrols")
        outside = region.difference(nofly)
        left = polygons(outside.difference(taken), SLIVER_M2 if len(areas) > 1 else _ROUNDING_M2)
        middle = area.geometry.representative_point()
        place: LonLat = (round(middle.x, 7), round(middle.y, 7))
        if outside.area <= _ROUNDING_M2:
            findings.append(_closed(area, place))
            continue
        twice = outside.area - left.area
        if len(areas) > 1 and twice > 0.001 * outside.area:
            findings.append(_shared(area, twice, place))
        if not left.is_empty:
            left_of.append((area, left))
            taken = shapely.union_all([taken, region]) if len(areas) > 1 else taken
    if not left_of:
        msg = "; ".join(finding.message for finding in findings) or "no area has any ground to cover"
        raise PlanError(msg, hint=OUTSIDE.en)
    return left_of, findings


def _closed(area: Area, place: LonLat) -> Finding:
    message = Both(
        f"the area {area.name} lies wholly inside no-fly zones; it is not flown",
        f"区域“{area.name}”全部在禁飞区内，不飞",
    )
    return found("area", "warning", message, OUTSIDE, place)


def _shared(area: Area, twice_m2: float, place: LonLat) -> Finding:
    message = Both(
        f"{twice_m2:,.0f} m2 of the area {area.name} lie in areas before it, or are slivers; flown once",
        f"区域“{area.name}”有 {twice_m2:,.0f} 平方米与前面的区域重叠，或为狭缝；只飞一次",
    )
    todo = Both("nothing: it is flown with the areas before it", "无需处理：随前面的区域飞行")
    return found("area", "info", message, todo, place)


def _docks(docks: tuple[Dock, ...], places: list[Point], free: Region) -> tuple[list[int], list[Finding]]:
    """Return which docks may be started from, and findings about the others."""
    usable = [number for number, place in enumerate(places) if free.covers(place)]
    closed = [dock for number, dock in enumerate(docks) if number not in usable]
    messages = [
        Both(
            f"the dock {dock.id} lies in a no-fly zone or within its margin",
            f"机场 {dock.id} 位于禁飞区内或其安全距离内",
        )
        for dock in closed
    ]
    if not usable:
        raise PlanError("; ".join(message.en for message in messages), hint="move the dock in the patrol spec")
    todo = Both("move the dock in the patrol spec; the others fly", "在任务书中移动该机场；其余机场照常起飞")
    return usable, [
        found("dock", "warning", message, todo, (dock.lon_deg, dock.lat_deg))
        for dock, message in zip(closed, messages, strict=True)
    ]


def _around(region: Region, free: Region) -> Region:
    """Return the free airspace near one of several areas, so that its ways are looked for among few obstacles."""
    near = polygons(shapely.intersection(free, region.convex_hull.buffer(DETOUR_M, quad_segs=2)))
    return free if near.is_empty else near


def _sectors(region: Region, docks: Array, most_m2: float) -> list[Region]:
    """Return a region, or the parts of a large one that are nearest to each dock, halved until they are small."""
    if region.area <= most_m2:
        return [region]
    whole: list[shapely.Geometry] = [region]
    if len(docks) > 1:
        cells = shapely.voronoi_polygons(shapely.multipoints(docks), extend_to=region.envelope)
        whole = [region.intersection(cell) for cell in sorted(shapely.get_parts(cells), key=lambda cell: cell.bounds)]
    parts: list[Region] = []
    left = [polygons(part, SLIVER_M2) for part in reversed(whole)]
    while left:
        part = left.pop()
        if part.area > most_m2:
            left += [polygons(half, SLIVER_M2) for half in _halves(part)]
        elif not part.is_empty:
            parts.append(part)
    return parts


def _halves(region: Region) -> list[shapely.Geometry]:
    """Return a region cut across its longer side through its middle."""
    corners = shapely.get_coordinates(region.minimum_rotated_rectangle)[:4]
    sides = np.roll(corners, -1, axis=0) - corners
    along = sides[np.argmax(np.hypot(*sides.T))]
    along = along / np.hypot(*along)
    size = 2 * float(np.hypot(*np.ptp(corners, axis=0)))
    middle, across = np.array(region.centroid.coords[0]), np.array([-along[1], along[0]])
    half = Polygon(
        [
            middle + size * across,
            middle - size * across,
            middle - size * (across + along),
            middle + size * (across - along),
        ]
    )
    return [region.intersection(half), region.difference(half)]
