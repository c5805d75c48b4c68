"""``report.html``: the whole plan on one page that opens with no network, to be read, printed and handed round."""

import re
from typing import cast

import numpy as np
from branca.element import Element, Figure

from dronepatrol.export.map_assets import head
from dronepatrol.export.map_text import LOCAL_TIME, safe
from dronepatrol.export.plan_charts import gantt, height_profile, overlap_histogram
from dronepatrol.export.plan_map import plan_map
from dronepatrol.export.plan_text import (
    PATTERNS,
    SEVERITY_COLORS,
    SORTIE_COLORS,
    PlanFacts,
    clock,
    counted,
    duration,
    percent,
    place,
    row_name,
    rule_name,
    size,
    target_name,
    word,
)
from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.proof import TargetProof

_OF_A_SORTIE = re.compile(r"(sortie-\d+): ?(.*)", re.DOTALL)
_MOST_NAMES = 8
_WIDE = 1080
_FEW = 6
"""Up to so many sorties have profiles over the whole width, more have half of it each."""
MOST_PROFILES = 40
"""The report shows the height profiles of so many sorties; every card has its own."""


def plan_report(facts: PlanFacts, lang: str = "zh") -> str:
    """Return the text of the page.

    Parameters
    ----------
    facts
        The plan and its proof.
    lang
        "zh" or "en".
    """
    view = plan_map(facts, lang)
    figure = cast("Figure", view.get_root())
    figure.title = safe(_titles(facts, lang)[0])
    figure.header.add_child(Element("{% raw %}" + head("plan") + "{% endraw %}"))
    body = _top(facts, lang) + _figures(facts, lang) + _sections(facts, lang)
    figure.html.add_child(Element("{% raw %}" + body + "{% endraw %}"))
    return str(figure.render())


def _titles(facts: PlanFacts, lang: str) -> tuple[str, str]:
    titles = (facts.spec.title_zh, facts.spec.title_en)
    return titles if lang == "zh" else (titles[1], titles[0])


def _top(facts: PlanFacts, lang: str) -> str:
    first, second = _titles(facts, lang)
    spec = facts.spec
    pattern = PATTERNS[spec.pattern.value][0 if lang == "zh" else 1]
    said = {
        "start": spec.start.astimezone(LOCAL_TIME).strftime("%Y-%m-%d %H:%M (UTC+8)"),
        "aircraft": facts.aircraft.name,
        "camera": facts.camera.name,
        "autopilot": facts.mission.autopilot,
        "pattern": pattern,
        "ground": facts.terrain.source if facts.terrain is not None else word("level ground", lang),
        "seed": str(facts.mission.seed),
    }
    lines = "".join(f"<span>{word(key, lang)} <b>{safe(value)}</b></span>" for key, value in said.items())
    below = f"{safe(second)} · {word('report', lang)} · {safe(facts.mission.patrol_id)}"
    return (
        f'<header id="dp-top" data-north="{word("north", lang)}"><div class="dp-wide">'
        f"<h1>{safe(first)}<small>{below}</small></h1>"
        f"<p>{lines}</p></div></header>"
    )


