"""What an issue's popup on the map says; every text that comes from outside passes :func:`safe`."""

import base64
from pathlib import Path

from dronepatrol.export.map_review import marks
from dronepatrol.export.map_text import color, local_time, names, safe, word
from dronepatrol.model.issue import Issue

_MOST_BYTES = 300_000


def popup(issue: Issue, root: Path, lang: str) -> str:
    """Return the HTML of an issue's popup."""
    first, second = names(issue.problem, lang)
    picture = next((_data_uri(root, evidence.crop) for evidence in issue.evidence if evidence.crop), None)
    rows = "".join(f"<tr><th>{word(name, lang)}</th><td>{value}</td></tr>" for name, value in _facts(issue, lang))
    return (
        f'<div class="dp-card" style="--c:{color(issue.problem)}">'
        + (f'<img class="dp-photo" alt="{first}" src="{picture}">' if picture else "")
        + f'<div class="dp-head"><b>{first}</b><span>{second}</span></div>'
        + f'<div class="dp-id">{safe(issue.id)}</div>{marks(issue, lang)}'
        + f"<table>{rows}</table></div>"
    )


def _facts(issue: Issue, lang: str) -> list[tuple[str, str]]:
    share = round(100 * issue.confidence)
    code = f"{safe(issue.problem.code)} <small>{safe(issue.problem.code_system)}</small>"
    if issue.problem.local_extension:
        code += f" <small>({word('nearest code', lang)})</small>"
    seen = [evidence.photo.rsplit("/", 1)[-1] for evidence in issue.evidence]
    shown = ", ".join(safe(photo) for photo in seen[:6]) + (f" +{len(seen) - 6}" if len(seen) > 6 else "")
    return [
        ("code", code),
        ("confidence", f'<span class="dp-bar"><i style="width:{share}%"></i></span> {share} %'),
        ("error", f"{issue.error95_m:.1f} m"),
        ("place", f"{issue.lat_deg:.6f}, {issue.lon_deg:.6f}"),
        ("town", safe(issue.town) if issue.town else word("unknown", lang)),
        ("size", f"{issue.length_m:.1f} × {issue.width_m:.1f} m"),
        ("first", local_time(issue.first_seen, lang)),
        ("last", local_time(issue.last_seen, lang)),
        ("rule", safe(issue.rule)),
        ("photos", f"{issue.observations}: <small>{shown}</small>"),
    ]


def _data_uri(root: Path, crop: str) -> str | None:
    """Return a JPEG inside a folder as a data: URI, None where there is none of a cut-out's size."""
    path = (root / crop).resolve()
    try:
        inside = path.is_relative_to(root.resolve()) and path.stat().st_size <= _MOST_BYTES
        content = path.read_bytes() if inside else b""
    except OSError:
        return None
    if not content.startswith(b"\xff\xd8"):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"
