"""The map to hand round: one HTML file that opens in a browser with no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import folium
import pandas as pd
import shapely
from branca.element import Element, Figure
from folium.plugins import MarkerCluster
from shapely.geometry.base import BaseGeometry

from dronepatrol.export.map_assets import head
from dronepatrol.export.map_layers import Route, collection, ellipses, footprints, positions, read_route
from dronepatrol.export.map_popup import popup
from dronepatrol.export.map_review import marks, review_bar
from dronepatrol.export.map_text import color, names, safe, word
from dronepatrol.files import write_text
from dronepatrol.model.issue import Issue, ProblemClass

_ROUTE_COLORS = ("#0b5c8a", "#c05600", "#28724f", "#7a3e9d", "#9c2f45", "#3f6212")
_MAX_ZOOM = 23


@dataclass(frozen=True, slots=True)
class MapSheet:
    """What a map is of.

    ``root`` is the patrol folder, which cut-outs' paths are relative to; the browser keeps the review under ``visit``
    (see :func:`dronepatrol.patrol.reviews.visit_of`); ``title`` stands above the map; ``lang``, "zh" or "en", comes
    first where both are shown.
    """

    root: Path
    visit: str
    title: str
    lang: str = "zh"


def write_map(
    path: Path, issues: Sequence[Issue], shots: pd.DataFrame, route: dict[str, Any] | None, sheet: MapSheet
) -> None:
    """Write the map of a patrol.

    Parameters
    ----------
    path
        The HTML file.
    issues
        What was found; cut-outs named in their evidence are put into the file.
    shots
        ``tables.SHOTS``: positions and footprints.
    route
        GeoJSON of the mission (lines, areas, no-fly zones, docks), None where there was none.
    sheet
        Where its files lie, and its texts.

    Raises
    ------
    InputError
        When the route cannot be read.
    StorageError
        When the file cannot be written.
    """
    write_text(path, _map_html(issues, shots, route, sheet))


def _map_html(issues: Sequence[Issue], shots: pd.DataFrame, route: dict[str, Any] | None, sheet: MapSheet) -> str:
    lang = sheet.lang
    view = folium.Map(tiles=None, zoom_control="topleft", font_size="14px")
    view.default_js, view.default_css = [], []
    view.options["maxZoom"] = _MAX_ZOOM
    view.options["zoomSnap"] = 0.25
    parts = read_route(route)
    _add_background(view, parts, shots, lang)
    _add_shapes(
        view, ellipses(issues, lang), word("ellipses", lang), "#d7263d", weight=1.2, fillOpacity=0.08, smoothFactor=0
    )
    panel = _add_issues(view, issues, sheet)
    folium.LayerControl(collapsed=False).add_to(view)
    _fit(view, issues, shots, parts)
    figure = cast("Figure", view.get_root())
    figure.title = safe(sheet.title)
    figure.header.add_child(Element("{% raw %}" + head("map", "map_review") + "{% endraw %}"))
    figure.html.add_child(Element(_title(sheet.title, issues, shots, lang) + panel))
    return str(figure.render())


def _add_background(view: folium.Map, parts: Route, shots: pd.DataFrame, lang: str) -> None:
    """Add everything below the issues, from the bottom up."""
    _add_shapes(
        view,
        parts.areas,
        word("area", lang),
        "#17252f",
        weight=2,
        dashArray="7 5",
        fillColor="#ffffff",
        fillOpacity=0.75,
    )
    seen, step = footprints(shots, lang)
    _add_shapes(
        view,
        seen,
        _thinned("footprints", step, lang),
        "#3f7fa6",
        weight=0.7,
        opacity=0.55,
        fillOpacity=0.015,
        className="dp-footprint",
    )
    _add_shapes(view, parts.nofly, word("no-fly", lang), "#b3261e", weight=2, fillOpacity=0.25, className="dp-nofly")
    for number, (name, shape) in enumerate(parts.sorties):
        label = f"{word('route', lang)} {name}".strip()
        _add_shapes(
            view,
            [(label, shape)],
            label,
            _ROUTE_COLORS[number % len(_ROUTE_COLORS)],
            weight=1.8,
            opacity=0.8,
            fill=False,
        )
    taken, step = positions(shots, lang)
    _add_points(view, taken, _thinned("positions", step, lang), "#3f7fa6", radius=2.5)
    _add_points(view, parts.docks, word("docks", lang), "#17252f", radius=6)


def _thinned(name: str, step: int, lang: str) -> str:
    label = word(name, lang)
    return label if step == 1 else f"{label} ({word('thinned', lang).format(step=step)})"


def _add_shapes(
    view: folium.Map, shapes: Sequence[tuple[str, BaseGeometry]], name: str, ink: str, **style: Any
) -> None:
    """Add one layer of outlines; ``style`` are Leaflet's path options."""
    if not shapes:
        return
    whole = {"color": ink, "fillColor": ink, **style}
    folium.GeoJson(
        collection(shapes),
        name=f'<span class="dp-key" style="--c:{ink}"></span>{name}',
        style_function=lambda _: whole,
        tooltip=folium.GeoJsonTooltip(["label"], labels=False, sticky=True)
        if any(label for label, _ in shapes)
        else None,
    ).add_to(view)


