"""The plan's report and flight cards: as text, in a real browser with the network cut, and on paper."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely

from dronepatrol.export import plan_text
from dronepatrol.export.plan_card import plan_card
from dronepatrol.export.plan_charts import gantt, height_profile, overlap_histogram
from dronepatrol.export.plan_report import plan_report
from dronepatrol.export.plan_sketch import sketch
from dronepatrol.export.plan_text import PlanFacts
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Dock, Finding, Mission, RallyPoint, Sortie, Waypoint
from dronepatrol.model.patrol import Area, Zone, ZoneKind
from dronepatrol.model.proof import Proof, TargetProof
from dronepatrol.store import profiles
from dronepatrol.store.spec import read_spec

EVIL = """</script></title><img src=x onerror="window.evil=1">{% endraw %}{{ 7*7 }}`${window.evil=1}` & <b>"""
FRAME = LocalFrame(121.05, 30.70)
SPEC = read_spec(Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml")


class Hill:
    source = "a hill made up for a test"

    def height_m(self, lonlat):
        metres = FRAME.to_metres(lonlat)
        height = 4 + 30 * np.exp(-((metres / 200) ** 2).sum(axis=-1))
        return np.where(metres[..., 0] > 700, np.nan, height)


def at(east, north):
    lon, lat = FRAME.to_lonlat((east, north))
    return float(lon), float(lat)


def box(*bounds):
    return FRAME.geometry_to_lonlat(shapely.box(*bounds))


def sortie(number: int, drone: str, start_s: float, rally: int = 0) -> Sortie:
    waypoints = []
    for lane in range(4):
        ends = [(-400.0, lane * 50.0 - 150 * number), (400.0, lane * 50.0 - 150 * number)]
        for end, step in zip(ends if lane % 2 == 0 else ends[::-1], (30.0, 0.0), strict=True):
            waypoints.append(Waypoint(*at(*end), 60.0 + 5 * lane, step))
    dock = Dock(f"dock-{number % 2}", "演示机场 " + EVIL, *at(0, -300), 4.0)
    points = tuple(RallyPoint(*at(100 * n, 50), 70.0) for n in range(rally))
    return Sortie(
        f"sortie-{number:02d}", dock, tuple(waypoints), 10.0, 75.0, 4200.0, 560.0, 31.0, 108, drone, start_s, points
    )


def facts(findings: int = 2, rally: int = 2, terrain=None) -> PlanFacts:
    sorties = (sortie(1, "dock-1-1", 0.0, rally), sortie(2, "dock-0-1", 60.0), sortie(3, "dock-1-1", 3100.0))
    said = [
        Finding("RULE", "warning", f"sortie-01: {'a long warning of many words ' * 7}{n}", EVIL, at(50, 50))
        for n in range(findings)
    ]
    said += [Finding("way home", "info", f"sortie-0{n}: the same of each", "look") for n in (1, 2, 3)]
    said.append(Finding("zone", "blocker", EVIL, "ask", at(0, 0)))
    mission = Mission(
        "p-1", 7, "c", "a", "ardupilot", 60.0, 0.03, 50.0, 30.0, (), (), sorties, tuple(said)
    )  # fmt: skip
    hole = tuple(at(*corner) for corner in [(0, 0), (30, 0), (30, 30), (0, 30), (0, 0)])
    targets = (
        TargetProof(EVIL, "m2", 4.8e5, 216, (0.028, 0.03, 0.033), (0.002, *(0.0998,) * 10), ((hole,),)),
        TargetProof("北区", "m2", 1e5, 0, (np.nan,) * 3, (1.0, *(0.0,) * 10), ()),
    )
    places = np.array([at(east, north) for east in range(-400, 401, 50) for north in (-150, 0, 150)])
    quads = places[:, None] + np.array([(-3e-4, 2e-4), (3e-4, 2e-4), (3e-4, -2e-4), (-3e-4, -2e-4)])
    proof = Proof(targets, places, quads, np.full(len(places), 61.0), np.arange(len(places)) % 3, 1.2)
    zones = (
        Zone("n", "禁飞 " + EVIL, box(-60, 20, 60, 90)),
        Zone("h", "limit", box(200, -200, 300, -100), ZoneKind.HEIGHT_LIMIT, 90.0),
    )
    areas = (Area("a", EVIL, box(-420, -350, 420, 60)), Area("b", "北区", box(-420, 60, 420, 200)))
    spec = replace(SPEC, title_zh="平湖市巡查 " + EVIL, title_en="Patrol " + EVIL)
    return PlanFacts(
        spec, mission, proof, areas, zones, profiles.camera("embedded-3mp"), profiles.aircraft("small-quad"), terrain
    )


def test_every_word_is_there_in_both_languages():
    for name, pair in {**plan_text.WORDS, **plan_text.PATTERNS, **plan_text.RULES}.items():
        assert all(pair), name
        assert re.search(r"[\u4e00-\u9fff]", pair[0]), name
        assert not re.search(r"[\u4e00-\u9fff]", pair[1]), name
    assert set(plan_text.PATTERNS) == set(type(SPEC.pattern))


@pytest.mark.parametrize("terrain", [None, Hill()])
def test_pictures_are_well_formed_and_show_everything(terrain):
    plan = facts(terrain=terrain)
    pictures = [gantt(plan, "zh"), overlap_histogram(plan.proof.targets[0].overlap_shares, "en")]
    pictures += [height_profile(one, terrain, "zh") for one in plan.mission.sorties]
    pictures += [sketch(plan, one, "en") for one in plan.mission.sorties]
    trees = [ET.fromstring(picture) for picture in pictures]
    bars = [node for node in trees[0].iter() if node.get("class") == "dp-bar"]
    assert len(bars) == 3
    assert {bar.get("y") for bar in bars} == {bars[0].get("y"), bars[1].get("y")}, "two drones, two rows"
    assert float(bars[2].get("x")) > float(bars[0].get("x")) + float(bars[0].get("width"))
    assert len([node for node in trees[2].iter() if node.get("class") == "photo"]) == 4
    assert len([node for node in trees[-3].iter() if node.get("class") == "lane"]) == 4
    assert "nan" not in "".join(pictures)


def test_times_and_shares_are_never_better_than_they_are():
    start = datetime(2026, 5, 18, 16, 30, tzinfo=UTC)
    assert plan_text.clock(start, 3600) == "01:30"  # China's clock, after midnight
    assert plan_text.percent(1.0) == "100.0 %"
    assert plan_text.percent(0.99999) == "99.99 %"
    assert plan_text.duration(3599, "en") == "1 h 00 min"
    assert plan_text.duration(3540, "zh") == "59 分"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_hold_no_address_and_no_live_text_from_outside(lang):
    plan = facts()
    pages = [plan_report(plan, lang), *(plan_card(plan, one, lang) for one in plan.mission.sorties)]
    for page in pages:
        assert "Content-Security-Policy" in page
        assert "<img src=x" not in page
        assert "{% endraw" not in page
    assert "http" not in "".join(pages[1:]).replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_findings_that_say_the_same_are_one_line():
    page = plan_report(facts(), "en")
    assert "sortie-01, sortie-02, sortie-03: the same of each" in page
    assert page.index("blocker</span></td>") < page.index("warning</span></td>")


def test_findings_are_told_in_the_language_of_the_page():
    plan = facts(findings=0)
    said = Finding("way home", "warning", "sortie-01: too far", "go nearer", at(50, 50), "sortie-01: 太远", "靠近一些")
    plan = replace(plan, mission=replace(plan.mission, findings=(said, replace(said, lonlat=None, rule="REG"))))
    zh, en = plan_report(plan, "zh"), plan_report(plan, "en")
    lon, lat = at(50, 50)
    for page, here, others in [
        (zh, ["返航路线", "太远", "靠近一些", "整个巡查"], ["too far", "go nearer"]),
        (en, ["way home", "too far", "go nearer", "whole patrol"], ["太远", "靠近一些"]),
    ]:
        assert all(text in page for text in [*here, "REG", f"{lat:.5f}, {lon:.5f}"])
        assert not any(text in page for text in others)
    assert "太远" in plan_card(plan, plan.mission.sorties[0], "zh")
    assert "too far" not in plan_card(plan, plan.mission.sorties[0], "zh")
    assert "too far" in plan_card(plan, plan.mission.sorties[0], "en")


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that opens a page with the network cut; afterwards nothing was asked for or complained of."""
    contexts = []

    def open_page(text: str):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_offline(True)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text) if line.type != "log" else None)
        page.goto(path.as_uri())
        contexts.append((context, page))
        return page

    yield open_page
    for context, page in contexts:
        assert page.complaints == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
        assert page.evaluate("window.evil") is None
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_opens_with_map_timetable_and_proof(opened, lang):
    page = opened(plan_report(facts(terrain=Hill()), lang))
    page.wait_for_selector("path.dp-route", state="attached")
    page.wait_for_selector(".dp-north")
    assert page.locator("path.dp-route").count() == 3
    assert page.locator("path.dp-hole").count() == 1
    assert page.locator("path.dp-footprint").count() == 51
    assert page.locator("path.dp-no_fly").count() == 1
    assert page.locator("path.dp-height_limit").count() == 1
    drawn = page.locator("path.dp-route").first.bounding_box()
    view = page.locator(".folium-map").bounding_box()
    assert drawn["width"] > 0.3 * view["width"], "the map shows the patrol"
    for part in ("#checks", "#timetable .dp-gantt .dp-bar >> nth=2", "#coverage .dp-overlap >> nth=1", "#profiles svg"):
        assert page.locator(part).first.bounding_box()["height"] > 10, part
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "onerror" in page.locator("#checks").inner_text(), "the hostile text is shown as text"
    page.locator(".leaflet-control-layers label", has_text="sortie-02").locator("input").uncheck()
    assert page.locator("path.dp-route").count() == 2


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_card_fills_one_a4_page_at_most(opened, lang):
    plan = facts(findings=9, rally=6, terrain=Hill())
    page = opened(plan_card(plan, plan.mission.sorties[0], lang))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 without margins at 96 dpi
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type /Page\b", paper)) == 1
    article, footer = page.locator("article"), page.locator("footer").bounding_box()
    assert article.evaluate("node => node.scrollHeight <= node.clientHeight + 1"), "nothing is cut off"
    assert article.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), "nothing sticks out"
    assert footer["y"] + footer["height"] <= 1047
    words = article.inner_text()
    assert "sortie-01" in words
    assert "75 m" in words  # the return height
    assert all(f"R{number}" in words for number in range(1, 7)), "every rally point that is drawn is listed"
    assert "RTL_ALT = 7500 (cm)" in words
