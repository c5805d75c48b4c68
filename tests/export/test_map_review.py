"""A review on the map in a real browser: marked, kept, saved, loaded, and read by what makes data sets of it."""

import csv
import io
import json
import random

import pytest
from tests.export.conftest import PHOTOS
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import InputError
from dronepatrol.export.map import MapSheet, write_map
from dronepatrol.model.issue import IssueStatus
from dronepatrol.model.progress import silent
from dronepatrol.patrol.map import draw_map
from dronepatrol.patrol.reviews import read_reviews

pytestmark = pytest.mark.browser

EVIL = """</script><img src=x onerror="window.evil=1">,`${window.evil=1}`,"quoted",__proto__"""
FULL = """() => { for (let size = 5 << 20; size >= 1; size >>= 1)
    try { for (;;) localStorage.setItem("other" + Math.random(), "x".repeat(size)); } catch {} }"""


@pytest.fixture(scope="module")
def maps(tmp_path_factory, make):
    """Four issues, one with a hostile id and one that a case platform has confirmed, on Monday's and Tuesday's map."""
    folder = tmp_path_factory.mktemp("maps")
    issues = [make.issue(number, evidence=()) for number in range(2)]
    issues += [make.issue(2, id=EVIL, evidence=()), make.issue(3, evidence=(), status=IssueStatus.CONFIRMED)]
    shots = make.shots(3)
    for name, lang in (("monday", "zh"), ("tuesday", "en")):
        sheet = MapSheet(folder, f"p@{name}{EVIL}", name, lang)
        write_map(folder / f"{name}.html", issues, shots, make.route(), sheet)
    return folder


@pytest.fixture
def context(browser):
    opened = browser.new_context(viewport={"width": 1300, "height": 850}, accept_downloads=True)
    opened.set_offline(True)
    yield opened
    opened.close()


@pytest.fixture
def show(context):
    """Return a function that opens a map; at the end nothing has run that should not, and nothing has failed."""
    pages = []

    def show(path):
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text) if line.type in {"error", "warning"} else 0)
        page.goto(path.as_uri())
        page.wait_for_selector(".dp-north")
        pages.append(page)
        return page

    yield show
    for page in pages:
        assert page.complaints == []
        assert page.evaluate("window.evil") is None


def mark(page, issue, status):
    """Click in the issue's row of the list."""
    page.locator("#dp-list .dp-marks").nth(ids(page).index(issue)).locator(f'[data-status="{status}"]').click()


def mark_open(page, status):
    """Click in the popup."""
    page.locator(f'.leaflet-popup .dp-marks [data-status="{status}"]').click()


def ids(page):
    return page.eval_on_selector_all("#dp-list .dp-marks", "all => all.map((one) => one.dataset.issue)")


def statuses(page):
    pair = "[row.querySelector('.dp-marks').dataset.issue, row.dataset.status]"
    return dict(page.eval_on_selector_all("#dp-list > li", f"all => all.map((row) => {pair})"))


def said(page):
    return page.locator("#dp-said").inner_text()


def save(page, path):
    with page.expect_download() as download:
        page.locator("#dp-save").click()
    assert download.value.suggested_filename == "reviewed.csv"
    download.value.save_as(path)
    return path.read_bytes()


def load(page, path):
    page.evaluate("document.getElementById('dp-said').textContent = ''")
    page.locator("#dp-file").set_input_files(path)
    page.locator("#dp-said:not(:empty)").wait_for()


def test_what_is_marked_is_seen_in_list_popup_and_marker_and_kept(maps, show):
    page = show(maps / "monday.html")
    assert page.locator("#dp-progress").inner_text() == "已复核 1 / 4"
    assert page.locator("#dp-list li[data-status=confirmed]").count() == 1
    first, second = (issue for issue, status in statuses(page).items() if status == "suspected" and issue != EVIL)
    mark(page, first, "allowed")
    page.locator(f'.dp-item[data-issue="{second}"]').click()
    mark_open(page, "rejected")
    mark(page, EVIL, "confirmed")
    page.locator(".leaflet-popup-close-button").click()
    for _ in range(2):
        assert statuses(page).items() >= {first: "allowed", second: "rejected", EVIL: "confirmed"}.items()
        assert page.locator("#dp-progress").inner_text() == "已复核 4 / 4"
        page.reload()
        page.wait_for_selector(".dp-north")
    drawn = [page.locator(f".dp-icon.dp-{name}").count() for name in ("confirmed", "allowed", "rejected", "suspected")]
    assert drawn == [2, 1, 1, 0]
    page.locator(f'.dp-item[data-issue="{second}"]').click()
    assert page.locator('.leaflet-popup [aria-pressed="true"]').get_attribute("data-status") == "rejected"
    mark_open(page, "suspected")
    assert page.locator("#dp-progress").inner_text() == "已复核 3 / 4"


