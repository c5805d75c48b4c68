"""How areas lie: to one another, to the zones, to the docks. Each finding says what can still be flown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Finding, LonLat
from dronepatrol.model.patrol import Area, Zone, ZoneKind

SLIVER_M = 5.0
"""What is narrower than this everywhere is a sliver: no photo is so small that it would not see more beside it."""
_TOUCH_M = 0.01


@dataclass(frozen=True, slots=True)
class _Site:
    """The areas in metres, and what their zones leave of them."""

    frame: LocalFrame
    areas: Sequence[Area]
    shapes: Sequence[BaseGeometry]
    nofly: BaseGeometry

    def lonlat(self, place: BaseGeometry) -> LonLat:
        point = shapely.point_on_surface(place)
        lon, lat = self.frame.to_lonlat([point.x, point.y])
        return float(lon), float(lat)


def findings(
    areas: Sequence[Area],
    zones: Sequence[Zone] = (),
    docks: Sequence[Dock] = (),
    *,
    reach_m: float | None = None,
    when: datetime | None = None,
) -> tuple[Finding, ...]:
    """Return what is odd about areas that are each valid; rules are named "area …".

    Parameters
    ----------
    areas
        From one file or several.
    zones
        No-fly zones count, those of other kinds do not.
    docks
        Where may be flown from.
    reach_m
        How far from a dock a drone can still turn back; None leaves distances unasked.
    when
        Zones that are not in force then do not count; None counts all.
    """
    if not areas:
        return ()
    frame = LocalFrame.around(shapely.box(*shapely.total_bounds([area.geometry for area in areas])))
    closed = [zone.geometry for zone in zones if zone.kind is ZoneKind.NO_FLY and _in_force(zone, when)]
    shapes = [frame.geometry_to_metres(area.geometry) for area in areas]
    site = _Site(frame, areas, shapes, frame.geometry_to_metres(shapely.union_all(closed)))
    found = [*_neighbours(site), *_slivers(site), *_zones(site)]
    if docks and reach_m is not None:
        found += _reach(site, docks, reach_m)
    return tuple(found)


def _in_force(zone: Zone, when: datetime | None) -> bool:
    if when is None:
        return True
    return (zone.valid_from is None or zone.valid_from <= when) and (zone.valid_to is None or when <= zone.valid_to)


def _neighbours(site: _Site) -> Iterator[Finding]:
    tree = shapely.STRtree(site.shapes)
    for one, other in zip(*tree.query(site.shapes, predicate="dwithin", distance=SLIVER_M), strict=True):
        if one >= other:
            continue
        a, b = site.shapes[one], site.shapes[other]
        names = f"{_named(site.areas[one])} and {_named(site.areas[other])}"
        shared = shapely.intersection(a, b)
        if shared.area > _TOUCH_M:
            yield Finding(
                "area overlap",
                "warning",
                f"{names} overlap by {shared.area:,.0f} m2",
                "both can be flown, what they share with the first of them; to decide otherwise cut one by the other",
                site.lonlat(shared),
            )
        elif (gap_m := float(a.distance(b))) <= _TOUCH_M:
            yield Finding(
                "area touch", "info", f"{names} touch", "nothing: both are flown", site.lonlat(_nearest(a, b))
            )
        else:
            yield Finding(
                "area gap",
                "warning",
                f"between {names} is a gap of {gap_m:.1f} m, which looks like one border drawn twice",
                "let both share the border if so; both can be flown as they are",
                site.lonlat(_nearest(a, b)),
            )


def _nearest(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    return shapely.centroid(shapely.shortest_line(a, b))


def _slivers(site: _Site) -> Iterator[Finding]:
    for area, shape in zip(site.areas, site.shapes, strict=True):
        parts = shapely.get_parts(shape)
        thin = [part for part in parts if shapely.buffer(part, -SLIVER_M / 2).is_empty]
        if thin:
            rest = len(parts) - len(thin)
            yield Finding(
                "area sliver",
                "warning",
                f"{_named(area)} has {_count(len(thin), 'part')} nowhere wider than {SLIVER_M:g} m "
                f"({sum(part.area for part in thin):,.0f} m2)",
                f"take it out in your GIS; {_count(rest, 'other part')} can be flown" if rest else
                "draw it wider; as a line it can be flown with the corridor pattern",
                site.lonlat(thin[0]),
            )  # fmt: skip


def _zones(site: _Site) -> Iterator[Finding]:
    closed = [bool(shapely.difference(shape, site.nofly).area < _TOUCH_M) for shape in site.shapes]
    others = closed.count(False)
    for area, shape, lost in zip(site.areas, site.shapes, closed, strict=True):
        if lost:
            yield Finding(
                "area no-fly",
                "warning" if others else "blocker",
                f"{_named(area)} lies wholly inside no-fly zones: nothing of it can be flown",
                f"take it out, or ask for the zone to be opened; {_count(others, 'other area')} can be flown",
                site.lonlat(shape),
            )
        elif (cut := shapely.intersection(shape, site.nofly)).area > _TOUCH_M:
            yield Finding(
                "area no-fly",
                "info",
                f"{_named(area)}: no-fly zones take {cut.area / shape.area:.1%} of it",
                f"nothing: the other {(shape.area - cut.area) / 1e6:.3f} km2 are flown",
                site.lonlat(cut),
            )


def _reach(site: _Site, docks: Sequence[Dock], reach_m: float) -> Iterator[Finding]:
    places = [shapely.Point(site.frame.to_metres([dock.lon_deg, dock.lat_deg])) for dock in docks]
    within = shapely.union_all(shapely.buffer(places, reach_m, quad_segs=32))
    reached = [shapely.intersection(shape, within).area / shape.area for shape in site.shapes]
    others = sum(share > 0 for share in reached)
    for area, shape, share in zip(site.areas, site.shapes, reached, strict=True):
        if share > 1 - 1e-6:
            continue
        away_m = min(shape.distance(place) for place in places)
        if share > 0:
            message = f"{_named(area)}: {1 - share:.1%} of it is further than {reach_m / 1e3:.1f} km from every dock"
            todo = f"add a dock, or split the area; {share * shape.area / 1e6:.3f} km2 of it can be flown"
        else:
            message = (
                f"{_named(area)} is {away_m / 1e3:.1f} km from the nearest dock; {reach_m / 1e3:.1f} km can be reached"
            )
            todo = f"add a dock near it, or take it out; {_count(others, 'other area')} can be flown"
        far = shapely.difference(shape, within)
        yield Finding("area too far", "warning" if others else "blocker", message, todo, site.lonlat(far))


def _named(area: Area) -> str:
    return area.id if area.name == area.id else f"{area.id} ({area.name})"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
