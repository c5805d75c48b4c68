"""The plan's map: routes per sortie, photos, holes in coverage, zones, docks, rally points and findings."""

from collections.abc import Sequence
from typing import Any

import folium
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.export.map_layers import MOST_SHAPES, collection
from dronepatrol.export.map_text import safe
from dronepatrol.export.plan_text import (
    SEVERITY_COLORS,
    SORTIE_COLORS,
    ZONE_COLORS,
    PlanFacts,
    duration,
    rule_name,
    target_name,
    word,
)
from dronepatrol.model.mission import Sortie
from dronepatrol.model.patrol import ZoneKind

Shapes = Sequence[tuple[str, BaseGeometry]]

_MAX_ZOOM = 22
_OWN_LAYERS = 8
"""More sorties than this share one layer of the map."""


def plan_map(facts: PlanFacts, lang: str) -> folium.Map:
    """Return the map, to be rendered into a page whose head has Leaflet."""
    view = folium.Map(tiles=None, zoom_control="topleft", font_size="13px")
    view.default_js, view.default_css = [], []
    view.options["maxZoom"] = _MAX_ZOOM
    view.options["zoomSnap"] = 0.25
    areas = [(safe(area.name), area.geometry) for area in facts.areas]
    _shapes(view, areas, word("area", lang), "#17252f", weight=2, dashArray="7 5", fillColor="#fff", fillOpacity=0.8)
    _add_photos(view, facts, lang)
    _add_zones(view, facts, lang)
    holes = [
        (f"{word('holes', lang)}: {safe(target_name(target, lang))}", Polygon(rings[0], rings[1:]))
        for target in facts.proof.targets
        for rings in target.holes
    ]
    _shapes(view, holes, word("holes", lang), "#d7263d", weight=1.5, fillOpacity=0.65, className="dp-hole")
    _add_routes(view, facts, lang)
    _add_points(view, facts, lang)
    many = len(facts.mission.sorties) > _OWN_LAYERS
    folium.LayerControl(collapsed=many).add_to(view)
    _fit(view, facts)
    return view


