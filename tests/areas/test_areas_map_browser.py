"""The map of areas in a real browser with the network cut."""

from pathlib import Path

import pytest

from dronepatrol.patrol.areas import draw, look

pytestmark = pytest.mark.browser

PINGHU = Path(__file__).resolve().parents[2] / "geodata" / "pinghu"


@pytest.fixture
def page(browser, tmp_path):
    files = [PINGHU / f"{name}.geojson" for name in ("urban", "towns", "roads", "docks")]
    draw(look(files, [PINGHU / "zones.geojson"], "wgs84"), tmp_path / "map.html", "en")
    context = browser.new_context(viewport={"width": 1300, "height": 850})
    context.set_offline(True)
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    opened.goto((tmp_path / "map.html").as_uri())
    opened.wait_for_selector(".leaflet-control-scale")
    yield opened
    assert opened.problems == []
    context.close()


def test_shapes_are_drawn_listed_found_and_hidden(page):
    scale = page.locator(".leaflet-control-scale").inner_text
    assert page.locator(".dp-north").count() == 1
    assert page.locator("path.leaflet-interactive").count() > 100
    assert scale() == "5 km"
    page.locator("#dp-search").fill("新埭")
    shown = page.locator("#dp-list li:visible")
    assert shown.count() == 3  # the town, its dock, its substation
    shown.first.locator("button").click()
    page.wait_for_timeout(300)
    assert scale() in {"300 m", "500 m"}
    before = page.locator("path.leaflet-interactive").count()
    page.locator("#dp-classes label", has_text="zones.geojson").click()
    assert page.locator("path.leaflet-interactive").count() == before - 26
