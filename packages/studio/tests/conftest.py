"""A painter and a detector of a few lines: what the page does with them is what is tested."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from PIL import Image
from starlette.applications import Starlette

from auface_gen.label import labelled_png
from auface_studio.errors import StudioError
from auface_studio.eye import Detected
from auface_studio.face import Drawn, Portrait
from auface_studio.server.app import Studio
from facs_text import Coding, describe, resolve

sys.path.insert(0, str(Path(__file__).parent))
from browsing import chrome, open_studio, serve  # noqa: F401  (fixtures of the browser tests)

# A slow machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

HOST = "127.0.0.1:8511"


class Browser:
    """Speaks to an app in this process, as our own page does; one event loop for all requests."""

    def __init__(self, app: Starlette) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.headers = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{HOST}"
        )

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        given["headers"] = self.headers | given.get("headers", {})
        sent = self._http.request(method, path, **given)
        return asyncio.run_coroutine_threadsafe(sent, self._loop).result(60)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)

    def close(self) -> None:
        async def end() -> None:
            await self._http.aclose()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass
class TinyFaces:
    """A picture is one colour, by the coding and the person; `drawn` lists what was asked for."""

    people: int = 5
    size: int = 16
    model: str = "tiny"
    drawn: list[tuple[str, Any]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def draw(
        self,
        coding: Coding,
        *,
        person: int | Portrait,
        seed: int = 0,
        draft: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Drawn:
        self.before()
        if isinstance(person, int) and not 0 <= person < self.people:
            raise StudioError(f"no person {person}; there are 0 to {self.people - 1}")
        self.drawn.append((str(coding), person))
        said = describe(coding, seed=seed)
        who = person if isinstance(person, int) else 250
        shade = sum(a.level * (7 + int(a.code.lstrip("M"))) for a in coding) % 256
        image = Image.new("RGB", (self.size, self.size), (shade, who % 256, seed % 256))
        name = f"seed:{person}" if isinstance(person, int) else "image"
        told = {
            "codes": str(coding), "text": said.text, "seed": str(seed), "identity": name,
            "person": str(person) if isinstance(person, int) else "portrait", "model": self.model,
        }  # fmt: skip
        png = labelled_png(image, chunks={f"auface:{key}": v for key, v in told.items()})
        return Drawn(png, coding, said.text, name, seed, 1, self.model, ())

    def between(
        self,
        below: Coding,
        above: Coding,
        share: float,
        *,
        person: int | Portrait,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> Drawn:
        a, b = (self.draw(c, person=person, seed=seed, stop=stop) for c in (below, above))
        near = b if share >= 0.5 else a
        ends = [Image.open(io.BytesIO(one.png)) for one in (a, b, near)]
        chunks = {k: v for k, v in ends[2].info.items() if k.startswith("auface:")}
        png = labelled_png(Image.blend(ends[0], ends[1], share), chunks=chunks | dict(said or {}))
        return replace(near, png=png)

    def maps(self) -> dict[str, list[list[float]]]:
        return {"AU12:left": [[0.0, 1.0], [0.5, 0.0]], "AU12:right": [[1.0, 0.0], [0.0, 0.5]]}


class TinyEyes:
    """Sees 12 at C on both sides, whatever the picture shows."""

    name = "tiny-eyes"

    def see(
        self, image: Image.Image, neutral: Image.Image | None = None, asked: Coding | None = None
    ) -> list[Detected]:
        acts = resolve(asked).activations if asked is not None else None
        rows = []
        for unit, side, level in (("AU12", "left", 3), ("AU12", "right", 3), ("AU15", "left", 0)):
            want = None if acts is None else 5 * acts.get(unit, {}).get(side, 0.0)
            apart = None if want is None else abs(want - level) / 5
            chances = tuple(float(k == level) for k in range(6))
            rows.append(Detected(unit, side, chances, float(level), want, apart))
        return rows

    def distance(self, seen: list[Detected]) -> float | None:
        gaps = [one.apart for one in seen if one.apart is not None]
        return sum(gaps) / len(gaps) if gaps else None


@pytest.fixture
def faces() -> TinyFaces:
    return TinyFaces()


@pytest.fixture
def eyes() -> TinyEyes:
    return TinyEyes()


@pytest.fixture
def page(faces: TinyFaces, eyes: TinyEyes, tmp_path: Path) -> Studio:
    return Studio(faces, eyes, [HOST], out=tmp_path / "sets")


@pytest.fixture
def browse() -> Iterator[Callable[[Starlette], Browser]]:
    """browse(app) -> a Browser on it, closed after the test."""
    opened: list[Browser] = []

    def start(app: Starlette) -> Browser:
        opened.append(Browser(app))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def client(page: Studio, browse: Callable[[Starlette], Browser]) -> Browser:
    """A browser on the studio."""
    return browse(page.app)


@pytest.fixture
def png() -> bytes:
    """A photograph, as far as anybody can tell."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 60)).save(out, format="PNG")
    return out.getvalue()


def write_arm(folder: Path, faces: TinyFaces, codes: list[str], *, shade: int = 0) -> None:
    """A folder of pictures as auface generate writes them."""
    from facs_text import parse

    folder.mkdir(parents=True)
    for k, one in enumerate(codes):
        drawn = faces.draw(parse(one), person=1, seed=shade)
        (folder / f"secret-{folder.name}-{k}.png").write_bytes(drawn.png)


@pytest.fixture
def study_design(tmp_path: Path, faces: TinyFaces) -> Path:
    """A study of two arms and six items."""
    codes = ["12C", "4D", "1C+2C", "15B", "9D", "26C"]
    for shade, arm in enumerate(("ours", "theirs")):
        write_arm(tmp_path / arm, faces, codes, shade=shade)
    path = tmp_path / "study.toml"
    path.write_text(
        'title = "Which fits"\nconsent = "You may stop at any time."\nseed = 4\nchecks = 2\n'
        'instructions = "Look at both."\n'
        '[[arm]]\nname = "ours"\nfolder = "ours"\n[[arm]]\nname = "theirs"\nfolder = "theirs"\n',
        encoding="utf-8",
    )
    return path