def test_two_patrols_do_not_mix_and_two_windows_of_one_do(maps, show):
    monday, again, tuesday = (show(maps / f"{name}.html") for name in ("monday", "monday", "tuesday"))
    one, two = ids(monday)[:2]
    mark(monday, one, "rejected")
    mark(again, two, "allowed")
    monday.locator("#dp-list li[data-status=allowed]").wait_for()
    assert statuses(monday) == statuses(again)
    assert statuses(monday)[one] == "rejected"
    tuesday.reload()
    tuesday.wait_for_selector(".dp-north")
    assert tuesday.locator("#dp-progress").inner_text() == "1 of 4 reviewed"


def test_the_dataset_verb_reads_what_the_map_saves(patrol, show):
    """Every issue is marked by a click; what is saved goes into the patrol's folder as it is."""
    patrol.reviewed.unlink()
    draw_map(patrol, "p", "en", silent)
    page = show(patrol.map)
    marked = dict(zip(sorted(ids(page)), ("rejected", "confirmed", "allowed", "suspected") * PHOTOS, strict=False))
    for issue, status in marked.items():
        mark(page, issue, status)
    content = save(page, patrol.reviewed)
    assert content.startswith(b"id,status\n")
    looked = {issue: status for issue, status in marked.items() if status != "suspected"}
    assert read_reviews(patrol.reviewed) == looked
    assert said(page) == f"reviewed.csv holds {len(looked)} reviews."
    command = ["dataset", str(patrol.root), "--out", str(patrol.root.parent / "out"), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    left_out = {issue for issue, status in marked.items() if status == "suspected"} | {_set_aside(patrol)}
    there = sum(status in {"confirmed", "allowed"} for issue, status in marked.items() if issue not in left_out)
    assert sum(found["photos"].values()) + found["between"] == PHOTOS - len(left_out)
    assert sum(found["boxes"].values()) <= there
    assert found["between"] > 0 or sum(found["boxes"].values()) == there


def _set_aside(patrol):
    """Return the issue whose photo is left out whoever reviews it: it is set aside."""
    features = json.loads(patrol.issues.read_text())["features"]
    return next(one["id"] for one in features if one["properties"]["evidence"][0]["shot"] == "s0005")


def test_a_saved_review_is_loaded_elsewhere_even_with_a_hostile_id(maps, show, tmp_path):
    monday = show(maps / "monday.html")
    first, second = [issue for issue in ids(monday) if issue != EVIL][:2]
    looked = {EVIL: "confirmed", first: "rejected", second: "allowed"}
    for issue in statuses(monday):
        mark(monday, issue, looked.get(issue, "suspected"))
    content = save(monday, tmp_path / "reviewed.csv")
    assert read_reviews(tmp_path / "reviewed.csv") == looked
    tuesday = show(maps / "tuesday.html")
    mark(tuesday, EVIL, "rejected")
    changed = 1 + sum(
        statuses(tuesday)[issue] not in {status, "suspected", "rejected"} for issue, status in looked.items()
    )
    edited = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") + b"elsewhere,confirmed\r\n"
    (tmp_path / "edited.csv").write_bytes(edited)
    load(tuesday, tmp_path / "edited.csv")
    assert statuses(tuesday).items() >= looked.items()
    rest = "1 are of issues that are not on this map."
    assert said(tuesday) == f"3 reviews loaded; {changed} replaced others, {rest}"


FAULTS = [
    (b"id,status\nx,perhaps\n", 'entry 1: id "x", status "perhaps"; expected one of suspected, confirmed'),
    (b"id,status\nx,confirmed\n\nx,allowed\n", "entry 2: x is allowed, but was confirmed before."),
    (b'id,status\nx,confirmed\n"y,rejected\n', "line 3 is no CSV."),
    (b"name,status\nx,confirmed\n", "its first line should name the columns id and status."),
    (b"", "its first line should name"),
    (b"id,status\n<img src=x onerror=window.evil=1>,x\n", 'id "<img src=x onerror=window.evil=1>"'),
    (b"x" * (16 * 1024 * 1024 + 1), "it is larger than 16 MiB."),
]


def test_a_file_that_is_no_review_is_named_and_changes_nothing(maps, show, tmp_path):
    page = show(maps / "tuesday.html")
    mark(page, ids(page)[0], "rejected")
    before = statuses(page)
    for content, expected in FAULTS:
        (tmp_path / "<b>.csv").write_bytes(content)
        load(page, tmp_path / "<b>.csv")
        assert said(page).startswith("<b>.csv was not loaded: ")
        assert expected in said(page)
        assert statuses(page) == before


def test_keys_mark_the_open_issue_and_go_to_the_next(maps, show):
    page = show(maps / "tuesday.html")
    order = [issue for issue in ids(page) if statuses(page)[issue] == "suspected"]
    page.keyboard.press("3")
    assert page.locator("#dp-progress").inner_text() == "1 of 4 reviewed", "nothing is open"
    for issue, key in zip(order, "234", strict=True):
        page.keyboard.press("n")
        page.locator(".leaflet-popup .dp-id", has_text=issue).wait_for()
        page.keyboard.press(key)
    assert [statuses(page)[issue] for issue in order] == ["confirmed", "allowed", "rejected"]
    page.keyboard.press("n")
    assert said(page) == "Every issue in the list is reviewed."
    page.locator("#dp-search").press_sequentially("n1")
    assert statuses(page)[order[-1]] == "rejected", "typing is no key"
    page.locator("#dp-search").fill("")
    page.keyboard.press("Control+1")
    assert "suspected" not in statuses(page).values()


def test_a_browser_without_storage_says_so_and_asks_before_it_loses_a_review(context, maps, show, tmp_path):
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })")
    page = show(maps / "tuesday.html")
    assert said(page).startswith("This browser cannot keep the review")
    mark(page, ids(page)[0], "rejected")
    assert said(page).startswith("This browser cannot keep the review")
    assert statuses(page)[ids(page)[0]] == "rejected"
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert ids(page)[0].encode() in save(page, tmp_path / "reviewed.csv")


