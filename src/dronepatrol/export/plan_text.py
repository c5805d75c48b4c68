"""Words, numbers and times of the plan's report and flight cards, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import shapely

from dronepatrol.export.map_text import LOCAL_TIME
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.camera import CameraProfile
from dronepatrol.model.mission import Finding, Mission, Sortie
from dronepatrol.model.patrol import Area, PatrolSpec, Zone, ZoneKind
from dronepatrol.model.proof import Proof, TargetProof
from dronepatrol.model.terrain import Terrain


@dataclass(frozen=True)
class PlanFacts:
    """What a plan's report and cards tell of."""

    spec: PatrolSpec
    mission: Mission
    proof: Proof
    areas: tuple[Area, ...]
    zones: tuple[Zone, ...]
    camera: CameraProfile
    aircraft: AircraftProfile
    terrain: Terrain | None = None

    @cached_property
    def frame(self) -> LocalFrame:
        """Metres around the patrol, for pictures."""
        docks = shapely.MultiPoint([(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in self.mission.sorties])
        return LocalFrame.around(shapely.GeometryCollection([*(area.geometry for area in self.areas), docks]))

    @property
    def covered_share(self) -> float:
        """Share of all targets together that at least one photo sees; 0 where there is none."""
        whole = sum(target.size for target in self.proof.targets)
        return sum(one.size * one.covered_share for one in self.proof.targets) / whole if whole else 0.0

    @property
    def makespan_s(self) -> float:
        """Seconds from the patrol's start to the last landing."""
        return max((sortie.start_s + sortie.planned_time_s for sortie in self.mission.sorties), default=0.0)


SORTIE_COLORS = ("#0b5c8a", "#c05600", "#28724f", "#7a3e9d", "#9c2f45", "#3f6212", "#1f7a8c", "#8a5a00")
SEVERITY_COLORS = {"blocker": "#b3261e", "warning": "#b26a00", "info": "#3f7fa6"}
ZONE_COLORS = {
    ZoneKind.NO_FLY: "#b3261e",
    ZoneKind.HEIGHT_LIMIT: "#8a5a00",
    ZoneKind.SENSITIVE: "#7a3e9d",
    ZoneKind.ADVISORY: "#5b6770",
}

WORDS: Mapping[str, tuple[str, str]] = {
    "report": ("飞行计划报告", "Flight plan report"),
    "card": ("飞行任务卡", "Flight card"),
    "start": ("开始时间", "Start"),
    "camera": ("相机", "Camera"),
    "aircraft": ("机型", "Aircraft"),
    "autopilot": ("飞控", "Autopilot"),
    "pattern": ("航线模式", "Pattern"),
    "seed": ("随机种子", "Seed"),
    "ground": ("地面模型", "Ground"),
    "level ground": ("无地形模型，按机场高程的平地计算", "no terrain model: taken as level with the dock"),
    "area": ("巡查区域", "Patrol area"),
    "covered": ("计划覆盖率", "Planned coverage"),
    "photos": ("照片", "Photos"),
    "sorties": ("架次", "Sorties"),
    "drones": ("无人机", "drones"),
    "makespan": ("总工期", "First take-off to last landing"),
    "air time": ("飞行时间合计", "Air time"),
    "length": ("航程", "Length"),
    "gsd": ("地面分辨率", "Ground sampling distance"),
    "findings": ("检查结果", "Checks"),
    "blocker": ("阻断", "blocker"),
    "warning": ("警告", "warning"),
    "info": ("提示", "note"),
    "map": ("地图", "Map"),
    "timetable": ("时刻表", "Timetable"),
    "coverage": ("覆盖证明", "Proof of coverage"),
    "profiles": ("高度剖面", "Height profiles"),
    "drone": ("无人机", "Drone"),
    "dock": ("机场", "Dock"),
    "docks": ("机场", "Docks"),
    "take-off": ("起飞", "Take-off"),
    "landing": ("降落", "Landing"),
    "duration": ("时长", "Duration"),
    "energy": ("能耗", "Energy"),
    "of usable": ("占可用电量", "of usable"),
    "charging": ("充电", "charging"),
    "severity": ("级别", "Severity"),
    "rule": ("规则", "Rule"),
    "finding": ("说明", "Finding"),
    "to do": ("处理建议", "What to do"),
    "place": ("位置（纬度, 经度）", "Place (lat, lon)"),
    "whole patrol": ("整个巡查", "whole patrol"),
    "no findings": ("没有发现问题", "Nothing was found"),
    "target": ("目标", "Target"),
    "lines": ("线路", "Lines"),
    "places": ("地点", "Places"),
    "size": ("大小", "Size"),
    "holes": ("未覆盖区域", "Holes in coverage"),
    "none": ("无", "none"),
    "gsd three": ("分辨率 最小 / 中位 / 最大", "GSD least / median / largest"),
    "overlap": ("每处被多少张照片覆盖（占面积比例）", "How many photos see each place (share of the target)"),
    "overlap axis": ("照片数", "photos"),
    "distance": ("沿航线距离", "along the route"),
    "amsl": ("海拔", "above sea level"),
    "terrain line": ("地面", "ground"),
    "flight line": ("航线", "flight"),
    "photo leg": ("拍摄航段", "photos taken"),
    "return height": ("返航高度", "Return height"),
    "parameter": ("飞控参数", "Autopilot's parameter"),
    "in the report": ("见报告", "in the report"),
    "routes": ("航线", "Routes"),
    "transits": ("转场", "transits"),
    "footprints": ("照片覆盖范围", "Photo footprints"),
    "positions": ("拍摄位置", "Photo positions"),
    "thinned": ("每 {step} 张显示 1 张", "one of every {step} shown"),
    "rally": ("备降点", "Rally points"),
    "alternates": ("备降点与其他机场", "Rally points and other docks"),
    "kept out": ("任务避让区", "Kept out of"),
    "no_fly": ("禁飞区", "No-fly zones"),
    "height_limit": ("限高区", "Height limits"),
    "sensitive": ("敏感区", "Sensitive sites"),
    "advisory": ("注意区", "Advisory sites"),
    "north": ("北", "N"),
    "method": (
        "覆盖率由计划拍摄点和相机几何计算，网格约 {cell} m；任务避让的区域不计入，不含实际飞行误差。",
        "Coverage: planned photos on a grid of about {cell} m, without zones kept out of and without flight errors.",
    ),
    "more profiles": ("另有 {count} 个架次的剖面见任务卡。", "{count} more sorties have theirs on their cards."),
    "heights": ("高度", "Heights"),
    "flying height": ("飞行高度（相对起飞点）", "Height above take-off"),
    "above ground": ("对地高度", "Above ground at photos"),
    "dock amsl": ("机场地面海拔", "Dock above sea level"),
    "highest amsl": ("航线最高海拔", "Highest above sea level"),
    "speed": ("航速", "Speed"),
    "waypoints": ("航点", "Waypoints"),
    "battery": ("电池计划", "Battery plan"),
    "capacity": ("电池容量", "Capacity"),
    "planned use": ("计划消耗", "Planned use"),
    "left at landing": ("降落时剩余", "Left at landing"),
    "reserve": ("不可用储备", "Reserve, never planned with"),
    "wind": ("风", "Wind"),
    "forecast": ("预报", "Forecast"),
    "calm": ("未给出（按静风）", "none given (calm)"),
    "limit": ("机型上限", "Aircraft's limit"),
    "distance to": ("距起飞点", "from take-off"),
    "checklist": ("检查单", "Checklist"),
    "before": ("起飞前", "Before take-off"),
    "during": ("飞行中", "In flight"),
    "after": ("降落后", "After landing"),
    "pilot": ("操控员", "Pilot"),
    "signed": ("签字", "Signature"),
    "actual times": ("实际起 / 降时间", "Actual take-off / landing"),
    "remarks": ("备注", "Remarks"),
    "attention": ("注意事项", "Mind"),
    "bearing": ("方位", "bearing"),
}  # fmt: skip

RULES: Mapping[str, tuple[str, str]] = {
    "area": ("区域", "area"),
    "area id": ("区域编号", "area id"),
    "area overlap": ("区域重叠", "area overlap"),
    "area touch": ("区域相接", "area touch"),
    "area gap": ("区域缝隙", "area gap"),
    "area sliver": ("区域狭条", "area sliver"),
    "dock": ("机场", "dock"),
    "reach": ("可达性", "reach"),
    "terrain": ("地形", "terrain"),
    "pattern": ("航线", "pattern"),
    "sun": ("太阳高度", "sun"),
    "wind": ("风", "wind"),
    "energy": ("电量", "energy"),
    "fence": ("围栏", "fence"),
    "obstacle": ("障碍物", "obstacle"),
    "way home": ("返航路线", "way home"),
    "return height": ("返航高度", "return height"),
    "link range": ("链路距离", "link range"),
    "items": ("任务项数", "items"),
    "photo interval": ("拍照间隔", "photo interval"),
    "timetable": ("时刻表", "timetable"),
    "seen": ("照片覆盖", "seen"),
}
"""Names of the flight's own checks; those of the law have their id in every language."""

CHECKLISTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "before": (
        ("空域批准、实名登记、操控员执照有效", "Airspace clearance, registration and licence are valid"),
        ("起降点无人员和障碍物", "Take-off place is clear of people and obstacles"),
        ("风速、能见度、降水在限制内", "Wind, visibility and rain are within limits"),
        ("电池已满且锁紧，桨叶无损伤", "Battery full and locked, propellers unharmed"),
        ("相机、存储卡、云台正常", "Camera, memory card and gimbal work"),
        ("任务与围栏已上传并核对架次编号", "Mission and fence uploaded; sortie number compared"),
        ("返航高度与本卡一致", "Return height is that of this card"),
        ("定位正常，返航点为本机场", "Position is good, home is this dock"),
    ),
    "during": (
        ("保持监视，准备接管", "Watch, and be ready to take over"),
        ("失联：按返航高度返航", "Link lost: it returns at the return height"),
        ("电量低于储备：立即返航或备降", "Battery at reserve: return or use a rally point at once"),
        ("有人航空器接近：立即降低高度避让", "Manned aircraft near: descend and give way at once"),
    ),
    "after": (
        ("记录电量、时间和异常", "Note battery, times and anything unusual"),
        ("核对照片数量", "Compare the number of photos"),
    ),
}