def _figures(facts: PlanFacts, lang: str) -> str:
    sorties, targets = facts.mission.sorties, facts.proof.targets
    drones = len({row_name(sortie) for sortie in sorties})
    counts = counted(facts.mission.findings)
    flown_s = sum(sortie.planned_time_s for sortie in sorties)
    length_km = sum(sortie.planned_length_m for sortie in sorties) / 1000
    whole = sum(target.size for target in targets)
    unit = targets[0].unit if targets else "m2"
    severities = " ".join(
        f'<span class="dp-chip" style="--c:{color}">{counts[name]}</span>' for name, color in SEVERITY_COLORS.items()
    )
    figures = (
        (size(whole, unit, lang), word("area" if unit == "m2" else "target", lang)),
        (percent(facts.covered_share), word("covered", lang)),
        (f"{len(facts.proof.lonlat):,}", word("photos", lang)),
        (f"{len(sorties)} <em>· {drones} {word('drones', lang)}</em>", word("sorties", lang)),
        (duration(facts.makespan_s, lang), word("makespan", lang)),
        (f"{duration(flown_s, lang)} <em>· {length_km:.1f} km</em>", word("air time", lang)),
        (f"{facts.mission.gsd_m * 100:.1f} cm", word("gsd", lang)),
        (severities, f"{word('findings', lang)}: " + " / ".join(word(name, lang) for name in SEVERITY_COLORS)),
    )
    boxes = "".join(f'<div class="dp-figure"><b>{value}</b><span>{label}</span></div>' for value, label in figures)
    return f'<div id="dp-figures" class="dp-wide">{boxes}</div>'


def _sections(facts: PlanFacts, lang: str) -> str:
    parts = [
        _checks(facts.mission.findings, lang),
        _timetable(facts, lang),
        _coverage(facts, lang),
        _heights(facts, lang),
    ]
    method = word("method", lang).format(cell=f"{facts.proof.cell_m:.1f}")
    return f'<main class="dp-wide">{"".join(parts)}</main><footer class="dp-wide">{method}</footer>'


def _timetable(facts: PlanFacts, lang: str) -> str:
    names = ("sorties", "drone", "dock", "take-off", "landing", "duration", "length", "photos", "energy")
    header = "".join(f"<th{' class=num' if name in names[5:8] else ''}>{word(name, lang)}</th>" for name in names)
    rows = "".join(_sortie_row(facts, number, sortie, lang) for number, sortie in enumerate(facts.mission.sorties))
    return (
        f'<section id="timetable"><h2>{word("timetable", lang)}</h2>{gantt(facts, lang)}'
        f'<div class="dp-scroll"><table><tr>{header}</tr>{rows}</table></div></section>'
    )


def _sortie_row(facts: PlanFacts, number: int, sortie: Sortie, lang: str) -> str:
    share = sortie.planned_energy_wh / facts.aircraft.usable_wh
    color = SORTIE_COLORS[number % len(SORTIE_COLORS)]
    start = facts.spec.start
    return (
        f'<tr><td class="nobr"><i class="dp-dot" style="--c:{color}"></i>{safe(sortie.id)}</td>'
        f"<td>{safe(sortie.drone or '-')}</td><td>{safe(sortie.dock.name)}</td>"
        f"<td>{clock(start, sortie.start_s)}</td><td>{clock(start, sortie.start_s + sortie.planned_time_s)}</td>"
        f'<td class="num">{duration(sortie.planned_time_s, lang)}</td>'
        f'<td class="num">{sortie.planned_length_m / 1000:.2f} km</td><td class="num">{sortie.planned_photos:,}</td>'
        f'<td class="nobr">{sortie.planned_energy_wh:.1f} Wh <span class="dp-use" title="{word("of usable", lang)}">'
        f'<i style="width:{min(100 * share, 100):.0f}%"></i></span> {100 * share:.0f} %</td></tr>'
    )


def _checks(findings: tuple[Finding, ...], lang: str) -> str:
    title = f'<section id="checks"><h2>{word("findings", lang)}</h2>'
    if not findings:
        return f"{title}<p>{word('no findings', lang)}</p></section>"
    rows = "".join(
        f'<tr><td><span class="dp-chip" style="--c:{SEVERITY_COLORS[one.severity]}">{word(one.severity, lang)}</span>'
        f'</td><td class="nobr">{safe(rule_name(one.rule, lang))}</td><td>{safe(said)}</td>'
        f'<td>{safe(one.said(lang)[1])}</td><td class="nobr">{place(one, lang)}</td></tr>'
        for one, said in _gathered(findings, lang)
    )
    header = "".join(f"<th>{word(name, lang)}</th>" for name in ("severity", "rule", "finding", "to do", "place"))
    return f'{title}<div class="dp-scroll"><table><tr>{header}</tr>{rows}</table></div></section>'


