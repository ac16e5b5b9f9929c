"""What the page asks for: a coding in all its views, a picture, what is seen in one.

Requests are JSON objects (a dropped picture is sent as its bytes); answers are JSON or PNG. An
error of the asker is answered 400 with one sentence, which the page shows as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auface_studio.coding import VIEWS, catalogue, is_wrong, look, read_coding, read_shows
from auface_studio.errors import StudioError
from auface_studio.eye import Detected, Eyes, to_coding
from auface_studio.face import Faces, Portrait, Stopped
from auface_studio.picture import chunks, open_picture
from auface_studio.portrait import crop_portrait, rest_note
from auface_studio.server.body import body
from auface_studio.server.guard import Guard
from auface_studio.server.lane import IDLE, NEXT, NOW, Busy, Lane, Superseded
from facs_text import Coding

__all__ = ["Studio", "guarded", "static_routes"]

_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_PORTRAITS = 16  # portraits kept in memory, never written
PACKAGES = ("auface-studio", "auface-gen", "aaad", "facs-text")
Handler = Callable[[Request], Awaitable[Response]]


def static_routes(page: str) -> list[Route]:
    """The files of the page, from a list made once: a path that is not in it does not exist."""
    folder = resources.files("auface_studio").joinpath("static")
    files = {
        entry.name: (entry.read_bytes(), _TYPES[Path(entry.name).suffix])
        for entry in folder.iterdir()
        if Path(entry.name).suffix in _TYPES
    }

    async def answer(request: Request) -> Response:
        name = request.path_params.get("name", page)
        if name not in files:
            raise HTTPException(404, "there is no such file")
        content, kind = files[name]
        return Response(content, media_type=kind)

    return [Route("/", answer), Route("/static/{name}", answer)]


def number(asked: dict[str, Any], name: str, *, most: int, default: int = 0) -> int:
    """A whole number from 0 to most of a request."""
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise StudioError(f"{name} {value!r:.40} is not a whole number from 0 to {most}")
    return value


def guarded(routes: Iterable[Route], hosts: Iterable[str], **options: Any) -> Starlette:
    """An app that only answers its own page, with errors of the asker as one sentence."""

    async def wrong(_: Request, error: Exception) -> Response:
        status = (
            409
            if isinstance(error, (Superseded, Stopped))
            else 503
            if isinstance(error, Busy)
            else 400
        )
        if not is_wrong(error):
            raise error
        return JSONResponse({"error": " ".join(str(error).split())}, status)

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": error.detail}, error.status_code)

    async def left(_: Request, __: Exception) -> Response:
        return Response(status_code=499)

    return Starlette(
        routes=list(routes),
        middleware=[Middleware(Guard, hosts=tuple(hosts), **options)],
        exception_handlers={
            ValueError: wrong,
            HTTPException: refused,
            ClientDisconnect: left,
        },
    )


class Studio:
    """The studio's routes over a painter and a detector. `app` is what uvicorn runs."""

    def __init__(
        self, faces: Faces, eyes: Eyes | None, hosts: Iterable[str], *, out: Path | None = None
    ) -> None:
        from auface_studio.server.sets import Sets

        self.faces, self.eyes = faces, eyes
        self.lane = Lane()
        self.portraits: OrderedDict[str, Image.Image] = OrderedDict()
        self.sets = Sets(faces, eyes, self.lane, out or Path("stimuli"))
        routes = [
            *static_routes("index.html"),
            Route("/api/start", self.start),
            Route("/api/look", self.look, methods=["POST"]),
            Route("/api/face", self.face, methods=["POST"]),
            Route("/api/person/{number:int}.png", self.person),
            Route("/api/seen", self.seen, methods=["POST"]),
            Route("/api/portrait", self.portrait, methods=["POST"]),
            Route("/api/shows", self.shows, methods=["POST"]),
            Route("/api/read", self.read, methods=["POST"]),
            Route("/api/table", self.table, methods=["POST"]),
            *self.sets.routes(),
        ]
        self.app = guarded(routes, hosts)

    async def start(self, _: Request) -> Response:
        """What the page needs once: units, presets, people, maps, versions."""
        about = {
            "people": self.faces.people,
            "size": self.faces.size,
            "model": self.faces.model,
            "detector": self.eyes.name if self.eyes is not None else None,
            "maps": self.faces.maps(),
            "versions": {name: version(name) for name in PACKAGES},
        }
        return JSONResponse(catalogue() | about)

    async def look(self, request: Request) -> Response:
        """The views of one coding."""
        return JSONResponse(look(await body(request)))

    async def face(self, request: Request) -> Response:
        """The picture of a coding; of one tab only the newest is drawn."""
        asked = await body(request)
        coding, person = self._coding(asked), self._person(asked)
        draft, seed = asked.get("draft") is True, number(asked, "seed", most=2**31 - 1)
        drawn = await self.lane.run(
            # Only a finished picture gives way: a draft that did would starve a long drag.
            lambda stop: self.faces.draw(
                coding, person=person, seed=seed, draft=draft, stop=None if draft else stop
            ),
            tab=str(asked.get("tab", ""))[:64],
            rank=NOW if draft else NEXT,
            gone=request.is_disconnected,
        )
        return Response(
            drawn.png,
            media_type="image/png",
            headers={"x-not-shown": ",".join(drawn.not_shown), "x-steps": str(drawn.steps)},
        )

    async def person(self, request: Request) -> Response:
        """A made-up person at rest."""
        wanted = request.path_params["number"]
        drawn = await self.lane.run(
            lambda _: self.faces.draw(Coding(), person=wanted, draft=True),
            rank=IDLE,
            gone=request.is_disconnected,
        )
        return Response(drawn.png, media_type="image/png")

    async def seen(self, request: Request) -> Response:
        """What the detector sees in the picture of a coding, beside what was asked."""
        asked = await body(request)
        eyes = self._eyes()
        coding, person = self._coding(asked), self._person(asked)
        seed = number(asked, "seed", most=2**31 - 1)

        def work(stop: Callable[[], bool]) -> list[Detected]:
            draw = self.faces.draw
            pictures = [
                Image.open(io.BytesIO(draw(c, person=person, seed=seed, stop=stop).png))
                for c in (coding, Coding())
            ]
            return eyes.see(pictures[0], pictures[1], coding)

        tab = str(asked.get("tab", ""))[:64]
        rows = await self.lane.run(work, tab=tab, rank=NEXT, gone=request.is_disconnected)
        return JSONResponse({"rows": _rows(rows), "distance": eyes.distance(rows)})

    async def portrait(self, request: Request) -> Response:
        """Keep the face of a portrait in memory; its name stands for the person from then on."""
        data = await request.body()

        def work(_: Callable[[], bool]) -> tuple[Image.Image, str]:
            crop, note = crop_portrait(open_picture(data), self.faces.size)
            return crop, note if self.eyes is None else rest_note(crop, note)

        crop, note = await self.lane.run(work, gone=request.is_disconnected)
        name = hashlib.sha256(data).hexdigest()[:16]
        self.portraits[name] = crop
        while len(self.portraits) > _PORTRAITS:
            self.portraits.popitem(last=False)
        return JSONResponse({"portrait": name, "note": note})

    async def shows(self, request: Request) -> Response:
        """What was understood of what the face in a portrait is said to do already."""
        read = read_shows((await body(request)).get("shows"))
        return JSONResponse(
            {"codes": str(read.coding), "unread": list(read.not_understood)}
            if read is not None
            else {"codes": "", "unread": []}
        )

    async def read(self, request: Request) -> Response:
        """Units, codes and text of a photograph, by the detector, and what its chunks say.

        The face is found first, as in a portrait; a picture that says it was drawn is one already.
        """
        data = await request.body()
        eyes = self._eyes()

        def work(_: Callable[[], bool]) -> tuple[list[Detected], dict[str, str], str]:
            picture, note = open_picture(data), ""
            said = chunks(data)
            if "codes" not in said:
                picture, note = crop_portrait(picture, self.faces.size)
            return eyes.see(picture), said, note

        rows, said, note = await self.lane.run(work, gone=request.is_disconnected)
        coding = to_coding(rows)
        return JSONResponse(
            {
                "by": eyes.name,
                "rows": _rows(rows),
                "look": look({"codes": str(coding)}),
                "chunks": said,
                "note": note,
            }
        )

    async def table(self, request: Request) -> Response:
        """The first rows of another tool's table (OpenFace, py-feat, ...) as codings."""
        from auface_studio.tables import codings_of

        data = await request.body()
        name = request.query_params.get("name", "table.csv")
        return JSONResponse(await asyncio.to_thread(codings_of, data, name))

    def _eyes(self) -> Eyes:
        if self.eyes is None:
            raise StudioError("there is no detector here: install auface[score]")
        return self.eyes

    def _coding(self, asked: dict[str, Any]) -> Coding:
        given = {key: value for key, value in asked.items() if key in VIEWS}
        return read_coding(given).coding

    def _person(self, asked: dict[str, Any]) -> int | Portrait:
        name, shows = asked.get("portrait"), asked.get("shows")
        read = read_shows(shows)
        if name is None:
            if read is not None:
                raise StudioError("shows says what the face in a portrait does: give portrait, too")
            return number(asked, "person", most=self.faces.people - 1)
        if not isinstance(name, str) or name not in self.portraits:
            raise StudioError("this portrait is no longer here: drop it again")
        return Portrait(self.portraits[name], "" if read is None else str(shows).strip())


def _rows(rows: list[Detected]) -> list[dict[str, Any]]:
    return [
        {
            "unit": one.unit,
            "side": one.side,
            "chances": [round(c, 4) for c in one.chances],
            "level": round(one.level, 3),
            "asked": None if one.asked is None else round(one.asked, 3),
        }
        for one in rows
    ]
