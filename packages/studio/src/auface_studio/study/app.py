"""The raters' page: consent, then one question after the other, blinded.

The page learns neither arms nor file names: pictures have names that only this server can undo,
different ones for each rater.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auface_studio.errors import StudioError
from auface_studio.server.app import guarded, number, static_routes
from auface_studio.server.body import body
from auface_studio.study.answers import Answer, Answers
from auface_studio.study.design import Study
from auface_studio.study.trials import Trial, trials_of

__all__ = ["StudyPage"]

_RATER = re.compile(r"[A-Za-z0-9_-]{1,40}")


class StudyPage:
    """The routes of a study. `app` is what uvicorn runs."""

    def __init__(self, study: Study, answers: Answers, hosts: Iterable[str]) -> None:
        self.study, self.answers = study, answers
        self._secret = secrets.token_bytes(32)  # pictures' names change with the server: no matter
        routes = [
            *static_routes("study.html"),
            Route("/api/study", self.about),
            Route("/api/next", self.next, methods=["POST"]),
            Route("/api/answer", self.answer, methods=["POST"]),
            Route("/api/picture/{rater}/{number:int}/{side:int}/{name}.png", self.picture),
        ]
        self.app = guarded(routes, hosts, max_body=100_000)

    async def about(self, _: Request) -> Response:
        """What is read before the first question, and a name for a new rater."""
        s = self.study
        return JSONResponse(
            {
                "title": s.title, "kind": s.kind, "consent": s.consent,
                "instructions": s.instructions, "question": s.question, "thanks": s.thanks,
                "ends": list(s.ends), "rater": secrets.token_hex(6),
            }
        )  # fmt: skip

    async def next(self, request: Request) -> Response:
        """The rater's first question without an answer, or that all are answered."""
        rater = self._rater(await body(request))
        trials = trials_of(self.study, rater)
        done = self.answers.done(rater)
        for n, trial in enumerate(trials):
            if trial.key not in done:
                return JSONResponse(self._question(rater, n, trial, len(trials), len(done)))
        return JSONResponse({"finished": True, "total": len(trials), "done": len(done)})

    async def answer(self, request: Request) -> Response:
        """Keep one answer; the page goes on only when this is answered."""
        asked = await body(request)
        rater = self._rater(asked)
        trials = trials_of(self.study, rater)
        trial = trials[number(asked, "number", most=len(trials) - 1)]
        choice = asked.get("choice")
        allowed = ("left", "right") if self.study.kind == "pair" else tuple("1234567")
        if choice not in allowed:
            raise StudioError(f"choice {choice!r:.20}; expected one of {', '.join(allowed)}")
        taken = number(asked, "milliseconds", most=10**9)
        kept = Answer(
            rater, trial.key, self.study.items[trial.item].name, trial.arms, choice, trial.wanted,
            taken,
        )  # fmt: skip
        new = await run_in_threadpool(self.answers.add, kept)
        return JSONResponse({"kept": True, "new": new})

    async def picture(self, request: Request) -> Response:
        """A picture of a trial, without its text chunks: they would tell the arm."""
        given = request.path_params
        rater, place, side = given["rater"], given["number"], given["side"]
        if not hmac.compare_digest(self._name(rater, place, side), given["name"]):
            raise HTTPException(404, "there is no such picture")
        trial = trials_of(self.study, rater)[place]
        path = self.study.items[trial.item].pictures[trial.arms[side]]
        return Response(await run_in_threadpool(_bare, path), media_type="image/png")

    def _question(self, rater: str, n: int, trial: Trial, total: int, done: int) -> dict[str, Any]:
        text = self.study.items[trial.item].text
        if trial.wanted:
            what = f"the {trial.wanted} picture" if self.study.kind == "pair" else trial.wanted
            text = f"This one checks attention: whatever you see, please choose {what}."
        return {
            "number": n,
            "total": total,
            "done": done,
            "text": text if self.study.kind == "pair" or trial.wanted else "",
            "pictures": [
                f"/api/picture/{rater}/{n}/{side}/{self._name(rater, n, side)}.png"
                for side in range(len(trial.arms))
            ],
        }

    def _name(self, rater: str, n: int, side: int) -> str:
        text = f"{rater}:{n}:{side}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:24]

    def _rater(self, asked: dict[str, Any]) -> str:
        rater = asked.get("rater")
        if not isinstance(rater, str) or not _RATER.fullmatch(rater):
            raise StudioError("a rater's name is 1 to 40 letters, digits, '-' and '_'")
        return rater


def _bare(path: Any) -> bytes:
    import io

    from auface_studio.picture import open_picture

    out = io.BytesIO()
    open_picture(path.read_bytes()).save(out, format="PNG")
    return out.getvalue()
