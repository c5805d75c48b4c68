"""The map sketch of a flight card, as SVG: area, zones, route with its direction, dock, rally points, scale, north."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.export.map_text import safe
from dronepatrol.export.plan_charts import svg
from dronepatrol.export.plan_text import ZONE_COLORS, PlanFacts, word
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Sortie

_SIDE = 420.0
_MARGIN = 0.08
_ARROW_EVERY = 60.0
_MARK = 9.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Paper:
    """Metres of a local frame to a square picture, north up."""

    frame: LocalFrame
    middle: Array
    scale: float
    """Picture units per metre."""

    @classmethod
    def around(cls, frame: LocalFrame, lonlat: Array) -> "_Paper":
        """Return the paper that shows all places."""
        metres = frame.to_metres(lonlat)
        low, high = metres.min(axis=0), metres.max(axis=0)
        side = max(float((high - low).max()), 50.0) * (1 + 2 * _MARGIN)
        return cls(frame, (low + high) / 2, _SIDE / side)

    def at(self, lonlat: ArrayLike) -> Array:
        """Return (…, 2) picture coordinates, y down."""
        return np.asarray((self.frame.to_metres(lonlat) - self.middle) * (self.scale, -self.scale) + _SIDE / 2)

    def path(self, geometry: BaseGeometry) -> str:
        """Return the SVG path of what polygons show on the paper, nothing where they are beside it."""
        west, south, east, north = geometry.bounds
        (left, top), (right, bottom) = self.at([[west, north], [east, south]])
        if max(left, top) > _SIDE or min(right, bottom) < 0:
            return ""
        drawn = shapely.transform(shapely.make_valid(geometry), self.at)
        seen = shapely.clip_by_rect(shapely.make_valid(drawn), -5, -5, _SIDE + 5, _SIDE + 5)
        rings = [
            ring
            for part in shapely.get_parts(seen)
            if isinstance(part, Polygon)
            for ring in (part.exterior, *part.interiors)
        ]
        return " ".join(f"M{_points(np.asarray(ring.coords))}Z" for ring in rings)


def sketch(facts: PlanFacts, sortie: Sortie, lang: str) -> str:
    """Return the sketch of one sortie; other sorties are not drawn."""
    home = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    route = np.array([home, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints)])
    rally = np.array([(point.lon_deg, point.lat_deg) for point in sortie.rally]).reshape(-1, 2)
    paper = _Paper.around(facts.frame, np.vstack([route, rally]))
    parts = ['<rect class="paper" width="420" height="420"/>']
    parts += [f'<path class="area" d="{paper.path(area.geometry)}"/>' for area in facts.areas]
    for zone in facts.zones:
        drawn = paper.path(zone.geometry)
        if drawn:
            parts.append(f'<path class="zone" style="--c:{ZONE_COLORS[zone.kind]}" fill-rule="evenodd" d="{drawn}"/>')
    line = paper.at(route)
    parts.append(f'<path class="transit" d="M{_points(np.vstack([line, line[:1]]))}"/>')
    for leg, waypoint in enumerate(sortie.waypoints[:-1], start=1):
        if waypoint.photo_step_m > 0:
            parts.append(f'<path class="lane" d="M{_points(line[leg : leg + 2])}"/>')
    parts += _arrows(line)
    parts += [_mark(place, f"R{number}", "rally") for number, place in enumerate(paper.at(rally), start=1)]
    if np.hypot(*(line[1] - line[0])) > _MARK:
        parts.append(_mark(line[1], "1", "first"))
    parts += [_mark(line[-1], str(len(sortie.waypoints)), "last")]
    parts += [_mark(line[0], "H", "dock"), _scale_bar(paper.scale), _north(lang)]
    return svg("dp-sketch", (_SIDE, _SIDE), "".join(parts), f"{safe(sortie.id)} {word('map', lang)}")


def _points(points: Array) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _arrows(line: Array) -> list[str]:
    """Return arrow heads in the middles of the long legs."""
    found = []
    for start, end in pairwise(line):
        way = end - start
        if np.hypot(*way) < _ARROW_EVERY:
            continue
        angle = np.degrees(np.arctan2(way[1], way[0]))
        x, y = (start + end) / 2
        found.append(
            f'<path class="arrow" d="M-5 -4L5 0L-5 4Z" transform="translate({x:.1f} {y:.1f}) rotate({angle:.0f})"/>'
        )
    return found


def _mark(place: Array, label: str, kind: str) -> str:
    x, y = place
    return (
        f'<g class="mark {kind}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{_MARK:g}"/>'
        f'<text x="{x:.1f}" y="{y + 3.6:.1f}" text-anchor="middle">{label}</text></g>'
    )


def _scale_bar(scale: float) -> str:
    rough = 110.0 / scale
    power = 10.0 ** np.floor(np.log10(rough))
    metres = power * max(factor for factor in (1, 2, 5) if power * factor <= rough)
    wide = metres * scale
    said = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return (
        f'<path class="scale" d="M14 400v6h{wide:.1f}v-6"/><text class="tick" x="{14 + wide / 2:.1f}" y="398"'
        f' text-anchor="middle">{said}</text>'
    )


def _north(lang: str) -> str:
    label = f'<text class="tick" x="400" y="48" text-anchor="middle">{word("north", lang)}</text>'
    return f'<path d="M400 14l7 20-7-5-7 5Z" fill="#17252f"/>{label}'
