"""The flight's own checks, whatever the law says: fence, obstacles, energy, link, wind, items, photos."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.mission import Command, Finding, Sortie
from dronepatrol.model.patrol import Pattern
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.aircraft import over_network
from dronepatrol.plan.checks.case import Case, Line
from dronepatrol.plan.items import fence_items, sortie_items
from dronepatrol.plan.obstacles import CLEARANCE_M
from dronepatrol.plan.zones import TALLEST_M, tall

MAX_ITEMS = {"ardupilot": 700, "px4": 500}
"""Mission items that fit the usual boards: ArduPilot's storage holds about 718, PX4's 500."""
SEEN_SHARE = 0.999
_AREA_PATTERNS = (Pattern.COVERAGE, Pattern.CROSSHATCH, Pattern.OBLIQUE)
PLAN_AGAIN = Both("plan again; if it stays, report it", "重新规划；仍出现时请反馈")
_NEAR_DOCK_M = 30.0
"""Beside the dock an aircraft climbs and lands: what stands there is the dock's own, and a person's to look at."""


def wind(case: Case) -> Iterator[Finding]:
    """Compare the forecast with what the aircraft flies in."""
    most, forecast = case.request.aircraft.max_wind_m_s, case.request.spec.wind_m_s
    if forecast > most:
        name = case.request.aircraft.name
        message = Both(
            f"forecast wind is {forecast:.1f} m/s; {name} flies in at most {most:.1f} m/s",
            f"预报风速 {forecast:.1f} 米/秒；{name} 抗风 {most:.1f} 米/秒",
        )
        todo = Both("wait for less wind, or choose another aircraft", "等风小再飞，或换用其他机型")
        yield found("wind", "blocker", message, todo)


def energy(case: Case) -> Iterator[Finding]:
    """Compare what sorties need with what a battery gives without its reserve."""
    usable = case.request.aircraft.usable_wh
    for sortie in case.mission.sorties:
        if sortie.planned_energy_wh > usable:
            message = Both(
                f"{sortie.id} needs {sortie.planned_energy_wh:.1f} Wh; the battery gives {usable:.1f} Wh",
                f"{sortie.id} 需 {sortie.planned_energy_wh:.1f} 瓦时；电池可用 {usable:.1f} 瓦时",
            )
            todo = Both("plan with an aircraft that has a larger battery", "换用电池容量更大的机型重新规划")
            yield found("energy", "blocker", message, todo, case.home(sortie))


def inside_fence(case: Case) -> Iterator[Finding]:
    """Compare the route with the fence as it is uploaded: inside what it includes, outside what it excludes."""
    allowed = _uploaded_fence(case)
    for sortie in case.mission.sorties:
        outside = case.lines[sortie.id].ground_line.difference(allowed)
        if outside.length > 0:
            message = Both(
                f"{sortie.id} leaves the fence for {outside.length:.1f} m; the autopilot would stop it there",
                f"{sortie.id} 有 {outside.length:.1f} 米航线在围栏之外；飞控会在该处中止飞行",
            )
            yield found("fence", "blocker", message, PLAN_AGAIN, case.place(outside))


def obstacles(case: Case) -> Iterator[Finding]:
    """Compare every piece of every leg with buildings and ground, with a clearance."""
    if not len(case.obstacles.shapes) and case.request.terrain is None:
        message = Both(
            f"no buildings and no terrain model: nothing that stands below {_lowest(case):.0f} m was checked",
            f"没有建筑物和地形数据：未检查 {_lowest(case):.0f} 米以下的障碍物",
        )
        todo = Both(
            "name buildings and a dem in [files], or know the place", "在 [files] 中给出 buildings 和 dem，或现场踏勘"
        )
        yield found("obstacle", "info", message, todo)
        return
    for sortie in case.mission.sorties:
        pieces, heights = _pieces(case.lines[sortie.id])
        if not len(pieces):
            continue
        skyline = case.obstacles.near(MultiLineString(list(pieces)).bounds, above_m=float(heights.min()))
        short = skyline.floor_m(pieces) - heights
        if short.max() > 0:
            at = pieces[int(np.argmax(short))]
            message = Both(
                f"{sortie.id} passes {CLEARANCE_M - short.max():.1f} m above what stands below;"
                f" at least {CLEARANCE_M:.0f} m (our default)",
                f"{sortie.id} 距下方障碍物 {CLEARANCE_M - short.max():.1f} 米；"
                f"至少 {CLEARANCE_M:.0f} 米（本软件默认值）",
            )
            todo = Both("fly higher, or take the place out", "提高飞行高度，或把该处划出")
            yield found("obstacle", "blocker", message, todo, case.place(at))


def too_tall(case: Case) -> Iterator[Finding]:
    """Name the buildings that are flown around, as they are too tall to be flown over."""
    shapes = [case.frame.geometry_to_metres(zone.geometry) for zone in tall(case.request)]
    if shapes:
        lost_m2 = case.area.intersection(shapely.union_all(shapes)).area
        message = Both(
            f"{len(shapes)} buildings taller than {TALLEST_M:.0f} m are flown around, as no clearance is left above"
            f" them below 120 m: {lost_m2:,.0f} m2 of the area",
            f"{len(shapes)} 处高于 {TALLEST_M:.0f} 米的建筑物绕飞（120 米以下越顶余量不足）：涉及巡查区"
            f" {lost_m2:,.0f} 平方米",
        )
        todo = Both("look at their roofs another way", "屋顶另行巡查")
        yield found("obstacle", "info", message, todo, case.place(shapes[0]))


def link_range(case: Case) -> Iterator[Finding]:
    """Find places too far from the dock, where the link's ground end is taken to stand."""
    if over_network(case.operator("control_link")):
        message = Both(
            "controlled over a network: its coverage along the route cannot be checked from a plan",
            "经网络操控：沿线网络覆盖无法由计划检查",
        )
        todo = Both("fly the route's edge once with somebody watching the link", "先沿航线边缘试飞一次并监看链路")
        yield found("link range", "info", message, todo)
        return
    most = case.request.aircraft.link_range_m
    for sortie in case.mission.sorties:
        points = case.lines[sortie.id].points
        away = np.hypot(*(points - points[0]).T)
        if away.max() > most:
            message = Both(
                f"{sortie.id} goes {away.max():.0f} m from the dock; the link is counted on up to {most:.0f} m",
                f"{sortie.id} 距机场最远 {away.max():.0f} 米；链路按 {most:.0f} 米计",
            )
            todo = Both(
                "put a dock nearer, or choose an aircraft with more range", "机场设近一些，或换用链路更远的机型"
            )
            yield found("link range", "blocker", message, todo, case.place(Point(points[int(np.argmax(away))])))


