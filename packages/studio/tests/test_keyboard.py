"""The whole page by keys alone: nothing here clicks, or gives the focus to anything by script.

At each stop of the Tab key the focus must be somewhere, be seen, and lie under nothing.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: no browser tests")

from browsing import Keyboard, Page, errors, nameless
from selenium.webdriver.common.keys import Keys

from auface_studio.study import Answers, read_study, report_of
from auface_studio.study.app import StudyPage

# Watches where the Tab key stops, so that many presses can go in one message.
WATCH = """
window.stops = [];
document.addEventListener('focusin', ({target: e}) => {
  const style = getComputedStyle(e);
  window.stops.push({
    where: e.id || e.dataset.keep || e.dataset.copy || e.textContent.trim().slice(0, 20),
    top: e.getBoundingClientRect().top + scrollY,
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
  });
});"""


@pytest.fixture
def keyboard(open_studio):
    """keyboard(hash) -> the Keyboard of an opened page."""

    def start(hash_="#c=0&p=1"):
        return Keyboard(open_studio(hash_))

    return start


@pytest.fixture
def screen(chrome):
    """screen(width, height) -> a page of that size; as it was after the test."""

    def resize(width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    yield resize
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def stops(keys):
    """All stops of the Tab key, from the top of the page till it leaves."""
    keys.page.js(WATCH)
    for _ in range(12):
        keys.press(*[Keys.TAB] * 12)
        if keys.page.js("return document.activeElement === document.body"):
            break
        found = keys.page.js("return window.stops")
        if [s["where"] for s in found].count(found[0]["where"]) > 1:
            break
    found = keys.page.js("return window.stops")
    again = [n for n, s in enumerate(found) if n and s["where"] == found[0]["where"]]
    return found[: again[0]] if again else found


@pytest.mark.parametrize("view", ["face", "set", "read"])
def test_tab_comes_by_everything_and_leaves(keyboard, view):
    keys = keyboard(f"#c=12D+15B&p=1&v={view}")
    page = keys.page
    if view == "face":
        page.until(lambda: page.all(".conflict-card"))
    if view == "set":
        page.until(lambda: page.all(".cell"))
    found = stops(keys)
    assert [s["where"] for s in found if not s["marked"]] == []
    assert found[0]["where"].startswith("Skip to")
    last = {"face": "AU12,AU15", "set": "The same from the co", "read": "read-drop"}[view]
    assert found[-1]["where"] == last
    assert len(found) < 65  # each slider once
    assert nameless(page) == []


def test_on_a_narrow_page_tab_goes_downwards(keyboard, screen):
    screen(375, 740)
    keys = keyboard("#c=12D+15B&p=1")
    keys.page.until(lambda: keys.page.all(".conflict-card"))
    tops = [s["top"] for s in stops(keys)]
    # Side by side is no jump: a face and its buttons are that high.
    assert [(a, b) for a, b in pairwise(tops) if b < a - 60] == []


@pytest.mark.parametrize("size", [(375, 740), (640, 360)], ids=["phone", "zoomed to 200%"])
def test_nothing_that_has_the_focus_lies_under_the_face(keyboard, screen, size):
    screen(*size)
    keys = keyboard("#c=12D&p=1")
    keys.to("#codes")
    keys.to('[data-code="1"] input')
    keys.to('[data-code="5"] input')
    keys.to("#find", back=True)
    keys.press("jaw")
    keys.to('[data-code="26"] input')
    keys.press("e")
    keys.page.until(lambda: "26E" in keys.page.value("#codes"))
    keys.stop()


def test_a_person_and_units_are_set(keyboard):
    keys = keyboard()
    page = keys.page
    keys.press("/")
    keys.stop()
    keys.press("smile")
    page.until(lambda: "1 unit found" in page("#say").get_attribute("textContent"))
    keys.to('[data-code="12"] input')
    keys.press("d", Keys.ARROW_LEFT)
    page.until(lambda: page.value("#codes") == "12C")
    keys.press("s")
    assert "its left" in keys.name()
    keys.to('[data-code="12"] [data-side=right]')
    keys.press("0")
    page.until(lambda: page.value("#codes") == "L12C")
    keys.stop()
    keys.press("s")
    page.until(lambda: page.value("#codes") == "12C")
    assert keys.at('[data-code="12"] [data-side=both]')
    # Found or not, what is under the hand stays.
    keys.to("#find", back=True)
    keys.write("xyzzy")
    page.until(lambda: "No unit" in page("#find-note").text)
    keys.to('[data-code="12"] input')
    keys.press("0")
    page.until(lambda: page.value("#codes") == "")
    keys.stop()
    keys.to('[role=radio][aria-checked="true"]')
    keys.press(Keys.ARROW_RIGHT)
    assert keys.name() == "Person 2"
    keys.press(Keys.END)
    assert keys.name() == "Person 4"
    keys.press(Keys.HOME)
    page.until(lambda: "p=0" in page.driver.current_url)
    keys.stop()
    assert page.js("return scrollY") == 0


def test_a_side_that_passes_the_other_keeps_its_slider(keyboard):
    keys = keyboard("#c=L12B+R12D&p=1")
    page = keys.page
    page.until(lambda: page.all('[data-code="12"] [data-side=left]'))
    keys.press("/")
    keys.press("12")
    keys.to('[data-code="12"] [data-side=left]')
    keys.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.until(lambda: page.value("#codes") == "12D")
    keys.stop()
    keys.press(Keys.ARROW_RIGHT)
    page.until(lambda: page.value("#codes") == "L12E+R12D")


def test_codes_and_english_are_written_and_left_again(keyboard):
    keys = keyboard()
    page = keys.page
    keys.press(Keys.TAB, Keys.ENTER)  # the link at the top
    assert keys.at("#codes")
    keys.press("12D+15B")
    page.until(lambda: "prevailing" in page("#say").get_attribute("textContent"))
    keys.press(Keys.ESCAPE)
    assert keys.name() == "Codes and English"
    keys.stop()
    keys.press("t")
    assert keys.at("#prose")
    keys.write("She wrinkles her nose.")
    page.until(lambda: "9" in page("#say").get_attribute("textContent"))
    keys.press(Keys.ESCAPE)
    keys.stop()
    assert keys.name() == "Codes and English"
    assert "ose" in page("#text").text


def test_what_gives_way_is_heard_and_read(keyboard):
    keys = keyboard("#c=6C+12D+15B+25C+26D&p=1")
    page = keys.page
    page.until(lambda: page.all("#trace summary"))
    keys.press("c")
    keys.to(".clause.conflict")
    page.until(lambda: page.all(".unit.lit"))
    keys.press(Keys.ENTER)
    keys.stop()
    assert keys.at(".unit.acting input")
    keys.press("/", "15")
    keys.to('[data-code="15"] input')
    keys.press("d")
    heard = "12 and 15 pull against each other"
    page.until(lambda: heard in page("#say").get_attribute("textContent"))
    keys.press("t", Keys.ESCAPE)
    assert keys.at('[data-code="15"] input')  # where the key had led from
    keys.to(".conflict-card")
    assert keys.name() == heard
    keys.to("#trace summary")
    keys.press(Keys.ENTER)
    page.until(lambda: page("#trace details").get_attribute("open"))
    keys.press("m")  # all is written anew
    page.until(lambda: "pull against" in page("#trace").text)
    page.until(lambda: page("#trace details").get_attribute("open"))
    keys.stop()
    keys.to(".clause", back=True)
    keys.press("r")  # no clause is left
    page.until(lambda: page.value("#codes") == "")
    keys.stop()


def test_presets_views_help_dark_copy_and_undo(keyboard):
    keys = keyboard()
    page = keys.page
    keys.to("#tab-face")
    keys.press(Keys.END)
    assert keys.at("#tab-read")
    keys.press(Keys.HOME)
    assert keys.at("#tab-face")
    keys.to("#theme")
    keys.press(" ")
    dark = page("#theme").get_attribute("aria-pressed")
    assert (page.js("return document.documentElement.dataset.theme") == "dark") == (dark == "true")
    keys.press(" ")
    assert page("#theme").get_attribute("aria-pressed") != dark
    keys.to("#help")
    keys.press(Keys.ENTER)
    assert keys.name() == "Close"
    keys.press(Keys.ESCAPE)
    assert keys.at("#help")
    keys.press("?", Keys.ENTER)
    assert keys.at("#help")
    # Each arrow goes one preset on: the list does not begin anew.
    keys.to("#preset")
    presets = page.js("return [...document.querySelectorAll('#preset option')].map(o => o.value)")
    keys.press(Keys.ARROW_DOWN)
    page.until(lambda: page.value("#preset") == presets[1] and page.value("#codes"))
    first = page.value("#codes")
    keys.press(Keys.ARROW_DOWN)
    page.until(lambda: page.value("#codes") not in ("", first))
    assert page.value("#preset") == presets[2]
    keys.chord(Keys.CONTROL, "z")  # in a list: nothing
    keys.press(Keys.TAB)
    keys.chord(Keys.CONTROL, "z")
    page.until(lambda: page.value("#codes") == first)
    keys.stop()
    keys.press("c")
    keys.to('[data-copy="codes"]')
    keys.press(Keys.ENTER)
    page.until(lambda: page("#toast").text)
    keys.stop()


def test_a_portrait_and_a_picture_are_chosen(keyboard, png, tmp_path):
    (tmp_path / "me.png").write_bytes(png)
    keys = keyboard("#c=12C&p=1")
    page = keys.page
    # The system's own window of files is not of the page: it is kept shut, and the file is given.
    page.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": True})
    page.js("document.addEventListener('click', (e) => { window.asked = e.target.type; }, true)")
    try:
        keys.press("c")
        keys.to("#portrait", back=True)
        keys.press(" ")
        assert page.js("return window.asked") == "file"
        page("#portrait input").send_keys(str(tmp_path / "me.png"))
        page.until(lambda: "is the person" in page("#say").get_attribute("textContent"))
        keys.stop()
        assert "choose another" in keys.name()
        keys.to("#tab-face", back=True, most=70)
        keys.press(Keys.ARROW_LEFT)
        keys.press(Keys.TAB, Keys.TAB, Keys.TAB)
        keys.to("#read-drop")
        page.js("window.asked = null")
        keys.press(Keys.ENTER)
        assert page.js("return window.asked") == "file"
    finally:
        page.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": False})
    page("#read-drop input").send_keys(str(tmp_path / "me.png"))
    page.until(lambda: "Read: 12C" in page("#say").get_attribute("textContent"))
    keys.to("#read-out button")
    keys.press(Keys.ENTER)
    page.until(lambda: page("#view-face").is_displayed())
    keys.stop()


def test_a_set_is_designed(keyboard):
    keys = keyboard("#c=0&v=set")
    page = keys.page
    keys.press(Keys.TAB, Keys.ENTER)
    assert keys.at("#set-title")
    keys.write("By keys")
    keys.to("[data-pick]")
    keys.press(Keys.ARROW_RIGHT, " ", Keys.ARROW_RIGHT, " ")
    keys.to("#set-codings")
    keys.write("name,codes\nsmile,6+12")
    keys.to("#set-preset")
    keys.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    chosen = page.value("#set-preset")
    keys.to("#set-add")
    keys.press(Keys.ENTER)
    assert page.value("#set-codings") == f"name,codes\nsmile,6+12\n{chosen}"
    keys.to('[data-level="C"]')
    keys.press(" ")
    keys.to("#set-moves")
    keys.press(" ")
    keys.to("#set-onset")
    keys.write("100")
    keys.to("#set-fps")
    keys.write("5")
    keys.to("#set-seed")
    keys.press(Keys.ARROW_UP)
    page.until(lambda: "up within 100 ms" in (page("#set-curve").get_attribute("aria-label") or ""))
    page.until(lambda: "9 stimuli" in page("#say").get_attribute("textContent"))
    assert "level" not in page("#set-toml").get_attribute("textContent")
    assert nameless(page) == []
    assert errors(page) == []


def test_cells_are_walked_enlarged_and_their_film_stopped(keyboard):
    keys = keyboard("#c=0&v=set")
    page = keys.page
    page.until(lambda: page.all(".cell img[src]"))
    keys.press(Keys.TAB, Keys.ENTER)
    keys.to("#set-moves")
    keys.press(" ")
    keys.to("#set-onset")
    keys.write("100")
    keys.to("#set-fps")
    keys.write("5")
    page.until(lambda: "frames" in page("#set-count").text)
    page.until(lambda: len(page.all(".cell img[src]")) == len(page.all(".cell")))
    keys.to(".cell")
    keys.press(Keys.ARROW_RIGHT)
    cell = keys.name()
    assert "smile" in cell
    keys.press(Keys.ENTER)
    page.until(lambda: page.all("dialog.large .turn:not([hidden])"))
    film = page("dialog.large img").get_attribute("src")
    keys.to(".turn", back=True)
    keys.press(Keys.ENTER)
    assert page("dialog.large img").get_attribute("src") != film
    keys.press(Keys.ESCAPE)
    keys.stop()
    assert keys.name() == cell


def test_a_plan_that_comes_late_leaves_the_cell_its_focus(keyboard):
    keys = keyboard("#c=0&v=set")
    page = keys.page
    page.until(lambda: page.all(".cell img[src]"))
    keys.press(Keys.TAB, Keys.ENTER)
    keys.to("#set-seed")
    shown = page(".cell")
    keys.press(Keys.ARROW_UP, Keys.TAB, Keys.TAB, Keys.ARROW_RIGHT)
    page.until(lambda: page(".cell") != shown)
    assert "smile" in keys.name()
    keys.stop()


def test_a_set_is_made_and_its_tables_read(keyboard):
    keys = keyboard("#c=0&v=set")
    page = keys.page
    keys.press(Keys.TAB, Keys.ENTER)
    keys.to("#set-codings")
    keys.write("name,codes\nsmile,6+nonsense")
    page.until(lambda: page("#set-error").text)
    keys.to("#set-make")  # says why not, where it would not be found else
    keys.press(Keys.ENTER)
    why = page("#set-error").text
    page.until(lambda: page("#say").get_attribute("textContent") == why)
    keys.to("#set-codings", back=True)
    keys.write("name,codes\nsmile,6+12")
    page.until(lambda: page("#set-count").text == "2 stimuli" and not page("#set-error").text)
    keys.to("#set-make")
    keys.press(Keys.ENTER)
    page.until(lambda: page("#set-zip").is_displayed())
    page.until(lambda: "Made" in page("#say").get_attribute("textContent"))
    assert keys.at("#set-zip")
    keys.to("#set-conditions summary")
    keys.press(Keys.ENTER)
    page.until(lambda: page.all("#set-table tbody tr"))
    keys.to("#set-table")
    assert keys.name() == "The conditions table"
    keys.to("#set-table ~ *, details:not(#set-conditions) summary")
    keys.press(Keys.ENTER)
    keys.to("#set-toml")
    assert keys.name() == "design.toml"
    keys.to("#set-toml + button")
    keys.press(Keys.ENTER)
    page.until(lambda: page("#toast").text)


def test_who_wants_less_motion_gets_no_film_unasked(keyboard):
    keys = keyboard("#c=0&v=set")
    page = keys.page
    asked = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": asked})
    try:
        page.until(lambda: page.all(".cell img[src]"))
        keys.press(Keys.TAB, Keys.ENTER)
        keys.to("#set-moves")
        keys.press(" ")
        keys.to("#set-fps")
        keys.write("2")
        page.until(lambda: "frames" in page("#set-count").text)
        page.until(lambda: len(page.all(".cell img[src]")) == len(page.all(".cell")))
        keys.to(".cell")
        keys.press(Keys.ARROW_RIGHT, Keys.ENTER)
        page.until(lambda: page.all("dialog.large .turn:not([hidden])"))
        still = page("dialog.large img").get_attribute("src")
        assert still in [image.get_attribute("src") for image in page.all(".cell img")]
        keys.to(".turn", back=True)
        assert keys.name() == "Play the movement"
        keys.press(" ")
        assert page("dialog.large img").get_attribute("src") != still
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_letters_are_switched_off_and_stay_so(keyboard):
    keys = keyboard("#c=12C&p=1")
    page = keys.page
    slider = '[data-code="12"] input'

    def box(**way):
        keys.to("#help", **way)
        keys.press(Keys.ENTER)
        keys.to("#letters", back=True)
        assert keys.name() == "Letters, digits and signs act as keys"

    def quiet():
        """No single character does anything, on a slider or off it; arrows and Ctrl Z do."""
        keys.press("/", "m", "t", "]", "?")
        assert keys.at("#help")
        assert page("#help").get_attribute("title") == "Keys and help"
        keys.to(slider, most=90)
        keys.press("e", "r", "s", Keys.ARROW_RIGHT)
        page.until(lambda: page.value("#codes") == "12D")
        assert "p=1" in page.driver.current_url
        assert not page.all("dialog[open], #prose:not([hidden])")
        # What only a letter did has a stop of its own.
        keys.to('[data-code="12"] .apart', back=True)
        keys.press(" ")
        assert page.all('[data-code="12"] [data-side=left]')
        keys.press(" ")
        keys.chord(Keys.CONTROL, "z")  # the two sides as one again
        keys.chord(Keys.CONTROL, "z")  # the arrow
        page.until(lambda: "#c=12C" in page.driver.current_url)

    try:
        box()
        keys.press(" ", Keys.ESCAPE)
        quiet()
        page.driver.refresh()
        page.until(lambda: page.all(".unit") and page.value("#codes"))
        keys.to("#help")
        quiet()
        box(back=True)
        assert not page("#letters").is_selected()
        keys.press(" ", Keys.ESCAPE)
        keys.press("r")
        page.until(lambda: page.value("#codes") == "")
        page.driver.refresh()
        page.until(lambda: page.all(".unit") and page("#text").text)
        keys.press("/", "12")
        keys.to(slider)
        keys.press("e")
        page.until(lambda: page.value("#codes") == "12E")
    finally:
        page.js("localStorage.clear()")


COMES = """return document.querySelector('#finished') !== null
    || document.querySelector('#count')?.textContent.startsWith(arguments[0]) === true"""


def wanted_in(text):
    """What an attention check wants to be chosen: left, right, a number, or nothing."""
    found = re.search(r"please choose (?:the )?(\w+)", text)
    return found and found[1]


@pytest.mark.parametrize("kind", ["pair", "rate"])
def test_a_study_is_answered_by_tab_and_enter(chrome, serve, study_design, tmp_path, kind):
    text = study_design.read_text("utf-8")
    study_design.write_text(f'kind = "{kind}"\n{text}', encoding="utf-8")
    study = read_study(study_design)
    answers = Answers(tmp_path / "answers.jsonl", study)
    served = serve(lambda hosts: StudyPage(study, answers, hosts))
    chrome.get("about:blank")
    chrome.get(served.url)
    page = Page(chrome)
    keys = Keyboard(page)
    page.until(lambda: page.all("#agree"))
    assert nameless(page) == []
    keys.to("#letters")
    keys.press(" ")  # digits no longer answer
    keys.to("#agree")
    keys.press(Keys.ENTER)
    answered = 0
    while True:
        page.until(lambda n=answered + 1: page.js(COMES, f"{n} of"))
        keys.stop()
        if page.all("#finished"):
            break
        assert keys.at("#ask")
        assert nameless(page) == []
        keys.press("1")
        choice = wanted_in(page("#said").text) or ("left" if kind == "pair" else "1")
        keys.to(f'[data-choice="{choice}"]')
        keys.press(Keys.ENTER)
        answered += 1
    kept = (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()
    assert len(kept) == answered
    assert {json.loads(line)["choice"] for line in kept} <= {"left", "right", *"1234567"}
    report = report_of(study, answers)
    assert report["checks"] == {"asked": 2, "right": 2}
