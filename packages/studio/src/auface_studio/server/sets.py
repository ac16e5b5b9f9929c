"""The page's set designer: what a design comes to, making it, and the zip of it."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from auface_studio.errors import StudioError
from auface_studio.eye import Eyes
from auface_studio.face import Faces
from auface_studio.server.body import body
from auface_studio.server.lane import IDLE, Lane
from auface_studio.stimuli.codings import parse_table
from auface_studio.stimuli.design import Design, read_design, to_toml
from auface_studio.stimuli.make import SetMaker
from auface_studio.stimuli.sequence import Frame, animated, draw_frame
from auface_studio.stimuli.stimulus import Stimulus, plan
from facs_text import describe

__all__ = ["Sets"]

_SHOWN = 400


class Sets:
    """Makes one set at a time below the folder `out`, picture by picture between other wishes."""

    def __init__(self, faces: Faces, eyes: Eyes | None, lane: Lane, out: Path) -> None:
        self.faces, self.eyes, self.lane, self.out = faces, eyes, lane, out
        self.task: asyncio.Task[None] | None = None
        self.status: dict[str, Any] = {"state": "none"}
        self.zipped: Path | None = None

    def routes(self) -> list[Route]:
        """What the page asks."""
        return [
            Route("/api/set/plan", self.plan, methods=["POST"]),
            Route("/api/set/make", self.make, methods=["POST"]),
            Route("/api/set/stop", self.stop, methods=["POST"]),
            Route("/api/set/status", self.state),
            Route("/api/set/zip", self.zip),
            Route("/api/set/conditions", self.conditions),
            Route("/api/set/play", self.play, methods=["POST"]),
        ]

    async def plan(self, request: Request) -> Response:
        """The stimuli, and the design as TOML."""
        design = _design(await body(request))
        stimuli = plan(design)
        missing = [p for p in design.people if p >= self.faces.people]
        if missing:
            raise StudioError(f"no person {missing[0]}; there are 0 to {self.faces.people - 1}")
        return JSONResponse(
            {
                "count": len(stimuli),
                "pictures": sum(len(one.codings) for one in stimuli),
                "frames": sum(len(one.frames) for one in stimuli),
                "cells": [_cell(one) for one in stimuli[:_SHOWN]],
                "toml": to_toml(design),
            }
        )

    async def make(self, request: Request) -> Response:
        """Begin to make a set; its folder is named after the title."""
        design = _design(await body(request))
        if self.task is not None and not self.task.done():
            raise StudioError("a set is being made already; wait for it, or stop it")
        name = "-".join(re.findall(r"[a-z0-9]+", design.title.lower()))[:60] or "set"
        maker = SetMaker(design, self.faces, self.eyes, self.out / name)
        self.zipped = None
        self.status = {
            "state": "making", "done": 0, "total": len(maker.stimuli),
            "folder": str(maker.out.resolve()),
        }  # fmt: skip
        self.task = asyncio.create_task(self._run(maker))
        return JSONResponse(self.status)

    async def stop(self, _: Request) -> Response:
        """Stop making; what is made stays, and making it again resumes there."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
            self.status["state"] = "stopped"
        return JSONResponse(self.status)

    async def state(self, _: Request) -> Response:
        """How far it is."""
        return JSONResponse(self.status)

    async def zip(self, _: Request) -> Response:
        """The set that was made last, as one file."""
        if self.zipped is None or not self.zipped.is_file():
            raise StudioError("there is no set yet: make one first")
        return FileResponse(self.zipped, media_type="application/zip", filename=self.zipped.name)

    async def conditions(self, _: Request) -> Response:
        """The first rows of conditions.csv of the set that was made last."""
        if self.zipped is None:
            raise StudioError("there is no set yet: make one first")
        path = self.zipped.with_suffix("") / "conditions.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return JSONResponse({"count": len(rows), "rows": rows[:_SHOWN]})

    async def play(self, request: Request) -> Response:
        """One moving stimulus of a design as an animation, drawn between other wishes."""
        asked = await body(request)
        design = _design(asked)
        one = next((s for s in plan(design) if s.label == asked.get("label")), None)
        if one is None or not one.frames or design.dynamics is None:
            raise StudioError("no moving stimulus of that label in this design")
        drawn: dict[Any, bytes] = {}
        for frame in one.frames:
            if frame.place not in drawn:
                drawn[frame.place] = await self.lane.run(
                    _frame(self.faces, frame, one.person, design.seed),
                    rank=IDLE,
                    gone=request.is_disconnected,
                )
        pictures = [drawn[frame.place] for frame in one.frames]
        data = await asyncio.to_thread(animated, pictures, design.dynamics.fps, again=True)
        return Response(data, media_type="image/webp")

    async def _run(self, maker: SetMaker) -> None:
        try:
            await asyncio.to_thread(maker.begin)
            for one in maker.stimuli:
                await self.lane.run(_work(maker, one), rank=IDLE)
                self.status["done"] += 1
            await asyncio.to_thread(maker.finish)
            path = maker.out.with_suffix(".zip")
            await asyncio.to_thread(maker.zip, path)
            self.zipped = path
            self.status |= {"state": "made", "zip": str(path.resolve())}
        except asyncio.CancelledError:
            self.status["state"] = "stopped"
        except (OSError, ValueError) as error:
            self.status |= {"state": "failed", "error": " ".join(str(error).split())}


def _design(asked: dict[str, Any]) -> Design:
    values = asked.get("design")
    if not isinstance(values, dict):
        raise StudioError("design is an object with the keys of DESIGN.toml")
    if "table" in values:  # pasted rows, never a file's name
        rows = values.pop("table")
        if not isinstance(rows, str):
            raise StudioError("table is the pasted text")
        listed = values.get("coding", [])
        if not isinstance(listed, list):
            raise StudioError("codings are a list")
        values["coding"] = listed + [
            {"name": name, "codes": str(coding)} for name, coding in parse_table(rows)
        ]
    return read_design(values)


def _frame(
    faces: Faces, frame: Frame, person: int, seed: int
) -> Callable[[Callable[[], bool]], bytes]:
    return lambda stop: draw_frame(faces, frame, person=person, seed=seed, stop=stop)


def _work(maker: SetMaker, one: Stimulus) -> Callable[[Callable[[], bool]], bool]:
    return lambda stop: maker.make(one, stop)


def _cell(one: Stimulus) -> dict[str, Any]:
    return {
        "label": one.label,
        "person": one.person,
        "name": one.name,
        "level": one.level,
        "codes": str(one.coding),
        "text": describe(one.coding, detail="brief").text,
        "frames": [[f.time, str(f.coding), f.strength] for f in one.frames],
    }
