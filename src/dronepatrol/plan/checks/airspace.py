"""Rules about where: height above ground, and zones of the airspace while they are in force."""

import json
from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.patrol import Zone, ZoneKind
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.zones import ZONE_RULE, closes

CEILING_M = 120.0
"""Real height above ground from which airspace is controlled (article 19)."""
LATERAL_ERROR_M = 5.0
"""How far beside its line an aircraft may be: a default of ours; the law says none."""


def height_above_ground(case: Case) -> Iterator[Finding]:
    """ALT120: every sample of every leg is less than 120 m above the ground."""
    unknown: list[Point] = []
    for sortie in case.mission.sorties:
        above, points = case.heights_above_ground[sortie.id], case.lines[sortie.id].samples[0]
        unknown += [Point(at) for at in points[np.isnan(above)]]
        highest = float(np.nanmax(above, initial=-np.inf))
        if highest >= CEILING_M:
            message = Both(
                f"{sortie.id} is {highest:.1f} m above the ground; below {CEILING_M:.0f} m is free of approval",
                f"{sortie.id} 真高 {highest:.1f} 米；低于 {CEILING_M:.0f} 米才无须批准",
            )
            todo = Both("fly lower: a smaller gsd_cm or height_m", "降低飞行高度：减小 gsd_cm 或 height_m")
            yield case.breach("ALT120", message, todo, case.place(Point(points[int(np.nanargmax(above))])))
    if unknown:
        message = Both(
            f"the terrain model does not know the ground at {len(unknown)} places of the route",
            f"航线上有 {len(unknown)} 处地形模型没有高程",
        )
        todo = Both(
            "take a terrain model that covers the area, the docks and the ways",
            "换用覆盖巡查区、机场和往返航路的地形模型",
        )
        yield found("ALT120", "warning", message, todo, case.place(unknown[0]))


def controlled(case: Case) -> Iterator[Finding]:
    """NFZ_POLY and NFZ_TEMP: the route with its lateral error against no-fly zones in force."""
    for zone, shape in case.zones(ZoneKind.NO_FLY):
        reach = shape.buffer(LATERAL_ERROR_M)
        for sortie in case.mission.sorties:
            inside = case.lines[sortie.id].ground_line.intersection(reach)
            if inside.is_empty or not case.in_force(zone, sortie):
                continue
            where = (zone, sortie, inside)
            yield _in_zone(case, *where) if zone.valid_to is None else _in_temporary_zone(case, *where)


def _in_zone(case: Case, zone: Zone, sortie: Sortie, inside: BaseGeometry) -> Finding:
    message = Both(
        f"{inside.length:.1f} m of {sortie.id} are within {LATERAL_ERROR_M:.0f} m (our default) of"
        f" the no-fly zone {zone.name}",
        f"{sortie.id} 有 {inside.length:.1f} 米航线距禁飞区“{zone.name}”不足 {LATERAL_ERROR_M:.0f} 米（本软件默认值）",
    )
    todo = Both("plan again outside it", "避开该区重新规划")
    return case.zone_breach(zone, message, todo, case.place(inside))


def _in_temporary_zone(case: Case, zone: Zone, sortie: Sortie, inside: BaseGeometry) -> Finding:
    times = _validity(zone)
    message = Both(
        f"{inside.length:.1f} m of {sortie.id} are within {LATERAL_ERROR_M:.0f} m (our default) of"
        f" the temporary zone {zone.name}, in force {times.en}",
        f"{sortie.id} 有 {inside.length:.1f} 米航线距临时管制区“{zone.name}”不足 {LATERAL_ERROR_M:.0f} 米"
        f"（本软件默认值），有效时间{times.zh}",
    )
    todo = Both("fly at another time, or outside it", "改时飞行，或避开该区")
    return case.breach("NFZ_TEMP", message, todo, case.place(inside))


def zones_given(case: Case) -> Iterator[Finding]:
    """NFZ_POLY: say so where there is nothing to check against."""
    if case.request.zones:
        return
    if case.request.spec.nofly_file is None:
        message = Both(
            "no zones were given: whether the route enters controlled airspace was not checked",
            "任务书没有给出空域图层：未检查航线是否进入管制空域",
        )
        todo = Both(
            "name the published zones as nofly in [files]; an empty layer says that there are none",
            "在 [files] 的 nofly 中给出已公布的空域；确无空域限制时可给空图层",
        )
    else:
        message = Both(
            f"{case.request.spec.nofly_file.name} has no zones: nothing is kept out of",
            f"{case.request.spec.nofly_file.name} 中没有任何空域：未避让任何区域",
        )
        todo = Both(
            "make sure that nothing has been published for this place and time", "请确认此时此地确无已公布的管制空域"
        )
    yield found("NFZ_POLY", "info", message, todo)


