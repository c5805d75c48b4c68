"""The map's text: one file, nothing to fetch, no text from outside that could run."""

import re
from html.parser import HTMLParser

import pytest

from dronepatrol.errors import InputError, StorageError
from dronepatrol.export.map import MapSheet, write_map
from dronepatrol.export.map_text import GREY, color, safe
from dronepatrol.issues.taxonomy import load_taxonomy

EVIL = """</script><script>window.evil=1</script><img src=x onerror="window.evil=1">`${window.evil=1}`{{7*7}}\\"""


class Loads(HTMLParser):
    """Collects every address that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        if tag in {"script", "img", "iframe", "source", "embed"} and given.get("src"):
            self.found.append(given["src"])
        if tag in {"link", "object"}:
            self.found.append(given.get("href") or given.get("data") or "?")


def draw(tmp_path, make, **changes) -> str:
    issues = changes.pop("issues", [make.issue(number) for number in range(8)])
    route = changes.pop("route", make.route())
    sheet = MapSheet(**{"root": tmp_path, "visit": "p", "title": "新埭镇", "lang": "zh"} | changes)
    write_map(tmp_path / "map.html", issues, make.shots(12), route, sheet)
    return (tmp_path / "map.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_fetched(tmp_path, make, lang) -> None:
    text = draw(tmp_path, make, lang=lang)
    page = Loads()
    page.feed(text)
    assert [address for address in page.found if not address.startswith("data:")] == []
    assert not re.search(r"url\((?!data:|#|['\"]?data:)", text)
    assert "sourceMappingURL" not in text
    assert "default-src 'none'" in text


def test_both_languages_are_there(tmp_path, make) -> None:
    assert draw(tmp_path, make, lang="zh").index("机动车乱停放") > 0
    text = draw(tmp_path, make, lang="en")
    assert "suspected issues" in text
    assert "机动车乱停放" in text


def test_no_issues_no_route_no_footprints(tmp_path, make) -> None:
    shots = make.shots(3)
    shots["geometry"] = None
    write_map(tmp_path / "map.html", [], shots, None, MapSheet(tmp_path, "p", "empty", "en"))
    write_map(tmp_path / "map.html", [], shots.iloc[:0], None, MapSheet(tmp_path, "p", "empty", "en"))
    assert "no suspected issues" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_hostile_texts_stay_texts(tmp_path, make) -> None:
    route = make.route()
    route["features"][3]["properties"]["sortie"] = EVIL
    text = draw(tmp_path, make, issues=[make.issue(0, town=EVIL, rule=EVIL)], route=route, title=EVIL)
    assert "window.evil=1</script>" not in text
    assert "<img src=x" not in text
    assert "${window" not in text
    assert "49" not in safe("{{7*7}}")


def test_a_route_that_is_none_is_refused(tmp_path, make) -> None:
    broken = {"features": [{"geometry": {"type": "Polygon", "coordinates": [[1]]}}]}
    for route in (broken, {"features": [7]}, {"features": [{}]}):
        with pytest.raises(InputError, match="route"):
            draw(tmp_path, make, route=route)


def test_a_map_that_cannot_be_written_is_named(tmp_path, make) -> None:
    (tmp_path / "nowhere").write_text("a file, no folder")
    with pytest.raises(StorageError, match="nowhere"):
        write_map(tmp_path / "nowhere" / "map.html", [], make.shots(1), None, MapSheet(tmp_path, "p", "x", "en"))


def test_a_hundred_issues_and_four_hundred_photos_stay_small(tmp_path, make) -> None:
    issues = [make.issue(number) for number in range(100)]
    write_map(tmp_path / "map.html", issues, make.shots(400), make.route(), MapSheet(tmp_path, "p", "x", "zh"))
    assert (tmp_path / "map.html").stat().st_size < 2_000_000


def test_every_class_has_a_colour_of_its_own():
    colours = [color(problem) for problem in load_taxonomy().problems]
    assert len({*colours, GREY}) == len(colours) + 1