def items(case: Case) -> Iterator[Finding]:
    """Count a mission's items against what the usual boards hold."""
    most = MAX_ITEMS.get(case.mission.autopilot)
    for sortie in case.mission.sorties:
        count = len(sortie_items(sortie, case.mission.autopilot))
        if most is not None and count > most:
            message = Both(
                f"{sortie.id} has {count} items; {case.mission.autopilot} boards hold about {most}",
                f"{sortie.id} 有 {count} 个任务项；{case.mission.autopilot} 飞控约可存 {most} 项",
            )
            todo = Both("check the board's storage, or plan smaller areas", "核对飞控存储容量，或缩小区域")
            yield found("items", "warning", message, todo, case.home(sortie))


def photo_interval(case: Case) -> Iterator[Finding]:
    """Compare the shortest distance between photos with the camera's shortest interval."""
    camera = case.request.camera
    for sortie in case.mission.sorties:
        steps = [waypoint.photo_step_m for waypoint in sortie.waypoints if waypoint.photo_step_m > 0]
        if steps and min(steps) < sortie.speed_m_s * camera.min_interval_s * 0.99:
            interval = min(steps) / sortie.speed_m_s
            message = Both(
                f"{sortie.id} asks for a photo every {interval:.2f} s; {camera.name} takes {camera.min_interval_s} s",
                f"{sortie.id} 每 {interval:.2f} 秒拍一张；{camera.name} 最短间隔 {camera.min_interval_s} 秒",
            )
            todo = Both("ask for less front overlap, or fly slower", "减小航向重叠率，或降低速度")
            yield found("photo interval", "blocker", message, todo, case.home(sortie))