PATTERNS: Mapping[str, tuple[str, str]] = {
    "coverage": ("全覆盖", "coverage"),
    "crosshatch": ("交叉航线", "cross-hatch"),
    "oblique": ("五向倾斜", "five-direction oblique"),
    "corridor": ("沿线", "corridor"),
    "points": ("兴趣点环绕", "points of interest"),
    "perimeter": ("周界", "perimeter"),
    "recheck": ("复查", "recheck"),
}


def word(name: str, lang: str) -> str:
    """Return a label in "zh" or "en"."""
    return WORDS[name][0 if lang == "zh" else 1]


def rule_name(rule: str, lang: str) -> str:
    """Return a check's name; one without a name of its own is called by its id."""
    which, pattern = (0 if lang == "zh" else 1), rule.removeprefix("pattern ")
    if pattern in PATTERNS and pattern != rule:
        return f"{RULES['pattern'][which]}: {PATTERNS[pattern][which]}"
    return RULES.get(rule, (rule, rule))[which]


def place(finding: Finding, lang: str) -> str:
    """Return where a finding is, latitude first as pilots read it, or that it is about the whole patrol."""
    if finding.lonlat is None:
        return word("whole patrol", lang)
    lon, lat = finding.lonlat
    return f"{lat:.5f}, {lon:.5f}"