def test_a_full_storage_is_said_and_what_is_marked_stays_on_the_page(maps, show):
    page, other = show(maps / "monday.html"), show(maps / "monday.html")
    page.evaluate(FULL)
    assert said(page) == ""
    one, two, three = ids(page)[:3]
    mark(page, one, "rejected")
    assert said(page).startswith("浏览器无法保留复核结论")
    mark(page, two, "allowed")
    assert (statuses(page)[one], statuses(page)[two]) == ("rejected", "allowed")
    other.evaluate(
        "Object.keys(localStorage).filter((name) => /^other/.test(name)).map((n) => localStorage.removeItem(n))"
    )
    mark(other, three, "allowed")
    assert said(other) == ""
    page.wait_for_timeout(200)
    assert (statuses(page)[one], statuses(page)[two]) == ("rejected", "allowed"), "the other window takes nothing away"
    mark(page, two, "confirmed")
    assert said(page) == "", "there is room again"
    page.reload()
    page.wait_for_selector(".dp-north")
    assert (statuses(page)[one], statuses(page)[two]) == ("rejected", "confirmed")


def test_what_was_kept_and_cannot_be_read_is_said(maps, show):
    page = show(maps / "tuesday.html")
    mark(page, ids(page)[0], "rejected")
    page.evaluate("localStorage.setItem(Object.keys(localStorage).find((name) => name.startsWith('dronepatrol')), '{')")
    page.reload()
    page.wait_for_selector(".dp-north")
    assert said(page).startswith("What this browser had kept cannot be read")
    for strange in ("null", "[]", '{"a": 3}'):
        page.evaluate("text => localStorage.setItem(Object.keys(localStorage)[0], text)", strange)
        page.reload()
        page.wait_for_selector(".dp-north")
        assert page.locator("#dp-progress").inner_text() == "1 of 4 reviewed"


def test_the_page_reads_reviews_as_the_dataset_verb_does(maps, show, tmp_path):
    """Random tables, half of them faulty: one says what the other says, and refuses what the other refuses."""
    page = show(maps / "tuesday.html")
    chance = random.Random(5)
    texts = [_table(chance) for _ in range(300)]
    code = (
        "texts => texts.map((text) => { try { return [...dpReadReviewed(text, dpTestWords)] } catch { return null } })"
    )
    page.evaluate("window.dpTestWords = JSON.parse(document.getElementById('dp-review').dataset.words)")
    accepted = 0
    for text, read in zip(texts, page.evaluate(code, texts), strict=True):
        (tmp_path / "reviewed.csv").write_text(text, encoding="utf-8", newline="")
        try:
            expected = read_reviews(tmp_path / "reviewed.csv")
        except InputError as error:
            expected = {} if "no reviewed issue" in error.message else None
        assert (None if read is None else dict(read)) == expected, text
        accepted += expected is not None
    assert 50 < accepted < 250


def _table(chance):
    columns = chance.choice([["id", "status"], ["status", "id", "说明"], ["id", "note", "status"]])
    rows = chance.choice([0, 1, 3, 8])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=chance.choice(["\n", "\r\n"]), quoting=chance.choice([0, 1]))
    writer.writerow(columns)
    names = ["a", "b-1", 'c "x", y', "丁", "__proto__", " e", "f\ng"]
    for _ in range(rows):
        values = {
            "id": chance.choice(names),
            "status": chance.choice(["confirmed", "confirmed", "allowed", "suspected"]),
        }
        values["status"] = "Confirmed" if chance.random() < 0.03 else values["status"]
        writer.writerow([values.get(name, 'any, "thing"') for name in columns])
    found = text.getvalue()
    return found[:-1] if chance.random() < 0.3 else found
