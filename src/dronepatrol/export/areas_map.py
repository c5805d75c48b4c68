"""The map of the user's areas: one HTML file that opens in a browser with no network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import folium
import shapely
from branca.element import Element, Figure
from shapely.geometry.base import BaseGeometry

from dronepatrol.export.map_assets import head
from dronepatrol.export.map_layers import collection
from dronepatrol.export.map_text import safe, word
from dronepatrol.files import write_text
from dronepatrol.model.mission import Finding

_MAX_ZOOM = 23
_MOST_LISTED = 500
_COLORS = {
    "area": "#0b5c8a",
    "line": "#5b6770",
    "place": "#17252f",
    "no_fly": "#b3261e",
    "height_limit": "#c05600",
    "sensitive": "#7a3e9d",
    "advisory": "#8a7a00",
}
_WORDS = {
    "area": ("区域", "area"),
    "line": ("线", "line"),
    "place": ("点", "place"),
    "no_fly": ("禁飞区", "no-fly zone"),
    "height_limit": ("限高区", "height limit"),
    "sensitive": ("敏感区", "sensitive site"),
    "advisory": ("提示区", "advisory"),
}
_SEVERITY_COLORS = {"blocker": "#b3261e", "warning": "#b26a00", "info": "#3f7fa6"}
_FINDINGS = ("检查结果", "findings")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A shape on the map: which layer it is in, what it is ("area", "line", "place" or a zone's kind), what it says."""

    layer: str
    what: str
    name: str
    facts: str
    geometry: BaseGeometry


def write_areas_map(path: Path, shapes: Sequence[Drawn], findings: Sequence[Finding], *, title: str, lang: str) -> None:
    """Write the map.

    Parameters
    ----------
    path
        The HTML file.
    shapes
        In WGS-84 (lon, lat); layers keep their order.
    findings
        Those with a place are dots.
    title
        Shown above the map.
    lang
        "zh" or "en".

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    write_text(path, _html(shapes, findings, title, lang))


def _html(shapes: Sequence[Drawn], findings: Sequence[Finding], title: str, lang: str) -> str:
    view = folium.Map(tiles=None, zoom_control="topleft", font_size="14px")
    view.default_js, view.default_css = [], []
    view.options["maxZoom"] = _MAX_ZOOM
    view.options["zoomSnap"] = 0.25
    layers = list(dict.fromkeys(shape.layer for shape in shapes))
    rows = [_add_layer(view, layer, [shape for shape in shapes if shape.layer == layer]) for layer in layers]
    rows += _add_findings(view, findings, lang)
    west, south, east, north = shapely.total_bounds([shape.geometry for shape in shapes])
    view.fit_bounds([(south, west), (north, east)], padding=(24, 24))
    figure = cast("Figure", view.get_root())
    figure.title = safe(title)
    figure.header.add_child(Element("{% raw %}" + head("map") + "{% endraw %}"))
    items = "".join(_item(shape, lang) for shape in shapes[:_MOST_LISTED])
    page = (
        f'<header id="dp-title"><h1>{safe(title)}</h1><div class="dp-grow"></div><span>{len(shapes)}</span></header>'
        f'<aside id="dp-panel" data-north="{word("north", lang)}"><div id="dp-classes">{"".join(rows)}</div>'
        f'<input id="dp-search" type="search" placeholder="{word("search", lang)}">'
        f'<ul id="dp-list">{items}</ul></aside>'
    )
    figure.html.add_child(Element(page))
    return str(figure.render())


def _add_layer(view: folium.Map, layer: str, shapes: Sequence[Drawn]) -> str:
    """Draw one layer and return its row in the panel."""
    features = collection([(f"<b>{safe(one.name)}</b><br>{safe(one.facts)}", one.geometry) for one in shapes])
    for feature, one in zip(features["features"], shapes, strict=True):
        color = _COLORS[one.what]
        line, opacity = ("#fff", 0.95) if one.what == "place" else (color, 0.15)
        feature["properties"]["dp"] = {"color": line, "fillColor": color, "weight": 2, "fillOpacity": opacity}
    drawn = folium.GeoJson(
        features,
        control=False,
        style_function=lambda feature: feature["properties"]["dp"],
        marker=folium.CircleMarker(radius=5, color="#fff", weight=1, fill=True, fill_opacity=0.95),
        tooltip=folium.GeoJsonTooltip(["label"], labels=False, sticky=True),
    )
    drawn.add_to(view)
    return _row(drawn.get_name(), layer, _COLORS[shapes[0].what], len(shapes))


def _add_findings(view: folium.Map, findings: Sequence[Finding], lang: str) -> list[str]:
    placed = [one for one in findings if one.lonlat is not None]
    if not placed:
        return []
    features = collection(
        [
            (f"<b>{safe(one.rule)}</b><br>{safe(one.said(lang)[0])}", shapely.Point(one.lonlat or (0, 0)))
            for one in placed
        ]
    )
    for feature, one in zip(features["features"], placed, strict=True):
        feature["properties"]["dp"] = {"fillColor": _SEVERITY_COLORS[one.severity], "color": "#fff"}
    drawn = folium.GeoJson(
        features,
        control=False,
        style_function=lambda feature: feature["properties"]["dp"],
        marker=folium.CircleMarker(radius=7, weight=1.5, fill=True, fill_opacity=0.95),
        tooltip=folium.GeoJsonTooltip(["label"], labels=False, sticky=True),
    )
    drawn.add_to(view)
    return [_row(drawn.get_name(), _FINDINGS[lang == "en"], _SEVERITY_COLORS["warning"], len(placed))]


def _row(variable: str, name: str, color: str, count: int) -> str:
    return (
        f'<label style="--c:{color}"><input type="checkbox" checked value="{safe(name)}" data-layer="{variable}">'
        f'<i class="dp-dot"></i><div>{safe(name)}</div><b>{count}</b></label>'
    )


def _item(shape: Drawn, lang: str) -> str:
    west, south, east, north = shape.geometry.bounds
    bounds = json.dumps([[south, west], [north, east]])
    return (
        f'<li><button class="dp-item" style="--c:{_COLORS[shape.what]}" data-class="{safe(shape.layer)}" '
        f'data-bounds="{bounds}"><i class="dp-dot"></i><div><b>{safe(shape.name)}</b>'
        f"<small>{_WORDS[shape.what][lang == 'en']} · {safe(shape.facts)}</small></div></button></li>"
    )