def later_zones(case: Case) -> Iterator[Finding]:
    """NFZ_TEMP: zones on the route that come into force after the patrol: it must not be late."""
    over = max(case.window(sortie)[1] for sortie in case.mission.sorties)
    for zone, shape in case.zones(ZoneKind.NO_FLY):
        if zone.valid_from is None or zone.valid_from.date() != over.astimezone(zone.valid_from.tzinfo).date():
            continue
        lines = [case.lines[sortie.id].ground_line for sortie in case.mission.sorties]
        if zone.valid_from > over and any(shape.dwithin(line, LATERAL_ERROR_M) for line in lines):
            minutes = (zone.valid_from - over).total_seconds() / 60
            message = Both(
                f"the route crosses the temporary zone {zone.name}, in force {_validity(zone).en}:"
                f" {minutes:.0f} minutes after the last landing",
                f"航线经过临时管制区“{zone.name}”，有效时间{_validity(zone).zh}："
                f"最后一架次降落后 {minutes:.0f} 分钟生效",
            )
            todo = Both("start on time, or plan again for the new time", "准时起飞；如推迟须重新规划")
            yield found("NFZ_TEMP", "info", message, todo, case.place(shape))


def height_limits(case: Case) -> Iterator[Finding]:
    """NFZ_POLY: below the height that a published zone allows."""
    for zone, shape in case.zones(ZoneKind.HEIGHT_LIMIT):
        reach = shape.buffer(LATERAL_ERROR_M)
        shapely.prepare(reach)
        most = zone.max_height_m or 0.0
        for sortie in case.mission.sorties:
            if not case.in_force(zone, sortie):
                continue
            points = case.lines[sortie.id].samples[0]
            above = case.heights_above_ground[sortie.id]
            too_high = shapely.intersects_xy(reach, points) & ~(above <= most)
            if too_high.any():
                at = int(np.argmax(np.where(too_high, np.nan_to_num(above, nan=np.inf), -np.inf)))
                message = Both(
                    f"{sortie.id} is {above[at]:.1f} m above the ground in {zone.name}; {most:.0f} m is allowed",
                    f"{sortie.id} 在限高区“{zone.name}”内真高 {above[at]:.1f} 米；限高 {most:.0f} 米",
                )
                todo = Both("fly lower there, or outside it", "在该区降低高度，或避开")
                yield case.zone_breach(zone, message, todo, case.place(Point(points[at])))


def kept_low(case: Case) -> Iterator[Finding]:
    """NFZ_POLY: zones that are kept out of because they are lower than the patrol flies."""
    for zone, shape in case.zones(ZoneKind.HEIGHT_LIMIT):
        lost_m2 = case.area.intersection(shape).area
        if lost_m2 < 1.0 or not closes(zone, case.request.spec, case.photos.height_m):
            continue
        key = f"approvals.{ZONE_RULE}.{json.dumps(zone.id, ensure_ascii=False)}"
        message = Both(
            f"{zone.name} allows {zone.max_height_m:.0f} m, the patrol flies at {case.photos.height_m:.0f} m:"
            f" it is kept out of while it is in force, {lost_m2:,.0f} m2 of the area",
            f"“{zone.name}”限高 {zone.max_height_m:.0f} 米，本次飞行高度 {case.photos.height_m:.0f} 米：有效期内避让，"
            f"涉及巡查区 {lost_m2:,.0f} 平方米",
        )
        todo = Both(
            f'fly lower in a patrol of its own, or get a written approval and state {key} = "its reference"',
            f'另行安排低高度巡查，或取得书面批准并写明 {key} = "批准文号"',
        )
        yield found(ZONE_RULE, "info", message, todo, case.place(shape))


def _validity(zone: Zone) -> Both:
    start = f"{zone.valid_from:%Y-%m-%d %H:%M %z}" if zone.valid_from else ""
    end = f"{zone.valid_to:%Y-%m-%d %H:%M %z}" if zone.valid_to else ""
    en = " ".join([f"from {start}"] * bool(start) + [f"to {end}"] * bool(end))
    return Both(en, "".join([f"自 {start} 起"] * bool(start) + [f"至 {end} 止"] * bool(end)))
