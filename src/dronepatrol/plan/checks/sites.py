"""Rules about sites: what must not be seen, and what care is due near."""

from collections.abc import Iterator

import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.patrol import Pattern, ZoneKind
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.airspace import LATERAL_ERROR_M
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.zones import SEEN_BEYOND_M, beside_m, shown_m

ADVISORY_M = 200.0
"""How near is "near" to a site whose surroundings the law protects without a distance: a default of ours."""


def advisory(case: Case) -> Iterator[Finding]:
    """NFZ_ADVISORY: sites near which the law asks for care without saying a distance."""
    sites = case.zones(ZoneKind.ADVISORY)
    for zone, shape in sites:
        away = {s.id: _distance_m(case, s, shape) for s in case.mission.sorties if case.in_force(zone, s)}
        near = {sortie_id: distance for sortie_id, distance in away.items() if distance < ADVISORY_M}
        if near:
            nearest = min(near, key=near.__getitem__)
            message = Both(
                f"{_count(len(near), 'sortie comes', 'sorties come')} near {zone.name}, {nearest} nearest,"
                f" {near[nearest]:.0f} m; the law protects its surroundings without a distance ({ADVISORY_M:.0f} m is"
                " our default)",
                f"{len(near)} 个架次靠近“{zone.name}”，最近的 {nearest} 相距 {near[nearest]:.0f} 米；"
                f"法律保护其周边而未规定距离（{ADVISORY_M:.0f} 米为本软件默认值）",
            )
            todo = Both(
                "ask the city government what is published there, and import it as a zone",
                "向市人民政府查询该处已公布的空域，并作为图层导入",
            )
            yield case.breach("NFZ_ADVISORY", message, todo, case.place(shape))
    if not sites:
        message = Both(
            "no layer of sites to keep away from was given: nearness to airports, power plants … is not checked",
            "没有给出应予避让场所的图层：未检查与机场、电厂等场所的距离",
        )
        todo = Both(
            "give zones of the kind advisory with the no-fly zones, and ask the city government what is published",
            "在空域图层中加入 kind = advisory 的场所，并向市人民政府查询已公布的范围",
        )
        yield found("NFZ_ADVISORY", "info", message, todo)


def sensitive(case: Case) -> Iterator[Finding]:
    """SENSITIVE: no photo shows a site that must not be seen."""
    for zone, shape in case.zones(ZoneKind.SENSITIVE):
        reach = shape.buffer(LATERAL_ERROR_M)
        shapely.prepare(reach)
        for sortie in case.mission.sorties:
            photos = [photo for photo in case.footprints[sortie.id] if reach.intersects(photo)]
            if photos and case.in_force(zone, sortie):
                message = Both(
                    f"{_count(len(photos), 'photo', 'photos')} of {sortie.id} show {zone.name}, which must not be seen",
                    f"{sortie.id} 有 {len(photos)} 张照片拍到“{zone.name}”，该处不得拍摄",
                )
                todo = Both(
                    "take it, with all that photos show around it, out of the area",
                    "把该处连同照片在其周围能拍到的范围划出巡查区",
                )
                yield case.breach("SENSITIVE", message, todo, case.place(shape))


def kept_unseen(case: Case) -> Iterator[Finding]:
    """SENSITIVE: what of the area is not flown so that no photo shows such a site."""
    margin_m = shown_m(case.request, case.photos) + SEEN_BEYOND_M
    for zone, shape in case.zones(ZoneKind.SENSITIVE):
        lost_m2 = case.area.intersection(shape.buffer(margin_m)).area
        if lost_m2 < 1.0:
            continue
        message = Both(
            f"{zone.name} and {margin_m:.0f} m around it, as far as photos reach, are kept out of:"
            f" {lost_m2:,.0f} m2 of the area",
            f"避让“{zone.name}”及其周围 {margin_m:.0f} 米（照片可及范围）：涉及巡查区 {lost_m2:,.0f} 平方米",
        )
        todo = Both(
            "nothing: the rest is flown; lower flight and less tilt leave more of it",
            "无需处理，其余照常飞行；降低高度、减小倾角可少让出一些",
        )
        yield found("SENSITIVE", "info", message, todo, case.place(shape))


def places_unseen(case: Case) -> Iterator[Finding]:
    """SENSITIVE: places that are not rechecked, so that no photo shows such a site."""
    if case.request.spec.pattern is not Pattern.RECHECK:
        return
    near_m = beside_m(case.request, case.photos)
    places = case.frame.to_metres([(place.x, place.y) for place in case.request.places]).reshape(-1, 2)
    for zone, shape in case.zones(ZoneKind.SENSITIVE):
        near = places[shapely.intersects_xy(shape.buffer(near_m), places)]
        if len(near):
            count = len(near)
            message = Both(
                f"{_count(count, 'place lies', 'places lie')} within {near_m:.0f} m of {zone.name}, where photos would"
                " show it: not rechecked",
                f"{count} 个复查点距“{zone.name}”不足 {near_m:.0f} 米，照片会拍到该处：不复查",
            )
            todo = Both("look at them from the ground; the others are rechecked", "改由地面复查；其余照常复查")
            yield found("SENSITIVE", "warning", message, todo, case.place(Point(near[0])))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _distance_m(case: Case, sortie: Sortie, shape: BaseGeometry) -> float:
    return float(case.lines[sortie.id].ground_line.distance(shape))
