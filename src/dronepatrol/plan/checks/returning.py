"""The ways home: from everywhere, straight, to whatever the autopilot chooses, clear and within the battery."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from shapely import Point

from dronepatrol.model.mission import Finding, LonLat, Sortie
from dronepatrol.model.returning import return_parameter
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.energy import EnergyModel, pace_in_wind, wind_m_s
from dronepatrol.plan.home.returns import RALLY_LIMIT_M, HomeWays, Returns

SLACK_SHARE = 0.02
"""So much of the battery a return may take of its reserve: what an emergency's braking and turning costs."""

Array = NDArray[np.float64]


def ways_home(case: Case) -> Iterator[Finding]:
    """Find where a return would cross a no-fly zone or an obstacle, leave the fence, or empty the battery."""
    ways = HomeWays(case.mission, case.request)
    for sortie in case.mission.sorties:
        returns = ways.returns(sortie)
        bad, _ = returns.bad(ways.sky(sortie, returns))
        if bad.any():
            yield _crossing(sortie, bad, case.place(Point(returns.pieces.middle[np.argmax(bad)])))
        yield from _battery(case, sortie, returns)
    yield _setting(case)
    landing = sorted({(rally.lon_deg, rally.lat_deg) for sortie in case.mission.sorties for rally in sortie.rally})
    for lonlat in landing:
        yield _landing(case, lonlat)


def _crossing(sortie: Sortie, bad: NDArray[np.bool_], place: LonLat) -> Finding:
    share = f"{bad.mean():.0%}" if bad.mean() >= 0.005 else f"{bad.mean():.2%}"
    message = Both(
        f"{sortie.id}: from {share} of its way a straight return in an emergency crosses a no-fly zone, one that is"
        " lower than the return, or an obstacle, or leaves the fence",
        f"{sortie.id}: 在 {share} 的航程上，应急直线返航会穿越禁飞区、低于返航高度的限高区或障碍物，或飞出围栏",
    )
    todo = Both(
        "move the dock, or set rally points or a return height, so that every straight return is clear",
        "移动机场，或设置备降点、返航高度，使各处直线返航畅通",
    )
    return found("way home", "blocker", message, todo, place)


def _landing(case: Case, lonlat: LonLat) -> Finding:
    """Name a rally point, whose sorties have it, and the parameters with which it was checked."""
    users = ", ".join(s.id for s in case.mission.sorties if lonlat in [(r.lon_deg, r.lat_deg) for r in s.rally])
    limit_m = RALLY_LIMIT_M.get(case.mission.autopilot)
    setting = f"RALLY_INCL_HOME = 1, RALLY_LIMIT_KM = {limit_m / 1000:g}" if limit_m else ""
    message = Both(
        f"{users}: rally point for emergencies; whether one can land there a plan cannot tell",
        f"{users}: 应急备降点；能否降落无法由计划判断",
    )
    todo = Both("a person must look at the place", "须由人员现场察看")
    if setting:
        message += Both(f"; {setting}", f"；{setting}")
        todo += Both("; the vehicle's parameters must be as named", "；飞控参数须与所列一致")
    return found("way home", "info", message, todo, lonlat)


def _setting(case: Case) -> Finding:
    """Name the parameter that holds the return height: no mission file carries it to the vehicle."""
    heights = sorted({sortie.return_height_m for sortie in case.mission.sorties})
    wanted = ", ".join(return_parameter(case.mission.autopilot, height) or f"{height:.1f} m" for height in heights)
    message = Both(
        f"the ways home were checked at the planned return height: {wanted} on the vehicle, sortie by sortie",
        f"返航路线按计划返航高度检查：各架次飞控参数 {wanted}",
    )
    todo = Both(
        "set it on the vehicle before take-off; the flight card has it", "起飞前在飞控上设置；飞行任务卡中已列出"
    )
    return found("return height", "info", message, todo)


def _battery(case: Case, sortie: Sortie, returns: Returns) -> Iterator[Finding]:
    craft = case.request.aircraft
    needed = needed_wh(case, sortie, returns)
    worst = int(np.argmax(needed))
    if needed[worst] <= craft.usable_wh + SLACK_SHARE * craft.battery_wh:
        return
    message = Both(
        f"{sortie.id}: a return from its worst place needs {needed[worst]:.1f} Wh in all;"
        f" the battery has {craft.battery_wh:.1f} Wh, {craft.usable_wh:.1f} Wh without its reserve",
        f"{sortie.id}: 自最不利处返航共需 {needed[worst]:.1f} 瓦时；"
        f"电池容量 {craft.battery_wh:.1f} 瓦时，扣除储备后 {craft.usable_wh:.1f} 瓦时",
    )
    place = case.place(Point(returns.pieces.middle[worst]))
    todo = Both("plan shorter sorties", "缩短架次")
    yield found("way home", "blocker", message, todo, place)


def needed_wh(case: Case, sortie: Sortie, returns: Returns) -> Array:
    """Return (n,) the energy from take-off over each piece to landing after a return from there.

    What is spent on the way is scaled to the sortie's own planned energy, which may know of more than level legs.
    """
    spec, craft = case.request.spec, case.request.aircraft
    highest = max(sortie.return_height_m, *(waypoint.height_m for waypoint in sortie.waypoints))
    model = EnergyModel(craft, pace_in_wind(craft, spec, sortie.speed_m_s), highest, wind_m_s(spec))
    pieces, fixed_wh = returns.pieces, model.up_and_down().energy_wh
    way = pieces.end - pieces.start
    flown = np.cumsum(np.hypot(*way.T) / model.pace.ground_m_s(way) * model.watts(way)) / 3600.0
    level_wh = max(sortie.planned_energy_wh - fixed_wh, 0.0)
    spent = flown / max(flown[-1], 1e-9) * level_wh
    back = np.zeros(len(spent))
    for target, chosen in zip(returns.targets, returns.may_choose(), strict=True):
        ways = target - pieces.end
        home_wh = model.pace.way_s(ways) * model.watts(ways) / 3600.0
        back = np.where(chosen, np.maximum(back, home_wh), back)
    return np.asarray(fixed_wh + spent + back)
