"""The filing dossier of a patrol: the 13 items of an application to fly (decree 761, article 27), to print and sign.

What the mission knows is filled in, what the operator states is quoted, and what is missing is named as missing.
"""

import html
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

from dronepatrol.export.map_text import LOCAL_TIME
from dronepatrol.export.plan_text import PATTERNS
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Dock, Mission, Rings, Sortie
from dronepatrol.model.patrol import PatrolSpec

MOST_CORNERS = 60
"""Areas with more corners are given by their bounding box; the route's file has them all."""
Row = tuple[str, str]
_CSS = (
    "body{font:14px/1.5 sans-serif;max-width:56em;margin:2em auto;color:#111}h1{font-size:1.4em}h2{font-size:1.05em;"
    "margin:1.4em 0 .3em;border-bottom:1px solid #999}h2 small{font-weight:normal;color:#555}table{border-collapse:"
    "collapse;width:100%}td{border:1px solid #bbb;padding:.2em .5em;vertical-align:top}td:first-child{width:30%;"
    "background:#f4f4f4}.missing{color:#b00020;font-weight:bold}@media print{body{margin:0}}"
)
_KEYS_ZH = {
    "name": "单位名称",
    "pilot_name": "操控人员",
    "operating_certificate": "运营合格证编号",
    "operating_certificate_valid_to": "运营合格证有效期至",
    "pilot_licence": "操控员执照编号",
    "pilot_licence_valid_to": "执照有效期至",
    "pilot_training": "操控员培训",
    "insurance": "责任保险",
    "insurance_valid_to": "保险有效期至",
    "registration": "实名登记号",
    "activated": "已激活",
    "remote_id": "识别信息报送与广播",
    "max_takeoff_kg": "最大起飞重量（千克）",
    "purpose": "飞行性质",
    "task": "飞行任务",
    "product": "飞行成果",
    "traffic_awareness": "空情掌握与避碰措施",
    "alternates": "备降场地",
    "contact": "联系人与联络方法",
    "c2_frequency": "指挥控制频率",
    "c2_bandwidth": "占用带宽",
    "control_link": "操控链路",
    "communication": "通信、导航与被监视能力",
    "transponder": "应答机或自动监视代码",
    "emergency_procedure": "应急处置程序",
    "special_support": "特殊保障需求",
    "other": "其他事项",
    "dangerous_goods_or_dropping": "危险品运载或投放",
    "geofence_updated_at": "电子围栏数据更新时间",
    "surveying_qualification": "测绘资质",
}
_PURPOSE = (
    "依据国令第761号第二十七条所列13项整理，提交前须由申请单位核对。"
    " Follows the 13 items of decree 761, article 27; the applicant checks it before filing."
)


@dataclass(frozen=True, slots=True)
class Item:
    """One of the 13 items: its headings, and the keys of [operator] that it needs or may show."""

    id: str
    zh: str
    en: str
    need: tuple[str, ...]
    may: tuple[str, ...]