def _add_photos(view: folium.Map, facts: PlanFacts, lang: str) -> None:
    proof = facts.proof
    step = -(-len(proof.lonlat) // MOST_SHAPES) or 1
    thinned = "" if step == 1 else f" ({word('thinned', lang).format(step=step)})"
    quads = [Polygon(corners) for corners in proof.footprint_lonlat[::step]]
    _shapes(
        view,
        [("", quad) for quad in quads],
        word("footprints", lang) + thinned,
        "#3f7fa6",
        shown=step == 1,
        weight=0.7,
        opacity=0.5,
        fillOpacity=0.015,
        className="dp-footprint",
    )
    places = [("", Point(place)) for place in proof.lonlat[::step]]
    _dots(view, places, word("positions", lang) + thinned, "#3f7fa6", radius=1.8)


def _add_zones(view: folium.Map, facts: PlanFacts, lang: str) -> None:
    """Add what the mission keeps out of, and above it the zones as they were given."""
    kept_out = [("", Polygon(rings[0], rings[1:])) for rings in facts.mission.nofly]
    _shapes(view, kept_out, word("kept out", lang), "#b3261e", weight=1, fillOpacity=0.08, dashArray="2 4")
    for kind in ZoneKind:
        zones = [
            (_zone_label(zone.name, zone.max_height_m), zone.geometry) for zone in facts.zones if zone.kind is kind
        ]
        filled = 0.25 if kind is ZoneKind.NO_FLY else 0.1
        dashes = "" if kind is ZoneKind.NO_FLY else "4 4"
        name = f"dp-{kind.value}"
        _shapes(
            view, zones, word(kind.value, lang), ZONE_COLORS[kind], weight=2, fillOpacity=filled, dashArray=dashes,
            className=name,
        )  # fmt: skip


def _zone_label(name: str, max_height_m: float | None) -> str:
    return safe(name) if max_height_m is None else f"{safe(name)} ≤ {max_height_m:.0f} m"


def _add_routes(view: folium.Map, facts: PlanFacts, lang: str) -> None:
    sorties = facts.mission.sorties
    lanes, transits = [], []
    for number, sortie in enumerate(sorties):
        color = SORTIE_COLORS[number % len(SORTIE_COLORS)]
        photographed, between = _lines(sortie)
        label = (
            f"<b>{safe(sortie.id)}</b> · {safe(sortie.dock.name)}<br>{sortie.planned_photos} {word('photos', lang)} · "
            f"{sortie.planned_length_m / 1000:.1f} km · {duration(sortie.planned_time_s, lang)}"
        )
        lanes.append((label, photographed, color))
        transits.append((label, between, color))
    name = word("transits", lang)
    _colored(
        view, transits, _key("#5b6770", f"{word('routes', lang)}: {name}"), weight=1.2, dashArray="3 5", opacity=0.8
    )
    if len(sorties) <= _OWN_LAYERS:
        for sortie, lane in zip(sorties, lanes, strict=True):
            _colored(view, [lane], _key(lane[2], safe(sortie.id)), weight=2.2, opacity=0.9, className="dp-route")
    else:
        _colored(
            view, lanes, _key(SORTIE_COLORS[0], word("routes", lang)), weight=1.6, opacity=0.9, className="dp-route"
        )


def _lines(sortie: Sortie) -> tuple[BaseGeometry, BaseGeometry]:
    """Return where a sortie takes photos by distance, and where it only flies."""
    home = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    places = [home, *((w.lon_deg, w.lat_deg) for w in sortie.waypoints), home]
    on = [False, *(w.photo_step_m > 0 for w in sortie.waypoints)]
    runs: dict[bool, list[list[tuple[float, float]]]] = {True: [], False: []}
    for leg, photographed in enumerate(on):
        if leg and on[leg - 1] == photographed:
            runs[photographed][-1].append(places[leg + 1])
        else:
            runs[photographed].append([places[leg], places[leg + 1]])
    return MultiLineString(runs[True]), MultiLineString(runs[False])


def _add_points(view: folium.Map, facts: PlanFacts, lang: str) -> None:
    """Add findings, and above them where one may land."""
    mission = facts.mission
    for severity, color in reversed(SEVERITY_COLORS.items()):
        found = [
            (f"<b>{safe(rule_name(one.rule, lang))}</b> {safe(one.said(lang)[0])}", Point(one.lonlat))
            for one in mission.findings
            if one.lonlat is not None and one.severity == severity
        ]
        _dots(view, found, f"{word('findings', lang)}: {word(severity, lang)}", color, radius=6)
    rally = {(point.lon_deg, point.lat_deg): point.height_m for sortie in mission.sorties for point in sortie.rally}
    told = [(f"{word('rally', lang)} {height:.0f} m", Point(place)) for place, height in rally.items()]
    _dots(view, told, word("rally", lang), "#28724f", radius=5)
    docks = {sortie.dock.id: sortie.dock for sortie in mission.sorties}
    stands = [
        (f"{word('dock', lang)}: {safe(dock.name)}", Point(dock.lon_deg, dock.lat_deg)) for dock in docks.values()
    ]
    _dots(view, stands, word("docks", lang), "#17252f", radius=7)


def _shapes(view: folium.Map, shapes: Shapes, name: str, ink: str, *, shown: bool = True, **style: Any) -> None:
    """Add one layer of outlines in one colour; ``style`` are Leaflet's path options."""
    whole = {"color": ink, "fillColor": ink, "smoothFactor": 0.5, **style}
    _layer(view, [(label, shape, whole) for label, shape in shapes], _key(ink, name), shown=shown)


def _colored(view: folium.Map, shapes: Sequence[tuple[str, BaseGeometry, str]], name: str, **style: Any) -> None:
    """Add one layer of lines, each in its own colour."""
    _layer(view, [(label, shape, {"color": ink, "fill": False, **style}) for label, shape, ink in shapes], name)


def _layer(
    view: folium.Map, shapes: Sequence[tuple[str, BaseGeometry, dict[str, Any]]], name: str, *, shown: bool = True
) -> None:
    drawn = [(label, shape, style) for label, shape, style in shapes if not shape.is_empty]
    if not drawn:
        return
    features = collection([(label, shape) for label, shape, _ in drawn])
    for feature, (_, _, style) in zip(features["features"], drawn, strict=False):
        feature["properties"]["dp"] = style
    folium.GeoJson(
        features,
        name=name,
        show=shown,
        style_function=lambda feature: feature["properties"]["dp"],
        tooltip=folium.GeoJsonTooltip(["label"], labels=False, sticky=True) if any(one[0] for one in drawn) else None,
    ).add_to(view)


def _dots(view: folium.Map, points: Shapes, name: str, ink: str, radius: float) -> None:
    if not points:
        return
    folium.GeoJson(
        collection(points),
        name=_key(ink, name),
        marker=folium.CircleMarker(radius=radius, color="#fff", weight=1, fill=True, fill_color=ink, fill_opacity=0.95),
        tooltip=folium.GeoJsonTooltip(["label"], labels=False) if any(label for label, _ in points) else None,
    ).add_to(view)


def _key(ink: str, name: str) -> str:
    return f'<span class="dp-key" style="--c:{ink}"></span>{name}'


def _fit(view: folium.Map, facts: PlanFacts) -> None:
    places: NDArray[np.float64] = np.array(
        [(w.lon_deg, w.lat_deg) for sortie in facts.mission.sorties for w in sortie.waypoints]
    )
    shapes = [area.geometry for area in facts.areas] + [shapely.MultiPoint(places)]
    west, south, east, north = shapely.total_bounds(shapes)
    view.fit_bounds([(south, west), (north, east)], padding_top_left=(50, 20), padding_bottom_right=(190, 20))
