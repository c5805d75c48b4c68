"""Rules about the aircraft and how it is controlled: class, speed, sight, link, several at once."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from shapely import Point

from dronepatrol.model.mission import Finding, LonLat, Sortie
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.case import Case

VLOS_M = 500.0
"""How far an aircraft of this size is seen: a default of ours; the law gives no distance."""
_OVER_NETWORK = ("internet", "network", "4g", "5g", "lte", "cellular", "base station")


class Class(StrEnum):
    """Classes of unmanned aircraft (article 62)."""

    MICRO = "micro"
    LIGHT = "light"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


CLASS_ZH = {
    Class.MICRO: "微型",
    Class.LIGHT: "轻型",
    Class.SMALL: "小型",
    Class.MEDIUM: "中型",
    Class.LARGE: "大型",
}
MAX_KM_H = {Class.MICRO: 40.0, Class.LIGHT: 100.0}
_MICRO_HEIGHT_M = 50.0


def class_of(case: Case) -> Class:
    """Return the class by mass: the profile's as empty, with the camera's as take-off mass, unless stated larger."""
    empty = case.request.aircraft.mass_kg
    take_off = max(empty + case.request.camera.mass_kg, _number(case.operator("max_takeoff_kg")))
    if empty < 0.25:
        return Class.MICRO
    for name, most_empty, most_take_off in ((Class.LIGHT, 4.0, 7.0), (Class.SMALL, 15.0, 25.0)):
        if empty <= most_empty and take_off <= most_take_off:
            return name
    return Class.MEDIUM if take_off <= 150.0 else Class.LARGE


def classify(case: Case) -> Iterator[Finding]:
    """CLASS, and the height that a micro drone may fly at."""
    counted = class_of(case)
    craft, camera = case.request.aircraft, case.request.camera
    message = Both(
        f"{craft.name} counts as {counted} ({craft.mass_kg:g} kg, camera {camera.mass_kg:g} kg)",
        f"{craft.name} 按{CLASS_ZH[counted]}无人机计（{craft.mass_kg:g} 千克，相机 {camera.mass_kg:g} 千克）",
    )
    yield found("CLASS", "info", message, Both("check the type's papers", "核对机型证明文件"))
    if counted is Class.MICRO:
        highest = max(float(np.nanmax(above)) for above in case.heights_above_ground.values())
        if highest > _MICRO_HEIGHT_M:
            message = Both(
                f"flies {highest:.0f} m above the ground; a micro drone up to {_MICRO_HEIGHT_M:.0f} m",
                f"飞行真高 {highest:.0f} 米；微型无人机不超过 {_MICRO_HEIGHT_M:.0f} 米",
            )
            todo = Both(
                "fly lower, or count the aircraft as light and meet its rules", "降低高度，或按轻型无人机的要求办理"
            )
            yield found("CLASS", "warning", message, todo)


def speed(case: Case) -> Iterator[Finding]:
    """SPEED: the class's limit."""
    counted = class_of(case)
    most = MAX_KM_H.get(counted)
    fastest = max(sortie.speed_m_s for sortie in case.mission.sorties) * 3.6
    if most is not None and fastest > most:
        message = Both(
            f"flies at {fastest:.0f} km/h; a {counted} drone flies at {most:.0f} km/h at most",
            f"计划速度 {fastest:.0f} 公里/小时；{CLASS_ZH[counted]}无人机不超过 {most:.0f} 公里/小时",
        )
        todo = Both("choose an aircraft profile with a lower cruise speed", "换用巡航速度较低的机型配置")
        yield case.breach("SPEED", message, todo)