def timetable(case: Case) -> Iterator[Finding]:
    """Find drones that would fly two sorties at a time."""
    by_drone: dict[str, list[Sortie]] = {}
    for sortie in sorted(case.mission.sorties, key=lambda sortie: sortie.start_s):
        by_drone.setdefault(sortie.drone, []).append(sortie)
    for drone, sorties in by_drone.items():
        for one, other in pairwise(sorties):
            if drone and other.start_s < one.start_s + one.planned_time_s:
                message = Both(
                    f"{drone} has to start {other.id} before it is back from {one.id}",
                    f"{drone} 尚未从 {one.id} 返回就须执行 {other.id}",
                )
                yield found("timetable", "blocker", message, PLAN_AGAIN, case.home(other))


def seen(case: Case) -> Iterator[Finding]:
    """Find what of the areas outside no-fly zones the photos do not show."""
    if case.request.spec.pattern not in _AREA_PATTERNS:
        return
    kept_out = [Polygon(rings[0], rings[1:]) for rings in case.mission.nofly]
    target = case.area.difference(case.frame.geometry_to_metres(shapely.union_all(kept_out)))
    photos = [photo for shown in case.footprints.values() for photo in shown]
    if not photos or target.is_empty:
        return
    missed = target.difference(shapely.union_all(photos))
    if missed.area > (1.0 - SEEN_SHARE) * target.area:  # GEOS sometimes loses one of many that nearly touch
        missed = target.difference(shapely.union_all(photos, grid_size=1e-4))
    share = 1.0 - missed.area / target.area
    if share < SEEN_SHARE:
        largest = max((part for part in shapely.get_parts(missed) if isinstance(part, Polygon)), key=lambda p: p.area)
        message = Both(
            f"photos show {share:.2%} of the area; {missed.area:,.0f} m2 are in none",
            f"照片覆盖巡查区的 {share:.2%}；有 {missed.area:,.0f} 平方米未拍到",
        )
        todo = Both("ask for more overlap, or move the no-fly zones", "提高重叠率，或调整禁飞区")
        yield found("seen", "warning", message, todo, case.place(largest))
    else:
        message = Both(
            f"photos show {share:.2%} of the area outside no-fly zones", f"照片覆盖禁飞区以外巡查区的 {share:.2%}"
        )
        yield found("seen", "info", message, Both("nothing to do", "无需处理"))


def _uploaded_fence(case: Case) -> BaseGeometry:
    """Return where the uploaded fence lets the aircraft fly, in metres."""
    vertices = list(fence_items(case.mission))
    included: list[Polygon] = []
    excluded: list[Polygon] = []
    while vertices:
        count = int(vertices[0].params[0])
        ring = Polygon(case.frame.to_metres([(vertex.lon_deg, vertex.lat_deg) for vertex in vertices[:count]]))
        is_inclusion = vertices[0].command == Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION
        (included if is_inclusion else excluded).append(ring)
        vertices = vertices[count:]
    return shapely.union_all(included).difference(shapely.union_all(excluded))


def _lowest(case: Case) -> float:
    return min(waypoint.height_m for sortie in case.mission.sorties for waypoint in sortie.waypoints)


def _pieces(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Return short pieces of the legs away from the dock, and the least height above mean sea level of each."""
    points, heights = line.samples
    away = np.hypot(*(points - points[0]).T) > _NEAR_DOCK_M
    keep = away[1:] & away[:-1]
    pieces = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[keep])
    return np.asarray(pieces), np.minimum(heights[:-1], heights[1:])[keep]
