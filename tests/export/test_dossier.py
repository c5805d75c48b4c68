"""The filing dossier: 13 items, what is known filled in, what is missing named, nothing taken as markup."""

import re
import tomllib
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from importlib import resources

import pytest

from dronepatrol.export.dossier import dossier, dossier_items, missing
from dronepatrol.model.mission import Dock, Mission, RallyPoint, Sortie, Waypoint
from dronepatrol.model.patrol import Fleet, PatrolSpec
from dronepatrol.store import profiles

DOCK = Dock("dock-1", "机场 <b>", 121.05, 30.70, 4.0)
SORTIE = Sortie(
    "sortie-01",
    DOCK,
    (Waypoint(121.051, 30.701, 80.0, 20.0), Waypoint(121.052, 30.705, 80.0)),
    8.0,
    90.0,
    1500.0,
    300.0,
    20.0,
    30,
    drone="d1",
    rally=(RallyPoint(121.0533, 30.7044, 90.0),),
)
RING = ((121.05, 30.70), (121.06, 30.70), (121.06, 30.71), (121.05, 30.70))
MISSION = Mission("p", 1, "embedded-3mp", "small-quad", "ardupilot", 80.0, 0.04, 40.0, 20.0, ((RING,),), (), (SORTIE,))


@pytest.fixture
def spec():
    return PatrolSpec(
        id="p",
        title_zh="巡查",
        title_en="patrol",
        seed=1,
        start=datetime.fromisoformat("2026-05-18T01:30:00+00:00"),
        area_files=(),
        nofly_file=None,
        towns_file=None,
        register_files={},
        camera="embedded-3mp",
        aircraft="small-quad",
        fleet=Fleet((DOCK,)),
        gsd_m=0.04,
        front_overlap=0.6,
        side_overlap=0.5,
        operator={key: f"value of {key}" for item in dossier_items() for key in item.need},
    )


def page(spec):
    return dossier(MISSION, spec, profiles.aircraft("small-quad"))


class Strict(HTMLParser):
    """Every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, _attrs):
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_what_the_operator_states_has_a_chinese_label(spec):
    keys = {key for item in dossier_items() for key in (*item.need, *item.may)}
    text = page(replace(spec, operator=dict.fromkeys(keys, "x")))
    labels = re.findall(r"<tr><td>([^<]+)</td><td>x</td>", text)
    assert len(labels) >= len(keys)
    assert all(re.search("[一-鿿]", label) for label in labels), labels


def test_all_13_items_are_there_in_both_languages(spec):
    headings = re.findall(r"<h2>(\d+)\. (.+?) <small>(.+?)</small></h2>", page(spec))
    assert [int(number) for number, _, _ in headings] == list(range(1, 14))
    assert all(re.search("[一-鿿]", zh) and re.search("[A-Za-z]", en) for _, zh, en in headings)


def test_it_is_whole_html(spec):
    parser = Strict()
    parser.feed(page(spec))
    parser.close()
    assert parser.open == []


def test_what_the_mission_knows_is_filled_in(spec):
    text = page(spec)
    for known in ("121.05000, 30.70000", "121.05330, 30.70440", "80–80 m", "8 m/s", "2026-05-18 09:30", "1.50 km"):
        assert known in text
    for stated in spec.operator.values():
        assert stated in text
    assert 'class="missing"' not in text


def test_what_is_missing_is_named_as_missing(spec):
    lacking = replace(spec, operator={**spec.operator, "c2_frequency": " ", "name": ""})
    assert missing(lacking) == ("name", "c2_frequency")
    assert page(lacking).count("未填写 missing") == 2
    assert "缺少 missing (2): name, c2_frequency" in page(lacking)
    assert set(missing(replace(spec, operator={}))) == {key for item in dossier_items() for key in item.need}


def test_nothing_stated_is_taken_as_markup(spec):
    evil = replace(spec, title_zh="<script>x</script>", operator={**spec.operator, "name": '"><img src=x onerror=y>'})
    text = page(evil)
    assert "<script" not in text
    assert "<img" not in text
    assert "机场 &lt;b&gt;" in text


def test_approvals_are_named(spec):
    assert "沪空〔2026〕7号" in page(replace(spec, approvals={"SWARM": "沪空〔2026〕7号"}))


def test_the_rule_of_completeness_asks_for_the_same_keys():
    """The planner's rule DOSSIER and this dossier read two files: they say the same."""
    rules = tomllib.loads(resources.files("dronepatrol.data").joinpath("rules/uav_cn.toml").read_text(encoding="utf-8"))
    (rule,) = [row for row in rules["rule"] if row["id"] == "DOSSIER"]
    assert sorted(rule["inputs"]) == sorted(key for item in dossier_items() for key in item.need)
