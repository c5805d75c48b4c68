"""What no plan can be made of, told before anything is computed: places that are none, too large, or worlds apart."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dronepatrol.errors import PlanError
from dronepatrol.geo.local import WGS84, area_m2
from dronepatrol.model.mission import Dock
from dronepatrol.model.patrol import Area, ZoneKind
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request

MOST_M2 = 2e9
LEAST_M2 = 1.0
FARTHEST_M = 100_000.0
"""Areas and docks further than this from each other are taken to be slips of the pen."""
POLAR_DEG = 85.0
HALF_ROUND_DEG = 180.0


def check_places(request: Request) -> None:
    """Refuse areas and docks that no patrol has.

    Raises
    ------
    PlanError
        Where a position is no number, an area reaches across the antimeridian or to a pole, is too large or too small,
        or lies worlds apart from every dock; the message names it and what can be flown without it.
    """
    docks = request.spec.fleet.docks
    for area in request.areas:
        problem, hint = _problem(area) or _far(area, docks) or ("", "")
        if problem:
            msg = f"the area {area.name} {problem}"
            raise PlanError(msg, hint=hint + _without(area, request.areas))
    for dock in docks:
        away = min((_apart_m(area.geometry, dock) for area in request.areas), default=0.0)
        if away > FARTHEST_M:
            msg = (
                f"the dock {dock.id} at {dock.lon_deg:g}, {dock.lat_deg:g} lies {away / 1000:,.0f} km from every area;"
                f" expected at most {FARTHEST_M / 1000:.0f} km"
            )
            raise PlanError(msg, hint=_order(dock, request.areas[0]))


def check_open(request: Request, closed: Request, photos: PhotoPlan) -> None:
    """Refuse areas that are all closed for another reason than no-fly zones; those are for the site to tell.

    Parameters
    ----------
    request
        As asked.
    closed
        With every zone that is closed to the patrol as a no-fly zone.
    photos
        Their height is what height limits are compared with.

    Raises
    ------
    PlanError
        When every area lies under height limits below the planned height, or in what must not be photographed.
    """
    kinds = {zone.id: zone for zone in request.zones if zone.kind is not ZoneKind.NO_FLY}
    whole = shapely.union_all([area.geometry for area in request.areas])
    shut = shapely.union_all([zone.geometry for zone in closed.zones])
    nofly = shapely.union_all([zone.geometry for zone in closed.zones if zone.id not in kinds])
    if not shut.buffer(1e-9).covers(whole) or nofly.buffer(1e-9).covers(whole):
        return
    reasons = []
    for zone in closed.zones:
        asked = kinds.get(zone.id)
        if asked is None or not zone.geometry.intersects(whole):
            continue
        limit = f"may be flown up to {asked.max_height_m or 0:g} m only, {photos.height_m:.0f} m are asked for"
        seen = "must not be photographed, and photos taken around it would show it"
        reasons.append(f"{zone.name} {limit if asked.kind is ZoneKind.HEIGHT_LIMIT else seen}")
    areas = ", ".join(area.name for area in request.areas[:3])
    msg = f"nothing of {areas} is left to fly: {'; '.join(reasons[:3])}"
    low = any(zone.kind is ZoneKind.HEIGHT_LIMIT for zone in kinds.values())
    raise PlanError(msg, hint=("fly lower, get a written approval, or " if low else "") + "draw the area outside of it")


def _problem(area: Area) -> tuple[str, str] | None:
    """Return what is wrong with an area by itself, and what to do."""
    west, south, east, north = area.geometry.bounds
    corners = shapely.get_coordinates(area.geometry)
    if not np.isfinite(corners).all():
        return "has a position that is no number", "correct the file"
    if east - west > HALF_ROUND_DEG:
        span = f"reaches from longitude {west:g} to {east:g}; expected less than half round the Earth"
        return span, "patrols across the antimeridian cannot be planned: make one on each side, or correct the area"
    if max(abs(south), abs(north)) > POLAR_DEG:
        return f"reaches latitude {max(north, -south):g}; expected at most {POLAR_DEG:g}", "correct the area"
    size = area_m2(area.geometry)
    if size > MOST_M2:
        most = f"has {size / 1e6:,.0f} km2; a patrol has at most {MOST_M2 / 1e6:,.0f}"
        return most, "split the area into several patrols"
    if size < LEAST_M2:
        return f"has {size:.2f} m2; expected at least {LEAST_M2:g} m2", "draw it larger, or check its reference system"
    return None


def _far(area: Area, docks: tuple[Dock, ...]) -> tuple[str, str] | None:
    nearest = min(docks, key=lambda dock: _apart_m(area.geometry, dock))
    away = _apart_m(area.geometry, nearest)
    if away <= FARTHEST_M:
        return None
    middle = area.geometry.representative_point()
    said = f"at {middle.x:.4f}, {middle.y:.4f} lies {away / 1000:,.0f} km from the nearest dock, {nearest.id} at"
    place = f"{nearest.lon_deg:g}, {nearest.lat_deg:g}; expected at most {FARTHEST_M / 1000:.0f} km"
    return f"{said} {place}", _order(nearest, area)


def _apart_m(geometry: BaseGeometry, dock: Dock) -> float:
    """Return about how far a dock is from an area, at most half its size off."""
    west, south, east, north = geometry.bounds
    lon, lat = min(max(dock.lon_deg, west), east), min(max(dock.lat_deg, south), north)
    return float(WGS84.inv(dock.lon_deg, dock.lat_deg, lon, lat)[2])


def _order(dock: Dock, area: Area) -> str:
    """Return what to do about a dock far away: its numbers may only be in the wrong order."""
    swapped = Dock(dock.id, dock.name, dock.lat_deg, dock.lon_deg, 0.0)
    if abs(dock.lon_deg) <= 90.0 and _apart_m(area.geometry, swapped) <= FARTHEST_M:
        return f"longitude and latitude of the dock {dock.id} are in the wrong order"
    return "check longitude and latitude of dock and area, and the area's reference system"


def _without(area: Area, areas: tuple[Area, ...]) -> str:
    others = [one.name for one in areas if one is not area]
    return f"; without it {', '.join(others[:3])}{' …' if len(others) > 3 else ''} can be flown" if others else ""
