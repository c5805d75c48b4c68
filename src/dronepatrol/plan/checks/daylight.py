"""Rules about when: day and night, and the sun's height for photos."""

from collections.abc import Iterator

from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.sun import CIVIL_TWILIGHT_DEG, sun_height_deg

LOW_SUN_DEG = 15.0
"""Below this the sun's shadows are longer than 3.7 times what throws them: a default of ours for good photos."""


def daylight(case: Case) -> Iterator[Finding]:
    """NIGHT, and the sun's height for photos."""
    lowest = {sortie.id: _lowest_sun_deg(case, sortie) for sortie in case.mission.sorties}
    dark = [sortie for sortie in case.mission.sorties if lowest[sortie.id] < CIVIL_TWILIGHT_DEG]
    dim = [sortie for sortie in case.mission.sorties if lowest[sortie.id] < LOW_SUN_DEG]
    if dark:
        named, place = _darkest(case, dark, lowest), case.home(dark[0])
        if case.operator("lights").lower() in ("yes", "on", "true", "是"):
            message = named + Both(": night; lights are on, as [operator] states", "：夜间；[operator] 已声明开启灯光")
            todo = Both("check the lights before take-off", "起飞前检查灯光")
            yield found("NIGHT", "info", message, todo, place)
        else:
            todo = Both(
                'fly by day, or state in [operator] lights = "yes" that lights are on',
                '改为白天飞行，或在 [operator] 中声明 lights = "yes"（开启灯光）',
            )
            message = named + Both(": night, when lights must be on", "：夜间飞行必须开启灯光")
            yield found("NIGHT", "blocker", message, todo, place)
    if dim:
        message = _darkest(case, dim, lowest) + Both(
            f"; below {LOW_SUN_DEG:.0f} (our default) photos are dim, shadows long",
            f"；低于 {LOW_SUN_DEG:.0f} 度（本软件默认值）照片偏暗、阴影长",
        )
        todo = Both("start when the sun is higher", "等太阳升高后再飞")
        yield found("sun", "warning", message, todo, case.home(dim[0]))


def _lowest_sun_deg(case: Case, sortie: Sortie) -> float:
    return min(sun_height_deg(*case.home(sortie), time) for time in case.window(sortie))


def _darkest(case: Case, sorties: list[Sortie], lowest: dict[str, float]) -> Both:
    sortie = min(sorties, key=lambda one: lowest[one.id])
    start, end = (f"{time:%Y-%m-%d %H:%M %z}" for time in case.window(sortie))
    others = len(sorties) - 1
    return Both(
        f"{sortie.id}{f' and {others} others' if others else ''}: the sun is {lowest[sortie.id]:.1f} degrees high"
        f" between {start} and {end}",
        f"{sortie.id}{f'等 {others + 1} 个架次' if others else ''}：{start} 至 {end} 之间太阳高度角"
        f" {lowest[sortie.id]:.1f} 度",
    )
