"""The fence around a patrol and the airspace that is planned in."""

import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

FENCE_MARGIN_M = 60.0
"""The autopilot's inclusion fence lies this far outside the area and the docks."""
FLIGHT_MARGIN_M = 30.0
"""Planned legs stay this close to the area and the docks."""
NOFLY_MARGIN_M = 10.0
"""Planned legs keep this far from no-fly zones."""
_SIMPLER_M = 3.0
_GRAZE_M = 0.1


def hull(area: BaseGeometry, docks: list[Point], margin_m: float) -> Polygon:
    """Return the area and the docks with a margin, in one piece; parts far from each other are joined by the hull."""
    places = shapely.union_all([area, *docks])
    around: BaseGeometry = places.buffer(margin_m, quad_segs=2)
    if around.geom_type != "Polygon":
        around = places.convex_hull.buffer(margin_m, quad_segs=2)
    return Polygon(shapely.get_exterior_ring(around))


def fence(area: BaseGeometry, docks: list[Point], lines: BaseGeometry | None = None) -> Polygon:
    """Return the inclusion fence, with few corners.

    Parameters
    ----------
    area, docks
        Metres of one local frame.
    lines
        The flight lines: what of them is planned further outside than ways between lanes are, as the lanes of tilted
        cameras are, lies inside too.
    """
    planned = hull(area, docks, FLIGHT_MARGIN_M)  # as ways are planned, whichever parts a wider margin would join
    around: BaseGeometry = planned.buffer(FENCE_MARGIN_M - FLIGHT_MARGIN_M + _SIMPLER_M, quad_segs=2)
    if lines is not None:
        beyond = lines.difference(planned.buffer(_GRAZE_M))
        around = around.union(beyond.buffer(FENCE_MARGIN_M + _SIMPLER_M, quad_segs=2))
    if not isinstance(around, Polygon):
        around = around.convex_hull
    simpler = Polygon(shapely.get_exterior_ring(around)).simplify(_SIMPLER_M)
    return simpler if isinstance(simpler, Polygon) else Polygon(shapely.get_exterior_ring(around))


def without_holes(polygon: Polygon) -> list[Polygon]:
    """Return polygons without holes that make up one with holes: autopilots' fences are single rings.

    It is cut from north to south through the middle one of its holes, and again; the parts share the cuts.
    """
    whole: list[Polygon] = []
    left = [polygon]
    while left:
        part = left.pop()
        if not part.interiors:
            whole.append(part)
            continue
        middles = sorted(shapely.bounds(ring)[[0, 2]].mean() for ring in part.interiors)
        cut = float(middles[len(middles) // 2])
        west, south, east, north = part.bounds
        for side in ((west, south, cut, north), (cut, south, east, north)):
            pieces = shapely.get_parts(part.intersection(shapely.box(*side)))
            left += [piece for piece in pieces if isinstance(piece, Polygon)]
    return whole


def free_airspace(area: BaseGeometry, docks: list[Point], nofly: BaseGeometry) -> Polygon | MultiPolygon:
    """Return where legs may be planned: near the area and the docks, away from no-fly zones; empty where nowhere."""
    keep_out = nofly.buffer(NOFLY_MARGIN_M, join_style="mitre", mitre_limit=2.0)
    free = hull(area, docks, FLIGHT_MARGIN_M).difference(keep_out)
    parts = [part for part in shapely.get_parts(free) if isinstance(part, Polygon)]
    return MultiPolygon(parts) if len(parts) != 1 else parts[0]
