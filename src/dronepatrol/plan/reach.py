"""Why a part of a patrol cannot be reached: closed airspace, the link, the wind, the height, or the battery.

One reason is named for every part, the first of these that is true; each with what would be enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from dronepatrol.model.mission import Dock, Finding
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.fence import NOFLY_MARGIN_M
from dronepatrol.plan.fleet.sorties import Base
from dronepatrol.plan.fleet.tour import UNREACHABLE_S
from dronepatrol.plan.request import Request
from dronepatrol.plan.site import Site
from dronepatrol.plan.stretch import Stretch

USUAL_M = 120.0
LOW_M = 30.0
"""What is flown higher than usual, and could be flown from low, is out of reach for its height."""
_NAMED_AT_MOST = 3

Array = NDArray[np.float64]
Reason = tuple[str, Both, Both]
"""The kind of a reason, why something is not reached, and what to do."""


@dataclass(frozen=True)
class Unreached:
    """Stretches that are not flown for one reason: in words, what to do, how long they are, and where (metres)."""

    why: Both
    what_to_do: Both
    length_m: float
    at: Array


@dataclass(frozen=True)
class Reach:
    """What can be reached from the docks of a site."""

    request: Request
    site: Site
    bases: list[Base]

    def reasons(self, stretches: list[Stretch]) -> list[Unreached]:
        """Return why these stretches are not flown, the reason of most of them first."""
        groups: dict[str, list[tuple[Stretch, Both, Both]]] = {}
        for stretch in stretches:
            kind, why, what_to_do = self._why(stretch)
            groups.setdefault(kind, []).append((stretch, why, what_to_do))
        told = []
        for members in groups.values():
            furthest, why, what_to_do = max(members, key=lambda one: self._nearest_m(one[0]))
            length = sum(stretch.length_m for stretch, _, _ in members)
            told.append(Unreached(why, what_to_do, length, furthest.points[0]))
        return sorted(told, key=lambda one: -one.length_m)

    def findings(self, left_out: list[Stretch], flown_m: float) -> Iterator[Finding]:
        """Yield what is left out of a patrol, one finding a reason; ``flown_m`` is the length of what is flown."""
        reasons = self.reasons(left_out)
        total = max(flown_m + sum(one.length_m for one in reasons), 1e-9)
        for one in reasons:
            lon, lat = self.site.frame.to_lonlat(one.at)
            share = one.length_m / total
            message = Both(f"{share:.0%} of the lanes are left out: ", f"{share:.0%} 的航线未安排：") + one.why
            todo = one.what_to_do + Both("; the rest can be flown", "；其余部分可以飞行")
            yield found("reach", "warning", message, todo, (round(float(lon), 7), round(float(lat), 7)))

    def _why(self, stretch: Stretch) -> Reason:
        ends, away = stretch.points[[0, -1]], self._away_m(stretch)
        open_ = np.array([base.ways(ends)[0].min() < UNREACHABLE_S for base in self.bases])
        if not open_.any():
            return self._closed(int(np.argmin(away)), ends[0])
        most, nearest = self.request.aircraft.link_range_m, int(np.argmin(np.where(open_, away, np.inf)))
        if away[nearest] > most:
            name = self._docks[nearest].id
            said = Both(
                f"its furthest part lies {away[nearest]:,.0f} m from the nearest dock, {name}; the link is counted on"
                f" up to {most:,.0f} m",
                f"最远处距最近的机场 {name} {away[nearest]:,.0f} 米，链路只按 {most:,.0f} 米计",
            )
            return "link", said, Both(f"put a dock within {most:,.0f} m of it", f"在其 {most:,.0f} 米以内设置机场")
        usable = [number for number in np.flatnonzero(open_).tolist() if away[number] <= most]
        return self._energy(min(usable, key=lambda number: self._needed(self.bases[number], stretch)[0]), stretch)

    def _closed(self, dock: int, place: Array) -> Reason:
        """Return that closed zones lie between a dock and a place, wherever one flies."""
        line, frame, name = LineString([self.bases[dock].at, place]), self.site.frame, self._docks[dock].id
        near = [z for z in self.request.zones if shapely.dwithin(frame.geometry_to_metres(z.geometry), line, 1.0)]
        names = list(dict.fromkeys(zone.name for zone in near)) or ["?"]
        zones = ", ".join(names[:_NAMED_AT_MOST]) + (" …" if len(names) > _NAMED_AT_MOST else "")
        said = Both(
            f"no way leads there from the dock {name}: it lies behind {zones}, from which ways keep"
            f" {NOFLY_MARGIN_M:.0f} m",
            f"机场 {name} 无路可达：被 {zones} 阻隔（航路与其保持 {NOFLY_MARGIN_M:.0f} 米）",
        )
        gap = 2 * NOFLY_MARGIN_M
        todo = Both(
            f"put a dock on its side of the zones, or leave a gap of more than {gap:.0f} m between them",
            f"在该侧设置机场，或在区域之间留出大于 {gap:.0f} 米的通道",
        )
        return "way", said, todo

    def _energy(self, dock: int, stretch: Stretch) -> Reason:
        """Return what makes the energy too little: the wind, the height, or the distance."""
        base, usable = self.bases[dock], self.request.aircraft.usable_wh
        needed, length = self._needed(base, stretch)
        calm, _ = self._needed(replace(base, model=replace(base.model, wind_m_s=(0.0, 0.0))), stretch)
        low_m = min(LOW_M, base.model.height_m)
        low, _ = self._needed(replace(base, model=replace(base.model, height_m=low_m)), stretch)
        if needed > usable >= calm or self.request.spec.wind_m_s > self.request.aircraft.max_wind_m_s:
            return self._windy(needed, calm)
        if base.model.height_m > USUAL_M and needed > usable >= low:
            return self._high(base)
        name, reach = self._docks[dock].id, _reach_m(base, usable)
        said = Both(
            f"the battery's {usable:.1f} Wh do not reach the area's furthest part: {length:,.0f} m there and back from"
            f" {name} need {needed:.1f} Wh before a photo lane is flown",
            f"电池可用 {usable:.1f} Wh，到不了区域最远处：从机场 {name} 往返 {length:,.0f} 米，"
            f"未拍摄已需 {needed:.1f} Wh",
        )
        if needed <= usable:
            said = Both(
                f"from {name} {length:,.0f} m there and back leave {usable - needed:.1f} Wh of the battery's"
                f" {usable:.1f} Wh for photos, too little for the shortest piece of a lane",
                f"从机场 {name} 往返 {length:,.0f} 米后，电池可用的 {usable:.1f} Wh 只剩 {usable - needed:.1f} Wh，"
                "不足以拍摄最短的一段航线",
            )
        nearer = Both(f"put a dock within about {reach:,.0f} m of it, or ", f"在其约 {reach:,.0f} 米以内设置机场，或")
        larger = Both("choose an aircraft with a larger battery", "更换电池更大的机型")
        return "battery", said, nearer + larger if reach > 0 else larger

    def _windy(self, needed: float, calm: float) -> Reason:
        craft, wind = self.request.aircraft, self.request.spec.wind_m_s
        usable = craft.usable_wh
        said = Both(
            f"in a wind of {wind:.0f} m/s the way there and back needs {needed:.1f} Wh of the battery's"
            f" {usable:.1f} Wh, in calm air {calm:.1f} Wh; {craft.name} flies in at most {craft.max_wind_m_s:.0f} m/s",
            f"风速 {wind:.0f} 米/秒时往返需 {needed:.1f} Wh，电池可用 {usable:.1f} Wh，静风时只需 {calm:.1f} Wh；"
            f"{craft.name} 最大抗风 {craft.max_wind_m_s:.0f} 米/秒",
        )
        return "wind", said, Both("wait for less wind, or choose another aircraft", "等待风小，或更换机型")

    def _high(self, base: Base) -> Reason:
        spec, usable, height = self.request.spec, self.request.aircraft.usable_wh, base.model.height_m
        asked = f"gsd_cm = {100 * spec.gsd_m:g}" if spec.gsd_m is not None else f"height_m = {spec.height_m:g}"
        climb = base.model.up_and_down().energy_wh
        said = Both(
            f"{asked} is flown {height:,.0f} m above ground: climb and landing alone need {climb:.1f} Wh of the"
            f" battery's {usable:.1f} Wh",
            f"{asked} 须在对地 {height:,.0f} 米飞行：仅爬升和降落就需 {climb:.1f} Wh，电池可用 {usable:.1f} Wh",
        )
        return "height", said, Both("ask for a lower height or a finer gsd_cm", "降低 height_m，或减小 gsd_cm")

    def _needed(self, base: Base, stretch: Stretch) -> tuple[float, float]:
        """Return watt-hours and metres of flying to the nearer end of a stretch and back, around what is closed."""
        ends = stretch.points[[0, -1]] if stretch.reversible else stretch.points[:1]
        costs = [base.cost([Stretch(end[None], 1.0)]) for end in ends]
        least = min(costs, key=lambda cost: cost.energy_wh)
        return least.energy_wh, least.length_m

    @cached_property
    def _docks(self) -> tuple[Dock, ...]:
        return self.site.docks

    def _away_m(self, stretch: Stretch) -> Array:
        """Return how far each dock is from the further end of a stretch, as sorties are judged by."""
        ends = stretch.points[[0, -1]]
        return np.array([np.hypot(*(ends - base.at).T).max() for base in self.bases])

    def _nearest_m(self, stretch: Stretch) -> float:
        return float(self._away_m(stretch).min())


def _reach_m(base: Base, usable_wh: float) -> float:
    """Return how far from a dock a straight way there and back may lead, against the wind first; 0 for nowhere."""
    east, north = base.model.wind_m_s
    wind = float(np.hypot(east, north))
    upwind = np.array([-east, -north]) / wind if wind > 0 else np.array([1.0, 0.0])
    low, high = 0.0, 1e5
    for _ in range(30):
        middle = (low + high) / 2
        there = base.model.path(np.array([[0.0, 0.0], upwind * middle, [0.0, 0.0]]))
        fits = base.model.up_and_down().energy_wh + there.energy_wh <= usable_wh
        low, high = (middle, high) if fits else (low, middle)
    return float(np.floor(low / 10.0) * 10.0)
