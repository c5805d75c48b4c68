"""Flight cards: one A4 page per sortie for the pilot, printed or on a phone, with no network."""

from importlib import resources

import numpy as np

from dronepatrol.export.map_text import LOCAL_TIME, safe
from dronepatrol.export.plan_charts import height_profile
from dronepatrol.export.plan_sketch import sketch
from dronepatrol.export.plan_text import (
    CHECKLISTS,
    SEVERITY_COLORS,
    PlanFacts,
    clock,
    duration,
    row_name,
    word,
)
from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.returning import return_parameter

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MOST_FINDINGS = 3
_MOST_SIGNS = 180
_MOST_ALTERNATES = 6
_MOST_PLACES = 11
_NEAR_M = 5000.0
"""Docks further away are no alternates."""

Rows = list[tuple[str, str]]


def plan_card(facts: PlanFacts, sortie: Sortie, lang: str = "zh") -> str:
    """Return the page of one sortie's card.

    Parameters
    ----------
    facts
        The plan and its proof.
    sortie
        One of its sorties.
    lang
        "zh" or "en".
    """
    style = resources.files("dronepatrol.export").joinpath("card.css").read_text(encoding="utf-8")
    title = facts.spec.title_zh if lang == "zh" else facts.spec.title_en
    profile = height_profile(sortie, facts.terrain, lang, 760, 108)
    tables = (
        _block("heights", _heights(facts, sortie, lang), lang)
        + _block("battery", _battery(facts, sortie, lang), lang)
        + _block("wind", _wind(facts, lang), lang)
    )
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{safe(sortie.id)} {safe(title)}</title><style>\n{style}</style></head><body><article>"
        f"{_top(facts, sortie, title, lang)}"
        f'<div class="dp-columns"><div>{sketch(facts, sortie, lang)}</div><div>{tables}</div></div>'
        f"{_alternates(facts, sortie, lang)}"
        f'<div class="dp-strip">{profile}</div>{_attention(facts, sortie, lang)}{_checklists(lang)}{_signatures(lang)}'
        f"</article></body></html>"
    )


def _top(facts: PlanFacts, sortie: Sortie, title: str, lang: str) -> str:
    day = facts.spec.start.astimezone(LOCAL_TIME).strftime("%Y-%m-%d")
    start, end = sortie.start_s, sortie.start_s + sortie.planned_time_s
    said = (
        (word("dock", lang), safe(sortie.dock.name)),
        (word("drone", lang), safe(f"{row_name(sortie)} · {facts.aircraft.name}")),
        (word("take-off", lang), f"{day} {clock(facts.spec.start, start)}"),
        (word("landing", lang), clock(facts.spec.start, end)),
    )
    facts_line = "".join(f"<div><span>{name}</span><b>{value}</b></div>" for name, value in said)
    return (
        f"<header><div><small>{word('card', lang)}</small><h1>{safe(sortie.id)}</h1></div>"
        f"<p>{safe(title)}<br><small>{safe(facts.mission.patrol_id)}</small></p></header>"
        f'<div class="dp-facts">{facts_line}</div>'
    )


def _block(name: str, rows: Rows, lang: str) -> str:
    lines = "".join(f"<tr><th><div>{label}</div></th><td>{value}</td></tr>" for label, value in rows)
    return f"<h2>{word(name, lang)}</h2><table>{lines}</table>"


def _heights(facts: PlanFacts, sortie: Sortie, lang: str) -> Rows:
    heights = [waypoint.height_m for waypoint in sortie.waypoints]
    low, high = min(heights), max(heights)
    mine = facts.proof.sortie == facts.mission.sorties.index(sortie)
    above = facts.proof.above_ground_m[mine]
    rows = [
        (word("flying height", lang), _span(low, high)),
        (word("return height", lang), f"<b>{sortie.return_height_m:.0f} m</b>"),
        (word("parameter", lang), return_parameter(facts.mission.autopilot, sortie.return_height_m) or "-"),
        (word("dock amsl", lang), f"{sortie.dock.ground_amsl_m:.1f} m"),
        (word("highest amsl", lang), f"{sortie.dock.ground_amsl_m + max(high, sortie.return_height_m):.0f} m"),
        (word("speed", lang), f"{sortie.speed_m_s:.1f} m/s"),
        (word("length", lang), f"{sortie.planned_length_m / 1000:.2f} km · {duration(sortie.planned_time_s, lang)}"),
        (word("photos", lang), f"{sortie.planned_photos:,} · {len(sortie.waypoints)} {word('waypoints', lang)}"),
    ]
    if len(above):
        rows.insert(1, (word("above ground", lang), _span(float(above.min()), float(above.max()))))
    return rows


