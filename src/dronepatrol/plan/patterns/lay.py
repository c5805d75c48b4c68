"""The patterns' front door: a request and its site in, stretches per area out."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely import LineString, Point

from dronepatrol.errors import PlanError
from dronepatrol.model.mission import Finding
from dronepatrol.model.patrol import Pattern
from dronepatrol.model.progress import Progress, Report, silent
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.energy import pace_in_wind
from dronepatrol.plan.patterns.corridor import corridor
from dronepatrol.plan.patterns.coverage import coverage
from dronepatrol.plan.patterns.crosshatch import crosshatch
from dronepatrol.plan.patterns.ground import Array, Ground, Laid, Loss
from dronepatrol.plan.patterns.oblique import oblique, tilted
from dronepatrol.plan.patterns.perimeter import perimeter
from dronepatrol.plan.patterns.points import points
from dronepatrol.plan.patterns.recheck import recheck
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request
from dronepatrol.plan.site import Site, Target
from dronepatrol.plan.stretch import Group

EFFORT = 1.0
"""So many areas get the full search each; more share it out."""
_OVER_AREAS: dict[Pattern, Callable[[Ground], Laid]] = {
    Pattern.COVERAGE: coverage,
    Pattern.CROSSHATCH: crosshatch,
    Pattern.OBLIQUE: oblique,
    Pattern.PERIMETER: perimeter,
}
_OVER_PLACES: dict[Pattern, Callable[[Ground, Array], Laid]] = {Pattern.POINTS: points, Pattern.RECHECK: recheck}


def lay(request: Request, site: Site, photos: PhotoPlan, report: Report = silent) -> list[Group]:
    """Return the stretches of the asked pattern, one group per area, in an order that flies well.

    What cannot be done is a finding of its group; a group may be left without stretches.

    Raises
    ------
    PlanError
        When the pattern needs lines or places and the request has none.
    """
    places = _places(request, site)
    groups = []
    for number, target in enumerate(site.targets):
        part = f", part {number + 1} of {len(site.targets)}" if len(site.targets) > 1 else ""
        report(Progress("plan", 0, 0, f"{request.spec.pattern.value} over {target.name}{part}"))
        groups.append(_group(request, site, photos, number, places))
    return groups


def beyond_m(request: Request, photos: PhotoPlan) -> float:
    """Return how many metres outside the areas a pattern may have to fly: fence and airspace are to be as wide."""
    layout = request.spec.layout
    return {
        Pattern.OBLIQUE: tilted(photos, layout.oblique_pitch_deg)[1],
        Pattern.POINTS: layout.orbit_radius_m,
        Pattern.PERIMETER: max(layout.perimeter_offset_m, 0.0),
    }.get(request.spec.pattern, 0.0)


def _group(request: Request, site: Site, photos: PhotoPlan, number: int, places: list[Array]) -> Group:
    spec, target = request.spec, site.targets[number]
    pace = pace_in_wind(request.aircraft, spec, photos.speed_m_s)
    effort = min(1.0, EFFORT / len(site.targets))
    ground = Ground(target.region, target.free, photos, pace, spec.layout, spec.seed, effort)
    if spec.pattern is Pattern.CORRIDOR:
        lines = [site.frame.geometry_to_metres(line) for line in request.lines]
        laid = corridor(ground, lines) + (_outside(request, site, lines) if number == 0 else Laid())
    elif spec.pattern in _OVER_PLACES:
        laid = _OVER_PLACES[spec.pattern](ground, places[number])
    else:
        laid = _OVER_AREAS[spec.pattern](ground)
    findings = tuple(_finding(spec.pattern, loss, site, target) for loss in laid.losses)
    return Group(target.area_id, target.name, tuple(laid.stretches), findings)


def _places(request: Request, site: Site) -> list[Array]:
    """Return for every target the (n, 2) places in metres that are nearest to it."""
    spec = request.spec
    needs_lines = spec.pattern is Pattern.CORRIDOR
    if needs_lines and not request.lines:
        msg = "a corridor patrol flies along lines; the request has none"
        raise PlanError(msg, hint="name a file with lines as places in [files] of the patrol spec")
    if spec.pattern not in _OVER_PLACES:
        return [np.empty((0, 2))] * len(site.targets)
    if not request.places:
        msg = f"a {spec.pattern.value} patrol goes to places; the request has none"
        raise PlanError(msg, hint="name a file with points as places in [files] of the patrol spec")
    at = site.frame.to_metres([(place.x, place.y) for place in request.places])
    regions = [target.region for target in site.targets]
    apart = np.array([shapely.distance(region, shapely.points(at)) for region in regions])
    nearest = np.argmin(apart, axis=0)
    return [at[nearest == number] for number in range(len(regions))]


def _outside(request: Request, site: Site, lines: list[LineString]) -> Laid:
    """Return what of the network lies outside all areas, as a loss to know of."""
    areas = shapely.union_all([site.frame.geometry_to_metres(area.geometry) for area in request.areas])
    network = shapely.union_all(lines)
    outside = network.difference(areas)
    if outside.length < 1.0:
        return Laid()
    all_of_it = outside.length > network.length - 1.0
    away, shown = shapely.distance(network, areas), f"{outside.length:,.0f} m of {network.length:,.0f} m of the network"
    what = Both(
        f"{shown} lie outside the areas{f', at least {away:,.0f} m away' if all_of_it else ''}; not flown along",
        f"线路共 {network.length:,.0f} 米，其中 {outside.length:,.0f} 米在区域之外，不飞",
    )
    todo = Both("draw the areas over all lines that are to be flown along", "把区域画到包含所有要飞的线路")
    return Laid([], [Loss(what, todo, outside.representative_point(), warning=all_of_it)])


def _finding(pattern: Pattern, loss: Loss, site: Site, target: Target) -> Finding:
    at = loss.at if loss.at is not None and not loss.at.is_empty else target.region.representative_point()
    assert isinstance(at, Point)
    lon, lat = site.frame.to_lonlat([at.x, at.y])
    return found(
        f"pattern {pattern.value}",
        "warning" if loss.warning else "info",
        Both(f"{target.name}: {loss.what.en}", f"{target.name}：{loss.what.zh}"),
        loss.what_to_do,
        (round(float(lon), 7), round(float(lat), 7)),
    )
