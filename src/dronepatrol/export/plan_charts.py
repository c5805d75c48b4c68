"""Pictures of the plan as inline SVG: timetable, overlap histogram, height profiles. Texts in it are safe."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dronepatrol.export.map_text import LOCAL_TIME, safe
from dronepatrol.export.plan_text import SORTIE_COLORS, PlanFacts, clock, duration, percent, row_name, word
from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import Sortie
from dronepatrol.model.proof import MOST_OVERLAP
from dronepatrol.model.terrain import Terrain

Array = NDArray[np.float64]
_PROFILE_SAMPLES = 240
_TICKS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


def gantt(facts: PlanFacts, lang: str) -> str:
    """Return the timetable: a row per drone, a bar per sortie, charging behind it."""
    rows = sorted({row_name(sortie) for sortie in facts.mission.sorties})
    left, width, row_h, top = 150, 1080, 26, 8
    span = max(facts.makespan_s, 1.0)
    scale = (width - left - 14) / span
    bottom = top + row_h * len(rows)
    parts = [_time_axis(facts, (left, top, bottom), scale, span)]
    for number, name in enumerate(rows):
        y = top + number * row_h
        parts += [_text(left - 10, y + 17, safe(name), "row", "end"), _line(left, width - 14, y + row_h, y + row_h)]
    for number, sortie in enumerate(facts.mission.sorties):
        y = top + rows.index(row_name(sortie)) * row_h
        x, wide = left + sortie.start_s * scale, max(sortie.planned_time_s * scale, 1.5)
        end_s = sortie.start_s + sortie.planned_time_s
        waiting = max(min(facts.spec.fleet.charge_s, span - end_s) * scale, 0.0)
        begin, finish = clock(facts.spec.start, sortie.start_s), clock(facts.spec.start, end_s)
        told = f"{safe(sortie.id)}: {begin}-{finish}, {duration(sortie.planned_time_s, lang)}"
        color = SORTIE_COLORS[number % len(SORTIE_COLORS)]
        parts += [
            f'<rect class="charge" x="{x + wide:.1f}" y="{y + 9}" width="{waiting:.1f}" height="8">',
            f"<title>{word('charging', lang)}</title></rect>",
            f'<rect class="dp-bar" x="{x:.1f}" y="{y + 4}" width="{wide:.1f}" height="{row_h - 8}" rx="3"',
            f' fill="{color}"><title>{told}</title></rect>',
            _text(x + wide / 2, y + 17, _short(sortie) if wide > 26 else "", "bar"),
        ]
    return svg("dp-gantt", (width, bottom + 26), "".join(parts), word("timetable", lang))


def overlap_histogram(shares: Sequence[float], lang: str) -> str:
    """Return how much of a target is seen by 0, 1, 2, … photos."""
    width, height, bottom, left = 430, 170, 130, 8
    most = max(*shares, 1e-9)
    step = (width - 2 * left) / len(shares)
    parts = [_line(left, width - left, bottom, bottom, "axis")]
    for photos, share in enumerate(shares):
        tall, x = 100 * share / most, left + photos * step
        color = "#b3261e" if photos == 0 else "#0b5c8a"
        label = f"{photos}+" if photos == MOST_OVERLAP else f"{photos}"
        parts += [
            f'<rect x="{x + 3:.1f}" y="{bottom - tall:.1f}" width="{step - 6:.1f}" height="{tall:.1f}"',
            f' fill="{color}"/>',
            _text(x + step / 2, bottom + 15, label),
        ]
        if share > 0:
            said = percent(share).removesuffix(" %") if share >= 0.0005 else "&lt;0.1"
            parts.append(_text(x + step / 2, bottom - tall - 5, said, "value"))
    parts.append(_text(width / 2, height - 6, f"{word('overlap axis', lang)} (%)"))
    return svg("dp-overlap", (width, height), "".join(parts), word("overlap", lang))


def height_profile(sortie: Sortie, terrain: Terrain | None, lang: str, width: int = 1080, height: int = 170) -> str:
    """Return the heights above sea level along a sortie and back to its dock, over the ground where it is known."""
    along, flown, photo, lonlat = _flight(sortie)
    ground_m = sortie.dock.ground_amsl_m
    at = np.linspace(0.0, float(along[-1]), _PROFILE_SAMPLES)
    places = np.stack([np.interp(at, along, lonlat[:, axis]) for axis in (0, 1)], axis=1)
    ground = terrain.height_m(places) if terrain is not None else np.full(len(at), ground_m)
    known = np.isfinite(ground)
    flown = flown + ground_m
    home = sortie.return_height_m + ground_m
    low = min(float(ground[known].min()) if known.any() else ground_m, float(flown.min()), ground_m)
    high = max(float(flown.max()), home)
    box = _Box(
        along_m=float(along[-1]), low_m=low - 3, high_m=high + max(8.0, 0.15 * (high - low)), width=width, height=height
    )
    shown = np.where(known, ground, low)
    floor = f"{box.x(at[-1]):.1f},{box.bottom} {box.x(0):.1f},{box.bottom}"
    begin, end, back = box.x(0), box.x(at[-1]), box.y(home)
    parts = [
        box.axes(lang),
        f'<polygon class="ground" points="{box.points(at, shown)} {floor}"/>',
        _line(begin, end, back, back, "home"),
        _text(end - 3, back + 12, f"{word('return height', lang)} {sortie.return_height_m:.0f} m", "tick", "end"),
        f'<polyline class="flight" points="{box.points(along, flown)}"/>',
    ]
    legs = [slice(leg, leg + 2) for leg in np.flatnonzero(photo)]
    parts += [f'<polyline class="photo" points="{box.points(along[leg], flown[leg])}"/>' for leg in legs]
    return svg("dp-profile", (width, height), "".join(parts), f"{safe(sortie.id)} {word('profiles', lang)}")


def svg(name: str, size: tuple[float, float], content: str, title: str) -> str:
    """Return a picture that scales with the page; content and title must be safe already."""
    return (
        f'<svg class="{name}" viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" aria-label="{title}" '
        f'xmlns="http://www.w3.org/2000/svg">{content}</svg>'
    )


class _Box:
    """The drawing area of a profile and its scales."""

    def __init__(self, along_m: float, low_m: float, high_m: float, width: int, height: int) -> None:
        self.along_m, self.low_m, self.high_m = max(along_m, 1.0), low_m, max(high_m, low_m + 1.0)
        self.left, self.right, self.top, self.bottom = 46, width - 12, 8, height - 30

    def x(self, along_m: float) -> float:
        return self.left + (self.right - self.left) * along_m / self.along_m

    def y(self, height_m: float) -> float:
        return self.bottom - (self.bottom - self.top) * (height_m - self.low_m) / (self.high_m - self.low_m)

    def points(self, along: Array, heights: Array) -> str:
        return " ".join(
            f"{self.x(s):.1f},{self.y(h):.1f}" for s, h in zip(along.tolist(), heights.tolist(), strict=True)
        )

    def axes(self, lang: str) -> str:
        """Return ticks of height above sea level and of the way."""
        parts = []
        for value in _round_ticks(self.low_m, self.high_m, 5):
            y = self.y(value)
            parts += [
                _line(self.left, self.right, y, y),
                _text(self.left - 6, y + 4, f"{value:.0f}", "tick", "end"),
            ]
        for value in _round_ticks(0.0, self.along_m, 8):
            parts.append(_text(self.x(value), self.bottom + 14, f"{value / 1000:g}"))
        said = f"km {word('distance', lang)} · m {word('amsl', lang)}"
        return "".join(parts) + _text(self.right, self.bottom + 27, said, "tick", "end")


def _flight(sortie: Sortie) -> tuple[Array, Array, NDArray[np.bool_], Array]:
    """Return way (n,), heights above take-off (n,), whether photos are taken on the leg from there, lonlat (n, 2)."""
    dock, waypoints = sortie.dock, sortie.waypoints
    home = (dock.lon_deg, dock.lat_deg)
    places = [(w.lon_deg, w.lat_deg) for w in waypoints]
    lonlat = np.array([home, home, *places, places[-1], home, home])  # returns climb first, then fly straight
    back = max(sortie.return_height_m, waypoints[-1].height_m)
    heights = np.array([0.0, waypoints[0].height_m, *(w.height_m for w in waypoints), back, back, 0.0])
    _, _, steps = WGS84.inv(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    photo = np.array([False, False, *(w.photo_step_m > 0 for w in waypoints), False, False])
    return np.concatenate([[0.0], np.cumsum(steps)]), heights, photo, lonlat


def _time_axis(facts: PlanFacts, frame: tuple[int, int, int], scale: float, span_s: float) -> str:
    left, top, bottom = frame
    step = next((tick for tick in _TICKS_S if span_s / tick <= 10), _TICKS_S[-1])
    start = facts.spec.start.astimezone(LOCAL_TIME)
    since_midnight = start.hour * 3600 + start.minute * 60 + start.second
    parts = []
    for seconds in range(-since_midnight % step, int(span_s) + 1, step):
        x = left + seconds * scale
        parts += [_line(x, x, top, bottom), _text(x, bottom + 16, clock(facts.spec.start, seconds))]
    return "".join(parts)


def _round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two, at most about so many."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _short(sortie: Sortie) -> str:
    return safe(sortie.id.removeprefix("sortie-"))


def _text(x: float, y: float, said: str, kind: str = "tick", anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{said}</text>'


def _line(x1: float, x2: float, y1: float, y2: float, kind: str = "grid") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'