def clock(start: datetime, seconds: float) -> str:
    """Return the local time of day, some seconds after the patrol's start."""
    return (start.astimezone(LOCAL_TIME) + timedelta(seconds=seconds)).strftime("%H:%M")


def duration(seconds: float, lang: str) -> str:
    """Return hours and minutes in words."""
    hours, minutes = divmod(round(seconds / 60), 60)
    if lang == "zh":
        return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分"
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def percent(share: float) -> str:
    """Return a share in percent, never rounded up to a whole that it is not."""
    if 0.999 < share < 1:
        return f"{np.floor(share * 1e4) / 100:.2f} %"
    return f"{100 * share:.1f} %"


def size(value: float, unit: str, lang: str) -> str:
    """Return square metres as km², metres as km, places as they are."""
    if unit == "m2":
        return f"{value / 1e6:.2f} km²"
    return f"{value / 1000:.2f} km" if unit == "m" else f"{value:.0f} {'处' if lang == 'zh' else 'places'}"


def target_name(target: TargetProof, lang: str) -> str:
    """Return an area's own name, or what kind of target it is."""
    return target.name if target.unit == "m2" else word("lines" if target.unit == "m" else "places", lang)


def row_name(sortie: Sortie) -> str:
    """Return who flies a sortie: its drone, or its dock where drones are not told apart."""
    return sortie.drone or sortie.dock.id


def counted(findings: tuple[Finding, ...]) -> dict[str, int]:
    """Return how many findings there are of each severity."""
    return {one: sum(finding.severity == one for finding in findings) for one in SEVERITY_COLORS}
