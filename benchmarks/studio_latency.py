"""From a slider's move to its picture, over a real server on the loopback; and memory after it.

    python benchmarks/studio_latency.py

Writes benchmarks/results/studio_latency.json. A move asks for the words and the draft together, as
the page does, one move after the other. Then: two tabs at once, twenty requests in flight, clients
that vanish, 500 moves and the memory before and after them. With chromium and selenium installed,
the same moves are timed in the browser, until the picture is decoded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import random
import resource
import shutil
import statistics
import threading
import time
from importlib.metadata import version
from pathlib import Path

import httpx
import torch
import uvicorn

from auface_studio.eye import Eye
from auface_studio.face import Painter
from auface_studio.server.app import Studio
from auface_studio.server.serve import bind, hosts_of

OUT = Path(__file__).parent / "results" / "studio_latency.json"
UNITS = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "23", "25", "26")


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    return {
        "median_ms": round(1000 * statistics.median(ordered), 1),
        "p95_ms": round(1000 * ordered[int(0.95 * (len(ordered) - 1))], 1),
        "n": len(ordered),
    }


def memory_mb() -> float:
    """What this process holds now, in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def moves(count: int, seed: int) -> list[list[list[object]]]:
    """A hand that goes from slider to slider: each move changes one level of up to four units."""
    draw = random.Random(seed)
    now: dict[str, int] = {}
    out = []
    for _ in range(count):
        if len(now) >= 4:
            now.pop(draw.choice(list(now)))
        now[draw.choice(UNITS)] = draw.randint(1, 5)
        out.append([[code, "left" if code not in ("17", "23", "25", "26") else "both", level]
                    for code, level in now.items()])  # fmt: skip
    return out


async def move(client: httpx.AsyncClient, actions: object, tab: str, person: int = 3) -> float:
    """One move: seconds until words and draft are both there."""
    started = time.perf_counter()
    words, face = await asyncio.gather(
        client.post("/api/look", json={"actions": actions}),
        client.post(
            "/api/face",
            json={"actions": actions, "person": person, "tab": tab, "draft": True},
        ),
    )
    assert words.status_code == 200, words.text
    assert face.status_code in (200, 409), face.text
    return time.perf_counter() - started


async def measure(url: str) -> dict[str, object]:
    """Everything that is asked over HTTP."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for actions in moves(5, seed=9):
            await move(client, actions, "warm")
        out: dict[str, object] = {}
        one = [await move(client, m, "a") for m in moves(50, seed=1)]
        out["one_tab"] = spread(one)

        async def hand(tab: str, seed: int) -> list[float]:
            return [await move(client, m, tab, seed) for m in moves(25, seed=seed)]

        both = await asyncio.gather(hand("a", 2), hand("b", 3))
        out["two_tabs"] = spread([t for tab in both for t in tab])

        started = time.perf_counter()
        many = await asyncio.gather(*(move(client, m, "c", 4) for m in moves(20, seed=4)))
        out["twenty_in_flight_one_tab_s"] = round(time.perf_counter() - started, 2)
        started = time.perf_counter()
        many = await asyncio.gather(
            *(move(client, m, f"t{k}", 5) for k, m in enumerate(moves(20, seed=5)))
        )
        out["twenty_in_flight_twenty_tabs_s"] = round(time.perf_counter() - started, 2)
        assert len(many) == 20

        for m in moves(10, seed=6):  # asks for finished pictures and hangs up
            asked = {"actions": m, "person": 6, "tab": "gone"}
            with contextlib.suppress(httpx.TimeoutException):
                await client.post("/api/face", json=asked, timeout=0.05)
        out["a_move_after_ten_that_vanished_ms"] = round(
            1000 * await move(client, moves(1, seed=7)[0], "after"), 1
        )
        before = memory_mb()
        long = [await move(client, m, "long", 8) for m in moves(500, seed=8)]
        out["after_500_moves"] = {
            "memory_before_mb": round(before, 1), "memory_after_mb": round(memory_mb(), 1),
            **spread(long),
        }  # fmt: skip
        return out


def browser(url: str) -> dict[str, float] | None:
    """Fifty moves in chromium, from the event to the decoded picture; None without a browser."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    try:
        from selenium.webdriver import Chrome, ChromeOptions
        from selenium.webdriver.chrome.service import Service
    except ModuleNotFoundError:
        return None
    if not chromium or not driver:
        return None
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    chrome = Chrome(options=options, service=Service(driver))
    try:
        chrome.set_script_timeout(120)
        chrome.get(url + "#c=0&p=3")
        taken = chrome.execute_async_script(
            """
            const done = arguments[1];
            (async () => {
              const { moves } = await import("/static/face.js");
              const wait = (check) => new Promise((resolve) => {
                const look = () => (check() ? resolve() : setTimeout(look, 4));
                look();
              });
              await wait(() => moves.length > 0);
              const start = moves.length;
              for (const [code, level] of arguments[0]) {
                const slider = document.querySelector(`[data-code="${code}"] input[type=range]`);
                slider.value = level;
                const had = moves.length;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                await wait(() => moves.length > had);
              }
              done(moves.slice(start));
            })();
            """,
            [[UNITS[k * 5 % len(UNITS)], 1 + k * 7 % 5] for k in range(50)],
        )
        return spread([t / 1000 for t in taken])
    finally:
        chrome.quit()


def main() -> None:
    """Serve, measure, write."""
    place = bind(0)
    painter = Painter.load(device="cpu")
    page = Studio(painter, Eye.load(), hosts_of(place))
    config = uvicorn.Config(page.app, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    url = f"http://{hosts_of(place)[0]}/"
    load = os.getloadavg()[0]
    result = asyncio.run(measure(url))
    result["in_the_browser"] = browser(url)
    server.should_exit = True
    thread.join(20)
    result["draft_steps"] = painter.draft_steps
    result["machine"] = {
        "cores": os.cpu_count(), "threads": torch.get_num_threads(), "load_before": round(load, 2),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(), "torch": torch.__version__,
        "model": painter.model, "auface-studio": version("auface-studio"),
    }  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    beside = OUT.with_suffix(".part")
    beside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    beside.replace(OUT)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