def _span(low: float, high: float) -> str:
    return f"<b>{low:.0f} m</b>" if round(low) == round(high) else f"<b>{low:.0f} - {high:.0f} m</b>"


def _battery(facts: PlanFacts, sortie: Sortie, lang: str) -> Rows:
    craft = facts.aircraft
    used = sortie.planned_energy_wh / craft.battery_wh
    return [
        (word("capacity", lang), f"{craft.battery_wh:.1f} Wh"),
        (word("planned use", lang), f"{sortie.planned_energy_wh:.1f} Wh ({100 * used:.0f} %)"),
        (word("left at landing", lang), f"<b>{100 * (1 - used):.0f} %</b>"),
        (word("reserve", lang), f"{100 * craft.reserve_share:.0f} %"),
    ]


def _wind(facts: PlanFacts, lang: str) -> Rows:
    spec = facts.spec
    forecast = f"{spec.wind_m_s:.1f} m/s, {spec.wind_from_deg:.0f}°" if spec.wind_m_s > 0 else word("calm", lang)
    return [(word("forecast", lang), forecast), (word("limit", lang), f"{facts.aircraft.max_wind_m_s:.1f} m/s")]


def _alternates(facts: PlanFacts, sortie: Sortie, lang: str) -> str:
    """Return where else one may land, with the way there from the dock: rally points, then the nearest docks."""
    dock = sortie.dock
    rally = [(f"R{number}", point.lon_deg, point.lat_deg) for number, point in enumerate(sortie.rally, start=1)]
    other = {one.dock.id: one.dock for one in facts.mission.sorties if one.dock.id != dock.id}
    docks = [(safe(one.id), one.lon_deg, one.lat_deg) for one in other.values()]
    docks = [place for place in docks if _way(sortie, *place[1:])[1] < _NEAR_M]
    docks.sort(key=lambda place: _way(sortie, *place[1:])[1])
    places = [*rally, *docks[: max(_MOST_ALTERNATES - len(rally), 0)]]
    cells = []
    for name, lon, lat in places[:_MOST_PLACES]:
        azimuth, away = _way(sortie, lon, lat)
        cells.append(f"<div><b>{name}</b><span>{lat:.5f}, {lon:.5f} · {azimuth:.0f}° {away:,.0f} m</span></div>")
    if len(places) > _MOST_PLACES:
        cells.append(f"<div><b>+ {len(places) - _MOST_PLACES}</b><span>{word('in the report', lang)}</span></div>")
    listed = "".join(cells) or word("none", lang)
    height = f"<small>{word('rally', lang)} {sortie.rally[0].height_m:.0f} m</small>" if sortie.rally else ""
    return f'<div class="dp-else"><h2>{word("alternates", lang)}{height}</h2><div>{listed}</div></div>'


def _way(sortie: Sortie, lon_deg: float, lat_deg: float) -> tuple[float, float]:
    azimuth, _, away = WGS84.inv(sortie.dock.lon_deg, sortie.dock.lat_deg, lon_deg, lat_deg)
    return float(np.mod(azimuth, 360.0)), float(away)


def _attention(facts: PlanFacts, sortie: Sortie, lang: str) -> str:
    """Return the blockers and warnings that name this sortie, then those that name none."""
    serious = [finding for finding in facts.mission.findings if finding.severity != "info"]
    others = {one.id for one in facts.mission.sorties} - {sortie.id}
    mine = [finding for finding in serious if sortie.id in finding.message.replace(":", " ").split()]
    general = [one for one in serious if not others & set(one.message.replace(":", " ").split()) and one not in mine]
    order = list(SEVERITY_COLORS)
    shown = sorted(mine + general, key=lambda one: order.index(one.severity))[:_MOST_FINDINGS]
    if not shown:
        return ""
    lines = "".join(_attention_line(finding, lang) for finding in shown)
    return f'<div class="dp-mind"><h2>{word("attention", lang)}</h2><ul>{lines}</ul></div>'


def _attention_line(finding: Finding, lang: str) -> str:
    color = SEVERITY_COLORS[finding.severity]
    return f'<li><em style="--c:{color}">{word(finding.severity, lang)}</em> {safe(_short(finding.said(lang)[0]))}</li>'


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]} …"


def _checklists(lang: str) -> str:
    which = 0 if lang == "zh" else 1
    parts = []
    for name, items in CHECKLISTS.items():
        lines = "".join(f"<li>{item[which]}</li>" for item in items)
        parts.append(f'<div class="dp-{name}"><h2>{word(name, lang)}</h2><ul>{lines}</ul></div>')
    return f'<div class="dp-checks">{"".join(parts)}</div>'


def _signatures(lang: str) -> str:
    names = ("pilot", "signed", "actual times", "remarks")
    return f"<footer>{''.join(f'<div>{word(name, lang)}</div>' for name in names)}</footer>"