def _add_points(
    view: folium.Map, points: Sequence[tuple[str, BaseGeometry]], name: str, ink: str, radius: float
) -> None:
    if not points:
        return
    folium.GeoJson(
        collection(points),
        name=f'<span class="dp-key" style="--c:{ink}"></span>{name}',
        marker=folium.CircleMarker(
            radius=radius, color="#ffffff", weight=0.6, fill=True, fill_color=ink, fill_opacity=0.9
        ),
        tooltip=folium.GeoJsonTooltip(["label"], labels=False),
    ).add_to(view)


def _add_issues(view: folium.Map, issues: Sequence[Issue], sheet: MapSheet) -> str:
    """Add the issues' markers, clustered by class, and return the HTML of the panel that lists them."""
    lang = sheet.lang
    by_class: dict[ProblemClass, list[Issue]] = {}
    for issue in issues:
        by_class.setdefault(issue.problem, []).append(issue)
    rows, items = [], []
    for problem, members in by_class.items():
        layer = MarkerCluster(  # type: ignore[no-untyped-call]
            control=False,
            icon_create_function="dpCluster",
            max_cluster_radius=28,
            disable_clustering_at_zoom=19,
            show_coverage_on_hover=False,
            animate=False,
        )
        layer.default_js, layer.default_css = [], []
        layer.add_to(view)
        rows.append(_class_row(problem, len(members), layer.get_name(), lang))
        for issue in members:
            marker = _marker(issue, sheet).add_to(layer)
            items.append((-issue.confidence, issue.id, _item(issue, marker.get_name(), layer.get_name(), lang)))
    listed = "".join(text for _, _, text in sorted(items)) or f'<li class="dp-none">{word("none", lang)}</li>'
    return (
        f'<aside id="dp-panel" data-north="{word("north", lang)}"><div id="dp-classes">{"".join(rows)}</div>'
        f'<input id="dp-search" type="search" placeholder="{word("search", lang)}">'
        f'<ul id="dp-list">{listed}</ul>{review_bar(sheet.visit, issues, lang) if issues else ""}'
        f'<div id="dp-notice">{word("notice", lang)}</div></aside>'
    )


def _marker(issue: Issue, sheet: MapSheet) -> folium.Marker:
    pin = f'<div class="dp-pin" style="--c:{color(issue.problem)}"></div>'
    return folium.Marker(
        (issue.lat_deg, issue.lon_deg),
        icon=folium.DivIcon(
            html=pin,
            icon_size=(16, 16),
            icon_anchor=(8, 8),
            popup_anchor=(0, -6),
            class_name=f"dp-icon dp-{issue.status}",
        ),
        popup=folium.Popup(popup(issue, sheet.root, sheet.lang), max_width=330),
        tooltip=names(issue.problem, sheet.lang)[0],
    )


def _class_row(problem: ProblemClass, count: int, layer: str, lang: str) -> str:
    first, second = names(problem, lang)
    return (
        f'<label style="--c:{color(problem)}"><input type="checkbox" checked value="{safe(problem.id)}" '
        f'data-layer="{layer}"><i class="dp-dot"></i><div>{first}<small>{second}</small></div><b>{count}</b></label>'
    )


def _item(issue: Issue, marker: str, layer: str, lang: str) -> str:
    town = f"{safe(issue.town)} · " if issue.town else ""
    return (
        f'<li><button class="dp-item" style="--c:{color(issue.problem)}" data-class="{safe(issue.problem.id)}" '
        f'data-issue="{safe(issue.id)}" data-marker="{marker}" data-layer="{layer}"><i class="dp-dot"></i><div>'
        f"<span><b>{names(issue.problem, lang)[0]}</b><em>{round(100 * issue.confidence)} %</em></span>"
        f"<small>{town}± {issue.error95_m:.1f} m · {safe(issue.id)}</small></div></button>{marks(issue, lang)}</li>"
    )


def _title(title: str, issues: Sequence[Issue], shots: pd.DataFrame, lang: str) -> str:
    photos = int((shots["photo"] != "").sum())
    return (
        f'<header id="dp-title"><h1>{safe(title)}</h1><div class="dp-grow"></div>'
        f"<span>{len(issues)} {word('issues', lang)}</span><span>{photos} {word('photos', lang)}</span></header>"
    )


def _fit(view: folium.Map, issues: Sequence[Issue], shots: pd.DataFrame, parts: Route) -> None:
    """Show the area and the issues, or the photos where there is neither."""
    shapes = [shape for _, shape in parts.areas] or [shape for _, shape in footprints(shots, "en")[0]]
    shapes += [shapely.Point(issue.lon_deg, issue.lat_deg) for issue in issues]
    shapes = shapes or [shape for _, shape in positions(shots, "en")[0]]
    if shapes:
        west, south, east, north = shapely.total_bounds(shapes)
        view.fit_bounds([(south, west), (north, east)], padding_top_left=(60, 24), padding_bottom_right=(220, 40))
