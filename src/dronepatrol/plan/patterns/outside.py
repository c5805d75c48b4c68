"""Why photos of a place cannot be taken: it lies outside all areas, or in closed airspace."""

import shapely
from shapely import Point

from dronepatrol.model.wording import Both
from dronepatrol.plan.fence import FLIGHT_MARGIN_M
from dronepatrol.plan.patterns.ground import Array, Ground, Loss


def not_taken(ground: Ground, what: Both, place: Array) -> Loss:
    """Return the loss of photos around a place in metres; ``what`` names them."""
    at = Point(place)
    away = float(shapely.distance(ground.target.convex_hull, at))  # closed zones are holes and bays of the target
    if away > FLIGHT_MARGIN_M:
        said = Both(
            f" cannot be taken: it lies {away:,.0f} m outside the areas; expected inside, or at most"
            f" {FLIGHT_MARGIN_M:.0f} m from their border",
            f"无法拍摄：该处在区域外 {away:,.0f} 米，应在区域内或距边界不超过 {FLIGHT_MARGIN_M:.0f} 米",
        )
        return Loss(what + said, Both("draw an area around it", "把区域画到包含该处"), at)
    closed = Both(" cannot be taken: a no-fly zone and its margin close it off", "无法拍摄：被禁飞区及其余量封闭")
    return Loss(what + closed, Both("move the place, or accept it", "移动该地点，或接受现状"), at)
