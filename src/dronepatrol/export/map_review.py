"""Buttons on the map for what a person says of each issue, and the bar that saves it; ``map_review.js`` moves them."""

import json
from collections.abc import Mapping, Sequence

from dronepatrol.export.map_text import safe
from dronepatrol.model.issue import Issue, IssueStatus

STATUS_WORDS: Mapping[IssueStatus, tuple[tuple[str, str], tuple[str, str]]] = {
    IssueStatus.SUSPECTED: (("疑似", "suspected"), ("尚未复核", "nobody has looked yet")),
    IssueStatus.CONFIRMED: (("属实", "confirmed"), ("确有其物，且构成问题", "it is there, and a problem")),
    IssueStatus.ALLOWED: (("合规", "allowed"), ("确有其物，但不构成问题", "it is there, and no problem")),
    IssueStatus.REJECTED: (("误报", "rejected"), ("并无此物", "there is no such thing")),
}  # fmt: skip
"""The label of each status and what it means, in "zh" and "en"."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "progress": ("已复核 {done} / {all}", "{done} of {all} reviewed"),
    "next": ("下一个", "next"),
    "next_title": ("下一个未复核的问题（按键 N）", "the next issue that nobody has reviewed (key N)"),
    "save": ("保存复核", "save review"),
    "save_title": ("下载 reviewed.csv（编号与结论）", "download reviewed.csv: ids and statuses"),
    "load": ("载入", "load"),
    "load_title": ("载入已保存的 reviewed.csv", "load a reviewed.csv that was saved"),
    "key": ("按键 {key}", "key {key}"),
    "saved": ("reviewed.csv 中有 {count} 条结论。", "reviewed.csv holds {count} reviews."),
    "all_done": ("列表中的问题均已复核。", "Every issue in the list is reviewed."),
    "loaded": (
        "已载入 {count} 条结论；{changed} 条替换了原有结论，{other} 条不在此图中。",
        "{count} reviews loaded; {changed} replaced others, {other} are of issues that are not on this map.",
    ),
    "not_kept": (
        "浏览器无法保留复核结论（存储不可用或已满）：关闭前请点“保存复核”。",
        "This browser cannot keep the review (no storage, or full): save the review before you close the map.",
    ),
    "unreadable": (
        "浏览器中原有的复核结论无法读取，再次标注时将被覆盖；如有 reviewed.csv 请载入。",
        "What this browser had kept cannot be read; the next mark replaces it. Load a reviewed.csv if there is one.",
    ),
    "bad_file": ("{file} 未载入：{why}", "{file} was not loaded: {why}"),
    "bad_csv": ("第 {line} 行不是 CSV。", "line {line} is no CSV."),
    "bad_header": ("首行应含 id 和 status 两列。", "its first line should name the columns id and status."),
    "bad_row": (
        "第 {row} 条：编号“{id}”，状态“{status}”；应为 {expected} 之一。",
        'entry {row}: id "{id}", status "{status}"; expected one of {expected}.',
    ),
    "two_statuses": (
        "第 {row} 条：{id} 为 {status}，前面却是 {before}。",
        "entry {row}: {id} is {status}, but was {before} before.",
    ),
    "too_large": ("文件大于 16 MiB。", "it is larger than 16 MiB."),
}  # fmt: skip


def marks(issue: Issue, lang: str) -> str:
    """Return the HTML of one issue's buttons, one for each status."""
    at = int(lang != "zh")
    buttons = "".join(
        f'<button data-status="{status}" aria-pressed="{str(status is issue.status).lower()}" '
        f'title="{meaning[at]} ({_said("key", lang, key=key)})">{label[at]}</button>'
        for key, (status, (label, meaning)) in enumerate(STATUS_WORDS.items(), start=1)
    )
    return f'<div class="dp-marks" role="group" data-issue="{safe(issue.id)}">{buttons}</div>'


def review_bar(visit: str, issues: Sequence[Issue], lang: str) -> str:
    """Return the HTML of progress, save and load.

    Parameters
    ----------
    visit
        What the review is kept under in the browser: another patrol, or the same one on another day, has another.
    issues
        Those on the map, in any order.
    lang
        "zh" or "en".
    """
    at = int(lang != "zh")
    words = {name: pair[at] for name, pair in _WORDS.items()}
    given = {issue.id: issue.status.value for issue in issues}
    return (
        f'<section id="dp-review" data-visit="{safe(visit)}" data-given="{safe(json.dumps(given))}" '
        f'data-words="{safe(json.dumps(words))}">'
        f'<div><span id="dp-progress"></span><progress id="dp-done" max="{len(given)}" value="0"></progress>'
        f'<button id="dp-next" title="{words["next_title"]}">{words["next"]}</button></div>'
        f'<div><button id="dp-save" title="{words["save_title"]}">{words["save"]}</button>'
        f'<button id="dp-load" title="{words["load_title"]}">{words["load"]}</button>'
        '<input id="dp-file" type="file" accept=".csv,text/csv" hidden></div>'
        '<div id="dp-said" role="status"></div></section>'
    )


def _said(name: str, lang: str, **values: object) -> str:
    return _WORDS[name][int(lang != "zh")].format(**values)
