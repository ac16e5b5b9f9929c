"""The page through the browser's accessibility tree: what a screen reader has to go by.

No screen reader reads here. What is held is that everything has a name, that sliders say levels,
and that nothing is said unasked while a hand moves.
"""

from __future__ import annotations

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: no browser tests")

from browsing import Keyboard, nameless, said, tree
from selenium.webdriver.common.keys import Keys

# Keeps what live regions say. An <output> is one, too.
LISTEN = """
const live = '[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off]), output';
window.heard = [];
new MutationObserver((changes) => {
  const at = ({target: t}) => (t.nodeType === 1 ? t : t.parentElement)?.closest(live);
  const said = [...new Set(changes.map(at))].map((place) => place?.textContent).filter(Boolean);
  window.heard.push(...said);
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
    return page.js("return window.heard")


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
    keys.to('[data-code="12"] input')
    page.until(lambda: heard(page) == ["1 unit found"])
    keys.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    page.until(lambda: page.value("#codes") == "12D" and ("12D", 1) in faces.drawn)
    page.until(lambda: page.all("#frame.whole") and page.all("#seen .dot-row"))
    assert heard(page) == ["1 unit found"]
    # What gives way is news, and is told once.
    keys.press("/")
    keys.write("15")
    keys.to('[data-code="15"] input')
    keys.press("b", "c", "b")
    page.until(lambda: page.all("#frame.whole") and "15B" in page.value("#codes"))
    page.until(lambda: heard(page)[-1] == "15 gives way to 12")
    assert heard(page).count("15 gives way to 12") == 1


def test_what_is_typed_is_answered_when_the_hand_rests(reader):
    keys = reader("#c=0&p=1")
    page = keys.page
    keys.press("c", *"12D+nons")
    page.until(lambda: "position" in page("#codes-error").text)
    page.until(lambda: heard(page))
    assert len(heard(page)) <= 2  # a machine that stumbles is a hand that rests
    assert "position" in heard(page)[-1]
    assert page("#codes").get_attribute("aria-invalid") == "true"
    page.js("window.heard.length = 0")
    keys.press(Keys.ESCAPE, "t")
    keys.write("Purple bananas sing.")
    page.until(lambda: heard(page) and "so the face is at rest" in heard(page)[-1])
    assert len(heard(page)) <= 2
