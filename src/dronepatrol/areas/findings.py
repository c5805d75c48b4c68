"""How areas lie: to one another and to the zones. Each finding says what can still be flown."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Finding, LonLat
from dronepatrol.model.patrol import Area, Zone, ZoneKind
from dronepatrol.model.wording import Both, found

SLIVER_M = 5.0
"""What is narrower than this everywhere is a sliver: no photo is so small that it would not see more beside it."""
MOST_ALIKE = 20
_TOUCH_M = 0.01


@dataclass(frozen=True, slots=True)
class _Site:
    """The areas in metres, and what their zones leave of them."""

    frame: LocalFrame
    areas: Sequence[Area]
    shapes: Sequence[BaseGeometry]
    nofly: BaseGeometry

    def lonlat(self, place: BaseGeometry) -> LonLat:
        point = shapely.point_on_surface(place)
        lon, lat = self.frame.to_lonlat([point.x, point.y])
        return float(lon), float(lat)


def findings(areas: Sequence[Area], zones: Sequence[Zone] = ()) -> tuple[Finding, ...]:
    """Return what is odd about areas that are each valid; rules are named "area …".

    Parameters
    ----------
    areas
        From one file or several.
    zones
        No-fly zones count, whenever they are in force; those of other kinds do not.
    """
    twice = [*_ids("area", areas), *_ids("zone", zones)]
    if not areas:
        return tuple(twice)
    frame = LocalFrame.around(shapely.box(*shapely.total_bounds([area.geometry for area in areas])))
    closed = [zone.geometry for zone in zones if zone.kind is ZoneKind.NO_FLY]
    shapes = [frame.geometry_to_metres(area.geometry) for area in areas]
    site = _Site(frame, areas, shapes, frame.geometry_to_metres(shapely.union_all(closed)))
    return (*twice, *_neighbours(site), *_slivers(site), *_zones(site))


def of_files(crs: Mapping[Path, tuple[str, ...]], with_features: Collection[Path]) -> tuple[Finding, ...]:
    """Return what is worth knowing of files as a whole: other reference systems, and layers without features.

    Parameters
    ----------
    crs
        The reference systems of every file, by name.
    with_features
        Those in which something was found.
    """
    systems = sorted({one for names in crs.values() for one in names})
    told = []
    if len(systems) > 1:
        message = Both(
            f"the files are in {len(systems)} reference systems ({', '.join(systems)}); all are now in WGS-84",
            f"各文件使用 {len(systems)} 种坐标系（{'、'.join(systems)}）；均已转换为 WGS-84",
        )
        told.append(
            found("area crs", "info", message, Both("look at the map whether they fit", "在地图上核对是否吻合"))
        )
    for file in crs:
        if file not in with_features:
            message = Both(f"{file.name} has no features: no zones", f"{file.name} 没有要素：没有空域")
            told.append(found("zone file", "info", message, Both("make sure that this is so", "请确认确无空域")))
    return tuple(told)


def gathered(told: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings for people: where a check found more than ``MOST_ALIKE``, one that counts them, at the first."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in told:
        alike.setdefault((one.rule, one.severity), []).append(one)
    return tuple(one for many in alike.values() for one in (many if len(many) <= MOST_ALIKE else [_counted(many)]))


def _counted(many: Sequence[Finding]) -> Finding:
    first = many[0]
    message = Both(f"{len(many)} times, first: {first.message}", f"共 {len(many)} 处，首处：{first.message_zh}")
    return found(first.rule, first.severity, message, Both(first.what_to_do, first.what_to_do_zh), first.lonlat)


def _ids(what: str, things: Sequence[Area | Zone]) -> Iterator[Finding]:
    for name, count in Counter(thing.id for thing in things).items():
        if count > 1:
            at = shapely.point_on_surface([thing.geometry for thing in things if thing.id == name][-1])
            zh = {"area": "区域", "zone": "空域"}[what]
            message = Both(f"{count} {what}s have the id {name}", f"有 {count} 个{zh}的编号都是 {name}")
            todo = Both(
                "give each an id of its own: files and approvals tell them apart by it; as they are, all count",
                "为每个设置不同编号（文件和批准以编号区分）；目前全部有效",
            )
            yield found(f"{what} id", "warning", message, todo, (float(at.x), float(at.y)))


def _neighbours(site: _Site) -> Iterator[Finding]:
    tree = shapely.STRtree(site.shapes)
    for one, other in zip(*tree.query(site.shapes, predicate="dwithin", distance=SLIVER_M), strict=True):
        if one >= other:
            continue
        a, b = site.shapes[one], site.shapes[other]
        first, second = _named(site.areas[one]), _named(site.areas[other])
        names = Both(f"{first} and {second}", f"{first} 与 {second} ")
        shared = shapely.intersection(a, b)
        if shared.area > _TOUCH_M:
            yield _overlap(names, shared.area, site.lonlat(shared))
        elif (gap_m := float(a.distance(b))) <= _TOUCH_M:
            message = Both(f"{names.en} touch", f"{names.zh}相接")
            todo = Both("nothing: both are flown", "无需处理：都会飞")
            yield found("area touch", "info", message, todo, site.lonlat(_nearest(a, b)))
        else:
            message = Both(
                f"between {names.en} is a gap of {gap_m:.1f} m, which looks like one border drawn twice",
                f"{names.zh}之间有 {gap_m:.1f} 米的缝隙，像是同一条边界画了两次",
            )
            todo = Both(
                "let both share the border if so; both can be flown as they are", "如是则共用边界；现状也都能飞"
            )
            yield found("area gap", "warning", message, todo, site.lonlat(_nearest(a, b)))


def _overlap(names: Both, shared_m2: float, place: LonLat) -> Finding:
    message = Both(f"{names.en} overlap by {shared_m2:,.0f} m2", f"{names.zh}重叠 {shared_m2:,.0f} 平方米")
    todo = Both(
        "both can be flown, what they share with the first of them; to decide otherwise cut one by the other",
        "都能飞，重叠部分随前者飞行；如另有安排，请用一个裁剪另一个",
    )
    return found("area overlap", "warning", message, todo, place)


def _nearest(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    return shapely.centroid(shapely.shortest_line(a, b))


def _slivers(site: _Site) -> Iterator[Finding]:
    for area, shape in zip(site.areas, site.shapes, strict=True):
        parts = shapely.get_parts(shape)
        thin = [part for part in parts if shapely.buffer(part, -SLIVER_M / 2).is_empty]
        if thin:
            rest = len(parts) - len(thin)
            small_m2 = sum(part.area for part in thin)
            message = Both(
                f"{_named(area)} has {_count(len(thin), 'part')} nowhere wider than {SLIVER_M:g} m"
                f" ({small_m2:,.0f} m2)",
                f"{_named(area)} 有 {len(thin)} 处宽度不超过 {SLIVER_M:g} 米的狭条（{small_m2:,.0f} 平方米）",
            )
            todo = Both(
                "draw it wider; as a line it can be flown with the corridor pattern", "画宽一些；或作为线用走廊模式飞行"
            )
            if rest:
                todo = Both(
                    f"take it out in your GIS; {_count(rest, 'other part')} can be flown",
                    f"在 GIS 中去掉；其余 {rest} 处能飞",
                )
            yield found("area sliver", "warning", message, todo, site.lonlat(thin[0]))


def _zones(site: _Site) -> Iterator[Finding]:
    closed = [bool(shapely.difference(shape, site.nofly).area < _TOUCH_M) for shape in site.shapes]
    others = closed.count(False)
    for area, shape, lost in zip(site.areas, site.shapes, closed, strict=True):
        if lost:
            message = Both(
                f"{_named(area)} lies wholly inside no-fly zones: nothing of it can be flown",
                f"{_named(area)} 全部在禁飞区内：不能飞",
            )
            todo = Both(
                f"take it out, or ask for the zone to be opened; {_count(others, 'other area')} can be flown",
                f"去掉该区域，或申请开放空域；其余 {others} 个区域能飞",
            )
            yield found("area no-fly", "warning" if others else "blocker", message, todo, site.lonlat(shape))
        elif (cut := shapely.intersection(shape, site.nofly)).area > _TOUCH_M:
            share = f"{cut.area / shape.area:.1%}"
            message = Both(f"{_named(area)}: no-fly zones take {share} of it", f"{_named(area)} 有 {share} 在禁飞区内")
            left_km2 = f"{(shape.area - cut.area) / 1e6:.3f}"
            todo = Both(f"nothing: the other {left_km2} km2 are flown", f"无需处理：其余 {left_km2} 平方公里照常飞行")
            yield found("area no-fly", "info", message, todo, site.lonlat(cut))


def _named(area: Area) -> str:
    return area.id if area.name == area.id else f"{area.id} ({area.name})"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
