"""The page in a real browser: Debian's chromium with selenium, skipped with a word where not.

The painter is the small one of conftest: what is tested is the page, not the picture.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: no browser tests")

from browsing import Page, errors
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from auface_studio.study import Answers, read_study, report_of
from auface_studio.study.app import StudyPage

SCRIPT = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_sliders_change_codes_text_and_face(open_studio, faces):
    page = open_studio()
    page.slide("12", 4)
    page.until(lambda: page.value("#codes") == "12D")
    assert "corners" in page("#text").text
    page.until(lambda: ("12D", 1) in faces.drawn)
    page.until(lambda: "stale" not in page("#frame").get_attribute("class"))
    page('[data-code="12"] .apart').click()
    page.slide("12", 1, "left")
    page.until(lambda: page.value("#codes") == "L12A+R12D")
    page.until(lambda: "#c=L12A+R12D" in page.driver.current_url)
    page.until(lambda: page.all("#seen .dot-row"))
    assert errors(page) == []


def test_codes_change_sliders_and_english_changes_codes(open_studio):
    page = open_studio()
    page.write("#codes", "1C+R4E")
    page.until(lambda: page.value('[data-code="1"] input[type=range]') == "3")
    page.until(lambda: page.value('[data-code="4"] [data-side=right]') == "5")
    page("#edit").click()
    page.write("#prose", "The lip corners are drawn strongly up and back. Purple bananas sing.")
    page.until(lambda: page.value("#codes") == "12D")
    page.until(lambda: "bananas" in page("#unread").text)
    assert page.value('[data-code="12"] input[type=range]') == "4"
    page.write("#codes", "12D+nonsense")
    page.until(lambda: "position" in page("#codes-error").text)


def test_a_conflict_is_explained_and_lit(open_studio):
    page = open_studio("#c=12D+15B&p=0")
    page.until(lambda: page.all(".conflict-card"))
    card = page(".conflict-card").text
    assert "15 gives way to 12" in card
    assert "lip corner depressor" in card
    assert "15B gives way by 50%: 0.40 → 0.20" in card
    assert "12D stays whole" in card
    assert "Tian, Kanade and Cohn" in card
    clause = page(".clause.conflict")
    ActionChains(page.driver).move_to_element(clause).perform()
    page.until(lambda: len(page.all(".unit.lit")) == 2)
    assert "on" in page("#glow").get_attribute("class")
    lit = "document.querySelector('#glow').getContext('2d').getImageData(0, 0, 64, 64).data"
    assert page.js(f"return {lit}.some((v) => v > 0)")


def test_units_are_found_by_everyday_words_and_none_acts_unseen(open_studio):
    page = open_studio("#c=4C&p=0")
    page.until(lambda: page.value('[data-code="4"] input[type=range]') == "3")

    def shown():
        return [u.get_attribute("data-code") for u in page.all(".unit") if u.is_displayed()]

    for word, units in (
        ("smile", ["4", "12"]),
        ("zygomaticus major", ["4", "12"]),
        ("xyzzy", ["4"]),
    ):
        page.write("#find", word)
        page.until(lambda units=units: shown() == units, word)
    assert "No unit by that name" in page("#find-note").text
    page.write("#find", "surprise")
    page.until(lambda: page.all("#find-note button"))
    page("#find-note button").click()
    page.until(lambda: "26" in page.value("#codes"))


def test_what_is_not_understood_at_all_is_said_with_advice(open_studio):
    page = open_studio("#c=12C&p=0")
    page("#edit").click()
    page.write("#prose", "Purple bananas sing.")
    page.until(lambda: "so the face is at rest" in page("#unread").text)
    page.write("#prose", "She smiles. Purple bananas sing.")
    page.until(lambda: "The rest is." in page("#unread").text)


def test_the_keyboard_does_it_all(open_studio):
    page = open_studio()
    body = page("body")
    body.send_keys("/")
    page.until(lambda: page.driver.switch_to.active_element.get_attribute("id") == "find")
    page("#find").send_keys("12")
    shown = [u for u in page.all(".unit") if u.is_displayed()]
    assert [u.get_attribute("data-code") for u in shown] == ["12"]
    page('[data-code="12"] input[type=range]').send_keys("c")
    page.until(lambda: page.value("#codes") == "12C")
    page('[data-code="12"] input[type=range]').send_keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.value("#codes") == "12D")
    page('[data-code="12"] input[type=range]').send_keys("]")
    page.until(lambda: "p=2" in page.driver.current_url)
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    page.until(lambda: "p=1" in page.driver.current_url)
    page('[data-code="12"] input[type=range]').send_keys("r")
    page.until(lambda: page.value("#codes") == "")


def test_the_address_holds_the_state(open_studio):
    page = open_studio("#c=L12B+4C&p=4&d=brief&w=3")
    page.until(lambda: page.value("#codes") == "4C+L12B")
    assert page.value("#detail") == "brief"
    assert page('[data-person="4"]').get_attribute("aria-checked") == "true"
    brief = page("#text").text
    page.driver.refresh()
    page.until(lambda: page.all(".unit") and page("#text").text == brief)


def test_script_in_the_address_and_fields_does_not_run(open_studio):
    page = open_studio("#c=" + "%3Cimg src=x onerror=document.title='owned'%3E&p=1")
    assert "position 0" in page("#codes-error").text
    page("#edit").click()
    page.js("const p = document.querySelector('#prose'); p.value = arguments[0];"
            "p.dispatchEvent(new Event('input'))", SCRIPT)  # fmt: skip
    page.until(lambda: page.all("#unread q"))
    assert page.all("#unread img, #text img, #codes-error img") == []
    assert page.driver.title == "auface studio"


def test_nothing_is_asked_of_anybody_else(open_studio):
    page = open_studio("#c=12C")
    page.until(lambda: page.all("#seen .dot-row"))
    page("#tab-set").click()
    page.until(lambda: page.all("#set-grid img[src]"))
    asked = page.js("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert asked
    assert [a for a in asked if not a.startswith((page.served.url, "blob:", "data:"))] == []
    assert errors(page) == []


def test_a_portrait_dropped_is_drawn_and_a_file_that_is_none_refused_with_a_word(
    open_studio, faces, png, tmp_path
):
    photo = tmp_path / "me.png"
    photo.write_bytes(png)
    page = open_studio("#c=12C&p=0")
    (tmp_path / "no.png").write_text("no picture")
    page("#portrait input").send_keys(str(tmp_path / "no.png"))
    page.until(lambda: "cannot be read" in page("#portrait").text)
    page("#portrait input").send_keys(str(photo))
    page.until(lambda: any(not isinstance(who, int) for _, who in faces.drawn))
    page.until(lambda: "is the person" in page("#portrait").text)
    assert page.js("return document.querySelectorAll('[aria-checked=true]').length") == 0
    page('[data-person="1"]').click()
    page.until(lambda: "Drop your own" in page("#portrait").text)


def test_a_photograph_and_a_table_are_read(open_studio, png, tmp_path):
    (tmp_path / "photo.png").write_bytes(png)
    (tmp_path / "openface.csv").write_text("frame,AU12_r,success,confidence\n1,3.0,1,0.99\n")
    page = open_studio()
    page("#tab-read").click()
    page("#read-drop input").send_keys(str(tmp_path / "photo.png"))
    page.until(lambda: page.all(".read-found"))
    assert page(".read-found h2").text == "12C"
    assert "there 100%" in page(".chances").text
    page("#read-drop input").send_keys(str(tmp_path / "openface.csv"))
    page.until(lambda: page.all(".rows button"))
    page(".rows button").click()
    page.until(lambda: page.value("#codes") == "12C" and page("#view-face").is_displayed())


def test_a_set_is_made_and_opened(open_studio, tmp_path):
    page = open_studio()
    page("#tab-set").click()
    page.write("#set-title", "Two smiles")
    for button in page.all(".pick-people [aria-pressed=true], [data-pick='2']"):
        button.click()
    page.write("#set-codings", "name,codes\nsmile,6+12\nwink,L46")
    page.until(lambda: page("#set-count").text == "3 stimuli")
    page.until(lambda: len(page.all("#set-grid img[src]")) == 3)
    page("#set-make").click()
    page.until(lambda: page("#set-zip").is_displayed())
    page("#set-conditions summary").click()
    page.until(lambda: len(page.all("#set-table tbody tr")) == 3)
    page(".cell").click()
    page.until(lambda: page("dialog.large img").get_attribute("src").startswith("blob:"))
    page("dialog.large form button").click()
    request = Request(page("#set-zip").get_attribute("href"))
    with urlopen(request) as answer:
        data = answer.read()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        rows = list(csv.DictReader(io.StringIO(file.read("two-smiles/conditions.csv").decode())))
        assert {r["condition"] for r in rows} == {"neutral", "smile", "wink"}
        assert all(f"two-smiles/{r['image']}" in file.namelist() for r in rows)


def test_it_says_when_the_server_is_gone(open_studio):
    page = open_studio("#c=12C&p=0")
    page.until(lambda: page.all("#seen .dot-row"))
    page.served.stop()
    page.slide("12", 5)
    page.until(lambda: "does not answer" in page("#stale").text + page("#codes-error").text)
    assert "stale" in page("#frame").get_attribute("class")


def test_two_tabs_keep_apart(open_studio, faces):
    page = open_studio("#c=12C&p=0")
    page.driver.switch_to.new_window("tab")
    try:
        page.driver.get(page.served.url + "#c=4D&p=3")
        page.until(lambda: page.all(".unit") and page.value("#codes") == "4D")
        page.slide("4", 5)
        page.until(lambda: ("4E", 3) in faces.drawn)
    finally:
        page.driver.close()
        page.driver.switch_to.window(page.driver.window_handles[0])
    assert page.value("#codes") == "12C"
    page.slide("12", 1)
    page.until(lambda: ("12A", 0) in faces.drawn)


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_runs_over_the_side(open_studio, width):
    page = open_studio("#c=12D+15B+1C&p=0")
    try:
        page.driver.set_window_size(width, 900)
        for tab in ("face", "set", "read"):
            page(f"#tab-{tab}").click()
            assert page.js("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        page.driver.set_window_size(1400, 1000)


# the study


def test_a_study_is_answered_to_the_end_though_the_server_dies(
    chrome, serve, study_design, tmp_path
):
    study = read_study(study_design)
    path = tmp_path / "answers.jsonl"
    first = serve(lambda hosts: StudyPage(study, Answers(path, study), hosts))
    page = Page(chrome)
    chrome.get("about:blank")
    chrome.get(first.url)
    page.until(lambda: page.all("#agree"))
    assert "You may stop at any time." in page("#study").text
    page("#agree").click()
    page.until(lambda: len(page.all(".choice img")) == 2)
    rater = chrome.current_url.partition("#r=")[2]
    answered = 0

    def progress():
        return page.js("return document.querySelector('progress')?.value")

    def once():
        nonlocal answered
        said = page(".said").text
        before = progress()
        key = Keys.ARROW_RIGHT if "choose the right" in said else Keys.ARROW_LEFT
        ActionChains(chrome).send_keys(key).perform()
        answered += 1
        return before

    def moved(before):
        return progress() != before

    before = once()
    page.until(lambda: moved(before))
    first.stop()
    before = once()  # goes to a server that is gone
    page.until(lambda: "kept in this browser" in page("#trouble").text)
    serve(lambda hosts: StudyPage(study, Answers(path, study), hosts), first.port)
    page.until(lambda: moved(before))
    chrome.refresh()  # a browser that was closed and opened again
    page.until(lambda: page.all("#agree"))
    page("#agree").click()
    page.until(lambda: page.all(".choice"))
    while not page.all("#finished"):
        before = once()
        page.until(lambda before=before: moved(before))
    kept = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(kept) == answered == 8
    assert {a["rater"] for a in kept} == {rater}
    report = report_of(study, Answers(path, study))
    assert report["answers"] == 6
    assert report["checks"] == {"asked": 2, "right": 2}
