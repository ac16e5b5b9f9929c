"""A real browser on the page: Debian's chromium with selenium, skipped with a word where not.

One browser serves all tests of a run; each opens a page of its own.
"""

from __future__ import annotations

import shutil
import threading

import pytest
import uvicorn

from auface_studio.server.app import Studio
from auface_studio.server.serve import bind, hosts_of

__all__ = [
    "Keyboard", "Page", "Served", "chrome", "errors", "nameless", "open_studio", "said", "serve",
    "tree",
]  # fmt: skip


class Served:
    """An app on a free port of the loopback, in a thread."""

    def __init__(self, make, port=0):
        self.place = bind(port)
        self.port = self.place.getsockname()[1]
        self.page = make(hosts_of(self.place))
        self.url = f"http://{hosts_of(self.place)[0]}/"
        config = uvicorn.Config(self.page.app, log_level="error", lifespan="off", ws="none",
                                timeout_graceful_shutdown=1)  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.place]}, daemon=True
        )
        self.thread.start()

    def stop(self):
        self.server.should_exit = True
        self.thread.join(10)
        self.place.close()


@pytest.fixture
def serve():
    running = []

    def start(make, port=0):
        running.append(Served(make, port))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def chrome():
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("chromium and chromedriver are not installed: no browser tests")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                     "--window-size=1400,1000", "--disable-background-networking"):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


class Page:
    """Shorthands: css to elements, and waiting for what must come true."""

    def __init__(self, driver):
        self.driver = driver

    def __call__(self, css):
        return self.driver.find_element("css selector", css)

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def until(self, check, says=""):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 180, poll_frequency=0.05).until(lambda _: check(), says)

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def value(self, css):
        return self(css).get_attribute("value")

    def slide(self, code, level, side=None):
        """Set a slider as a hand does: the event is input."""
        css = f'[data-code="{code}"] input[type=range]' + (f'[data-side="{side}"]' if side else "")
        self.js("const s = document.querySelector(arguments[0]); s.value = arguments[1];"
                "s.dispatchEvent(new Event('input', {bubbles: true}))", css, level)  # fmt: skip

    def write(self, css, text):
        field = self(css)
        field.clear()
        field.send_keys(text)


# Where the focus is: lost (nothing has it), marked (an outline shows it), covered (by what).
_STOP = """
const e = document.activeElement, style = getComputedStyle(e), box = e.getClientRects()[0];
const top = box && document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
const seen = top && (e.contains(top) || e.closest('label')?.contains(top));
return {
  where: `${e.tagName.toLowerCase()}#${e.id}.${e.className} ${e.textContent.trim().slice(0, 30)}`,
  lost: e === document.body,
  marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
  covered: seen ? null : top ? `${top.tagName}#${top.id}.${top.className}` : 'out of sight',
};"""


class Keyboard:
    """A page by keys alone: what is pressed goes to whatever has the focus, as for a hand."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.page.driver).send_keys(*keys).perform()

    def chord(self, held, key):
        from selenium.webdriver import ActionChains

        ActionChains(self.page.driver).key_down(held).send_keys(key).key_up(held).perform()

    def write(self, text):
        """Put text in the place of what the field holds."""
        from selenium.webdriver.common.keys import Keys

        self.chord(Keys.CONTROL, "a")
        self.press(Keys.DELETE, text)

    def at(self, css):
        return self.page.js("return document.activeElement.matches(arguments[0])", css)

    def stop(self):
        """Where the focus is; it is somewhere, is seen to be there, and lies under nothing."""
        found = self.page.js(_STOP)
        assert not found["lost"], "nothing has the focus"
        assert found["marked"], f"the focus is not to be seen: {found['where']}"
        assert found["covered"] is None, f"{found['where']} lies under {found['covered']}"
        return found["where"]

    def to(self, css, *, back=False, most=60):
        """Tab (or Shift Tab) to the place; every stop on the way is looked at."""
        from selenium.webdriver.common.keys import Keys

        for _ in range(most):
            self.chord(Keys.SHIFT, Keys.TAB) if back else self.press(Keys.TAB)
            self.stop()
            if self.at(css):
                return
        raise AssertionError(f"{css} is not among the next {most} stops")

    def name(self):
        """The name of what has the focus, as a screen reader has it."""
        run = self.page.driver.execute_cdp_cmd
        node = run("Runtime.evaluate", {"expression": "document.activeElement"})["result"]
        given = {"objectId": node["objectId"], "fetchRelatives": False}
        return run("Accessibility.getPartialAXTree", given)["nodes"][0]["name"]["value"]


@pytest.fixture
def open_studio(chrome, serve, faces, eyes, tmp_path):
    """open_studio(hash) -> the Page, ready."""
    served = serve(lambda hosts: Studio(faces, eyes, hosts, out=tmp_path / "sets"))

    def start(hash_="#c=0&p=1"):
        chrome.get("about:blank")
        chrome.get_log("browser")
        chrome.get(served.url + hash_)
        page = Page(chrome)
        page.served = served
        # What is there, not what is seen: another view may be open.
        page.until(lambda: page.all(".unit") and page("#text").get_attribute("textContent"),
                   "the page did not come up")  # fmt: skip
        return page

    return start


def errors(page):
    return [e["message"] for e in page.driver.get_log("browser") if e["level"] == "SEVERE"]


def tree(page):
    """The page as the browser hands it to a screen reader: the nodes that it does not leave out."""
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [node for node in nodes if not node.get("ignored")]


def said(node, name):
    """A property of a node of the tree; None where it has none."""
    found = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
    return found.get(name)


# Nothing of these can have the focus, and yet each must say what it is.
_NAMED = {"image", "progressbar", "radiogroup", "dialog", "tabpanel", "tablist", "table"}


def nameless(page):
    """What has no name of all that can have the focus, and of what must say what it is."""
    return [
        (node["role"]["value"], node.get("properties"))
        for node in tree(page)
        if (said(node, "focusable") or node["role"]["value"] in _NAMED)
        and not node.get("name", {}).get("value", "").strip()
    ]
