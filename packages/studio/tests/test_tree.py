"""The page through the browser's accessibility tree: what a screen reader has to go by.

No screen reader reads here. What is held is that everything has a name, that sliders say levels,
and that nothing is said unasked while a hand moves.
"""

from __future__ import annotations

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: no browser tests")

from browsing import Keyboard, nameless, said, tree
from selenium.webdriver.common.keys import Keys

# Keeps what live regions say, and which of them. An <output> is one, too.
LISTEN = """
const live = '[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off]), output';
window.heard = [];
new MutationObserver((changes) => {
  const at = ({target: t}) => (t.nodeType === 1 ? t : t.parentElement)?.closest(live);
  const places = [...new Set(changes.map(at))].filter((place) => place?.textContent);
  window.heard.push(...places.map((place) => [place.id, place.textContent]));
}).observe(document.body, {subtree: true, childList: true, characterData: true});"""


@pytest.fixture
def reader(open_studio):
    """reader(hash) -> the Keyboard of an opened page whose live regions are listened to."""

    def start(hash_):
        keys = Keyboard(open_studio(hash_))
        keys.page.js(LISTEN)
        return keys

    return start


def heard(page):
    """What was said, in order. One voice says all: it waits till the hand rests."""
    found = page.js("return window.heard")
    assert {place for place, _ in found} <= {"say"}
    return [text for _, text in found]


def hears(page, part):
    """Waits for a sentence; what was said before it is forgotten."""
    page.until(lambda: heard(page) and part in heard(page)[-1], part)
    page.js("window.heard.length = 0")


def test_what_can_be_acted_on_has_a_name(reader, png, tmp_path):
    keys = reader("#c=L12D+15B&p=1")
    page = keys.page
    page.until(lambda: page.all("#seen .dot-row") and page.all(".conflict-card"))
    assert nameless(page) == []
    keys.press("?")
    assert nameless(page) == []
    keys.press(Keys.ESCAPE, "t")
    page.until(lambda: page("#prose").is_displayed())
    assert nameless(page) == []
    page("#tab-set").click()
    page("#set-moves").click()
    page.until(lambda: page.all(".cell img[src]") and "frames" in page("#set-count").text)
    assert nameless(page) == []
    page(".cell").click()
    assert nameless(page) == []
    keys.press(Keys.ESCAPE)
    page("#tab-read").click()
    (tmp_path / "photo.png").write_bytes(png)
    page("#read-drop input").send_keys(str(tmp_path / "photo.png"))
    page.until(lambda: page.all(".read-found"))
    assert nameless(page) == []
    (tmp_path / "openface.csv").write_text("frame,AU12_r,success,confidence\n1,3.0,1,0.99\n")
    page("#read-drop input").send_keys(str(tmp_path / "openface.csv"))
    page.until(lambda: page.all(".rows button"))
    assert nameless(page) == []


def test_sliders_say_a_level(reader):
    page = reader("#c=L12D+15B+4&p=1").page
    page.until(lambda: page.value("#codes"))
    levels = {
        node["name"]["value"]: said(node, "valuetext")
        for node in tree(page)
        if node["role"]["value"] == "slider"
    }
    assert len(levels) > 40
    assert levels["12 lip corner puller, its left"] == "D, severe"
    assert levels["15 lip corner depressor"] == "B, slight"
    assert levels["4 brow lowerer"] == "acting, not scored"
    assert not [text for text in levels.values() if not text or text[0].isdigit()]


def test_a_slider_that_moves_is_the_only_one_to_speak(reader, faces):
    keys = reader("#c=12C&p=1")
    page = keys.page
    keys.press("/", "smile")
    hears(page, "1 unit found")
    keys.to('[data-code="12"] input')
    keys.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    page.until(lambda: page.value("#codes") == "12D" and ("12D", 1) in faces.drawn)
    page.until(lambda: page.all("#frame.whole") and page.all("#seen:not(.old) .dot-row"))
    assert heard(page) == []
    # What gives way is news.
    page.slide("15", 2)
    hears(page, "15 gives way to 12")


def test_what_is_typed_is_answered_when_the_hand_rests(reader):
    keys = reader("#c=0&p=1")
    page = keys.page
    keys.press("c", "12D+nons")
    hears(page, "position")
    assert page("#codes").get_attribute("aria-invalid") == "true"
    keys.press(Keys.ESCAPE, "t")
    keys.write("Purple bananas sing.")
    hears(page, "so the face is at rest")
    keys.press(Keys.ESCAPE, "/", "xyzzy")
    hears(page, "No unit by that name")
