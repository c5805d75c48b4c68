"""Rules about the aircraft and how it is controlled: class, speed, sight, link, several at once."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from shapely import Point

from dronepatrol.model.mission import Finding, LonLat, Sortie
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
    found = class_of(case)
    mass = f"{case.request.aircraft.mass_kg:g} kg, camera {case.request.camera.mass_kg:g} kg"
    yield Finding(
        "CLASS", "info", f"{case.request.aircraft.name} counts as {found} ({mass})", "check the type's papers"
    )
    if found is Class.MICRO:
        highest = max(float(np.nanmax(above)) for above in case.heights_above_ground.values())
        if highest > _MICRO_HEIGHT_M:
            message = f"flies {highest:.0f} m above the ground; a micro drone up to {_MICRO_HEIGHT_M:.0f} m"
            yield Finding("CLASS", "warning", message, "fly lower, or count the aircraft as light and meet its rules")


def speed(case: Case) -> Iterator[Finding]:
    """SPEED: the class's limit."""
    found = class_of(case)
    most = MAX_KM_H.get(found)
    fastest = max(sortie.speed_m_s for sortie in case.mission.sorties) * 3.6
    if most is not None and fastest > most:
        message = f"flies at {fastest:.0f} km/h; a {found} drone flies at {most:.0f} km/h at most"
        yield case.breach("SPEED", message, "choose an aircraft profile with a lower cruise speed")


def sight(case: Case) -> Iterator[Finding]:
    """MICRO_VLOS and BVLOS: how far from the dock, where the pilot is taken to stand, the sorties go."""
    away = {sortie.id: _furthest_m(case, sortie) for sortie in case.mission.sorties}
    beyond = [sortie for sortie in case.mission.sorties if away[sortie.id][0] > VLOS_M]
    if not beyond:
        return
    furthest = max(beyond, key=lambda sortie: away[sortie.id][0])
    distance, at = away[furthest.id]
    message = (
        f"{len(beyond)} sorties go out of sight (taken as {VLOS_M:.0f} m from the dock, our default);"
        f" {furthest.id} goes furthest, {distance:.0f} m"
    )
    measure = case.operator("traffic_awareness")
    if class_of(case) is Class.MICRO:
        yield case.breach("MICRO_VLOS", message, "a micro drone stays in sight: put docks nearer", at)
    elif measure:
        yield Finding("BVLOS", "info", f"{message}; traffic and collisions: {measure}", "", at)
    else:
        todo = "state in [operator] traffic_awareness how traffic is known and collisions are avoided"
        yield case.breach("BVLOS", message, todo, at)


def relay(case: Case) -> Iterator[Finding]:
    """RELAY: control over base stations or the internet."""
    link = case.operator("control_link")
    if not link:
        message = (
            "how the aircraft is controlled is not stated; over base stations or the internet needs an application"
        )
        yield Finding("RELAY", "warning", message, 'state in [operator] control_link = "radio" or "internet"')
    elif over_network(link):
        message = f"controlled by {link}: over base stations or the internet, which needs an application"
        yield case.breach("RELAY", message, "ask air traffic control whether this counts, and apply")


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
        message = f"up to {at_once} aircraft of one system are in the air at once"
        todo = "ask air traffic control whether that is distributed operation or a swarm, and apply; or use one drone"
        yield case.breach("SWARM", message, todo)


def drop(case: Case) -> Iterator[Finding]:
    """DROP: dangerous goods or dropping; a patrol carries a camera, so that only a statement can say otherwise."""
    stated = case.operator("dangerous_goods_or_dropping").lower()
    if stated not in ("", "no", "none", "false", "无", "否"):
        yield case.breach("DROP", f"carries dangerous goods or drops things: {stated}", "apply for it")
    elif not stated:
        message = "a patrol carries a camera alone; whether more is carried is not stated"
        yield Finding("DROP", "info", message, 'state in [operator] dangerous_goods_or_dropping = "no"')


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