def sight(case: Case) -> Iterator[Finding]:
    """MICRO_VLOS and BVLOS: how far from the dock, where the pilot is taken to stand, the sorties go."""
    away = {sortie.id: _furthest_m(case, sortie) for sortie in case.mission.sorties}
    beyond = [sortie for sortie in case.mission.sorties if away[sortie.id][0] > VLOS_M]
    if not beyond:
        return
    furthest = max(beyond, key=lambda sortie: away[sortie.id][0])
    distance, at = away[furthest.id]
    message = Both(
        f"{len(beyond)} {'sortie goes' if len(beyond) == 1 else 'sorties go'} out of sight (taken as {VLOS_M:.0f} m"
        f" from the dock, our default); {furthest.id} goes furthest, {distance:.0f} m",
        f"{len(beyond)} 个架次超视距（按距机场 {VLOS_M:.0f} 米计，本软件默认值）；"
        f"最远为 {furthest.id}，{distance:.0f} 米",
    )
    measure = case.operator("traffic_awareness")
    if class_of(case) is Class.MICRO:
        todo = Both("a micro drone stays in sight: put docks nearer", "微型无人机须在视距内：机场设近一些")
        yield case.breach("MICRO_VLOS", message, todo, at)
    elif measure:
        message += Both(f"; traffic and collisions: {measure}", f"；空情掌握与避碰：{measure}")
        yield found("BVLOS", "info", message, Both("do as stated", "按声明的措施执行"), at)
    else:
        todo = Both(
            "state in [operator] traffic_awareness how traffic is known and collisions are avoided",
            "在 [operator] 的 traffic_awareness 中写明如何掌握空中交通动态、如何避碰",
        )
        yield case.breach("BVLOS", message, todo, at)


def relay(case: Case) -> Iterator[Finding]:
    """RELAY: control over base stations or the internet."""
    link = case.operator("control_link")
    if not link:
        message = Both(
            "how the aircraft is controlled is not stated; over base stations or the internet needs an application",
            "未说明操控链路；经通信基站或互联网中继须提出申请",
        )
        todo = Both(
            'state in [operator] control_link = "radio" or "internet"',
            '在 [operator] 中写明 control_link = "radio" 或 "internet"',
        )
        yield found("RELAY", "warning", message, todo)
    elif over_network(link):
        message = Both(
            f"controlled by {link}: over base stations or the internet, which needs an application",
            f"操控链路为 {link}：经通信基站或互联网，须提出申请",
        )
        todo = Both("ask air traffic control whether this counts, and apply", "向空管确认是否适用，并提出申请")
        yield case.breach("RELAY", message, todo)


def over_network(link: str) -> bool:
    """Return whether a control link, as an operator states it, runs over base stations or the internet."""
    return any(word in link.lower() for word in _OVER_NETWORK) or "互联网" in link or "基站" in link


def swarm(case: Case) -> Iterator[Finding]:
    """SWARM: several aircraft of one system in the air at once."""
    sorties = sorted(case.mission.sorties, key=lambda sortie: sortie.start_s)
    if len({sortie.drone for sortie in sorties}) < 2:
        return
    ends = np.array([sortie.start_s + sortie.planned_time_s for sortie in sorties])
    starts = np.array([sortie.start_s for sortie in sorties])
    at_once = int(max(((starts <= time) & (ends > time)).sum() for time in starts))
    if at_once > 1:
        message = Both(
            f"up to {at_once} aircraft of one system are in the air at once",
            f"同一系统最多有 {at_once} 架无人机同时在空中",
        )
        todo = Both(
            "ask air traffic control whether that is distributed operation or a swarm, and apply; or use one drone",
            "向空管确认是否属于分布式操作或集群飞行，并提出申请；或只用一架无人机",
        )
        yield case.breach("SWARM", message, todo)


def drop(case: Case) -> Iterator[Finding]:
    """DROP: dangerous goods or dropping; a patrol carries a camera, so that only a statement can say otherwise."""
    stated = case.operator("dangerous_goods_or_dropping").lower()
    if stated not in ("", "no", "none", "false", "无", "否"):
        message = Both(f"carries dangerous goods or drops things: {stated}", f"运载危险品或投放物品：{stated}")
        yield case.breach("DROP", message, Both("apply for it", "提出申请"))
    elif not stated:
        message = Both(
            "a patrol carries a camera alone; whether more is carried is not stated",
            "巡查只挂载相机；是否另有运载或投放未说明",
        )
        todo = Both(
            'state in [operator] dangerous_goods_or_dropping = "no"',
            '在 [operator] 中写明 dangerous_goods_or_dropping = "no"',
        )
        yield found("DROP", "info", message, todo)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if np.isfinite(value) else 0.0


def _furthest_m(case: Case, sortie: Sortie) -> tuple[float, LonLat]:
    points = case.lines[sortie.id].points
    away = np.hypot(*(points - points[0]).T)
    return float(away.max()), case.place(Point(points[int(np.argmax(away))]))