@cache
def dossier_items() -> tuple[Item, ...]:
    """Return the items in the order of the article (``data/rules/dossier_cn.toml``)."""
    text = resources.files("dronepatrol.data").joinpath("rules/dossier_cn.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["item"]
    return tuple(Item(row["id"], row["zh"], row["en"], tuple(row["need"]), tuple(row["may"])) for row in rows)


def missing(spec: PatrolSpec) -> tuple[str, ...]:
    """Return the keys of [operator] without which the dossier is incomplete."""
    return tuple(key for item in dossier_items() for key in item.need if not spec.operator.get(key, "").strip())


def dossier(mission: Mission, spec: PatrolSpec, aircraft: AircraftProfile) -> str:
    """Return the dossier as one HTML page, with Chinese headings and English ones below.

    Parameters
    ----------
    mission
        As planned and checked.
    spec
        Who flies (``operator``), when, and which approvals there are.
    aircraft
        The profile that was planned with.
    """
    lacking = missing(spec)
    title = f"飞行活动申请材料：{spec.title_zh}"
    parts = [
        f"<h1>{_safe(title)}<br><small>{_safe('Flight application dossier: ' + spec.title_en)}</small></h1>",
        f"<p>{_PURPOSE}</p>",
        _lacking(lacking),
    ]
    for number, item in enumerate(dossier_items(), start=1):
        rows = [*_KNOWN.get(item.id, _nothing)(mission, spec, aircraft), *_stated(item, spec)]
        parts.append(f"<h2>{number}. {_safe(item.zh)} <small>{_safe(item.en)}</small></h2>{_table(rows)}")
    return (
        f'<!DOCTYPE html>\n<html lang="zh">\n<head><meta charset="utf-8"><title>{_safe(title)}</title>'
        f"<style>{_CSS}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _lacking(keys: Sequence[str]) -> str:
    if not keys:
        return "<p>各项均已填写。 All items are filled in.</p>"
    named = ", ".join(keys)
    return f'<p class="missing">缺少 missing ({len(keys)}): {_safe(named)} — [operator]</p>'


def _stated(item: Item, spec: PatrolSpec) -> list[Row]:
    rows = []
    for key in (*item.need, *item.may):
        value = spec.operator.get(key, "").strip()
        if value:
            rows.append((_label(key), _safe(value)))
        elif key in item.need:
            rows.append((_label(key), '<span class="missing">未填写 missing</span>'))
    return rows or ([("", "无 none")] if item.id == "other" else [])


def _label(key: str) -> str:
    return f"{_KEYS_ZH.get(key, '')} {key.replace('_', ' ')}".strip()


def _nothing(_mission: Mission, _spec: PatrolSpec, _aircraft: AircraftProfile) -> list[Row]:
    return []


def _aircraft(mission: Mission, _spec: PatrolSpec, aircraft: AircraftProfile) -> list[Row]:
    drones = len({(sortie.dock.id, sortie.drone) for sortie in mission.sorties})
    return [
        ("型号 type", _safe(f"{aircraft.name} ({aircraft.id}), {aircraft.autopilot}")),
        ("数量 number", f"{drones}"),
        ("重量 mass", f"{aircraft.mass_kg:g} kg"),
        ("巡航速度 cruise speed", f"{aircraft.cruise_m_s:g} m/s ({aircraft.cruise_m_s * 3.6:.0f} km/h)"),
        ("抗风 wind", f"{aircraft.max_wind_m_s:g} m/s"),
        ("电池 battery", f"{aircraft.battery_wh:g} Wh ({aircraft.reserve_share:.0%} 备用 in reserve)"),
    ]


def _task(mission: Mission, spec: PatrolSpec, _aircraft: AircraftProfile) -> list[Row]:
    return [
        ("方式 pattern", _safe(" ".join(PATTERNS[spec.pattern.value]))),
        ("架次 sorties", f"{len(mission.sorties)}"),
        ("相机 camera", _safe(mission.camera_id)),
    ]


def _sites(mission: Mission, _spec: PatrolSpec, _aircraft: AircraftProfile) -> list[Row]:
    docks: dict[str, Dock] = {sortie.dock.id: sortie.dock for sortie in mission.sorties}
    rows = [
        (_safe(f"起降 {dock.name} ({dock.id})"), f"{_place(dock.lon_deg, dock.lat_deg)}, {dock.ground_amsl_m:g} m AMSL")
        for dock in docks.values()
    ]
    rally = sorted({(point.lon_deg, point.lat_deg) for sortie in mission.sorties for point in sortie.rally})
    return rows + ([("应急备降点 rally points", "; ".join(_place(*point) for point in rally))] if rally else [])


def _times(mission: Mission, spec: PatrolSpec, _aircraft: AircraftProfile) -> list[Row]:
    starts, ends = zip(*(_window(sortie, spec) for sortie in mission.sorties), strict=True)
    rows = [("全部 all", f"{min(starts):%Y-%m-%d %H:%M} – {max(ends):%Y-%m-%d %H:%M} (UTC+8)")]
    for sortie in mission.sorties:
        start, end = _window(sortie, spec)
        who = f" {sortie.drone}" if sortie.drone else ""
        rows.append((_safe(f"{sortie.id}{who}"), f"{start:%m-%d %H:%M:%S} – {end:%H:%M:%S}"))
    return rows


def _route(mission: Mission, spec: PatrolSpec, _aircraft: AircraftProfile) -> list[Row]:
    rows = [(f"空域 airspace {number}", _outline(rings)) for number, rings in enumerate(mission.areas, start=1)]
    rows += [(f"避让 kept out of {number}", _outline(rings)) for number, rings in enumerate(mission.nofly, start=1)]
    rows += [(_safe(sortie.id), _flown(sortie)) for sortie in mission.sorties]
    for rule, reference in sorted(spec.approvals.items()):
        rows.append((_safe(f"批准 approval {rule}"), _safe(reference)))
    return [*rows, ("坐标 coordinates", "经度 longitude, 纬度 latitude; WGS-84; 航线 route: plan/route.geojson")]


def _flown(sortie: Sortie) -> str:
    heights = [waypoint.height_m for waypoint in sortie.waypoints]
    first, last = sortie.waypoints[0], sortie.waypoints[-1]
    return (
        f"高度 height {min(heights):.0f}–{max(heights):.0f} m（距起飞点 above take-off），"
        f"返航高度 return {sortie.return_height_m:.0f} m；速度 speed {sortie.speed_m_s:g} m/s；"
        f"航程 length {sortie.planned_length_m / 1000:.2f} km；航点 waypoints {len(sortie.waypoints)}；"
        f"进入 entry {_place(first.lon_deg, first.lat_deg)}；退出 exit {_place(last.lon_deg, last.lat_deg)}"
    )


_KNOWN: dict[str, Callable[[Mission, PatrolSpec, AircraftProfile], list[Row]]] = {
    "aircraft": _aircraft,
    "task": _task,
    "sites": _sites,
    "times": _times,
    "route": _route,
}


def _window(sortie: Sortie, spec: PatrolSpec) -> tuple[datetime, datetime]:
    start = (spec.start + timedelta(seconds=sortie.start_s)).astimezone(LOCAL_TIME)
    return start, start + timedelta(seconds=sortie.planned_time_s)


def _outline(rings: Rings) -> str:
    corners = rings[0][:-1]
    if len(corners) <= MOST_CORNERS:
        return "; ".join(_place(*corner) for corner in corners)
    lon, lat = zip(*corners, strict=True)
    return f"{_place(min(lon), min(lat))} – {_place(max(lon), max(lat))} ({len(corners)} 个拐点 corners)"


def _place(lon_deg: float, lat_deg: float) -> str:
    return f"{lon_deg:.5f}, {lat_deg:.5f}"


def _table(rows: Sequence[Row]) -> str:
    return "<table>" + "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows) + "</table>"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