def _gathered(findings: tuple[Finding, ...], lang: str) -> list[tuple[Finding, str]]:
    """Return findings, worst first, with what they say; those that say the same of several sorties become one."""
    groups: dict[tuple[str, ...], list[tuple[Finding, str]]] = {}
    for one in findings:
        text, what_to_do = one.said(lang)
        told = _OF_A_SORTIE.fullmatch(text)
        sortie, message = (told[1], told[2]) if told else ("", text)
        groups.setdefault((one.severity, one.rule, message, what_to_do), []).append((one, sortie))
    order = list(SEVERITY_COLORS)
    found = []
    for (_, _, message, _), members in sorted(groups.items(), key=lambda group: order.index(group[0][0])):
        names = list(dict.fromkeys(sortie for _, sortie in members if sortie))
        more = f" + {len(names) - _MOST_NAMES}" if len(names) > _MOST_NAMES else ""
        said = f"{', '.join(names[:_MOST_NAMES])}{more}: {message}" if names else message
        found.append((members[0][0], said))
    return found


def _coverage(facts: PlanFacts, lang: str) -> str:
    names = ("target", "size", "covered", "holes", "photos", "gsd three")
    header = "".join(f"<th>{word(name, lang)}</th>" for name in names)
    rows = "".join(_target_row(target, lang) for target in facts.proof.targets)
    pictures = "".join(
        f"<div><h3>{safe(target_name(target, lang))}</h3>{overlap_histogram(target.overlap_shares, lang)}</div>"
        for target in facts.proof.targets
    )
    return (
        f'<section id="coverage"><h2>{word("coverage", lang)}</h2>'
        f'<div class="dp-scroll"><table><tr>{header}</tr>{rows}</table></div>'
        f'<p class="dp-note">{word("overlap", lang)}</p><div class="dp-targets">{pictures}</div></section>'
    )


def _target_row(target: TargetProof, lang: str) -> str:
    missed = target.size * target.overlap_shares[0]
    unseen = f"{missed:,.0f} {'m²' if target.unit == 'm2' else 'm' if target.unit == 'm' else ''}"
    gsd = " / ".join("-" if np.isnan(value) else f"{value * 100:.1f}" for value in target.gsd_m)
    return (
        f"<tr><td>{safe(target_name(target, lang))}</td><td>{size(target.size, target.unit, lang)}</td>"
        f"<td>{percent(target.covered_share)}</td>"
        f"<td>{f'{len(target.holes)} · {unseen}' if target.holes else word('none', lang)}</td>"
        f"<td>{target.photos:,}</td><td>{gsd} cm</td></tr>"
    )


def _heights(facts: PlanFacts, lang: str) -> str:
    sorties = facts.mission.sorties
    width = _WIDE if len(sorties) <= _FEW else _WIDE // 2
    pictures = "".join(
        f"<div><h3>{safe(one.id)}<small>{safe(one.dock.name)}</small></h3>"
        f"{height_profile(one, facts.terrain, lang, width)}</div>"
        for one in sorties[:MOST_PROFILES]
    )
    left = len(sorties) - MOST_PROFILES
    more = f'<p class="dp-note">{word("more profiles", lang).format(count=left)}</p>' if left > 0 else ""
    keys = (("photo leg", "#0b5c8a"), ("flight line", "#7a8a94"), ("terrain line", "#8d8266"))
    legend = "".join(f'<span><i style="--c:{color}"></i>{word(name, lang)}</span>' for name, color in keys)
    return (
        f'<section id="profiles"><h2>{word("profiles", lang)}</h2><div class="dp-legend">{legend}</div>'
        f'<div class="dp-profiles" style="--w:{width // 2}px">{pictures}</div>{more}</section>'
    )
