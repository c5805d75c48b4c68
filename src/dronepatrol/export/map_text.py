"""Words and small pieces of HTML on the map; every text that comes from outside passes :func:`safe`."""

import html
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dronepatrol.model.issue import ProblemClass

LOCAL_TIME = ZoneInfo("Asia/Shanghai")

WORDS: Mapping[str, tuple[str, str]] = {
    "issues": ("疑似问题", "suspected issues"),
    "photos": ("照片", "photos"),
    "search": ("搜索编号、类别、街镇…", "search id, class, town …"),
    "area": ("巡查区域", "patrol area"),
    "no-fly": ("禁飞区", "no-fly zones"),
    "footprints": ("照片覆盖范围", "photo footprints"),
    "positions": ("拍摄位置", "photo positions"),
    "ellipses": ("95% 误差椭圆", "95 % error ellipses"),
    "towns": ("街镇", "towns"),
    "docks": ("机场", "docks"),
    "route": ("航线", "route"),
    "code": ("国标代码", "national code"),
    "confidence": ("置信度", "confidence"),
    "error": ("95% 误差半径", "95 % error radius"),
    "first": ("首次发现", "first seen"),
    "last": ("最近发现", "last seen"),
    "place": ("位置", "place"),
    "size": ("尺寸", "size"),
    "town": ("所属街镇", "town"),
    "rule": ("登记核对", "register check"),
    "nearest code": ("最接近代码，本地扩展", "nearest code, local extension"),
    "unknown": ("未知", "unknown"),
    "none": ("没有发现疑似问题", "no suspected issues"),
    "thinned": ("每 {step} 张显示 1 张", "one of every {step} shown"),
    "north": ("北", "N"),
    "notice": ("所有问题均为疑似，须经人工确认。", "All issues are suspected until a person confirms them."),
}  # fmt: skip

COLORS = {
    "09009": "#d7263d",
    "09010": "#f46036",
    "09011": "#e6a700",
    "09006": "#8f3faf",
    "06001": "#1b6ec2",
    "06010": "#2e933c",
    "06011": "#6b4226",
    "06036": "#c2408f",
    "08004": "#b08d57",
    "06020": "#3d3d3d",
    "06025": "#0097a7",
}
"""Marker colours by national code; others are grey."""
GREY = "#5b6770"


def color(problem: ProblemClass) -> str:
    """Return the colour of a class's markers."""
    return COLORS.get(problem.code, GREY)


def word(name: str, lang: str) -> str:
    """Return a label in "zh" or "en"."""
    return WORDS[name][0 if lang == "zh" else 1]


def safe(text: object) -> str:
    """Return text that is only text in HTML, in attributes, in JavaScript template strings and in Jinja templates."""
    escaped = html.escape(str(text), quote=True)
    for sign in "`$\\{}":
        escaped = escaped.replace(sign, f"&#{ord(sign)};")
    return escaped


def names(problem: ProblemClass, lang: str) -> tuple[str, str]:
    """Return the class's name in the map's language, then in the other."""
    pair = safe(problem.zh), safe(problem.en)
    return pair if lang == "zh" else (pair[1], pair[0])


def local_time(when: datetime | None, lang: str) -> str:
    """Return a time as screens show it: in Asia/Shanghai, to the second."""
    return word("unknown", lang) if when is None else when.astimezone(LOCAL_TIME).strftime("%Y-%m-%d %H:%M:%S (UTC+8)")
