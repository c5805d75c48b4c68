"""The map in a real browser with the network cut."""

import pytest

from dronepatrol.export.crops import write_crops
from dronepatrol.export.map import MapSheet, write_map

pytestmark = pytest.mark.browser

EVIL = """</script><img src=x onerror="window.evil=1"><b onmouseover="window.evil=1">`${window.evil=1}`"""


@pytest.fixture
def opened(browser, tmp_path, make):
    """The page of a map with 24 issues, one of them hostile, and what it asked for and complained of."""
    for number in range(2):
        make.photo(tmp_path / f"photos/p000{number}.jpg")
    issues = [make.issue(n, photo=f"photos/p000{n % 2}.jpg", shot=f"s000{n % 2}") for n in range(24)]
    issues[3] = make.issue(3, town=EVIL, rule=EVIL)
    issues, skipped = write_crops(issues, make.shots(60), tmp_path, tmp_path / "crops")
    assert not skipped
    route = make.route()
    route["features"][3]["properties"]["sortie"] = EVIL
    write_map(tmp_path / "map.html", issues, make.shots(60), route, MapSheet(tmp_path, EVIL, "新埭镇 " + EVIL))
    context = browser.new_context(viewport={"width": 1300, "height": 850})
    context.set_offline(True)
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: page.complaints.append(line.text) if line.type in {"error", "warning"} else None)
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("path.dp-footprint", state="attached")
    page.wait_for_selector(".dp-north")
    yield page
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("window.evil") is None
    context.close()


def test_markers_footprints_and_routes_are_drawn(opened) -> None:
    assert opened.locator("path.dp-footprint").count() == 60
    assert opened.locator("path.dp-nofly").count() == 1
    clustered = opened.locator(".dp-cluster").all_text_contents()
    assert opened.locator(".dp-pin").count() + sum(int(text) for text in clustered) == 24
    assert opened.locator(".leaflet-control-scale").count() == 1
    assert "新埭镇" in opened.title()
    assert opened.locator("#dp-classes label").count() == 4


def test_a_click_on_a_marker_opens_its_popup_with_the_photo(opened) -> None:
    opened.locator(".dp-pin").first.click()
    picture = opened.locator(".leaflet-popup img.dp-photo")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 0
    words = opened.locator(".leaflet-popup").inner_text()
    assert "GB/T 47678.5-2026" in words
    assert "2026-11-20 09:00" in words
    assert "p000" in words


def test_the_list_opens_the_popup_too_and_filters(opened) -> None:
    opened.locator(".dp-item", has_text="bare_soil-0000000003").click()
    opened.locator(".leaflet-popup img.dp-photo").wait_for()
    assert "onerror" in opened.locator(".leaflet-popup").inner_text(), "the hostile text is shown as text"
    opened.locator("#dp-classes input").first.uncheck()
    assert opened.locator(".dp-item:visible").count() == 18
    opened.locator("#dp-search").fill("exposed_garbage")
    assert opened.locator(".dp-item:visible").count() == 6
    opened.locator("#dp-classes input").first.check()
    opened.locator("#dp-search").fill("")
    assert opened.locator(".dp-item:visible").count() == 24


def test_layers_can_be_switched_off(opened) -> None:
    opened.locator(".leaflet-control-layers label", has_text="照片覆盖范围").locator("input").uncheck()
    assert opened.locator("path.dp-footprint").count() == 0
